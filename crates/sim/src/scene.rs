//! Scenes with known truth: plain shapes in saturated colours that move on known paths over a grey ground, as the test
//! detector `shapes` finds them. What a scene shows at a time, and what is in it then, are pure functions of that time.

use std::time::Duration;

use bytes::Bytes;
use domain::geometry::{BBox, Point, Size};
use domain::picture::Picture;
use media::Codec;
use media::draw::{Canvas, Rgb};
use media::serve::{Film, ServeError};
use serde::Serialize;

/// One thing in a scene at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// What the test detector calls it.
    #[serde(rename = "class_name")]
    pub label: &'static str,
    /// Where it is, in pixels; cut off at the picture's edges.
    pub bbox: BBox,
    /// The share of it that is inside the picture, above 0 and up to 1.
    pub visible: f32,
}

/// A scene that repeats itself.
#[derive(Debug, Clone)]
pub struct Scene {
    size: Size,
    fps: u32,
    period: Duration,
    actors: Vec<Actor>,
}

/// A rectangle that moves.
#[derive(Debug, Clone)]
struct Actor {
    label: &'static str,
    colour: Rgb,
    width: f32,
    height: f32,
    /// Where its centre is at which second; in between it moves evenly, before and after it is not there.
    path: Vec<(f32, f32, f32)>,
}

impl Scene {
    /// Returns a yard of 1280 x 720 in which, every 20 seconds, an `object` goes from the left to the middle, stands there,
    /// goes on to the right and back; it is always in view. A `pine` crosses above it and a `worker` below.
    pub fn yard() -> Self {
        Self {
            size: Size::new(1280, 720),
            fps: 15,
            period: Duration::from_secs(20),
            actors: vec![
                Actor {
                    label: "object",
                    colour: Rgb(220, 30, 30),
                    width: 110.0,
                    height: 90.0,
                    path: vec![
                        (0.0, 200.0, 380.0),
                        (4.0, 640.0, 380.0),
                        (8.0, 640.0, 380.0),
                        (11.0, 1000.0, 380.0),
                        (13.0, 1000.0, 380.0),
                        (20.0, 200.0, 380.0),
                    ],
                },
                Actor {
                    label: "pine",
                    colour: Rgb(30, 200, 40),
                    width: 80.0,
                    height: 80.0,
                    path: vec![(0.0, 1330.0, 150.0), (10.0, -50.0, 150.0)],
                },
                Actor {
                    label: "worker",
                    colour: Rgb(30, 40, 220),
                    width: 60.0,
                    height: 130.0,
                    path: vec![(5.0, 1320.0, 560.0), (18.0, -40.0, 600.0)],
                },
            ],
        }
    }

    /// Returns the size of the picture.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Returns after how long the scene begins again.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Returns what is in the picture at a time from the scene's beginning.
    pub fn truth(&self, at: Duration) -> Vec<Truth> {
        let seconds = (at.as_secs_f64() % self.period.as_secs_f64()) as f32;
        self.actors.iter().filter_map(|actor| actor.truth(seconds, self.size)).collect()
    }

    /// Returns the picture at a time from the scene's beginning.
    pub fn picture(&self, at: Duration) -> Picture {
        self.drawn(&ground(self.size), at)
    }

    /// Returns one period as a film for a simulated camera.
    ///
    /// # Errors
    /// If this machine cannot encode H.264.
    pub fn film(&self) -> Result<Film, ServeError> {
        let ground = ground(self.size);
        let frames = self.period.as_secs() as u32 * self.fps;
        let pictures = (0..frames).map(|frame| self.drawn(&ground, Duration::from_secs(frame.into()) / self.fps));
        Film::encode(self.size, self.fps, &Codec::H264, pictures)
    }

    fn drawn(&self, ground: &Picture, at: Duration) -> Picture {
        let seconds = (at.as_secs_f64() % self.period.as_secs_f64()) as f32;
        let mut canvas = Canvas::new(ground);
        for actor in &self.actors {
            if let Some(BBox { x1, y1, x2, y2 }) = actor.outline(seconds) {
                let corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)];
                canvas.polygon(&corners.map(|(x, y)| Point::new(x.into(), y.into())), actor.colour);
            }
        }
        canvas.into_picture()
    }
}

