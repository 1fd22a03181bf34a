//! Faults of earlier systems that must not come back, over HTTP, where no robot is needed to show it. The whole list is in
//! `docs/earlier-faults.md`.

mod support;

use jiff::Timestamp;
use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use support::Backend;

async fn fresh() -> (tempfile::TempDir, Backend) {
    let dir = tempfile::tempdir().expect("a directory");
    let backend = Backend::start(dir.path(), "robot-a").await;
    (dir, backend)
}

#[tokio::test]
async fn w16_w17_w18_what_is_not_there_is_not_said_to_be_ready() {
    let (_dir, backend) = fresh().await;
    assert_eq!(backend.json("/api/relay/status").await, json!({}), "no relay runs");
    assert_eq!(backend.send("POST", "/api/relay/test", &json!({})).await.0, 400);
    for generation in ["test_live_monitor", "test_edge_ai"] {
        let path = |end: &str| format!("/api/robot-a/{generation}/{end}");
        assert_eq!(backend.send("POST", &path("start"), &json!({})).await.0, 400);
        let status = backend.json(&path("status")).await;
        assert_eq!((&status["active"], &status["ws_connected"]), (&json!(false), &json!(false)));
        assert_eq!(backend.status(&path("snapshot")).await, 204);
        // Stopping what does not run ends nothing of anybody else.
        assert_eq!(backend.send("POST", &path("stop"), &Value::Null).await, (200, json!({"status": "stopped"})));
    }
    backend.end().await;
}

#[tokio::test]
async fn w19_no_address_reads_a_file_or_another_protocol() {
    let (_dir, backend) = fresh().await;
    for (key, address) in [
        ("external_rtsp_url", "file:///etc/passwd"),
        ("external_rtsp_url", "concat:/etc/passwd"),
        ("external_rtsp_url", "http://10.0.0.7/stream"),
        ("vila_jps_url", "file:///etc/passwd"),
        ("vila_server_url", "gopher://10.0.0.7"),
        ("openai_base_url", "ftp://10.0.0.7"),
    ] {
        let (status, refused) = backend.send("PATCH", "/api/v1/settings", &json!({key: address})).await;
        assert_eq!((status, &refused["error"]["code"]), (422, &json!("invalid_settings")), "{address}: {refused}");
    }
    let camera = json!({"external_rtsp_url": "rtsp://admin:pass@10.0.0.7/stream"});
    let (status, shown) = backend.send("PATCH", "/api/v1/settings", &camera).await;
    assert_eq!((status, &shown["external_rtsp_url"]), (200, &json!("rtsp://***@10.0.0.7/stream")));
    backend.end().await;
}

#[tokio::test]
async fn w21_what_somebody_called_a_waypoint_is_never_answered_as_a_page() {
    let (_dir, backend) = fresh().await;
    let script = "<img src=x onerror=alert(1)>'\"";
    let point = json!({"name": script, "x": 1, "y": 2, "prompt": "<script>alert(1)</script>"});
    assert_eq!(backend.send("POST", "/api/points", &point).await.0, 200);
    assert_eq!(backend.json("/api/points").await[0]["name"], script, "nothing is changed: the pages show it as text");
    let run = json!({"points": ["<script>alert(1)</script>"]});
    let refused = backend.client.post(backend.url("/api/v1/runs")).json(&run).send().await.expect("is answered");
    let mut answers = vec![refused];
    for path in ["/api/points", "/api/points/export", "/api/v1/points", "/api/<script>", "/api/robot-<b>/state"] {
        answers.push(backend.ask(path).await);
    }
    for answer in answers {
        let url = answer.url().clone();
        let kind = answer.headers()["content-type"].to_str().expect("is text").to_owned();
        assert!(kind.starts_with("application/json"), "{url} is answered as {kind}");
    }
    backend.end().await;
}

