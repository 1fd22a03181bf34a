//! What the comments of the configuration files that we ship say of each key: the reference uses the same words, so
//! that nobody has to write them twice.

use std::collections::BTreeMap;

/// Returns what the comments of a file say of the keys in it, by the keys' paths, as `cameras[].motion.min_area`.
///
/// A comment is about the key below it and about those that follow without a comment of their own. A key that is
/// commented out counts like any other. `known` tells keys from the words of a sentence.
pub(crate) fn comments(text: &str, known: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let mut way: Vec<(usize, String)> = Vec::new();
    let mut comment: Vec<String> = Vec::new();
    let mut is_complete = false;
    for line in text.lines() {
        let Some((indent, content)) = content(line) else {
            comment.clear();
            continue;
        };
        if line.trim_start().starts_with('-') {
            // A list: its keys lie in the entries of what stands above.
            way.retain(|(depth, _)| *depth < indent);
            if let Some((_, name)) = way.last_mut().filter(|(_, name)| !name.ends_with("[]")) {
                name.push_str("[]");
            }
        }
        let inside = |way: &[(usize, String)]| -> String {
            way.iter().filter(|(depth, _)| *depth < indent).map(|(_, name)| format!("{name}.")).collect()
        };
        let (said, is_comment) = match content.strip_prefix('#') {
            Some(rest) => (rest.trim_start(), true),
            None => (content, false),
        };
        let key = key_of(said).map(|key| (key, format!("{}{key}", inside(&way))));
        match key {
            Some((key, path)) if !is_comment || known(&path) => {
                way.retain(|(depth, _)| *depth < indent);
                if !is_comment {
                    way.push((indent, key.to_owned()));
                }
                told.entry(path).or_insert_with(|| comment.join(" "));
                is_complete = true;
            }
            _ if is_comment => {
                if std::mem::take(&mut is_complete) {
                    comment.clear();
                }
                comment.push(said.trim().to_owned());
            }
            _ => {}
        }
    }
    told.retain(|_, comment| !comment.is_empty());
    told
}

/// Returns what a file says of a key in a list of words at its head: `#   id    a name`.
pub(crate) fn word(text: &str, key: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (word, meaning) = line.strip_prefix("#   ")?.split_once(' ')?;
        (word == key).then(|| meaning.trim().to_owned())
    })
}

/// Returns the column where a line's content begins, behind the dash of a list, and the content; nothing for an empty
/// line.
fn content(line: &str) -> Option<(usize, &str)> {
    let trimmed = line.trim_start().trim_start_matches("- ");
    let indent = line.len() - trimmed.len();
    (!trimmed.is_empty()).then_some((indent, trimmed))
}

/// Returns the key at the beginning of `key: value`.
fn key_of(text: &str) -> Option<&str> {
    let (key, rest) = text.split_once(':')?;
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_name && (rest.is_empty() || rest.starts_with(' '))).then_some(key)
}

#[test]
fn comments_are_found_by_the_paths_of_their_keys() {
    let text = "# About the file.

cameras:
  - # A short name.
    id: gate
    # A smaller stream:
    # costs less.
    # detect_url: \"rtsp://h/2\"
    # When the detector rests.
    motion:
      # The least area,
      # and how far.
      min_area: 0.1
      threshold: 16
";
    let known = |path: &str| path == "cameras[].detect_url";
    let told = comments(text, known);
    let told: Vec<_> = told.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let expected = [
        ("cameras[].detect_url", "A smaller stream: costs less."),
        ("cameras[].id", "A short name."),
        ("cameras[].motion", "When the detector rests."),
        ("cameras[].motion.min_area", "The least area, and how far."),
        ("cameras[].motion.threshold", "The least area, and how far."),
    ];
    assert_eq!(told, expected);
}
