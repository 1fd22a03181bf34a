//! What Ronda talks about and the rules it follows.

pub mod detection;
pub mod geometry;
pub mod id;
pub mod picture;
mod schema;
pub mod secret;
