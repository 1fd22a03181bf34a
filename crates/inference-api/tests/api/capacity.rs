//! More than the machine can do: what waits, what is refused, and what goes on meanwhile.

use std::fmt::Write as _;
use std::fs;

use futures::future::join_all;
use model_convert::InputShape;
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;

use crate::pictures::{jpeg, scene};
use crate::server::{Server, Setup, told};

/// A network that takes some tenths of a second for each image and finds nothing.
fn add_slow_model(setup: &Setup) {
    let convolution = |filters: u32, size: u32, stride: u32, activation: &str| {
        format!("[convolutional]\nfilters={filters}\nsize={size}\nstride={stride}\npad=1\nactivation={activation}\n")
    };
    let mut cfg = "[net]\nwidth=416\nheight=416\nchannels=3\n".to_owned();
    cfg += &convolution(32, 3, 2, "leaky");
    cfg += &convolution(32, 3, 1, "leaky").repeat(6);
    cfg += &convolution(6, 1, 1, "linear");
    cfg += "[yolo]\nmask=0\nanchors=8,8\nclasses=1\nnum=1\n";
    let weights = (3 * 32 * 9 + 32) + 6 * (32 * 32 * 9 + 32) + (32 * 6 + 6);
    // A header of twelve and eight bytes, then weights of zero: every score is one half, below the threshold.
    let mut file = [0i32, 2, 5].map(i32::to_le_bytes).concat();
    file.resize(20 + weights * 4, 0);
    let shape = InputShape { batch: Some(1), size: Some((416, 416)) };
    let model = model_convert::darknet_to_onnx(&cfg, &file, shape).expect("is converted");
    let dir = setup.models_dir().join("slow");
    fs::create_dir(&dir).expect("is made");
    fs::write(dir.join("model.onnx"), &model).expect("is written");
    let mut manifest = "name: slow\nversion: 1.0.0\nlicence: Apache-2.0\nlabels: [object]\n".to_owned();
    manifest += "input: { size: [416, 416] }\nthresholds: { confidence: 0.9 }\n";
    manifest += "output: { layout: anchor-heads, heads: [{ stride: 2, anchors: [[8, 8]] }] }\n";
    writeln!(manifest, "sha256: {}", sha256(&dir.join("model.onnx"))).expect("a string takes everything");
    fs::write(dir.join("manifest.yaml"), manifest).expect("is written");
}

/// The hash as the system's own tool tells it.
fn sha256(path: &std::path::Path) -> String {
    let output = std::process::Command::new("sha256sum").arg(path).output().expect("is in every system");
    String::from_utf8_lossy(&output.stdout).split(' ').next().expect("has a first word").to_owned()
}

/// One detector, one more image that may wait.
fn slow_site() -> Setup {
    let services = "inference: { model_path: slow, threads: 1, queue_capacity: 1, confidence: 0.9 }";
    let setup = Setup::new().with("INFERENCE_MODEL_PATH", "").file("configs/services.yaml", services);
    add_slow_model(&setup);
    setup
}

async fn slow_server() -> Server {
    slow_site().start().await
}

#[tokio::test]
async fn health_answers_while_the_detector_works() {
    let server = slow_server().await;
    let look = server.infer(jpeg(scene())).send();
    let mut look = std::pin::pin!(look);
    let mut answers = 0;
    let looked = loop {
        tokio::select! {
            biased;
            looked = &mut look => break looked.expect("answers"),
            health = server.get("/health") => {
                assert_eq!(health.status(), StatusCode::OK);
                answers += 1;
            }
        }
    };
    assert_eq!(looked.status(), StatusCode::OK);
    assert!(answers >= 3, "{answers} answers during one look");
}

