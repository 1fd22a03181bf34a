//! README's two commands on a machine that has Rust and nothing else: a bare Debian root in namespaces of its own, so
//! that nothing of it outlives the run but its directory. What the machine needs to reach packages (mirrors, proxies,
//! certificate authorities) is taken over from it.

use std::env;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::compose::engine;
use crate::compose::host::{self, Root};
use crate::exec;
use crate::group;
use crate::places::Places;
use crate::setup::{apt, disk, packages};
use crate::terminal::{human, note, say};

/// What README asks for beside Rust; `mount` is on every machine that was installed.
const PACKAGES: [&str; 5] = ["ca-certificates", "gcc", "git", "libc6-dev", "mount"];

/// The newcomer's home directory and checkout in the root.
const HOME: &str = "/srv";
const CHECKOUT: &str = "/srv/ronda";

/// Settings of package managers, below the root and below the home directory.
const OF_THE_MACHINE: [&str; 3] = ["/etc/pip.conf", "/etc/resolv.conf", "/etc/hosts"];
const OF_THE_USER: [&str; 3] = [".npmrc", ".cargo/config.toml", ".config/pip/pip.conf"];

/// Variables by which programs find proxies and certificate authorities.
const VARIABLES: [&str; 14] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_PROXY",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "REQUESTS_CA_BUNDLE",
];

/// Makes the directory `$1` the root of the new namespaces, and runs the rest there. The shell stays as the first process,
/// which collects what others leave behind, as a machine's own does.
const ENTER: &str = "set -e
mount --bind \"$1\" \"$1\"
cd \"$1\"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mkdir -p .machine
pivot_root . .machine
umount --lazy /.machine
rmdir /.machine
shift
\"$@\" &
wait $!
";

/// The first build is the slowest part.
const UP_LIMIT: Duration = Duration::from_secs(45 * 60);
const PAGE: &str = "http://localhost:5000";

/// Runs `up` until its page answers, once more, then `test`.
pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    engine::require_privileges()?;
    apt::ensure(&[packages::Group::Compose], apt::Consent::Ask)?;
    disk::require(&places.target, disk::FOR_A_FRESH_MACHINE, "a fresh machine")?;
    let root = places.target.join("fresh-machine");
    furnish(places, &root)?;
    let outcome = up(&root, "first").and_then(|()| up(&root, "second")).and_then(|()| test(&root));
    // A failed run's directory is kept, to look at.
    outcome?;
    fs::remove_dir_all(&root).with_context(|| format!("removing {}", root.display()))
}

/// Makes the root: Debian, Rust, a clone of the last commit.
fn furnish(places: &Places, root: &Path) -> anyhow::Result<()> {
    if root.exists() {
        fs::remove_dir_all(root).with_context(|| format!("clearing {}", root.display()))?;
    }
    note("Making a bare Debian machine");
    host::bootstrap(&Root { packages: &PACKAGES, slim: false }, root)?;
    let toolchain = exec::output_of(Command::new("rustc").args(["--print", "sysroot"]))?;
    copy(&PathBuf::from(toolchain.trim()).join("."), &root.join("usr/local"))?;
    for file in OF_THE_MACHINE {
        take_over(Path::new(file), &root.join(file.trim_start_matches('/')))?;
    }
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    for file in OF_THE_USER {
        take_over(&home.join(file), &root.join(HOME.trim_start_matches('/')).join(file))?;
    }
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet"]).arg(&places.root).arg(root.join(CHECKOUT.trim_start_matches('/')));
    exec::quietly("git clone", &mut clone)
}

/// Copies a file of the machine, if there is one.
fn take_over(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.is_file() {
        return Ok(());
    }
    let parent = to.parent().context("a file lies in a directory")?;
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    fs::copy(from, to).map(drop).with_context(|| format!("copying {}", from.display()))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    exec::quietly("cp", Command::new("cp").args(["--recursive", "--no-dereference"]).arg(from).arg(to))
}

/// A command of the newcomer, who has nothing of this machine's environment but its way to packages.
fn in_root(root: &Path, command: &[&str]) -> Command {
    let mut enter = Command::new("unshare");
    enter.args(["--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", ENTER, "sh"]).arg(root);
    enter.args(["env", "-i", "-C", CHECKOUT]).arg(format!("HOME={HOME}"));
    enter.args(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "CI=true"]);
    for name in VARIABLES {
        if let Ok(value) = env::var(name) {
            enter.arg(format!("{name}={value}"));
        }
    }
    enter.args(command).stdin(Stdio::null());
    enter
}

/// Starts a site, waits for its page, stops it.
fn up(root: &Path, which: &str) -> anyhow::Result<()> {
    let log = root.join(format!("up-{which}.log"));
    let file = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
    let began = Instant::now();
    let mut up = in_root(root, &["cargo", "xtask", "up"])
        .stdout(file.try_clone().context("sharing a log")?)
        .stderr(file)
        .process_group(0)
        .spawn()
        .context("`unshare` cannot be started")?;
    let usable = await_page(&mut up, began);
    let took = began.elapsed();
    group::stop_child(&mut up, Duration::from_secs(60));
    usable.with_context(|| format!("`cargo xtask up` on a bare machine (its log is {})", log.display()))?;
    say(format!("cargo xtask up: a page after {} ({which} start)", human(took)));
    Ok(())
}

fn await_page(up: &mut std::process::Child, began: Instant) -> anyhow::Result<()> {
    loop {
        if ureq::get(PAGE).call().is_ok() {
            return Ok(());
        }
        if let Some(status) = up.try_wait().context("waiting for `up`")? {
            bail!("it ended before it showed a page ({status})");
        }
        if began.elapsed() > UP_LIMIT {
            bail!("it showed no page within {}", human(UP_LIMIT));
        }
        thread::sleep(Duration::from_secs(1));
    }
}

fn test(root: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    exec::openly("`cargo xtask test` on a bare machine", &mut in_root(root, &["cargo", "xtask", "test"]))?;
    say(format!("cargo xtask test: {}", human(began.elapsed())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_has_nothing_of_this_machine_s_environment() {
        let command = in_root(Path::new("/target/fresh"), &["cargo", "xtask", "up"]);

        let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let cleared = words.iter().position(|word| word == "-i").expect("the environment is cleared");
        assert_eq!(words[cleared - 1], "env");
        assert!(words.contains(&format!("HOME={HOME}")));
        assert_eq!(words[words.len() - 3..], ["cargo", "xtask", "up"]);
    }

    #[test]
    fn what_the_machine_does_not_have_is_not_taken_over() {
        let root = tempfile::tempdir().expect("a temporary directory");

        take_over(Path::new("/nowhere/pip.conf"), &root.path().join("etc/pip.conf")).expect("nothing to do");
        take_over(Path::new("/etc/hosts"), &root.path().join("etc/hosts")).expect("every machine has it");

        assert!(!root.path().join("etc/pip.conf").exists() && root.path().join("etc/hosts").is_file());
    }
}
