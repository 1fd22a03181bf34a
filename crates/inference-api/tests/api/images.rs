//! Images made to harm: bombs, cut-off files, endless uploads. Each is answered with a 4xx, and memory stays bounded.

use futures::future::join_all;
use futures::stream;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Body;
use reqwest::multipart::{Form, Part};

use crate::pictures::{black_png, claiming_jpeg, jpeg, png, scene, webp};
use crate::process::Process;
use crate::server::{Server, Setup, told};

#[tokio::test]
async fn pictures_with_too_many_pixels_are_413() {
    let server = Setup::new().start().await;
    let hundred_megapixels = black_png(10_000, 10_000);
    assert!(hundred_megapixels.len() < 1 << 20, "few bytes, many pixels");
    for (name, image) in
        [("png", hundred_megapixels), ("jpeg", claiming_jpeg(10_000, 10_000)), ("jpeg", claiming_jpeg(65_500, 65_500))]
    {
        let (status, body) = told(server.infer(image)).await;
        let detail = body["detail"].as_str().expect("is a sentence");
        assert!(status == 413 && detail.starts_with("the image is too large: "), "{name}: {status} {detail}");
    }
}

#[tokio::test]
async fn an_upload_that_is_too_long_is_413_however_it_is_sent() {
    let server = Setup::new().with("MAX_UPLOAD_BYTES", "1000000").start().await;
    let long = || vec![0xff; 3_000_000];
    let (status, body) = told(server.infer(long())).await;
    assert_eq!((status, body["detail"].as_str()), (413, Some("the upload is larger than the limit of 1000000 bytes")));
    let chunks = stream::iter((0..300).map(|_| Ok::<_, std::io::Error>(vec![0xff; 10_000])));
    let form = Form::new().part("file", Part::stream(Body::wrap_stream(chunks)).file_name("a.jpg"));
    let (status, body) = told(server.client.post(server.url("/infer")).multipart(form)).await;
    assert_eq!(status, 413, "without an announced length: {body}");
    let (status, body) = told(server.client.post(server.url("/api/detect")).body(long())).await;
    assert_eq!(status, 413, "as JSON: {body}");
    let (status, body) = told(server.upload("/v1/vision/detection", "image", long(), None)).await;
    assert_eq!((status, &body["success"]), (413, &serde_json::json!(false)));
}

#[tokio::test]
async fn cut_off_and_scrambled_pictures_are_refused_or_read_and_never_an_error_of_ours() {
    let server = Setup::new().start().await;
    let formats = [("jpeg", jpeg(scene())), ("png", png(scene())), ("webp", webp(scene()))];
    for (format, whole) in &formats {
        for part in [0.02, 0.3, 0.7] {
            let cut = whole[..(whole.len() as f64 * part) as usize].to_vec();
            let (status, body) = told(server.infer(cut)).await;
            assert_eq!(status, 400, "{part} of a {format}: {body}");
        }
    }
    // The runner is driven by hand because the answers are awaited.
    let mut runner = TestRunner::new(Config::with_cases(120));
    let scrambled = (0..formats.len(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40));
    for _ in 0..runner.config().cases {
        let (format, changes) = scrambled.new_tree(&mut runner).expect("is generated").current();
        let mut image = formats[format].1.clone();
        for (at, value) in &changes {
            let at = at.index(image.len());
            image[at] = *value;
        }
        assert_is_read_or_refused(&server, formats[format].0, image).await;
    }
}

async fn assert_is_read_or_refused(server: &Server, format: &str, image: Vec<u8>) {
    let (status, body) = told(server.infer(image.clone())).await;
    assert!(matches!(status, 200 | 400 | 413), "{status} for a scrambled {format}: {body}; {image:02x?}");
}

#[tokio::test]
async fn many_large_pictures_at_once_do_not_fill_the_memory() {
    let process = Process::start(Setup::new()).await;
    let before = process.peak_memory_mib();
    // 36 megapixels: 108 MB of RGB each, in a file of some 50 kB. Twenty of them unpacked would be 2.1 GB.
    let bomb = black_png(6000, 6000);
    let (client, url) = (crate::server::client(), process.url("/infer"));
    let uploads = (0..20).map(|_| {
        let part = Part::bytes(bomb.clone()).file_name("bomb.png");
        told(client.post(&url).multipart(Form::new().part("file", part)))
    });
    for (status, body) in join_all(uploads).await {
        assert!(matches!(status, 200 | 503), "{status}: {body}");
    }
    let grown = process.peak_memory_mib() - before;
    assert!(grown < 1200, "{grown} MiB more than before");
    process.stop().await;
}
