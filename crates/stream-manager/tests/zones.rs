//! Zones that are edited while the cameras run.

mod support;

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use support::{EVERYWHERE, Plan, Site, code, rois, standing, zone_entry};

#[tokio::test]
async fn a_zone_drawn_by_hand_or_over_http_is_live_without_a_new_stream() {
    let site = Site::start(Plan { rois: String::new(), ..Plan::one("drawn", standing()) }).await;
    let before = site.until_camera("drawn", "streaming").await;
    site.until_more("drawn", "/counters/detected", 3).await;
    assert_eq!(site.count("drawn", "/counters/alerts").await, 0);
    let mut alerts = site.alerts();

    site.edit("rois.yaml", &rois("drawn", EVERYWHERE, "").replace("pit", "by_hand"));
    assert_eq!(alerts.next().await.roi_name.as_deref(), Some("by_hand"));

    let (status, stored) = site.ask(Method::PUT, "/api/v1/zones/drawn", Some(zone_entry("drawn", "by_editor"))).await;
    assert_eq!((status, &stored["forbidden_rois"][0]["name"]), (StatusCode::OK, &json!("by_editor")));
    assert_eq!(alerts.next().await.roi_name.as_deref(), Some("by_editor"));
    assert_eq!(site.camera("drawn").await["since"], before["since"]);
    assert_eq!(site.get("/api/v1/zones").await["cameras"], json!([stored]));
    site.stop().await;
}

#[tokio::test]
async fn two_editors_and_wrong_zones_are_refused_in_words() {
    let site = Site::start(Plan { rois: String::new(), ..Plan::one("refused", standing()) }).await;
    let answer = site.http.get(site.at("/api/v1/zones/refused")).send().await.expect("is answered");
    let tag = answer.headers()[header::ETAG].clone();
    let defaults: serde_json::Value = answer.json().await.expect("is JSON");
    assert_eq!((&defaults["forbidden_rois"], &defaults["strict_mode"]), (&json!([]), &json!(true)));

    let put = async |name: &str| {
        let request = site.http.put(site.at("/api/v1/zones/refused")).header(header::IF_MATCH, tag.clone());
        request.json(&zone_entry("refused", name)).send().await.expect("is answered")
    };
    assert_eq!(put("first").await.status(), StatusCode::OK);
    let late = put("second").await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(code(&late.json().await.expect("is JSON")), "zones_changed");

    let two_corners = json!({ "forbidden_rois": [{ "points": [[0, 0], [1, 1]] }] });
    let (status, body) = site.ask(Method::PUT, "/api/v1/zones/refused", Some(two_corners)).await;
    assert_eq!((status, code(&body)), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_zones"));
    assert!(body["error"]["message"].as_str().is_some_and(|text| text.contains("at least 3 points")), "{body}");
    let (status, _) = site.ask(Method::PUT, "/api/v1/zones/nobody", Some(zone_entry("nobody", "x"))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/api/v1/zones/refused").await["forbidden_rois"][0]["name"], "first");
    site.stop().await;
}
