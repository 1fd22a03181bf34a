//! What the robot's sensors tell: people and things in the camera's view, distances around it, camera geometry.

use robot::api;

use super::cameras::{SIZE, shot};
use super::machine::Machine;
use crate::building::view::{CAMERA_HEIGHT, Side};
use crate::building::{Moving, Obstacle, Point, Pose};

/// How far things are recognised, in metres.
const RECOGNISED: f64 = 6.0;
/// The LiDAR: rays all around, and how far they reach.
const RAYS: usize = 360;
const REACH: f64 = 8.0;
/// Labels of what is recognised.
const PERSON: u32 = 1;
const SHELF: u32 = 2;
const CHARGER: u32 = 3;
const DOOR: u32 = 4;

/// What is needed to look around.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) world: crate::building::World,
    pub(super) floor: usize,
    pub(super) robot: Pose,
    pub(super) id: String,
    pub(super) torches: [i32; 2],
}

impl Scene {
    /// Returns what a robot has around it.
    pub(super) fn of(machine: &Machine) -> Self {
        Self {
            world: machine.world.clone(),
            floor: machine.floor(),
            robot: machine.body.pose,
            id: machine.identity.id.clone(),
            torches: machine.torches,
        }
    }

    fn moving(&self) -> Vec<Moving> {
        self.world.moving(self.floor, &self.id)
    }

    /// Takes a picture.
    pub(super) fn picture(&self, side: Side) -> domain::picture::Picture {
        let shot = shot(self.robot, side, SIZE, self.world.light(), self.torches);
        self.world.renderer(self.floor).picture(&shot, &self.moving())
    }

    /// Measures depths before the robot, in metres, row by row.
    pub(super) fn depths(&self, size: domain::geometry::Size) -> Vec<f32> {
        let shot = shot(self.robot, Side::Front, size, 1.0, [0; 2]);
        self.world.renderer(self.floor).depths(&shot, &self.moving())
    }

    /// Recognises what the front camera sees.
    pub(super) fn objects(&self) -> Vec<api::ObjectDetection> {
        let plan = self.world.floor(self.floor);
        let mut things: Vec<(u32, Point, f64, f64, f64)> = Vec::new();
        for moving in self.moving() {
            match moving {
                Moving::Person { pose, .. } => things.push((PERSON, pose.point(), 0.56, 0.0, 1.75)),
                Moving::Shelf { pose } => things.push((SHELF, pose.point(), 0.5, 0.0, 0.9)),
                Moving::Spot { spot, is_wrong: true } if spot.kind == crate::building::AnomalyKind::FallenPerson => {
                    things.push((PERSON, spot.at, 1.7, 0.0, 0.26));
                }
                Moving::Spot { .. } | Moving::Robot { .. } | Moving::ClosedDoor { .. } => {}
            }
        }
        things.extend(plan.chargers.iter().map(|charger| (CHARGER, charger.ahead(-0.2).point(), 0.3, 0.0, 0.22)));
        things.extend(plan.doors.iter().map(|door| (DOOR, door.opening.middle(), 1.0, 0.0, 2.05)));
        things.into_iter().filter_map(|thing| self.recognised(thing)).collect()
    }

    fn recognised(&self, (label, at, width, bottom, top): (u32, Point, f64, f64, f64)) -> Option<api::ObjectDetection> {
        let camera = self.robot.point();
        let visible = label == DOOR || label == CHARGER || self.world.floor(self.floor).sees(camera, at);
        if !visible || camera.distance(at) > RECOGNISED {
            return None;
        }
        let shot = shot(self.robot, Side::Front, SIZE, 1.0, [0; 2]);
        let (column, low, depth) = shot.project(at, bottom)?;
        let (_, high, _) = shot.project(at, top)?;
        if depth < 0.3 {
            return None;
        }
        let half = shot.focal() * width / depth / 2.0;
        let (columns, rows) = (f64::from(SIZE.width), f64::from(SIZE.height));
        let [left, right] = [column - half, column + half].map(|value| value.clamp(0.0, columns));
        let [high, low] = [high, low].map(|value| value.clamp(0.0, rows));
        let (wide, tall) = (right - left, low - high);
        if wide < 0.5 * half || wide < 8.0 || tall < 8.0 {
            return None;
        }
        let roi = api::RegionOfInterest {
            x_offset: left as u32,
            y_offset: high as u32,
            width: wide as u32,
            height: tall as u32,
            do_rectify: false,
        };
        let score = (0.98 - 0.06 * depth).max(0.5) as f32;
        Some(api::ObjectDetection { label, roi: Some(roi), score, distance_median: depth })
    }

