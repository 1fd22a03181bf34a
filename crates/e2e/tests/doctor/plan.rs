//! `ronda config plan` against a running site and against another directory.

use e2e::Site;

use crate::{Desk, beside};

const ROIS: &str = "cameras:
- camera_id: gate
  strict_mode: false
  alert_classes: [person]
  forbidden_rois:
  - {name: pit, points: [[0, 0], [1, 0], [1, 1]]}
";

fn cameras(fps: u32, password: &str, more: &str) -> String {
    format!(
        "cameras:\n- {{id: gate, name: Gate, rtsp_url: 'rtsp://u:{password}@127.0.0.1:9/gate', fps_target: {fps}}}\n{more}"
    )
}

fn plan(desk: &Desk, arguments: &[&str]) -> (bool, String, String) {
    let output = desk.ronda(&["config", "plan", "configs"]).args(arguments).output().expect("runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_change_on_a_running_site_is_named() -> anyhow::Result<()> {
    let site = Site::new()?;
    site.configure("cameras.yaml", &cameras(5, "one", "- {id: lane, rtsp_url: 'rtsp://127.0.0.1:9/lane'}\n"))?;
    site.configure("rois.yaml", ROIS)?;
    let _redis = site.start_redis().await?;
    let _manager = site.start("stream-manager").await?;
    let url = format!("http://127.0.0.1:{}", site.ports.stream_manager());
    let told = beside(move || {
        let more = "- {id: yard, rtsp_url: 'rtsp://127.0.0.1:9/yard'}\n";
        let rois = ROIS.replace("pit", "ramp");
        let desk = Desk::with(&[("cameras.yaml", &cameras(10, "one", more)), ("rois.yaml", &rois)]);
        let same = Desk::with(&[
            ("cameras.yaml", &cameras(5, "one", "- {id: lane, rtsp_url: 'rtsp://127.0.0.1:9/lane'}\n")),
            ("rois.yaml", ROIS),
        ]);
        (plan(&desk, &["--site", &url]), plan(&same, &["--site", &url]), url)
    })
    .await;
    let ((worked, plan, said), (_, same, _), url) = told;
    assert!(worked, "{said}");
    let expected = [
        format!("against {url}:"),
        "~ camera gate: fps_target 5 → 10".to_owned(),
        "- camera lane".to_owned(),
        "+ camera yard".to_owned(),
        "- zone gate/pit".to_owned(),
        "+ zone gate/ramp".to_owned(),
        "5 take effect within a second of being saved".to_owned(),
    ];
    assert_eq!(plan.lines().collect::<Vec<_>>(), expected);
    assert_eq!(same, format!("against {url}: nothing would change\n"));
    Ok(())
}

#[test]
fn two_directories_are_compared_with_settings_robots_and_passwords() {
    let robots = "robots:\n- {id: robot-a, ip: '10.0.0.7:26400'}\n";
    let desk = Desk::with(&[("cameras.yaml", &cameras(5, "one", "")), ("rois.yaml", ROIS)]);
    let other = desk.path().join("other");
    std::fs::create_dir(&other).expect("is made");
    for (name, text) in [
        ("cameras.yaml", cameras(5, "two", "").as_str()),
        ("rois.yaml", ROIS),
        ("robots.yaml", robots),
        ("services.yaml", "alerting: {protocol: webhook, webhook_url: 'http://h/in', max_age_seconds: 3600}\n"),
    ] {
        std::fs::write(other.join(name), text).expect("is written");
    }
    let (worked, told, said) = plan(&desk, &["--against", "other"]);
    assert!(worked, "{said}");
    let expected = [
        "against other:",
        "~ camera gate: rtsp_url rtsp://***@127.0.0.1:9/gate, with another user name, password or secret",
        "- robot robot-a",
        "~ setting alerting.protocol: webhook → stdout",
        "~ setting alerting.webhook_url: http://h/in → none",
        "1 takes effect within a second of being saved",
        "2 need a restart of alert-router",
        "1 needs `docker compose up -d` or a new start of the site",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);

    let (_, json, _) = plan(&desk, &["--against", "other", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
    let protocol = &json["changes"][2];
    assert_eq!((protocol["name"].as_str(), protocol["change"].as_str()), (Some("alerting.protocol"), Some("changed")));
    assert_eq!(protocol["restart"][0], "alert-router");
}

#[test]
fn what_is_wrong_is_not_planned() {
    let desk = Desk::with(&[("cameras.yaml", "cameras: [{id: gate}]\n"), ("rois.yaml", "cameras: []\n")]);
    let (worked, _, said) = plan(&desk, &["--against", "configs"]);
    assert!(!worked);
    let expected = "ronda: configs has 1 error and cannot be compared: see `ronda config check configs`\n";
    assert_eq!(said, expected);

    let fine = Desk::with(&[("cameras.yaml", "cameras: []\n"), ("rois.yaml", "cameras: []\n")]);
    let (worked, _, said) = plan(&fine, &["--site", "http://127.0.0.1:9"]);
    assert!(!worked && said.contains("is the site running?"), "{said}");
}
