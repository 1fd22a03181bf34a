//! Asks a running inference API as fast as a number of clients can, and prints one JSON line per figure:
//! `cargo run --release -p inference-api --example load -- http://127.0.0.1:8000/infer image.jpg [CLIENTS] [SECONDS]`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, StatusCode};
use serde_json::json;

/// What one client saw: the seconds of each answer, and how many times it was told to come back.
#[derive(Default)]
struct Seen {
    seconds: Vec<f64>,
    refused: usize,
}

/// Whom to ask, and what.
struct Plan {
    url: String,
    image: Vec<u8>,
    clients: usize,
    lasts: Duration,
}

impl Plan {
    fn of(arguments: &[String]) -> anyhow::Result<Self> {
        let [url, image, numbers @ ..] = arguments else { anyhow::bail!("usage: load URL IMAGE [CLIENTS] [SECONDS]") };
        let number = |at: usize, default: u64| numbers.get(at).map_or(Ok(default), |text| text.parse());
        Ok(Self {
            url: url.clone(),
            image: std::fs::read(image).with_context(|| format!("cannot read {image}"))?,
            clients: usize::try_from(number(0, 4).context("CLIENTS is a number")?)?,
            lasts: Duration::from_secs(number(1, 10).context("SECONDS is a number")?),
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    // The client wants to know how it would speak TLS; a second provider would only say that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plan = Arc::new(Plan::of(&std::env::args().skip(1).collect::<Vec<_>>())?);
    let client = Client::builder().timeout(Duration::from_secs(60)).no_proxy().build()?;
    let began = Instant::now();
    let clients: Vec<_> = (0..plan.clients).map(|_| tokio::spawn(ask(client.clone(), Arc::clone(&plan)))).collect();
    let mut all = Seen::default();
    for seen in clients {
        let seen = seen.await??;
        all.seconds.extend(seen.seconds);
        all.refused += seen.refused;
    }
    print(&mut all, began.elapsed());
    Ok(())
}

async fn ask(client: Client, plan: Arc<Plan>) -> anyhow::Result<Seen> {
    let end = Instant::now() + plan.lasts;
    let mut seen = Seen::default();
    while Instant::now() < end {
        // The reference wants the part `file`, DeepStack `image`; each ignores the other's.
        let part = |name: &str| Part::bytes(plan.image.clone()).file_name(name.to_owned());
        let name = if plan.url.contains("/v1/vision/") { "image" } else { "file" };
        let asked = Instant::now();
        let answer = client.post(&plan.url).multipart(Form::new().part(name, part(name))).send().await?;
        match answer.status() {
            StatusCode::OK => {
                answer.bytes().await?;
                seen.seconds.push(asked.elapsed().as_secs_f64());
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                seen.refused += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            status => anyhow::bail!("{} answered {status}: {}", plan.url, answer.text().await.unwrap_or_default()),
        }
    }
    Ok(seen)
}

#[expect(clippy::print_stdout, reason = "the answer of a command line")]
fn print(all: &mut Seen, took: Duration) {
    all.seconds.sort_by(f64::total_cmp);
    let figure =
        |name: &str, value: f64, unit: &str| println!("{}", json!({ "name": name, "value": value, "unit": unit }));
    figure("answers", all.seconds.len() as f64 / took.as_secs_f64(), "1/s");
    figure("refused", all.refused as f64, "requests");
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
        let place = ((all.seconds.len() as f64 * share).ceil() as usize).saturating_sub(1);
        if let Some(seconds) = all.seconds.get(place) {
            figure(name, seconds * 1e3, "ms");
        }
    }
}
