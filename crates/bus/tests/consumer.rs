//! Consumers of a group against a real Redis.

use std::time::Duration;

use bus::testing::RedisServer;
use bus::{BusError, Consumer, GroupSettings, Inspector, Link, Message, Publisher, Start, Topic};
use chassis::Trace;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn topic() -> Topic<u64> {
    Topic::new("alerts", 10_000)
}

/// Settings with which a dead member is noticed soon.
fn quick() -> GroupSettings {
    GroupSettings { take_over_after: Duration::from_millis(200), ..GroupSettings::new("router") }
}

fn member(redis: &RedisServer, settings: GroupSettings) -> Consumer<u64> {
    Consumer::join(&redis.url(), &topic(), settings).expect("the URL is good")
}

async fn publish(redis: &RedisServer, numbers: impl IntoIterator<Item = u64>) {
    let publisher = Publisher::connect(&redis.url()).expect("the URL is good");
    for number in numbers {
        publisher.publish(&topic(), &number).await.expect("Redis is there");
    }
}

async fn next(consumer: &mut Consumer<u64>) -> Message<u64> {
    timeout(PATIENCE, consumer.next()).await.expect("there is one").expect("Redis is there")
}

/// Asserts that nothing comes for a while that is long against every period in the settings.
async fn assert_silent(consumer: &mut Consumer<u64>) {
    let come = timeout(Duration::from_secs(2), consumer.next()).await;
    assert!(come.is_err(), "{come:?}");
}

async fn pending(redis: &RedisServer) -> u64 {
    let inspector = Inspector::connect(&redis.url()).expect("the URL is good");
    inspector.stream("alerts").await.expect("Redis is there").groups[0].pending
}

#[tokio::test]
async fn members_share_the_messages_and_each_comes_once() {
    let redis = RedisServer::new();
    publish(&redis, 0..40).await;
    let (mut one, mut other) =
        (member(&redis, GroupSettings::new("router")), member(&redis, GroupSettings::new("router")));
    assert_ne!(one.name(), other.name());
    let mut seen = Vec::new();
    for _ in 0..20 {
        for consumer in [&mut one, &mut other] {
            let message = next(consumer).await;
            consumer.ack(message.id).await.expect("Redis is there");
            seen.push(message.value);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..40).collect::<Vec<_>>());
    assert_eq!(pending(&redis).await, 0);
}

#[tokio::test]
async fn a_group_that_starts_now_does_not_see_what_was() {
    let redis = RedisServer::new();
    publish(&redis, [1]).await;
    let settings = GroupSettings { start: Start::Now, ..GroupSettings::new("router") };
    let mut consumer = member(&redis, settings);
    assert_silent(&mut consumer).await;
    publish(&redis, [2]).await;
    assert_eq!(next(&mut consumer).await.value, 2);
}

#[tokio::test]
async fn what_a_dead_member_left_is_taken_over_in_order_and_counted() {
    let redis = RedisServer::new();
    publish(&redis, [1, 2, 3]).await;
    let mut dead = member(&redis, quick());
    assert_eq!(next(&mut dead).await.value, 1);
    drop(dead);
    let mut heir = member(&redis, quick());
    for (value, deliveries) in [(1, 2), (2, 2), (3, 2)] {
        let message = next(&mut heir).await;
        assert_eq!((message.value, message.deliveries), (value, deliveries));
        heir.ack(message.id).await.expect("Redis is there");
    }
    assert_silent(&mut heir).await;
    assert_eq!(pending(&redis).await, 0);
}

#[tokio::test]
async fn an_unacknowledged_message_comes_again_to_the_same_member() {
    let redis = RedisServer::new();
    publish(&redis, [1]).await;
    let mut consumer = member(&redis, quick());
    assert_eq!(next(&mut consumer).await.deliveries, 1);
    let again = next(&mut consumer).await;
    assert_eq!((again.value, again.deliveries), (1, 2));
    consumer.ack(again.id).await.expect("Redis is there");
    assert_silent(&mut consumer).await;
}

#[tokio::test]
async fn a_message_nobody_can_read_is_put_aside_with_its_cause() {
    let redis = RedisServer::new();
    redis.ask("XADD alerts * data {broken").expect("answers");
    redis.ask("XADD alerts * other field").expect("answers");
    publish(&redis, [3]).await;
    let mut consumer = member(&redis, quick());
    assert_eq!(next(&mut consumer).await.value, 3);
    let dead = redis.ask("XRANGE alerts:dead - +").expect("answers");
    assert!(dead.contains("{broken") && dead.contains("cannot be read: "), "{dead}");
    assert!(dead.contains("the message has no field `data`"), "{dead}");
    assert_eq!(pending(&redis).await, 1, "only the good one is pending");
}

