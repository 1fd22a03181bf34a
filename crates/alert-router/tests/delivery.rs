//! Alerts on their way from Redis to where they are wanted.

mod support;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use support::receiver::Behaviour;
use support::{Site, alert, alert_at};

#[tokio::test]
async fn an_alert_arrives_once_signed_and_as_the_reference_sends_it() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    let sent = alert("a1", 0.0);
    site.publish(&sent).await;
    site.until_accounts(&router, "delivered", 1).await;

    let received = site.receiver.received();
    assert_eq!(received.len(), 1);
    received[0].assert_signed();
    assert_eq!(received[0].id(), "a1");
    assert_eq!(received[0].headers["content-type"], "application/json");
    let body = received[0].json();
    for key in
        ["camera_id", "detection", "roi_hit", "frame_id", "roi_name", "violation_type", "strict_mode", "alert_id"]
    {
        assert_eq!(body[key], sent[key], "{key}");
    }
    assert!(body["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{body}");
    assert_eq!(site.pending().await, 0);
    router.stop().await;
}

#[tokio::test]
async fn an_alert_of_the_reference_gets_an_id_and_a_time_zone() {
    let site = Site::new().await;
    let router = site.router(&[("ALERTING_MAX_AGE_SECONDS", "0")]).await;
    site.publish(&json!({
        "camera_id": "gate", "timestamp": "2025-10-01T12:00:00.500000", "roi_hit": true,
        "detection": {"class_id": 0, "class_name": "object", "confidence": 0.9, "bbox": [1, 2, 3, 4], "center": [2, 3], "is_unknown": false},
    }))
    .await;
    site.until_accounts(&router, "delivered", 1).await;
    let received = &site.receiver.received()[0];
    assert_eq!(received.json()["timestamp"], "2025-10-01T12:00:00.5Z");
    assert_eq!(received.json()["alert_id"], received.id());
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_with_the_same_id_and_its_pause_is_kept() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    site.receiver.then([Behaviour::Answer(500), Behaviour::Busy(2), Behaviour::Answer(204)]);
    site.publish(&alert("a1", 0.0)).await;
    site.until_accounts(&router, "delivered", 1).await;

    let received = site.receiver.received();
    assert_eq!(site.receiver.ids(), ["a1", "a1", "a1"]);
    received.iter().for_each(support::receiver::Received::assert_signed);
    assert!(received[1].at - received[0].at >= Duration::from_millis(500), "no pause after a failure");
    assert!(received[2].at - received[1].at >= Duration::from_secs(2), "Retry-After was not kept");
    let detail = site.get(&router, "/api/v1/alerts/a1").await;
    assert_eq!(detail["outcome"], "delivered");
    assert_eq!(detail["deliveries"][0]["attempts"], 3);
    assert_eq!(detail["deliveries"][0]["last_error"], "answered 503 Service Unavailable");
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_tried_again() {
    let site = Site::new().await;
    let router = site.router(&[("ALERTING_WEBHOOK_TIMEOUT_SECONDS", "0.3")]).await;
    site.receiver.then([Behaviour::Slow(Duration::from_secs(20))]);
    site.publish(&alert("a1", 0.0)).await;
    site.until_accounts(&router, "delivered", 1).await;
    let detail = site.get(&router, "/api/v1/alerts/a1").await;
    assert_eq!(detail["deliveries"][0]["last_error"], "no answer in time");
}

#[tokio::test]
async fn one_slow_answer_does_not_hold_up_the_others() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    site.receiver.then([Behaviour::Slow(Duration::from_secs(4))]);
    for id in ["slow", "b", "c", "d"] {
        site.publish(&alert(id, 0.0)).await;
        site.receiver.until(if id == "slow" { 1 } else { 2 }).await;
    }
    site.until_accounts(&router, "delivered", 3).await;
    let slow = site.get(&router, "/api/v1/alerts/slow").await;
    assert_eq!(slow["outcome"], "pending");
}

