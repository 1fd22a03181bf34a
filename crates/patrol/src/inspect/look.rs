//! A look at once, for somebody who tries a question: nothing is kept of it but what it cost.

use bytes::Bytes;
use domain::patrol::Verdict;
use vlm::scale::Policy;
use vlm::{AskError, Judgement, inspection};

use super::consult::NoAnswer;
use super::judge::limit;
use super::{Inspector, photo};
use crate::history::Expense;

/// What a model says of a picture, and what that took.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Looked {
    pub(crate) judgement: Judgement,
    pub(crate) expense: Expense,
}

impl Looked {
    /// Returns the verdict that this would be.
    pub(crate) fn verdict(&self) -> Verdict {
        if self.judgement.is_ng { Verdict::Ng } else { Verdict::Ok }
    }
}

impl Inspector {
    /// Asks once about a picture.
    pub(crate) async fn look(&self, prompt: &str, picture: Bytes) -> Result<Looked, NoAnswer> {
        let settings = self.shared.settings.current();
        let model = self.shared.desk.model(&settings).map_err(NoAnswer::NotConfigured)?;
        if let Some(reason) = self.over_budget(&settings).await.map_err(NoAnswer::Failed)? {
            return Err(NoAnswer::Budget(reason));
        }
        let policy = Policy { longest_side: Some(settings.picture_max_side) };
        let picture = photo::for_model(picture, policy).await.map_err(NoAnswer::Failed)?;
        let question =
            inspection::question(&settings.system_prompt, prompt.to_owned(), vec![picture], limit(&settings));
        let judged = self.judged(&settings, &model, &question).await;
        let usage = judged.as_ref().map_or_else(AskError::usage, |judged| judged.usage);
        let expense = self.expense(&*model, usage);
        self.spend("test", &expense).await;
        Ok(Looked { judgement: judged?.judgement, expense })
    }
}
