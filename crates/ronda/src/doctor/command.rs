//! Runs the programs of the system that know what we want to know.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long a program may take. The engine's client waits for long when its engine hangs.
const PATIENCE: Duration = Duration::from_secs(8);

/// What came of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It ended well; its standard output.
    Text(String),
    /// It ended with an error; what it said about it.
    Refusal(String),
    /// There is no such program here.
    Missing,
    /// It did not end in time.
    Nothing,
}

impl Said {
    /// Returns what was said by a program that ended well.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Runs a program to its end; it is killed when it takes too long.
pub(super) async fn ask(program: &str, arguments: &[&str]) -> Said {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).env("LC_ALL", "C");
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Err(_) => Said::Nothing,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Said::Missing,
        Ok(Err(error)) => Said::Refusal(error.to_string()),
        Ok(Ok(output)) if output.status.success() => {
            Said::Text(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(Ok(output)) => Said::Refusal(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_is_heard_or_told_to_be_missing() {
        assert_eq!(ask("echo", &["hello"]).await, Said::Text("hello".to_owned()));
        assert_eq!(ask("ronda-no-such-program", &[]).await, Said::Missing);
        assert_eq!(ask("sh", &["-c", "echo no >&2; exit 3"]).await, Said::Refusal("no".to_owned()));
    }
}
