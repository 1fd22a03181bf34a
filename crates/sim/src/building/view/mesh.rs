//! Surfaces in space: flat parallelograms, and what a camera makes of them.

use super::super::Look;
use super::super::geometry::Pose;

/// A point or a direction in space.
pub(super) type Vector = [f32; 3];

/// Returns the sum of two vectors.
pub(super) fn add(one: Vector, other: Vector) -> Vector {
    [one[0] + other[0], one[1] + other[1], one[2] + other[2]]
}

/// Returns a vector stretched by a factor.
pub(super) fn scale(vector: Vector, factor: f32) -> Vector {
    vector.map(|value| value * factor)
}

/// Returns the scalar product.
pub(super) fn dot(one: Vector, other: Vector) -> f32 {
    one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
}

/// Returns the vector product.
pub(super) fn cross(one: Vector, other: Vector) -> Vector {
    [
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    ]
}

fn from_to(from: Vector, to: Vector) -> Vector {
    [to[0] - from[0], to[1] - from[1], to[2] - from[2]]
}

/// A camera: where it is and how it is turned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eye {
    at: Vector,
    right: Vector,
    down: Vector,
    forward: Vector,
}

impl Eye {
    /// Puts a camera above a pose, looking up by an angle.
    pub(super) fn new(pose: Pose, height: f64, pitch: f64) -> Self {
        let (sin, cos) = pose.theta.sin_cos();
        let (up, level) = pitch.sin_cos();
        Self {
            at: [pose.x as f32, pose.y as f32, height as f32],
            right: [sin as f32, -cos as f32, 0.0],
            down: [(cos * up) as f32, (sin * up) as f32, -level as f32],
            forward: [(cos * level) as f32, (sin * level) as f32, up as f32],
        }
    }

    /// Returns how far to the right, down and forward of the camera a point is.
    pub(super) fn seen(&self, point: Vector) -> Vector {
        self.turned(from_to(self.at, point))
    }

    fn turned(&self, direction: Vector) -> Vector {
        [dot(direction, self.right), dot(direction, self.down), dot(direction, self.forward)]
    }
}

/// A parallelogram, seen from the side to which `across` × `up` points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face {
    /// The corner where its texture begins.
    pub(super) corner: Vector,
    /// Along its lower edge.
    pub(super) across: Vector,
    /// Along its other edge.
    pub(super) up: Vector,
    /// Which part of the texture it shows: where it begins and how often it repeats, across and up.
    pub(super) part: [f32; 4],
    /// What it looks like.
    pub(super) look: Look,
    /// How much light falls on it: 1 is all.
    pub(super) light: f32,
}

/// A face as a camera sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeenFace {
    pub(super) corner: Vector,
    pub(super) across: Vector,
    pub(super) up: Vector,
    pub(super) part: [f32; 4],
}

impl Face {
    /// Tells whether its front is turned to the camera and some of it is before the camera.
    pub(super) fn shows(&self, eye: &Eye) -> bool {
        let towards = dot(cross(self.across, self.up), from_to(self.corner, eye.at));
        let depths = self.corners().map(|corner| eye.seen(corner)[2]);
        towards > 0.0 && depths.iter().any(|depth| *depth > 0.0)
    }

    /// Returns how far its nearest corner or its middle is.
    pub(super) fn distance(&self, eye: &Eye) -> f32 {
        let far = |point: Vector| eye.seen(point)[2].max(0.0);
        let middle = add(self.corner, scale(add(self.across, self.up), 0.5));
        self.corners().map(far).into_iter().fold(far(middle), f32::min)
    }

    fn corners(&self) -> [Vector; 4] {
        let (right, top) = (add(self.corner, self.across), add(self.corner, self.up));
        [self.corner, right, add(right, self.up), top]
    }

    /// Returns it as a camera sees it.
    pub(super) fn seen_from(&self, eye: &Eye) -> SeenFace {
        SeenFace {
            corner: eye.seen(self.corner),
            across: eye.turned(self.across),
            up: eye.turned(self.up),
            part: self.part,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_sees_what_is_before_it_to_the_left_on_its_left() {
        let eye = Eye::new(Pose::new(1.0, 1.0, std::f64::consts::FRAC_PI_2), 0.5, 0.0);
        let [right, down, forward] = eye.seen([0.0, 3.0, 1.0]);
        assert!((right + 1.0).abs() < 1e-6 && (down + 0.5).abs() < 1e-6 && (forward - 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_face_is_seen_from_its_front_only() {
        let face = Face {
            corner: [2.0, 1.0, 0.0],
            across: [0.0, -2.0, 0.0],
            up: [0.0, 0.0, 1.0],
            part: [0.0, 0.0, 1.0, 1.0],
            look: Look::Wood,
            light: 1.0,
        };
        let eye = |x: f64, theta: f64| Eye::new(Pose::new(x, 0.0, theta), 0.5, 0.0);
        assert!(face.shows(&eye(0.0, 0.0)));
        assert!(!face.shows(&eye(0.0, std::f64::consts::PI)), "it is behind");
        assert!(!face.shows(&eye(4.0, std::f64::consts::PI)), "its back is turned");
    }
}
