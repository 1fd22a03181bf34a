//! How well models answer questions whose answer is known.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::Method;
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::usage::UsageQuery;
use crate::App;
use crate::history::ControlScore;

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new().route(Method::GET, "/api/v1/control-questions", Access::Viewer, show)
}

/// How control questions were answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ControlQuestions {
    /// Every so many inspections the model is asked one now; 0: never.
    every: u32,
    /// Each model in the whole time, by name.
    models: Vec<ModelScore>,
    /// Each model on each day of the site on which it was asked, the oldest first.
    days: Vec<DayScore>,
}

/// How a model answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct ModelScore {
    model: String,
    #[serde(flatten)]
    score: Score,
}

/// How a model answered on a day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct DayScore {
    #[schema(value_type = String, format = Date)]
    date: Date,
    model: String,
    #[serde(flatten)]
    score: Score,
}

/// How often something was answered how.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
struct Score {
    asked: u64,
    /// Answered rightly: nothing is wrong.
    passed: u64,
    /// Something was seen that is not there.
    failed: u64,
    /// There was no answer that could be used.
    unanswered: u64,
    /// The share that was answered rightly, of those that were answered at all; nothing if none was.
    share: Option<f64>,
}

impl From<ControlScore> for Score {
    fn from(score: ControlScore) -> Self {
        let ControlScore { passed, failed, unanswered } = score;
        let answered = passed + failed;
        let share = (answered > 0).then(|| passed as f64 / answered as f64);
        Self { asked: answered + unanswered, passed, failed, unanswered, share }
    }
}

/// Returns how models answered questions whose answer is known: how often they made something up.
#[utoipa::path(get, path = "/api/v1/control-questions", tag = "usage", params(UsageQuery),
    responses((status = 200, body = ControlQuestions), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<App>,
    Query(query): Query<UsageQuery>,
) -> Result<Json<ControlQuestions>, ApiError> {
    let settings = app.settings.current();
    let (from, to) = query.period(&settings.zone())?;
    let scores = app.history.control_scores(query.robot(), from, to).await.map_err(ApiError::internal)?;
    Ok(Json(ControlQuestions {
        every: settings.negative_control_every,
        models: by_model(&scores),
        days: scores.into_iter().map(|((date, model), score)| DayScore { date, model, score: score.into() }).collect(),
    }))
}

fn by_model(days: &BTreeMap<(Date, String), ControlScore>) -> Vec<ModelScore> {
    let mut models: BTreeMap<&str, ControlScore> = BTreeMap::new();
    for ((_, model), score) in days {
        let sum = models.entry(model).or_default();
        sum.passed += score.passed;
        sum.failed += score.failed;
        sum.unanswered += score.unanswered;
    }
    models.into_iter().map(|(model, score)| ModelScore { model: model.to_owned(), score: score.into() }).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_model_that_did_not_answer_was_neither_right_nor_wrong() {
        let day = |day, model: &str, passed, failed, unanswered| {
            ((date(2026, 11, day), model.to_owned()), ControlScore { passed, failed, unanswered })
        };
        let days = BTreeMap::from([day(19, "vila", 3, 1, 0), day(20, "vila", 0, 0, 2), day(20, "gemini", 0, 0, 1)]);
        let models = by_model(&days);
        let shown: Vec<_> = models.iter().map(|one| (one.model.as_str(), one.score.asked, one.score.share)).collect();
        assert_eq!(shown, [("gemini", 1, None), ("vila", 6, Some(0.75))]);
    }
}
