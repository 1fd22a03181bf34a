//! The promises of the inspector, with a real database, real files and a scripted model.

mod evidence;
mod model;
mod queue;
mod texts;
mod verdicts;

use std::time::Duration;

use bytes::Bytes;
use chassis::{Env, Stop};
use domain::geometry::Size;
use domain::patrol::Verdict;
use domain::picture::Picture;
use domain::retry::Schedule;
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use vlm::Usage;

use super::{Inspector, Job, Places, Settled};
use crate::history::{History, InspectionId, InspectionRow, NewInspection, NewRun, Pictures, RunId};
use crate::settings_book::SettingsBook;
use model::{ModelServer, Play};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
const QUICK: Schedule = Schedule {
    first: Duration::from_millis(5),
    factor: 1.0,
    longest: Duration::from_millis(5),
    spread: 0.0,
    attempts: None,
};
/// What the scripted model's answers take.
const ANSWER: Usage = Usage { input: 100, output: 20, total: 150 };

/// A site with a robot in a run, and a model.
struct Bench {
    dir: tempfile::TempDir,
    model: ModelServer,
    places: Places,
    history: History,
    settings: SettingsBook,
    inspector: Inspector,
    run: RunId,
    started_at: Timestamp,
}

impl Bench {
    async fn with(plays: impl IntoIterator<Item = Play>) -> Self {
        let model = ModelServer::start(plays).await;
        let places = Places { gemini: Some(model.url.clone()), inference: None };
        let dir = tempfile::tempdir().expect("a directory");
        let (history, settings, inspector) = opened(&dir, &places).await;
        let started_at = Timestamp::now();
        let run = NewRun {
            started_at,
            robot_serial: None,
            model_id: None,
            route: None,
            dry_run: false,
            loops: 1,
            trigger: "operator".to_owned(),
            plan: Value::Null,
        };
        let run = history.begin_run(&run).await.expect("begins");
        Self { dir, model, places, history, settings, inspector, run, started_at }
    }

    async fn set(&self, changes: Value) {
        self.settings.change(changes.as_object().expect("an object")).await.expect("is allowed");
    }

    /// Does what another process does after this one was killed.
    async fn killed_and_started_again(&mut self) {
        (self.history, self.settings, self.inspector) = opened(&self.dir, &self.places).await;
        self.inspector.recover().await.expect("is taken up");
    }

    /// Makes a photo at a point, as the run does.
    async fn shoot(&self, point: &str, photo: Bytes) -> Job {
        let pictures = Pictures::of(&self.history);
        let path = pictures.save(self.run, self.started_at, point, photo).await.expect("is kept");
        let prompt = vlm::inspection::prompt(point, "Is the floor dry?");
        let inspection = NewInspection {
            run: self.run,
            at: Timestamp::now(),
            point_id: format!("id-{point}"),
            point_name: point.to_owned(),
            x: 1.0,
            y: 2.0,
            theta: 0.0,
            prompt: prompt.clone(),
            moving_status: "Success".to_owned(),
            image_path: Some(path.clone()),
            captured_at: Some(Timestamp::now()),
            more_photos: Vec::new(),
            round: 1,
        };
        let inspection = self.history.add_inspection(&inspection).await.expect("is written");
        Job { inspection, run: Some(self.run), pictures: vec![path], prompt, point_id: format!("id-{point}") }
    }

    /// Makes a photo and has it judged; returns the settled inspection.
    async fn inspect(&self, point: &str, photo: Bytes) -> InspectionRow {
        let job = self.shoot(point, photo).await;
        let inspection = job.inspection;
        let worker = self.worker();
        let mut settled = self.inspector.settled();
        self.inspector.enqueue(job).await.expect("is queued");
        let told = next(&mut settled).await;
        worker.end().await;
        let row = self.row(inspection).await;
        assert_eq!((told.inspection, told.run, Some(told.verdict)), (inspection, Some(self.run), row.verdict));
        row
    }

    fn worker(&self) -> Worker {
        let stop = Stop::new();
        let task = tokio::spawn(self.inspector.clone().work(stop.clone()));
        Worker { stop, task }
    }

    async fn row(&self, inspection: InspectionId) -> InspectionRow {
        self.history.inspection(inspection).await.expect("is read").expect("is there")
    }

    /// Returns the tokens of the run and of the day, which must agree.
    async fn tokens(&self) -> u64 {
        let (start, end) = self.history.day_of(Timestamp::now());
        let spent = self.history.spent(start, end).await.expect("is added up").usage.total;
        let run = self.history.run(self.run).await.expect("is read").expect("is there");
        assert_eq!(run.usage.total, spent);
        spent
    }

    fn images(&self) -> Vec<String> {
        let dir = self.dir.path().join("robot-a/report/images");
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .expect("is there")
            .flat_map(|run| std::fs::read_dir(run.expect("is there").path()).expect("is a directory"))
            .map(|file| file.expect("is there").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

async fn opened(dir: &tempfile::TempDir, places: &Places) -> (History, SettingsBook, Inspector) {
    let history = History::open(dir.path(), "robot-a").await.expect("is opened");
    let env = Env::of([("GEMINI_API_KEY", "simulated")]);
    let settings = SettingsBook::open(&history, &env).await.expect("is opened");
    let inspector = Inspector::with_pauses(&history, &settings, places.clone(), QUICK).expect("is set up");
    (history, settings, inspector)
}

struct Worker {
    stop: Stop,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Worker {
    async fn end(self) {
        self.stop.stop();
        let ended = timeout(PATIENCE, self.task).await.expect("ends in time");
        ended.expect("does not panic").expect("does not fail");
    }
}

async fn next(settled: &mut tokio::sync::broadcast::Receiver<Settled>) -> Settled {
    timeout(PATIENCE, settled.recv()).await.expect("is settled in time").expect("is told")
}

/// A photo of a room with a pattern on its walls, and something on its floor.
fn photo(something: Option<[u8; 3]>) -> Bytes {
    let (width, height) = (640_usize, 360_usize);
    let mut pixels = Vec::with_capacity(width * height * 3);
    for row in 0..height {
        for column in 0..width {
            let tile = ((row / 24) * 7 + (column / 40) * 13) % 11;
            let shade = 60 + (tile * 12) as u8 + (row / 12) as u8;
            let is_on_it = (220..300).contains(&row) && (260..380).contains(&column);
            let pixel = something.filter(|_| is_on_it).unwrap_or([shade, shade, shade.saturating_add(10)]);
            pixels.extend_from_slice(&pixel);
        }
    }
    let size = Size { width: 640, height: 360 };
    let picture = Picture::rgb(size, width * 3, pixels.into()).expect("is one");
    media::jpeg::encode(&picture, 85).expect("is encoded")
}
