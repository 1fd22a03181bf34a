//! `ronda config check` as an operator runs it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

const CAMERAS: &str = "cameras:
- id: gate
  name: Gate
  rtsp_url: rtsp://127.0.0.1:9/gate
";

const ROIS: &str = "cameras:
- camera_id: gate
  forbidden_rois:
  - {name: pit, points: [[0, 0], [1, 0], [1, 1]]}
";

/// A site with these files.
fn site(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("configs")).expect("is made");
    for (name, text) in files {
        std::fs::write(dir.path().join("configs").join(name), text).expect("is written");
    }
    dir
}

fn check_with(site: &TempDir, args: &[&str], env: &[(&str, &str)]) -> (i32, String) {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let output = Command::new(env!("CARGO_BIN_EXE_ronda"))
        .args(["config", "check"])
        .args(args)
        .current_dir(site.path())
        .env("MODELS_DIR", models)
        .env_remove("CONFIG_DIR")
        .envs(env.iter().copied())
        .output()
        .expect("the command runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "what is wrong is the report, not an error");
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).expect("is UTF-8"))
}

fn check(files: &[(&str, &str)]) -> (i32, String) {
    check_with(&site(files), &[], &[])
}

#[test]
fn a_good_configuration_is_good() {
    let report = check(&[("cameras.yaml", CAMERAS), ("rois.yaml", ROIS)]);
    assert_eq!(report, (0, "configs: 0 errors, 0 warnings, 1 good camera, 1 good zone\n".to_owned()));
}

#[test]
fn the_configuration_that_we_ship_has_no_error() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let (code, report) = check_with(&site(&[]), &[shipped.to_str().expect("is UTF-8")], &[]);
    assert_eq!(code, 0, "{report}");
}

#[test]
fn every_error_is_named_with_its_line() {
    let cameras = "cameras:
- id: gate
  name: Gate
  rtsp_url: webcam
  fps_target: 50
- id: yard
  rtsp_url: rtsp://127.0.0.1:9/yard
  motion:
    enabled: true
    min_area: 2
- name: nobody
  rtsp_url: rtsp://127.0.0.1:9/nobody
- id: lane
  rtsp_url: ${LANE_URL}
";
    let rois = "cameras:
- camera_id: gate
  strict_mode: true
  forbidden_rois:
  - name: pit
    points:
    - [0, 0]
    - [1, 0]
  - points: [[0, 0], [1, 0], [1, 1]]
    anchor: top
";
    let services = "alerting:
  protocol: mqtt
inference:
  confidence: 0.5
  threads: many
";
    let (code, report) = check(&[("cameras.yaml", cameras), ("rois.yaml", rois), ("services.yaml", services)]);
    let expected = [
        "error: configs/cameras.yaml:4:13: cameras[0].rtsp_url: must begin with rtsp://, rtsps://, http://, https:// or / (a file)",
        "error: configs/cameras.yaml:5:15: cameras[0].fps_target: must be a number from 0.1 to 30, not 50",
        "error: configs/cameras.yaml:10:15: cameras[1].motion.min_area: must be a number from 0 to 1, not 2",
        "error: configs/cameras.yaml:11:3: cameras[2].id: is missing: a short name, different for each camera",
        "error: configs/cameras.yaml:14:13: cameras[3].rtsp_url: the environment variable `LANE_URL` is not set, and `${LANE_URL}` gives no default",
        "error: configs/rois.yaml:7:5: cameras[0].forbidden_rois[0].points: a polygon has at least 3 points, not 2",
        "error: configs/rois.yaml:10:13: cameras[0].forbidden_rois[1].anchor: must be one of center, bottom_center, any_overlap, not \"top\"",
        "error: configs/services.yaml:5:12: inference.threads: must be a whole number from 0 to 256, not \"many\"",
        "error: configs/services.yaml:2:13: alerting.protocol: must be one of stdout, webhook, hikvision, not \"mqtt\"",
        "configs: 9 errors, 0 warnings, 0 good cameras, 0 good zones",
    ];
    assert_eq!((code, report.lines().collect::<Vec<_>>()), (1, expected.to_vec()));
}

#[test]
fn files_that_do_not_fit_together_are_found() {
    let rois = "cameras:
- camera_id: gaet
  forbidden_rois:
  - {name: pit, points: [[0, 0], [1, 0], [1, 1]]}
- camera_id: gate
  reference_size: [640, 360]
  forbidden_rois:
  - {name: far, points: [[0, 0], [1000, 0], [10, 100]]}
";
    let (code, report) = check(&[("cameras.yaml", CAMERAS), ("rois.yaml", rois)]);
    let expected = [
        "error: configs/rois.yaml:2:14: cameras[0].camera_id: no camera of cameras.yaml has the id \"gaet\", so these zones can never raise an alert",
        "error: configs/rois.yaml:6:19: cameras[1].reference_size: the zone \"far\" reaches over the picture of 640x360 that it was drawn on",
        "configs: 2 errors, 0 warnings, 1 good camera, 2 good zones",
    ];
    assert_eq!((code, report.lines().collect::<Vec<_>>()), (1, expected.to_vec()));
}

