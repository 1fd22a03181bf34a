//! Every query of every panel, variable, annotation and rule, asked of a Prometheus that watches a running site.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::Context;
use e2e::{Http, LIMIT, root, until};
use serde_json::{Value, json};

use crate::boards::{self, Board, Query};
use crate::programs::check;
use crate::site::Living;
use crate::watchers::Watchers;
use crate::{names, rules};

/// A rule waits for a minute, Alertmanager for ten seconds more.
const TOLD_WITHIN: Duration = Duration::from_secs(150);
/// What only some machines have. They stand in docs/metrics.md, and panels that show them say so.
const ONLY_ON_SOME_MACHINES: [&str; 5] = [
    "ronda_gpu_load_ratio",
    "ronda_gpu_memory_bytes",
    "ronda_gpu_memory_used_bytes",
    "ronda_gpu_power_watts",
    "ronda_temperature_celsius",
];

#[tokio::test]
async fn in_a_running_site_no_panel_is_empty_and_operators_are_told_of_a_dead_camera() -> anyhow::Result<()> {
    let living = Living::begin().await?;
    let watchers = Watchers::start(&living.site).await?;
    everything_is_scraped(&watchers).await?;

    // A camera dies while a robot makes two rounds.
    living.switch("yard", false).await?;
    living.round().await?;
    living.round().await?;
    let told = living.notified("CameraDown", TOLD_WITHIN).await?;
    let alert = &told["alerts"][0];
    assert_eq!((&alert["status"], &alert["labels"]["camera"]), (&json!("firing"), &json!("yard")), "{told}");
    assert_eq!(alert["annotations"]["summary"], "camera yard gives no picture");
    assert_eq!(alert["annotations"]["runbook_url"], "docs/operations.md#camera-down");
    assert_eq!((&told["receiver"], &alert["labels"]["site"]), (&json!("operators"), &json!("ronda")), "{told}");
    living.switch("yard", true).await?;
    living.streams("yard").await?;

    let boards = boards::all()?;
    no_panel_is_empty(&watchers, &boards).await?;
    no_metric_is_unknown(&watchers, &boards).await?;
    variables_offer_something(&watchers, &boards).await?;
    rules_are_healthy_and_quiet(&watchers).await?;
    latencies_lead_to_traces(&watchers).await?;
    every_service_names_its_metrics_well(&living).await
}

/// Both networkings' lists name the same services; those of this one are all answered.
async fn everything_is_scraped(watchers: &Watchers) -> anyhow::Result<()> {
    until("every target was scraped", LIMIT, async || {
        watchers
            .targets()
            .await
            .is_ok_and(|targets| targets.len() == 8 && targets.iter().all(|target| target["health"] == "up"))
    })
    .await
    .context("a target is not scraped; the logs of Prometheus say why")?;
    let scraped = watchers.values("job", Some("up")).await?;
    let wanted = ["alert-router", "alertmanager", "console", "inference-api", "patrol", "prometheus", "stream-manager"];
    assert_eq!(scraped, wanted);
    assert_eq!(watchers.values("robot_id", Some("up")).await?, ["robot-a", "robot-b"]);
    Ok(())
}

/// An expression as Grafana sends it when everything is chosen and the last ten minutes are shown.
fn as_sent(expr: &str) -> String {
    let chosen =
        ["$camera", "$robot", "$service"].into_iter().fold(expr.to_owned(), |expr, name| expr.replace(name, ".*"));
    chosen.replace("$__rate_interval", "5m").replace("$__range", "10m")
}

async fn no_panel_is_empty(watchers: &Watchers, boards: &[Board]) -> anyhow::Result<()> {
    let live: BTreeSet<String> = watchers.names().await?.into_iter().collect();
    let needs_hardware = |query: &Query| {
        names::of(&query.expr).iter().any(|name| ONLY_ON_SOME_MACHINES.contains(&name.as_str()) && !live.contains(name))
    };
    let queries = boards.iter().flat_map(Board::panel_queries).filter(|query| !needs_hardware(query));
    let mut empty: Vec<Query> = queries.collect();
    assert!(empty.len() > 120, "only {} queries were found", empty.len());
    let waited = until("every panel shows something", LIMIT, async || {
        let mut still_empty = Vec::new();
        for query in &empty {
            if !shows_something(watchers, query).await {
                still_empty.push(query.clone());
            }
        }
        empty = still_empty;
        empty.is_empty()
    })
    .await;
    let mut faults = Vec::new();
    for query in &empty {
        let answer = watchers.ask(&as_sent(&query.expr)).await;
        faults.push(format!("{}: {} gives {answer:?}", query.place, query.expr));
    }
    assert_eq!(faults, Vec::<String>::new(), "{waited:?}");
    Ok(())
}