#[tokio::test]
async fn w32_a_schedule_has_its_days_its_route_and_its_next_runs_by_the_clocks_of_the_site() {
    let (_dir, backend) = fresh().await;
    let taipei = TimeZone::get("Asia/Taipei").expect("is a zone");
    assert_eq!(backend.send("PATCH", "/api/v1/settings", &json!({"timezone": "Asia/Taipei"})).await.0, 200);
    let point = json!([{"id": "1", "name": "Gate", "x": 1, "y": 2}]);
    assert_eq!(backend.send("PUT", "/api/points/routes/night", &point).await.0, 200);

    let schedule = json!({"time": "8:05", "days": [0, 4], "route": "night"});
    let (status, added) = backend.send("POST", "/api/v1/schedules", &schedule).await;
    assert_eq!((status, &added["days"], &added["route"]), (201, &json!([0, 4]), &json!("night")), "{added}");
    let listed = backend.json("/api/robot-a/patrol/schedule").await;
    assert_eq!((&listed[0]["days"], &listed[0]["enabled"]), (&json!([0, 4]), &json!(true)));

    let preview = backend.json("/api/v1/schedules/preview?count=4").await;
    let next = preview.as_array().expect("a list");
    assert_eq!(next.len(), 4);
    let mut last = Timestamp::now();
    for firing in next {
        let at: Timestamp = firing["at"].as_str().expect("is a text").parse().expect("is a time");
        let there = at.to_zoned(taipei.clone());
        assert_eq!(there.time(), time(8, 5, 0, 0));
        assert!([Weekday::Monday, Weekday::Friday].contains(&there.weekday()), "{there}");
        assert!(at > last && firing["route"] == "night", "{firing}");
        last = at;
    }
    backend.end().await;
}

#[tokio::test]
async fn w38_a_rule_that_is_too_long_is_refused_before_anybody_is_told_it() {
    let (_dir, backend) = fresh().await;
    for rules in [json!(["x".repeat(101)]), json!(vec!["Is there smoke?"; 11]), json!([""])] {
        let (status, refused) =
            backend.send("PATCH", "/api/v1/settings", &json!({"live_monitor_rules": rules, "turbo_mode": true})).await;
        assert_eq!(status, 422, "{rules}");
        let why = refused["error"]["fields"]["live_monitor_rules"].as_str().unwrap_or_default();
        assert!(why.contains("at most 10 texts of 1 to 100 characters"), "{refused}");
    }
    assert_eq!(backend.json("/api/v1/settings").await["turbo_mode"], false, "nothing of the change is kept");
    backend.end().await;
}

#[tokio::test]
async fn w42_no_page_elsewhere_makes_a_browser_change_anything() {
    let (_dir, backend) = fresh().await;
    let send = async |path: &str, site: Option<&str>| {
        let request = backend.client.post(backend.url(path));
        let request = match site {
            Some(site) => request.header("sec-fetch-site", site),
            None => request,
        };
        request.send().await.expect("is answered").status().as_u16()
    };
    // What a form of another page can send: no body and no header of its own.
    for path in [
        "/api/patrol/start",
        "/api/robot-a/patrol/start",
        "/api/robot-a/patrol/stop",
        "/api/robot-a/return_home",
        "/api/robot-a/cancel_command",
        "/api/robot-a/points/import",
        "/api/v1/runs/1/stop",
    ] {
        assert_eq!(send(path, Some("cross-site")).await, 403, "{path}");
    }
    // The site's own pages, and programs, are heard.
    for site in [Some("same-origin"), Some("none"), None] {
        assert_eq!(send("/api/robot-a/patrol/stop", site).await, 200, "{site:?}");
    }
    let read = backend.client.get(backend.url("/api/state")).header("sec-fetch-site", "cross-site");
    assert_eq!(read.send().await.expect("is answered").status().as_u16(), 200, "reading changes nothing");
    backend.end().await;
}

