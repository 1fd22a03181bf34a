//! Parts that die, one after the other. No alert may be lost, and none may be another on its second
//! delivery.

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use support::receiver::Behaviour;
use support::{Site, alert, until};
use tokio::time::sleep;

/// Passes connections on to Redis until somebody acknowledges a message; that command and all after
/// it disappear. Returns the URL.
fn redis_that_hears_no_acknowledgement(redis: &str) -> String {
    let redis = redis.trim_start_matches("redis://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("has an address");
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(&redis)) else { return };
            let (from, to) = (client.try_clone().expect("is open"), server.try_clone().expect("is open"));
            thread::spawn(move || pass_on(from, to, b"XACK"));
            thread::spawn(move || pass_on(server, client, b"\0never"));
        }
    });
    format!("redis://{address}")
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, end: &[u8]) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let piece = &buffer[..length];
        let is_end = piece.windows(end.len()).any(|window| window == end);
        if is_end || to.write_all(piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[tokio::test]
async fn an_alert_recorded_and_not_acknowledged_is_the_same_alert_when_it_comes_again() {
    let site = Site::new().await;
    let broken = redis_that_hears_no_acknowledgement(&site.redis.url_text());
    let first = site.router(&[("REDIS_URL", &broken)]).await;
    site.publish(&alert("a1", 0.0)).await;
    site.until_accounts(&first, "delivered", 1).await;
    first.kill();
    assert_eq!(site.pending().await, 1, "it was not acknowledged");

    let second = site.router(&[("ALERTING_TAKE_OVER_SECONDS", "1")]).await;
    until("it is acknowledged", async || site.pending().await == 0).await;
    let accounts = site.accounts(&second).await;
    assert_eq!((&accounts["detected"], &accounts["delivered"]), (&1.into(), &1.into()), "{accounts}");
    assert_eq!(site.receiver.ids(), ["a1"], "it was delivered once");
    second.stop().await;
}

#[tokio::test]
async fn a_delivery_cut_off_by_a_crash_is_made_again_with_the_same_id() {
    let site = Site::new().await;
    let first = site.router(&[]).await;
    site.receiver.then([Behaviour::Slow(Duration::from_secs(20))]);
    site.publish(&alert("a1", 0.0)).await;
    site.receiver.until(1).await;
    first.kill();

    let second = site.router(&[]).await;
    site.until_accounts(&second, "delivered", 1).await;
    assert_eq!(site.receiver.ids(), ["a1", "a1"]);
}

#[tokio::test]
async fn a_delivery_under_way_is_finished_before_the_end() {
    let site = Site::new().await;
    let mut first = site.router(&[]).await;
    site.receiver.then([Behaviour::Slow(Duration::from_secs(2))]);
    site.publish(&alert("a1", 0.0)).await;
    site.receiver.until(1).await;
    first.terminate();
    assert_eq!(first.exit_code().await, Some(0));

    let second = site.router(&[]).await;
    assert_eq!(site.accounts(&second).await["delivered"], 1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(site.receiver.ids(), ["a1"]);
}

#[tokio::test]
async fn what_waits_for_another_attempt_survives_a_restart() {
    let site = Site::new().await;
    let first = site.router(&[]).await;
    site.receiver.then([Behaviour::Busy(3)]);
    site.publish(&alert("a1", 0.0)).await;
    site.receiver.until(1).await;
    until("the failure is written down", async || {
        site.get(&first, "/api/v1/alerts/a1").await["deliveries"][0]["attempts"] == 1
    })
    .await;
    first.stop().await;

    let second = site.router(&[]).await;
    site.until_accounts(&second, "delivered", 1).await;
    let received = site.receiver.received();
    assert!(received[1].at - received[0].at >= Duration::from_secs(3), "the pause was forgotten");
}

#[tokio::test]
async fn the_router_goes_on_after_redis_was_away() {
    let mut site = Site::new().await;
    let router = site.router(&[]).await;
    site.publish(&alert("before", 0.0)).await;
    site.until_accounts(&router, "delivered", 1).await;
    site.redis.stop();
    until("it says that it is not ready", async || site.readiness(&router).await == Some(503)).await;
    site.redis.start().expect("starts again");
    site.until_ready(&router).await;
    site.publish(&alert("after", 0.0)).await;
    site.until_accounts(&router, "delivered", 2).await;
    assert_eq!(site.receiver.ids(), ["before", "after"]);
    router.stop().await;
}

#[tokio::test]
async fn the_router_waits_for_redis_at_its_start() {
    let mut site = Site::new().await;
    site.redis.stop();
    let router = site.started_router(&[]);
    until("it answers", async || site.readiness(&router).await == Some(503)).await;
    until("it says why", async || {
        let answer = site.client.get(router.url("/readyz")).send().await.expect("is answered");
        answer.text().await.expect("is text").contains("cannot reach Redis at 127.0.0.1")
    })
    .await;
    site.redis.start().expect("starts");
    site.until_ready(&router).await;
}

#[tokio::test]
async fn a_router_that_waits_for_redis_can_be_stopped() {
    let mut site = Site::new().await;
    site.redis.stop();
    let router = site.started_router(&[]);
    until("it answers", async || site.readiness(&router).await == Some(503)).await;
    router.stop().await;
}

#[tokio::test]
async fn what_nobody_can_read_is_put_aside_and_the_rest_is_delivered() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    site.publish(&serde_json::json!({"camera_id": "../etc", "timestamp": "yesterday"})).await;
    site.publish(&alert("good", 0.0)).await;
    site.until_accounts(&router, "delivered", 1).await;
    assert_eq!(site.receiver.ids(), ["good"]);
    let dead = site.redis.ask("XRANGE alerts:dead - +").expect("answers");
    assert!(dead.contains("yesterday") && dead.contains("cannot be read: "), "{dead}");
    assert_eq!(site.pending().await, 0);
}

#[tokio::test]
async fn two_routers_share_the_alerts_and_one_takes_over_from_the_other() {
    let site = Site::new().await;
    let other_dir = tempfile::tempdir().expect("a directory");
    let other_dir = other_dir.path().to_str().expect("is UTF-8");
    let quick = ("ALERTING_TAKE_OVER_SECONDS", "1");
    let one = site.router(&[quick]).await;
    let broken = redis_that_hears_no_acknowledgement(&site.redis.url_text());
    let other = site.router(&[quick, ("DATA_DIR", other_dir), ("REDIS_URL", &broken)]).await;
    for number in 0..40 {
        site.publish(&alert(&format!("a{number}"), 0.0)).await;
    }
    // The other records what it gets and cannot acknowledge it.
    until("the other got its share", async || site.accounts(&other).await["detected"] != 0).await;
    other.kill();
    until("everything is acknowledged", async || site.pending().await == 0).await;
    until("every alert arrived", async || {
        let mut ids = site.receiver.ids();
        ids.sort();
        ids.dedup();
        ids.len() == 40
    })
    .await;
    one.stop().await;
}

#[tokio::test]
async fn a_second_router_on_the_same_data_is_refused_in_one_sentence() {
    let site = Site::new().await;
    let _first = site.router(&[]).await;
    let second = site.command("0", &[]).stderr(Stdio::piped()).output().expect("is built");
    assert_eq!(second.status.code(), Some(1));
    let log = String::from_utf8(second.stderr).expect("is text");
    let dir = site.dir.path().join("alert-router");
    let told = format!("starting the alert router: {} is used by another alert router", dir.display());
    assert!(log.trim_end().ends_with(&told), "{log}");
}

#[tokio::test]
async fn a_wrong_setting_is_refused_in_one_sentence() {
    let site = Site::new().await;
    std::fs::write(site.dir.path().join("services.yaml"), "alerting:\n  protcol: stdout\n").expect("is written");
    let router = site.command("0", &[]).stderr(Stdio::piped()).output().expect("is built");
    assert_eq!(router.status.code(), Some(2));
    let log = String::from_utf8(router.stderr).expect("is text");
    let told = "services.yaml:2: alerting.protcol: is no known key, did you mean protocol?";
    assert!(log.contains("starting alert-router: ") && log.trim_end().ends_with(told), "{log}");
}

#[tokio::test]
async fn an_alert_that_cannot_be_recorded_stays_with_redis_until_it_can() {
    let site = Site::new().await;
    let router = site.router(&[]).await;
    let file = site.dir.path().join("alert-router/alerts.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let book = sqlx::SqlitePool::connect_with(options).await.expect("is there");
    sqlx::query("ALTER TABLE alerts RENAME TO hidden").execute(&book).await.expect("is renamed");

    site.publish(&alert("a1", 0.0)).await;
    until("it says that it is not ready", async || site.readiness(&router).await == Some(503)).await;
    assert_eq!(site.pending().await, 1, "it was not acknowledged");

    sqlx::query("ALTER TABLE hidden RENAME TO alerts").execute(&book).await.expect("is renamed back");
    site.until_ready(&router).await;
    site.until_accounts(&router, "delivered", 1).await;
    assert_eq!(site.receiver.ids(), ["a1"]);
    assert_eq!(site.pending().await, 0);
    router.stop().await;
}
