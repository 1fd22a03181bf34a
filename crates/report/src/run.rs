//! The report of one run.

#[cfg(test)]
mod tests;
mod view;

use bytes::Bytes;
use domain::patrol::Verdict;
use jiff::Zoned;

use crate::Fonts;
use crate::map::Map;
use crate::pictures::Pictures;
use crate::typeset::{self, Manuscript, PdfError};

pub(crate) use view::expenses;

/// What happened in one run. Every time is told as it was on the site's clocks.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The run's number.
    pub number: i64,
    /// Who walked.
    pub robot: Robot,
    /// The named route; nothing for all enabled waypoints.
    pub route: Option<String>,
    /// When it began.
    pub started: Zoned,
    /// When it ended, if it did.
    pub ended: Option<Zoned>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it ended, if it did not come to its end.
    pub reason: Option<String>,
    /// Whether it only went through the motions.
    pub dry_run: bool,
    /// The model that judged.
    pub model: Option<String>,
    /// What a model wrote about the run, in Markdown.
    pub summary: Option<String>,
    /// What a model wrote about the run's film, in Markdown.
    pub video_analysis: Option<String>,
    /// The map it was walked on.
    pub map: Option<Map>,
    /// Where the robot was, in metres, in order.
    pub way: Vec<(f64, f64)>,
    /// The inspections, in order: also those that came to nothing.
    pub inspections: Vec<Inspection>,
    /// The alerts of the live monitor, in order.
    pub alerts: Vec<Alert>,
    /// What the models used.
    pub expenses: Vec<Expense>,
    /// How the questions whose answer was known were answered.
    pub negative_control: Option<NegativeControl>,
    /// When the report was made.
    pub made: Zoned,
}

/// A robot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Robot {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its serial number, if it told it.
    pub serial: Option<String>,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is not over.
    Running,
    /// It came to its end.
    Completed,
    /// Somebody stopped it.
    Stopped,
    /// It could not go on.
    Failed,
    /// The program ended before it did.
    Interrupted,
}

/// One waypoint, inspected or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The name of the waypoint.
    pub point: String,
    /// Where it is, in metres.
    pub place: (f64, f64),
    /// In which loop, from 1.
    pub round: u32,
    /// When it was decided.
    pub at: Option<Zoned>,
    /// What was decided; nothing while nobody has judged.
    pub verdict: Option<Verdict>,
    /// What was asked.
    pub prompt: String,
    /// What was answered, or what went wrong.
    pub description: String,
    /// How the way there ended, if it did not end there.
    pub trouble: Option<String>,
    /// What the robot saw.
    pub photo: Option<Photo>,
    /// The photos besides the first, where several were taken.
    pub more_photos: Vec<Photo>,
    /// What it saw the last time all was well.
    pub previous: Option<Photo>,
    /// Where the two differ.
    pub difference: Option<Photo>,
    /// How much they differ, from 0 to 1.
    pub difference_score: Option<f64>,
    /// How often a model was asked.
    pub attempts: u32,
}

/// A photo. One that was lost has no bytes: the report says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// The picture as the camera made it, JPEG or PNG.
    pub picture: Bytes,
    /// When it was taken, if that is known.
    pub taken: Option<Zoned>,
}

/// An alert of the live monitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// When it was raised.
    pub at: Option<Zoned>,
    /// The rule that was met.
    pub rule: String,
    /// What the monitor said.
    pub response: String,
    /// Which camera saw it.
    pub source: Option<String>,
    /// What it saw.
    pub evidence: Option<Photo>,
}

/// Tokens that a model used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Those it read.
    pub input: u64,
    /// Those it wrote.
    pub output: u64,
    /// All of them: more than the two together where the model also thought.
    pub total: u64,
}

/// What was used for a purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expense {
    /// For what.
    pub purpose: Purpose,
    /// How many tokens.
    pub tokens: Tokens,
    /// What they cost in US dollars, if the price is known.
    pub cost: Option<f64>,
}

/// What a model was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To judge photos.
    Inspection,
    /// To write the run's report.
    Report,
    /// To write a message.
    Message,
    /// To look at the film.
    Video,
    /// To write this analysis.
    Analysis,
    /// The runs of a period.
    Runs,
}

/// How the questions whose answer was known were answered: a model that says yes to everything fails them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NegativeControl {
    /// How many were asked.
    pub asked: u32,
    /// How many were answered rightly.
    pub passed: u32,
}

/// Returns the report as PDF. It takes a second or so of one processor: not to be called where others wait.
///
/// # Errors
///
/// If the typesetter fails, which no content should make it.
pub fn run_pdf(report: &RunReport, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let mut pictures = Pictures::default();
    let draft = view::Draft::new(report, &mut pictures);
    let album = pictures.look();
    let data = draft.view(&album);
    let template = include_str!("templates/run.typ");
    typeset::pdf(Manuscript { template, data, pictures: album.into_files(), made: report.made.clone() }, fonts)
}
