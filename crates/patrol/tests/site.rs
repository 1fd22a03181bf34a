//! What a backend keeps of a site, over HTTP: waypoints, settings, robots, shared links.

mod support;

use serde_json::{Value, json};
use support::Backend;
use support::older::{FILM, Generation, JPEG, Older};

async fn fresh() -> (tempfile::TempDir, Backend) {
    let dir = tempfile::tempdir().expect("a directory");
    let backend = Backend::start(dir.path(), "robot-a").await;
    (dir, backend)
}

#[tokio::test]
async fn waypoints_are_kept_in_both_interfaces() {
    let (_dir, backend) = fresh().await;
    assert_eq!(backend.json("/api/points").await, json!([]));
    assert_eq!(backend.json("/api/points/export").await, json!([]), "an export of nothing is an empty list");
    let (status, saved) = backend.send("POST", "/api/points", &json!({"name": "Gate", "x": "1.5", "y": 2})).await;
    assert_eq!((status, &saved["status"]), (200, &json!("saved")));
    let id = saved["id"].as_str().expect("has an id").to_owned();
    for (wrong, text) in [
        (json!([]), "Point must be an object"),
        (json!({"x": 1, "y": 2}), "Point name is required"),
        (json!({"name": "a", "x": 1}), "Point coordinates (x, y) are required"),
        (json!({"name": "a", "x": "b", "y": 1}), "Point coordinates must be numeric"),
    ] {
        assert_eq!(backend.send("POST", "/api/points", &wrong).await, (400, json!({"error": text})));
    }
    let (status, new) =
        backend.send("POST", "/api/v1/points", &json!({"id": id, "name": "Door", "x": 0, "y": 0})).await;
    assert_eq!(status, 201);
    assert_ne!(new["id"], json!(id), "a new waypoint replaces none");
    let path = format!("/api/v1/points/{id}");
    let (status, changed) = backend.send("PUT", &path, &json!({"name": "Main gate", "x": 3, "y": 4})).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Main gate")));
    let (status, refused) = backend.send("PUT", &path, &json!({"name": "Main gate", "x": 3, "y": 4, "theta": 9})).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("invalid")));

    // What is not there is not found, except in the older interface.
    assert_eq!(backend.send("DELETE", "/api/v1/points/none", &Value::Null).await.0, 404);
    assert_eq!(backend.send("DELETE", "/api/points?id=none", &Value::Null).await, (200, json!({"status": "deleted"})));
    assert_eq!(backend.send("DELETE", &path, &Value::Null).await.0, 204);
    let left = backend.json("/api/robot-a/points").await;
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    assert_eq!(backend.status("/api/robot-b/points").await, 404);
    backend.end().await;
}

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let (_dir, backend) = fresh().await;
    let put = async |tag: &str, name: &str| {
        let body = json!([{"name": name, "x": 0, "y": 0}]);
        let request = backend.client.put(backend.url("/api/v1/points")).header("if-match", tag);
        request.json(&body).send().await.expect("is answered")
    };
    let tag = backend.ask("/api/v1/points").await.headers()["etag"].to_str().expect("is text").to_owned();
    let first = put(&tag, "first").await;
    assert_eq!(first.status().as_u16(), 200);
    assert_eq!(put(&tag, "second").await.status().as_u16(), 412);
    let tag = first.headers()["etag"].to_str().expect("is text").to_owned();
    assert_eq!(put(&tag, "second").await.status().as_u16(), 200);
    backend.end().await;
}

