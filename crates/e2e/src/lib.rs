//! What tests of whole programs share: a site of real processes, on ports and in a directory of its own.
//!
//! The programs are those that `cargo build --release --workspace --bins` made; nothing of ours is replaced by a
//! stand-in. Cameras and receivers come from `sim`, Redis and nginx are the machine's.

mod http;
mod ports;
mod process;
mod scene;
mod site;
mod up;
mod wait;

pub use http::Http;
pub use ports::Ports;
pub use process::Process;
pub use scene::{SECRET, Scene, Script};
pub use site::{Site, program, root};
pub use up::Up;
pub use wait::{LIMIT, until, until_some};