#[tokio::test]
async fn w06_a_robot_is_sent_nowhere_outside_its_area() {
    let (_dir, backend) = fresh().await;
    let hall = json!([[0, 0], [5, 0], [5, 4], [0, 4]]);
    assert_eq!(backend.send("PATCH", "/api/v1/robot-settings", &json!({"allowed_area": hall})).await.0, 200);
    assert_eq!(backend.json("/api/robot-a/v1/robot-settings").await, json!({"allowed_area": hall}), "this robot alone");
    assert_eq!(backend.json("/api/v1/settings").await["allowed_area"], json!([]), "the site has none");
    assert_eq!(backend.json("/api/settings").await["allowed_area"], json!([]), "in the older interface too");

    let outside = (400, json!({"error": "the place is outside the area that the settings allow the robot"}));
    assert_eq!(backend.send("POST", "/api/move", &json!({"x": 6, "y": 1})).await, outside);
    let away = (503, json!({"error": "Robot not connected"}));
    assert_eq!(backend.send("POST", "/api/move", &json!({"x": 4, "y": 1})).await, away, "it might go there");

    let points = json!([{"id": "1", "name": "Gate", "x": 1, "y": 2}, {"id": "2", "name": "Yard", "x": 7, "y": 2}]);
    assert_eq!(backend.send("PUT", "/api/v1/points", &points).await.0, 200);
    let (status, refused) = backend.send("POST", "/api/v1/runs", &json!({})).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("out_of_bounds")), "{refused}");
    assert!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("\"Yard\"")), "{refused}");
    let (_, refused) = backend.send("POST", "/api/v1/runs", &json!({"points": ["1"], "dry_run": true})).await;
    assert_eq!(refused["error"]["code"], "robot_not_ready", "only the connection is missing: {refused}");

    assert_eq!(
        backend.send("PATCH", "/api/v1/robot-settings", &json!({"allowed_area": [[0, 0], [5, 0]]})).await.0,
        422
    );
    assert_eq!(backend.send("PATCH", "/api/v1/settings", &json!({"drive_speed_limit": 0.5})).await.0, 422);
    backend.end().await;
}

#[test]
fn the_page_of_earlier_faults_names_every_fault_and_tests_that_there_are() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/earlier-faults.md")).expect("is there");
    let mut sources = String::new();
    gather(&root.join("crates"), &mut sources);
    let (_, tests) = page.split_once("## The tests").expect("lists the tests");
    let (tests, golden) = tests.split_once("## What the guide").expect("lists the guide's lines");
    for number in 1..=43 {
        let fault = format!("W-{number:02}");
        assert!(page.contains(&format!("| {fault} |")), "{fault} has no row");
        let (_, named) = tests.split_once(&format!("* {fault}: ")).unwrap_or_else(|| panic!("{fault} has no tests"));
        let named = named.split("\n* ").next().unwrap_or_default();
        assert!(named.contains('`'), "{fault} has no tests");
    }
    // Every second part stands between back quotes; what a line wraps within them is one name.
    let quoted = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let is_test = |name: &String| name.starts_with("golden_") || name.starts_with('w') && name.contains('_');
    let named = quoted(tests).into_iter().filter(|name| is_test(name) || name.starts_with("W-"));
    for name in named.chain(quoted(golden).into_iter().filter(is_test)) {
        let exists = sources.contains(&format!("fn {name}(")) || sources.contains(&format!("it('{name}'"));
        assert!(exists, "there is no test {name}");
    }
}

/// Reads every source of tests below a directory.
fn gather(dir: &std::path::Path, sources: &mut String) {
    for entry in std::fs::read_dir(dir).expect("can be read") {
        let path = entry.expect("can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["node_modules", "target", "dist", "generated"].contains(&name.as_str()) {
                gather(&path, sources);
            }
        } else if name.ends_with(".rs") || name.ends_with(".test.ts") {
            sources.push_str(&std::fs::read_to_string(&path).expect("is text"));
        }
    }
}
