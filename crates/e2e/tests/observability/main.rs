//! What watches a site: the dashboards, rules and receivers in `configs/`. They are well formed, every rule says what to do,
//! and when a real Prometheus watches a running site, no query is wrong and no panel is empty.

mod boards;
mod form;
mod names;
mod programs;
mod rules;
mod site;
mod watched;
mod watchers;