#[tokio::test]
async fn a_redirect_is_refused_and_not_followed() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    site.receiver.then([Behaviour::Redirect]);
    site.publish(&alert("a1", 0.0)).await;
    site.until_accounts(&router, "dead_lettered", 1).await;
    assert_eq!(site.receiver.received().len(), 1);
    let detail = site.get(&router, "/api/v1/alerts/a1").await;
    let told = "answered 307 Temporary Redirect; redirects are not followed";
    assert_eq!(detail["deliveries"][0]["last_error"], told);
}

#[tokio::test]
async fn a_dead_letter_can_be_replayed() {
    let site = Site::new().await;
    let router = site.router(&[("ALERTING_WEBHOOK_RETRY_ATTEMPTS", "2")]).await;
    site.receiver.then([Behaviour::Answer(403), Behaviour::Answer(500), Behaviour::Answer(429)]);
    site.publish(&alert("refused", 0.0)).await;
    site.receiver.until(1).await;
    site.publish(&alert("exhausted", 0.0)).await;
    site.until_accounts(&router, "dead_lettered", 2).await;
    assert_eq!(site.receiver.ids(), ["refused", "exhausted", "exhausted"]);

    let letters = site.get(&router, "/api/v1/dead-letters").await;
    let ids: Vec<_> = letters["alerts"].as_array().expect("a list").iter().map(|alert| &alert["alert_id"]).collect();
    assert_eq!(ids, ["exhausted", "refused"]);
    let replay = async |id: &str| {
        let url = router.url(&format!("/api/v1/dead-letters/{id}/replay"));
        site.client.post(url).send().await.expect("is answered").status().as_u16()
    };
    assert_eq!(replay("refused").await, 202);
    site.until_accounts(&router, "delivered", 1).await;
    assert_eq!(replay("refused").await, 404);
    assert_eq!(replay("nobody").await, 404);
    assert_eq!(site.accounts(&router).await["dead_lettered"], 1);
}

/// Publishes alerts of one kind at these seconds of event time; returns which were delivered.
async fn goldens(window: &str, max: &str, seconds: &[f64]) -> Vec<bool> {
    let site = Site::new().await;
    let settings = [("ALERTING_DEBOUNCE_WINDOW_SECONDS", window), ("ALERTING_MAX_ALERTS_PER_WINDOW", max)];
    let router = site.router(&settings).await;
    let start = Timestamp::now() - SignedDuration::from_mins(5);
    for (index, seconds) in seconds.iter().enumerate() {
        let time = start + SignedDuration::from_secs_f64(*seconds);
        site.publish(&alert_at(&format!("a{index}"), time)).await;
    }
    support::until("all are settled", async || {
        let accounts = site.accounts(&router).await;
        accounts["detected"] == seconds.len() && accounts["pending"] == 0
    })
    .await;
    let delivered = site.receiver.ids();
    (0..seconds.len()).map(|index| delivered.contains(&format!("a{index}"))).collect()
}

#[tokio::test]
async fn one_in_five_seconds_is_delivered() {
    let delivered = goldens("5", "1", &[0.0, 1.0, 4.999, 5.0, 5.1, 9.9, 10.0]).await;
    assert_eq!(delivered, [true, false, false, true, false, false, true]);
}

#[tokio::test]
async fn two_in_five_seconds_are_delivered() {
    assert_eq!(goldens("5", "2", &[0.0, 1.0, 2.0, 5.0, 5.5, 6.0]).await, [true, true, false, true, false, true]);
}

#[tokio::test]
async fn an_empty_window_lets_everything_through() {
    assert_eq!(goldens("0", "1", &[0.0, 0.0, 0.0, 0.1]).await, [true, true, true, true]);
}

#[tokio::test]
async fn what_comes_out_of_order_is_judged_by_its_own_time() {
    assert_eq!(goldens("5", "1", &[100.0, 90.0, 106.0]).await, [true, false, true]);
}

#[tokio::test]
async fn a_first_start_keeps_an_old_backlog_and_does_not_deliver_it() {
    let site = Site::new().await;
    for (id, seconds_ago) in [("old", 7200.0), ("older", 9000.0), ("young", 60.0)] {
        site.publish(&alert(id, seconds_ago)).await;
    }
    let router = site.router(&[]).await;
    site.until_accounts(&router, "delivered", 1).await;
    site.until_accounts(&router, "expired", 2).await;
    assert_eq!(site.receiver.ids(), ["young"]);
    assert_eq!(site.pending().await, 0);
}

