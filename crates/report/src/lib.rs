//! What a patrol saw, as a PDF: the report of one run, and the analysis of many days.
//!
//! The caller gives plain values; what they look like is decided here. The pages are set by Typst from two templates
//! of ours. Everything that a model, an operator or a robot wrote reaches them as data, never as source, so that no
//! text can become a command.

mod analysis;
mod columns;
mod fonts;
mod map;
mod markdown;
mod pictures;
mod run;
pub mod source;
mod text;
mod typeset;

pub use analysis::{AnalysisReport, Scope, analysis_pdf};
pub use fonts::Fonts;
pub use map::Map;
pub use run::{
    Alert, Expense, Inspection, NegativeControl, Outcome, Photo, Purpose, Robot, RunReport, Tokens, run_pdf,
};
pub use typeset::PdfError;
