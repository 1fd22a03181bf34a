//! The waypoints of this robot, in the files visual-patrol has them in: `config/points.json`, the round as it is, and
//! `config/routes/{name}.json`, rounds kept by name.
//!
//! The files are read anew each time, so an edit by hand counts at once; they are written whole or not at all.

mod arrange;
mod file;
mod import;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use domain::patrol::Waypoint;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tracing::{info, warn};

pub(crate) use arrange::{Strategy, arranged};
pub(crate) use file::Points;
pub(crate) use import::{Place, TakenOver};

/// The most waypoints of a round: more is a mistake, and would make answers and files of any size.
const MOST_POINTS: usize = 1000;

/// Why waypoints were not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PointsError {
    /// What was sent cannot be a round.
    #[error("{0}")]
    Refused(String),
    /// There is no such waypoint, or no such route.
    #[error("{0}")]
    Absent(String),
    /// Somebody else changed them since they were read.
    #[error("somebody else changed the waypoints meanwhile: read them again")]
    Changed,
    /// The file cannot be read or written.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The waypoints and routes of this robot. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct PointBook {
    dir: Arc<Path>,
    /// Held while something is changed, so that two changes do not lose each other.
    changing: Arc<Mutex<()>>,
}

impl PointBook {
    /// Opens the waypoints in a robot's directory. Those of the older layout are taken over if the robot has none.
    pub(crate) fn open(data_dir: &Path, robot_dir: &Path) -> anyhow::Result<Self> {
        let dir = robot_dir.join("config");
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        let (own, old) = (dir.join("points.json"), data_dir.join("config").join("points.json"));
        if !own.exists() && old.exists() {
            let content = std::fs::read(&old).with_context(|| format!("reading {}", old.display()))?;
            store::write_whole(&own, &content).with_context(|| format!("writing {}", own.display()))?;
            info!("took over the waypoints of the older layout");
        }
        Ok(Self { dir: dir.into(), changing: Arc::new(Mutex::new(())) })
    }

