//! `GET /config/rois`, `GET /config/cameras`: what is configured, as it stands in the files now. Addresses of cameras are withheld.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chassis::config::{read_yaml, watch_file};
use chassis::{ConfigError, Env, Stop};
use domain::camera::{Camera, CamerasFile};
use domain::zone::{CameraZones, RoisFile};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use tracing::{info, warn};
use utoipa::ToSchema;

use crate::App;
use crate::fault::Fault;

/// The zones of one camera.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraRois {
    /// The camera.
    pub camera_id: String,
    /// Where only allowed classes may be.
    pub forbidden_zones: Vec<ForbiddenZone>,
    /// Classes that never raise an alert, sorted.
    pub allowed_classes: Vec<String>,
    /// Classes that raise one when the mode is not strict, sorted.
    pub alert_classes: Vec<String>,
    /// Whether every class that is not allowed raises one.
    pub strict_mode: bool,
}

/// One zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ForbiddenZone {
    /// Its name.
    pub name: String,
    /// Its corners `[x, y]` as they stand in the file: pixels, or parts of the picture from 0 to 1.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub points: Vec<[Number; 2]>,
}

/// One camera.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraSummary {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is watched.
    pub enabled: bool,
    /// How many pictures of it are looked at per second.
    pub fps_target: f64,
}

/// What the configuration files say of the site. Clones share it.
#[derive(Clone)]
pub(crate) struct Site {
    rois: File<CameraZones>,
    cameras: File<Camera>,
}

/// One configuration file as it was read last.
struct File<T> {
    path: PathBuf,
    env: Env,
    read: fn(&File<T>) -> Result<Vec<T>, String>,
    entries: Arc<ArcSwap<Result<Vec<T>, String>>>,
}

impl Site {
    /// Reads both files.
    pub(crate) fn read(env: &Env) -> Self {
        let file = |name: &str| env.config_dir().join(name);
        Self {
            rois: File::open(file("rois.yaml"), env, read_rois),
            cameras: File::open(file("cameras.yaml"), env, read_cameras),
        }
    }

    /// Reads each file again when it changes, until the service stops.
    pub(crate) async fn follow(self, stop: Stop) -> anyhow::Result<()> {
        tokio::select! {
            () = self.rois.follow() => {}
            () = self.cameras.follow() => {}
            () = stop.stopped() => {}
        }
        Ok(())
    }

    /// Returns the zones of one camera, if it has any.
    pub(crate) fn zones_of(&self, camera: &str) -> Result<Option<CameraZones>, Fault> {
        match &**self.rois.entries.load() {
            Ok(cameras) => Ok(cameras.iter().find(|zones| zones.camera_id().as_ref() == camera).cloned()),
            Err(problem) => Err(Fault::Configuration(problem.clone())),
        }
    }
}

// Derived, it would ask for `T: Clone`, which nobody needs.
impl<T> Clone for File<T> {
    fn clone(&self) -> Self {
        let Self { path, env, read, entries } = self;
        Self { path: path.clone(), env: env.clone(), read: *read, entries: Arc::clone(entries) }
    }
}

impl<T> File<T> {
    fn open(path: PathBuf, env: &Env, read: fn(&Self) -> Result<Vec<T>, String>) -> Self {
        let file = Self { path, env: env.clone(), read, entries: Arc::new(ArcSwap::from_pointee(Ok(Vec::new()))) };
        file.read_again();
        file
    }

    async fn follow(&self) {
        let mut changes = watch_file(&self.path);
        // It may have changed between the first reading and the begin of the watch.
        self.read_again();
        loop {
            changes.next().await;
            info!(file = %self.path.display(), "changed, reading it again");
            self.read_again();
        }
    }

    fn read_again(&self) {
        let entries = (self.read)(self);
        if let Err(problem) = &entries {
            warn!("{problem}");
        }
        self.entries.store(Arc::new(entries));
    }

