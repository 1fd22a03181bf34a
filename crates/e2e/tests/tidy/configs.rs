//! The configuration that we ship is valid, and so are the names in its comments.

use chassis::config::{Env, read_yaml};
use domain::camera::CamerasFile;
use domain::services::ServicesFile;
use domain::zone::{CameraZones, RoisFile};

use crate::root;

const SITES: [&str; 2] = ["configs", "configs/sim"];

#[test]
fn every_camera_and_zone_that_we_ship_is_valid() {
    for site in SITES {
        let env = Env::of([("", "")]);
        let cameras: CamerasFile = read_yaml(root().join(site).join("cameras.yaml"), &env).expect("readable");
        let rois: RoisFile = read_yaml(root().join(site).join("rois.yaml"), &env).expect("readable");

        let (cameras, problems) = cameras.check(&|_| None);
        assert_eq!(problems, [], "{site}/cameras.yaml");
        let (zones, problems) = rois.check();
        assert_eq!(problems, [], "{site}/rois.yaml");

        let known: Vec<_> = cameras.iter().map(|camera| &camera.id).collect();
        let strays: Vec<_> = zones.iter().map(CameraZones::camera_id).filter(|id| !known.contains(id)).collect();
        assert_eq!(strays, Vec::<&domain::id::CameraId>::new(), "{site}/rois.yaml has zones of unknown cameras");
    }
}

#[test]
fn the_settings_that_we_ship_are_valid() {
    for site in SITES {
        let path = root().join(site).join("services.yaml");
        let services: ServicesFile = read_yaml(path, &Env::of([("", "")])).expect("readable");

        services.check(&|_| None).unwrap_or_else(|problems| panic!("{site}/services.yaml: {problems:?}"));
    }
}

#[test]
fn what_the_comments_call_defaults_are_the_defaults() {
    let path = root().join("configs/services.yaml");
    let shipped: ServicesFile = read_yaml(path, &Env::of([("", "")])).expect("readable");
    let mut shipped = shipped.check(&|_| None).expect("valid");
    let defaults = ServicesFile::default().check(&|_| None).expect("valid");
    // The one key of the two sections whose comment names another default.
    assert_eq!((shipped.alerting.webhook_attempts, defaults.alerting.webhook_attempts), (10, 3));
    shipped.alerting.webhook_attempts = 3;

    assert_eq!((shipped.inference, shipped.alerting), (defaults.inference, defaults.alerting));
}
