//! The simulated robot on the wire, and its control over HTTP. The manufacturer's own client is held against it in `e2e`.

use std::time::{Duration, Instant};

use robot::api;
use robot::api::command::Command as Kind;
use robot::api::kachaka_api_client::KachakaApiClient;
use sim::building::view::Side;
use sim::building::{Anomaly, AnomalyKind, anomalies_in};
use sim::robot::{CameraState, LinkState, Robot, Settings};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

const LIMIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);

struct Bench {
    robot: Robot,
    client: KachakaApiClient<Channel>,
}

async fn bench(settings: Settings) -> Bench {
    let robot = Robot::start(settings).await.expect("there is a free port");
    let client = connect(&robot).await;
    Bench { robot, client }
}

async fn connect(robot: &Robot) -> KachakaApiClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", robot.address())).expect("it is an address");
    KachakaApiClient::new(endpoint.connect().await.expect("it listens"))
}

fn quick() -> Settings {
    Settings { speed: 20.0, boot: Duration::from_millis(300), hold: SHORT, ..Settings::default() }
}

fn knowing(cursor: i64) -> api::GetRequest {
    api::GetRequest { metadata: Some(api::Metadata { cursor }) }
}

fn cursor(metadata: Option<api::Metadata>) -> i64 {
    metadata.expect("every answer has a cursor").cursor
}

fn to(x: f64, y: f64) -> api::StartCommandRequest {
    let kind = Kind::MoveToPoseCommand(api::MoveToPoseCommand { x, y, yaw: 0.0 });
    let command = Some(api::Command { command: Some(kind) });
    api::StartCommandRequest { command, cancel_all: true, ..Default::default() }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("it ends in time")
}

#[tokio::test]
async fn a_call_is_held_until_there_is_something_newer() {
    let Bench { robot, mut client } = bench(Settings { hold: LIMIT, ..quick() }).await;
    let first = client.get_error(api::GetRequest::default()).await.expect("answered").into_inner();
    let known = cursor(first.metadata);
    let held = tokio::spawn(async move { client.get_error(knowing(known)).await });
    tokio::time::sleep(SHORT).await;
    assert!(!held.is_finished());
    robot.control().set_faults([21052].into());
    let answer = in_time(held).await.expect("no panic").expect("answered").into_inner();
    assert_eq!(answer.error_codes, [21052]);
    assert_ne!(cursor(answer.metadata), known);
}

#[tokio::test]
async fn a_call_that_is_held_too_long_is_cancelled() {
    let Bench { robot: _robot, mut client } = bench(quick()).await;
    let known = client.get_error(api::GetRequest::default()).await.expect("answered").into_inner();
    let begun = Instant::now();
    let end = in_time(client.get_error(knowing(cursor(known.metadata)))).await;
    assert_eq!(end.map_err(|status| status.code()).err(), Some(Code::Cancelled));
    assert!(begun.elapsed() >= SHORT);
    let foreign = client.get_error(knowing(42)).await;
    assert!(foreign.is_ok(), "a cursor of something else is answered at once");
}

#[tokio::test]
async fn a_command_ends_with_its_own_id() {
    let Bench { robot, mut client } = bench(Settings { hold: LIMIT, ..quick() }).await;
    let started = client.start_command(to(3.0, 4.3)).await.expect("answered").into_inner();
    assert!(started.result.is_some_and(|result| result.success));
    let mut last = api::GetLastCommandResultResponse::default();
    while last.command_id != started.command_id {
        let request = knowing(last.metadata.map_or(0, |metadata| metadata.cursor));
        last = in_time(client.get_last_command_result(request)).await.expect("answered").into_inner();
    }
    assert!(last.result.is_some_and(|result| result.success));
    let truth = robot.control().truth();
    assert!((truth.pose.x - 3.0).abs() < 0.06, "{:?}", truth.pose);
    let calls: Vec<_> = truth.commands.iter().map(|entry| entry.call).collect();
    assert_eq!(calls, ["StartCommand", "finished"]);
    assert_eq!(truth.served["StartCommand"], 1);
}

#[tokio::test]
async fn the_trail_has_the_very_poses_that_were_told() {
    let Bench { robot, mut client } = bench(quick()).await;
    client.start_command(to(6.0, 4.3)).await.expect("answered");
    let mut told = Vec::new();
    let mut known = 0;
    for _ in 0..20 {
        let answer = client.get_robot_pose(knowing(known)).await.expect("answered").into_inner();
        known = cursor(answer.metadata);
        told.extend(answer.pose.map(|pose| (pose.x, pose.y, pose.theta)));
    }
    let trail = robot.control().truth().trail;
    for pose in told {
        assert!(trail.iter().any(|(_, x, y, theta)| (*x, *y, *theta) == pose), "{pose:?} is not in {trail:?}");
    }
    assert!(trail.windows(2).all(|pair| pair[0].0 <= pair[1].0));
}

