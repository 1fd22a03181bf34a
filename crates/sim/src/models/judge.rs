//! What the models answer: by the anomalies that a picture really shows, or a text made of what the question gives.

use media::image::{Limits, decode_any};

use super::usage::Usage;
use super::{Question, Wants, write};
use crate::building::anomalies_in;

/// An answer, before a wire says it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) seen: Vec<&'static str>,
    pub(super) usage: Usage,
}

/// Looks at the pictures and answers; blocks for some milliseconds.
pub(super) fn answer(question: &Question) -> Result<Answer, String> {
    let mut seen = Vec::new();
    for picture in &question.pictures {
        let picture = decode_any(picture, Limits::default()).map_err(|error| format!("cannot look at it: {error}"))?;
        for anomaly in anomalies_in(&picture) {
            if !seen.contains(&anomaly) {
                seen.push(anomaly);
            }
        }
    }
    let prompt = question.texts.join("\n");
    let text = match question.wants {
        Wants::Judgement => {
            let description = describe(&seen, &prompt).unwrap_or_default();
            serde_json::json!({ "is_NG": !seen.is_empty(), "Description": description }).to_string()
        }
        Wants::YesOrNo => match describe(&seen, &prompt) {
            Some(description) => format!("Yes, {description}"),
            None => "No.".to_owned(),
        },
        Wants::Text if question.film_bytes.is_some() => write::about_film(),
        Wants::Text if question.pictures.is_empty() => write::report(&prompt),
        Wants::Text => describe(&seen, &prompt).unwrap_or_else(|| "Everything looks normal.".to_owned()),
    };
    let usage = Usage::of(&prompt, question.pictures.len(), question.film_bytes, &text);
    Ok(Answer { text, seen, usage })
}

/// Says what is wrong and where, if anything is.
fn describe(seen: &[&str], prompt: &str) -> Option<String> {
    if seen.is_empty() {
        return None;
    }
    let things: Vec<String> = seen.iter().map(|name| name.replace('_', " ")).collect();
    let place = place(prompt).map(|place| format!(" at {place}")).unwrap_or_default();
    Some(format!("{}{place}", things.join(" and ")))
}

/// Returns the place that a prompt names: `[Location: Lobby] Is the floor dry?`.
fn place(prompt: &str) -> Option<&str> {
    let (_, rest) = prompt.split_once("[Location: ")?;
    rest.split_once(']').map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::geometry::Size;
    use domain::picture::Picture;

    use super::*;
    use crate::building::ANOMALIES;

    /// A grey picture with a square of a colour in it.
    fn jpeg(colour: Option<[u8; 3]>) -> Bytes {
        let (width, height) = (320_usize, 240_usize);
        let mut pixels = vec![120_u8; width * height * 3];
        if let Some(colour) = colour {
            for row in 100..132 {
                for column in 150..182 {
                    let at = (row * width + column) * 3;
                    pixels[at..at + 3].copy_from_slice(&colour);
                }
            }
        }
        let size = Size { width: 320, height: 240 };
        let picture = Picture::rgb(size, width * 3, pixels.into()).expect("is one");
        media::jpeg::encode(&picture, 85).expect("is encoded")
    }

    fn asked(wants: Wants, colour: Option<[u8; 3]>) -> Answer {
        let texts = vec!["You are an inspection robot.".to_owned(), "[Location: 大廳] Is all well?".to_owned()];
        answer(&Question { texts, pictures: vec![jpeg(colour)], wants, ..Question::default() }).expect("is answered")
    }

    #[test]
    fn every_anomaly_is_seen_in_a_real_jpeg_and_named_with_its_place() {
        for (name, colour) in ANOMALIES {
            let answer = asked(Wants::Judgement, Some(colour));
            let judgement: serde_json::Value = serde_json::from_str(&answer.text).expect("is JSON");
            assert_eq!(judgement["is_NG"], true, "{name}");
            assert_eq!(judgement["Description"], format!("{} at 大廳", name.replace('_', " ")));
        }
    }

    #[test]
    fn a_picture_without_one_is_normal_in_every_form() {
        assert_eq!(asked(Wants::Judgement, None).text, r#"{"Description":"","is_NG":false}"#);
        assert_eq!(asked(Wants::YesOrNo, None).text, "No.");
        assert_eq!(asked(Wants::Text, None).text, "Everything looks normal.");
        assert_eq!(asked(Wants::YesOrNo, Some(ANOMALIES[0].1)).text, "Yes, spill at 大廳");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let question = Question { pictures: vec![Bytes::from_static(b"no picture")], ..Question::default() };
        assert!(answer(&question).is_err());
    }
}
