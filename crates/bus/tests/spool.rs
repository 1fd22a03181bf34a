//! The spooled publisher against a real Redis that comes and goes.

use std::fs;
use std::time::Duration;

use bus::testing::RedisServer;
use bus::{Consumer, EntryId, GroupSettings, SpoolError, SpoolSettings, SpooledPublisher, Tail, Topic};
use chassis::{Stop, Trace};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

fn topic() -> Topic<u64> {
    Topic::new("alerts", 10_000)
}

fn settings(dir: &TempDir) -> SpoolSettings {
    SpoolSettings::new(dir.path().join("spool"))
}

/// A publisher and the task that drains it.
struct Draining {
    publisher: SpooledPublisher<u64>,
    stop: Stop,
    task: JoinHandle<()>,
}

fn draining(redis: &RedisServer, settings: SpoolSettings) -> Draining {
    let publisher = SpooledPublisher::open(&redis.url(), &topic(), settings).expect("is opened");
    let stop = Stop::new();
    let (drained, until) = (publisher.clone(), stop.clone());
    let task = tokio::spawn(async move { drained.drain(until).await });
    Draining { publisher, stop, task }
}

impl Draining {
    async fn until_empty(&self) {
        let empty = async {
            while self.publisher.waiting() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, empty).await.expect("is drained in time");
    }

    async fn end(self) {
        self.stop.stop();
        timeout(PATIENCE, self.task).await.expect("ends in time").expect("does not panic");
    }
}

/// Returns the first `count` messages of the stream.
async fn received(redis: &RedisServer, count: usize) -> Vec<u64> {
    let mut tail = Tail::open(&redis.url(), &topic(), Some(EntryId::ZERO)).expect("is opened");
    let mut messages = Vec::new();
    while messages.len() < count {
        let next = timeout(PATIENCE, tail.next()).await.expect("there are more");
        messages.push(next.expect("is readable").1);
    }
    messages
}

#[tokio::test]
async fn messages_arrive_in_order() {
    let (redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    let spool = draining(&redis, settings(&dir));
    for number in 0..20 {
        spool.publisher.publish(&number).await.expect("is taken");
    }
    assert_eq!(received(&redis, 20).await, (0..20).collect::<Vec<_>>());
    spool.until_empty().await;
    assert_eq!(files(&dir), ["lock"]);
    spool.end().await;
}

/// Returns what is in the spool directory.
fn files(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path().join("spool")).expect("is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("is readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn nothing_is_lost_while_redis_is_stopped_killed_and_started_again() {
    let (mut redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    let spool = draining(&redis, settings(&dir));
    let writer = {
        let publisher = spool.publisher.clone();
        tokio::spawn(async move {
            for number in 0..300 {
                publisher.publish(&number).await.expect("is taken, Redis or not");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    };
    for end in [RedisServer::stop, RedisServer::kill] {
        tokio::time::sleep(Duration::from_millis(300)).await;
        end(&mut redis);
        tokio::time::sleep(Duration::from_millis(300)).await;
        redis.start().expect("starts again");
    }
    writer.await.expect("does not panic");
    spool.until_empty().await;
    spool.end().await;
    // One whose answer was lost may be there twice; its number says so.
    let length = redis.ask("XLEN alerts").expect("answers");
    let length: usize = length.trim_start_matches(':').trim().parse().expect("a number");
    let mut all = received(&redis, length).await;
    all.dedup();
    assert_eq!(all, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_waits_survives_the_end_of_the_process() {
    let (mut redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    redis.stop();
    let before = draining(&redis, settings(&dir));
    for number in [7, 8, 9] {
        before.publisher.publish(&number).await.expect("is taken");
    }
    before.end().await;
    redis.start().expect("starts again");
    let after = draining(&redis, settings(&dir));
    after.publisher.publish(&10).await.expect("is taken");
    assert_eq!(received(&redis, 4).await, [7, 8, 9, 10]);
    after.end().await;
}

#[tokio::test]
async fn a_full_spool_refuses_the_new_and_keeps_the_old() {
    let (mut redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    redis.stop();
    let spool = draining(&redis, SpoolSettings { max_entries: 2, ..settings(&dir) });
    for number in [1, 2] {
        spool.publisher.publish(&number).await.expect("is taken");
    }
    let refused = spool.publisher.publish(&3).await.expect_err("is full");
    assert!(matches!(refused, SpoolError::Full { entries: 2, .. }), "{refused}");
    redis.start().expect("starts again");
    spool.until_empty().await;
    spool.publisher.publish(&4).await.expect("there is room again");
    assert_eq!(received(&redis, 3).await, [1, 2, 4]);
    spool.end().await;
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let (mut redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    redis.stop();
    let spool = draining(&redis, SpoolSettings { max_bytes: 4, ..settings(&dir) });
    spool.publisher.publish(&123).await.expect("three bytes fit");
    let refused = spool.publisher.publish(&45).await.expect_err("two more do not");
    assert!(matches!(refused, SpoolError::Full { bytes: 3, .. }), "{refused}");
    spool.publisher.publish(&6).await.expect("one more does");
    spool.end().await;
}

#[tokio::test]
async fn a_corrupt_file_is_set_aside_and_the_rest_is_sent() {
    let (mut redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    redis.stop();
    let before = draining(&redis, settings(&dir));
    for number in [1, 2, 3] {
        before.publisher.publish(&number).await.expect("is taken");
    }
    before.end().await;
    let spool = dir.path().join("spool");
    fs::write(spool.join("00000000000000000001.json"), "").expect("is written");
    fs::write(spool.join("00000000000000000009.partial"), "half").expect("is written");
    redis.start().expect("starts again");
    let after = draining(&redis, settings(&dir));
    assert_eq!(received(&redis, 2).await, [1, 3]);
    after.until_empty().await;
    after.end().await;
    assert_eq!(files(&dir), ["corrupt", "lock"]);
    assert!(spool.join("corrupt/00000000000000000001.json").is_file());
}

#[tokio::test]
async fn a_directory_has_one_owner() {
    let (redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    let _owner = SpooledPublisher::open(&redis.url(), &topic(), settings(&dir)).expect("is free");
    let refused = SpooledPublisher::open(&redis.url(), &topic(), settings(&dir));
    assert!(matches!(refused, Err(SpoolError::InUse(_))), "{refused:?}");
}

#[tokio::test]
async fn a_message_keeps_its_trace_on_disk_and_on_the_way() {
    let (mut redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    redis.stop();
    let before = draining(&redis, settings(&dir));
    let trace = Trace::begin();
    trace.follow(before.publisher.publish(&1)).await.expect("is taken");
    before.publisher.publish(&2).await.expect("is taken");
    before.end().await;
    redis.start().expect("starts again");
    let after = draining(&redis, settings(&dir));
    let mut consumer = Consumer::join(&redis.url(), &topic(), GroupSettings::new("router")).expect("the URL is good");
    let mut next = async || timeout(PATIENCE, consumer.next()).await.expect("there is one").expect("Redis is there");
    let (first, second) = (next().await, next().await);
    assert_eq!([(first.value, first.trace), (second.value, second.trace)], [(1, Some(trace)), (2, None)]);
    after.until_empty().await;
    after.end().await;
}

#[tokio::test]
async fn whether_redis_is_there_is_known_before_there_is_anything_to_send() {
    let (redis, dir) = (RedisServer::new(), tempfile::tempdir().expect("a directory"));
    let spool = draining(&redis, settings(&dir));
    let is_up = async {
        while !chassis::metrics::text().contains("ronda_redis_up 1\n") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, is_up).await.expect("is asked at the start");
    spool.end().await;
}
