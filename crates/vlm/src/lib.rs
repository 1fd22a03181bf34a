//! Asking a vision-language model about pictures: one trait, [`Model`], and three kinds of servers behind it,
//! [`Gemini`], [`OpenAi`] (Ollama, vLLM, llama.cpp and others that speak its chat completions) and [`Vila`].
//!
//! An answer to a question with a [`Schema`] satisfies that schema, or it is an [`AskError`]: nothing here guesses what
//! a model may have meant. What a question costs is told by [`price`], what it asks and what a verdict is by
//! [`inspection`]. When something is asked again, and how often, is for the caller to decide: [`AskError`] says whether
//! it makes sense.

mod answer;
mod error;
mod gemini;
pub mod inspection;
mod model;
mod openai;
pub mod price;
mod resolve;
pub mod scale;
mod schema;
mod vila;
mod wire;

pub use answer::{Answer, Usage};
pub use error::AskError;
pub use gemini::Gemini;
pub use inspection::Judgement;
pub use model::{Jpeg, Model, NotJpeg, Question};
pub use openai::OpenAi;
pub use schema::{Kind, Schema};
pub use vila::{Vila, VilaServer};
pub use wire::SetupError;
