//! One question to a model, counted and priced, and the rule of what its failure means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use vlm::{Answer, AskError, Judgement, Model, Question, Usage, inspection};

use super::budget::Budget;
use super::{Inspector, desk};
use crate::metrics;
use crate::settings_book::Settings;

/// What a model said of photos.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    pub(super) judgement: Judgement,
    pub(super) usage: Usage,
}

impl Inspector {
    /// Returns why nothing more may be asked today, if so.
    pub(super) async fn over_budget(&self, settings: &Settings) -> anyhow::Result<Option<String>> {
        let budget = Budget::of(settings.token_budget_per_day, settings.cost_budget_per_day);
        if !budget.is_limited() {
            return Ok(None);
        }
        let (start, end) = self.shared.history.day_of(Timestamp::now());
        let spent = self.shared.history.spent(start, end).await.context("adding up what was spent")?;
        Ok(budget.exceeded(&spent).map(|reason| format!("budget: {reason}")))
    }

    /// Shows how many inspections wait, whether the day's budget lets them be judged, and the model that would.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub(crate) async fn show(&self) -> anyhow::Result<()> {
        let settings = self.shared.settings.current();
        if let Ok(model) = self.shared.desk.model(&settings) {
            metrics::chosen(desk::word(settings.vlm_provider), model.name());
        }
        let waiting = self.shared.history.waiting_jobs().await.context("counting what waits for a verdict")?;
        metrics::inspections(waiting, self.over_budget(&settings).await?.is_some());
        Ok(())
    }

    /// Asks a model once whether photos are normal.
    pub(super) async fn judged(
        &self,
        settings: &Settings,
        model: &Arc<dyn Model>,
        question: &Question,
    ) -> Result<Judged, AskError> {
        let answer = counted(settings, &**model, model.ask(question)).await?;
        let judgement = inspection::verdict(&answer)?;
        Ok(Judged { judgement, usage: answer.usage })
    }

    /// Returns when to ask again after a failure, or nothing if it is time to give up.
    pub(super) fn again_at(&self, error: &AskError, attempts: u32, most: u32, now: Timestamp) -> Option<Timestamp> {
        if !error.may_pass() || attempts >= most {
            return None;
        }
        let pause = self.shared.again.pause_at_least(attempts, fastrand::f64(), error.asked_pause())?;
        Some(now.checked_add(pause).unwrap_or(Timestamp::MAX))
    }
}

/// Waits for an answer and counts it.
pub(super) async fn counted(
    settings: &Settings,
    model: &dyn Model,
    asked: impl Future<Output = Result<Answer, AskError>>,
) -> Result<Answer, AskError> {
    let began = Instant::now();
    let answer = asked.await;
    let outcome = match &answer {
        Ok(_) => "answered",
        Err(AskError::TryLater { .. }) => "later",
        Err(AskError::TimedOut { .. }) => "timed_out",
        Err(AskError::Unauthorised { .. }) => "unauthorised",
        Err(AskError::Refused { .. }) => "refused",
        Err(AskError::Unusable { .. }) => "unusable",
    };
    metrics::asked(desk::word(settings.vlm_provider), model.name(), outcome, began.elapsed().as_secs_f64());
    answer
}

/// Returns how long one question may take.
pub(super) fn limit(settings: &Settings) -> Duration {
    Duration::from_secs(settings.inspection_timeout_secs)
}