#[tokio::test]
async fn waypoints_travel_as_a_file() {
    let (_dir, backend) = fresh().await;
    let import = async |name: &'static str, file: &'static str, content: &'static str| {
        let part = reqwest::multipart::Part::text(content).file_name(file);
        let form = reqwest::multipart::Form::new().part(name, part);
        let answer = backend.client.post(backend.url("/api/points/import")).multipart(form).send().await;
        let answer = answer.expect("is answered");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("is JSON"))
    };
    let points = r#"[{"id": "7", "name": "Gate", "x": 1, "y": 2, "note": "kept"}, {"name": "Door", "x": 3, "y": 4}]"#;
    assert_eq!(import("file", "points.json", points).await, (200, json!({"status": "imported", "count": 2})));
    assert_eq!(import("other", "points.json", "[]").await, (400, json!({"error": "No file part"})));
    assert_eq!(import("file", "", "[]").await, (400, json!({"error": "No selected file"})));
    assert_eq!(import("file", "points.json", "{}").await, (400, json!({"error": "Expected a list of points"})));
    assert_eq!(import("file", "points.json", "nonsense").await.0, 400);
    let exported = backend.ask("/api/points/export").await;
    assert!(exported.headers()["content-disposition"].to_str().expect("is text").contains("patrol_points.json"));
    let exported: Value = exported.json().await.expect("is JSON");
    assert_eq!((&exported[0]["id"], &exported[0]["note"]), (&json!("7"), &json!("kept")));
    let (status, _) = backend.send("POST", "/api/points/reorder", &json!([exported[1], exported[0]])).await;
    assert_eq!((status, &backend.json("/api/points").await[1]["id"]), (200, &json!("7")));
    let (status, _) = backend.send("PUT", "/api/points/routes/day", &exported).await;
    assert_eq!((status, backend.json("/api/points/routes").await), (200, json!(["day"])));
    assert_eq!(backend.send("PUT", "/api/points/routes/..%2fday", &exported).await.0, 400);
    assert_eq!(backend.status("/api/points/routes/none").await, 404);
    backend.end().await;
}

#[tokio::test]
async fn w42_no_page_elsewhere_makes_a_browser_import_places_by_reading() {
    let (_dir, backend) = fresh().await;
    let url = backend.url("/api/points/from_robot");
    let elsewhere = backend.client.get(&url).header("sec-fetch-site", "cross-site").send().await.expect("is answered");
    assert_eq!(elsewhere.status().as_u16(), 403);
    // The robot is away, which both interfaces say in their words.
    assert_eq!(backend.client.get(&url).send().await.expect("is answered").status().as_u16(), 404);
    assert_eq!(backend.send("POST", "/api/v1/points/from-robot", &Value::Null).await.0, 503);
    assert_eq!(backend.send("POST", "/api/v1/points/here", &json!({})).await.0, 409);
    backend.end().await;
}

#[tokio::test]
async fn w22_settings_that_cannot_be_so_are_refused_with_a_sentence_each() {
    let (_dir, backend) = fresh().await;
    let (status, refused) =
        backend.send("PATCH", "/api/v1/settings", &json!({"timezone": "Mars/Olympus", "turbo_mode": true})).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("invalid_settings")));
    assert_eq!(refused["error"]["fields"].as_object().map(serde_json::Map::len), Some(1));
    assert_eq!(backend.json("/api/v1/settings").await["turbo_mode"], false);
    let (status, shown) =
        backend.send("PATCH", "/api/v1/settings", &json!({"gemini_api_key": "AIza-secret-4321"})).await;
    assert_eq!((status, &shown["gemini_api_key"]), (200, &json!("****4321")));
    let (status, _) = backend.send("PATCH", "/api/v1/robot-settings", &json!({"turbo_mode": true})).await;
    assert_eq!((status, backend.json("/api/robot-a/v1/robot-settings").await), (200, json!({"turbo_mode": true})));

    let older = json!({"gemini_api_key": "****4321", "timezone": "Asia/Taipei", "colour": "red", "robot_ip": "x"});
    assert_eq!(
        backend.send("POST", "/api/settings", &older).await,
        (200, json!({"status": "saved", "unknown": ["colour"]}))
    );
    assert_eq!(backend.send("POST", "/api/settings", &json!({"timezone": 5})).await.0, 400);
    let settings = backend.json("/api/settings").await;
    assert_eq!((&settings["timezone"], &settings["colour"]), (&json!("Asia/Taipei"), &json!("red")));
    let schema = backend.json("/api/v1/settings/schema").await;
    let zone = schema["fields"].as_array().expect("a list").iter().find(|field| field["key"] == "timezone");
    let zone = zone.expect("is described");
    assert_eq!((&zone["type"], &zone["per_robot"], &zone["group"]), (&json!("choice"), &json!(false), &json!("Site")));
    backend.end().await;
}

