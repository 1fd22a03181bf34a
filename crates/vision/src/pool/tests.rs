//! The pool answers, takes turns, refuses, changes its model while it works, and stops.

use std::fs;
use std::path::Path;

use domain::geometry::Size;
use tempfile::TempDir;

use super::*;
use crate::active::ActiveModel;
use crate::settings::BackendChoice;
use crate::testing::{GREEN, RED, models_dir, scene, shapes_manifest};

/// A site with the shapes detector under two names, and a place for the active model's file.
pub(super) struct Site {
    pub(super) dir: TempDir,
}

impl Site {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("the system has a directory to give");
        for name in ["shapes", "shapes-2"] {
            let model = dir.path().join("models").join(name);
            fs::create_dir_all(&model).expect("the directory is writable");
            let manifest =
                fs::read_to_string(models_dir().join("shapes/manifest.yaml")).expect("the manifest is there");
            write(&model.join("manifest.yaml"), manifest.replace("name: shapes", &format!("name: {name}")).as_bytes());
            fs::copy(models_dir().join("shapes/model.onnx"), model.join("model.onnx")).expect("the model is there");
        }
        Self { dir }
    }

    pub(super) fn source(&self) -> ModelSource {
        ModelSource {
            models: Models::new(self.dir.path().join("models"), self.dir.path().join("cache")),
            active: ActiveModel::path(self.dir.path()),
            default: "shapes".to_owned(),
        }
    }

    pub(super) fn settings(&self) -> PoolSettings {
        let detector = Settings { backend: BackendChoice::Tract, ..Settings::new(self.dir.path()) };
        PoolSettings { poll_interval: Duration::from_millis(10), ..PoolSettings::new(detector, 2) }
    }

    fn pool(&self) -> Pool {
        Pool::start(self.settings(), self.source()).expect("the shapes detector loads")
    }

    fn choose(&self, name: &str) {
        let model = ModelRef { name: name.to_owned(), ..model("shapes") };
        let active = ActiveModel { model, activated_at: jiff::Timestamp::UNIX_EPOCH };
        active.write(&self.source().active).expect("the directory is writable");
    }
}

pub(super) fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("the directory is writable");
}

pub(super) fn model(name: &str) -> ModelRef {
    ModelRef { name: name.to_owned(), version: "1.0.0".to_owned(), sha256: shapes_manifest().sha256 }
}

pub(super) fn job(lane: &str, colour: [u8; 3]) -> Job {
    let picture = scene(Size::new(320, 180), &[(100, 60, 160, 120, colour)]);
    Job { lane: lane.into(), picture, region: None, min_confidence: None }
}

/// Waits until a condition holds; at most ten seconds.
async fn until(mut condition: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the condition does not come true");
}

#[tokio::test]
async fn every_question_gets_its_own_answer() {
    let site = Site::new();
    let pool = site.pool();
    let ask = |lane: &'static str, colour| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.detect(job(lane, colour)).await })
    };
    let asked: Vec<_> = (0..8).map(|i| if i % 2 == 0 { ask("a", RED) } else { ask("b", GREEN) }).collect();
    for (index, answer) in asked.into_iter().enumerate() {
        let outcome = answer.await.expect("the task ends").expect("the pool answers");
        let names: Vec<_> = outcome.detections.iter().map(|d| &*d.class_name).collect();
        assert_eq!(names, [if index % 2 == 0 { "object" } else { "pine" }]);
        assert_eq!(outcome.model, model("shapes"));
        assert!(outcome.inference_ms > 0.0 && outcome.waited_ms >= 0.0);
    }
    let status = pool.status();
    assert_eq!((status.answered, status.failed, status.refused, status.waiting), (8, 0, 0, 0));
    assert_eq!((status.workers, status.backend(), status.fallback), (2, Backend::Tract, None));
    assert_eq!(pool.labels().iter().map(|label| &**label).collect::<Vec<_>>(), ["object", "pine", "worker"]);
}

#[tokio::test]
async fn several_questions_can_share_a_run() {
    let site = Site::new();
    let wait = Duration::from_millis(300);
    let settings = PoolSettings { batch: Some(4), batch_wait: wait, workers: 1, ..site.settings() };
    let pool = Pool::start(settings, site.source()).expect("the shapes detector loads");
    assert_eq!(pool.status().batch, 4);
    let answers = futures_of(&pool, &[RED, GREEN, RED, GREEN]).await;
    let names: Vec<_> = answers.iter().map(|outcome| outcome.detections[0].class_name.to_string()).collect();
    assert_eq!(names, ["object", "pine", "object", "pine"]);
    let times: Vec<_> = answers.iter().map(|outcome| outcome.inference_ms).collect();
    assert!(times.iter().all(|time| *time == times[0]), "they were one run: {times:?}");
}

