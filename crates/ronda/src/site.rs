//! What a command takes from a configuration directory: the settings of the detector and the zones of one camera.

use std::path::{Path, PathBuf};

use anyhow::bail;
use chassis::Env;
use domain::id::CameraId;
use domain::services::InferenceSettings;
use domain::zone::CameraZones;

use crate::config::{Finding, read};

/// Where the configuration is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The directory of cameras.yaml, rois.yaml and services.yaml [default: $CONFIG_DIR, else configs].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
}

impl Args {
    fn directory(&self, env: &Env) -> PathBuf {
        self.config.clone().unwrap_or_else(|| env.config_dir())
    }

    /// Returns the settings of the detector, or nothing if there is no `services.yaml`.
    pub(crate) fn inference(&self, env: &Env) -> anyhow::Result<Option<InferenceSettings>> {
        let directory = self.directory(env);
        if !directory.join(read::SERVICES).exists() {
            return Ok(None);
        }
        let (services, findings) = read::services(&directory, env);
        match services {
            Some(services) => Ok(Some(services.inference)),
            None => bail!("{}", sentence(&findings)),
        }
    }

    /// Returns the zones of a camera.
    pub(crate) fn zones(&self, camera: &CameraId, env: &Env) -> anyhow::Result<CameraZones> {
        let directory = self.directory(env);
        let (zones, findings) = read::zones(&directory, env);
        if let Some(zones) = zones.good.into_iter().find(|zones| zones.camera_id() == camera) {
            return Ok(zones);
        }
        if zones.ids.iter().any(|id| id == camera.as_str()) || !zones.is_readable {
            bail!("{}", sentence(&findings));
        }
        bail!("{} has no entry for camera {camera}{}", path(&directory), known(&zones.ids))
    }
}

fn path(directory: &Path) -> String {
    directory.join(read::ROIS).display().to_string()
}

fn known(ids: &[String]) -> String {
    if ids.is_empty() { String::new() } else { format!(", only for {}", ids.join(", ")) }
}

fn sentence(findings: &[Finding]) -> String {
    let texts: Vec<_> = findings.iter().map(|finding| finding.problem.to_string()).collect();
    texts.join("; ")
}
