//! Keeps one task for each camera of `cameras.yaml`, and follows the edits of that file: only a camera whose entry has
//! changed begins anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use chassis::config::watch_file;
use chassis::tasks::restart;
use chassis::{ConfigError, Env, Stop};
use domain::id::CameraId;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use crate::camera;
use crate::cameras_file::{self, Listed, problem_of};
use crate::lifecycle::Lifecycle;
use crate::post::Post;
use crate::roster::{Action, Place, Roster, Wanted, plan};
use crate::site::Site;

/// Watches `cameras.yaml` and the cameras in it until the [`Stop`] is set; then waits until every camera's task has ended,
/// after which no alert is raised any more.
///
/// # Errors
/// Never: what is wrong with the file is shown, and the cameras go on.
pub(crate) async fn supervise(site: Arc<Site>, path: PathBuf, env: Env, stop: Stop) -> anyhow::Result<()> {
    let mut changes = watch_file(&path);
    let mut supervisor = Supervisor { site, stop: stop.clone(), running: BTreeMap::new(), tasks: JoinSet::new() };
    loop {
        supervisor.follow(cameras_file::read(&path, &env));
        tokio::select! {
            () = stop.stopped() => break,
            () = supervisor.bury() => {}
            () = changes.next() => info!("cameras.yaml has changed"),
        }
    }
    while supervisor.tasks.join_next().await.is_some() {}
    supervisor.site.end_raising();
    Ok(())
}

struct Supervisor {
    site: Arc<Site>,
    stop: Stop,
    running: BTreeMap<CameraId, Running>,
    tasks: JoinSet<CameraId>,
}

struct Running {
    post: Arc<Post>,
    stop: Stop,
}

impl Supervisor {
    /// Does what the file says now.
    fn follow(&mut self, read: Result<Vec<Listed>, ConfigError>) {
        let before = self.site.cameras();
        let roster = match read {
            Ok(listed) => {
                let watched = self.running.keys().map(ToString::to_string).collect();
                Roster { places: self.arrange(plan(listed, &watched)), problems: Vec::new() }
            }
            // The file may be half written or gone by mistake: the cameras go on.
            Err(error) => Roster { places: before.places.clone(), problems: vec![problem_of(error)] },
        };
        tell(&before, &roster);
        self.site.set_cameras(roster);
    }

    fn arrange(&mut self, wanted: Vec<Wanted>) -> Vec<Place> {
        let ids: BTreeSet<String> = wanted.iter().map(|wanted| wanted.id.clone()).collect();
        self.running.retain(|id, running| {
            let stays = ids.contains(id.as_str());
            if !stays {
                info!(camera = %id, "camera is no longer configured");
                running.stop.stop();
            }
            stays
        });
        let now = Timestamp::now();
        wanted.into_iter().filter_map(|wanted| self.place(wanted, now)).collect()
    }

    fn place(&mut self, Wanted { id, action, problems }: Wanted, now: Timestamp) -> Option<Place> {
        let post = match action {
            Action::Watch(camera) => match self.running.get(&camera.id) {
                Some(running) => {
                    running.post.order(camera);
                    Arc::clone(&running.post)
                }
                None => self.start(&camera),
            },
            Action::Keep => {
                let running = self.running.iter().find(|(known, _)| known.as_str() == id);
                Arc::clone(&running?.1.post)
            }
            Action::Show => return Some(Place::Wrong { id, since: now, problems }),
        };
        Some(Place::Watched { post, problems })
    }

    fn start(&mut self, camera: &Arc<domain::camera::Camera>) -> Arc<Post> {
        let id = camera.id.clone();
        let meters = self.site.metrics.camera(&id);
        let lifecycle = Lifecycle::new(self.site.patience, Timestamp::now());
        let post = Arc::new(Post::new(Arc::clone(camera), meters, lifecycle));
        let stop = self.stop.child();
        info!(camera = %id, url = %camera.detection_url(), "camera is configured");
        let (watched, site, until) = (Arc::clone(&post), Arc::clone(&self.site), stop.clone());
        let attempts = restart(format!("camera {id}"), stop.clone(), move || {
            camera::keep(Arc::clone(&watched), Arc::clone(&site), until.clone())
        });
        let ended = id.clone();
        self.tasks.spawn(async move {
            attempts.await;
            ended
        });
        self.running.insert(id, Running { post: Arc::clone(&post), stop });
        post
    }

    /// Waits for ended tasks of cameras that are no longer configured, and forgets them.
    async fn bury(&mut self) {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(id)) if !self.running.contains_key(&id) => self.site.metrics.forget(&id),
                Some(Ok(id)) => debug!(camera = %id, "task ended"),
                Some(Err(error)) => warn!("a camera's task failed: {error}"),
                None => std::future::pending().await,
            }
        }
    }
}

/// Logs the problems that are new.
fn tell(before: &Roster, now: &Roster) {
    for problem in now.problems().filter(|problem| !before.problems().any(|known| known == *problem)) {
        warn!("{problem}");
    }
}
