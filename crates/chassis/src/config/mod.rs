//! Where a process gets its settings: environment variables and YAML files, with errors that name
//! the place and say what was expected there.

mod env;
mod error;
mod expand;
mod expanding;
mod suggest;
mod watch;
mod yaml;

pub use env::{Asked, Env};
pub use error::{ConfigError, Problem};
pub use watch::{Changes, watch_file};
pub use yaml::{locate, locate_place, parse_entries, parse_yaml, read_entries, read_yaml};