#[test]
fn what_works_but_perhaps_not_as_meant_is_a_warning() {
    let cameras = format!("{CAMERAS}- {{id: lane, rtsp_url: rtsp://127.0.0.1:9/lane}}\n");
    let rois = "cameras:
- camera_id: gate
  forbidden_rois:
  - {name: pit, points: [[0, 0], [100, 0], [100, 100]], classes: [persn]}
";
    let files = [("cameras.yaml", cameras.as_str()), ("rois.yaml", rois), ("alerting.yaml", "protocol: stdout\n")];
    let env = [("CAMERA_laen_RTSP_URL", "rtsp://127.0.0.1:9/1")];
    let (code, report) = check_with(&site(&files), &[], &env);
    let expected = [
        "warning: configs/alerting.yaml: is read by no service: its keys belong into services.yaml, below alerting",
        "warning: configs/rois.yaml:4:3: cameras[0].forbidden_rois: pixels without a reference_size move when the stream's resolution changes",
        "warning: configs/cameras.yaml:5:8: cameras[1].id: has no zone in rois.yaml, so it will never raise an alert",
        "warning: configs/rois.yaml:4:66: cameras[0].forbidden_rois[0].classes: the model yolov4-tiny knows no class \"persn\"",
        "warning: environment: CAMERA_laen_RTSP_URL: no camera of cameras.yaml has the id \"laen\"",
        "configs: 0 errors, 5 warnings, 2 good cameras, 1 good zone",
    ];
    assert_eq!((code, report.lines().collect::<Vec<_>>()), (0, expected.to_vec()));
}

