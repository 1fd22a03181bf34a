//! Rules about the text of the repository's files.

use std::fs;
use std::path::PathBuf;

use crate::{assert_none, output_of, root};

/// Below 400 lines is comfortable; this is the end.
const LONGEST: usize = 600;

/// A line of this kind near the top says that a program wrote the file.
const GENERATED: &str = concat!("@", "generated");

/// A text file of the repository.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    fn is_generated(&self) -> bool {
        self.text.lines().take(5).any(|line| line.contains(GENERATED))
    }
}

/// Every text file that is committed or would be.
fn sources() -> Vec<Source> {
    let listed = output_of("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    String::from_utf8(listed)
        .expect("our paths are UTF-8")
        .split_terminator('\0')
        // A file that is deleted but not committed yet is listed too; a picture is no text.
        .filter_map(|path| Some(Source { path: path.to_owned(), text: fs::read_to_string(root().join(path)).ok()? }))
        .collect()
}

/// The lines of our own files that contain one of some words.
fn lines_with(words: &[&str], exempt: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !exempt.contains(&source.path.as_str())) {
        for (index, line) in source.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                found.push(format!("{}:{}: {word}", source.path, index + 1));
            }
        }
    }
    found
}

#[test]
fn no_file_is_too_long() {
    let too_long: Vec<String> = sources()
        .iter()
        .filter(|source| source.has_extension(&["rs", "ts", "svelte", "css", "py"]) && !source.is_generated())
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(source, lines)| format!("{} has {lines} lines", source.path))
        .collect();

    assert_none("split these files:", &too_long);
}

#[test]
fn every_module_begins_by_saying_what_it_is_for() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| source.has_extension(&["rs"]) && !source.is_generated())
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path.clone())
        .collect();

    assert_none("these modules do not begin with a `//!` line:", &silent);
}

#[test]
fn nothing_is_left_to_do() {
    let words = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("TO", "DO"), concat!("FIX", "ME")];

    assert_none("finish this, or open an issue:", &lines_with(&words, &[]));
}

#[test]
fn the_repository_knows_no_machine() {
    let words = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/", "ronda")];

    assert_none("these paths exist on one machine only:", &lines_with(&words, &[]));
}

#[test]
fn packages_are_named_and_not_located() {
    // Which registry serves them is the machine's business. Cargo writes its own into its lock file.
    let words = [
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("npmjs", ".org"),
        concat!("debian", ".org"),
    ];

    assert_none("these lines name a registry's host:", &lines_with(&words, &["Cargo.lock"]));
}

#[test]
fn every_member_of_the_workspace_is_optimised_by_the_one_profile() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let profiles: Vec<&str> = manifest.lines().filter(|line| line.starts_with("[profile.")).collect();

    assert_eq!(profiles, ["[profile.release]"]);
}

#[test]
fn the_pictures_of_the_readme_exist() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let missing: Vec<PathBuf> = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .map(|target| root().join(target))
        .filter(|target| !target.exists())
        .collect();

    assert_eq!(missing, Vec::<PathBuf>::new(), "the README points at files that do not exist");
}