impl Actor {
    fn truth(&self, seconds: f32, picture: Size) -> Option<Truth> {
        let whole = self.outline(seconds)?;
        let bbox = whole.clip(picture);
        let visible = bbox.area() / whole.area();
        (visible > 0.0).then_some(Truth { label: self.label, bbox, visible })
    }

    /// Returns all of it, wherever that is.
    fn outline(&self, seconds: f32) -> Option<BBox> {
        let leg = self.path.windows(2).find(|leg| (leg[0].0..=leg[1].0).contains(&seconds))?;
        let share = (seconds - leg[0].0) / (leg[1].0 - leg[0].0);
        let x = leg[0].1 + share * (leg[1].1 - leg[0].1);
        let y = leg[0].2 + share * (leg[1].2 - leg[0].2);
        let (half_width, half_height) = (self.width / 2.0, self.height / 2.0);
        Some(BBox::new(x - half_width, y - half_height, x + half_width, y + half_height))
    }
}

/// Grey ground with the structure of concrete slabs, so that motion and pictures have something to hold on to.
fn ground(size: Size) -> Picture {
    const SLAB: u32 = 160;

    let mut pixels = Vec::with_capacity(size.pixels() as usize * 3);
    for y in 0..size.height {
        for x in 0..size.width {
            let seam = x % SLAB < 3 || y % SLAB < 3;
            let slab = grain(x / SLAB, y / SLAB) % 16;
            let level = if seam { 88 } else { 112 + slab + grain(x, y) % 10 };
            pixels.extend([level as u8; 3]);
        }
    }
    Picture::rgb(size, size.width as usize * 3, Bytes::from(pixels)).expect("every pixel was made")
}

/// A number that looks random and is always the same at one place.
fn grain(x: u32, y: u32) -> u32 {
    let mixed = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d) >> 24
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn the_yard_s_object_stands_in_the_middle_after_four_seconds() {
        let object = Truth { label: "object", bbox: BBox::new(585.0, 335.0, 695.0, 425.0), visible: 1.0 };
        let yard = Scene::yard();
        assert_eq!(yard.truth(seconds(6.0))[0], object);
        assert_eq!(yard.truth(seconds(6.0) + 3 * yard.period())[0], object);
    }

    #[test]
    fn what_leaves_the_picture_is_cut_off_and_then_gone() {
        let yard = Scene::yard();
        let pine = |at: f64| yard.truth(seconds(at)).into_iter().find(|truth| truth.label == "pine");
        let leaving = pine(9.8).expect("some of it is left");
        assert!(leaving.bbox.x1 == 0.0 && leaving.visible < 1.0, "{leaving:?}");
        assert_eq!(pine(10.5), None);
    }

    #[test]
    fn the_picture_shows_the_truth_and_nothing_else_is_coloured() {
        let yard = Scene::yard();
        for at in [0.5, 4.0, 9.0, 14.5, 17.0, 19.0] {
            let (truth, picture) = (yard.truth(seconds(at)), yard.picture(seconds(at)));
            let (pixels, stride) = picture.plane(0);
            for y in (0..720).step_by(7) {
                for x in (0..1280).step_by(7) {
                    let rgb = &pixels[y * stride + 3 * x..][..3];
                    let coloured = rgb.iter().max().expect("three") - rgb.iter().min().expect("three") > 90;
                    let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
                    let inside = |by: f32| {
                        truth.iter().any(|Truth { bbox, .. }| {
                            x > bbox.x1 - by && x < bbox.x2 + by && y > bbox.y1 - by && y < bbox.y2 + by
                        })
                    };
                    assert!(coloured || !inside(-1.0), "at {at} s nothing is at {x},{y}");
                    assert!(!coloured || inside(1.0), "at {at} s something is at {x},{y}");
                }
            }
        }
    }
}
