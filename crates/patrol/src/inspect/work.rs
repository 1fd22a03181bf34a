//! The work on the queue: a job is claimed, judged, and settled, or put back for later.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use chassis::Stop;
use domain::patrol::Verdict;
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use tracing::{debug, info, warn};
use vlm::inspection;
use vlm::scale::Policy;
use vlm::{Jpeg, Usage};

use super::compare::{self, Compared};
use super::control::{self, Control};
use super::judge::{Judged, limit};
use super::{Body, Inspector, Settled, photo};
use crate::history::{self, Settlement};
use crate::metrics;
use crate::settings_book::Settings;

/// The longest rest without a look into the queue.
const REST: Duration = Duration::from_secs(30);
/// What a job may take besides its questions.
const BESIDES: Duration = Duration::from_secs(60);

/// What came of an attempt.
enum Attempt {
    /// There is nothing to wait for.
    Settled(Outcome),
    /// The model may answer later.
    Later { at: Timestamp, reason: String, spent: Usage },
}

/// What an inspection came to, before it is written down.
struct Outcome {
    verdict: Verdict,
    answer: String,
    description: String,
    usage: Usage,
    model: Option<String>,
    control: Option<&'static str>,
    photo: Option<Bytes>,
}

impl Outcome {
    fn error(why: impl Into<String>, usage: Usage) -> Self {
        Self {
            verdict: Verdict::Error,
            answer: String::new(),
            description: why.into(),
            usage,
            model: None,
            control: None,
            photo: None,
        }
    }
}

impl Inspector {
    /// Takes up what a process that is gone left behind. Once, before the work begins.
    pub(crate) async fn recover(&self) -> anyhow::Result<()> {
        let freed = self.shared.history.release_claims().await.context("freeing claims")?;
        if freed > 0 {
            info!(jobs = freed, "inspections are taken up again");
        }
        Ok(())
    }

    /// Gives up the inspections of ended runs that nobody is to judge: their process ended in the midst of something.
    async fn give_up_lost(&self) -> anyhow::Result<()> {
        let lost = self.shared.history.orphaned_inspections().await.context("finding lost inspections")?;
        for inspection in lost {
            let row = self.shared.history.inspection(inspection).await.context("reading an inspection")?;
            let run = row.map(|row| row.run_id);
            warn!(inspection = %inspection, "was never judged");
            self.give_up(inspection, run, Usage::default(), "the program ended before anybody looked").await?;
        }
        Ok(())
    }

    /// Judges jobs until the [`Stop`] is set. What is being judged then is put back.
    ///
    /// # Errors
    /// If the database cannot be used.
    pub(crate) async fn work(self, stop: Stop) -> anyhow::Result<()> {
        while !stop.is_stopped() {
            // The claim holds as long as the dearest job may take.
            let lease = limit(&self.shared.settings.current()).saturating_mul(2).saturating_add(BESIDES);
            let claimed = self.shared.history.claim_job(Timestamp::now(), lease).await.context("claiming a job")?;
            let Some(job) = claimed else {
                self.give_up_lost().await?;
                stop.or(self.rest()).await;
                continue;
            };
            match stop.or(self.judge_job(&job)).await {
                Some(done) => done?,
                None => self.put_back(&job).await?,
            }
        }
        Ok(())
    }

    /// Waits until there may be something to do.
    async fn rest(&self) {
        let woken = self.shared.woken.notified();
        let next = match self.shared.history.next_job_at().await {
            Ok(Some(at)) => at.duration_since(Timestamp::now()).max(SignedDuration::from_millis(20)),
            Ok(None) => SignedDuration::MAX,
            // The next claim will say it, too.
            Err(_) => SignedDuration::from_secs(1),
        };
        let pause = Duration::try_from(next).unwrap_or(REST).min(REST);
        tokio::select! {
            () = woken => {}
            () = sleep(pause) => {}
        }
    }

    async fn put_back(&self, job: &history::Job) -> anyhow::Result<()> {
        let put_back = self.shared.history.retry_job_at(job, Timestamp::now(), "the process ended", &job.body).await;
        put_back.context("putting a job back")?;
        Ok(())
    }

