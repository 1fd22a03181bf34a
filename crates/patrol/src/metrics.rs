//! Every figure this service counts: names begin with `ronda_patrol_`, labels come from short known lists.

use chassis::metrics::{counters, float_gauge, gauge, histogram, histograms};
use domain::patrol::Verdict;

/// Seconds of an answer of a model, from a tenth of a second to the longest that is waited for.
const MODEL_SECONDS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0];
/// Seconds of a run, from one minute to a day.
const RUN_SECONDS: &[f64] = &[60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 86_400.0];

/// Counts the end of a run. `outcome`: `completed stopped failed interrupted`.
pub(crate) fn run_ended(outcome: &str, lasted_secs: f64) {
    counters("ronda_patrol_runs_total", "Runs that ended, by outcome.", &["outcome"])
        .with_label_values(&[outcome])
        .inc();
    histograms("ronda_patrol_run_seconds", "How long runs lasted.", &["outcome"], RUN_SECONDS)
        .with_label_values(&[outcome])
        .observe(lasted_secs.max(0.0));
}

/// Shows whether a run is under way.
pub(crate) fn run_active(is_active: bool) {
    gauge("ronda_patrol_run_active", "Whether a run is under way.").set(i64::from(is_active));
}

/// Counts a step of a run. `kind` is one of the step log's words.
pub(crate) fn step(kind: &str) {
    counters("ronda_patrol_steps_total", "Steps of runs, by kind.", &["kind"]).with_label_values(&[kind]).inc();
}

/// Counts what an inspection came to.
pub(crate) fn verdict(verdict: Verdict) {
    counters("ronda_patrol_verdicts_total", "Inspections by verdict.", &["verdict"])
        .with_label_values(&[verdict.as_str()])
        .inc();
}

/// Shows the robot's battery and whether its link stands.
pub(crate) fn robot(battery_percent: Option<f64>, is_connected: bool) {
    gauge("ronda_patrol_robot_connected", "Whether the robot answers.").set(i64::from(is_connected));
    if let Some(percent) = battery_percent {
        float_gauge("ronda_patrol_robot_battery_percent", "The robot's battery.").set(percent);
    }
}

/// Counts a question to a model. `provider`: `gemini openai vila`; `outcome`: the word of the answer's or error's class.
pub(crate) fn asked(provider: &str, outcome: &str, took_secs: f64) {
    counters("ronda_patrol_questions_total", "Questions to models.", &["provider", "outcome"])
        .with_label_values(&[provider, outcome])
        .inc();
    histograms("ronda_patrol_question_seconds", "How long models took.", &["provider"], MODEL_SECONDS)
        .with_label_values(&[provider])
        .observe(took_secs);
}

/// Counts what answers cost. `purpose`: `inspection report telegram video analysis test`.
pub(crate) fn spent(purpose: &str, input: u64, output: u64, cost: Option<f64>) {
    let tokens = counters("ronda_patrol_tokens_total", "Tokens, by purpose and direction.", &["purpose", "direction"]);
    tokens.with_label_values(&[purpose, "input"]).inc_by(input);
    tokens.with_label_values(&[purpose, "output"]).inc_by(output);
    if let Some(cost) = cost {
        // Costs are fractions of a cent: counted in millionths of a dollar, because counters are whole.
        let micros = (cost * 1e6).round().clamp(0.0, 1e15) as u64;
        counters("ronda_patrol_cost_microdollars_total", "What answers cost, by purpose.", &["purpose"])
            .with_label_values(&[purpose])
            .inc_by(micros);
    }
}

/// Counts a schedule's due time. `outcome`: `fired late missed`.
pub(crate) fn scheduled(outcome: &str) {
    counters("ronda_patrol_scheduled_total", "Due times of schedules, by what came of them.", &["outcome"])
        .with_label_values(&[outcome])
        .inc();
}

/// Counts a message to people. `outcome`: `sent retried given_up`.
pub(crate) fn notified(outcome: &str) {
    counters("ronda_patrol_notifications_total", "Attempts to send messages to people.", &["outcome"])
        .with_label_values(&[outcome])
        .inc();
}

/// Notes how late a pose was when browsers were told.
pub(crate) fn state_told(age_secs: f64) {
    const AGES: &[f64] = &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0];
    histogram("ronda_patrol_state_age_seconds", "Age of the pose when browsers are told.", AGES)
        .observe(age_secs.max(0.0));
}