#[test]
fn programs_get_json() {
    let (code, report) =
        check_with(&site(&[("cameras.yaml", "cameras: [{id: gate}]\n"), ("rois.yaml", ROIS)]), &["--json"], &[]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let expected = json!({
        "ok": false,
        "cameras": 0,
        "zones": 1,
        "robots": 0,
        "findings": [{
            "severity": "error",
            "file": "configs/cameras.yaml",
            "line": 1,
            "column": 11,
            "key": "cameras[0].rtsp_url",
            "message": "is missing: where the stream is",
        }],
    });
    assert_eq!((code, report), (1, expected));
}

#[test]
fn the_environment_is_checked_like_the_files_and_passwords_are_not_shown() {
    let env = [("CAMERA_gate_RTSP_URL", "ftp://user:geheim@h/1"), ("INFERENCE_CONFIDENCE", "7")];
    let (code, report) = check_with(&site(&[("cameras.yaml", CAMERAS), ("rois.yaml", ROIS)]), &[], &env);
    let expected = [
        "error: environment: CAMERA_gate_RTSP_URL: must begin with rtsp://, rtsps://, http://, https:// or / (a file)",
        "error: environment: INFERENCE_CONFIDENCE: must be a number from 0 to 1, not \"7\"",
        "configs: 2 errors, 0 warnings, 0 good cameras, 1 good zone",
    ];
    assert_eq!((code, report.lines().collect::<Vec<_>>()), (1, expected.to_vec()));
}

#[test]
fn files_that_are_missing_or_no_yaml_are_named() {
    let (code, report) = check(&[("cameras.yaml", "cameras: [\n")]);
    let lines: Vec<_> = report.lines().collect();
    assert!(lines[0].starts_with("error: configs/cameras.yaml:"), "{report}");
    assert!(lines[1].starts_with("error: configs/rois.yaml: cannot be read: No such file"), "{report}");
    assert_eq!((code, lines.len()), (1, 3));
    let nowhere = check_with(&site(&[]), &["nowhere"], &[]);
    assert_eq!(
        nowhere,
        (1, "error: nowhere: is no directory\nnowhere: 1 error, 0 warnings, 0 good cameras, 0 good zones\n".to_owned())
    );
}

#[test]
fn a_probe_opens_the_cameras() {
    let site = site(&[("rois.yaml", ROIS)]);
    let cameras = format!("{CAMERAS}- {{id: lane, rtsp_url: {}}}\n", site.path().join("none.mp4").display());
    std::fs::write(site.path().join("configs/cameras.yaml"), cameras).expect("is written");
    let (code, report) = check_with(&site, &["--probe"], &[]);
    let errors: Vec<_> = report.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!((code, errors.len()), (1, 2), "{report}");
    assert!(errors[0].starts_with("error: configs/cameras.yaml: gate: cannot connect to gate"), "{report}");
    assert!(errors[1].starts_with("error: configs/cameras.yaml: lane: lane has no such stream"), "{report}");
}

#[test]
fn robots_are_checked_like_cameras() {
    let robots = "robots:
- {id: robot-a, ip: '10.0.0.7:26400', name: Alba}
- {id: kitchen, ip: '10.0.0.8:26400'}
- {id: robot-c, ip: 10.0.0.9}
- {id: robot-a, ip: '10.0.0.10:26400'}
- {id: robot-e, adress: '10.0.0.11:26400', ip: 'h:26400'}
- {id: robot-f, ip: 'h:26400', port: 5080}
- {id: robot-g, ip: 'h:26400', port: many}
";
    let (code, report) = check(&[("cameras.yaml", CAMERAS), ("rois.yaml", ROIS), ("robots.yaml", robots)]);
    let expected = [
        "error: configs/robots.yaml:3:8: robots[1].id: must be `robot-` and small letters, digits or hyphens, at most 64 characters, not \"kitchen\"",
        "error: configs/robots.yaml:4:21: robots[2].ip: must be host:port, as 192.168.50.133:26400, not \"10.0.0.9\"",
        "error: configs/robots.yaml:5:8: robots[3].id: is the id of another robot already",
        "error: configs/robots.yaml:6:25: robots[4].adress: is no known key",
        "error: configs/robots.yaml:8:38: robots[6].port: must be a whole number from 1 to 65535, not \"many\"",
        "error: configs/robots.yaml:7:38: robots[5].port: 5080 is the port of the console",
        "configs: 6 errors, 0 warnings, 1 good camera, 1 good zone, 2 good robots",
    ];
    assert_eq!((code, report.lines().collect::<Vec<_>>()), (1, expected.to_vec()));
}

#[test]
fn a_misspelt_key_is_recognised_in_every_file() {
    let cameras = "cameras:\n- {id: gate, rtsp_url: rtsp://127.0.0.1:9/g, fps_traget: 5}\n";
    let rois = "cameras:\n- {camera_id: gate, strict_mod: true, forbidden_rois: [{nmae: pit, points: [[0, 0], [1, 0], [1, 1]]}]}\n";
    let robots = "robots:\n- {id: robot-a, ip: 'h:26400', prot: 5001}\n";
    let services = "alerting:\n  protocl: stdout\n";
    let files = [("cameras.yaml", cameras), ("rois.yaml", rois), ("robots.yaml", robots), ("services.yaml", services)];
    let (code, report) = check(&files);
    let expected = [
        "error: configs/cameras.yaml:2:58: cameras[0].fps_traget: is no known key, did you mean fps_target?",
        "error: configs/rois.yaml:2:33: cameras[0].strict_mod: is no known key, did you mean strict_mode?",
        "error: configs/rois.yaml:2:63: cameras[0].forbidden_rois[0].nmae: is no known key, did you mean name?",
        "error: configs/services.yaml:2:12: alerting.protocl: is no known key, did you mean protocol?",
        "error: configs/robots.yaml:2:38: robots[0].prot: is no known key, did you mean port?",
    ];
    let errors: Vec<_> = report.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!((code, errors), (1, expected.to_vec()));
}

#[test]
fn what_the_alert_router_would_refuse_is_refused_here_too() {
    let services = "alerting:
  protocol: hikvision
  hikvision_host: nvr
  webhook_secret: hunter2!
";
    let (code, report) = check(&[("cameras.yaml", CAMERAS), ("rois.yaml", ROIS), ("services.yaml", services)]);
    let expected = [
        "error: configs/services.yaml:2:13: alerting.protocol: must be stdout or webhook: this version cannot speak to a recorder",
        "error: configs/services.yaml:4:19: alerting.webhook_secret: must be `whsec_` and base64, as Standard Webhooks has it",
    ];
    assert_eq!((code, report.lines().take(2).collect::<Vec<_>>()), (1, expected.to_vec()));
    assert!(!report.contains("hunter2"), "a secret is never shown");
}

#[test]
fn a_secret_whose_file_is_missing_is_no_missing_secret() {
    let files = [("cameras.yaml", CAMERAS), ("rois.yaml", ROIS)];
    let env = [
        ("ALERTING_WEBHOOK_SECRET_FILE", "/nowhere/secret"),
        ("CAMERA_gate_RTSP_URL_FILE", "/nowhere/url"),
        ("ALERTING_PROTOCL", "webhook"),
    ];
    let (code, report) = check_with(&site(&files), &[], &env);
    let lines: Vec<_> = report.lines().collect();
    let errors = [
        "error: environment: CAMERA_gate_RTSP_URL_FILE: cannot read `/nowhere/url`: ",
        "error: environment: ALERTING_WEBHOOK_SECRET_FILE: cannot read `/nowhere/secret`: ",
        "warning: environment: ALERTING_PROTOCL: is no setting: ",
    ];
    assert_eq!((code, lines.len()), (1, 4), "{report}");
    for (line, begin) in lines.iter().zip(errors) {
        assert!(line.starts_with(begin), "{report}");
    }
}
