//! The judging of photos: each goes into a durable queue, is shown to a model, and gets the verdict that the model's
//! answer is, or ERROR. Nothing else ever becomes an OK.
//!
//! A job survives a crash: it is in the database until its inspection is settled, and whoever judges it only holds it for
//! a time. Whether the run waits for the verdict or drives on makes no difference here.

mod budget;
mod compare;
mod consult;
mod control;
pub(crate) mod days;
mod desk;
mod judge;
mod look;
mod photo;
mod precheck;
#[cfg(test)]
mod tests;
mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context as _;
use domain::patrol::Verdict;
use domain::retry::Schedule;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};
use vlm::{Model, Usage};

use crate::history::{Expense, History, InspectionId, Pictures, RunId, Settlement};
use crate::settings_book::SettingsBook;

pub(crate) use consult::{Consulted, NoAnswer};

use desk::Desk;
use precheck::Detector;

/// How many questions are asked at the same time. Models are slow and not ours; a robot makes a photo every minute.
pub(crate) const WORKERS: usize = 2;
/// How many verdicts a listener may be behind.
const BEHIND: usize = 1024;
/// When a question that was not answered is asked again.
const AGAIN: Schedule = Schedule {
    first: Duration::from_secs(2),
    factor: 2.0,
    longest: Duration::from_secs(60),
    spread: 0.5,
    attempts: None,
};

/// Photos of one look at one waypoint, to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) inspection: InspectionId,
    pub(crate) run: Option<RunId>,
    /// The photos, as the history names them; the first is the one of the inspection.
    pub(crate) pictures: Vec<String>,
    /// The question, with its place: `[Location: name] prompt`.
    pub(crate) prompt: String,
    pub(crate) point_id: String,
}

/// An inspection has its verdict, and it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) inspection: InspectionId,
    pub(crate) run: Option<RunId>,
    pub(crate) verdict: Verdict,
}

/// What stands in the queue of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    pictures: Vec<String>,
    prompt: String,
    point_id: String,
    /// What answers took that could not be used.
    #[serde(default)]
    spent: Usage,
}

/// Has photos judged. Clones share everything.
#[derive(Clone)]
pub(crate) struct Inspector {
    shared: Arc<Shared>,
}

struct Shared {
    history: History,
    settings: SettingsBook,
    pictures: Pictures,
    desk: Desk,
    detector: Option<Detector>,
    again: Schedule,
    /// Photos that a model judged, for the turn of the control question.
    judged: AtomicU64,
    /// There is a new job.
    woken: Notify,
    settled: broadcast::Sender<Settled>,
}

/// Who is asked besides those whom the settings name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Gemini's address unless it is the public one.
    pub(crate) gemini: Option<String>,
    /// The detector for looks at no cost, if there is one.
    pub(crate) inference: Option<String>,
}

impl Inspector {
    /// Prepares to judge. Nothing is asked before [`Self::work`].
    pub(crate) fn new(history: &History, settings: &SettingsBook, places: Places) -> anyhow::Result<Self> {
        Self::with_pauses(history, settings, places, AGAIN)
    }

