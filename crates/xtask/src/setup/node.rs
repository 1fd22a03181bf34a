//! Node, which builds the console's interface. Debian's own is new enough; an older one is refused by name.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::exec;

/// The major version that Debian 12 has; Vite and Vitest of the interface's lock file run on it.
const OLDEST: u32 = 18;

/// Fails with one sentence when the machine's Node cannot build the interface.
pub(crate) fn require() -> anyhow::Result<()> {
    let said = exec::output_of(Command::new("node").arg("--version")).context("Node is missing")?;
    let said = said.trim();
    match major_of(said) {
        Some(major) if major >= OLDEST => Ok(()),
        _ => bail!("the interface needs Node {OLDEST} or newer and this machine has {said}"),
    }
}

/// An `npm` command in a directory.
pub(crate) fn npm(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(directory).args(arguments);
    command
}

fn major_of(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_of_debian_12_will_do_and_that_of_debian_11_will_not() {
        assert!(major_of("v18.20.4").is_some_and(|major| major >= OLDEST));
        assert!(major_of("v12.22.12").is_some_and(|major| major < OLDEST));
        assert_eq!(major_of("command not found"), None);
    }
}