    async fn judge_job(&self, job: &history::Job) -> anyhow::Result<()> {
        let settings = self.shared.settings.current();
        let Ok(body) = serde_json::from_str::<Body>(&job.body) else {
            let unread = Outcome::error("its job cannot be read", Usage::default());
            return self.settle(job, None, &settings, unread).await;
        };
        match self.attempt(job, &body, &settings).await? {
            Attempt::Settled(outcome) => self.settle(job, Some(&body), &settings, outcome).await,
            Attempt::Later { at, reason, spent } => {
                debug!(inspection = %job.inspection, attempts = job.attempts, "will be asked again: {reason}");
                let body = serde_json::to_string(&Body { spent, ..body }).context("writing a job")?;
                let put_back = self.shared.history.retry_job_at(job, at, &reason, &body).await;
                put_back.context("putting a job back")?;
                Ok(())
            }
        }
    }

    /// Asks once.
    async fn attempt(&self, job: &history::Job, body: &Body, settings: &Settings) -> anyhow::Result<Attempt> {
        let given_up = |why: String| Ok(Attempt::Settled(Outcome::error(why, body.spent)));
        let most = settings.inspection_attempts;
        if job.attempts > most {
            return given_up(format!("each of {most} attempts was cut off"));
        }
        if let Some(reason) = self.over_budget(settings).await? {
            return given_up(reason);
        }
        let model = match self.shared.desk.model(settings) {
            Ok(model) => model,
            Err(reason) => return given_up(reason),
        };
        let (photo, pictures) = match self.photos(body, settings).await {
            Ok(photos) => photos,
            Err(error) => return given_up(format!("{error:#}")),
        };
        let question = inspection::question(&settings.system_prompt, body.prompt.clone(), pictures, limit(settings));
        match self.judged(settings, &model, &question).await {
            Ok(Judged { judgement, usage }) => {
                let (control, spent) = self.control(body, settings).await;
                Ok(Attempt::Settled(Outcome {
                    verdict: if judgement.is_ng { Verdict::Ng } else { Verdict::Ok },
                    answer: inspection::record(&judgement),
                    description: judgement.description,
                    usage: body.spent + usage + spent,
                    model: Some(model.name().to_owned()),
                    control,
                    photo: Some(photo),
                }))
            }
            Err(error) => {
                let (spent, reason) = (body.spent + error.usage(), error.to_string());
                match self.again_at(&error, job.attempts, most, Timestamp::now()) {
                    Some(at) => Ok(Attempt::Later { at, reason, spent }),
                    None => {
                        let model = Some(model.name().to_owned());
                        let outcome = Outcome { model, photo: Some(photo), ..Outcome::error(reason, spent) };
                        Ok(Attempt::Settled(outcome))
                    }
                }
            }
        }
    }

    /// Reads the photos of a job: the first as it is, and all as they are sent.
    async fn photos(&self, body: &Body, settings: &Settings) -> anyhow::Result<(Bytes, Vec<Jpeg>)> {
        let policy = Policy { longest_side: Some(settings.picture_max_side) };
        let (mut first, mut sent) = (None, Vec::new());
        for path in &body.pictures {
            let photo = self.read_photo(path).await.with_context(|| format!("the photo {path} is gone"))?;
            first.get_or_insert_with(|| photo.clone());
            sent.push(photo::for_model(photo, policy).await?);
        }
        Ok((first.context("there is no photo")?, sent))
    }

    /// Reads a photo that has no verdict yet. A process that died after it named a photo for its verdict, and before it
    /// wrote the verdict down, left it under that name: it gets its own back.
    async fn read_photo(&self, path: &str) -> Option<Bytes> {
        let (robot, pictures) = (self.shared.history.robot(), &self.shared.pictures);
        if pictures.find(robot, path).is_none() {
            let named = |verdict: Verdict| path.replace("_processing_", &format!("_{verdict}_"));
            let found = Verdict::ALL.into_iter().find_map(|verdict| pictures.find(robot, &named(verdict)))?;
            let own_name = Path::new(path).file_name()?;
            tokio::fs::rename(&found, found.with_file_name(own_name)).await.ok()?;
        }
        pictures.read(robot, path).await
    }

