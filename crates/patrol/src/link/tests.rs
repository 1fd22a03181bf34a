//! The connection to a robot that comes and goes, in paused time.

use super::puppet::Puppet;
use super::state::Connection;
use super::*;

async fn until(link: &Link, what: impl FnMut(&RobotState) -> bool) -> RobotState {
    let mut state = link.state();
    tokio::time::timeout(Duration::from_secs(60), state.wait_for(what))
        .await
        .expect("comes in time")
        .expect("lives")
        .clone()
}

fn follow(puppet: &Arc<Puppet>) -> (Link, Stop) {
    let (link, stop) = (Link::new(puppet.clone()), Stop::new());
    tokio::spawn(link.clone().run(stop.clone()));
    (link, stop)
}

#[tokio::test(start_paused = true)]
async fn everything_is_known_of_a_robot_that_answers() {
    let puppet = Puppet::new();
    puppet.stand(robot::Pose::new(1.0, 2.0, 0.5));
    puppet.suffer(&[Fault::PAUSED]);
    let (link, _stop) = follow(&puppet);
    let state = until(&link, |state| state.map.is_some() && state.pose.is_some() && state.serial.is_some()).await;
    assert_eq!(state.battery_shown().expect("is known").percent, 87.6);
    assert_eq!(state.map_shown().expect("is known").id, "first");
    assert!(state.is_emergency_stopped());
}

#[tokio::test(start_paused = true)]
async fn w25_a_map_that_is_switched_is_fetched_again_and_one_that_is_not_is_not() {
    let puppet = Puppet::new();
    let (link, _stop) = follow(&puppet);
    until(&link, |state| state.map.is_some()).await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(puppet.maps_fetched(), 1);
    puppet.use_map("second");
    until(&link, |state| state.map.as_ref().is_some_and(|map| map.id.0 == "second")).await;
    assert_eq!(puppet.maps_fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn w25_the_map_is_fetched_again_when_the_robot_was_lost() {
    let puppet = Puppet::new();
    let (link, _stop) = follow(&puppet);
    until(&link, |state| state.map.is_some()).await;
    puppet.go_away();
    until(&link, |state| matches!(state.connection, Connection::Lost { .. })).await;
    puppet.come_back();
    until(&link, RobotState::is_connected).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(puppet.maps_fetched(), 2, "it may be another robot");
}

#[tokio::test(start_paused = true)]
async fn w24_a_robot_is_lost_and_found_within_seconds() {
    let puppet = Puppet::new();
    let (link, _stop) = follow(&puppet);
    until(&link, RobotState::is_connected).await;
    let began = tokio::time::Instant::now();
    puppet.go_away();
    until(&link, |state| !state.is_connected()).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let began = tokio::time::Instant::now();
    puppet.come_back();
    until(&link, RobotState::is_connected).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_it_is_told_to() {
    let (link, stop) = (Link::new(Puppet::new()), Stop::new());
    let running = tokio::spawn(link.run(stop.clone()));
    stop.stop();
    running.await.expect("no panic").expect("is no failure");
}