    /// The file's name without its directory, which is nobody's business.
    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What callers are told when the file cannot be read.
    fn problem(&self, error: ConfigError) -> String {
        match error {
            ConfigError::NotFound(_) => format!("{} is not there", self.name()),
            ConfigError::File(mut problem) => {
                problem.file = self.name().into();
                problem.to_string()
            }
            _ => format!("{} cannot be read", self.name()),
        }
    }
}

fn read_rois(file: &File<CameraZones>) -> Result<Vec<CameraZones>, String> {
    let raw: RoisFile = read_yaml(&file.path, &file.env).map_err(|error| file.problem(error))?;
    let (cameras, problems) = raw.check();
    for problem in problems {
        warn!("{}: {problem}", file.path.display());
    }
    Ok(cameras)
}

fn read_cameras(file: &File<Camera>) -> Result<Vec<Camera>, String> {
    let raw: CamerasFile = read_yaml(&file.path, &file.env).map_err(|error| file.problem(error))?;
    let (cameras, problems) = raw.check(&|name| file.env.plain(name).map(str::to_owned));
    for problem in problems {
        warn!("{}: {problem}", file.path.display());
    }
    Ok(cameras)
}

/// Lists the zones of every camera.
#[utoipa::path(
    get, path = "/config/rois", tag = "site",
    responses(
        (status = 200, description = "The zones", body = Vec<CameraRois>),
        (status = 500, description = "rois.yaml cannot be read", body = crate::openapi::Detail),
    ),
)]
pub(crate) async fn rois(State(app): State<App>) -> Response {
    show(&app, &app.site.rois, show_zones)
}

/// Lists the cameras.
#[utoipa::path(
    get, path = "/config/cameras", tag = "site",
    responses(
        (status = 200, description = "The cameras", body = Vec<CameraSummary>),
        (status = 500, description = "cameras.yaml cannot be read", body = crate::openapi::Detail),
    ),
)]
pub(crate) async fn cameras(State(app): State<App>) -> Response {
    show(&app, &app.site.cameras, show_camera)
}

fn show<T, V: Serialize>(app: &App, file: &File<T>, show: fn(&T) -> V) -> Response {
    match &**file.entries.load() {
        Ok(entries) => Json(entries.iter().map(show).collect::<Vec<_>>()).into_response(),
        Err(problem) => app.refuse(&Fault::Configuration(problem.clone())).as_detail(),
    }
}

fn show_zones(zones: &CameraZones) -> CameraRois {
    let zone = |zone: &domain::zone::Zone| ForbiddenZone {
        name: zone.name.to_string(),
        points: zone.outline().corners().iter().map(|corner| [number(corner.x), number(corner.y)]).collect(),
    };
    let names = |classes: &std::collections::BTreeSet<Arc<str>>| classes.iter().map(ToString::to_string).collect();
    CameraRois {
        camera_id: zones.camera_id().to_string(),
        forbidden_zones: zones.zones().iter().map(zone).collect(),
        allowed_classes: names(zones.allowed_classes()),
        alert_classes: names(zones.alert_classes()),
        strict_mode: zones.strict_mode(),
    }
}

fn show_camera(camera: &Camera) -> CameraSummary {
    CameraSummary {
        id: camera.id.to_string(),
        name: camera.name.clone(),
        enabled: camera.enabled,
        fps_target: camera.fps_target.per_second(),
    }
}

/// A coordinate as the reference writes it: whole pixels without a decimal point.
fn number(coordinate: f64) -> Number {
    let is_whole = coordinate.fract() == 0.0 && coordinate.abs() < 1e9;
    if is_whole { Number::from(coordinate as i64) } else { Number::from_f64(coordinate).unwrap_or_else(|| 0.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_pixels_have_no_decimal_point() {
        let texts = [441.0, 0.25, 0.0, -3.0].map(|coordinate| number(coordinate).to_string());
        assert_eq!(texts, ["441", "0.25", "0", "-3"]);
    }
}
