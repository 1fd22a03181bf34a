//! The analysis of many days.

use jiff::Zoned;
use jiff::civil::Date;
use serde_json::json;

use crate::run::{Expense, expenses};
use crate::typeset::{self, Manuscript, PdfError};
use crate::{Fonts, markdown, text};

/// What a model wrote about the inspections of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisReport {
    /// The analysis's number.
    pub number: i64,
    /// The first day of the period.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// Whose inspections.
    pub scope: Scope,
    /// What the model wrote, in Markdown.
    pub text: String,
    /// The model that wrote it.
    pub model: Option<String>,
    /// When it was written.
    pub written: Zoned,
    /// What the runs of the period and this analysis used.
    pub expenses: Vec<Expense>,
    /// When the report was made.
    pub made: Zoned,
}

/// Whose inspections an analysis is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of all robots.
    AllRobots,
    /// Those of one.
    Robot(String),
}

/// Returns the analysis as PDF; on broad pages, if one of its tables needs them.
///
/// # Errors
///
/// If the typesetter fails, which no content should make it.
pub fn analysis_pdf(report: &AnalysisReport, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let period =
        if report.from == report.to { report.from.to_string() } else { format!("{} to {}", report.from, report.to) };
    let robots = match &report.scope {
        Scope::AllRobots => "all robots",
        Scope::Robot(name) => name,
    };
    let moment = |at: &Zoned| at.strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    let facts = [
        ("Period", period.clone()),
        ("Robots", text::breakable(robots, 14.0)),
        ("Written", moment(&report.written)),
        ("AI model", text::breakable(report.model.as_deref().unwrap_or("not known"), 14.0)),
        ("Report made", moment(&report.made)),
    ];
    let data = json!({
        "title": "Analysis report",
        "subtitle": period,
        "footer": format!("Ronda · Analysis report {} · {period}", report.number),
        "facts": facts,
        "expenses": expenses(&report.expenses),
        "text": markdown::read(&report.text),
    });
    let template = include_str!("templates/analysis.typ");
    typeset::pdf(Manuscript { template, data, pictures: Vec::new(), made: report.made.clone() }, fonts)
}