#[tokio::test]
async fn w24_a_robot_of_a_program_that_ended_is_not_online() {
    let older = Older::new(Generation::First).await;
    let backend = Backend::start(older.path(), "robot-b").await;
    let robots = backend.json("/api/v1/robots").await;
    let of = |id: &str| robots.as_array().expect("a list").iter().find(|robot| robot["robot_id"] == id).cloned();
    // The older program wrote `online` and went away months ago.
    let gone = of("robot-a").expect("is listed");
    assert_eq!((&gone["backend"], &gone["robot"]), (&json!("offline"), &json!("unknown")));
    let legacy = backend.json("/api/robots").await;
    assert!(legacy.as_array().expect("a list").iter().all(|robot| robot["status"] == "offline"), "{legacy}");
    assert_eq!(backend.send("DELETE", "/api/v1/robots/default", &Value::Null).await.0, 204);
    assert_eq!(backend.send("DELETE", "/api/v1/robots/default", &Value::Null).await.0, 404);
    backend.end().await;
}

/// Makes a link and returns its token.
async fn shared(backend: &Backend, body: Value) -> String {
    let (status, link) = backend.send("POST", "/api/v1/shares", &body).await;
    assert_eq!(status, 201, "{link}");
    link["token"].as_str().expect("has a token").to_owned()
}

