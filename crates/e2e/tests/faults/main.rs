//! Parts of a running site die. What the architecture promises holds: a frame may be lost, an alert may not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use e2e::{LIMIT, Scene, Script, until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// A zone over the whole picture that raises an alert every second while something red is seen.
const ZONES: &str = "cameras:
- camera_id: yard
  forbidden_rois: [{name: all, points: [[0, 0], [1, 0], [1, 1], [0, 1]], repeat_seconds: 1}]
";

const ONE_CAMERA: Script<'_> = Script { cameras: &[("yard", "yard")], zones: ZONES, model: "shapes" };

const TWO_CAMERAS: Script<'_> =
    Script { cameras: &[("yard", "yard"), ("street", "street")], zones: ZONES, model: "shapes" };

/// The ids of the alerts that the receiver has accepted, each with the ids of its deliveries.
async fn accepted(scene: &Scene) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut accepted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for delivery in scene.received().await? {
        if delivery["answered"] == 204 {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let alert = text(&delivery["body"]["alert_id"]);
            accepted.entry(alert).or_default().insert(text(&delivery["headers"]["webhook-id"]));
        }
    }
    Ok(accepted)
}

/// Waits until every alert that was raised so far has been recorded.
async fn all_recorded(scene: &Scene, raised: u64) -> anyhow::Result<()> {
    until(&format!("{raised} alerts are recorded"), LIMIT * 2, async || {
        scene.recorded().await.is_ok_and(|ids| ids.into_iter().collect::<BTreeSet<_>>().len() as u64 >= raised)
    })
    .await
}

#[tokio::test]
async fn alerts_wait_while_redis_is_away() -> anyhow::Result<()> {
    let mut scene = Scene::start(&ONE_CAMERA).await?;
    scene.delivery("a first alert", |_| true).await?;

    scene.redis.stop(LIMIT)?;
    let before = scene.raised("yard").await?;
    until("three alerts are raised without Redis", LIMIT, async || {
        scene.raised("yard").await.is_ok_and(|raised| raised >= before + 3)
    })
    .await?;
    scene.redis = scene.site.start_redis().await?;

    let raised = scene.raised("yard").await?;
    all_recorded(&scene, raised).await?;
    until("all of them are delivered", LIMIT * 2, async || {
        accepted(&scene).await.is_ok_and(|accepted| accepted.len() as u64 >= raised)
    })
    .await
}

#[tokio::test]
async fn a_dead_camera_does_not_disturb_the_others_and_comes_back() -> anyhow::Result<()> {
    let scene = Scene::start(&TWO_CAMERAS).await?;
    for camera in ["yard", "street"] {
        scene.camera_is(camera, "streaming", LIMIT).await?;
    }

    scene.switch("street", false).await?;
    scene.camera_is("street", "reconnecting", LIMIT).await?;
    assert!(scene.camera("street").await?["reason"].as_str().is_some_and(|reason| !reason.is_empty()));

    // The other one goes on: it takes every due frame and is never lost.
    let before = scene.camera("yard").await?;
    let processed = |camera: &Value| camera["counters"]["processed"].as_u64().unwrap_or_default();
    until("the other camera has looked at ten more frames", LIMIT, async || {
        scene.camera("yard").await.is_ok_and(|now| processed(&now) >= processed(&before) + 10)
    })
    .await?;
    let after = scene.camera("yard").await?;
    assert_eq!((&after["state"], &after["since"]), (&json!("streaming"), &before["since"]));
    assert_eq!(after["counters"]["losses"], before["counters"]["losses"]);

    scene.switch("street", true).await?;
    scene.camera_is("street", "streaming", LIMIT).await
}

#[tokio::test]
async fn a_router_that_is_killed_again_and_again_loses_nothing() -> anyhow::Result<()> {
    let mut scene = Scene::start(&ONE_CAMERA).await?;
    // Slow answers keep deliveries on their way when the router dies.
    scene.behave(&json!({ "pause_ms": 400 })).await?;

    for round in 1..=4 {
        let wanted = scene.raised("yard").await? + 2;
        until("more alerts are raised", LIMIT, async || {
            scene.raised("yard").await.is_ok_and(|raised| raised >= wanted)
        })
        .await?;
        // At a different moment of the router's work each time.
        tokio::time::sleep(Duration::from_millis(150 * round)).await;
        scene.alert_router.kill()?;
        scene.alert_router = scene.site.start("alert-router").await?;
    }

    let raised = scene.raised("yard").await?;
    all_recorded(&scene, raised).await?;
    let recorded: BTreeSet<String> = scene.recorded().await?.into_iter().collect();
    until("everything recorded is delivered", LIMIT * 2, async || {
        accepted(&scene).await.is_ok_and(|accepted| recorded.iter().all(|id| accepted.contains_key(id)))
    })
    .await?;
    // A repeat carries the id of the first delivery, so that the receiver can tell.
    let torn: Vec<_> = accepted(&scene).await?.into_iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert_eq!(torn, []);
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_refuses_gets_everything_later() -> anyhow::Result<()> {
    let scene = Scene::start(&ONE_CAMERA).await?;
    scene.behave(&json!({ "status": 503, "times": 3 })).await?;

    let refused = async || {
        let received = scene.received().await.ok()?;
        let refused = received.iter().find(|delivery| delivery["answered"] == 503)?;
        refused["body"]["alert_id"].as_str().map(str::to_owned)
    };
    let id = e2e::until_some("a delivery is refused", LIMIT, refused).await?;

    until("it is delivered all the same", LIMIT * 2, async || {
        accepted(&scene).await.is_ok_and(|accepted| accepted.contains_key(&id))
    })
    .await
}

#[tokio::test]
async fn every_service_stops_when_asked() -> anyhow::Result<()> {
    let mut scene = Scene::start(&ONE_CAMERA).await?;
    scene.delivery("a first alert", |_| true).await?;
    let mut others = Vec::new();
    for name in ["inference-api", "console"] {
        others.push(scene.site.start(name).await?);
    }

    // While everything works, and Redis is there to the end.
    for process in [&mut scene.stream_manager, &mut scene.alert_router].into_iter().chain(&mut others) {
        let status = process.stop(Duration::from_secs(20))?;
        assert!(status.success(), "{status}\n{}", process.said());
    }
    let status = {
        scene.sim.signal(Signal::INT)?;
        scene.sim.wait(Duration::from_secs(20))?
    };
    assert!(status.success(), "{status}\n{}", scene.sim.said());
    Ok(())
}
