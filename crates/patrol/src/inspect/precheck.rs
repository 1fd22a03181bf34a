//! A look at no cost: the local detector says which people and things are in a photo. It is a note beside the verdict,
//! never the verdict, and its failure is no failure.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use domain::detection::Detection;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Url, redirect};
use serde::{Deserialize, Serialize};

/// How long the detector may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const LONGEST: usize = 1 << 20;

/// The local detector.
pub(super) struct Detector {
    client: Client,
    url: Url,
}

/// What was seen, as it stands beside the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Seen {
    people: usize,
    /// Everything else that may stand in the way, by class.
    obstacles: BTreeMap<String, usize>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    detections: Vec<Detection>,
}

impl Detector {
    /// Prepares to ask the inference service at an address.
    pub(super) fn new(base: &str) -> anyhow::Result<Self> {
        let url = format!("{}/infer", base.trim_end_matches('/'));
        let url = Url::parse(&url).with_context(|| format!("`{}` is no address", domain::secret::redact(base)))?;
        let client = Client::builder().timeout(LIMIT).redirect(redirect::Policy::none()).build()?;
        Ok(Self { client, url })
    }

    /// Asks what is in a photo.
    pub(super) async fn look(&self, photo: Bytes) -> anyhow::Result<Seen> {
        let part = Part::bytes(photo.to_vec()).file_name("photo.jpg").mime_str("image/jpeg")?;
        let request = self.client.post(self.url.clone()).multipart(Form::new().part("file", part));
        let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
        if !response.status().is_success() {
            bail!("the detector answered {}", response.status());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > LONGEST {
                bail!("the detector's answer has no end");
            }
            body.extend_from_slice(&chunk);
        }
        let answer: Answer = serde_json::from_slice(&body).context("reading the detector's answer")?;
        Ok(Seen::of(&answer.detections))
    }
}

impl Seen {
    /// Counts what was seen; what the detector is too unsure to name counts as nothing.
    fn of(detections: &[Detection]) -> Self {
        let mut seen = Self { people: 0, obstacles: BTreeMap::new() };
        for detection in detections.iter().filter(|detection| !detection.is_unknown) {
            if &*detection.class_name == "person" {
                seen.people += 1;
            } else {
                *seen.obstacles.entry(detection.class_name.to_string()).or_default() += 1;
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use domain::geometry::BBox;

    use super::*;

    fn detection(class: &str, is_unknown: bool) -> Detection {
        let bbox = BBox { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 };
        Detection { class_id: 0, class_name: class.into(), confidence: 0.9, bbox, is_unknown }
    }

    #[test]
    fn people_and_obstacles_are_counted() {
        let found = [
            detection("person", false),
            detection("chair", false),
            detection("chair", false),
            detection("unknown_person", true),
        ];
        let seen = serde_json::to_value(Seen::of(&found)).expect("is JSON");
        assert_eq!(seen, serde_json::json!({"people": 1, "obstacles": {"chair": 2}}));
    }
}
