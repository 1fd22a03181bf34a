//! The container engine and compose as system packages. Debian 12's own engine is too old for health checks with a
//! `start_interval` and it has no compose 2, so there they come from the next release: only these packages, and with
//! package lists aside, so that the machine's own apt settings stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::places::Places;
use crate::setup::apt;
use crate::setup::packages::Group;

/// The first engine that knows `start_interval`.
const OLDEST_ENGINE: u32 = 25;
/// The first compose that reads our files: `additional_contexts`, `!reset` and `--wait` for one-shot services.
const OLDEST_COMPOSE: u32 = 2;

/// A part of the engine.
struct Part {
    /// What tells whether it is there, and which version it is.
    asks: &'static [&'static str],
    /// The first major version that will do.
    oldest: u32,
    debian: &'static str,
    ubuntu: &'static str,
}

const PARTS: [Part; 4] = [
    Part { asks: &["dockerd", "--version"], oldest: OLDEST_ENGINE, debian: "docker.io", ubuntu: "docker.io" },
    Part { asks: &["docker", "--version"], oldest: OLDEST_ENGINE, debian: "docker-cli", ubuntu: "docker.io" },
    Part {
        asks: &["docker", "compose", "version"],
        oldest: OLDEST_COMPOSE,
        debian: "docker-compose",
        ubuntu: "docker-compose-v2",
    },
    Part { asks: &["docker", "buildx", "version"], oldest: 0, debian: "docker-buildx", ubuntu: "docker-buildx" },
];

/// Makes sure that an engine, compose and what they need are installed.
pub(crate) fn ensure(places: &Places, consent: apt::Consent) -> anyhow::Result<()> {
    apt::ensure(&[Group::Compose], consent)?;
    let missing: Vec<&Part> = PARTS.iter().filter(|part| !is_there(part)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    let release = Release::parse(&text);
    match release.engine_from() {
        None => apt::install_with(&[], &names_in(&release, &missing, None), consent),
        Some(next) => {
            let aside = Aside::prepare(&places.tools().join("engine-packages"), &release.codename, next)?;
            apt::install_with(&aside.options(), &names_in(&release, &missing, Some(next)), consent)
        }
    }?;
    match missing.iter().find(|part| !is_there(part)) {
        Some(part) => bail!("`{}` still does not work after its package was installed", part.asks.join(" ")),
        None => Ok(()),
    }
}

fn is_there(part: &Part) -> bool {
    let output = Command::new(part.asks[0]).args(&part.asks[1..]).stdin(Stdio::null()).output();
    output.is_ok_and(|output| {
        output.status.success() && major_in(&String::from_utf8_lossy(&output.stdout)).is_some_and(|v| v >= part.oldest)
    })
}

/// The first number with a dot behind it: `Docker version 26.1.5+dfsg1, build` or `docker-buildx 0.13.1+ds1`.
fn major_in(said: &str) -> Option<u32> {
    let words = said.split_whitespace().map(|word| word.trim_start_matches('v'));
    words.filter_map(|word| word.split_once('.')).find_map(|(major, _)| major.parse().ok())
}

/// The names that apt is given, each once; those of another release with its name.
fn names_in(release: &Release, parts: &[&Part], from: Option<&str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in parts {
        let name = if release.is_ubuntu { part.ubuntu } else { part.debian };
        let name = from.map_or_else(|| name.to_owned(), |release| format!("{name}/{release}"));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What the machine runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) codename: String,
    is_ubuntu: bool,
}

impl Release {
    /// Reads `/etc/os-release`.
    pub(crate) fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        Self { codename: value("VERSION_CODENAME"), is_ubuntu: value("ID") == "ubuntu" }
    }

    /// The release that the engine is taken from, if it is not the machine's own.
    fn engine_from(&self) -> Option<&'static str> {
        (self.codename == "bookworm").then_some("trixie")
    }
}

/// Package lists of two releases, beside those of the machine.
struct Aside {
    directory: PathBuf,
}

impl Aside {
    fn prepare(directory: &Path, own: &str, next: &str) -> anyhow::Result<Self> {
        let aside = Self { directory: directory.to_owned() };
        for name in ["sources", "preferences", "lists/partial"] {
            fs::create_dir_all(directory.join(name)).with_context(|| format!("making {}", directory.display()))?;
        }
        let mut found = false;
        for (index, file) in source_files().iter().enumerate() {
            let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or("list");
            let widened =
                if extension == "sources" { stanzas(&text, own, next) } else { one_line_entries(&text, own, next) };
            if let Some(widened) = widened {
                found = true;
                aside.write(&format!("sources/{index}.{extension}"), &widened)?;
            }
        }
        if !found {
            bail!("apt on this machine has no source of {own}, from which the engine of {next} could be derived");
        }
        aside.write("preferences/next", &format!("Package: *\nPin: release n={next}\nPin-Priority: 100\n"))?;
        Ok(aside)
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.directory.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    fn options(&self) -> Vec<String> {
        let at = |name: &str| self.directory.join(name).display().to_string();
        let settings = [
            "Dir::Etc::SourceList=/dev/null".to_owned(),
            format!("Dir::Etc::SourceParts={}", at("sources")),
            format!("Dir::Etc::PreferencesParts={}", at("preferences")),
            format!("Dir::State::Lists={}", at("lists")),
            // These lists are not about what the machine's cache was made from.
            "Dir::Cache::pkgcache=".to_owned(),
            "Dir::Cache::srcpkgcache=".to_owned(),
            // apt's own user may not enter a private directory.
            "APT::Sandbox::User=root".to_owned(),
        ];
        settings.into_iter().flat_map(|setting| ["-o".to_owned(), setting]).collect()
    }
}

/// The files that say where apt finds packages.
pub(crate) fn source_files() -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let is_read = |file: &PathBuf| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        file.is_file() && matches!(extension, Some("list" | "sources"))
    };
    files.retain(is_read);
    files.sort();
    files
}

