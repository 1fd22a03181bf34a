//! Reports: of a run as PDF, over several days as text and as PDF.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use chassis::{Env, Stop};
use jiff::Timestamp;
use jiff::civil::Date;
use report::Fonts;
use report::source::Archive;
use tokio::sync::{Mutex, mpsc};
use tracing::{info, warn};
use vlm::Question;

use crate::App;
use crate::events::Changed;
use crate::history::{Expense, History, ReportId, RunId};
use crate::inspect::days;

/// How long a model may take for a report over several days.
const PATIENCE: Duration = Duration::from_secs(300);

/// What makes PDFs of what the history holds. Clones share it.
#[derive(Clone)]
pub(crate) struct Press {
    archive: Arc<Archive>,
    env: Env,
    /// Looked for when the first PDF is made: most processes make none.
    fonts: Arc<OnceLock<Fonts>>,
}

impl Press {
    /// Returns a press for a site.
    pub(crate) fn new(history: &History, env: &Env) -> Self {
        let archive = Archive::new(history.pool().clone(), history.data_dir().to_owned());
        Self { archive: Arc::new(archive), env: env.clone(), fonts: Arc::default() }
    }

    /// Returns the report of a run as PDF; nothing if there is no such run.
    pub(crate) async fn run(&self, run: RunId) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(report) = self.archive.run(run.0, Timestamp::now()).await.context("reading the run")? else {
            return Ok(None);
        };
        self.printed(move |fonts| report::run_pdf(&report, fonts)).await.map(Some)
    }

    /// Returns a report over several days as PDF; nothing if there is no such report.
    pub(crate) async fn analysis(&self, id: ReportId) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(report) = self.archive.analysis(id.0, Timestamp::now()).await.context("reading the report")? else {
            return Ok(None);
        };
        self.printed(move |fonts| report::analysis_pdf(&report, fonts)).await.map(Some)
    }

    /// Setting pages takes a core for up to seconds.
    async fn printed(
        &self,
        print: impl FnOnce(&Fonts) -> Result<Vec<u8>, report::PdfError> + Send + 'static,
    ) -> anyhow::Result<Vec<u8>> {
        let (fonts, env) = (self.fonts.clone(), self.env.clone());
        let print = move || {
            let find = || Fonts::find(&Fonts::dirs(|name| env.plain(name).map(str::to_owned)));
            print(fonts.get_or_init(find))
        };
        tokio::task::spawn_blocking(print).await.context("making a PDF")?.context("making a PDF")
    }
}

/// Returns the report of a run as PDF; nothing if there is no such run.
pub(crate) async fn run_pdf(app: &App, run: RunId) -> anyhow::Result<Option<Vec<u8>>> {
    app.press.run(run).await
}

/// What a report over several days is to be about.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The first and the last day.
    pub(crate) days: (Date, Date),
    /// Nothing for all robots.
    pub(crate) robot: Option<String>,
    /// Nothing for what the settings say.
    pub(crate) prompt: Option<String>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoReport {
    /// Nothing was inspected in these days.
    #[error("no inspections in these days")]
    Nothing,
    /// No model wrote it.
    #[error("{0}")]
    NotWritten(String),
    /// Something of ours failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<sqlx::Error> for NoReport {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A report that was begun: its number, and the question it answers.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) id: ReportId,
    question: String,
}

/// Begins a report over several days.
pub(crate) async fn begin(app: &App, order: &Order) -> Result<Begun, NoReport> {
    let rows = app.history.inspections_between(order.days, order.robot.as_deref()).await?;
    if rows.is_empty() {
        return Err(NoReport::Nothing);
    }
    let settings = app.settings.current();
    let own = order.prompt.as_deref().filter(|prompt| !prompt.trim().is_empty());
    let prompt = own.unwrap_or(&settings.multiday_report_prompt);
    let robot = order.robot.as_deref();
    let id = app.history.begin_report(order.days, robot, Some(prompt), Timestamp::now()).await?;
    Ok(Begun { id, question: days::question(prompt, &rows) })
}

/// How many reports may wait to be written; more are refused.
const WAITING: usize = 16;

/// Reports that wait to be written, one after the other. Clones share them.
#[derive(Clone)]
pub(crate) struct Orders {
    sender: mpsc::Sender<Begun>,
    /// Held by the task that writes.
    receiver: Arc<Mutex<mpsc::Receiver<Begun>>>,
}

impl Default for Orders {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self { sender, receiver: Arc::new(Mutex::new(receiver)) }
    }
}

impl Orders {
    /// Has a report written soon. Gives it back if too many wait.
    pub(crate) fn place(&self, begun: Begun) -> Result<(), Begun> {
        self.sender.try_send(begun).map_err(|error| match error {
            mpsc::error::TrySendError::Full(begun) | mpsc::error::TrySendError::Closed(begun) => begun,
        })
    }

    /// Writes reports until the stop is set. One that is cut off by it is failed at the next start.
    pub(crate) async fn run(self, app: App, stop: Stop) -> anyhow::Result<()> {
        let mut receiver = self.receiver.lock().await;
        while let Some(Some(begun)) = stop.or(receiver.recv()).await {
            match stop.or(write(&app, begun)).await {
                Some(Err(NoReport::Failed(cause))) => return Err(cause),
                // Why a model wrote none is written down with the report.
                Some(Ok(_) | Err(NoReport::Nothing | NoReport::NotWritten(_))) => {}
                None => break,
            }
        }
        Ok(())
    }
}

/// Has a report written that was begun, and keeps it or why there is none.
pub(crate) async fn write(app: &App, begun: Begun) -> Result<(String, Expense), NoReport> {
    let Begun { id, question } = begun;
    match app.inspector.consult("analysis", Question::text(question, PATIENCE), None).await {
        Ok(consulted) => {
            app.history.finish_report(id, &consulted.text, &consulted.expense).await?;
            app.events.changed(Changed::Reports);
            info!(report = %id, "wrote a report over several days");
            Ok((consulted.text, consulted.expense))
        }
        Err(reason) => {
            let reason = reason.to_string();
            warn!(report = %id, reason, "a report over several days was not written");
            app.history.fail_report(id, &reason).await?;
            app.events.changed(Changed::Reports);
            Err(NoReport::NotWritten(reason))
        }
    }
}

/// Returns the name a file is offered under.
pub(crate) fn run_file_name(run: RunId, started_at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let local = started_at.to_zoned(zone.clone());
    format!("patrol_report_{run}_{}.pdf", local.strftime("%Y-%m-%d_%H%M%S"))
}
