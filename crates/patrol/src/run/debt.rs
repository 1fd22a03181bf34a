//! What a robot that could not be reached at the end of a run is still to be told. It is kept in a file, so that it is
//! told also by the next process.

use std::path::{Path, PathBuf};

use anyhow::Context;
use domain::patrol::run::Debt;

/// The file of one robot's debt.
#[derive(Debug, Clone)]
pub(super) struct DebtBook {
    path: PathBuf,
}

impl DebtBook {
    pub(super) fn of(robot_dir: &Path) -> Self {
        Self { path: robot_dir.join("config").join("owed.json") }
    }

    /// Returns what is owed. A file that cannot be read owes the safe thing: the robot goes home.
    pub(super) fn owed(&self) -> Option<Debt> {
        let text = std::fs::read(&self.path).ok()?;
        Some(serde_json::from_slice(&text).unwrap_or(Debt::Home))
    }

    /// Writes down what is owed; nothing deletes it.
    pub(super) fn set(&self, debt: Option<Debt>) -> anyhow::Result<()> {
        let Some(debt) = debt else {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("forgetting a debt"),
                _ => Ok(()),
            };
        };
        let dir = self.path.parent().unwrap_or(&self.path);
        std::fs::create_dir_all(dir).context("making the directory of a debt")?;
        store::write_whole(&self.path, &serde_json::to_vec(&debt)?).context("writing a debt down")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_outlives_its_process_and_is_forgotten_once_paid() {
        let dir = tempfile::tempdir().expect("a directory");
        let book = DebtBook::of(dir.path());
        assert_eq!(book.owed(), None);
        book.set(None).expect("nothing was owed");
        book.set(Some(Debt::Halt)).expect("is written");
        assert_eq!(DebtBook::of(dir.path()).owed(), Some(Debt::Halt));
        book.set(None).expect("is forgotten");
        assert_eq!(book.owed(), None);
    }

    #[test]
    fn a_broken_file_sends_the_robot_home() {
        let dir = tempfile::tempdir().expect("a directory");
        let book = DebtBook::of(dir.path());
        book.set(Some(Debt::Halt)).expect("is written");
        std::fs::write(&book.path, "{").expect("is broken");
        assert_eq!(book.owed(), Some(Debt::Home));
    }
}
