//! One trace id leads from the frame that raised an alert to its delivery.

use anyhow::Context;
use chassis::Trace;
use e2e::{LIMIT, Process, SECRET, Scene, Script, until_some};
use serde_json::Value;

/// All but the left of the yard is forbidden.
const PIT: &str = "cameras:
- camera_id: yard
  forbidden_rois: [{name: pit, points: [[0.4, 0], [1, 0], [1, 1], [0.4, 1]], severity: critical}]
";

/// The line of a log in JSON that says this about an alert.
async fn line(process: &Process, message: &str, alert: &str) -> anyhow::Result<Value> {
    until_some(&format!("the log says {message:?} of {alert}"), LIMIT, async || {
        let said = process.said();
        // The last line may still be under way.
        let (whole, _) = said.rsplit_once('\n')?;
        let lines = whole.lines().map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"));
        lines.into_iter().find(|line| line["message"] == message && line["alert"] == alert)
    })
    .await
}

#[tokio::test]
async fn one_trace_id_leads_from_the_frame_to_the_webhook() -> anyhow::Result<()> {
    let script = Script { cameras: &[("yard", "yard")], zones: PIT, model: "shapes" };
    let scene = Scene::start_with(&script, &[("LOG_FORMAT", "json")]).await?;

    let delivery = scene.delivery("an alert", |_| true).await?;

    let alert = delivery["body"]["alert_id"].as_str().context("an alert has an id")?;
    let told: Trace = delivery["headers"]["traceparent"].as_str().context("the receiver is told")?.parse()?;
    let raised = line(&scene.stream_manager, "alert", alert).await?;
    let taken = line(&scene.alert_router, "an alert is to be delivered", alert).await?;
    let delivered = line(&scene.alert_router, "an alert was delivered", alert).await?;
    for (line, service) in [(&raised, "stream-manager"), (&taken, "alert-router"), (&delivered, "alert-router")] {
        assert_eq!(line["trace_id"], told.id(), "{line}");
        assert_eq!((&line["service"], &line["level"]), (&service.into(), &"INFO".into()), "{line}");
    }
    assert_eq!(raised["camera"], "yard");
    assert!(!SECRET.is_empty() && !scene.alert_router.said().contains(SECRET), "a secret is in the log");

    // Another frame is another trace.
    let other = scene.delivery("another alert", |body| body["frame_id"] != delivery["body"]["frame_id"]).await?;
    let other: Trace = other["headers"]["traceparent"].as_str().context("the receiver is told")?.parse()?;
    assert_ne!(other.id(), told.id());
    Ok(())
}
