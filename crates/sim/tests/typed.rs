//! The typed client of our own against the simulated robot: every call that a patrol may want, and a clear refusal of those
//! that the robot does not serve. The manufacturer's client is held against the robot in `e2e`.

use std::time::Duration;

use bytes::Bytes;
use robot::{Camera, Command, Kachaka, MapId, Pose, Robot as _, RobotError, Velocity};
use sim::robot::{Control, Robot, Settings};

const LIMIT: Duration = Duration::from_secs(20);

struct Bench {
    kachaka: Kachaka,
    control: Control,
    _robot: Robot,
}

async fn bench() -> Bench {
    let settings = Settings { speed: 20.0, boot: Duration::from_millis(300), ..Settings::default() };
    let robot = Robot::start(settings).await.expect("there is a free port");
    let kachaka = Kachaka::new(&robot.address().to_string()).expect("is an address");
    Bench { kachaka, control: robot.control(), _robot: robot }
}

#[tokio::test]
async fn what_the_robot_is_and_how_it_is_can_be_asked() {
    let Bench { kachaka, control, _robot } = bench().await;
    assert_eq!(kachaka.version().await.expect("answered"), "3.17.5");
    assert!(!kachaka.serial_number().await.expect("answered").is_empty());
    assert!(kachaka.is_ready().await.expect("answered"));
    assert!(kachaka.active_faults().await.expect("answered").is_empty());
    control.set_faults([21004].into());
    assert_eq!(kachaka.active_faults().await.expect("answered"), [21004]);
    assert!(!kachaka.fault(21004).await.title.is_empty());
    assert!(!kachaka.locations().await.expect("answered").is_empty());
    assert!(!kachaka.location_names().await.expect("answered").is_empty());
    assert!(!kachaka.shelves().await.expect("answered").is_empty());
    assert!(!kachaka.shelf_names().await.expect("answered").is_empty());
    assert_eq!(kachaka.moving_shelf().await.expect("answered"), None);
    assert!(!kachaka.static_transforms().await.expect("answered").is_empty());
    let moving = kachaka.moving_transforms().await.expect("answered").message().await.expect("comes");
    assert!(moving.is_some_and(|moving| !moving.transforms.is_empty()));
    kachaka.inertia().await.expect("answered");
    kachaka.odometry().await.expect("answered");
    kachaka.wheel_odometry().await.expect("answered");
}

#[tokio::test]
async fn a_robot_can_be_told_where_it_is_and_finds_out_itself() {
    let Bench { kachaka, _robot, .. } = bench().await;
    kachaka.set_pose(Pose::new(3.0, 4.3, 0.5)).await.expect("taken");
    let told = kachaka.pose().await.expect("answered");
    assert!((told.x - 3.0).hypot(told.y - 4.3) < 0.1 && (told.theta - 0.5).abs() < 0.1, "{told:?}");
    let id = kachaka.start(Command::Localize).await.expect("taken");
    assert!(kachaka.outcome(&id, LIMIT).await.expect("ends").success);
}

#[tokio::test]
async fn maps_are_listed_looked_at_switched_and_carried_to_and_fro() {
    let Bench { kachaka, _robot, .. } = bench().await;
    let current = kachaka.map_id().await.expect("answered");
    let maps = kachaka.maps().await.expect("answered");
    assert!(maps.len() >= 2 && maps.iter().any(|map| map.id == current), "{maps:?}");
    let other = maps.iter().find(|map| map.id != current).expect("there is another").id.clone();
    let looked_at = kachaka.map_of(other.clone()).await.expect("answered");
    assert!(looked_at.png.starts_with(b"\x89PNG"), "its picture");
    let unknown = kachaka.map_of(MapId("none".to_owned())).await.expect_err("is none");
    assert_eq!(unknown.code(), Some(15508), "{unknown}");
    kachaka.switch_map(&other, Pose::new(1.0, 1.0, 0.0)).await.expect("taken");
    assert_eq!(kachaka.map_id().await.expect("answered"), other);
    assert_eq!(kachaka.map().await.expect("answered").id, other);
    let exported = kachaka.export_map(&current).await.expect("comes");
    let imported = kachaka.import_map(exported).await.expect("taken");
    assert!(kachaka.maps().await.expect("answered").iter().any(|map| map.id == imported));
}