#[tokio::test]
async fn the_standard_output_holds_one_alert_per_line_and_nothing_else() {
    let site = Site::new().await;
    let settings = [("ALERTING_PROTOCOL", "stdout"), ("ALERTING_STDOUT_FORMAT", "lines")];
    let router = site.router(&settings).await;
    for id in ["a", "b", "c"] {
        site.publish(&alert(id, 0.0)).await;
    }
    site.until_accounts(&router, "delivered", 3).await;
    let output = router.output().await;
    let ids: Vec<serde_json::Value> = output
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON")["alert_id"].clone())
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[tokio::test]
async fn the_receiver_is_told_the_trace_and_each_attempt_is_a_part_of_it() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    site.receiver.then([Behaviour::Answer(500)]);
    let trace = chassis::Trace::begin();
    trace.follow(site.publish(&alert("a1", 0.0))).await;
    site.until_accounts(&router, "delivered", 1).await;
    let parts: Vec<chassis::Trace> = site
        .receiver
        .received()
        .iter()
        .map(|received| received.headers["traceparent"].to_str().expect("is text").parse().expect("is one"))
        .collect();
    assert_eq!(parts.iter().map(|part| part.id()).collect::<Vec<_>>(), [trace.id(), trace.id()]);
    assert!(parts[0] != parts[1] && parts[0] != trace, "{parts:?}");
}

#[tokio::test]
async fn what_is_known_before_the_first_alert_is_shown_at_zero() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    let answer = site.client.get(router.url("/metrics")).send().await.expect("is answered");
    let text = answer.text().await.expect("is text");
    for line in [
        "ronda_alerts_recorded_total{severity=\"critical\",verdict=\"silence\"} 0",
        "ronda_alerts_repeated_total 0",
        "ronda_delivery_attempts_total{channel=\"webhook\",result=\"refused\"} 0",
        "ronda_delivery_seconds_count{channel=\"webhook\"} 0",
        "ronda_alert_delay_seconds_count{channel=\"webhook\"} 0",
        "ronda_bus_received_total{topic=\"alerts\"} 0",
        "ronda_bus_dead_total{topic=\"alerts\"} 0",
        "ronda_bus_lag{topic=\"alerts\"} 0",
        "ronda_ready{condition=\"recording\"} 1",
        "ronda_task_restarts_total 0",
        "ronda_log_events_total{level=\"error\"} 0",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is missing in {text}");
    }
}

#[tokio::test]
async fn the_metrics_add_up_and_tell_how_long_it_took() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    site.receiver.then([Behaviour::Answer(500)]);
    site.publish(&alert("a", 0.0)).await;
    site.until_accounts(&router, "delivered", 1).await;
    let text = async || {
        let answer = site.client.get(router.url("/metrics")).send().await.expect("is answered");
        answer.text().await.expect("is text")
    };
    let has = |text: &str, line: &str| text.lines().any(|other| other == line);
    support::until("the metrics show the delivery", async || {
        has(&text().await, "ronda_alerts{outcome=\"delivered\"} 1")
    })
    .await;
    let text = text().await;
    for line in [
        "ronda_alerts_detected 1",
        "ronda_alerts{outcome=\"pending\"} 0",
        "ronda_alerts{outcome=\"dead_lettered\"} 0",
        "ronda_delivery_attempts_total{channel=\"webhook\",result=\"try_later\"} 1",
        "ronda_delivery_attempts_total{channel=\"webhook\",result=\"delivered\"} 1",
        "ronda_alert_delay_seconds_count{channel=\"webhook\"} 1",
        "ronda_bus_received_total{topic=\"alerts\"} 1",
        "ronda_bus_delay_seconds_count{topic=\"alerts\"} 1",
        "ronda_alerts_recorded_total{severity=\"warning\",verdict=\"deliver\"} 1",
        "ronda_delivery_oldest_pending_seconds 0",
        "ronda_redis_up 1",
    ] {
        assert!(has(&text, line), "{line} is missing in {text}");
    }
}
