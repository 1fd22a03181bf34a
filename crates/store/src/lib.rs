//! What is kept on disk: [`Blobs`], files written whole or not at all and deleted by age and size;
//! and SQLite databases opened the same way everywhere.

mod blobs;
mod key;
mod retention;
pub mod sqlite;
mod whole;

pub use blobs::{BlobError, Blobs};
pub use key::{Key, KeyError};
pub use retention::{Limits, Swept};
pub use whole::write_whole;
