//! Every figure this service counts: names begin with `ronda_patrol_`, labels come from short known lists, and all of
//! them say which robot they are of.

use chassis::metrics::prometheus::{CounterVec, Histogram, HistogramVec, IntCounter, IntCounterVec};
use chassis::metrics::{
    Bounded, counter, counters, float_counters, float_gauges, gauge, histogram, histograms, label_process, refreshed,
};
use domain::patrol::Verdict;
use vlm::Usage;

use crate::link::{Link, RobotState};

/// Seconds of an answer of a model, from a tenth of a second to the longest that is waited for.
const MODEL_SECONDS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0];
/// Seconds of a run, from one minute to a day.
const RUN_SECONDS: &[f64] = &[60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 86_400.0];
/// How a run can end.
const RUN_OUTCOMES: [&str; 4] = ["completed", "stopped", "failed", "interrupted"];
/// The words of the step log.
const STEPS: [&str; 28] = [
    "ready",
    "not_ready",
    "arrived",
    "not_arrived",
    "halted",
    "photo",
    "no_photo",
    "verdict",
    "link_lost",
    "link_back",
    "pause",
    "resume",
    "stop",
    "emergency_stop",
    "answer",
    "restarted",
    "wrapping",
    "moving",
    "returning",
    "halting",
    "announce",
    "torch",
    "shooting",
    "judging",
    "asking",
    "charging",
    "finishing",
    "ended",
];
/// What can come of a question.
const ANSWERS: [&str; 6] = ["answered", "later", "timed_out", "unauthorised", "refused", "unusable"];
/// What models are asked for.
const PURPOSES: [&str; 6] = ["inspection", "report", "telegram", "video", "analysis", "test"];
/// What can come of a question whose right answer is known.
const CONTROLS: [&str; 3] = ["passed", "failed", "unanswered"];
/// What can come of a schedule's due time.
const DUE_TIMES: [&str; 3] = ["fired", "late", "missed"];
/// What can come of an attempt to send a message.
const NOTIFICATIONS: [&str; 4] = ["sent", "retried", "refused", "given_up"];

/// The names of models that are labels; people choose them.
static MODELS: Bounded = Bounded::new(16);

/// Says whose figures these are, shows at zero what is known before anything happens, and shows how the robot is as of
/// each look.
pub(crate) fn begin(robot_id: &str, link: &Link) {
    label_process("robot_id", robot_id);
    let zero = |counters: IntCounterVec, values: &[&str]| {
        values.iter().for_each(|value| drop(counters.with_label_values(&[value])));
    };
    zero(runs(), &RUN_OUTCOMES);
    RUN_OUTCOMES.into_iter().for_each(|outcome| drop(run_seconds().with_label_values(&[outcome])));
    zero(steps(), &STEPS);
    zero(verdicts(), &Verdict::ALL.map(Verdict::as_str));
    zero(control_questions(), &CONTROLS);
    zero(due_times(), &DUE_TIMES);
    zero(notifications(), &NOTIFICATIONS);
    run_active(false);
    robot_losses();
    state_age();
    inspections(0, false);
    let link = link.clone();
    refreshed("ronda_patrol_robot", move || robot(&link.now()));
}

/// Shows how the robot is.
fn robot(state: &RobotState) {
    let show = |name, help, value: i64| gauge(name, help).set(value);
    show("ronda_patrol_robot_connected", "1 while the robot answers.", state.is_connected().into());
    let is_charging = state.battery_now().is_some_and(|battery| battery.charging);
    show("ronda_patrol_robot_charging", "1 while the robot charges.", is_charging.into());
    let is_stopped = state.is_emergency_stopped();
    show("ronda_patrol_robot_emergency_stopped", "1 while the robot's emergency stop is set.", is_stopped.into());
    let faults = i64::try_from(state.faults().len()).unwrap_or(i64::MAX);
    show("ronda_patrol_robot_faults", "Faults that the robot reports now.", faults);
    // There is none before it is known; then it stays as it was last.
    let battery = float_gauges("ronda_patrol_robot_battery_ratio", "The robot's battery, 0 to 1.", &[]);
    if let Some(seen) = &state.battery {
        battery.with_label_values::<&str>(&[]).set((seen.value.percent / 100.0).clamp(0.0, 1.0));
    }
}

/// How often the link to the robot was lost.
pub(crate) fn robot_losses() -> IntCounter {
    counter("ronda_patrol_robot_losses_total", "How often the link to the robot was lost.")
}

/// Counts the end of a run, by one of [`RUN_OUTCOMES`].
pub(crate) fn run_ended(outcome: &str, lasted_secs: f64) {
    runs().with_label_values(&[outcome]).inc();
    run_seconds().with_label_values(&[outcome]).observe(lasted_secs.max(0.0));
}

fn runs() -> IntCounterVec {
    counters("ronda_patrol_runs_total", "Runs that ended, by outcome.", &["outcome"])
}

