//! The detector model: the right file, and something here that runs it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::Env;
use domain::services::InferenceSettings;
use vision::{Input, Loaded, Models};

use super::Site;
use super::check::{Area, Check, Verdict};
use crate::detector::{self, active_model, grey_picture};

/// An inference slower than this keeps up with no camera.
const SLOW_MS: f64 = 500.0;

pub(super) fn check(site: &Arc<Site>) -> Check {
    let site = Arc::clone(site);
    Check::several(Area::Model, "file", Duration::from_secs(90), async move {
        let work = move || look(&site.env, site.services.as_ref().map(|services| &services.inference));
        tokio::task::spawn_blocking(work).await.unwrap_or_default()
    })
}

fn look(env: &Env, configured: Option<&InferenceSettings>) -> Vec<(String, Verdict)> {
    let models = Models::new(env.models_dir(), env.cache_dir());
    let found = active_model(env).and_then(|name| {
        let manifest = models.manifest(&name)?;
        let bytes = models.read(&manifest)?;
        Ok((name, manifest, bytes))
    });
    let (name, manifest, bytes) = match found {
        Ok(found) => found,
        Err(error) => {
            let verdict = Verdict::failed(format!("{error:#}"), "fetch it with `ronda model fetch`");
            return vec![("file".to_owned(), verdict)];
        }
    };
    let file = Verdict::ok(format!("{name} {} has the SHA-256 of its manifest", manifest.version));
    let settings = detector::usual_settings(configured, env);
    let run = || -> anyhow::Result<(Loaded, f64)> {
        let mut loaded = vision::load(&manifest, &bytes, &settings)?;
        let picture = grey_picture(manifest.input.size)?;
        // The first run allocates and optimises; the second one is what a service sees.
        loaded.detector.detect(&[Input::whole(&picture)])?;
        let begun = Instant::now();
        loaded.detector.detect(&[Input::whole(&picture)])?;
        Ok((loaded, begun.elapsed().as_secs_f64() * 1e3))
    };
    let inference = match run() {
        Ok((loaded, ms)) => judge(&loaded, ms),
        Err(error) => Verdict::failed(
            format!("{name} does not run here: {error:#}"),
            "`ronda model check` tells what each backend says; `ronda model fetch` brings onnxruntime",
        ),
    };
    vec![("file".to_owned(), file), ("inference".to_owned(), inference)]
}

fn judge(loaded: &Loaded, ms: f64) -> Verdict {
    let backend = loaded.detector.info().backend;
    let found = format!("one picture takes {ms:.0} ms on {backend}");
    if let Some(reason) = &loaded.fallback {
        let advice = "`ronda model fetch` brings onnxruntime; or choose `backend` and `device` in services.yaml";
        return Verdict::warning(format!("{found}, not on what was wanted: {reason}"), advice);
    }
    if ms > SLOW_MS {
        let advice = "choose a smaller model with `ronda model use`, or a machine with a graphics card";
        return Verdict::warning(found, advice);
    }
    Verdict::ok(found)
}
