//! Messages to people about a run, over Telegram: what is to be sent waits on disk until it is sent, or given up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::Stop;
use domain::retry::Schedule;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::report_text;
use super::wrap::{ask_text, findings};
use crate::App;
use crate::history::{RunId, RunStatus};
use crate::metrics;
use crate::settings_book::Settings;

/// Telegram's own address.
const TELEGRAM: &str = "https://api.telegram.org";
/// When what could not be sent is tried again.
const AGAIN: Schedule = Schedule {
    first: Duration::from_secs(2),
    factor: 3.0,
    longest: Duration::from_secs(600),
    spread: 0.3,
    attempts: Some(8),
};
/// How long a text may take to be sent.
const TEXT_LIMIT: Duration = Duration::from_secs(10);
/// How long a document may take.
const DOCUMENT_LIMIT: Duration = Duration::from_secs(30);
/// The longest text that Telegram takes, in characters.
const LONGEST_TEXT: usize = 4096;
/// How often it is looked for what waits, besides when something is added.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What waits to be sent. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    dir: Arc<Path>,
    added: Arc<Notify>,
}

/// One message that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Letter {
    run: i64,
    /// What it says, once it is written.
    #[serde(default)]
    text: Option<String>,
    /// Whether the text has arrived and only the document is left.
    #[serde(default)]
    is_told: bool,
    #[serde(default)]
    failures: u32,
    #[serde(default)]
    not_before: Option<Timestamp>,
}

/// How an attempt ended.
enum Sent {
    Delivered,
    TryLater { reason: String, after: Option<Duration> },
    Refused { status: StatusCode, reason: String },
}

impl Outbox {
    /// Opens the outbox of one robot.
    pub(crate) fn of(robot_dir: &Path) -> Self {
        Self { dir: robot_dir.join("outbox").into(), added: Arc::default() }
    }

    /// Adds the message about a run, if somebody wants one.
    pub(super) fn put(&self, run: RunId, settings: &Settings) {
        if !settings.enable_telegram {
            return;
        }
        let letter = Letter { run: run.0, text: None, is_told: false, failures: 0, not_before: None };
        match self.write(&letter) {
            Ok(()) => self.added.notify_one(),
            Err(cause) => error!(run = run.0, "the message about the run is lost: {cause:#}"),
        }
    }

    fn path(&self, run: i64) -> PathBuf {
        self.dir.join(format!("run-{run}.json"))
    }

    fn write(&self, letter: &Letter) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.dir).context("making the outbox")?;
        store::write_whole(&self.path(letter.run), &serde_json::to_vec(letter)?).context("keeping a message")
    }

    fn remove(&self, run: i64) {
        if let Err(cause) = std::fs::remove_file(self.path(run)) {
            warn!(run, "a message that was sent stays in the outbox: {cause}");
        }
    }

    /// Returns what waits, the oldest run first. What cannot be read is no message.
    fn letters(&self) -> Vec<Letter> {
        let files = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let texts = files.filter_map(|file| std::fs::read(file.path()).ok());
        let mut letters: Vec<Letter> = texts.filter_map(|text| serde_json::from_slice(&text).ok()).collect();
        letters.sort_by_key(|letter| letter.run);
        letters
    }
}

/// Sends what waits until the [`Stop`] is set.
///
/// # Errors
/// If no client can be made.
pub(crate) async fn deliver(app: App, stop: Stop) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().timeout(DOCUMENT_LIMIT).build().context("making a client")?;
    while !stop.is_stopped() {
        let now = Timestamp::now();
        for letter in app.outbox.letters() {
            if letter.not_before.is_none_or(|at| at <= now) && stop.or(post(&app, &client, letter)).await.is_none() {
                return Ok(());
            }
        }
        let waiting = app.outbox.letters();
        let next = waiting.iter().filter_map(|letter| letter.not_before).min();
        let pause =
            next.map_or(LOOK_EVERY, |at| Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default());
        let _ = stop.or(timeout(pause.min(LOOK_EVERY), app.outbox.added.notified())).await;
        if pause.is_zero() {
            // What is due at once and fails at once must not be tried in a circle.
            let _ = stop.or(sleep(Duration::from_millis(200))).await;
        }
    }
    Ok(())
}

/// Tries to send one message and writes down how far it came.
async fn post(app: &App, client: &reqwest::Client, mut letter: Letter) {
    let settings = app.settings.current();
    let (token, chat) = (settings.telegram_bot_token.reveal(), settings.telegram_user_id.reveal());
    if !settings.enable_telegram || token.is_empty() || chat.is_empty() {
        info!(run = letter.run, "a message is not sent: Telegram is not set up any more");
        return app.outbox.remove(letter.run);
    }
    let telegram = Telegram { app, client, token, chat };
    let run = letter.run;
    let sent = telegram.send(&mut letter).await;
    match sent {
        Ok(Sent::Delivered) => {
            metrics::notified("sent");
            app.outbox.remove(run);
        }
        Ok(Sent::TryLater { reason, after }) => later(app, letter, &reason, after),
        Ok(Sent::Refused { status, reason }) => {
            metrics::notified("refused");
            error!(run, status = status.as_u16(), "Telegram does not take the message: {reason}");
            app.outbox.remove(run);
        }
        Err(cause) => later(app, letter, &format!("{cause:#}"), None),
    }
}

