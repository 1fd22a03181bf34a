//! Texts from a model: reports, messages, what a film shows. Asked within the day's budget, a few times if need be.

use std::path::Path;

use tokio::time::sleep;
use tracing::warn;
use vlm::{AskError, Question, Usage};

use super::Inspector;
use super::judge::counted;
use crate::history::Expense;
use crate::metrics;

/// How often a text is asked for.
const ATTEMPTS: u32 = 3;

/// A text, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Consulted {
    pub(crate) text: String,
    pub(crate) expense: Expense,
}

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// The settings name no model that can be asked.
    #[error("no model is configured: {0}")]
    NotConfigured(String),
    /// The day's budget is spent.
    #[error("{0}")]
    Budget(String),
    /// The model did not answer.
    #[error(transparent)]
    Model(#[from] AskError),
    /// The photo or the database cannot be used.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl Inspector {
    /// Asks for a text, about a film if there is one. `purpose` is `report telegram video analysis`.
    pub(crate) async fn consult(
        &self,
        purpose: &'static str,
        question: Question,
        film: Option<&Path>,
    ) -> Result<Consulted, NoAnswer> {
        let settings = self.shared.settings.current();
        let model = self.shared.desk.model(&settings).map_err(NoAnswer::NotConfigured)?;
        if let Some(reason) = self.over_budget(&settings).await.map_err(NoAnswer::Failed)? {
            return Err(NoAnswer::Budget(reason));
        }
        let mut wasted = Usage::default();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let asked = match film {
                Some(film) => model.ask_about_film(&question, film),
                None => model.ask(&question),
            };
            let error = match counted(&settings, &*model, asked).await {
                Ok(answer) => {
                    let expense = self.expense(&*model, wasted + answer.usage);
                    metrics::spent(purpose, expense.model.as_deref(), expense.usage, expense.cost);
                    return Ok(Consulted { text: answer.text, expense });
                }
                Err(error) => error,
            };
            wasted += error.usage();
            let pause = self.shared.again.pause_at_least(attempts, fastrand::f64(), error.asked_pause());
            match pause.filter(|_| error.may_pass() && attempts < ATTEMPTS) {
                Some(pause) => sleep(pause).await,
                None => {
                    self.spend(purpose, &self.expense(&*model, wasted)).await;
                    return Err(NoAnswer::Model(error));
                }
            }
        }
    }

    /// Writes down what was spent for nothing that has a place of its own.
    pub(super) async fn spend(&self, purpose: &'static str, expense: &Expense) {
        if expense.usage == Usage::default() {
            return;
        }
        metrics::spent(purpose, expense.model.as_deref(), expense.usage, expense.cost);
        if let Err(error) = self.shared.history.spend(purpose, expense).await {
            warn!(purpose, total = expense.usage.total, "tokens were not written down: {error}");
        }
    }
}
