//! The cameras of a robot that sees what each test wants it to see.

use bytes::Bytes;

use super::mjpeg::Watching;
use super::*;
use crate::link::puppet::Puppet;

const LIMIT: Duration = Duration::from_secs(5);

fn shot(text: &'static str, captured_at: Option<Timestamp>) -> Shot {
    Shot { jpeg: Bytes::from_static(text.as_bytes()), captured_at }
}

fn look(puppet: &Arc<Puppet>, idle_stream: bool) -> Hub {
    let hub = Hub::new(puppet.clone(), idle_stream);
    tokio::spawn(hub.clone().run(Stop::new()));
    hub
}

fn watching(hub: &Hub) -> Watching {
    Watching { viewer: hub.watch(Camera::Front), shown: None }
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_a_camera_that_nobody_wants_to_see() {
    let puppet = Puppet::new();
    puppet.show(shot("a", None));
    let hub = look(&puppet, false);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(puppet.shots_taken(), 0);
    let wanted = hub.want(Camera::Front);
    sleep(Duration::from_secs(2)).await;
    let taken = puppet.shots_taken();
    assert!((15..=25).contains(&taken), "{taken}");
    drop(wanted);
    sleep(Duration::from_secs(2)).await;
    assert!(puppet.shots_taken() <= taken + 1);
    assert!(hub.latest(Camera::Front).is_none(), "what nobody looks at is not known");
}

#[tokio::test(start_paused = true)]
async fn w23_the_idle_stream_can_be_switched_while_it_runs() {
    let puppet = Puppet::new();
    puppet.show(shot("a", None));
    let hub = look(&puppet, true);
    sleep(Duration::from_secs(1)).await;
    assert!(hub.latest(Camera::Front).is_some());
    assert!(hub.latest(Camera::Back).is_none(), "only the front camera idles");
    hub.set_idle_stream(false);
    sleep(Duration::from_secs(1)).await;
    assert!(hub.latest(Camera::Front).is_none());
    hub.set_idle_stream(true);
    sleep(Duration::from_secs(1)).await;
    assert!(hub.latest(Camera::Front).is_some());
}

#[tokio::test(start_paused = true)]
async fn w33_one_poller_and_one_buffer_serve_twenty_viewers() {
    let puppet = Puppet::new();
    puppet.show(shot("a", None));
    let hub = look(&puppet, false);
    let mut viewers: Vec<_> = (0..20).map(|_| watching(&hub)).collect();
    assert_eq!(hub.watching(Camera::Front), 20);
    let mut parts = Vec::new();
    for viewer in &mut viewers {
        parts.push(viewer.next().await.expect("has a picture"));
    }
    assert!(parts.iter().all(|part| part.as_ptr() == parts[0].as_ptr()));
    sleep(Duration::from_secs(1)).await;
    assert!(puppet.shots_taken() <= 12, "{}", puppet.shots_taken());
    drop(viewers);
    assert_eq!(hub.watching(Camera::Front), 0);
}

#[tokio::test(start_paused = true)]
async fn w33_a_picture_that_does_not_change_is_repeated_only_to_keep_the_stream_alive() {
    let puppet = Puppet::new();
    puppet.show(shot("a", None));
    let hub = look(&puppet, false);
    let mut viewer = watching(&hub);
    viewer.next().await.expect("has a picture");
    let began = Instant::now();
    viewer.next().await.expect("is repeated");
    assert!(began.elapsed() >= Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_stream_of_a_robot_that_is_lost_ends() {
    let puppet = Puppet::new();
    puppet.show(shot("a", None));
    let hub = look(&puppet, false);
    let mut viewer = watching(&hub);
    viewer.next().await.expect("has a picture");
    puppet.go_away();
    let began = Instant::now();
    while viewer.next().await.is_some() {}
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(hub.latest(Camera::Front).is_none());
}

#[tokio::test(start_paused = true)]
async fn w12_a_picture_from_before_is_never_given_for_a_fresh_one() {
    let puppet = Puppet::new();
    let arrived = Timestamp::now();
    let before = arrived - jiff::SignedDuration::from_secs(30);
    puppet.show(shot("old", Some(before)));
    let hub = look(&puppet, true);
    let stale = hub.fresh_after(Camera::Front, arrived, LIMIT).await;
    assert_eq!(stale.expect_err("is old"), NoPicture::Stale { camera: Camera::Front, newest: before });
    let after = arrived + jiff::SignedDuration::from_secs(1);
    puppet.show(shot("new", Some(after)));
    let fresh = hub.fresh_after(Camera::Front, arrived, LIMIT).await.expect("is fresh");
    assert_eq!(&fresh.shot.jpeg[..], b"new");
}

#[tokio::test(start_paused = true)]
async fn w12_without_stamps_a_picture_is_fresh_when_it_changes() {
    let puppet = Puppet::new();
    puppet.show(shot("buffered", None));
    let hub = look(&puppet, false);
    let stale = hub.fresh_after(Camera::Front, Timestamp::now(), LIMIT).await;
    assert!(matches!(stale, Err(NoPicture::Stale { .. })), "{stale:?}");
    let _wanted = hub.want(Camera::Front);
    sleep(Duration::from_secs(1)).await;
    let arrived = Timestamp::now();
    puppet.show(shot("another", None));
    let fresh = hub.fresh_after(Camera::Front, arrived, LIMIT).await.expect("changed");
    assert_eq!(&fresh.shot.jpeg[..], b"another");
}

#[tokio::test(start_paused = true)]
async fn a_robot_that_is_away_has_no_fresh_picture() {
    let puppet = Puppet::new();
    puppet.go_away();
    let hub = look(&puppet, false);
    let none = hub.fresh_after(Camera::Back, Timestamp::now(), LIMIT).await;
    assert_eq!(none.expect_err("is away"), NoPicture::None { camera: Camera::Back });
}

#[tokio::test(start_paused = true)]
async fn whoever_looks_at_one_picture_after_the_other_keeps_the_camera_looked_at() {
    let puppet = Puppet::new();
    puppet.show(shot("a", None));
    let hub = look(&puppet, false);
    for _ in 0..20 {
        let picture = hub.glance(Camera::Back, LIMIT).await.expect("has one");
        assert_eq!((&picture.shot.jpeg[..], hub.watching(Camera::Back)), (&b"a"[..], 1));
        sleep(Duration::from_millis(125)).await;
    }
    sleep(Duration::from_secs(4)).await;
    assert_eq!(hub.watching(Camera::Back), 0);
    let taken = puppet.shots_taken();
    sleep(Duration::from_secs(4)).await;
    assert_eq!(puppet.shots_taken(), taken);
}