/// The stanzas of a `.sources` file that are about a release, and a copy of them for the next one.
fn stanzas(text: &str, own: &str, next: &str) -> Option<String> {
    let is_of = |suite: &str| suite == own || suite.starts_with(&format!("{own}-"));
    let mut kept = Vec::new();
    let mut of_next = None;
    for stanza in text.split("\n\n") {
        let suites = stanza.lines().find_map(|line| line.strip_prefix("Suites:")).unwrap_or_default();
        if !suites.split_whitespace().any(is_of) {
            continue;
        }
        if suites.split_whitespace().any(|suite| suite == own) && of_next.is_none() {
            let line = |line: &str| {
                if line.starts_with("Suites:") { format!("Suites: {next}") } else { line.to_owned() }
            };
            of_next = Some(stanza.lines().map(line).collect::<Vec<_>>().join("\n"));
        }
        kept.push(stanza.trim_end().to_owned());
    }
    kept.extend(of_next);
    (!kept.is_empty()).then(|| kept.join("\n\n") + "\n")
}

/// The same for lines of the older form: `deb [options] address suite components`.
fn one_line_entries(text: &str, own: &str, next: &str) -> Option<String> {
    let is_about = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.first() == Some(&"deb") && words.iter().any(|word| *word == own || word.starts_with(&format!("{own}-")))
    };
    let kept: Vec<&str> = text.lines().filter(is_about).collect();
    let exact = format!(" {own} ");
    let of_next = kept.iter().find(|line| line.contains(&exact)).map(|line| line.replace(&exact, &format!(" {next} ")));
    let mut lines: Vec<String> = kept.iter().map(|line| (*line).to_owned()).collect();
    lines.extend(of_next);
    (!lines.is_empty()).then(|| lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_say() {
        for (said, major) in [
            ("Docker version 26.1.5+dfsg1, build a72d7cd", Some(26)),
            ("Docker Compose version 2.26.1-4", Some(2)),
            ("Docker Compose version v2.39.1", Some(2)),
            ("github.com/docker/buildx 0.13.1+ds1-3 0.13.1+ds1-3", Some(0)),
            ("docker: 'compose' is not a docker command.", None),
        ] {
            assert_eq!(major_in(said), major, "{said}");
        }
    }

    #[test]
    fn only_debian_12_takes_the_engine_from_the_next_release() {
        let debian = Release::parse("ID=debian\nVERSION_CODENAME=bookworm\n");
        let ubuntu = Release::parse("VERSION_CODENAME=noble\nID=ubuntu\n");
        let parts: Vec<&Part> = PARTS.iter().collect();

        assert_eq!((debian.engine_from(), ubuntu.engine_from()), (Some("trixie"), None));
        assert_eq!(names_in(&debian, &parts[..2], debian.engine_from()), ["docker.io/trixie", "docker-cli/trixie"]);
        assert_eq!(names_in(&ubuntu, &parts, None), ["docker.io", "docker-compose-v2", "docker-buildx"]);
    }

    #[test]
    fn the_next_release_comes_from_the_machine_s_own_mirror() {
        let file = "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\nTypes: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\n";

        let widened = stanzas(file, "bookworm", "trixie").expect("the file is about bookworm");

        assert!(widened.starts_with(file.trim_end()), "{widened}");
        assert!(
            widened.ends_with("\n\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n")
        );
        assert_eq!(stanzas("Types: deb\nSuites: nodistro\n", "bookworm", "trixie"), None);
    }

    #[test]
    fn a_mirror_in_the_older_form_is_understood_too() {
        let file = "# ours\ndeb [signed-by=/k] http://mirror.example/debian bookworm main\ndeb http://mirror.example/security bookworm-security main\ndeb http://other.example/x stable main\n";

        assert_eq!(
            one_line_entries(file, "bookworm", "trixie").as_deref(),
            Some(
                "deb [signed-by=/k] http://mirror.example/debian bookworm main\ndeb http://mirror.example/security bookworm-security main\ndeb [signed-by=/k] http://mirror.example/debian trixie main\n"
            )
        );
    }
}
