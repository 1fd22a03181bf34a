//! Answers about what the robot senses: pictures, depths, objects, distances, motion.

use std::io::Cursor;

use domain::geometry::Size;
use image::{ImageBuffer, ImageFormat, Luma};
use robot::api;

use super::Meta;
use crate::robot::cameras::{SIZE, Taken};
use crate::robot::machine::Machine;
use crate::robot::sensors::{self, Scene, quaternion};

/// The frames of the two cameras.
pub(super) const FRONT: &str = "camera_front";
pub(super) const BACK: &str = "camera_back";
const TOF: &str = "camera_tof";
const TOF_SIZE: Size = Size { width: 160, height: 120 };
/// How far the depth camera measures, in metres.
const TOF_REACH: f32 = 4.0;

fn header(stamp_nsec: i64, frame: &str) -> api::RosHeader {
    api::RosHeader { stamp_nsec, frame_id: frame.to_owned() }
}

fn now(machine: &Machine, frame: &str) -> api::RosHeader {
    header(machine.now_ms * 1_000_000, frame)
}

pub(super) fn camera_info(frame: &str) -> api::RosCameraInfo {
    sensors::camera_info(header(0, frame), SIZE)
}

pub(super) fn tof_info() -> api::RosCameraInfo {
    sensors::camera_info(header(0, TOF), TOF_SIZE)
}

/// Returns a picture as its pixels.
pub(super) fn image(taken: &Taken, frame: &str) -> (Meta, Option<api::RosImage>) {
    let image = api::RosImage {
        header: Some(header(taken.stamp_nsec, frame)),
        height: SIZE.height,
        width: SIZE.width,
        encoding: "rgb8".to_owned(),
        is_bigendian: false,
        step: SIZE.width * 3,
        data: bytes::Bytes::copy_from_slice(taken.picture.plane(0).0),
    };
    (Some(api::Metadata { cursor: taken.cursor }), Some(image))
}

/// Returns a picture as JPEG.
pub(super) fn compressed(taken: &Taken, frame: &str) -> (Meta, Option<api::RosCompressedImage>) {
    let image = api::RosCompressedImage {
        header: Some(header(taken.stamp_nsec, frame)),
        format: "jpeg".to_owned(),
        data: taken.jpeg.clone(),
    };
    (Some(api::Metadata { cursor: taken.cursor }), Some(image))
}

/// Measures depths in millimetres; nothing on the charger, where the depth camera is off.
fn depths(machine: &Machine) -> Option<Vec<u16>> {
    let millimetres = |depth: f32| if depth < TOF_REACH { (depth * 1000.0) as u16 } else { 0 };
    (!machine.is_docked).then(|| Scene::of(machine).depths(TOF_SIZE).into_iter().map(millimetres).collect())
}

pub(super) fn tof_image(machine: &Machine, metadata: Meta) -> api::GetTofCameraRosImageResponse {
    let image = depths(machine).map(|depths| api::RosImage {
        header: Some(now(machine, TOF)),
        height: TOF_SIZE.height,
        width: TOF_SIZE.width,
        encoding: "16UC1".to_owned(),
        is_bigendian: false,
        step: TOF_SIZE.width * 2,
        data: depths.iter().flat_map(|depth| depth.to_le_bytes()).collect(),
    });
    api::GetTofCameraRosImageResponse { metadata, is_available: image.is_some(), image }
}

pub(super) fn tof_compressed(machine: &Machine, metadata: Meta) -> api::GetTofCameraRosCompressedImageResponse {
    let image = depths(machine).and_then(png).map(|data| api::RosCompressedImage {
        header: Some(now(machine, TOF)),
        format: "16UC1; png compressed".to_owned(),
        data,
    });
    api::GetTofCameraRosCompressedImageResponse { metadata, is_available: image.is_some(), image }
}

fn png(depths: Vec<u16>) -> Option<bytes::Bytes> {
    let picture = ImageBuffer::<Luma<u16>, _>::from_raw(TOF_SIZE.width, TOF_SIZE.height, depths)?;
    let mut written = Cursor::new(Vec::new());
    picture.write_to(&mut written, ImageFormat::Png).ok()?;
    Some(written.into_inner().into())
}

pub(super) fn objects(machine: &Machine, metadata: Meta) -> api::GetObjectDetectionResponse {
    let objects = Scene::of(machine).objects();
    api::GetObjectDetectionResponse { metadata, header: Some(now(machine, FRONT)), objects }
}

/// Returns distances all around; nothing while the LiDAR does not turn.
pub(super) fn scan(machine: &Machine, metadata: Meta) -> Option<api::GetRosLaserScanResponse> {
    if !machine.scans() {
        return None;
    }
    let ranges = Scene::of(machine).ranges();
    let scan = api::RosLaserScan {
        header: Some(now(machine, "laser_frame")),
        angle_min: -std::f64::consts::PI,
        angle_max: std::f64::consts::PI - sensors::angle_step(),
        angle_increment: sensors::angle_step(),
        time_increment: 0.1 / ranges.len() as f64,
        scan_time: 0.1,
        range_min: 0.1,
        range_max: sensors::reach(),
        intensities: vec![0.0; ranges.len()],
        ranges,
    };
    Some(api::GetRosLaserScanResponse { metadata, scan: Some(scan) })
}

fn upright(z: f64) -> api::Vector3 {
    api::Vector3 { x: 0.0, y: 0.0, z }
}

pub(super) fn imu(machine: &Machine, metadata: Meta) -> api::GetRosImuResponse {
    let imu = api::RosImu {
        header: Some(now(machine, "imu_frame")),
        orientation: Some(quaternion(machine.body.pose.theta)),
        orientation_covariance: vec![0.0; 9],
        angular_velocity: Some(upright(machine.body.turning)),
        angular_velocity_covariance: vec![0.0; 9],
        linear_acceleration: Some(upright(9.81)),
        linear_acceleration_covariance: vec![0.0; 9],
    };
    api::GetRosImuResponse { metadata, imu: Some(imu) }
}

pub(super) fn odometry(machine: &Machine) -> api::RosOdometry {
    let body = machine.body;
    let position = Some(api::Vector3 { x: body.pose.x, y: body.pose.y, z: 0.0 });
    let pose = api::Pose3d { position, orientation: Some(quaternion(body.pose.theta)) };
    let linear = Some(api::Vector3 { x: body.speed, y: 0.0, z: 0.0 });
    let twist = api::Twist { linear, angular: Some(upright(body.turning)) };
    api::RosOdometry {
        header: Some(now(machine, "odom")),
        child_frame_id: "base_link".to_owned(),
        pose: Some(api::Pose3dWithCovariance { pose: Some(pose), covariance: vec![0.0; 36] }),
        twist: Some(api::TwistWithCovariance { twist: Some(twist), covariance: vec![0.0; 36] }),
    }
}

pub(super) fn dynamic_transform(machine: &Machine) -> api::GetDynamicTransformResponse {
    let pose = machine.body.pose;
    let transform = api::RosTransformStamped {
        header: Some(now(machine, "map")),
        child_frame_id: "base_link".to_owned(),
        translation: Some(api::Vector3 { x: pose.x, y: pose.y, z: 0.0 }),
        rotation: Some(quaternion(pose.theta)),
    };
    api::GetDynamicTransformResponse { transforms: vec![transform] }
}
