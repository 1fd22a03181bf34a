//! What is read from YAML, and what is said of what cannot be.

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default)]
    fps_target: f64,
    #[serde(default)]
    transport: Transport,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Tcp,
    Udp,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cameras {
    cameras: Vec<Entry>,
}

fn site() -> Env {
    Env::of([("FPS", "7.5"), ("ID", "012"), ("MODE", "udp")])
}

fn read(text: &str) -> Result<Cameras, String> {
    parse_yaml(text, "cameras.yaml", &site()).map_err(|error| error.to_string())
}

fn camera(id: &str, fps_target: f64, transport: Transport) -> Entry {
    Entry { id: id.to_owned(), fps_target, transport }
}

#[test]
fn references_are_expanded_into_texts_numbers_and_choices() {
    let text =
        "cameras:\n- id: ${ID}\n  fps_target: ${FPS}\n  transport: ${MODE}\n- id: plain\n  fps_target: ${N:-4}\n";
    let cameras = vec![camera("012", 7.5, Transport::Udp), camera("plain", 4.0, Transport::Tcp)];
    assert_eq!(read(text), Ok(Cameras { cameras }));
}

#[test]
fn a_value_of_the_wrong_type_is_told_with_file_line_and_key() {
    let text = "cameras:\n- id: a\n- id: b\n  fps_target: fast\n";
    assert_eq!(
        read(text),
        Err("cameras.yaml:4: cameras[1].fps_target: invalid type: string \"fast\", expected f64".to_owned())
    );
}

#[test]
fn a_number_in_quotes_is_a_text() {
    let error = read("cameras:\n- id: a\n  fps_target: \"5\"\n").expect_err("is a text");
    assert!(error.starts_with("cameras.yaml:3: cameras[0].fps_target: invalid type"), "{error}");
}

#[test]
fn a_missing_variable_is_told_with_file_line_and_key() {
    let text = "cameras:\n- id: a\n# a comment may say ${ANYTHING}\n- id: cam-${NOWHERE}\n";
    assert_eq!(
        read(text),
        Err("cameras.yaml:4: cameras[1].id: the environment variable `NOWHERE` is not set, \
             and `${NOWHERE}` gives no default"
            .to_owned())
    );
}

#[test]
fn an_unknown_key_gets_a_suggestion() {
    let error = read("cameras:\n- id: a\n  fps_traget: 5\n").expect_err("no such key");
    assert!(error.starts_with("cameras.yaml:3: cameras[0]"), "{error}");
    assert!(error.ends_with("did you mean `fps_target`?"), "{error}");
}

#[test]
fn text_that_is_no_yaml_is_told_with_its_line() {
    let error = read("cameras:\n- id: a\n   b: [\n").expect_err("is broken");
    assert!(error.starts_with("cameras.yaml:3: "), "{error}");
}

#[test]
fn a_bad_entry_does_not_hide_the_good_ones() {
    let text = "cameras:\n- id: a\n- id: b\n  fps_target: fast\n- id: ${NOWHERE}\n- id: d\n";
    let entries = parse_entries::<Entry>(text, "c.yaml", "cameras", &site()).expect("is a list");
    let told: Vec<String> =
        entries.iter().map(|entry| entry.as_ref().map_or_else(ToString::to_string, |entry| entry.id.clone())).collect();
    assert_eq!(
        told,
        [
            "a",
            "c.yaml:4: cameras[1].fps_target: invalid type: string \"fast\", expected f64",
            "c.yaml:5: cameras[2].id: the environment variable `NOWHERE` is not set, and `${NOWHERE}` gives no default",
            "d",
        ]
    );
}

#[test]
fn a_list_of_nothing_has_no_entries() {
    for text in ["cameras: []\n", "cameras:\n"] {
        let entries = parse_entries::<Entry>(text, "c.yaml", "cameras", &site());
        assert_eq!(entries.expect("is a list"), [], "{text}");
    }
}

#[test]
fn a_file_that_is_no_list_of_entries_is_refused() {
    let refused = |text: &str| parse_entries::<Entry>(text, "c.yaml", "cameras", &site()).expect_err(text).to_string();
    assert_eq!(
        refused("kameras: []\n"),
        "c.yaml:1: kameras: unknown field `kameras`, expected `cameras`; did you mean `cameras`?"
    );
    assert!(refused("cameras: 5\n").starts_with("c.yaml:1: cameras: invalid type"));
    assert!(refused("{}\n").ends_with("missing field `cameras`"));
    assert!(refused("cameras: []\ncameras: []\n").ends_with("duplicate field `cameras`"));
}

#[test]
fn a_key_path_is_found_in_the_text() {
    let text = "a: 1\nlist:\n- id: x\n- id: y\n  zone: {name: pit, points: [[0, 0],\n    [1, 1]]}\n";
    assert_eq!(locate(text, "a"), Some(1));
    assert_eq!(locate(text, "list[1].id"), Some(4));
    assert_eq!(locate(text, "list[1].zone.name"), Some(5));
    assert_eq!(locate(text, "list[1].zone.points[1]"), Some(6));
    assert_eq!(locate(text, "list[7].id"), None);
    assert_eq!(locate(text, "nothing"), None);
    assert_eq!(locate_place(text, "list[1].zone.name"), Some((5, 16)));
}

#[test]
fn a_file_that_is_not_there_is_told_apart() {
    let error = read_yaml::<Cameras>("/nowhere/rois.yaml", &site()).expect_err("no file");
    assert!(matches!(error, ConfigError::NotFound(_)), "{error}");
    assert_eq!(error.to_string(), "cannot read /nowhere/rois.yaml: no such file");
}
