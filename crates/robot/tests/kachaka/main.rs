//! The client against a robot that says what each test wants it to say.

mod scripted;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use robot::kachaka::Limits;
use robot::{Activity, Camera, Command, CommandId, Cursor, Kachaka, MapId, Outcome, Pose, Robot, RobotError};
use scripted::Scripted;
use wire::Wire;

/// Short enough for tests, long enough for a busy machine.
const LIMITS: Limits = Limits {
    plain: Duration::from_millis(400),
    connect: Duration::from_millis(400),
    keep_alive: Duration::from_secs(15),
    keep_alive_answer: Duration::from_secs(5),
    acceptance: Duration::from_millis(900),
};
const LIMIT: Duration = Duration::from_secs(20);
const DONE: Outcome = Outcome { success: true, error_code: 0 };

async fn world() -> (Arc<Scripted>, Wire, Kachaka) {
    let scripted = Scripted::serve().await;
    let wire = Wire::to(scripted.address()).await;
    let kachaka = Kachaka::with_limits(&wire.address().to_string(), LIMITS).expect("is an address");
    (scripted, wire, kachaka)
}

fn to(x: f64, y: f64) -> Command {
    Command::MoveTo(Pose::new(x, y, 0.0))
}

/// Begins a wait for the end of a command in the background.
fn wait(kachaka: Kachaka, id: CommandId, limit: Duration) -> tokio::task::JoinHandle<Result<Outcome, RobotError>> {
    tokio::spawn(async move { kachaka.outcome(&id, limit).await })
}

#[tokio::test]
async fn w07_the_result_of_the_command_before_is_not_the_end_of_this_one() {
    let (robot, _wire, kachaka) = world().await;
    robot.finish("the one before", DONE);
    // The robot took the command and still says that it has nothing to do.
    let id = kachaka.start(to(1.0, 2.0)).await.expect("is taken");
    assert_eq!(kachaka.activity().await.expect("answers"), Activity::Idle);
    let end = wait(kachaka, id.clone(), LIMIT);
    tokio::time::sleep(Duration::from_millis(300)).await;
    robot.run(id.as_str());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!end.is_finished(), "took something else for the end");
    let blocked = Outcome { success: false, error_code: 19001 };
    robot.finish(id.as_str(), blocked);
    assert_eq!(end.await.expect("no panic").expect("is known"), blocked);
}

#[tokio::test]
async fn w07_a_command_that_does_not_end_is_told_apart_from_one_that_does() {
    let (robot, _wire, kachaka) = world().await;
    robot.finish("the one before", DONE);
    robot.run("a long way");
    let limit = Duration::from_millis(700);
    let end = kachaka.outcome(&CommandId("a long way".to_owned()), limit).await;
    assert!(matches!(end, Err(RobotError::StillRunning { .. })), "{end:?}");
}

#[tokio::test]
async fn a_command_that_the_robot_has_forgotten_is_not_waited_for() {
    let (robot, _wire, kachaka) = world().await;
    let id = kachaka.start(to(0.0, 0.0)).await.expect("is taken");
    robot.run("somebody else's");
    let began = Instant::now();
    let end = kachaka.outcome(&id, LIMIT).await;
    assert!(matches!(end, Err(RobotError::Forgotten { .. })), "{end:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_end_of_a_command_is_found_after_the_link_was_lost() {
    let (robot, wire, kachaka) = world().await;
    let id = kachaka.start(to(1.0, 2.0)).await.expect("is taken");
    robot.run(id.as_str());
    let end = wait(kachaka, id.clone(), LIMIT);
    tokio::time::sleep(Duration::from_millis(300)).await;
    wire.cut();
    tokio::time::sleep(Duration::from_millis(600)).await;
    robot.finish(id.as_str(), DONE);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!end.is_finished(), "nobody could know");
    wire.mend();
    assert_eq!(end.await.expect("no panic").expect("is known"), DONE);
}

#[tokio::test]
async fn a_held_call_that_the_robot_ends_is_asked_again() {
    let (robot, _wire, kachaka) = world().await;
    robot.end_held_calls_after(Duration::from_millis(200));
    let (pose, cursor) = kachaka.next_pose(Cursor::default(), LIMIT).await.expect("answers").expect("has a pose");
    assert_eq!(pose, Pose::default());
    // 35 s on a real robot.
    assert_eq!(kachaka.next_pose(cursor, LIMIT).await.expect("is no failure"), None);
    let id = kachaka.start(to(1.0, 2.0)).await.expect("is taken");
    robot.run(id.as_str());
    let end = wait(kachaka, id.clone(), LIMIT);
    tokio::time::sleep(Duration::from_millis(700)).await;
    robot.finish(id.as_str(), DONE);
    assert_eq!(end.await.expect("no panic").expect("is known"), DONE);
}

