//! Moving a robot by hand, in paused time.

use std::time::Duration;

use robot::{Command, Velocity};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::bounds::OutOfBounds;
use super::*;
use crate::link::Link;
use crate::link::puppet::{Puppet, Told};

const AHEAD: Wish = Wish { linear: 0.5, angular: 0.0 };

struct Hand {
    puppet: Arc<Puppet>,
    lease: Lease,
    wishes: mpsc::Sender<Wish>,
    told: mpsc::Receiver<Driving>,
}

fn hand() -> Hand {
    let (puppet, lease) = (Puppet::new(), Lease::default());
    let token = lease.take("ana", None, false).expect("is free").token;
    let (wishes, heard) = mpsc::channel(1);
    let (telling, told) = mpsc::channel(4);
    let anywhere = |wish: Wish| Allowed { velocity: Velocity::new(wish.linear, wish.angular), reason: None };
    let token = token.expose().to_owned();
    tokio::spawn(drive(puppet.clone(), lease.clone(), token, anywhere, heard, telling));
    Hand { puppet, lease, wishes, told }
}

fn velocities(puppet: &Puppet) -> Vec<f64> {
    let of = |told: Told| match told {
        Told::Velocity(velocity) => Some(velocity.linear()),
        _ => None,
    };
    puppet.told().into_iter().filter_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn w06_the_robot_stands_when_the_hand_is_silent() {
    let mut hand = hand();
    hand.wishes.send(AHEAD).await.expect("is heard");
    assert_eq!(hand.told.recv().await, Some(Driving { driving: true, reason: None }));
    let began = Instant::now();
    let news = hand.told.recv().await.expect("is told");
    assert_eq!(news.reason.as_deref(), Some("nothing was heard for 300 ms"));
    assert_eq!(began.elapsed().as_millis(), 300);
    sleep(Duration::from_millis(100)).await;
    let told = velocities(&hand.puppet);
    assert_eq!((told[0], told.last().copied()), (0.5, Some(0.0)), "{told:?}");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(velocities(&hand.puppet).len(), told.len(), "a robot that stands is left alone");
}

#[tokio::test(start_paused = true)]
async fn w06_the_robot_stands_when_the_hand_has_gone() {
    let Hand { puppet, wishes, told, .. } = hand();
    wishes.send(AHEAD).await.expect("is heard");
    sleep(Duration::from_millis(50)).await;
    drop((wishes, told));
    sleep(Duration::from_millis(200)).await;
    assert_eq!(velocities(&puppet).last(), Some(&0.0));
    assert_eq!(puppet.told().last(), Some(&Told::Manual(false)));
}

#[tokio::test(start_paused = true)]
async fn w06_a_hand_that_does_not_listen_lets_go_all_the_same() {
    let hand = hand();
    // More words than wait for a hand, none of which it hears.
    for wish in [AHEAD, Wish { linear: 0.0, angular: 0.0 }].into_iter().cycle().take(21) {
        hand.wishes.send(wish).await.expect("is heard");
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_secs(1)).await;
    let told = velocities(&hand.puppet);
    assert_eq!((told[0], told.last().copied()), (0.5, Some(0.0)), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn w06_a_robot_at_the_edge_of_its_area_stands_and_its_hand_is_told_why_once() {
    let (puppet, lease) = (Puppet::new(), Lease::default());
    let token = lease.take("ana", None, false).expect("is free").token.expose().to_owned();
    let (wishes, heard) = mpsc::channel(1);
    let (telling, mut told) = mpsc::channel(4);
    let edge = |wish: Wish| match wish.linear {
        linear if linear > 0.0 => Allowed { velocity: Velocity::ZERO, reason: Some(OutOfBounds::Edge) },
        linear => Allowed { velocity: Velocity::new(linear, 0.0), reason: None },
    };
    tokio::spawn(drive(puppet.clone(), lease, token, edge, heard, telling));
    for _ in 0..5 {
        wishes.send(AHEAD).await.expect("is heard");
        sleep(Duration::from_millis(100)).await;
    }
    let word = told.recv().await.expect("is told");
    assert_eq!((word.driving, word.reason), (false, Some(OutOfBounds::Edge.to_string())));
    wishes.send(Wish { linear: -0.5, angular: 0.0 }).await.expect("is heard");
    assert_eq!(told.recv().await, Some(Driving { driving: true, reason: None }), "back it may");
    sleep(Duration::from_millis(50)).await;
    assert_eq!(velocities(&puppet), [-0.5]);
}

#[tokio::test(start_paused = true)]
async fn w05_the_robot_stands_when_somebody_else_takes_it() {
    let mut hand = hand();
    hand.wishes.send(AHEAD).await.expect("is heard");
    hand.told.recv().await.expect("drives");
    hand.lease.take("ben", None, true).expect("takes over");
    hand.wishes.send(AHEAD).await.expect("is heard");
    let news = hand.told.recv().await.expect("is told");
    assert!(news.reason.as_ref().is_some_and(|reason| reason.starts_with("ben controls")), "{news:?}");
    sleep(Duration::from_millis(200)).await;
    assert_eq!(velocities(&hand.puppet).last(), Some(&0.0));
}

#[tokio::test(start_paused = true)]
async fn a_hand_that_goes_on_is_followed() {
    let mut hand = hand();
    for _ in 0..30 {
        hand.wishes.send(AHEAD).await.expect("is heard");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(hand.told.recv().await, Some(Driving { driving: true, reason: None }));
    assert!(hand.told.try_recv().is_err(), "drove all the time");
    let told = velocities(&hand.puppet);
    assert!(told.len() >= 28 && told.iter().all(|linear| *linear == 0.5), "{told:?}");
    assert_eq!(hand.puppet.told()[0], Told::Manual(true), "it asked for leave first");
}

#[tokio::test(start_paused = true)]
async fn a_velocity_is_never_above_the_robots_greatest() {
    let hand = hand();
    hand.wishes.send(Wish { linear: 40.0, angular: f64::NAN }).await.expect("is heard");
    sleep(Duration::from_millis(50)).await;
    assert!(hand.puppet.told().contains(&Told::Velocity(Velocity::new(1.0, 0.0))));
}

#[tokio::test(start_paused = true)]
async fn w28_a_robot_that_is_away_is_not_waited_for() {
    let puppet = Puppet::new();
    let link = Link::new(puppet.clone());
    let began = Instant::now();
    let refused = give(&link, Command::Home).await.expect_err("is away");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(puppet.told(), []);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_the_robot_refuses_is_told_in_its_words() {
    let puppet = Puppet::new();
    let link = Link::new(puppet.clone());
    tokio::spawn(link.clone().run(chassis::Stop::new()));
    link.state().wait_for(crate::link::RobotState::is_connected).await.expect("comes");
    puppet.refuse(10264);
    let refused = give(&link, Command::Home).await.expect_err("is refused");
    assert_eq!(refused.to_string(), "the robot refused: Error 10264");
    assert_eq!(refused.status(), StatusCode::CONFLICT);
}
