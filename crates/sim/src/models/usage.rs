//! How many tokens an answer takes: numbers as a real model counts them, roughly.

use serde::Serialize;
use serde_json::{Value, json};

/// Tokens of one picture tile.
const PICTURE: u64 = 258;
/// Tokens of a second of film, whose bit rate is that of a patrol's recording.
const FILM_SECOND: u64 = 300;
const FILM_BYTES_PER_SECOND: u64 = 100_000;

/// How many tokens an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Usage {
    pub(super) prompt: u64,
    pub(super) answer: u64,
    pub(super) thoughts: u64,
}

impl Usage {
    pub(super) fn of(prompt: &str, pictures: usize, film_bytes: Option<u64>, answer: &str) -> Self {
        let film = film_bytes.map_or(0, |bytes| (bytes / FILM_BYTES_PER_SECOND + 1) * FILM_SECOND);
        let answer = words(answer);
        Self { prompt: words(prompt) + pictures as u64 * PICTURE + film, answer, thoughts: 16 + answer / 2 }
    }

    pub(super) fn total(self) -> u64 {
        self.prompt + self.answer + self.thoughts
    }

    /// Says it in Gemini's words.
    pub(super) fn gemini(self) -> Value {
        json!({
            "promptTokenCount": self.prompt,
            "candidatesTokenCount": self.answer,
            "thoughtsTokenCount": self.thoughts,
            "totalTokenCount": self.total(),
        })
    }

    /// Says it in OpenAI's words, where thoughts are part of the completion.
    pub(super) fn openai(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.answer + self.thoughts,
            "total_tokens": self.total(),
        })
    }
}

/// About four letters, or one Chinese character, are a token.
fn words(text: &str) -> u64 {
    let (narrow, wide) = text.chars().fold((0_u64, 0_u64), |(narrow, wide), letter| {
        if u32::from(letter) < 0x2e80 { (narrow + 1, wide) } else { (narrow, wide + 1) }
    });
    narrow.div_ceil(4) + wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_films_and_letters_are_counted() {
        let usage = Usage::of("大廳 is dry", 2, Some(250_000), "{\"is_NG\": false}");
        assert_eq!(usage, Usage { prompt: 2 + 2 + 516 + 900, answer: 4, thoughts: 18 });
        assert_eq!(usage.gemini()["totalTokenCount"], usage.openai()["total_tokens"]);
    }
}
