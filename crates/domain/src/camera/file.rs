//! Reads `cameras.yaml`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Camera, MotionSettings, SourceUrl, Transport};
use crate::entry::{Entry, EntryProblem, Key, Lookup, Problem, Reader};
use crate::id::{CameraId, IdError};
use crate::sampling::FrameRate;

/// How many frames per second are looked at unless the file says otherwise.
const DEFAULT_FPS_TARGET: f64 = 5.0;

/// What `fps_target` may be.
const FPS_TARGETS: std::ops::RangeInclusive<f64> = 0.1..=30.0;

/// `cameras.yaml` as it was written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CamerasFile {
    /// The entries, one for each camera.
    #[serde(deserialize_with = "crate::entry::list")]
    pub cameras: Vec<Entry>,
}

impl CamerasFile {
    /// Returns the cameras whose entries are good, and what is wrong with the others.
    ///
    /// The environment variables `CAMERA_<id>_RTSP_URL` and `CAMERA_<id>_DETECT_URL` replace the addresses in the file;
    /// what they hold is checked as the file is, and empty ones are ignored.
    #[must_use]
    pub fn check(&self, env: Lookup<'_>) -> (Vec<Camera>, Vec<EntryProblem>) {
        let mut cameras: Vec<Camera> = Vec::new();
        let mut problems = Vec::new();
        let mut ids = BTreeSet::new();
        for (index, entry) in self.cameras.iter().enumerate() {
            let outcome = read(entry, env).and_then(|camera| {
                if ids.insert(camera.id.clone()) {
                    return Ok(camera);
                }
                Err(vec![Problem { key: "id".into(), message: "is the id of another camera already".into() }])
            });
            match outcome {
                Ok(camera) => cameras.push(camera),
                Err(found) => {
                    let id = entry.text("id");
                    problems.extend(found.into_iter().map(|problem| EntryProblem::new(index, id.clone(), problem)));
                }
            }
        }
        (cameras, problems)
    }

    /// Returns every key that the file may hold.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        Entry::inquire("cameras[].", |entry| Self { cameras: vec![entry] }.check(&|_| None))
    }
}

fn read(entry: &Entry, env: Lookup<'_>) -> Result<Camera, Vec<Problem>> {
    let mut reader = Reader::new(entry, "");
    let id = id(&mut reader);
    let prefix = match &id {
        Some(id) => Some(format!("CAMERA_{id}")),
        // Which keys there are does not depend on the camera.
        None => reader.asking().map(|_| "CAMERA_<id>".to_owned()),
    };
    let mut reader = match &prefix {
        Some(prefix) => reader.overridden_by(env, prefix),
        None => reader,
    };
    let url = reader.hidden("rtsp_url", source);
    let url = reader.required("rtsp_url", "where the stream is", url);
    let detect_url = reader.hidden("detect_url", source);
    let mut reader = reader.on_its_own();
    let name = reader.defaulting("the id").text("name");
    let enabled = reader.flag_or("enabled", true);
    let fps_target = reader.number_or("fps_target", FPS_TARGETS, DEFAULT_FPS_TARGET);
    let fps_target = FrameRate::try_from(fps_target);
    let transports = [("tcp", Transport::Tcp), ("udp", Transport::Udp)];
    let transport = reader.choice_or("transport", &transports, Transport::default());
    let motion = motion(&mut reader);
    let problems = reader.finish();
    match (id, url, fps_target) {
        (Some(id), Some(url), Ok(fps_target)) if problems.is_empty() => {
            let name = name.unwrap_or_else(|| id.to_string());
            Ok(Camera { id, name, url, enabled, fps_target, detect_url, transport, motion })
        }
        _ => Err(problems),
    }
}

fn id(reader: &mut Reader<'_>) -> Option<CameraId> {
    let text = reader.text("id");
    let text = reader.required("id", "a short name, different for each camera", text)?;
    text.parse().map_err(|error: IdError| reader.problem("id", error.to_string())).ok()
}

fn source(text: &str) -> Result<SourceUrl, String> {
    text.parse::<SourceUrl>().map_err(|error| error.to_string())
}

