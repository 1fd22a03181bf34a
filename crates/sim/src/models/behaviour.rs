//! How the models answer: a pure rule that counts down what it was told.

use serde::{Deserialize, Serialize};

/// What may be wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429 with `Retry-After`.
    TooManyRequests,
    /// 500.
    ServerError,
    /// 401.
    Unauthorised,
    /// Half of a JSON document.
    Malformed,
    /// JSON that is not what was asked for.
    WrongSchema,
    /// "nothing unusual".
    FreeText,
    /// An answer that never comes to its end.
    Hang,
}

/// How questions are answered from now on. Without any field: properly, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// What is wrong with answers.
    pub fault: Option<Fault>,
    /// With how many of them; all without.
    pub times: Option<u32>,
    /// With each how-manieth.
    pub every: u32,
    /// What `Retry-After` says.
    pub retry_after_secs: u64,
    /// Milliseconds to wait before every answer.
    pub pause_ms: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { fault: None, times: None, every: 1, retry_after_secs: 1, pause_ms: 0 }
    }
}

impl Behaviour {
    /// Answers properly.
    pub fn proper() -> Self {
        Self::default()
    }

    /// Answers some questions wrongly, then properly again.
    pub fn fail(fault: Fault, times: u32) -> Self {
        Self { fault: Some(fault), times: Some(times), ..Self::default() }
    }

    /// Answers every question wrongly.
    pub fn fail_always(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// Answers each `every`-th question wrongly.
    pub fn fail_every(fault: Fault, every: u32) -> Self {
        Self { fault: Some(fault), every, ..Self::default() }
    }

    /// Answers late.
    #[must_use]
    pub fn slow(self, pause_ms: u64) -> Self {
        Self { pause_ms, ..self }
    }

    /// Tells what is wrong with the next answer, which is the `number`-th since this was said.
    pub(super) fn next(&mut self, number: u32) -> Option<Fault> {
        if self.times == Some(0) || !number.is_multiple_of(self.every.max(1)) {
            return None;
        }
        let fault = self.fault?;
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(mut behaviour: Behaviour) -> [bool; 5] {
        [1, 2, 3, 4, 5].map(|number| behaviour.next(number).is_some())
    }

    #[test]
    fn faults_end_after_their_count_and_come_at_their_turn() {
        assert_eq!(faults(Behaviour::proper()), [false; 5]);
        assert_eq!(faults(Behaviour::fail(Fault::Hang, 2)), [true, true, false, false, false]);
        assert_eq!(faults(Behaviour::fail_always(Fault::Hang)), [true; 5]);
        assert_eq!(faults(Behaviour::fail_every(Fault::Hang, 2)), [false, true, false, true, false]);
        let once_at_the_third = Behaviour { times: Some(1), ..Behaviour::fail_every(Fault::Hang, 3) };
        assert_eq!(faults(once_at_the_third), [false, false, true, false, false]);
    }

    #[test]
    fn a_behaviour_is_said_in_words() {
        let said = r#"{"fault": "too_many_requests", "times": 3, "retry_after_secs": 2}"#;
        let expected = Behaviour { retry_after_secs: 2, ..Behaviour::fail(Fault::TooManyRequests, 3) };
        assert_eq!(serde_json::from_str::<Behaviour>(said).expect("is one"), expected);
    }
}
