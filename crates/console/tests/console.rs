//! The console as a process would run it, beside a real Redis.

mod support;

use std::time::Duration;

use bus::testing::RedisServer;
use bus::{Publisher, Topic};
use domain::alert::Alert;
use serde_json::{Value, json};

use support::{Running, Stream};

/// An alert as the reference system writes it, without the keys that we added.
fn alert(number: u32) -> Alert {
    let json = json!({
        "camera_id": "gate-1",
        "timestamp": format!("2026-11-20T09:00:{number:02}"),
        "detection": {"class_id": 0, "class_name": "person", "confidence": 0.9, "bbox": [1.0, 2.0, 3.0, 4.0], "is_unknown": false},
        "roi_hit": true, "roi_name": "Pit", "violation_type": "forbidden_class", "strict_mode": true,
    });
    serde_json::from_value(json).expect("is an alert")
}

async fn publish(redis: &RedisServer, number: u32) {
    let publisher = Publisher::connect(&redis.url()).expect("is a Redis");
    publisher.publish(&Topic::new("alerts", 1000), &alert(number)).await.expect("Redis takes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_reaches_every_page_and_a_page_that_comes_back_gets_what_it_missed() {
    let redis = RedisServer::new();
    let console = Running::start(&redis, &[]).await;
    let (mut one, mut other) = (Stream::open(&console, None).await, Stream::open(&console, None).await);

    publish(&redis, 1).await;
    let first = one.alert().await;
    assert_eq!(first.data["detection"]["class_name"], "person");
    assert_eq!(first.data["timestamp"], "2026-11-20T09:00:01Z", "written as all alerts are now");
    assert_eq!(other.alert().await, first);

    drop(one);
    publish(&redis, 2).await;
    publish(&redis, 3).await;
    let mut back = Stream::open(&console, Some(&first.id)).await;
    assert_eq!(back.alert().await.data["timestamp"], "2026-11-20T09:00:02Z");
    assert_eq!(back.alert().await.data["timestamp"], "2026-11-20T09:00:03Z");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_misses_nothing_while_the_console_is_restarted() {
    let redis = RedisServer::new();
    let console = Running::start(&redis, &[]).await;
    let mut page = Stream::open(&console, None).await;
    publish(&redis, 1).await;
    let last = page.alert().await;
    console.stop().await;
    publish(&redis, 2).await;

    let console = Running::start(&redis, &[]).await;
    let mut page = Stream::open(&console, Some(&last.id)).await;
    assert_eq!(page.alert().await.data["timestamp"], "2026-11-20T09:00:02Z");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_goes_on_after_redis_was_away() {
    let mut redis = RedisServer::new();
    let console = Running::start(&redis, &[]).await;
    let mut page = Stream::open(&console, None).await;
    publish(&redis, 1).await;
    page.alert().await;

    redis.stop();
    let system = console.system().await;
    assert_eq!(system["redis"]["state"], "unreachable");
    assert!(system["redis"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()));

    redis.start().expect("Redis comes back");
    publish(&redis, 2).await;
    assert_eq!(page.alert().await.data["timestamp"], "2026-11-20T09:00:02Z");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_system_page_tells_who_works_and_what_waits() {
    let redis = RedisServer::new();
    publish(&redis, 1).await;
    let working = Running::start(&redis, &[]).await;
    let console = Running::start(&redis, &[("ALERT_ROUTER_URL", &working.base)]).await;

    let system = console.system().await;
    let state = |name: &str| {
        let services = system["services"].as_array().expect("is a list");
        services.iter().find(|service| service["name"] == name).map(|service| service["state"].clone())
    };
    assert_eq!(state("alert-router"), Some(json!("ready")));
    assert_eq!(state("stream-manager"), Some(json!("unreachable")));
    assert_eq!(state("console"), Some(json!("ready")));
    assert_eq!(system["redis"]["state"], "ready");
    let queues: Vec<(&Value, &Value)> = system["redis"]["queues"]
        .as_array()
        .expect("is a list")
        .iter()
        .map(|queue| (&queue["name"], &queue["length"]))
        .collect();
    assert_eq!(queues, [(&json!("alerts"), &json!(1)), (&json!("alerts:dead"), &json!(0))]);
    console.stop().await;
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_does_not_hold_up_the_page() {
    let redis = RedisServer::new();
    // It takes the connection and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
    let address = format!("http://{}", silent.local_addr().expect("has an address"));
    let console = Running::start(&redis, &[("STREAM_MANAGER_URL", &address)]).await;

    let began = std::time::Instant::now();
    let system = console.system().await;
    assert!(began.elapsed() < Duration::from_secs(6), "took {:?}", began.elapsed());
    assert_eq!(system["services"][0]["reason"], "it does not answer in time");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_do_not_hold_up_the_end() {
    let redis = RedisServer::new();
    let console = Running::start(&redis, &[]).await;
    let mut page = Stream::open(&console, None).await;
    let began = std::time::Instant::now();
    console.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
    assert!(page.next().await.is_none(), "the stream ends");
}