fn later(app: &App, mut letter: Letter, reason: &str, after: Option<Duration>) {
    letter.failures += 1;
    let Some(pause) = AGAIN.pause_at_least(letter.failures, fastrand::f64(), after) else {
        metrics::notified("given_up");
        error!(run = letter.run, "a message is given up: {reason}");
        return app.outbox.remove(letter.run);
    };
    metrics::notified("retried");
    warn!(run = letter.run, pause_secs = pause.as_secs(), "a message is sent again later: {reason}");
    letter.not_before = Timestamp::now().checked_add(pause).ok();
    if let Err(cause) = app.outbox.write(&letter) {
        error!(run = letter.run, "how far a message came is not kept: {cause:#}");
    }
}

struct Telegram<'a> {
    app: &'a App,
    client: &'a reqwest::Client,
    token: &'a str,
    chat: &'a str,
}

impl Telegram<'_> {
    async fn send(&self, letter: &mut Letter) -> anyhow::Result<Sent> {
        let text = match letter.text.clone() {
            Some(text) => text,
            None => {
                let text = self.write(RunId(letter.run)).await?;
                letter.text = Some(text.clone());
                self.app.outbox.write(letter)?;
                text
            }
        };
        if !letter.is_told {
            match self.text(&text).await {
                Sent::Delivered => {}
                other => return Ok(other),
            }
            letter.is_told = true;
            self.app.outbox.write(letter)?;
        }
        self.document(RunId(letter.run)).await
    }

    /// Writes the message: with the model if there is one, without it if not.
    async fn write(&self, run: RunId) -> anyhow::Result<String> {
        let rows = self.app.history.inspections(run).await.context("reading the inspections")?;
        let found = findings(&rows);
        let row = self.app.history.run(run).await.context("reading the run")?;
        let film = row.as_ref().and_then(|row| row.video_analysis.as_deref());
        let prompt = report_text::message(&self.app.settings.current().telegram_message_prompt, &found, film);
        match ask_text(self.app, "telegram", prompt).await {
            Ok(Some(written)) => {
                let recorded = self.app.history.add_telegram_expense(run, &written.expense).await;
                recorded.context("recording the expense")?;
                return Ok(shortened(&written.text));
            }
            Ok(None) => {}
            Err(cause) => warn!(run = run.0, "the message is written without a model: {cause:#}"),
        }
        let outcome = row.map_or("", |row| match row.status {
            RunStatus::Completed => "completed",
            _ => "ended",
        });
        Ok(report_text::plain_message(&self.app.config.robot_name, run.0, outcome, &found))
    }

    /// Sends a text. What a model writes is often no Markdown that Telegram understands: it is sent plain then.
    async fn text(&self, text: &str) -> Sent {
        let body = json!({"chat_id": self.chat, "text": text, "parse_mode": "Markdown"});
        match self.call("sendMessage", |request| request.json(&body).timeout(TEXT_LIMIT)).await {
            Sent::Refused { status: StatusCode::BAD_REQUEST, .. } => {
                let body = json!({"chat_id": self.chat, "text": text});
                self.call("sendMessage", |request| request.json(&body).timeout(TEXT_LIMIT)).await
            }
            other => other,
        }
    }

    async fn document(&self, run: RunId) -> anyhow::Result<Sent> {
        let Some(pdf) = crate::reports::run_pdf(self.app, run).await.context("making the PDF")? else {
            return Ok(Sent::Delivered);
        };
        let zone = self.app.settings.current().zone();
        let stamp = Timestamp::now().to_zoned(zone).strftime("%Y-%m-%d_%H%M%S").to_string();
        let part = Part::bytes(pdf).file_name(format!("Patrol_Report_{stamp}.pdf")).mime_str("application/pdf")?;
        let form = Form::new().text("chat_id", self.chat.to_owned()).part("document", part);
        Ok(self.call("sendDocument", |request| request.multipart(form)).await)
    }

    async fn call(&self, method: &str, fill: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Sent {
        let base = self.app.config.telegram_base.as_deref().unwrap_or(TELEGRAM);
        let url = format!("{}/bot{}/{method}", base.trim_end_matches('/'), self.token);
        match fill(self.client.post(url)).send().await {
            Ok(answer) => answered(answer).await,
            // The address holds the token.
            Err(error) => Sent::TryLater { reason: error.without_url().to_string(), after: None },
        }
    }
}

async fn answered(answer: reqwest::Response) -> Sent {
    let status = answer.status();
    if status.is_success() {
        return Sent::Delivered;
    }
    let body: Value = answer.json().await.unwrap_or_default();
    let reason = body["description"].as_str().unwrap_or("no reason given").to_owned();
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let after = body["parameters"]["retry_after"].as_u64().map(Duration::from_secs);
        return Sent::TryLater { reason: format!("{status}: {reason}"), after };
    }
    Sent::Refused { status, reason }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w35_a_message_that_waits_outlives_its_process() {
        let dir = tempfile::tempdir().expect("a directory");
        let outbox = Outbox::of(dir.path());
        assert!(outbox.letters().is_empty());
        let letter =
            |run| Letter { run, text: Some("*hello".to_owned()), is_told: true, failures: 3, not_before: None };
        for run in [10, 9] {
            outbox.write(&letter(run)).expect("is written");
        }
        let again = Outbox::of(dir.path());
        assert_eq!(again.letters(), [letter(9), letter(10)]);
        again.remove(9);
        assert_eq!(again.letters(), [letter(10)]);
    }

    #[test]
    fn a_text_is_no_longer_than_telegram_takes() {
        assert_eq!(shortened(&"漢".repeat(5000)).chars().count(), 4096);
    }
}