    /// Asks the control question if it is time for it. Returns what came of it and what it took.
    async fn control(&self, body: &Body, settings: &Settings) -> (Option<&'static str>, Usage) {
        let judged = self.shared.judged.fetch_add(1, Ordering::Relaxed) + 1;
        if !control::is_due(judged, settings.negative_control_every) {
            return (None, Usage::default());
        }
        let accepted = match self.shared.history.last_accepted(&body.point_id).await {
            Ok(Some(accepted)) => self.shared.pictures.read(&accepted.robot_id, &accepted.image_path).await,
            _ => None,
        };
        let policy = Policy { longest_side: Some(settings.picture_max_side) };
        let (Some(control), Ok(model)) = (Control::of(&body.prompt, accepted), self.shared.desk.model(settings)) else {
            return (None, Usage::default());
        };
        let Ok(picture) = photo::for_model(control.photo, policy).await else {
            return (None, Usage::default());
        };
        let question = inspection::question(&settings.system_prompt, control.prompt, vec![picture], limit(settings));
        let answered = self.judged(settings, &model, &question).await;
        let usage = answered.as_ref().map_or_else(vlm::AskError::usage, |judged| judged.usage);
        let score = control::score(&answered.map(|judged| judged.judgement));
        metrics::control_question(score);
        if score == "failed" {
            warn!(model = model.name(), "the model saw something wrong where nothing is");
        }
        (Some(score), usage)
    }

    /// Writes down what an inspection came to, and tells it.
    async fn settle(
        &self,
        job: &history::Job,
        body: Option<&Body>,
        settings: &Settings,
        outcome: Outcome,
    ) -> anyhow::Result<()> {
        let verdict = outcome.verdict;
        let (image_path, more_paths) = match body.and_then(|body| body.pictures.split_first()) {
            Some((first, more)) => (self.renamed(first, verdict).await, self.all_renamed(more, verdict).await),
            None => (None, Vec::new()),
        };
        let (compared, precheck) = match (&outcome.photo, body, &image_path) {
            (Some(photo), Some(body), Some(path)) => {
                tokio::join!(self.compared(job, body, path, photo), self.prechecked(settings, photo))
            }
            _ => (Compared::default(), None),
        };
        let cost = outcome.model.as_deref().and_then(|model| settings.prices().cost(model, outcome.usage));
        let settlement = Settlement {
            usage: outcome.usage,
            cost,
            attempts: job.attempts,
            model: outcome.model,
            image_path,
            more_paths,
            previous_path: compared.previous_path,
            difference_path: compared.difference_path,
            difference_score: compared.score,
            negative_control: outcome.control.map(str::to_owned),
            precheck,
            ..Settlement::without_answer(Timestamp::now(), verdict, outcome.answer, outcome.description)
        };
        if !self.shared.history.settle_job(job, &settlement).await.context("settling an inspection")? {
            debug!(inspection = %job.inspection, "somebody else has judged it meanwhile");
            return Ok(());
        }
        metrics::spent("inspection", settlement.model.as_deref(), settlement.usage, cost);
        if verdict == Verdict::Error {
            warn!(inspection = %job.inspection, attempts = job.attempts, "was not judged: {}", settlement.description);
        }
        self.tell(Settled { inspection: job.inspection, run: job.run, verdict });
        Ok(())
    }

    async fn compared(&self, job: &history::Job, body: &Body, path: &str, photo: &Bytes) -> Compared {
        let (history, pictures) = (&self.shared.history, &self.shared.pictures);
        let compared = compare::compare(history, pictures, job.inspection, &body.point_id, path, photo.clone()).await;
        compared.unwrap_or_else(|error| {
            warn!(inspection = %job.inspection, "the photo was not compared: {error:#}");
            Compared::default()
        })
    }

    async fn prechecked(&self, settings: &Settings, photo: &Bytes) -> Option<String> {
        let detector = self.shared.detector.as_ref().filter(|_| settings.local_precheck)?;
        match detector.look(photo.clone()).await {
            Ok(seen) => serde_json::to_string(&seen).ok(),
            Err(error) => {
                debug!("no pre-check: {error:#}");
                None
            }
        }
    }
}
