//! One entry of a stream as Redis sends it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use chassis::Trace;
use serde::{Deserialize, Serialize};

use crate::BusError;

/// The id Redis gave an entry: milliseconds and a count within them. Later entries are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EntryId {
    millis: u64,
    count: u64,
}

impl EntryId {
    /// The id before every entry.
    pub const ZERO: Self = Self { millis: 0, count: 0 };

    /// Returns the Unix time in milliseconds at which Redis took the entry.
    pub fn millis(&self) -> u64 {
        self.millis
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.count)
    }
}

impl FromStr for EntryId {
    type Err = BusError;

    fn from_str(text: &str) -> Result<Self, BusError> {
        let parts = text.split_once('-');
        parts
            .and_then(|(millis, count)| Some(Self { millis: millis.parse().ok()?, count: count.parse().ok()? }))
            .ok_or_else(|| BusError::BadEntryId(text.to_owned()))
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for EntryId {
    type Error = BusError;

    fn try_from(text: String) -> Result<Self, BusError> {
        text.parse()
    }
}

/// An entry as the client reads it: the id, and the fields unless the entry was trimmed away.
pub(crate) type RawEntry = (String, Option<HashMap<String, Vec<u8>>>);

/// What `XREAD` and `XREADGROUP` answer: nothing, or entries for each stream asked for.
pub(crate) type ReadReply = Option<Vec<(String, Vec<RawEntry>)>>;

/// An entry with its id understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) content: Content,
    /// What it is part of, if its sender said so.
    pub(crate) trace: Option<Trace>,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// The field `data`.
    Data(Vec<u8>),
    /// Fields, none of which is `data`.
    NoData,
    /// Nothing any more: the stream was trimmed beyond the entry.
    Trimmed,
}

impl TryFrom<RawEntry> for Entry {
    type Error = BusError;

    fn try_from((id, fields): RawEntry) -> Result<Self, BusError> {
        let id = id.parse()?;
        let Some(mut fields) = fields else {
            return Ok(Self { id, content: Content::Trimmed, trace: None });
        };
        let trace = fields.remove(Trace::HEADER).and_then(|text| String::from_utf8(text).ok()?.parse().ok());
        let content = fields.remove("data").map_or(Content::NoData, Content::Data);
        Ok(Self { id, content, trace })
    }
}

/// Returns the entries of the one stream that was asked for.
pub(crate) fn entries(reply: ReadReply) -> Result<Vec<Entry>, BusError> {
    let raw = reply.into_iter().flatten().flat_map(|(_, entries)| entries);
    raw.map(Entry::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> EntryId {
        text.parse().expect("is an id")
    }

    #[test]
    fn ids_are_ordered_as_redis_orders_them() {
        assert!(id("9-5") < id("10-0") && id("10-2") < id("10-10") && EntryId::ZERO < id("0-1"));
        assert_eq!(id("1526919030474-55").to_string(), "1526919030474-55");
    }

    #[test]
    fn an_entry_knows_its_trace_if_that_is_one() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let entry = |trace: &str| {
            let fields = [("data", "{}"), (Trace::HEADER, trace), ("more", "x")];
            let fields = fields.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
            Entry::try_from(("1-1".to_owned(), Some(fields.into()))).expect("is an entry")
        };
        assert_eq!(entry(text).trace.map(|trace| trace.to_string()).as_deref(), Some(text));
        assert_eq!(entry("yesterday"), Entry { trace: None, ..entry(text) });
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "5", "-", "a-b", "1-2-3", "$", "1_2"] {
            assert!(text.parse::<EntryId>().is_err(), "{text}");
        }
    }
}
