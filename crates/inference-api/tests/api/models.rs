//! The models of a machine: listed, described, changed while requests are being answered.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use inference_api::{Activation, ModelInfo, ModelList, ModelState};
use serde_json::json;
use vision::{ActiveModel, ModelRef};

use crate::pictures::{jpeg, scene};
use crate::server::{PATIENCE, Server, Setup, told};

/// A site with two models that run, one that was not fetched, and two that are wrong.
fn site() -> Setup {
    let setup = Setup::new();
    for name in ["second", "absent", "damaged", "senseless"] {
        setup.add_shapes(name);
    }
    let models = setup.models_dir();
    fs::remove_file(models.join("absent/model.onnx")).expect("is removed");
    fs::write(models.join("damaged/model.onnx"), "half a mod").expect("is written");
    fs::write(models.join("senseless/manifest.yaml"), "name: senseless").expect("is written");
    setup
}

async fn activate(server: &Server, name: &str) -> (u16, serde_json::Value) {
    told(server.client.post(server.url(&format!("/models/{name}/activate")))).await
}

#[tokio::test]
async fn models_are_listed_with_what_each_is_good_for() {
    let server = site().start().await;
    let list: ModelList = serde_json::from_value(server.json("/models").await).expect("has every field");
    let states: Vec<_> = list.models.iter().map(|model| (model.name.as_str(), model.state)).collect();
    assert_eq!(
        states,
        [
            ("absent", ModelState::NotFetched),
            ("damaged", ModelState::Ready),
            ("second", ModelState::Ready),
            ("senseless", ModelState::Invalid),
            ("shapes", ModelState::Active),
        ]
    );
    let shapes = list.models[4].description.as_ref().expect("has a manifest");
    assert_eq!(shapes.classes, ["object", "pine", "worker"]);
    assert!(list.models[3].problem.is_some());
    let info: ModelInfo = serde_json::from_value(server.json("/api/model/info").await).expect("has every field");
    assert_eq!((info.name.as_str(), info.num_classes, info.conf_threshold), ("shapes", 3, 0.25));
}

#[tokio::test]
async fn a_model_answers_once_it_is_activated_and_after_a_restart() {
    let server = site().start().await;
    let (status, body) = activate(&server, "second").await;
    assert_eq!(status, 200, "{body}");
    let activation: Activation = serde_json::from_value(body).expect("has every field");
    assert_eq!((activation.model.name.as_str(), activation.previous.name.as_str()), ("second", "shapes"));
    assert_eq!(server.health().await.model.map(|model| model.name).as_deref(), Some("second"));
    let written = ActiveModel::read(&ActiveModel::path(&server.dir.path().join("data"))).expect("reads");
    assert_eq!(written.map(|active| active.model), Some(activation.model));
}

#[tokio::test]
async fn a_model_that_cannot_answer_is_refused_and_the_one_before_goes_on() {
    let server = site().start().await;
    let refusals = [
        ("nobody", 404, "unknown_model"),
        ("absent", 409, "model_not_fetched"),
        ("damaged", 422, "unusable_model"),
        ("senseless", 422, "unusable_model"),
    ];
    for (name, status, code) in refusals {
        let (told, body) = activate(&server, name).await;
        assert_eq!((told, body["error"]["code"].as_str()), (status, Some(code)), "{body}");
        let message = body["error"]["message"].as_str().expect("is a sentence");
        assert!(!message.contains('/'), "no path is told: {message}");
    }
    assert_eq!(told(server.infer(jpeg(scene()))).await.0, 200);
    assert_eq!(server.health().await.model.map(|model| model.name).as_deref(), Some("shapes"));
}

#[tokio::test]
async fn a_model_chosen_by_the_command_line_is_taken_up() {
    let server = site().start().await;
    let info = server.json("/api/model/info").await;
    let text = |key: &str| info[key].as_str().expect("is text").to_owned();
    let model = ModelRef { name: "second".to_owned(), version: text("version"), sha256: text("sha256") };
    let active = ActiveModel { model, activated_at: jiff::Timestamp::now() };
    active.write(&ActiveModel::path(&server.dir.path().join("data"))).expect("is written");
    let taken_up = async {
        while server.health().await.model.is_none_or(|model| model.name != "second") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The metrics follow within a second.
        while !server.get("/metrics").await.text().await.expect("arrives").contains("model=\"second\"") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, taken_up).await.expect("is taken up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_the_model_under_load_loses_no_request() {
    let server = site().start().await;
    let image = jpeg(scene());
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ask = async || {
        while !over.load(Ordering::SeqCst) {
            let (status, body) = told(server.infer(image.clone())).await;
            assert_eq!((status, body["detections"][0]["class_name"].as_str()), (200, Some("object")), "{body}");
            answered.fetch_add(1, Ordering::SeqCst);
        }
    };
    let change = async {
        for name in ["second", "shapes", "second", "shapes"] {
            let before = answered.load(Ordering::SeqCst);
            let (status, body) = activate(&server, name).await;
            assert_eq!((status, &body["model"]["name"]), (200, &json!(name)), "{body}");
            let goes_on = async {
                while answered.load(Ordering::SeqCst) < before + 4 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(PATIENCE, goes_on).await.expect("requests go on being answered");
        }
        over.store(true, Ordering::SeqCst);
    };
    tokio::join!(ask(), ask(), ask(), change);
    assert!(answered.load(Ordering::SeqCst) >= 16);
}