/// Asks all at once and waits for every answer.
async fn futures_of(pool: &Pool, colours: &[[u8; 3]]) -> Vec<Outcome> {
    let mut tasks = Vec::new();
    for colour in colours {
        let (pool, colour) = (pool.clone(), *colour);
        tasks.push(tokio::spawn(async move { pool.detect(job("a", colour)).await }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("the task ends").expect("the pool answers"));
    }
    outcomes
}

#[tokio::test]
async fn a_region_outside_the_picture_is_refused_before_it_waits() {
    let pool = Site::new().pool();
    let region = Some(BBox::new(400.0, 0.0, 500.0, 10.0));
    assert_eq!(pool.detect(Job { region, ..job("a", RED) }).await, Err(DetectError::EmptyRegion));
}

#[tokio::test]
async fn an_activated_model_answers_and_is_remembered() {
    let site = Site::new();
    let pool = site.pool();
    assert_eq!(pool.activate("shapes-2").await.expect("it is there"), model("shapes-2"));
    let seat_taken = || async { pool.detect(job("a", RED)).await.expect("the pool answers").model.name };
    for _ in 0..200 {
        if seat_taken().await == "shapes-2" {
            break;
        }
    }
    assert_eq!(seat_taken().await, "shapes-2");
    let written = ActiveModel::read(&site.source().active).expect("the file is good").expect("there is a file");
    assert_eq!(written.model, model("shapes-2"));
    pool.stop().await;
    assert_eq!(site.pool().status().info.model, model("shapes-2"), "a new start runs the active model");
}

#[tokio::test]
async fn a_model_that_cannot_be_used_changes_nothing() {
    let site = Site::new();
    let pool = site.pool();
    assert!(matches!(pool.activate("nothing").await, Err(PoolError::Model(ModelError::Unknown { .. }))));
    fs::remove_file(site.dir.path().join("models/shapes-2/model.onnx")).expect("it was there");
    assert!(matches!(pool.activate("shapes-2").await, Err(PoolError::Model(ModelError::NotFetched { .. }))));
    write(&site.dir.path().join("models/shapes-2/model.onnx"), b"another");
    assert!(matches!(pool.activate("shapes-2").await, Err(PoolError::Model(ModelError::Hash { .. }))));
    assert_eq!(pool.detect(job("a", RED)).await.expect("the pool answers").model, model("shapes"));
    assert_eq!(ActiveModel::read(&site.source().active).expect("the directory is readable"), None);
}

#[tokio::test]
async fn the_active_models_file_is_followed() {
    let site = Site::new();
    let pool = site.pool();
    site.choose("shapes-2");
    until(|| pool.status().info.model == model("shapes-2")).await;
    site.choose("nothing");
    until(|| pool.status().swap_error.is_some()).await;
    assert_eq!(pool.status().info.model, model("shapes-2"), "what worked goes on working");
    site.choose("shapes");
    until(|| pool.status().info.model == model("shapes")).await;
    assert_eq!(pool.status().swap_error, None);
}

#[tokio::test]
async fn with_an_active_model_that_is_gone_the_default_one_starts_and_says_so() {
    let site = Site::new();
    site.choose("nothing");
    let status = site.pool().status();
    assert_eq!(status.info.model, model("shapes"));
    assert!(status.swap_error.is_some_and(|reason| reason.contains("nothing")));
}

#[tokio::test]
async fn an_active_model_of_another_hash_is_not_run() {
    let site = Site::new();
    let other = ModelRef { sha256: "0".repeat(64), ..model("shapes-2") };
    let active = ActiveModel { model: other, activated_at: jiff::Timestamp::UNIX_EPOCH };
    active.write(&site.source().active).expect("the directory is writable");
    let status = site.pool().status();
    assert_eq!(status.info.model, model("shapes"));
    assert!(status.swap_error.is_some_and(|reason| reason.contains("SHA-256")));
}

#[test]
fn a_pool_without_a_model_does_not_start() {
    let site = Site::new();
    let source = ModelSource { default: "nothing".to_owned(), ..site.source() };
    assert!(matches!(Pool::start(site.settings(), source), Err(PoolError::Model(ModelError::Unknown { .. }))));
}

#[tokio::test]
async fn a_stopped_pool_answers_that_it_has_stopped() {
    let pool = Site::new().pool();
    pool.stop().await;
    assert_eq!(pool.detect(job("a", RED)).await, Err(DetectError::Stopped));
    assert!(matches!(pool.activate("shapes").await, Err(PoolError::Stopped)));
    pool.stop().await;
}

#[tokio::test]
async fn the_last_handle_that_goes_ends_the_threads() {
    let site = Site::new();
    let pool = site.pool();
    let (second, shared) = (pool.clone(), Arc::downgrade(&pool.shared));
    drop(pool);
    assert!(second.detect(job("a", RED)).await.is_ok(), "a handle is left");
    drop(second);
    until(|| shared.strong_count() == 0).await;
}