#[tokio::test]
async fn a_message_that_is_never_acknowledged_is_put_aside_in_the_end() {
    let redis = RedisServer::new();
    publish(&redis, [1]).await;
    let mut consumer = member(&redis, GroupSettings { max_deliveries: 2, ..quick() });
    assert_eq!(next(&mut consumer).await.deliveries, 1);
    assert_eq!(next(&mut consumer).await.deliveries, 2);
    assert_silent(&mut consumer).await;
    let dead = redis.ask("XRANGE alerts:dead - +").expect("answers");
    assert!(dead.contains("not acknowledged after 2 deliveries"), "{dead}");
    assert_eq!(pending(&redis).await, 0);
}

#[tokio::test]
async fn members_that_are_gone_are_forgotten_once_they_hold_nothing() {
    let redis = RedisServer::new();
    publish(&redis, [1]).await;
    let settings = GroupSettings { forget_after: Duration::from_millis(300), ..quick() };
    let mut gone = member(&redis, settings.clone());
    next(&mut gone).await;
    drop(gone);
    let mut heir = member(&redis, settings);
    let message = next(&mut heir).await;
    heir.ack(message.id).await.expect("Redis is there");
    assert_silent(&mut heir).await;
    let inspector = Inspector::connect(&redis.url()).expect("the URL is good");
    let state = inspector.stream("alerts").await.expect("Redis is there");
    assert_eq!(state.groups[0].consumers, 1);
    heir.leave().await.expect("Redis is there");
    let state = inspector.stream("alerts").await.expect("Redis is there");
    assert_eq!(state.groups[0].consumers, 0);
}

#[tokio::test]
async fn a_member_that_leaves_keeps_what_it_did_not_acknowledge_for_others() {
    let redis = RedisServer::new();
    publish(&redis, [1]).await;
    let mut leaving = member(&redis, quick());
    next(&mut leaving).await;
    leaving.leave().await.expect("Redis is there");
    let mut heir = member(&redis, quick());
    assert_eq!(next(&mut heir).await.value, 1);
}

#[tokio::test]
async fn a_consumer_goes_on_after_redis_was_away() {
    let mut redis = RedisServer::new();
    publish(&redis, [1, 2]).await;
    let mut consumer = member(&redis, GroupSettings::new("router"));
    let first = next(&mut consumer).await;
    redis.stop();
    let lost = consumer.ack(first.id).await.expect_err("Redis is away");
    assert!(matches!(lost, BusError::Unreachable { .. }), "{lost}");
    redis.start().expect("starts again");
    publish(&redis, [3]).await;
    // The second was read before and needs no Redis to be returned.
    assert_eq!(next(&mut consumer).await.value, 2);
    let mut seen = Vec::new();
    while seen.len() < 3 {
        if let Ok(message) = timeout(PATIENCE, consumer.next()).await.expect("in time") {
            consumer.ack(message.id).await.expect("Redis is there");
            seen.push(message.value);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3], "what was not acknowledged came again");
}

#[tokio::test]
async fn a_stream_that_vanished_is_joined_anew() {
    let redis = RedisServer::new();
    publish(&redis, [1]).await;
    let mut consumer = member(&redis, quick());
    let first = next(&mut consumer).await;
    consumer.ack(first.id).await.expect("Redis is there");
    redis.ask("FLUSHALL").expect("answers");
    publish(&redis, [2]).await;
    let mut attempts = 0;
    let message = loop {
        attempts += 1;
        assert!(attempts < 10, "does not find its way back");
        if let Ok(message) = timeout(PATIENCE, consumer.next()).await.expect("in time") {
            break message;
        }
    };
    assert_eq!(message.value, 2);
}

#[tokio::test]
async fn a_consumer_tells_whether_redis_is_there_although_nothing_comes() {
    let mut redis = RedisServer::new();
    let mut consumer = member(&redis, quick());
    let mut link = consumer.link();
    assert_eq!(*link.borrow_and_update(), Link::Untried);
    let reading = tokio::spawn(async move {
        loop {
            if consumer.next().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let mut until = async |is_wanted: fn(&Link) -> bool| {
        timeout(PATIENCE, link.wait_for(is_wanted)).await.expect("in time").expect("is read");
    };
    until(|link| *link == Link::Up).await;
    redis.stop();
    until(|link| matches!(link, Link::Down { reason } if reason.starts_with("cannot reach Redis at 127.0.0.1"))).await;
    redis.start().expect("starts again");
    until(|link| *link == Link::Up).await;
    reading.abort();
}

#[tokio::test]
async fn a_message_carries_the_trace_of_its_sender() {
    let redis = RedisServer::new();
    let trace = Trace::begin();
    trace.follow(publish(&redis, [1])).await;
    publish(&redis, [2]).await;
    let mut consumer = member(&redis, GroupSettings::new("router"));
    assert_eq!(next(&mut consumer).await.trace, Some(trace));
    assert_eq!(next(&mut consumer).await.trace, None);
}