    /// Measures distances all around, in metres, counter-clockwise from straight behind.
    pub(super) fn ranges(&self) -> Vec<f64> {
        let obstacles = self.world.obstacles(self.floor, &self.id);
        let solids: Vec<_> = self.world.floor(self.floor).solids().collect();
        let from = self.robot.point();
        (0..RAYS)
            .map(|ray| {
                let angle = self.robot.theta - std::f64::consts::PI + ray as f64 * angle_step();
                let to = from.ahead(angle, REACH);
                let walls = solids.iter().filter_map(|solid| solid.entered(from, to));
                let others = obstacles.iter().filter_map(|obstacle| met(obstacle, from, to));
                let share = walls.chain(others).fold(f64::INFINITY, f64::min);
                if share.is_finite() { share * REACH } else { f64::INFINITY }
            })
            .collect()
    }
}

/// Returns the angle between two rays.
pub(super) fn angle_step() -> f64 {
    std::f64::consts::TAU / RAYS as f64
}

/// Returns how far the LiDAR reaches.
pub(super) fn reach() -> f64 {
    REACH
}

/// Returns where on a line, as a share of it, an obstacle is met.
fn met(obstacle: &Obstacle, from: Point, to: Point) -> Option<f64> {
    match obstacle {
        Obstacle::Block(area) => area.entered(from, to),
        Obstacle::Disc { at, radius } => {
            let (length, direction) = (from.distance(to), from.direction(to));
            let along = (at.x - from.x) * direction.cos() + (at.y - from.y) * direction.sin();
            let aside = from.ahead(direction, along).distance(*at);
            let before = along - (radius.powi(2) - aside.powi(2)).max(0.0).sqrt();
            (aside < *radius && (0.0..length).contains(&before)).then_some(before / length)
        }
    }
}

/// Returns the geometry of a camera.
pub(super) fn camera_info(header: api::RosHeader, size: domain::geometry::Size) -> api::RosCameraInfo {
    let focal = f64::from(size.width) / 2.0;
    let (x, y) = (f64::from(size.width) / 2.0, f64::from(size.height) / 2.0);
    api::RosCameraInfo {
        header: Some(header),
        height: size.height,
        width: size.width,
        distortion_model: "plumb_bob".to_owned(),
        d: vec![0.0; 5],
        k: vec![focal, 0.0, x, 0.0, focal, y, 0.0, 0.0, 1.0],
        r: vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p: vec![focal, 0.0, x, 0.0, 0.0, focal, y, 0.0, 0.0, 0.0, 1.0, 0.0],
        binning_x: 0,
        binning_y: 0,
        roi: Some(api::RegionOfInterest::default()),
    }
}

/// Returns where the sensors are on the robot.
pub(super) fn static_transforms(stamp_nsec: i64) -> Vec<api::RosTransformStamped> {
    let header = || api::RosHeader { stamp_nsec, frame_id: "base_link".to_owned() };
    let at = |child: &str, x: f64, z: f64, yaw: f64| api::RosTransformStamped {
        header: Some(header()),
        child_frame_id: child.to_owned(),
        translation: Some(api::Vector3 { x, y: 0.0, z }),
        rotation: Some(quaternion(yaw)),
    };
    vec![
        at("laser_frame", 0.0, 0.15, 0.0),
        at("camera_front", 0.1, CAMERA_HEIGHT, 0.0),
        at("camera_back", -0.1, CAMERA_HEIGHT, std::f64::consts::PI),
    ]
}

/// Returns a turn around the upright axis.
pub(super) fn quaternion(yaw: f64) -> api::Quaternion {
    api::Quaternion { x: 0.0, y: 0.0, z: (yaw / 2.0).sin(), w: (yaw / 2.0).cos() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::building::{World, WorldSettings};

    fn scene(robot: Pose) -> Scene {
        let world = World::new(&WorldSettings::default());
        Scene { world, floor: 0, robot, id: "robot-a".to_owned(), torches: [0; 2] }
    }

    #[test]
    fn the_lidar_measures_the_corridor_s_walls() {
        let ranges = scene(Pose::new(4.0, 4.3, 0.0)).ranges();
        // Behind, to the right, ahead, to the left.
        let measured = [0, 90, 180, 270].map(|ray| (ranges[ray] * 100.0).round() / 100.0);
        assert_eq!(measured, [3.95, 0.85, f64::INFINITY, 0.85]);
    }

    #[test]
    fn somebody_before_the_camera_is_a_person_with_a_box_and_a_distance() {
        let scene = scene(Pose::new(4.0, 4.3, 0.0));
        scene.world.put_person(Pose::new(6.1, 4.3, 3.0));
        let objects = scene.objects();
        let person = objects.iter().find(|object| object.label == PERSON).expect("it is seen");
        assert!((person.distance_median - 2.0).abs() < 0.1, "{person:?}");
        let roi = person.roi.expect("it has a box");
        let middle = roi.x_offset + roi.width / 2;
        assert!((630..650).contains(&middle) && roi.height > 300, "{roi:?}");
        scene.world.put_person(Pose::new(2.5, 6.0, 0.0));
        assert!(scene.objects().iter().all(|object| object.label != PERSON), "there is a wall between");
    }
}
