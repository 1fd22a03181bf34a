//! One site per data directory: two would write the same files.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};

/// The right to use a data directory, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the data directory, or says who has it.
pub(crate) fn take(data: &Path) -> anyhow::Result<Lock> {
    fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let path = data.join("up.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        bail!(
            "a site already runs on {} (pid {}); stop it first, or choose another DATA_DIR",
            data.display(),
            holder.trim()
        );
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(Lock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_site_on_the_same_data_is_refused_by_pid() {
        let data = tempfile::tempdir().expect("a temporary directory");
        let first = take(data.path()).expect("nobody has it");

        let refusal = take(data.path()).expect_err("the first one has it").to_string();
        assert!(refusal.contains(&format!("(pid {})", std::process::id())), "{refusal}");

        drop(first);
        take(data.path()).expect("it is free again");
    }
}
