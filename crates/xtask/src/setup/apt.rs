//! Installs what is missing from [`super::packages`] with apt, and only that.

use std::collections::HashSet;
use std::process::Command;

use anyhow::{Context, bail};

use super::packages::{self, Group, Package};
use crate::exec::{self, is_on_path};
use crate::terminal::{agrees, note};

/// Whether a person must agree to an installation first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Ask at the terminal.
    Ask,
    /// It was given on the command line.
    Given,
    /// It was refused: say what is missing and stop.
    Refused,
}

/// Makes sure that every package of the groups is installed.
pub(crate) fn ensure(groups: &[Group], consent: Consent) -> anyhow::Result<()> {
    let wanted: Vec<Package> = packages::of(groups).collect();
    let missing = missing_of(&wanted, &installed(&wanted)?, is_on_path);
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> = missing.into_iter().map(str::to_owned).collect();
    install_with(&[], &missing, consent)
}

/// Installs packages, once a person agrees. The options are apt's own.
pub(crate) fn install_with(options: &[String], missing: &[String], consent: Consent) -> anyhow::Result<()> {
    let list = missing.join(" ");
    if !is_on_path("apt-get") {
        bail!(
            "this machine has no apt; install the counterparts of these packages, then start again with --no-install: {list}"
        );
    }
    let agreed = match consent {
        Consent::Refused => false,
        Consent::Given => true,
        Consent::Ask => agrees(&format!("These system packages are missing: {list}\nInstall them with apt?")),
    };
    if !agreed {
        bail!("system packages are missing: {list}");
    }
    note(format!("Installing {} system packages: {list}", missing.len()));
    install(options, missing)
}

fn install(options: &[String], missing: &[String]) -> anyhow::Result<()> {
    // Old lists name versions that the mirror no longer has. Without a network the lists on disk may still do.
    let updated = exec::quietly("apt-get update", apt(&["update"])?.args(options));
    let mut command = apt(&["install", "--yes", "--no-install-recommends"])?;
    command.args(options).args(missing);
    if let Err(failure) = exec::quietly("apt-get install", &mut command) {
        let cause = updated.err().map_or(failure.to_string(), |offline| offline.to_string());
        bail!("the system packages {} could not be installed: {cause}", missing.join(" "));
    }
    Ok(())
}

/// An apt-get command that never asks. apt drops to a user of its own that cannot write to a private TMPDIR.
fn apt(arguments: &[&str]) -> anyhow::Result<Command> {
    let root = rustix::process::geteuid().is_root();
    if !root && !is_on_path("sudo") {
        bail!("system packages are missing and there is no sudo: run this once as root");
    }
    let mut command = if root {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    };
    command.args(["-u", "TMPDIR", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(arguments);
    Ok(command)
}

fn installed(wanted: &[Package]) -> anyhow::Result<HashSet<String>> {
    if !is_on_path("dpkg-query") {
        return Ok(HashSet::new());
    }
    // dpkg-query exits 1 when one of the names is unknown and still lists the others.
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Abbrev}\n"])
        .args(wanted.iter().map(|package| package.name))
        .output()
        .context("asking dpkg which packages are installed")?;
    Ok(installed_in(&String::from_utf8_lossy(&output.stdout)))
}

fn installed_in(listing: &str) -> HashSet<String> {
    listing
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, status)| status.trim() == "ii")
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn missing_of(wanted: &[Package], installed: &HashSet<String>, on_path: impl Fn(&str) -> bool) -> Vec<&'static str> {
    wanted
        .iter()
        .filter(|package| !installed.contains(package.name) && !package.program.is_some_and(&on_path))
        .map(|package| package.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NGINX: Package = Package { name: "nginx", group: Group::Run, program: Some("nginx") };
    const CLANG: Package = Package { name: "libclang-dev", group: Group::Build, program: None };

    #[test]
    fn a_package_that_was_removed_but_not_purged_is_missing() {
        let installed = installed_in("nginx rc \nlibclang-dev ii \n");

        assert_eq!(missing_of(&[NGINX, CLANG], &installed, |_| false), ["nginx"]);
    }

    #[test]
    fn a_program_from_elsewhere_replaces_its_package() {
        assert_eq!(missing_of(&[NGINX, CLANG], &HashSet::new(), |program| program == "nginx"), ["libclang-dev"]);
    }
}
