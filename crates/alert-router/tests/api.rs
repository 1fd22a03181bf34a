//! The HTTP API as its callers see it.

mod support;

use serde_json::Value;
use support::{Router, Site, alert};

/// A router with five alerts, the newest last.
async fn five(site: &Site) -> Router {
    let router = site.router(&[]).await;
    for number in 0..5 {
        let mut alert = alert(&format!("a{number}"), f64::from(50 - number * 10));
        if number == 3 {
            alert["camera_id"] = "yard".into();
            alert["severity"] = "critical".into();
        }
        site.publish(&alert).await;
    }
    site.until_accounts(&router, "delivered", 5).await;
    router
}

fn ids(page: &Value) -> Vec<&str> {
    let alerts = page["alerts"].as_array().expect("a list");
    alerts.iter().map(|alert| alert["alert_id"].as_str().expect("is text")).collect()
}

#[tokio::test]
async fn alerts_are_listed_newest_first_page_by_page() {
    let site = Site::new().await;
    let router = five(&site).await;
    let first = site.get(&router, "/api/v1/alerts?limit=3").await;
    assert_eq!(ids(&first), ["a4", "a3", "a2"]);
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = site.get(&router, &format!("/api/v1/alerts?limit=3&cursor={cursor}")).await;
    assert_eq!(ids(&second), ["a1", "a0"]);
    assert_eq!(second["next_cursor"], Value::Null);
    let alert = &second["alerts"][0];
    assert_eq!((&alert["outcome"], &alert["camera_id"]), (&"delivered".into(), &"gate".into()));
    assert!(alert["received_at"].as_str().is_some_and(|time| time.ends_with('Z')), "{alert}");
}

#[tokio::test]
async fn alerts_are_filtered() {
    let site = Site::new().await;
    let router = five(&site).await;
    for (query, expected) in [
        ("camera=yard", vec!["a3"]),
        ("severity=critical", vec!["a3"]),
        ("class=object&zone=pit&camera=gate", vec!["a4", "a2", "a1", "a0"]),
        ("outcome=silenced", vec![]),
        ("from=2999-01-01T00:00:00Z", vec![]),
        ("to=2999-01-01T00:00:00%2B02:00&limit=1", vec!["a4"]),
    ] {
        let page = site.get(&router, &format!("/api/v1/alerts?{query}")).await;
        assert_eq!(ids(&page), expected, "{query}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_a_reason() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    for (path, status, reason) in [
        ("/api/v1/alerts?limit=0", 422, "limit: expected 1 to 500, found 0"),
        ("/api/v1/alerts?limit=501", 422, "limit: expected 1 to 500, found 501"),
        ("/api/v1/alerts?cursor=x", 422, "cursor: is not a cursor that this API gave out"),
        ("/api/v1/alerts?from=yesterday", 400, "from: "),
        ("/api/v1/alerts?severity=loud", 400, "unknown variant `loud`"),
        ("/api/v1/alerts?kamera=gate", 400, "unknown field `kamera`"),
        ("/api/v1/alerts/..%2Fetc", 400, ""),
        ("/api/v1/alerts/nobody", 404, "there is no alert nobody"),
        ("/api/v1/nothing", 404, "there is nothing at this path"),
    ] {
        let answer = site.client.get(router.url(path)).send().await.expect("is answered");
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let body: Value = answer.json().await.expect("the one error body");
        let message = body["error"]["message"].as_str().expect("has a message");
        assert!(message.contains(reason), "{path}: {message}");
    }
}

#[tokio::test]
async fn the_status_tells_where_alerts_come_from_and_go_to() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    let status = site.get(&router, "/api/v1/status").await;
    assert_eq!(status["channel"], "webhook");
    assert_eq!(status["accounts"]["detected"], 0);
    let intake = &status["intake"];
    assert_eq!(
        (&intake["connected"], &intake["stream"], &intake["group"]),
        (&true.into(), &"alerts".into(), &"alert_router".into())
    );
    assert_eq!(intake["last_received_at"], Value::Null);
    site.publish(&alert("a", 0.0)).await;
    site.until_accounts(&router, "delivered", 1).await;
    let status = site.get(&router, "/api/v1/status").await;
    assert!(status["intake"]["last_received_at"].is_string(), "{status}");
}

#[tokio::test]
async fn the_description_is_served() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    let served = site.get(&router, "/openapi.json").await;
    let committed: Value = serde_json::from_str(include_str!("../openapi.json")).expect("is JSON");
    assert_eq!(served, committed);
}