fn motion(reader: &mut Reader<'_>) -> MotionSettings {
    let Some(entry) = reader.mapping("motion") else { return MotionSettings::default() };
    let mut inner = Reader::new(&entry, "motion.");
    let default = MotionSettings::default();
    let motion = MotionSettings {
        enabled: inner.flag_or("enabled", default.enabled),
        forced_look_seconds: inner.number_or("forced_look_seconds", 0.1..=3600.0, default.forced_look_seconds),
        min_area: inner.number_or("min_area", 0.0..=1.0, default.min_area),
        threshold: inner.number_or("threshold", 1.0..=1000.0, default.threshold),
        doze: inner.flag_or("doze", default.doze),
    };
    let problems = inner.finish();
    reader.problems(problems);
    motion
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, env: &[(&str, &str)]) -> (Vec<Camera>, Vec<String>) {
        let file: CamerasFile = serde_yaml::from_str(yaml).expect("valid YAML");
        let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let (cameras, problems) = file.check(&lookup);
        (cameras, problems.iter().map(ToString::to_string).collect())
    }

    fn good(yaml: &str) -> Camera {
        let (mut cameras, problems) = check(yaml, &[]);
        assert_eq!(problems, Vec::<String>::new());
        cameras.pop().expect("one camera")
    }

    #[test]
    fn the_keys_of_the_reference_are_enough() {
        let camera = good("cameras: [{id: gate-1, name: Gate, rtsp_url: 'rtsp://u:p@h/1'}]");
        let expected = Camera {
            id: "gate-1".parse().expect("an id"),
            name: "Gate".into(),
            url: "rtsp://u:p@h/1".parse().expect("a source"),
            enabled: true,
            fps_target: FrameRate::try_from(5.0).expect("a rate"),
            detect_url: None,
            transport: Transport::Tcp,
            motion: MotionSettings::default(),
        };
        assert_eq!(camera, expected);
    }

    #[test]
    fn every_key_can_be_given() {
        let camera = good(
            "cameras:
- id: yard
  rtsp_url: rtsp://h/1
  detect_url: rtsp://h/2
  enabled: false
  fps_target: 0.5
  transport: udp
  motion: {enabled: false, forced_look_seconds: 10, min_area: 0.01, threshold: 25, doze: false}
",
        );
        assert_eq!((camera.name.as_str(), camera.enabled, camera.transport), ("yard", false, Transport::Udp));
        assert_eq!(camera.detection_url().expose(), "rtsp://h/2");
        let motion =
            MotionSettings { enabled: false, forced_look_seconds: 10.0, min_area: 0.01, threshold: 25.0, doze: false };
        assert_eq!((camera.motion, camera.fps_target.per_second()), (motion, 0.5));
    }

    #[test]
    fn a_bad_entry_is_named_and_does_not_hide_the_good_ones() {
        let yaml = "cameras:
- {id: a, name: A, rtsp_url: 'rtsp://h/1', fps_target: 0}
- {id: b, name: B, rtsp_url: 'rtsp://h/1'}
- nonsense
- {id: c d, rtsp_url: 'webcam:geheim', motion: {min_aera: 2}}
- {id: b, name: B2, rtsp_url: 'rtsp://h/2'}
- {name: nobody}
- {id: e, name: E, rtsp_url: 'rtsps://h/1'}
";
        let (cameras, problems) = check(yaml, &[]);
        assert_eq!(cameras.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["b", "e"]);
        let expected = [
            "entry 1 (a): fps_target: must be a number from 0.1 to 30, not 0",
            "entry 3: must be a mapping of keys to values, not a text",
            "entry 4 (c d): id: an id consists of letters, digits, '_', '.' and '-', not ' '",
            "entry 4 (c d): rtsp_url: must begin with rtsp://, rtsps://, http://, https:// or / (a file)",
            "entry 4 (c d): motion.min_aera: is no known key, did you mean min_area?",
            "entry 5 (b): id: is the id of another camera already",
            "entry 6: id: is missing: a short name, different for each camera",
            "entry 6: rtsp_url: is missing: where the stream is",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn the_environment_replaces_an_address_unless_it_is_empty() {
        let yaml = "cameras:
- {id: cam_nave3_hornos, name: N, rtsp_url: 'rtsp://file/1'}
- {id: other, name: O, rtsp_url: 'rtsp://file/2'}
- {id: third, name: T}
";
        let env = [
            ("CAMERA_cam_nave3_hornos_RTSP_URL", "rtsp://env/1"),
            ("CAMERA_other_RTSP_URL", ""),
            ("CAMERA_third_RTSP_URL", "/data/third.mp4"),
        ];
        let (cameras, problems) = check(yaml, &env);
        let urls: Vec<_> = cameras.iter().map(|c| c.url.expose()).collect();
        assert_eq!((urls, problems), (vec!["rtsp://env/1", "rtsp://file/2", "/data/third.mp4"], vec![]));
    }

    #[test]
    fn an_address_from_the_environment_is_checked_and_never_quoted() {
        let yaml = "cameras: [{id: a, name: A, rtsp_url: 'rtsp://h/1'}]";
        let (cameras, problems) = check(yaml, &[("CAMERA_a_RTSP_URL", "ftp://user:geheim@h")]);
        let expected =
            "entry 1 (a): CAMERA_a_RTSP_URL: must begin with rtsp://, rtsps://, http://, https:// or / (a file)";
        assert_eq!((cameras, problems), (vec![], vec![expected.to_owned()]));
    }

    #[test]
    fn a_number_may_stand_in_quotes_as_expanded_variables_do() {
        let camera = good("cameras: [{id: 7, name: 8, rtsp_url: 'rtsp://h/1', fps_target: '12.5', enabled: 'false'}]");
        let seen = (camera.id.as_str(), camera.name.as_str(), camera.fps_target.per_second(), camera.enabled);
        assert_eq!(seen, ("7", "8", 12.5, false));
    }

    #[test]
    fn a_file_without_cameras_is_good_and_one_without_the_key_is_not() {
        assert_eq!(check("cameras:", &[]), (vec![], vec![]));
        assert!(serde_yaml::from_str::<CamerasFile>("kameras: []").is_err());
    }

    #[test]
    fn every_key_is_told() {
        let keys = CamerasFile::keys();
        let paths: Vec<_> = keys.iter().filter_map(|key| key.path.strip_prefix("cameras[].")).collect();
        let expected = [
            "id",
            "rtsp_url",
            "detect_url",
            "name",
            "enabled",
            "fps_target",
            "transport",
            "motion.enabled",
            "motion.forced_look_seconds",
            "motion.min_area",
            "motion.threshold",
            "motion.doze",
        ];
        assert_eq!(paths, expected);
        let variables: Vec<_> = keys.iter().filter_map(|key| key.variable.as_deref()).collect();
        assert_eq!(variables, ["CAMERA_<id>_RTSP_URL", "CAMERA_<id>_DETECT_URL"]);
    }
}
