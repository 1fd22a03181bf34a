//! The text of `rois.yaml` with one camera's entry replaced: the other cameras, their order and the comments stay.

use serde_yaml::Value;

/// Why an entry cannot be put into the text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RewriteError {
    /// The text is no YAML.
    #[error("rois.yaml cannot be read as it is, mend it first")]
    Syntax(#[from] serde_yaml::Error),
    /// The text is YAML of another shape.
    #[error("rois.yaml is no list of cameras as it is, mend it first")]
    Shape,
}

/// Returns the text with the entry of one camera replaced, or added at the end. Keys without a value are left out.
///
/// # Errors
/// If the text is not a list of cameras: it is then no business of ours to overwrite it.
pub(crate) fn with_entry(text: &str, camera: &str, mut entry: Value) -> Result<String, RewriteError> {
    leave_out_nulls(&mut entry);
    let before: Value = serde_yaml::from_str(text)?;
    let (wanted, place) = replaced(before, camera, &entry)?;
    // Lines are only cut where the result, read again, is exactly what is wanted: YAML has more forms than we know.
    let is_wanted = |text: &String| serde_yaml::from_str::<Value>(text).is_ok_and(|value| value == wanted);
    if let Some(spliced) = splice(text, place, &entry).filter(is_wanted) {
        return Ok(spliced);
    }
    let comments: String = text.split_inclusive('\n').take_while(|line| is_aside(line)).collect();
    Ok(comments + &serde_yaml::to_string(&wanted)?)
}

fn leave_out_nulls(value: &mut Value) {
    match value {
        Value::Mapping(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(leave_out_nulls);
        }
        Value::Sequence(list) => list.iter_mut().for_each(leave_out_nulls),
        _ => {}
    }
}

/// Returns the document with the entry in it, and where it stands in the list.
fn replaced(mut document: Value, camera: &str, entry: &Value) -> Result<(Value, usize), RewriteError> {
    if document.is_null() {
        document = Value::Mapping(serde_yaml::Mapping::new());
    }
    let root = document.as_mapping_mut().ok_or(RewriteError::Shape)?;
    let cameras = root.entry("cameras".into()).or_insert(Value::Null);
    if cameras.is_null() {
        *cameras = Value::Sequence(Vec::new());
    }
    let cameras = cameras.as_sequence_mut().ok_or(RewriteError::Shape)?;
    // The very old form calls the camera `id`.
    let is_ours = |entry: &Value| {
        let id = ["camera_id", "id"].iter().find_map(|key| entry.get(key));
        id.and_then(Value::as_str) == Some(camera)
    };
    let place = cameras.iter().position(is_ours).unwrap_or(cameras.len());
    if place == cameras.len() {
        cameras.push(entry.clone());
    } else {
        cameras[place] = entry.clone();
    }
    Ok((document, place))
}

/// Puts the entry's lines in the place of the list's item with this number, if the text is the usual block form.
fn splice(text: &str, place: usize, entry: &Value) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let head = lines.iter().position(|line| line.trim_end() == "cameras:")?;
    let first = head + 1 + lines[head + 1..].iter().position(|line| !is_aside(line))?;
    let depth = indent(lines[first]);
    let is_ours = |line: &str| indent(line) == depth && is_item(line);
    let is_after = |line: &&str| !is_aside(line) && indent(line) <= depth && !is_ours(line);
    let end = lines[first..].iter().position(is_after).map_or(lines.len(), |i| first + i);
    let items: Vec<usize> = (first..end).filter(|&i| is_ours(lines[i])).collect();
    let start = items.get(place).copied().unwrap_or(end);
    let mut stop = items.get(place + 1).copied().unwrap_or(end).max(start);
    // Comments and blank lines above the next item belong to that item.
    while stop > start + 1 && is_aside(lines[stop - 1]) && indent(lines[stop - 1]) <= depth {
        stop -= 1;
    }
    let mut out = lines[..start].concat();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out += &block(entry, depth)?;
    out += &lines[stop..].concat();
    Some(out)
}

/// Writes an entry as a block item: one line a key, one block a zone, everything deeper on one line, which is JSON and
/// therefore YAML.
fn block(entry: &Value, depth: usize) -> Option<String> {
    let mut out = String::new();
    let mut lead = format!("{}- ", " ".repeat(depth));
    for (key, value) in entry.as_mapping()? {
        let key = key.as_str()?;
        match value {
            Value::Sequence(items) if !items.is_empty() && items.iter().all(Value::is_mapping) => {
                out += &format!("{lead}{key}:\n");
                for item in items {
                    out += &block(item, depth + 4)?;
                }
            }
            value => out += &format!("{lead}{key}: {}\n", serde_json::to_string(value).ok()?),
        }
        lead = " ".repeat(depth + 2);
    }
    Some(out)
}