#[tokio::test]
async fn a_lost_link_fails_calls_and_a_black_hole_leaves_them_hanging() {
    let Bench { robot, mut client } = bench(quick()).await;
    let control = robot.control();
    client.is_ready(api::EmptyRequest {}).await.expect("answered");

    control.set_link(LinkState::BlackHole);
    let mut hanging = client.clone();
    let call = tokio::spawn(async move { hanging.is_ready(api::EmptyRequest {}).await });
    tokio::time::sleep(SHORT).await;
    assert!(!call.is_finished());
    control.set_link(LinkState::Up);
    in_time(call).await.expect("no panic").expect("answered after all");

    control.set_link(LinkState::Cut);
    let cut = in_time(client.is_ready(api::EmptyRequest {})).await;
    assert!(cut.is_err());
    control.set_link(LinkState::Up);
    in_time(connect(&robot).await.is_ready(api::EmptyRequest {})).await.expect("answered again");
}

#[tokio::test]
async fn answers_can_be_delayed() {
    let Bench { robot, mut client } = bench(quick()).await;
    robot.control().set_delay(SHORT);
    let begun = Instant::now();
    client.is_ready(api::EmptyRequest {}).await.expect("answered");
    assert!(begun.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_restart_takes_the_robot_off_the_network_and_forgets_commands() {
    let Bench { robot, mut client } = bench(quick()).await;
    let control = robot.control();
    client.start_command(to(3.0, 4.3)).await.expect("answered");
    in_time(control.wait_for(LIMIT, |truth| truth.last_error_code == Some(0))).await.expect("it arrives");
    let before = client.get_last_command_result(api::GetRequest::default()).await.expect("answered").into_inner();

    control.reboot();
    assert!(in_time(client.is_ready(api::EmptyRequest {})).await.is_err());
    in_time(control.wait_for(LIMIT, |truth| truth.link == LinkState::Up)).await.expect("it starts");
    let mut client = connect(&robot).await;
    let after = client.get_last_command_result(knowing(cursor(before.metadata))).await.expect("answered").into_inner();
    assert_eq!((after.result, after.command_id.as_str()), (None, ""));
    assert!((control.truth().pose.x - 3.0).abs() < 0.06);
}

async fn picture(client: &mut KachakaApiClient<Channel>) -> Result<api::RosCompressedImage, Status> {
    let answer = in_time(client.get_front_camera_ros_compressed_image(api::GetRequest::default())).await?;
    Ok(answer.into_inner().image.expect("there is a picture"))
}

fn stamp(picture: &api::RosCompressedImage) -> i64 {
    picture.header.as_ref().expect("it has a header").stamp_nsec
}

#[tokio::test]
async fn a_frozen_camera_repeats_an_old_picture_and_a_dead_one_answers_nothing() {
    let Bench { robot, mut client } = bench(Settings { hold: Duration::from_secs(2), ..quick() }).await;
    let control = robot.control();
    let first = picture(&mut client).await.expect("a picture");
    control.set_camera(Side::Front, CameraState::Frozen);
    tokio::time::sleep(SHORT).await;
    let frozen = picture(&mut client).await.expect("a picture");
    assert_eq!((stamp(&frozen), frozen.data.len()), (stamp(&first), first.data.len()));
    control.set_camera(Side::Front, CameraState::Dead);
    let dead = picture(&mut client).await.map_err(|status| status.code());
    assert_eq!(dead.err(), Some(Code::Cancelled));
    control.set_camera(Side::Front, CameraState::Working);
    let fresh = picture(&mut client).await.expect("a picture");
    assert!(stamp(&fresh) > stamp(&first));
}

#[tokio::test]
async fn the_picture_shows_what_is_wrong_before_the_robot() {
    let Bench { robot, mut client } = bench(Settings { hold: LIMIT, ..quick() }).await;
    let control = robot.control();
    let world = control.world();
    control.set_pose(world.floor(0).location("kitchen").expect("there is a kitchen").pose);
    let seen = |picture: &api::RosCompressedImage| {
        let decoded = media::jpeg::decode(&picture.data, media::image::Limits::default()).expect("it is a JPEG");
        anomalies_in(&decoded)
    };
    assert_eq!(seen(&picture(&mut client).await.expect("a picture")), Vec::<&str>::new());
    let spill = Anomaly { kind: AnomalyKind::Spill, location: "kitchen".to_owned() };
    world.set_anomalies(vec![spill]).expect("there is such a spot");
    tokio::time::sleep(SHORT).await;
    assert_eq!(seen(&picture(&mut client).await.expect("a picture")), ["spill"]);
}

#[tokio::test]
async fn a_robot_that_is_dropped_is_off_the_network() {
    let Bench { robot, client } = bench(quick()).await;
    let address = robot.address();
    drop((robot, client));
    let refused = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    in_time(refused).await;
}
