//! What a stream is called and what it carries.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A Redis stream whose messages are `T`.
pub struct Topic<T> {
    name: Cow<'static, str>,
    max_len: u64,
    messages: PhantomData<fn() -> T>,
}

impl<T> Topic<T> {
    /// Names a stream that keeps about `max_len` messages.
    pub fn new(name: impl Into<Cow<'static, str>>, max_len: u64) -> Self {
        Self { name: name.into(), max_len, messages: PhantomData }
    }

    /// Returns the name of the stream.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns about how many messages the stream keeps.
    pub fn max_len(&self) -> u64 {
        self.max_len
    }

    /// Returns the stream that takes messages nobody could handle.
    pub(crate) fn dead(&self) -> String {
        format!("{}:dead", self.name)
    }
}

impl<T> Clone for Topic<T> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), max_len: self.max_len, messages: PhantomData }
    }
}

impl<T> fmt::Debug for Topic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("name", &self.name).field("max_len", &self.max_len).finish()
    }
}
