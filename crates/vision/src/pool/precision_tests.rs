//! The pool runs a model's 8-bit copy where that is wanted and works, and the model itself where not.
//!
//! The copy here is the model under another name: what is tested is which file is run, not what it computes.

use super::tests::{Site, job, model, write};
use super::*;
use crate::active::ActiveModel;
use crate::detector::Precision;
use crate::settings::{BackendChoice, Device, PrecisionChoice};
use crate::testing::{RED, cache_dir, shapes_model, skipped};

/// A site whose model `shapes` has a copy, at least by its manifest.
fn site() -> Site {
    let site = Site::new();
    let path = site.dir.path().join("models/shapes/manifest.yaml");
    let manifest = std::fs::read_to_string(&path).expect("it is there");
    let (hash, gate) = (model("shapes").sha256, "{ labels: none, things: 1, ap50: [1.0, 1.0], ap: [1.0, 1.0] }");
    write(&path, format!("{manifest}\nint8: {{ sha256: {hash}, gate: {gate} }}\n").as_bytes());
    site
}

fn copy_holds(site: &Site, bytes: &[u8]) {
    let path = site.source().models.int8("shapes");
    std::fs::create_dir_all(path.parent().expect("it has one")).expect("the directory is writable");
    write(&path, bytes);
}

/// Starts a pool; says why nothing is tested if onnxruntime, which alone runs copies, is not on this machine.
fn pool(site: &Site, precision: PrecisionChoice, backend: BackendChoice) -> Option<Pool> {
    let detector = Settings { precision, backend, device: Device::Cpu, ..Settings::new(cache_dir()) };
    let pool = Pool::start(PoolSettings { detector, ..site.settings() }, site.source()).expect("a model loads");
    if backend != BackendChoice::Tract && pool.status().backend() != Backend::Onnxruntime {
        skipped("onnxruntime is not on this machine");
        return None;
    }
    Some(pool)
}

fn copied() -> ModelRef {
    ModelRef { version: "1.0.0+int8".to_owned(), ..model("shapes") }
}

#[tokio::test]
async fn a_copy_that_is_here_is_run_and_named() {
    let site = site();
    copy_holds(&site, &shapes_model());
    let Some(pool) = pool(&site, PrecisionChoice::Int8, BackendChoice::Auto) else { return };
    let outcome = pool.detect(job("a", RED)).await.expect("the pool answers");
    assert_eq!((outcome.model, &*outcome.detections[0].class_name), (copied(), "object"));
    let status = pool.status();
    assert_eq!((status.info.precision, status.fallback), (Precision::Int8, None));
}

#[tokio::test]
async fn a_copy_that_is_missing_or_damaged_is_told_and_the_model_runs() {
    let site = site();
    let Some(without) = pool(&site, PrecisionChoice::Int8, BackendChoice::Auto) else { return };
    let status = without.status();
    assert_eq!((status.info.model, status.info.precision), (model("shapes"), Precision::Float));
    let expected = "8 bits: the 8-bit copy of shapes is not on this machine, make it: `ronda model fetch shapes`";
    assert_eq!(status.fallback.as_deref(), Some(expected));

    copy_holds(&site, b"half a copy");
    let Some(damaged) = pool(&site, PrecisionChoice::Int8, BackendChoice::Auto) else { return };
    let status = damaged.status();
    assert_eq!(status.info.precision, Precision::Float);
    assert!(status.fallback.is_some_and(|reason| reason.starts_with("8 bits: ") && reason.contains("SHA-256")));
    assert_eq!(damaged.detect(job("a", RED)).await.expect("the pool answers").detections.len(), 1);
}

#[tokio::test]
async fn who_wants_floats_or_tract_gets_the_model() {
    let site = site();
    copy_holds(&site, &shapes_model());
    let choices = [(PrecisionChoice::Float, BackendChoice::Auto), (PrecisionChoice::Int8, BackendChoice::Tract)];
    for (precision, backend) in choices {
        let Some(pool) = pool(&site, precision, backend) else { return };
        let status = pool.status();
        assert_eq!((status.info.model, status.info.precision), (model("shapes"), Precision::Float));
        assert_eq!(status.fallback, None, "it is what was wanted");
    }
}

#[tokio::test]
async fn an_activated_model_is_remembered_by_its_own_hash_and_not_by_its_copys() {
    let site = site();
    copy_holds(&site, &shapes_model());
    let Some(pool) = pool(&site, PrecisionChoice::Int8, BackendChoice::Auto) else { return };
    assert_eq!(pool.activate("shapes-2").await.expect("it is there"), model("shapes-2"));
    assert_eq!(pool.activate("shapes").await.expect("it is there"), copied());
    let written = ActiveModel::read(&site.source().active).expect("the file is good").expect("there is a file");
    assert_eq!(written.model, model("shapes"));
    assert_eq!((pool.status().info.model, pool.status().swap_error), (copied(), None));
}