#[tokio::test]
async fn a_new_pose_ends_the_wait_for_it() {
    let (robot, _wire, kachaka) = world().await;
    let (_, cursor) = kachaka.next_pose(Cursor::default(), LIMIT).await.expect("answers").expect("has a pose");
    let waiting = tokio::spawn(async move { kachaka.next_pose(cursor, LIMIT).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let there = Pose::new(1.0, 2.0, 0.5);
    robot.stand(there);
    let (pose, newer) = waiting.await.expect("no panic").expect("answers").expect("has a pose");
    assert_eq!(pose, there);
    assert_ne!(newer, cursor);
}

#[tokio::test]
async fn w15_a_call_to_a_silent_robot_ends_in_time_and_a_new_way_is_found() {
    let (_robot, wire, kachaka) = world().await;
    kachaka.battery().await.expect("answers");
    wire.swallow();
    for _ in 0..2 {
        let began = Instant::now();
        let answer = kachaka.battery().await;
        assert!(matches!(answer, Err(RobotError::TimedOut { .. })), "{answer:?}");
        assert!(began.elapsed() < LIMITS.plain * 4, "{:?}", began.elapsed());
    }
    // What is on its way in the old connection stays lost; only a new one can answer.
    wire.mend();
    kachaka.battery().await.expect("answers on a new connection");
    assert_eq!(wire.connections(), 2);
}

#[tokio::test]
async fn a_robot_that_is_away_is_found_when_it_comes() {
    let (_robot, wire, kachaka) = world().await;
    wire.cut();
    let answer = kachaka.pose().await;
    assert!(answer.as_ref().is_err_and(RobotError::is_link_loss), "{answer:?}");
    wire.mend();
    kachaka.pose().await.expect("answers");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_robot_that_is_away() {
    let kachaka = Kachaka::new("no-such-robot.invalid:26400").expect("may exist one day");
    let answer = kachaka.serial_number().await;
    assert!(answer.as_ref().is_err_and(RobotError::is_link_loss), "{answer:?}");
}

#[tokio::test]
async fn what_the_firmware_does_not_know_is_said_to_be_so() {
    let (_robot, _wire, kachaka) = world().await;
    let answer = kachaka.sounds().await;
    assert!(matches!(answer, Err(RobotError::Unsupported { call: "get_sound_list" })), "{answer:?}");
}

#[tokio::test]
async fn a_command_that_the_robot_refuses_has_no_id() {
    let (robot, _wire, kachaka) = world().await;
    robot.refuse(10264);
    let answer = kachaka.start(Command::Home).await;
    assert_eq!(answer.expect_err("is refused").code(), Some(10264));
}

#[tokio::test]
async fn commands_end_what_runs_and_announcements_do_not() {
    let (robot, _wire, kachaka) = world().await;
    kachaka.start(Command::Home).await.expect("is taken");
    kachaka.start(Command::Speak("mind the robot".to_owned())).await.expect("is taken");
    kachaka.start(Command::Forward { metres: -0.1, speed: 0.0 }).await.expect("is taken");
    let told = robot.told();
    assert_eq!(told.iter().map(|request| request.cancel_all).collect::<Vec<_>>(), [true, false, true]);
    let w43 = format!("{:?}", told[2].command);
    assert!(w43.contains("distance_meter: -0.1, speed: 0.1"), "{w43}");
}

#[tokio::test]
async fn a_code_is_explained_by_the_robots_own_table_which_is_asked_for_once() {
    let (robot, wire, kachaka) = world().await;
    wire.cut();
    assert_eq!(kachaka.fault(19001).await.title, "Error 19001");
    wire.mend();
    assert_eq!(kachaka.fault(19001).await.title, "Cannot reach the destination");
    assert_eq!(kachaka.fault(21051).await.title, "Paused");
    wire.cut();
    assert_eq!(kachaka.fault(21051).await.description, "Press the power button.");
    assert_eq!(robot.table_asked(), 1);
}

#[tokio::test]
async fn w25_a_map_that_is_switched_meanwhile_is_fetched_again() {
    let (robot, _wire, kachaka) = world().await;
    robot.use_map("first");
    assert_eq!(kachaka.map().await.expect("has one").name, "map first");
    robot.switch_map_when_fetched("second");
    let map = kachaka.map().await.expect("has one");
    assert_eq!((map.id, map.name.as_str()), (MapId("second".to_owned()), "map second"));
}

#[tokio::test]
async fn a_picture_has_the_time_at_which_it_was_taken() {
    let (robot, _wire, kachaka) = world().await;
    robot.see(b"a jpeg", 1_700_000_000_250_000_000);
    let shot = kachaka.shot(Camera::Front).await.expect("has one");
    assert_eq!(&shot.jpeg[..], b"a jpeg");
    assert_eq!(shot.captured_at, Some("2023-11-14T22:13:20.25Z".parse().expect("is a time")));
}
