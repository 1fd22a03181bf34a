//! What was spent on models.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::Method;
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::history::{DaySpending, UsageView};

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new().route(Method::GET, "/api/v1/usage", Access::Viewer, show)
}

/// What is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// What this robot spent; all robots otherwise.
    robot_id: Option<String>,
    /// From this day of the site on, `YYYY-MM-DD`.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// Up to this day, it included.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
}

impl UsageQuery {
    /// Returns the robot, if one was named.
    pub(super) fn robot(&self) -> Option<&str> {
        self.robot_id.as_deref().filter(|robot| !robot.is_empty())
    }

    /// Returns the moments at which the days begin and end, where they do, by the clocks of the site.
    pub(super) fn period(&self, zone: &TimeZone) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
        let invalid = |error: jiff::Error| ApiError::invalid(error.to_string());
        let begins = |day: Date| day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
        let after = self.to.map(Date::tomorrow).transpose().map_err(invalid)?;
        let moment = |day: Option<Date>| day.map(begins).transpose().map_err(invalid);
        Ok((moment(self.from)?, moment(after)?))
    }
}

/// What was spent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// Days on which nothing was spent are left out.
    days: Vec<Day>,
    total: Sum,
    budget: Budget,
}

/// What was spent on one day of the site.
#[derive(Debug, Serialize, ToSchema)]
struct Day {
    #[schema(value_type = String, format = Date)]
    date: Date,
    #[serde(flatten)]
    sum: Sum,
}

/// Tokens and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, ToSchema)]
struct Sum {
    #[serde(flatten)]
    usage: UsageView,
    /// In US dollars, of what has a price.
    cost: f64,
    /// Tokens of models without a price, which are in no cost.
    unpriced: u64,
}

/// What may be spent in a day.
#[derive(Debug, Serialize, ToSchema)]
struct Budget {
    per_day: Allowance,
    spent_today: Sum,
}

/// Nothing where there is no limit.
#[derive(Debug, Serialize, ToSchema)]
struct Allowance {
    tokens: Option<u64>,
    /// In US dollars.
    cost: Option<f64>,
}

/// Returns what was spent, day by day.
#[utoipa::path(get, path = "/api/v1/usage", tag = "usage", params(UsageQuery),
    responses((status = 200, body = Usage), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(State(app): State<App>, Query(query): Query<UsageQuery>) -> Result<Json<Usage>, ApiError> {
    let settings = app.settings.current();
    let (from, to) = query.period(&settings.zone())?;
    let prices = settings.prices();
    let sums = async |robot, from, to| {
        let spent = app.history.spending_by_day(robot, from, to).await.map_err(ApiError::internal)?;
        Ok::<_, ApiError>(by_day(&spent, |row| row.cost.or_else(|| prices.cost(row.model.as_deref()?, row.usage))))
    };
    let days = sums(query.robot(), from, to).await?;
    let (start, end) = app.history.day_of(Timestamp::now());
    let today = sums(None, Some(start), Some(end)).await?;
    let per_day = Allowance {
        tokens: Some(settings.token_budget_per_day).filter(|tokens| *tokens > 0),
        cost: Some(settings.cost_budget_per_day).filter(|cost| *cost > 0.0),
    };
    Ok(Json(Usage {
        total: days.values().fold(Sum::default(), Sum::with),
        days: days.into_iter().map(|(date, sum)| Day { date, sum }).collect(),
        budget: Budget { per_day, spent_today: today.values().fold(Sum::default(), Sum::with) },
    }))
}

/// Sums what was spent on each day. What had no price when it was spent has the one it has now.
fn by_day(spent: &[DaySpending], price: impl Fn(&DaySpending) -> Option<f64>) -> BTreeMap<Date, Sum> {
    let mut days: BTreeMap<Date, Sum> = BTreeMap::new();
    for row in spent {
        let cost = price(row);
        let unpriced = if cost.is_none() { row.usage.total } else { 0 };
        let sum = Sum { usage: row.usage.into(), cost: cost.unwrap_or(0.0), unpriced };
        let day = days.entry(row.date).or_default();
        *day = day.with(&sum);
    }
    days
}

impl Sum {
    fn with(self, other: &Self) -> Self {
        let usage = UsageView {
            input: self.usage.input + other.usage.input,
            output: self.usage.output + other.usage.output,
            total: self.usage.total + other.usage.total,
        };
        Self { usage, cost: self.cost + other.cost, unpriced: self.unpriced + other.unpriced }
    }
}
