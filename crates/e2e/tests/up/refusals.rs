//! What `up` cannot do, it says in one sentence, and ends with an error.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use e2e::{LIMIT, Up, program};
use tempfile::TempDir;

use crate::family;

/// The one line that a failed command leaves on the terminal.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{said}");
    errors[0].to_owned()
}

#[test]
fn a_port_in_use_is_told_with_its_holder() -> anyhow::Result<()> {
    let site = Up::new()?;
    let _holder = TcpListener::bind(("127.0.0.1", site.ports.web()))?;

    let said = refusal(&site.command()?.output()?);

    let expected = format!("error: port {} for the page is in use by ", site.ports.web());
    assert!(said.starts_with(&expected), "{said}");
    assert!(said.contains(&format!("(pid {})", std::process::id())), "{said}");
    assert!(said.ends_with("stop it or move this site with --port-offset"), "{said}");
    Ok(())
}

#[test]
fn a_missing_model_without_a_network_is_told() -> anyhow::Result<()> {
    let site = Up::new()?;
    let empty = tempfile::tempdir()?;
    let mut command = site.command()?;
    command.env("RONDA_CACHE_DIR", empty.path()).env("PIP_NO_INDEX", "1").env_remove("PIP_FIND_LINKS");

    let said = refusal(&command.output()?);

    assert!(said.starts_with("error: the detector model is missing: "), "{said}");
    assert!(!said.contains("cannot be started"), "{said}");
    Ok(())
}

#[test]
fn a_failed_installation_is_told_with_the_cause() -> anyhow::Result<()> {
    let site = Up::new()?;
    let machine = Bare::new("echo \"E: Failed to fetch the package lists\" >&2; exit 100")?;

    let said = refusal(&machine.command(&site)?.output()?);

    assert!(said.starts_with("error: the system packages build-essential "), "{said}");
    assert!(said.contains("E: Failed to fetch the package lists"), "{said}");
    Ok(())
}

/// The data directory is a disk of its own, of 16 MiB, in a mount namespace that only this start sees.
#[test]
fn a_full_disk_is_told_with_what_is_needed() -> anyhow::Result<()> {
    let site = Up::new()?;
    fs::create_dir_all(site.data())?;
    let up = site.command()?;
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.arg(r#"mount -t tmpfs -o size=16m none "$DATA_DIR" && exec "$0" "$@""#).arg(up.get_program());
    command.args(up.get_args()).current_dir(e2e::root()).env("DATA_DIR", site.data());

    let said = refusal(&command.output()?);

    assert_eq!(said, format!("error: the disk of {} has 0.0 GiB left and a site needs 1.0 GiB", site.data().display()));
    Ok(())
}

#[tokio::test]
async fn an_installation_can_be_given_up() -> anyhow::Result<()> {
    let site = Up::new()?;
    let machine = Bare::new("exec /bin/sleep 600")?;
    let mut up = site.launch(machine.command(&site)?)?;
    e2e::until("it installs", LIMIT, async || family::named(up.id(), "sleep").is_some()).await?;
    let children = family::of(up.id());

    let status = up.stop(LIMIT)?;

    assert_eq!(status.code(), Some(128 + 15), "{}", up.said());
    assert_eq!(family::alive(&children), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_site_without_cameras_is_refused() -> anyhow::Result<()> {
    let site = Up::new()?;
    let empty = tempfile::tempdir()?;

    let said = refusal(&site.command()?.arg("--site").arg(empty.path()).output()?);

    assert!(said.contains("has no cameras.yaml"), "{said}");
    Ok(())
}

#[test]
fn two_sites_cannot_share_their_data() -> anyhow::Result<()> {
    let site = Up::new()?;
    let data = site.data();
    fs::create_dir_all(&data)?;
    let lock = fs::File::create(data.join("up.lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;

    let said = refusal(&site.command()?.output()?);

    assert!(said.starts_with("error: a site already runs on "), "{said}");
    Ok(())
}

/// A machine on which nothing is installed, with an apt-get of our own.
struct Bare(TempDir);

impl Bare {
    fn new(apt_get: &str) -> anyhow::Result<Self> {
        let machine = Self(tempfile::tempdir()?);
        machine.script("dpkg-query", "exit 1")?;
        machine.script("apt-get", apt_get)?;
        for program in ["sh", "env", "sudo"] {
            let real = ["/usr/bin", "/bin"].map(|dir| Path::new(dir).join(program));
            if let Some(real) = real.into_iter().find(|path| path.exists()) {
                std::os::unix::fs::symlink(real, machine.0.path().join(program))?;
            }
        }
        Ok(machine)
    }

    fn script(&self, name: &str, body: &str) -> anyhow::Result<()> {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// A start on this machine.
    fn command(&self, site: &Up) -> anyhow::Result<Command> {
        let mut command = Command::new(program("xtask")?);
        command.current_dir(e2e::root()).env("DATA_DIR", site.data()).env("PATH", self.0.path());
        command.args(["up", "--yes", "--port-offset", &site.ports.offset.to_string()]);
        Ok(command)
    }
}