/// Whether there is a sample that is a number.
async fn shows_something(watchers: &Watchers, query: &Query) -> bool {
    let is_number = |sample: &Value| {
        let value = sample["value"][1].as_str().and_then(|value| value.parse::<f64>().ok());
        value.is_some_and(f64::is_finite)
    };
    watchers.ask(&as_sent(&query.expr)).await.is_ok_and(|samples| samples.iter().any(is_number))
}

/// A metric that nobody has would be an empty panel or a rule that never fires.
async fn no_metric_is_unknown(watchers: &Watchers, boards: &[Board]) -> anyhow::Result<()> {
    let documented = fs::read_to_string(root().join("docs/metrics.md"))?;
    let mut known: BTreeSet<String> = watchers.names().await?.into_iter().collect();
    for name in ONLY_ON_SOME_MACHINES {
        assert!(documented.contains(&format!("`{name}`")), "docs/metrics.md does not know {name}");
        known.insert(name.to_owned());
    }
    let of_rules = rules::all()?.into_iter();
    let of_rules = of_rules.map(|rule| Query { place: format!("{}.yaml, {}", rule.file, rule.name), expr: rule.expr });
    let of_boards = boards.iter().flat_map(|board| [board.panel_queries(), board.annotation_queries()].concat());
    let unknown = |query: Query| {
        let unknown: Vec<String> = names::of(&query.expr).difference(&known).cloned().collect();
        (!unknown.is_empty()).then(|| format!("{}: {}", query.place, unknown.join(", ")))
    };

    let faults: Vec<String> = of_rules.chain(of_boards).filter_map(unknown).collect();

    assert_eq!(faults, Vec::<String>::new());
    for query in boards.iter().flat_map(Board::annotation_queries) {
        watchers.ask(&query.expr).await.with_context(|| query.place.clone())?;
    }
    Ok(())
}

async fn variables_offer_something(watchers: &Watchers, boards: &[Board]) -> anyhow::Result<()> {
    let mut offered = Vec::new();
    for variable in boards.iter().flat_map(Board::variables).filter(|variable| variable["type"] == "query") {
        let query = variable["query"]["query"].as_str().context("a variable has a query")?;
        let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (metric, label) = inner
            .and_then(|inner| inner.rsplit_once(','))
            .with_context(|| format!("{query} is no label_values(…, …)"))?;
        let values = watchers.values(label.trim(), Some(metric.trim())).await?;
        assert!(!values.is_empty(), "{query} offers nothing");
        offered.push((variable["name"].as_str().unwrap_or_default(), values));
    }
    assert!(offered.contains(&("camera", vec!["street".to_owned(), "yard".to_owned()])), "{offered:?}");
    assert!(offered.contains(&("robot", vec!["robot-a".to_owned(), "robot-b".to_owned()])), "{offered:?}");
    Ok(())
}

/// Rules are evaluated without an error, and in a site on which nothing is wrong they say nothing.
async fn rules_are_healthy_and_quiet(watchers: &Watchers) -> anyhow::Result<()> {
    let evaluated = watchers.rules().await?;
    assert_eq!(evaluated.len(), rules::all()?.len());
    let ill: Vec<&Value> = evaluated.iter().filter(|rule| rule["health"] != "ok").collect();
    assert_eq!(ill, Vec::<&Value>::new());
    until("the camera's alert is over", LIMIT, async || {
        watchers
            .ask(r#"ALERTS{alertname="CameraDown", alertstate="firing"}"#)
            .await
            .is_ok_and(|firing| firing.is_empty())
    })
    .await?;
    let firing = watchers.ask(r#"ALERTS{alertstate="firing"}"#).await?;
    let wrong: Vec<&Value> =
        firing.iter().map(|alert| &alert["metric"]).filter(|alert| alert["alertname"] != "Watchdog").collect();
    assert_eq!(wrong, Vec::<&Value>::new());
    assert!(watchers.told().await?.contains(&"Watchdog".to_owned()), "Alertmanager hears of it");
    Ok(())
}

/// An exemplar of a latency is the trace id of a log line.
async fn latencies_lead_to_traces(watchers: &Watchers) -> anyhow::Result<()> {
    for metric in [
        "ronda_alert_delay_seconds_bucket",
        "ronda_capture_to_alert_seconds_bucket",
        "ronda_http_request_seconds_bucket",
    ] {
        let exemplars = watchers.exemplars(metric).await?;
        let is_trace = |exemplar: &Value| {
            let trace = exemplar["labels"]["trace_id"].as_str().unwrap_or_default();
            trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        assert!(!exemplars.is_empty() && exemplars.iter().all(is_trace), "{metric}: {exemplars:?}");
    }
    Ok(())
}

async fn every_service_names_its_metrics_well(living: &Living) -> anyhow::Result<()> {
    for (service, port) in living.services() {
        let text = Http::on(port)?.get("/metrics").await?.error_for_status()?.text().await?;
        check("promtool", &["check", "metrics"], living.site.path(), &text).with_context(|| service.to_owned())?;
    }
    Ok(())
}
