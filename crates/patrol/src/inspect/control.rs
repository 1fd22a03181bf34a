//! Control questions: asked every so often about a picture whose true answer is known, so that a model that sees things
//! that are not there is found out.
//!
//! The true answer is always "normal". If somebody accepted a photo of the waypoint, it is that photo with the waypoint's
//! own prompt, because accepting a photo says that it is how things should be. Else it is a plain grey picture with a
//! question that says what would be abnormal, and that a plain picture is not.

use std::sync::LazyLock;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use vlm::inspection;
use vlm::{AskError, Judgement};

/// The question about the plain picture.
const PROMPT: &str = "This picture may be plain or empty, which is normal. Is a person, water on the floor, smoke, fire or \
                      an obstacle clearly visible in it? Answer that it is abnormal only if so.";

/// The plain picture; nothing if it cannot be made, which would be a fault of the encoder.
static PLAIN: LazyLock<Option<Bytes>> = LazyLock::new(|| {
    let size = Size { width: 640, height: 360 };
    let pixels = vec![128; (size.width * size.height * 3) as usize];
    let picture = Picture::rgb(size, size.width as usize * 3, pixels.into()).ok()?;
    media::jpeg::encode(&picture, 90).ok()
});

/// What is asked about, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) prompt: String,
    pub(super) photo: Bytes,
}

impl Control {
    /// Returns the control question for a waypoint: about its accepted photo if there is one.
    pub(super) fn of(prompt: &str, accepted: Option<Bytes>) -> Option<Self> {
        match accepted {
            Some(photo) => Some(Self { prompt: prompt.to_owned(), photo }),
            None => {
                let prompt = inspection::prompt("Control", PROMPT);
                PLAIN.clone().map(|photo| Self { prompt, photo })
            }
        }
    }
}

/// Tells whether it is time for a control question, after the `judged`-th photo.
pub(super) fn is_due(judged: u64, every: u32) -> bool {
    every > 0 && judged.is_multiple_of(u64::from(every))
}

/// Returns the word for what came of a control question.
pub(super) fn score(answered: &Result<Judgement, AskError>) -> &'static str {
    match answered {
        Ok(judgement) if judgement.is_ng => "failed",
        Ok(_) => "passed",
        Err(_) => "unanswered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nth_photo_has_a_control_question() {
        let due: Vec<u64> = (1..=9).filter(|judged| is_due(*judged, 4)).collect();
        assert_eq!(due, [4, 8]);
        assert!((1..100).all(|judged| !is_due(judged, 0)));
    }

    #[test]
    fn an_accepted_photo_is_asked_about_with_the_own_prompt() {
        let photo = Bytes::from_static(b"accepted");
        let control = Control::of("[Location: Gate] Dry?", Some(photo.clone())).expect("there is one");
        assert_eq!(control, Control { prompt: "[Location: Gate] Dry?".to_owned(), photo });
    }

    #[test]
    fn without_one_a_plain_picture_is() {
        let control = Control::of("[Location: Gate] Dry?", None).expect("there is one");
        assert!(control.prompt.starts_with("[Location: Control] This picture may be plain"));
        assert!(media::jpeg::decode(&control.photo, media::image::Limits::default()).is_ok());
    }

    #[test]
    fn only_seeing_what_is_not_there_fails() {
        let judged = |is_ng| Ok(Judgement { is_ng, description: String::new() });
        assert_eq!([score(&judged(false)), score(&judged(true))], ["passed", "failed"]);
        assert_eq!(score(&Err(AskError::Refused { reason: String::new() })), "unanswered");
    }
}