    fn with_pauses(
        history: &History,
        settings: &SettingsBook,
        places: Places,
        again: Schedule,
    ) -> anyhow::Result<Self> {
        let detector = places.inference.as_deref().map(Detector::new).transpose().context("preparing the pre-check")?;
        let shared = Shared {
            history: history.clone(),
            settings: settings.clone(),
            pictures: Pictures::of(history),
            desk: Desk::new(places.gemini),
            detector,
            again,
            judged: AtomicU64::new(0),
            woken: Notify::new(),
            settled: broadcast::Sender::new(BEHIND),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Puts photos into the queue. When this returns they will be judged, whatever happens to this process.
    pub(crate) async fn enqueue(&self, job: Job) -> anyhow::Result<()> {
        let Job { inspection, run, pictures, prompt, point_id } = job;
        let body = Body { pictures, prompt, point_id, spent: Usage::default() };
        let body = serde_json::to_string(&body).context("writing a job")?;
        let queued = self.shared.history.enqueue_job(inspection, run, &body, Timestamp::now()).await;
        queued.context("queueing an inspection")?;
        self.shared.woken.notify_one();
        Ok(())
    }

    /// Begins to hear of verdicts: each is told after it is written down, also those of runs that are long over.
    pub(crate) fn settled(&self) -> broadcast::Receiver<Settled> {
        self.shared.settled.subscribe()
    }

    /// Returns how many inspections of a run wait for their verdict.
    pub(crate) async fn open(&self, run: RunId) -> anyhow::Result<u64> {
        self.shared.history.open_jobs(run).await.context("counting open inspections")
    }

    /// Gives up the inspections of a run that nobody judges at the moment: they are CANCELLED. Returns how many.
    pub(crate) async fn cancel(&self, run: RunId) -> anyhow::Result<u64> {
        let jobs = self.shared.history.cancel_jobs(run, Timestamp::now()).await.context("cancelling inspections")?;
        let mut count = 0;
        for job in jobs {
            let body: Option<Body> = serde_json::from_str(&job.body).ok();
            let spent = body.map(|body| body.spent).unwrap_or_default();
            self.give_up(job.inspection, job.run, spent, "the run was stopped before anybody looked").await?;
            count += 1;
        }
        Ok(count)
    }

    /// Tells whether the settings name a model that can be asked; if not, why.
    pub(crate) fn is_configured(&self) -> Result<(), String> {
        self.shared.desk.model(&self.shared.settings.current()).map(|_| ())
    }

    /// Returns the model that the settings name, if it can be asked.
    pub(crate) fn model(&self) -> Option<Arc<dyn Model>> {
        self.shared.desk.model(&self.shared.settings.current()).ok()
    }

    /// Returns what a usage of a model is as an expense.
    pub(crate) fn expense(&self, model: &dyn Model, usage: Usage) -> Expense {
        let cost = self.shared.settings.current().prices().cost(model.name(), usage);
        Expense { at: Timestamp::now(), usage, cost, model: Some(model.name().to_owned()) }
    }

    /// Settles an inspection that nobody will judge.
    async fn give_up(
        &self,
        inspection: InspectionId,
        run: Option<RunId>,
        spent: Usage,
        why: &str,
    ) -> anyhow::Result<()> {
        let row = self.shared.history.inspection(inspection).await.context("reading an inspection")?;
        let (first, more) = row.map(|row| (row.image_path, row.more_photos)).unwrap_or_default();
        let image_path = match first {
            Some(path) => self.renamed(&path, Verdict::Cancelled).await,
            None => None,
        };
        let more: Vec<String> = more.into_iter().map(|photo| photo.path).collect();
        let settlement = Settlement {
            usage: spent,
            image_path,
            more_paths: self.all_renamed(&more, Verdict::Cancelled).await,
            ..Settlement::without_answer(Timestamp::now(), Verdict::Cancelled, "", why)
        };
        self.shared.history.settle(inspection, &settlement).await.context("settling an inspection")?;
        self.tell(Settled { inspection, run, verdict: Verdict::Cancelled });
        Ok(())
    }

    /// Gives a photo the name of its verdict. It keeps the old one if that fails: the photo is what matters.
    async fn renamed(&self, image_path: &str, verdict: Verdict) -> Option<String> {
        match self.shared.pictures.settled(image_path, verdict).await {
            Ok(path) => Some(path),
            Err(error) => {
                tracing::warn!(photo = image_path, "the photo keeps its name: {error:#}");
                None
            }
        }
    }

    /// The same of several.
    async fn all_renamed(&self, paths: &[String], verdict: Verdict) -> Vec<String> {
        let mut names = Vec::with_capacity(paths.len());
        for path in paths {
            names.push(self.renamed(path, verdict).await.unwrap_or_else(|| path.clone()));
        }
        names
    }

    fn tell(&self, settled: Settled) {
        // Fails only if nobody listens.
        let _ = self.shared.settled.send(settled);
    }
}