#[tokio::test]
async fn what_finds_no_place_is_told_when_to_come_back() {
    let server = slow_server().await;
    let image = jpeg(scene());
    let looks = join_all((0..8).map(|_| server.infer(image.clone()).send())).await;
    let looks: Vec<_> = looks.into_iter().map(|look| look.expect("answers")).collect();
    let count = |status: StatusCode| looks.iter().filter(|look| look.status() == status).count();
    let (served, refused) = (count(StatusCode::OK), count(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(served + refused, 8);
    assert!(served >= 2, "one is worked on and one may wait: {served}");
    assert!(refused >= 1, "the others are refused: {refused}");
    for look in looks.iter().filter(|look| look.status() == StatusCode::SERVICE_UNAVAILABLE) {
        assert_eq!(look.headers()["retry-after"], "1");
    }
    let (status, body) = told(server.infer(image)).await;
    assert_eq!(status, 200, "there is room again: {body}");
}

#[tokio::test]
async fn a_refused_client_reads_its_answer_even_after_a_large_upload() {
    let server = slow_server().await;
    let mut large = jpeg(scene());
    // Bytes behind the end of a JPEG picture mean nothing.
    large.resize(12 << 20, 0);
    let looks = join_all((0..6).map(|_| told(server.infer(large.clone())))).await;
    for (status, body) in &looks {
        assert!(matches!(status, 200 | 503), "{status}: {body}");
    }
    assert!(looks.iter().any(|(status, _)| *status == 503));
}

#[tokio::test]
async fn who_sends_slowly_keeps_nobody_from_being_served() {
    let server = slow_server().await;
    let head = "POST /infer HTTP/1.1\r\nHost: here\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: 9000000\r\n\r\n";
    let begin = "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
    let mut slow = Vec::new();
    // More of them than there are places, and announcing more than all the memory there is for uploads.
    for _ in 0..40 {
        let mut socket = tokio::net::TcpStream::connect(server.address()).await.expect("is listening");
        socket.write_all(format!("{head}{begin}").as_bytes()).await.expect("is sent");
        slow.push(socket);
    }
    let (status, body) = told(server.infer(jpeg(scene()))).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(server.health().await.queue.in_work, 0, "what is not read yet takes no place");
}

#[tokio::test]
async fn the_service_is_alive_before_it_is_ready() {
    let setup = Setup::new();
    let model = setup.models_dir().join("shapes/model.onnx");
    let bytes = fs::read(&model).expect("is there");
    fs::remove_file(&model).expect("is removed");
    // A pipe where the model is looked for next: loading begins and goes on until somebody writes.
    let pipe = setup.dir.path().join("cache/models/shapes/model.onnx");
    fs::create_dir_all(pipe.parent().expect("has one")).expect("is made");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("is in every system");
    assert!(made.success());
    let server = setup.begin().await;
    let alive = server.get("/livez").await.status();
    let ready = server.get("/readyz").await.status();
    let loading = server.get("/health").await;
    let refused = server.infer(jpeg(scene())).send().await.expect("answers");
    fs::write(&pipe, bytes).expect("is read by the service");

    assert_eq!((alive, ready), (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(loading.status(), StatusCode::SERVICE_UNAVAILABLE);
    let loading: inference_api::Health = loading.json().await.expect("is JSON");
    assert_eq!((loading.status.as_str(), loading.model_loaded, loading.model), ("loading", false, None));
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "2");
    server.becomes_ready().await;
    assert_eq!(told(server.infer(jpeg(scene()))).await.0, 200);
}

#[tokio::test]
async fn a_request_in_work_is_answered_before_the_service_ends() {
    let server = slow_server().await;
    let look = tokio::spawn(server.infer(jpeg(scene())).send());
    while server.health().await.queue.in_work == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.stop().await.expect("ends well");
    assert_eq!(look.await.expect("does not panic").expect("answers").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_model_that_is_not_there_ends_the_service_with_one_sentence() {
    let server = Setup::new().with("INFERENCE_MODEL_PATH", "nobody").begin().await;
    let error = server.ended().await.expect_err("cannot go on");
    let sentence = format!("{error:#}");
    assert!(sentence.contains("cannot load the model: there is no model named \"nobody\""), "{sentence}");
}
