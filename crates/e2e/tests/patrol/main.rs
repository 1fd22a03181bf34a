//! The patrol backend with a simulated robot, simulated models and a real Redis: whole rounds, what goes wrong on them,
//! schedules, messages; and many rounds on which anything may go wrong.

mod dangers;
mod films;
mod hands;
mod looks;
mod messages;
mod rounds;
mod schedules;
mod simulated;
mod ward;
