//! The robots and their building over HTTP, for demonstrations, tests and benchmarks: ask for the truth, make them fail.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use chassis::http::{Access, ApiError, Routes};
use serde::{Deserialize, Serialize};

use super::{CameraState, Control, LinkState, RobotTruth};
use crate::building::view::Side;
use crate::building::{Anomaly, Location, Pose, World, WorldTruth};

/// Longer answers are not delayed, in milliseconds.
const LONGEST_DELAY_MS: u64 = 600_000;

/// The robots of one building.
#[derive(Clone)]
struct Site {
    world: World,
    robots: Vec<(String, Control)>,
}

impl Site {
    fn robot(&self, id: &str) -> Result<&Control, ApiError> {
        let found = self.robots.iter().find(|(known, _)| known == id).map(|(_, control)| control);
        found.ok_or_else(|| ApiError::not_found(format!("there is no simulated robot {id}")))
    }
}

/// Returns the routes of robots in a building.
pub fn routes(world: World, robots: Vec<(String, Control)>) -> Routes {
    use Access::{Operator, Viewer};
    Routes::new()
        .route(Method::GET, "/building", Viewer, building)
        .route(Method::PUT, "/building/day", Operator, set_day)
        .route(Method::PUT, "/building/anomalies", Operator, set_anomalies)
        .route(Method::PUT, "/building/doors", Operator, set_doors)
        .route(Method::PUT, "/building/people", Operator, set_people)
        .route(Method::PUT, "/building/light", Operator, set_light)
        .route(Method::GET, "/robots", Viewer, list)
        .route(Method::GET, "/robots/{id}/truth", Viewer, truth)
        .route(Method::DELETE, "/robots/{id}/commands", Operator, forget)
        .route(Method::GET, "/robots/{id}/picture/{camera}", Viewer, picture)
        .route(Method::PUT, "/robots/{id}/link", Operator, set_link)
        .route(Method::PUT, "/robots/{id}/cameras", Operator, set_cameras)
        .route(Method::PUT, "/robots/{id}/battery", Operator, set_battery)
        .route(Method::PUT, "/robots/{id}/faults", Operator, set_faults)
        .route(Method::POST, "/robots/{id}/refuse", Operator, refuse)
        .route(Method::POST, "/robots/{id}/fail", Operator, fail)
        .route(Method::POST, "/robots/{id}/power-button", Operator, press)
        .route(Method::POST, "/robots/{id}/reboot", Operator, reboot)
        .route(Method::PUT, "/robots/{id}/map", Operator, set_map)
        .route(Method::PUT, "/robots/{id}/pose", Operator, set_pose)
        .with_state(Site { world, robots })
}

type Done = Result<StatusCode, ApiError>;

/// What `GET /building` answers.
#[derive(Serialize)]
struct Shown {
    floors: Vec<FloorShown>,
    truth: WorldTruth,
}

#[derive(Serialize)]
struct FloorShown {
    map_id: &'static str,
    name: &'static str,
    locations: Vec<Place>,
    /// What can be wrong, and from where it is seen.
    spots: Vec<Anomaly>,
}

#[derive(Serialize)]
struct Place {
    id: &'static str,
    name: &'static str,
    pose: Pose,
}

impl From<&Location> for Place {
    fn from(location: &Location) -> Self {
        Self { id: location.id, name: location.name, pose: location.pose }
    }
}

