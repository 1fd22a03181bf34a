//! Opens the cameras' streams: do they answer, and do the zones fit their pictures?

use std::path::Path;
use std::time::Duration;

use chassis::config::Problem;
use domain::camera::Camera;
use domain::geometry::Size;
use domain::zone::CameraZones;
use media::{Source, SourceSettings};

use super::Finding;
use super::cross::in_rois;
use super::read::{CAMERAS, List};

/// How long a camera may take to show a picture.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens every enabled camera, one after the other.
pub(super) fn streams(directory: &Path, cameras: &List<Camera>, zones: &List<CameraZones>) -> Vec<Finding> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let message = format!("cannot start the runtime: {error}");
            return vec![Finding::error(Problem::new(directory, None, "", message))];
        }
    };
    let mut findings = Vec::new();
    for camera in cameras.good.iter().filter(|camera| camera.enabled) {
        match runtime.block_on(size_of(camera)) {
            Ok(size) => findings.extend(misfits(directory, camera, zones, size)),
            Err(reason) => {
                findings.push(Finding::error(Problem::new(directory.join(CAMERAS), None, camera.id.as_str(), reason)));
            }
        }
    }
    findings
}

async fn size_of(camera: &Camera) -> Result<Size, String> {
    let settings = SourceSettings {
        transport: camera.transport,
        read_timeout: PATIENCE,
        ..SourceSettings::camera(camera.id.as_str(), camera.detection_url().clone())
    };
    let opened = tokio::time::timeout(PATIENCE, Source::open(settings)).await;
    let source = opened.map_err(|_| format!("showed no picture in {} s", PATIENCE.as_secs()))?;
    let source = source.map_err(|error| error.to_string())?;
    let size = source.info().size;
    source.close().await;
    Ok(size)
}

/// Finds zones that reach over the picture that the camera sends, or that were drawn on one of another shape.
fn misfits(directory: &Path, camera: &Camera, zones: &List<CameraZones>, size: Size) -> Vec<Finding> {
    let Some(zones_of) = zones.good.iter().find(|zones| zones.camera_id() == &camera.id) else { return Vec::new() };
    let id = camera.id.as_str();
    let over = zones_of.misfits(size).into_iter().map(|name| {
        let message = format!("the zone {name:?} reaches over the camera's picture of {size}");
        Finding::error(in_rois(directory, zones, id, "forbidden_rois", message))
    });
    let mut findings: Vec<_> = over.collect();
    if let Some(drawn_on) = zones_of.reference_size().filter(|drawn_on| !has_shape_of(*drawn_on, size)) {
        let message = format!("the zones were drawn on {drawn_on}, the camera sends {size}, which is another shape");
        findings.push(Finding::warning(in_rois(directory, zones, id, "reference_size", message)));
    }
    findings
}

/// Returns whether both sizes have the same proportions, give or take a per cent.
fn has_shape_of(a: Size, b: Size) -> bool {
    let proportion = |size: Size| f64::from(size.width) / f64::from(size.height.max(1));
    (proportion(a) / proportion(b) - 1.0).abs() < 0.01
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_stream_of_the_same_picture_has_the_same_shape() {
        assert!(has_shape_of(Size::new(2560, 1440), Size::new(640, 360)));
        assert!(has_shape_of(Size::new(2688, 1520), Size::new(704, 400)));
        assert!(!has_shape_of(Size::new(2560, 1440), Size::new(640, 480)));
    }
}
