//! What a bare Debian root needs of this machine's settings to reach packages as the machine does: apt's sources and
//! options, certificate authorities. Nothing of it is known here; it is read from the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::packages::{Release, source_files};
use crate::exec;

/// The release that containers and bare roots are made of.
pub(crate) const SUITE: &str = "bookworm";

/// The certificate authorities that the machine trusts.
pub(crate) const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The tool merges the directories of the root with a package that drags all of Perl in; the public image does without.
const WITHOUT_PERL: &str = r#"chroot "$1" apt-get purge --quiet --yes usrmerge perl '~i~n^perl-modules' '~i~n^libperl5' '~i~n-perl$' '~i~n^libgdbm'"#;

/// What a root consists of.
#[derive(Debug)]
pub(crate) struct Root<'a> {
    /// The packages beside the essential ones.
    pub(crate) packages: &'a [&'a str],
    /// Leaves documentation and translations out, as the public slim image does.
    pub(crate) slim: bool,
}

/// Makes a Debian root as a directory or, if the name says so, as an archive.
pub(crate) fn bootstrap(root: &Root, target: &Path) -> anyhow::Result<()> {
    let aside = tempfile::tempdir().context("making a directory")?;
    let options = aside.path().join("apt.conf");
    let fetching = exec::output_of(Command::new("apt-config").args(["dump", "Acquire"]))?;
    fs::write(&options, fetching).with_context(|| format!("writing {}", options.display()))?;

    let mut command = Command::new("mmdebstrap");
    // apt drops to a user of its own that cannot write to a private TMPDIR.
    command.env_remove("TMPDIR");
    command.arg("--variant=minbase").arg(format!("--include={}", root.packages.join(",")));
    command.arg(format!("--aptopt={}", options.display()));
    if root.slim {
        for left_out in ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*"] {
            command.arg(format!("--dpkgopt=path-exclude={left_out}"));
        }
        command.arg("--dpkgopt=path-include=/usr/share/doc/*/copyright");
        command.arg(format!("--customize-hook={WITHOUT_PERL}"));
    }
    if Path::new(AUTHORITIES).is_file() {
        command.arg(format!("--customize-hook=copy-in {AUTHORITIES} /etc/ssl/certs"));
    }
    command.arg(SUITE).arg(target).args(sources_of_the_machine()?);
    exec::quietly("making a Debian root", &mut command)
}

/// The machine's own sources, if they are of the wanted release; else the tool's usual ones serve.
fn sources_of_the_machine() -> anyhow::Result<Vec<PathBuf>> {
    let text = fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    if Release::parse(&text).codename != SUITE {
        return Ok(Vec::new());
    }
    let is_of_suite = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| is_about(&text, SUITE));
    Ok(source_files().into_iter().filter(is_of_suite).collect())
}

/// Whether a source file has an entry for a release; other people's files have suites of other names.
fn is_about(text: &str, suite: &str) -> bool {
    let entries = text.lines().filter(|line| line.starts_with("Suites:") || line.starts_with("deb "));
    entries.flat_map(str::split_whitespace).any(|word| word == suite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_of_the_release_are_taken() {
        assert!(is_about("Types: deb\nSuites: bookworm bookworm-updates\n", SUITE));
        assert!(is_about("deb http://mirror.example/debian bookworm main\n", SUITE));
        assert!(!is_about("# bookworm\ndeb http://other.example cloud-bookworm main\n", SUITE));
        assert!(!is_about("Types: deb\nSuites: nodistro\n", SUITE));
    }
}
