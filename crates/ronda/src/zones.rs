//! `ronda zones`: which alerts a camera's zones would have raised over a film.

use std::io::Write;

use anyhow::Context as _;
use chassis::Env;
use domain::id::CameraId;

use crate::look::Looker;
use crate::reel::Reel;
use crate::{detector, reel, site};

/// Which film, which zones, which detector.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    reel: reel::Args,
    /// The camera of rois.yaml whose zones are watched.
    #[arg(long, value_name = "ID")]
    camera: CameraId,
    #[command(flatten)]
    site: site::Args,
    #[command(flatten)]
    detector: detector::Args,
}

/// Prints each alert as one line of JSON as soon as it is raised.
pub(crate) fn run(args: &Args, env: &Env, out: &mut dyn Write) -> anyhow::Result<()> {
    let zones = args.site.zones(&args.camera, env)?;
    let ready = detector::load(&args.detector, args.site.inference(env)?.as_ref(), env)?;
    let mut looker = Looker::new(ready, zones);
    let mut reel = Reel::open(&args.reel)?;
    while let Some(shot) = reel.next()? {
        for alert in looker.look(&shot.frame)?.alerts {
            writeln!(out, "{}", serde_json::to_string(&alert)?).context("cannot print the alert")?;
            out.flush().context("cannot print the alert")?;
        }
    }
    Ok(())
}
