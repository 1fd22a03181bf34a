//! What the running site has, as its services tell.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::facts::{Fact, Facts, Kind, Values, of_zones};

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a site what it has. `url` is its page, or its stream manager alone: then nothing is known of robots.
///
/// # Errors
/// If nobody answers there.
pub(super) async fn ask(url: &str) -> anyhow::Result<Facts> {
    let url = url.trim_end_matches('/');
    let client = Client::builder().timeout(PATIENCE).build().context("cannot make a client")?;
    let mut streams = format!("{url}/streams");
    let mut cameras = get(&client, &format!("{streams}/api/v1/cameras")).await?;
    if cameras.is_none() {
        streams = url.to_owned();
        cameras = get(&client, &format!("{streams}/api/v1/cameras")).await?;
    }
    let Some(cameras) = cameras else { bail!("{url} is neither the page of a site nor its stream manager") };
    let zones = get(&client, &format!("{streams}/api/v1/zones")).await?.unwrap_or_default();
    let mut facts = Facts::default();
    facts.0.insert(Kind::Camera, list(&cameras["cameras"]).iter().filter_map(camera).collect());
    facts.0.insert(Kind::Zone, list(&zones["cameras"]).iter().flat_map(of_zones).collect());
    if let Some(robots) = get(&client, &format!("{url}/api/v1/robots")).await? {
        facts.0.insert(Kind::Robot, list(&robots).iter().filter_map(robot).collect());
    }
    Ok(facts)
}

/// Returns the answer, or nothing if there is no such thing.
async fn get(client: &Client, url: &str) -> anyhow::Result<Option<Value>> {
    let answer = client.get(url).send().await;
    let answer = answer.with_context(|| format!("cannot ask {url}: is the site running? (--site, --against)"))?;
    match answer.status() {
        StatusCode::NOT_FOUND => Ok(None),
        status if status.is_success() => {
            // A page is no answer of an API.
            Ok(answer.json().await.ok())
        }
        status => bail!("{url} answers {status}"),
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn camera(told: &Value) -> Option<(String, Values)> {
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    let number = |key: &str| told[key].as_f64().map(|number| number.to_string());
    let values = [
        ("name", text("name")),
        ("rtsp_url", text("url")),
        ("enabled", told["enabled"].as_bool().map(|enabled| enabled.to_string())),
        ("fps_target", number("fps_target")),
    ];
    Some((text("id")?, known(values)))
}

fn robot(told: &Value) -> Option<(String, Values)> {
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    Some((text("robot_id")?, known([("name", text("robot_name")), ("ip", text("robot_ip"))])))
}

fn known<const N: usize>(values: [(&str, Option<String>); N]) -> Values {
    values.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Fact::plain(value?)))).collect()
}
