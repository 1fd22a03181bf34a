//! Messages between Ronda's processes over Redis streams: at least once, in order of arrival, and
//! nothing lost in silence. A message is one field `data` that holds JSON.
//!
//! * [`Publisher`] sends and says whether Redis took it; [`SpooledPublisher`] keeps on disk what
//!   Redis has not taken yet.
//! * [`Consumer`] is one of a group: each message goes to one of them, and comes again until it is
//!   acknowledged. [`Tail`] reads along without a group.
//! * [`Inspector`] tells how streams and groups are.
//!
//! Every command has a time limit. Every type connects when first used and again after a loss; an
//! error is returned, and the next call may succeed.

mod connection;
mod consumer;
mod entry;
mod error;
mod inspector;
mod metrics;
mod publisher;
mod spool;
mod tail;
#[cfg(feature = "testing")]
pub mod testing;
mod topic;
mod url;

pub use consumer::{Consumer, GroupSettings, Link, Message, Start};
pub use entry::EntryId;
pub use error::BusError;
pub use inspector::{Durability, GroupState, Inspector, ServerState, StreamState};
pub use publisher::Publisher;
pub use spool::{SpoolError, SpoolSettings, SpooledPublisher};
pub use tail::Tail;
pub use topic::Topic;
pub use url::RedisUrl;
