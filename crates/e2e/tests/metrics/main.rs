//! What running services count is what `docs/metrics.md` says, in both forms, and one trace id leads from a frame to the
//! delivery of its alert.

mod forms;
mod page;
mod shown;
mod site;
mod told;
mod trace;