#[tokio::test]
async fn a_robot_is_driven_by_hand_only_when_it_allows_it() {
    let Bench { kachaka, control, _robot } = bench().await;
    let refused = kachaka.set_velocity(Velocity::new(0.5, 0.0)).await.expect_err("it was not asked");
    assert_eq!(refused.code(), Some(13151));
    assert!(!kachaka.is_manual_control().await.expect("answered"));
    kachaka.set_manual_control(true).await.expect("allowed");
    assert!(kachaka.is_manual_control().await.expect("answered"));
    kachaka.set_velocity(Velocity::new(0.2, 0.1)).await.expect("drives");
    kachaka.set_velocity(Velocity::ZERO).await.expect("stands");
    kachaka.set_manual_control(false).await.expect("ends");
    kachaka.set_auto_homing(false).await.expect("taken");
    assert!(!kachaka.is_auto_homing().await.expect("answered"));
    kachaka.emergency_stop().await.expect("taken");
    control.wait_for(LIMIT, |truth| truth.emergency_stop == "latched").await.expect("is set");
    let refused = kachaka.set_manual_control(true).await.expect_err("it stands for good");
    assert_eq!(refused.code(), Some(12401));
    control.press_power_button();
    kachaka.set_manual_control(true).await.expect("allowed again");
}

#[tokio::test]
async fn a_robot_sees_lights_and_speaks() {
    let Bench { kachaka, control, _robot } = bench().await;
    for camera in [Camera::Front, Camera::Back] {
        let geometry = kachaka.camera_geometry(camera).await.expect("answered");
        assert_eq!((geometry.width, geometry.height), (1280, 720));
        let raw = kachaka.raw_picture(camera).await.expect("answered");
        assert_eq!(raw.data.len(), (raw.step * raw.height) as usize);
        assert!(kachaka.shot(camera).await.expect("answered").jpeg.starts_with(&[0xff, 0xd8]));
        kachaka.set_torch(camera, 200).await.expect("taken");
    }
    kachaka.objects().await.expect("answered");
    assert!(kachaka.depth_picture().await.expect("answered").is_none(), "not on the charger");
    kachaka.depth_geometry().await.expect("answered");
    control.set_pose(sim::building::Pose::new(3.0, 4.3, 0.0));
    kachaka.activate_laser(60.0).await.expect("taken");
    assert!(!kachaka.laser_scan().await.expect("answered").ranges.is_empty());
    kachaka.set_volume(3).await.expect("taken");
    assert_eq!(kachaka.volume().await.expect("answered"), 3);
    let id = kachaka.start(Command::Speak("good evening".to_owned())).await.expect("taken");
    assert!(kachaka.outcome(&id, LIMIT).await.expect("ends").success);
    assert!(!kachaka.past_commands().await.expect("answered").is_empty());
}

#[tokio::test]
async fn named_commands_are_started_and_a_restart_ends_everything() {
    let Bench { kachaka, control, _robot } = bench().await;
    let shortcuts = kachaka.shortcuts().await.expect("answered");
    kachaka.start_shortcut(&shortcuts.first().expect("there is one").id).await.expect("taken");
    assert_eq!(kachaka.start_shortcut("none").await.expect_err("is none").code(), Some(15508));
    assert!(kachaka.proceed().await.is_err(), "it waits for nothing");
    assert!(kachaka.forget_shelf("none").await.expect_err("is none").code().is_some());
    kachaka.restart().await.expect("taken");
    control.wait_for(LIMIT, |truth| truth.link != sim::robot::LinkState::Up).await.expect("it goes");
    control.wait_for(LIMIT, |truth| truth.link == sim::robot::LinkState::Up).await.expect("it is back");
    let found = async {
        while kachaka.is_ready().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, found).await.expect("found again");
}

#[tokio::test]
async fn what_the_robot_does_not_serve_is_refused_clearly() {
    let Bench { kachaka, _robot, .. } = bench().await;
    let sound = Bytes::from_static(b"RIFF");
    let refusals = [
        kachaka.sounds().await.map(drop).expect_err("is not served"),
        kachaka.add_sound("bell", sound.clone()).await.map(drop).expect_err("is not served"),
        kachaka.play_sound("1", false).await.expect_err("is not served"),
        kachaka.stop_sound().await.expect_err("is not served"),
        kachaka.delete_sound("1").await.expect_err("is not served"),
        kachaka.import_picture_as_map(sound, Pose::default(), 0.05).await.map(drop).expect_err("is not served"),
    ];
    for refused in refusals {
        assert!(matches!(refused, RobotError::Unsupported { .. }), "{refused}");
        assert!(!refused.is_link_loss(), "nobody tries it again");
    }
}
