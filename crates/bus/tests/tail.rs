//! Tails and the inspector against a real Redis.

use std::time::Duration;

use bus::testing::RedisServer;
use bus::{Consumer, EntryId, GroupSettings, Inspector, Publisher, StreamState, Tail, Topic};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn topic() -> Topic<u64> {
    Topic::new("alerts", 10_000)
}

async fn publish(redis: &RedisServer, number: u64) -> EntryId {
    let publisher = Publisher::connect(&redis.url()).expect("the URL is good");
    publisher.publish(&topic(), &number).await.expect("Redis is there")
}

fn tail(redis: &RedisServer, after: Option<EntryId>) -> Tail<u64> {
    Tail::open(&redis.url(), &topic(), after).expect("the URL is good")
}

async fn next(tail: &mut Tail<u64>) -> (EntryId, u64) {
    timeout(PATIENCE, tail.next()).await.expect("there is one").expect("Redis is there")
}

#[tokio::test]
async fn a_tail_replays_what_came_after_an_entry_and_skips_what_cannot_be_read() {
    let redis = RedisServer::new();
    let first = publish(&redis, 1).await;
    redis.ask("XADD alerts * data {broken").expect("answers");
    let third = publish(&redis, 3).await;
    assert_eq!(next(&mut tail(&redis, Some(first))).await, (third, 3));
    assert_eq!(next(&mut tail(&redis, Some(EntryId::ZERO))).await, (first, 1));
}

#[tokio::test]
async fn a_tail_of_what_is_new_sees_every_message_after_its_first_look() {
    let redis = RedisServer::new();
    publish(&redis, 1).await;
    let mut tail = tail(&redis, None);
    let early = timeout(Duration::from_millis(500), tail.next()).await;
    assert!(early.is_err(), "{early:?}");
    publish(&redis, 2).await;
    publish(&redis, 3).await;
    assert_eq!(next(&mut tail).await.1, 2);
    assert_eq!(next(&mut tail).await.1, 3);
}

#[tokio::test]
async fn a_tail_keeps_its_place_while_redis_is_away() {
    let mut redis = RedisServer::new();
    publish(&redis, 1).await;
    let mut tail = tail(&redis, Some(EntryId::ZERO));
    assert_eq!(next(&mut tail).await.1, 1);
    redis.stop();
    timeout(PATIENCE, tail.next()).await.expect("in time").expect_err("Redis is away");
    redis.start().expect("starts again");
    publish(&redis, 2).await;
    let message = loop {
        if let Ok(message) = timeout(PATIENCE, tail.next()).await.expect("in time") {
            break message;
        }
    };
    assert_eq!(message.1, 2);
}

#[tokio::test]
async fn the_inspector_tells_how_far_behind_a_group_is() {
    let redis = RedisServer::new();
    let inspector = Inspector::connect(&redis.url()).expect("the URL is good");
    let nothing = inspector.stream("alerts").await.expect("Redis is there");
    assert_eq!(nothing, StreamState::default());
    let mut consumer = Consumer::join(&redis.url(), &topic(), GroupSettings::new("router")).expect("joins");
    let first = publish(&redis, 0).await;
    timeout(PATIENCE, consumer.next()).await.expect("in time").expect("Redis is there");
    let mut last = first;
    for number in 1..30 {
        last = publish(&redis, number).await;
    }
    let state = inspector.stream("alerts").await.expect("Redis is there");
    assert_eq!((state.length, state.first_id, state.last_id), (30, Some(first), Some(last)));
    let group = &state.groups[0];
    assert_eq!((group.name.as_str(), group.consumers), ("router", 1));
    assert_eq!((group.pending, group.lag), (1, Some(29)));
    assert!(group.oldest_pending_idle_ms.is_some_and(|idle| idle < 20_000), "{group:?}");
}

#[tokio::test]
async fn the_inspector_tells_how_the_server_is() {
    let redis = RedisServer::new();
    let inspector = Inspector::connect(&redis.url()).expect("the URL is good");
    let server = inspector.server().await.expect("Redis is there");
    assert!(server.version.starts_with(|first: char| first.is_ascii_digit()), "{server:?}");
    assert!(server.used_memory_bytes > 100_000 && server.connected_clients >= 1, "{server:?}");
}

#[tokio::test]
async fn the_inspector_tells_whether_the_server_keeps_what_it_is_told() {
    let redis = RedisServer::new();
    let inspector = Inspector::connect(&redis.url()).expect("the URL is good");
    let kept = inspector.durability().await.expect("Redis is there");
    assert_eq!((kept.append_only, kept.snapshots, kept.last_write_succeeded), (true, Some(false), true));
    assert_eq!((kept.max_memory_bytes, kept.eviction.as_str()), (0, "noeviction"));

    redis.ask("CONFIG SET appendonly no maxmemory 50mb maxmemory-policy allkeys-lru").expect("Redis is there");
    let kept = inspector.durability().await.expect("Redis is there");
    assert_eq!((kept.append_only, kept.max_memory_bytes), (false, 50 << 20));
    assert_eq!(kept.eviction, "allkeys-lru");
}