/// Opens a link and returns the cookie.
async fn opened(backend: &Backend, token: &str, password: &str) -> Result<String, u16> {
    let url = backend.url(&format!("/api/v1/shared/{token}/open"));
    let answer = backend.client.post(url).json(&json!({"password": password})).send().await.expect("is answered");
    if answer.status().as_u16() != 204 {
        return Err(answer.status().as_u16());
    }
    let cookie = answer.headers()["set-cookie"].to_str().expect("is text").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_link_shows_one_run_to_whoever_knows_its_password() {
    let older = Older::new(Generation::Second).await;
    let backend = Backend::start(older.path(), "robot-a").await;
    let token = shared(&backend, json!({"run_id": 1, "password": "correct horse", "label": "For Mr Lin"})).await;
    let base = format!("/api/v1/shared/{token}");
    assert_eq!(backend.status(&base).await, 401);
    assert_eq!(opened(&backend, &token, "wrong horse").await, Err(401));
    let cookie = opened(&backend, &token, "correct horse").await.expect("is the password");
    let ask = async |path: &str| {
        let request = backend.client.get(backend.url(path)).header("cookie", &cookie);
        request.send().await.expect("is answered")
    };
    let page: Value = ask(&base).await.json().await.expect("is JSON");
    assert_eq!((&page["label"], page["runs"].as_array().map(Vec::len)), (&json!("For Mr Lin"), Some(1)));
    let run: Value = ask(&format!("{base}/runs/1")).await.json().await.expect("is JSON");
    let picture = run["inspections"][0]["picture"].as_str().expect("has a photo");
    assert!(picture.starts_with(&base), "{picture}");
    assert_eq!(ask(picture).await.bytes().await.expect("is there"), JPEG);
    let evidence = run["alerts"][0]["picture"].as_str().expect("has evidence");
    assert_eq!(ask(evidence).await.bytes().await.expect("is there"), JPEG);
    let film = run["video"]["url"].as_str().expect("has a film");
    assert_eq!(ask(film).await.bytes().await.expect("is there"), FILM);
    let pdf = ask(run["pdf"].as_str().expect("has a PDF")).await.bytes().await.expect("is there");
    assert!(pdf.starts_with(b"%PDF-"));

    // Nothing but this run, and nothing to those without the cookie.
    for path in [format!("{base}/runs/2"), format!("{base}/reports/1"), "/api/v1/shared/none".to_owned()] {
        assert_eq!(ask(&path).await.status().as_u16(), 404, "{path}");
    }
    for path in [picture, evidence, film] {
        assert_eq!(backend.status(path).await, 401, "{path}");
    }
    let forged = cookie.replacen("ronda_share=", "ronda_share=9", 1);
    let answer = backend.client.get(backend.url(&base)).header("cookie", forged).send().await.expect("is answered");
    assert_eq!(answer.status().as_u16(), 401);

    // A link that was taken away shows nothing, to nobody.
    let id = backend.json("/api/v1/shares").await["shares"][0]["id"].clone();
    assert_eq!(backend.send("DELETE", &format!("/api/v1/shares/{id}"), &Value::Null).await.0, 204);
    assert_eq!(ask(&base).await.status().as_u16(), 404);
    backend.end().await;
}

#[tokio::test]
async fn a_password_cannot_be_guessed_at_leisure() {
    let older = Older::new(Generation::Second).await;
    let backend = Backend::start(older.path(), "robot-a").await;
    let token = shared(&backend, json!({"all": true, "password": "correct horse"})).await;
    for _ in 0..5 {
        assert_eq!(opened(&backend, &token, "guess").await, Err(401));
    }
    assert_eq!(opened(&backend, &token, "correct horse").await, Err(429));
    for wrong in [
        json!({"all": true, "password": "short"}),
        json!({"password": "long enough"}),
        json!({"all": true, "run_id": 1, "password": "long enough"}),
        json!({"all": true, "password": "long enough", "expires_days": 0}),
    ] {
        assert_eq!(backend.send("POST", "/api/v1/shares", &wrong).await.0, 422, "{wrong}");
    }
    assert_eq!(backend.send("POST", "/api/v1/shares", &json!({"run_id": 9, "password": "long enough"})).await.0, 404);
    backend.end().await;
}

#[tokio::test]
async fn links_of_the_older_interface_show_everything() {
    let older = Older::new(Generation::Second).await;
    let backend = Backend::start_with(older.path(), "robot-a", &[("PUBLIC_URL", "https://site.example/")]).await;
    assert_eq!(backend.send("POST", "/api/share-links", &json!({"password": "abc"})).await.0, 400);
    let (status, link) = backend.send("POST", "/api/share-links", &json!({"password": "abcd", "label": "L"})).await;
    assert_eq!(status, 200);
    let token = link["token"].as_str().expect("has a token");
    assert_eq!(link["url"], json!(format!("https://site.example/share/{token}")));
    assert_eq!(backend.json("/api/share-links").await[0]["label"], "L");
    let cookie = opened(&backend, token, "abcd").await.expect("is the password");
    let request = backend.client.get(backend.url(&format!("/api/v1/shared/{token}"))).header("cookie", cookie);
    let page: Value = request.send().await.expect("is answered").json().await.expect("is JSON");
    assert_eq!(page["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(page["reports"].as_array().map(Vec::len), Some(1));
    let id = &link["id"];
    assert_eq!(
        backend.send("DELETE", &format!("/api/share-links/{id}"), &Value::Null).await,
        (200, json!({"ok": true}))
    );
    backend.end().await;
}

#[tokio::test]
async fn a_report_over_days_says_why_there_is_none() {
    let (_dir, backend) = fresh().await;
    let order = json!({"from": "2026-02-10", "to": "2026-02-11"});
    let (status, refused) = backend.send("POST", "/api/v1/reports", &order).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("nothing_to_report")));
    let backwards = json!({"from": "2026-02-11", "to": "2026-02-10"});
    assert_eq!(backend.send("POST", "/api/v1/reports", &backwards).await.0, 422);
    let none = json!({"start_date": "2026-02-10", "end_date": "2026-02-11"});
    assert_eq!(backend.send("POST", "/api/reports/generate", &none).await.0, 404);
    assert_eq!(backend.send("POST", "/api/reports/generate", &json!({})).await.0, 400);
    backend.end().await;
}
