//! What a camera in the building sees: textured surfaces with perspective, drawn by the processor in a few milliseconds.
//!
//! A floor's surfaces are made once; people, robots, doors and what is wrong are added for each picture.

mod mesh;
mod paint;
mod parts;
mod raster;
mod texture;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use domain::geometry::Size;
use domain::picture::Picture;

use super::dynamics::Moving;
use super::geometry::{Point, Pose};
use super::{Building, Look};
use mesh::Face;
use raster::Raster;
use texture::Texture;

/// How high the cameras are above the floor, on the robot's mast.
pub const CAMERA_HEIGHT: f64 = 0.46;
/// How far the cameras look up, in radians.
const PITCH: f64 = 0.05;
/// How far the cameras are from the robot's middle.
const CAMERA_OFFSET: f64 = 0.1;
/// Pixels in a unit of slope, for a picture 1280 wide: a field of view of 90 degrees.
const FOCAL: f64 = 0.5;

/// Which way a camera on a robot looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Where the robot goes.
    Front,
    /// Where it comes from.
    Back,
}

/// Whence and with which light a picture is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// Where the robot is.
    pub robot: Pose,
    /// Which of its cameras.
    pub side: Side,
    /// How large the picture is.
    pub size: Size,
    /// How bright the building is: 1 is day.
    pub light: f32,
    /// How bright the robot's lamp is: 1 is all it can.
    pub torch: f32,
}

impl Shot {
    /// Returns where the camera is and looks.
    fn camera(&self) -> Pose {
        let turned = if self.side == Side::Back { std::f64::consts::PI } else { 0.0 };
        Pose { theta: self.robot.theta + turned, ..self.robot }.ahead(CAMERA_OFFSET)
    }

    /// Returns the focal length in pixels.
    pub fn focal(&self) -> f64 {
        FOCAL * f64::from(self.size.width)
    }

    /// Returns where something appears: column, row and depth in metres; nothing if it is behind the camera.
    pub fn project(&self, at: Point, height: f64) -> Option<(f64, f64, f64)> {
        let camera = mesh::Eye::new(self.camera(), CAMERA_HEIGHT, PITCH);
        let [right, down, depth] = camera.seen([at.x as f32, at.y as f32, height as f32]).map(f64::from);
        let (width, height) = (f64::from(self.size.width), f64::from(self.size.height));
        (depth > 0.05)
            .then(|| (width / 2.0 + self.focal() * right / depth, height / 2.0 + self.focal() * down / depth, depth))
    }
}

/// Shows one floor.
pub struct Renderer {
    faces: Vec<Face>,
    textures: Arc<Textures>,
}

/// The textures of all floors, made when the first picture is taken: most tests take none.
struct Textures {
    looks: BTreeSet<Look>,
    made: OnceLock<BTreeMap<Look, Texture>>,
}

impl Textures {
    fn get(&self, look: Look) -> Option<&Texture> {
        let make = || self.looks.iter().map(|look| (*look, Texture::of(*look))).collect();
        self.made.get_or_init(make).get(&look)
    }
}

impl std::fmt::Debug for Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renderer").field("faces", &self.faces.len()).finish_non_exhaustive()
    }
}

impl Renderer {
    /// Makes the surfaces of floors.
    pub fn of(floors: &[Building; 2]) -> [Self; 2] {
        let faces = [0, 1].map(|floor: usize| parts::of_floor(&floors[floor]));
        let looks = faces.iter().flatten().map(|face| face.look).chain(parts::moving_looks()).collect();
        let textures = Arc::new(Textures { looks, made: OnceLock::new() });
        faces.map(|faces| Self { faces, textures: Arc::clone(&textures) })
    }

    /// Takes a picture.
    pub fn picture(&self, shot: &Shot, moving: &[Moving]) -> Picture {
        self.draw(shot, moving).into_picture()
    }

    /// Measures how far everything is, in metres along the camera's axis, row by row; 0 where nothing is.
    pub fn depths(&self, shot: &Shot, moving: &[Moving]) -> Vec<f32> {
        self.draw(shot, moving).depths()
    }