async fn building(State(site): State<Site>) -> Json<Shown> {
    let floors = [0, 1].map(|floor| {
        let plan = site.world.floor(floor);
        let spot = |spot: &crate::building::Spot| Anomaly { kind: spot.kind, location: spot.location.to_owned() };
        FloorShown {
            map_id: plan.map_id,
            name: plan.name,
            locations: plan.locations.iter().map(Place::from).collect(),
            spots: plan.spots.iter().map(spot).collect(),
        }
    });
    Json(Shown { floors: floors.into(), truth: site.world.truth() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    day: u32,
}

async fn set_day(State(site): State<Site>, Json(Day { day }): Json<Day>) -> StatusCode {
    site.world.set_day(day);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Anomalies {
    anomalies: Vec<Anomaly>,
}

async fn set_anomalies(State(site): State<Site>, Json(wanted): Json<Anomalies>) -> Done {
    site.world.set_anomalies(wanted.anomalies).map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Doors {
    closed: BTreeSet<String>,
}

async fn set_doors(State(site): State<Site>, Json(wanted): Json<Doors>) -> Done {
    site.world.close_doors(wanted.closed).map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// So many people, or one who stands somewhere.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum People {
    Count(u8),
    At(Pose),
}

async fn set_people(State(site): State<Site>, Json(wanted): Json<People>) -> StatusCode {
    match wanted {
        People::Count(count) => site.world.set_people(count.into()),
        People::At(pose) => site.world.put_person(pose),
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Light {
    light: f32,
}

async fn set_light(State(site): State<Site>, Json(Light { light }): Json<Light>) -> StatusCode {
    site.world.set_light(light);
    StatusCode::NO_CONTENT
}

#[derive(Serialize)]
struct Listed {
    robots: Vec<RobotTruth>,
}

async fn list(State(site): State<Site>) -> Json<Listed> {
    let brief = |control: &Control| RobotTruth { commands: Vec::new(), trail: Vec::new(), ..control.truth() };
    Json(Listed { robots: site.robots.iter().map(|(_, control)| brief(control)).collect() })
}

async fn truth(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<RobotTruth>, ApiError> {
    Ok(Json(site.robot(&id)?.truth()))
}

async fn forget(State(site): State<Site>, Path(id): Path<String>) -> Done {
    site.robot(&id)?.forget();
    Ok(StatusCode::NO_CONTENT)
}

async fn picture(
    State(site): State<Site>,
    Path((id, camera)): Path<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let control = site.robot(&id)?.clone();
    let side = match camera.as_str() {
        "front" => Side::Front,
        "back" => Side::Back,
        other => return Err(ApiError::not_found(format!("a robot has no camera {other}, only front and back"))),
    };
    let jpeg = tokio::task::spawn_blocking(move || control.picture(side)).await.map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], jpeg))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    #[serde(default)]
    state: LinkState,
    #[serde(default)]
    delay_ms: u64,
}

async fn set_link(State(site): State<Site>, Path(id): Path<String>, Json(wanted): Json<Link>) -> Done {
    let control = site.robot(&id)?;
    if wanted.delay_ms > LONGEST_DELAY_MS {
        return Err(ApiError::invalid(format!("an answer can be delayed by {LONGEST_DELAY_MS} ms at most")));
    }
    control.set_delay(Duration::from_millis(wanted.delay_ms));
    control.set_link(wanted.state);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cameras {
    front: Option<CameraState>,
    back: Option<CameraState>,
}

async fn set_cameras(State(site): State<Site>, Path(id): Path<String>, Json(wanted): Json<Cameras>) -> Done {
    let control = site.robot(&id)?;
    for (side, state) in [(Side::Front, wanted.front), (Side::Back, wanted.back)] {
        if let Some(state) = state {
            control.set_camera(side, state);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Battery {
    percent: f64,
}

async fn set_battery(State(site): State<Site>, Path(id): Path<String>, Json(wanted): Json<Battery>) -> Done {
    site.robot(&id)?.set_battery(wanted.percent);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    codes: BTreeSet<i32>,
}

async fn set_faults(State(site): State<Site>, Path(id): Path<String>, Json(wanted): Json<Faults>) -> Done {
    site.robot(&id)?.set_faults(wanted.codes);
    Ok(StatusCode::NO_CONTENT)
}

/// A code, and for how many commands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coming {
    code: i32,
    #[serde(default = "once")]
    times: u16,
}

fn once() -> u16 {
    1
}

async fn refuse(State(site): State<Site>, Path(id): Path<String>, Json(coming): Json<Coming>) -> Done {
    site.robot(&id)?.refuse_next(coming.code, coming.times.into());
    Ok(StatusCode::NO_CONTENT)
}

async fn fail(State(site): State<Site>, Path(id): Path<String>, Json(coming): Json<Coming>) -> Done {
    site.robot(&id)?.fail_next(coming.code, coming.times.into());
    Ok(StatusCode::NO_CONTENT)
}

async fn press(State(site): State<Site>, Path(id): Path<String>) -> Done {
    site.robot(&id)?.press_power_button();
    Ok(StatusCode::NO_CONTENT)
}

async fn reboot(State(site): State<Site>, Path(id): Path<String>) -> Done {
    site.robot(&id)?.reboot();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapWanted {
    map_id: String,
}

async fn set_map(State(site): State<Site>, Path(id): Path<String>, Json(wanted): Json<MapWanted>) -> Done {
    if site.robot(&id)?.switch_map(&wanted.map_id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::invalid(format!("the robot has no map {}", wanted.map_id)))
    }
}

async fn set_pose(State(site): State<Site>, Path(id): Path<String>, Json(pose): Json<Pose>) -> Done {
    site.robot(&id)?.set_pose(pose);
    Ok(StatusCode::NO_CONTENT)
}