fn run_seconds() -> HistogramVec {
    histograms("ronda_patrol_run_seconds", "How long runs lasted.", &["outcome"], RUN_SECONDS)
}

/// Shows whether a run is under way.
pub(crate) fn run_active(is_active: bool) {
    gauge("ronda_patrol_run_active", "Whether a run is under way.").set(i64::from(is_active));
}

/// Counts a step of a run, by one of [`STEPS`].
pub(crate) fn step(kind: &str) {
    steps().with_label_values(&[kind]).inc();
}

fn steps() -> IntCounterVec {
    counters("ronda_patrol_steps_total", "Steps of runs, by kind.", &["kind"])
}

/// Counts what an inspection came to.
pub(crate) fn verdict(verdict: Verdict) {
    verdicts().with_label_values(&[verdict.as_str()]).inc();
}

fn verdicts() -> IntCounterVec {
    counters("ronda_patrol_verdicts_total", "Inspections by verdict.", &["verdict"])
}

/// Shows how many inspections wait, and whether the day's budget keeps them from being judged.
pub(crate) fn inspections(waiting: u64, is_budget_exhausted: bool) {
    gauge("ronda_patrol_inspections_pending", "Inspections that wait for a verdict.")
        .set(waiting.try_into().unwrap_or(i64::MAX));
    gauge("ronda_patrol_budget_exhausted", "1 while the day's budget is spent, so that nothing is judged.")
        .set(is_budget_exhausted.into());
}

/// Counts a question whose right answer is known, by one of [`CONTROLS`].
pub(crate) fn control_question(outcome: &str) {
    control_questions().with_label_values(&[outcome]).inc();
}

fn control_questions() -> IntCounterVec {
    let help = "Questions whose right answer is known, by whether the model gave it.";
    counters("ronda_patrol_control_questions_total", help, &["outcome"])
}

/// Shows at zero what questions to a model count, because it is the one that will be asked.
pub(crate) fn chosen(provider: &str, model: &str) {
    let model = MODELS.value(model);
    ANSWERS.into_iter().for_each(|outcome| drop(questions().with_label_values(&[provider, model, outcome])));
    question_seconds().with_label_values(&[provider, model]);
    for purpose in PURPOSES {
        for direction in ["input", "output"] {
            tokens().with_label_values(&[model, purpose, direction]);
        }
        costs().with_label_values(&[model, purpose]);
    }
}

/// Counts a question to a model. `provider`: `gemini openai vila`; `outcome`: one of [`ANSWERS`].
pub(crate) fn asked(provider: &str, model: &str, outcome: &str, took_secs: f64) {
    let model = MODELS.value(model);
    questions().with_label_values(&[provider, model, outcome]).inc();
    question_seconds().with_label_values(&[provider, model]).observe(took_secs);
}

fn questions() -> IntCounterVec {
    counters("ronda_patrol_questions_total", "Questions to models.", &["provider", "model", "outcome"])
}

fn question_seconds() -> HistogramVec {
    histograms("ronda_patrol_question_seconds", "How long models took.", &["provider", "model"], MODEL_SECONDS)
}

/// Counts what answers took and cost, where the price is known. `purpose`: one of [`PURPOSES`]. Nothing was spent where
/// no model was asked.
pub(crate) fn spent(purpose: &str, model: Option<&str>, usage: Usage, dollars: Option<f64>) {
    let Some(model) = model.map(|model| MODELS.value(model)) else { return };
    tokens().with_label_values(&[model, purpose, "input"]).inc_by(usage.input);
    tokens().with_label_values(&[model, purpose, "output"]).inc_by(usage.billed_output());
    costs().with_label_values(&[model, purpose]).inc_by(dollars.unwrap_or(0.0).max(0.0));
}

fn tokens() -> IntCounterVec {
    counters("ronda_patrol_tokens_total", "Tokens.", &["model", "purpose", "direction"])
}

fn costs() -> CounterVec {
    float_counters(
        "ronda_patrol_cost_dollars_total",
        "What answers cost, where the price is known.",
        &["model", "purpose"],
    )
}

/// Counts a schedule's due time, by one of [`DUE_TIMES`].
pub(crate) fn scheduled(outcome: &str) {
    due_times().with_label_values(&[outcome]).inc();
}

fn due_times() -> IntCounterVec {
    counters("ronda_patrol_scheduled_total", "Due times of schedules, by what came of them.", &["outcome"])
}

/// Counts a message to people, by one of [`NOTIFICATIONS`].
pub(crate) fn notified(outcome: &str) {
    notifications().with_label_values(&[outcome]).inc();
}

fn notifications() -> IntCounterVec {
    counters("ronda_patrol_notifications_total", "Attempts to send messages to people.", &["outcome"])
}

/// Notes how late a pose was when browsers were told.
pub(crate) fn state_told(age_secs: f64) {
    state_age().observe(age_secs.max(0.0));
}

fn state_age() -> Histogram {
    const AGES: &[f64] = &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0];
    histogram("ronda_patrol_state_age_seconds", "Age of the pose when browsers are told.", AGES)
}