    /// Returns the waypoints in the order of their visits.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<Waypoint>> {
        Ok(self.read().await?.points)
    }

    /// Returns the waypoints with the tag that tells this state of them from others.
    pub(crate) async fn read(&self) -> anyhow::Result<Points> {
        let points = self.read_file(self.file()).await?.unwrap_or_default();
        for problem in &points.problems {
            warn!(problem, "an entry of points.json cannot be used");
        }
        Ok(points)
    }

    /// Replaces all waypoints, if they are still those of the tag. Returns them.
    pub(crate) async fn replace(&self, points: Vec<Waypoint>, tag: Option<&str>) -> Result<Points, PointsError> {
        self.change(tag, |now| {
            now.points = complete(points)?;
            Ok(())
        })
        .await
        .map(|(points, ())| points)
    }

    /// Adds a waypoint, or replaces the one of its id. One without an id gets a new one. Returns the id.
    pub(crate) async fn put(&self, mut point: Waypoint) -> Result<String, PointsError> {
        let put = |now: &mut Points| {
            if point.id.is_empty() {
                point.id = new_id(&now.points);
            }
            check(&point)?;
            let id = point.id.clone();
            match now.points.iter_mut().find(|known| known.id == id) {
                Some(known) => *known = point,
                None => now.points.push(point),
            }
            full(&now.points)?;
            Ok(id)
        };
        self.change(None, put).await.map(|(_, id)| id)
    }

    /// Replaces a waypoint that there is.
    pub(crate) async fn update(&self, id: &str, point: Waypoint) -> Result<Waypoint, PointsError> {
        let point = Waypoint { id: id.to_owned(), ..point };
        check(&point)?;
        let update = |now: &mut Points| {
            let known = now.points.iter_mut().find(|known| known.id == id);
            *known.ok_or_else(|| absent(id))? = point.clone();
            Ok(point)
        };
        self.change(None, update).await.map(|(_, point)| point)
    }

    /// Takes a waypoint away.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), PointsError> {
        let remove = |now: &mut Points| {
            let place = now.points.iter().position(|known| known.id == id).ok_or_else(|| absent(id))?;
            now.points.remove(place);
            Ok(())
        };
        self.change(None, remove).await.map(|_| ())
    }

    /// Puts the waypoints in another order. Returns them.
    pub(crate) async fn arrange(&self, strategy: Strategy, start: (f64, f64)) -> Result<Points, PointsError> {
        let arrange = |now: &mut Points| {
            now.points = arranged(std::mem::take(&mut now.points), strategy, start);
            Ok(())
        };
        self.change(None, arrange).await.map(|(points, ())| points)
    }

    /// Takes over places the robot knows by name, those that are not there yet.
    pub(crate) async fn take_over(&self, places: &[Place]) -> Result<TakenOver, PointsError> {
        let take_over = |now: &mut Points| {
            let taken = import::take_over(&mut now.points, places, Timestamp::now());
            full(&now.points)?;
            Ok(taken)
        };
        self.change(None, take_over).await.map(|(_, taken)| taken)
    }

    /// Returns the names of the routes, sorted.
    pub(crate) async fn routes(&self) -> anyhow::Result<Vec<String>> {
        let dir = self.routes_dir();
        let list = move || match std::fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => {
                let entries: io::Result<Vec<_>> = entries.and_then(Iterator::collect);
                let name = |entry: std::fs::DirEntry| {
                    let file = entry.file_name();
                    let name = file.to_str()?.strip_suffix(".json")?;
                    is_route_name(name).then(|| name.to_owned())
                };
                let mut names: Vec<String> = entries?.into_iter().filter_map(name).collect();
                names.sort_unstable();
                Ok::<_, io::Error>(names)
            }
        };
        tokio::task::spawn_blocking(list).await.context("listing routes")?.context("listing routes")
    }

    /// Returns the waypoints of a route; none if there is no such route.
    pub(crate) async fn route(&self, name: &str) -> anyhow::Result<Option<Vec<Waypoint>>> {
        if !is_route_name(name) {
            return Ok(None);
        }
        Ok(self.read_file(self.route_file(name)).await?.map(|route| route.points))
    }

    /// Keeps a round by name.
    pub(crate) async fn save_route(&self, name: &str, points: Vec<Waypoint>) -> Result<(), PointsError> {
        if !is_route_name(name) {
            return Err(PointsError::Refused(ROUTE_NAME.to_owned()));
        }
        let points = Points::of(complete(points)?);
        let _changing = self.changing.lock().await;
        write(self.route_file(name), points.content()).await?;
        Ok(())
    }

    /// Takes a route away.
    pub(crate) async fn delete_route(&self, name: &str) -> Result<(), PointsError> {
        let absent = || PointsError::Absent(format!("there is no route {name:?}"));
        if !is_route_name(name) {
            return Err(absent());
        }
        match tokio::fs::remove_file(self.route_file(name)).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(absent()),
            Err(error) => Err(PointsError::Failed(error.into())),
        }
    }

    /// Reads, changes and writes the waypoints, if they are still those of the tag.
    async fn change<R>(
        &self,
        tag: Option<&str>,
        change: impl FnOnce(&mut Points) -> Result<R, PointsError>,
    ) -> Result<(Points, R), PointsError> {
        let _changing = self.changing.lock().await;
        let mut points = self.read().await?;
        if tag.is_some_and(|tag| tag != points.tag()) {
            return Err(PointsError::Changed);
        }
        let result = change(&mut points)?;
        write(self.file(), points.content()).await?;
        Ok((points, result))
    }

    fn file(&self) -> PathBuf {
        self.dir.join("points.json")
    }

    fn routes_dir(&self) -> PathBuf {
        self.dir.join("routes")
    }

    fn route_file(&self, name: &str) -> PathBuf {
        self.routes_dir().join(format!("{name}.json"))
    }

    async fn read_file(&self, path: PathBuf) -> anyhow::Result<Option<Points>> {
        match tokio::fs::read(&path).await {
            Ok(content) => Points::read(&content).map(Some).with_context(|| format!("reading {}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }
}

async fn write(path: PathBuf, content: Vec<u8>) -> anyhow::Result<()> {
    let write = move || {
        let dir = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        store::write_whole(&path, &content).with_context(|| format!("writing {}", path.display()))
    };
    tokio::task::spawn_blocking(write).await.context("writing waypoints")?
}

/// What the name of a route must be.
const ROUTE_NAME: &str = "the name of a route consists of letters, digits, `_` and `-`";
const LONGEST_ROUTE_NAME: usize = 64;

/// Returns whether a text is the name of a route; letters of any script are.
fn is_route_name(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.chars().count() <= LONGEST_ROUTE_NAME && text.chars().all(is_part)
}

/// Gives every waypoint an id of its own and checks all of them.
fn complete(points: Vec<Waypoint>) -> Result<Vec<Waypoint>, PointsError> {
    full(&points)?;
    let mut complete: Vec<Waypoint> = Vec::with_capacity(points.len());
    for mut point in points {
        if point.id.is_empty() || complete.iter().any(|known| known.id == point.id) {
            point.id = new_id(&complete);
        }
        check(&point)?;
        complete.push(point);
    }
    Ok(complete)
}

fn check(point: &Waypoint) -> Result<(), PointsError> {
    point.check().map_err(|error| PointsError::Refused(format!("{}: {error}", named(point))))
}

fn named(point: &Waypoint) -> &str {
    if point.name.is_empty() { "a waypoint" } else { &point.name }
}

fn full(points: &[Waypoint]) -> Result<(), PointsError> {
    if points.len() > MOST_POINTS {
        return Err(PointsError::Refused(format!("a round has at most {MOST_POINTS} waypoints")));
    }
    Ok(())
}

fn absent(id: &str) -> PointsError {
    PointsError::Absent(format!("there is no waypoint {id:?}"))
}

/// Returns an id that none of the waypoints has: the time in milliseconds, as the reference does it.
fn new_id(points: &[Waypoint]) -> String {
    let mut id = Timestamp::now().as_millisecond();
    while points.iter().any(|point| point.id == id.to_string()) {
        id += 1;
    }
    id.to_string()
}