    fn draw(&self, shot: &Shot, moving: &[Moving]) -> Raster {
        let eye = mesh::Eye::new(shot.camera(), CAMERA_HEIGHT, PITCH);
        let mut raster = Raster::new(shot.size, shot.focal() as f32, shot.light, shot.torch);
        let added: Vec<Face> = moving.iter().flat_map(parts::of_moving).collect();
        let mut seen: Vec<(f32, &Face)> = self
            .faces
            .iter()
            .chain(&added)
            .filter(|face| face.shows(&eye))
            .map(|face| (face.distance(&eye), face))
            .collect();
        // What is near goes first: most of what is far then costs no more than a comparison of depths.
        seen.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (_, face) in seen {
            if let Some(texture) = self.textures.get(face.look) {
                raster.draw(&face.seen_from(&eye), texture, face.light);
            }
        }
        raster
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::building::{ANOMALIES, Anomaly, World, WorldSettings, anomalies_in};

    fn shot(robot: Pose) -> Shot {
        Shot { robot, side: Side::Front, size: Size::new(1280, 720), light: 1.0, torch: 0.0 }
    }

    /// What a camera delivers: through JPEG and back.
    fn taken(world: &World, floor: usize, shot: &Shot) -> Picture {
        let picture = world.renderer(floor).picture(shot, &world.moving(floor, "robot-a"));
        let jpeg = media::jpeg::encode(&picture, 80).expect("it has pixels");
        media::jpeg::decode(&jpeg, media::image::Limits::default()).expect("it is a JPEG")
    }

    #[test]
    fn every_anomaly_is_seen_from_its_place_by_its_colour_and_no_other() {
        let world = World::new(&WorldSettings::default());
        let mut kinds = Vec::new();
        for floor in [0, 1] {
            for spot in &world.floor(floor).spots {
                let anomaly = Anomaly { kind: spot.kind, location: spot.location.to_owned() };
                world.set_anomalies(vec![anomaly]).expect("there is such a spot");
                let place = world.floor(floor).location(spot.location).expect("there is such a place");
                let seen = anomalies_in(&taken(&world, floor, &shot(place.pose)));
                assert_eq!(seen, [spot.kind.name()], "from {}", spot.location);
                kinds.push(spot.kind.name());
            }
        }
        assert!(ANOMALIES.iter().all(|(name, _)| kinds.contains(name)), "{kinds:?}");
    }

    #[test]
    fn a_day_without_anomalies_shows_none_wherever_one_looks() {
        let world = World::new(&WorldSettings { people: 4, ..WorldSettings::default() });
        for floor in [0, 1] {
            let plan = world.floor(floor);
            for place in plan.locations.iter().map(|place| place.pose).chain(plan.chargers.iter().copied()) {
                for turn in 0..8 {
                    let robot = Pose { theta: place.theta + f64::from(turn) * std::f64::consts::FRAC_PI_4, ..place };
                    let seen = anomalies_in(&taken(&world, floor, &shot(robot)));
                    assert_eq!(seen, Vec::<&str>::new(), "{robot:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_projected_is_where_it_is_drawn() {
        let world = World::new(&WorldSettings::default());
        let spill = Anomaly { kind: crate::building::AnomalyKind::Spill, location: "kitchen".to_owned() };
        world.set_anomalies(vec![spill]).expect("there is such a spot");
        let floor = world.floor(0);
        let spot = floor.spots.iter().find(|spot| spot.location == "kitchen").expect("the kitchen has a spot");
        let shot = shot(floor.location("kitchen").expect("a place").pose);
        let (column, row, depth) = shot.project(spot.at, 0.0).expect("it is in front");
        let picture = taken(&world, 0, &shot);
        let (pixels, stride) = picture.plane(0);
        let pixel = &pixels[row as usize * stride + 3 * column as usize..][..3];
        assert!(pixel[0] > 215 && pixel[1] < 45 && pixel[2] > 160, "{pixel:?} at {column}, {row}");
        assert!((depth - 1.3).abs() < 0.15, "{depth}");
    }

    #[test]
    fn at_night_a_picture_is_dark_unless_the_torch_shines() {
        let world = World::new(&WorldSettings::default());
        let mean = |light, torch| {
            let shot = Shot { light, torch, ..shot(world.floor(0).locations[1].pose) };
            let picture = taken(&world, 0, &shot);
            let (pixels, _) = picture.plane(0);
            pixels.iter().map(|value| u64::from(*value)).sum::<u64>() / pixels.len() as u64
        };
        let (day, night, torch) = (mean(1.0, 0.0), mean(0.1, 0.0), mean(0.1, 1.0));
        assert!(day > 110 && night < 40 && torch > 2 * night, "{day} {night} {torch}");
    }

    /// Writes pictures to look at: `SIM_PICTURES=dir cargo nextest run -p sim --run-ignored only pictures_to_look_at`.
    #[test]
    #[ignore = "writes files for people to look at"]
    fn pictures_to_look_at() {
        let directory =
            std::path::PathBuf::from(std::env::var_os("SIM_PICTURES").expect("SIM_PICTURES is a directory"));
        let world = World::new(&WorldSettings { people: 2, ..WorldSettings::default() });
        for (floor, wrong) in [(0, false), (0, true), (1, true)] {
            for place in &world.floor(floor).locations {
                let spots = world.floor(floor).spots.iter().filter(|spot| wrong && spot.location == place.id);
                let found = spots.map(|spot| Anomaly { kind: spot.kind, location: place.id.to_owned() }).collect();
                world.set_anomalies(found).expect("spots of this floor");
                let started = Instant::now();
                let picture = world.renderer(floor).picture(&shot(place.pose), &world.moving(floor, "robot-a"));
                let drawn = started.elapsed();
                let jpeg = media::jpeg::encode(&picture, 80).expect("it has pixels");
                let name = format!("{floor}-{}-{}.jpg", place.id, if wrong { "wrong" } else { "right" });
                eprintln!("{name}: drawn in {drawn:?}, with JPEG {:?}, {} kB", started.elapsed(), jpeg.len() / 1024);
                std::fs::write(directory.join(name), jpeg).expect("it can be written");
            }
        }
    }
}