fn is_aside(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#') || line.starts_with("---")
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("- ") || line.trim_end() == "-"
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const SITE: &str = "\
# Zones of the mill.
cameras:
  # The pit.
  - camera_id: pit  # north
    forbidden_rois:
      - name: rim
        points: [[0, 0], [9, 0], [9, 9]]
    allowed_classes: [pine]

  # The gate, see drawing 7.
  - camera_id: gate
    forbidden_rois: []
    site_note: kept
";

    fn entry(camera: &str) -> Value {
        let text = format!(
            r#"{{camera_id: {camera}, forbidden_rois: [{{name: 'a: "b"', points: [[0.1, 0.25], [0.5, 0.5], [1, 0]]}}],
                allowed_classes: [], reference_size: null}}"#
        );
        serde_yaml::from_str(&text).expect("is YAML")
    }

    fn json_of(camera: &str) -> Json {
        let mut entry = serde_json::to_value(entry(camera)).expect("is JSON");
        entry.as_object_mut().expect("is a mapping").remove("reference_size");
        entry
    }

    fn read(text: &str) -> Json {
        serde_json::to_value(serde_yaml::from_str::<Value>(text).expect("is YAML")).expect("is JSON")
    }

    #[test]
    fn an_entry_is_replaced_and_everything_else_stays_as_it_was_written() {
        let text = with_entry(SITE, "pit", entry("pit")).expect("is rewritten");
        let expected = "\
# Zones of the mill.
cameras:
  # The pit.
  - camera_id: \"pit\"
    forbidden_rois:
      - name: \"a: \\\"b\\\"\"
        points: [[0.1,0.25],[0.5,0.5],[1,0]]
    allowed_classes: []

  # The gate, see drawing 7.
  - camera_id: gate
    forbidden_rois: []
    site_note: kept
";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_last_entry_can_be_replaced() {
        let text = with_entry(SITE, "gate", entry("gate")).expect("is rewritten");
        assert!(text.starts_with(&SITE[..SITE.find("  - camera_id: gate").expect("is there")]));
        assert_eq!(read(&text)["cameras"][1], json_of("gate"));
    }

    #[test]
    fn a_new_camera_goes_to_the_end() {
        let text = with_entry(SITE, "yard", entry("yard")).expect("is rewritten");
        assert!(text.starts_with(SITE));
        assert_eq!(read(&text)["cameras"][2], json_of("yard"));
    }

    #[test]
    fn an_empty_or_missing_file_becomes_a_list_of_one() {
        for text in ["", "# nothing yet\n", "cameras:\n", "cameras: []\n", "---\ncameras:\n"] {
            let rewritten = with_entry(text, "pit", entry("pit")).expect("is rewritten");
            assert_eq!(read(&rewritten), json!({ "cameras": [json_of("pit")] }), "from {text:?}");
        }
    }

    #[test]
    fn forms_that_cannot_be_cut_by_lines_are_written_anew() {
        let flow = "# kept\ncameras: [{camera_id: pit, forbidden_rois: []}, {camera_id: gate}]\nversion: 1\n";
        let text = with_entry(flow, "pit", entry("pit")).expect("is rewritten");
        assert!(text.starts_with("# kept\n"));
        assert_eq!(read(&text), json!({ "cameras": [json_of("pit"), { "camera_id": "gate" }], "version": 1 }));
    }

    #[test]
    fn an_unindented_list_and_keys_after_it_stay() {
        let text = "cameras:\n- camera_id: pit\n  strict_mode: true\n- camera_id: gate\nversion: 1\n";
        let rewritten = with_entry(text, "gate", entry("gate")).expect("is rewritten");
        assert!(rewritten.starts_with("cameras:\n- camera_id: pit\n  strict_mode: true\n- camera_id: \"gate\"\n"));
        assert!(rewritten.ends_with("version: 1\n"));
    }

    #[test]
    fn a_file_without_a_last_newline_is_no_trouble() {
        let rewritten = with_entry(SITE.trim_end(), "yard", entry("yard")).expect("is rewritten");
        assert_eq!(read(&rewritten)["cameras"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn the_very_old_form_of_an_entry_is_replaced() {
        let text = "cameras:\n  - id: pit\n    forbidden_rois: [[[0, 0], [1, 0], [1, 1]]]\n";
        let rewritten = with_entry(text, "pit", entry("pit")).expect("is rewritten");
        assert_eq!(read(&rewritten), json!({ "cameras": [json_of("pit")] }));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_never_overwritten() {
        assert!(matches!(with_entry("cameras: [", "pit", entry("pit")), Err(RewriteError::Syntax(_))));
        assert!(matches!(with_entry("just text", "pit", entry("pit")), Err(RewriteError::Shape)));
        assert!(matches!(with_entry("cameras: 7", "pit", entry("pit")), Err(RewriteError::Shape)));
    }
}
