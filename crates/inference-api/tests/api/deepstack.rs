//! Clients of DeepStack and CodeProject.AI, replayed.

use std::net::SocketAddr;

use inference_api::{CustomModels, Predictions};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::pictures::{RED_BOX, crowd, jpeg, png, scene};
use crate::server::{Server, Setup, told};

const DETECTION: &str = "/v1/vision/detection";

async fn server() -> Server {
    Setup::new().start().await
}

/// What Home Assistant and the Python SDK send: the image without a type, then the confidence and an empty key.
fn sdk_form(image: Vec<u8>, min_confidence: &str) -> Form {
    let image = Part::bytes(image).file_name("image");
    Form::new().part("image", image).text("api_key", "").text("min_confidence", min_confidence.to_owned())
}

#[tokio::test]
async fn an_image_comes_back_as_predictions_in_whole_pixels() {
    let server = server().await;
    let request = server.client.post(server.url(DETECTION)).multipart(sdk_form(jpeg(scene()), "0.4"));
    let (status, body) = told(request).await;
    assert_eq!(status, 200, "{body}");
    let predictions: Predictions = serde_json::from_value(body).expect("has every field");
    let [found] = &predictions.predictions[..] else { panic!("one thing is in the picture: {predictions:?}") };
    assert_eq!(found.label, "object");
    let corners = [found.x_min, found.y_min, found.x_max, found.y_max].map(|edge| edge as f32);
    assert!(corners.iter().zip(RED_BOX).all(|(found, truth)| (found - truth).abs() < 4.0), "{corners:?}");
    assert_eq!((predictions.success, predictions.count, predictions.command.as_str()), (true, 1, "detect"));
    assert_eq!((predictions.execution_provider.as_str(), predictions.can_use_gpu), ("CPU", false));
    assert_eq!(predictions.message, "Found object");
    assert!(predictions.duration > 0.0);
}

#[tokio::test]
async fn a_client_that_names_its_part_otherwise_is_understood() {
    let server = server().await;
    let (status, body) = told(server.upload(DETECTION, "snapshot", png(scene()), Some("image/png"))).await;
    assert_eq!((status, body["count"].as_u64()), (200, Some(1)), "{body}");
}

#[tokio::test]
async fn an_error_has_its_own_status_and_says_so() {
    let server = server().await;
    let no_image = server.client.post(server.url(DETECTION)).multipart(Form::new().text("api_key", ""));
    let no_confidence = server.client.post(server.url(DETECTION)).multipart(sdk_form(jpeg(scene()), "40"));
    let damaged = server.client.post(server.url(DETECTION)).multipart(sdk_form(b"no image".to_vec(), "0.4"));
    for request in [no_image, no_confidence, damaged] {
        let (status, body) = told(request).await;
        assert_eq!((status, &body["success"], &body["code"]), (400, &json!(false), &json!(400)), "{body}");
        assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{body}");
        assert_eq!(body["duration"], json!(0));
    }
}

#[tokio::test]
async fn predictions_below_the_confidence_are_left_out() {
    let server = server().await;
    let request = server.client.post(server.url(DETECTION)).multipart(sdk_form(jpeg(scene()), "0.999"));
    let (status, body) = told(request).await;
    assert_eq!((status, &body["predictions"], &body["message"]), (200, &json!([]), &json!("No objects found")));
}

#[tokio::test]
async fn the_active_model_can_be_asked_by_its_name_and_no_other() {
    let server = server().await;
    let list = told(server.client.post(server.url("/v1/vision/custom/list"))).await;
    let list: CustomModels = serde_json::from_value(list.1).expect("has every field");
    assert_eq!((list.success, list.models), (true, vec!["shapes".to_owned()]));
    let (status, body) = told(server.upload("/v1/vision/custom/shapes", "image", jpeg(scene()), None)).await;
    assert_eq!((status, body["count"].as_u64()), (200, Some(1)), "{body}");
    let (status, body) = told(server.upload("/v1/vision/custom/ipcam-animal", "image", jpeg(scene()), None)).await;
    assert_eq!((status, &body["success"]), (404, &json!(false)));
    assert_eq!(body["error"], "the model \"ipcam-animal\" is not active, \"shapes\" is");
}

/// Frigate's detector: `requests.post(url, data={"api_key": ""}, files={"image": jpeg})` over a kept connection, byte for byte.
struct Frigate {
    connection: TcpStream,
    address: SocketAddr,
}

impl Frigate {
    async fn connect(server: &Server) -> Self {
        let address = server.url("").trim_start_matches("http://").parse().expect("is an address");
        Self { connection: TcpStream::connect(address).await.expect("is accepted"), address }
    }

    async fn post(&mut self, path: &str, image: &[u8]) -> Value {
        const BOUNDARY: &str = "1b7b36f1c14dd3a5c0ea48a8cd1a1d9c";
        let mut body = Vec::new();
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\n\r\n").bytes());
        let head = "Content-Disposition: form-data; name=\"image\"; filename=\"image\"";
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
        body.extend(image);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\n\
             Accept: */*\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
            self.address,
            body.len()
        );
        self.connection.write_all(head.as_bytes()).await.expect("is sent");
        self.connection.write_all(&body).await.expect("is sent");
        self.answer().await
    }

    async fn answer(&mut self) -> Value {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.connection.read_u8().await.expect("the connection is kept"));
        }
        let head = String::from_utf8(head).expect("is text").to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("has a length");
        let mut body = vec![0; length.parse().expect("is a number")];
        self.connection.read_exact(&mut body).await.expect("arrives");
        serde_json::from_slice(&body).expect("is JSON")
    }

    /// What Frigate keeps of an answer: 20 rows, up to the first prediction that it does not like.
    fn rows(answer: &Value) -> Vec<&str> {
        let mut rows = Vec::new();
        for prediction in answer["predictions"].as_array().expect("is a list") {
            if prediction["confidence"].as_f64().expect("is a number") < 0.4 || prediction["label"] != "object" {
                break;
            }
            assert!(rows.len() < 20, "Frigate's table has 20 rows: the next one is an IndexError");
            rows.push(prediction["label"].as_str().expect("is a label"));
        }
        rows
    }
}

#[tokio::test]
async fn frigate_reads_every_answer_over_one_connection() {
    let server = server().await;
    let mut frigate = Frigate::connect(&server).await;
    for _ in 0..3 {
        let answer = frigate.post(DETECTION, &jpeg(scene())).await;
        assert_eq!(Frigate::rows(&answer), ["object"]);
    }
}

#[tokio::test]
async fn frigate_gets_no_more_rows_than_it_has_if_its_address_says_so() {
    let server = server().await;
    let many = jpeg(crowd(8, 4));
    let mut frigate = Frigate::connect(&server).await;
    let all = frigate.post(DETECTION, &many).await;
    let count = all["count"].as_u64().expect("is a number");
    assert!(count > 20, "the picture is full enough: {count}");
    let confidences: Vec<_> =
        all["predictions"].as_array().expect("is a list").iter().map(|row| row["confidence"].as_f64()).collect();
    assert!(confidences.is_sorted_by(|a, b| a >= b), "{confidences:?}");
    let capped = frigate.post(&format!("{DETECTION}?compat=frigate"), &many).await;
    assert_eq!(Frigate::rows(&capped).len(), 20);
}
