//! The outside world of a site, simulated: cameras that play real footage or scenes with known truth, and receivers of
//! webhooks.

pub mod webhook;
