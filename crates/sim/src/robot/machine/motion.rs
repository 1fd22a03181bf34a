//! What happens as time passes: motion in small steps, the battery, latching, and what is published how often.

use super::commands::{SUCCESS, failure};
use super::{CHARGE_PER_HOUR, DRIVE_PER_HOUR, HOMING_SECS, LATCH_SECS, Machine, Manual, Pause, REST_PER_HOUR, Topic};
use crate::building::{Obstacle, Pose};
use crate::robot::body::Body;
use crate::robot::codes;
use crate::robot::drive::Surroundings;
use crate::robot::task::{Step, Wish};

/// Motion is computed in steps of at most this length, in seconds of the world.
const STEP: f64 = 0.02;
/// How far from its charger the robot is still on it, in metres.
const CONTACT: f64 = 0.08;
/// How often poses, object detections, scans and the battery are told, in seconds.
const TOLD_EVERY: [f64; 4] = [0.05, 0.2, 0.1, 1.0];

impl Machine {
    /// Lets time pass: it is `now` seconds since the start, and `seconds` of the world's time have passed since last time.
    pub(in crate::robot) fn tick(&mut self, now: f64, now_ms: i64, seconds: f64) {
        self.now = now;
        self.now_ms = now_ms;
        if let Pause::Latching { at } = self.pause
            && now >= at
        {
            self.pause = Pause::Latched;
            self.touch(Topic::Errors);
            self.finish_all(codes::CANCELLED_BY_PAUSE);
        }
        if self.manual.is_some_and(|manual| now >= manual.until) {
            self.end_manual();
        }
        if self.begins.is_some_and(|begins| now >= begins) {
            self.begin();
        }
        self.go_home_when_idle();
        self.drain(seconds);
        let obstacles = self.world.obstacles(self.floor(), &self.identity.id);
        let mut left = seconds;
        while left > 1e-9 {
            self.step(left.min(STEP), &obstacles);
            left -= STEP;
        }
        self.world.place_robot(&self.identity.id, self.floor(), self.body.pose);
        self.publish();
    }

    fn step(&mut self, seconds: f64, obstacles: &[Obstacle]) {
        let speeds = self.speeds(seconds, obstacles);
        let grid = self.world.grid(self.floor());
        let docks = self.is_docked || matches!(self.current_step(), Some(Step::Dock));
        // Whoever docks goes closer to the wall than anybody else.
        self.body.step(seconds, speeds, |at, radius| !docks && grid.touches(at, radius));
        if self.is_docked && self.body.pose.point().distance(self.charger().point()) > CONTACT {
            self.is_docked = false;
            self.touch(Topic::Battery);
        }
        if self.carries_shelf {
            self.world.place_shelf(self.floor(), self.body.pose);
        }
    }

    /// Returns the speeds that the robot should have.
    fn speeds(&mut self, seconds: f64, obstacles: &[Obstacle]) -> (f64, f64) {
        const STAND: (f64, f64) = (0.0, 0.0);
        if self.pause != Pause::Off || self.has_fatal_fault() {
            return STAND;
        }
        if let Some(Manual { velocity, velocity_until, .. }) = self.manual {
            if self.leaving {
                self.leaving = self.body.pose.point().distance(self.charger().point()) < 0.35;
                return (0.15, 0.0);
            }
            return if self.now < velocity_until { velocity } else { STAND };
        }
        self.command_speeds(seconds, obstacles)
    }

    fn command_speeds(&mut self, seconds: f64, obstacles: &[Obstacle]) -> (f64, f64) {
        const STAND: (f64, f64) = (0.0, 0.0);
        let (floor, charger, body) = (self.floor(), self.charger(), self.body);
        let around = Surroundings { floor: self.world.floor(floor), grid: self.world.grid(floor), obstacles };
        let Some(steps) = self.running.as_mut().and_then(|task| task.steps.as_mut()) else { return STAND };
        let Some(step) = steps.front_mut() else {
            self.finish(SUCCESS);
            return STAND;
        };
        let wish = step.next(seconds, &body, charger, self.is_docked, &around);
        match wish {
            Wish::Go(speed, turning) => return (speed, turning),
            Wish::Failed(code) => {
                self.finish(failure(code));
                return STAND;
            }
            Wish::Done => {}
            Wish::Docked => {
                self.body = Body::at(charger);
                self.is_docked = true;
                self.touch(Topic::Battery);
            }
            Wish::Lifted(up) => {
                self.carries_shelf = up;
                self.touch(Topic::Shelf);
            }
        }
        if let Some(steps) = self.running.as_mut().and_then(|task| task.steps.as_mut()) {
            steps.pop_front();
        }
        STAND
    }

    fn current_step(&self) -> Option<&Step> {
        self.running.as_ref()?.steps.as_ref()?.front()
    }

    fn go_home_when_idle(&mut self) {
        let is_idle = self.running.is_none() && self.manual.is_none() && self.pause == Pause::Off && !self.is_docked;
        if !is_idle {
            self.idle_since = self.now;
        } else if self.auto_homing && self.now - self.idle_since > HOMING_SECS {
            let home = robot::api::command::Command::ReturnHomeCommand(robot::api::ReturnHomeCommand {});
            let command = Some(robot::api::Command { command: Some(home) });
            // It is never refused: it has no parameters.
            let _ = self.start(robot::api::StartCommandRequest { command, ..Default::default() });
        }
    }

    fn drain(&mut self, seconds: f64) {
        let rate = if self.is_docked {
            CHARGE_PER_HOUR
        } else if self.body.is_still() {
            -REST_PER_HOUR
        } else {
            -DRIVE_PER_HOUR
        };
        let change = rate * self.identity.battery_rate * seconds / 3600.0;
        self.battery = (self.battery + change).clamp(0.0, 100.0);
    }

    /// Makes new versions of what is told regularly.
    fn publish(&mut self) {
        let mut due = [false; 4];
        for (index, every) in TOLD_EVERY.into_iter().enumerate() {
            due[index] = self.now - self.published[index] >= every - 0.001;
            if due[index] {
                self.published[index] = self.now;
            }
        }
        if due[0] {
            self.publish_pose();
        }
        if due[1] {
            self.touch(Topic::Detection);
        }
        if due[2] && self.scans() {
            self.touch(Topic::Scan);
        }
        if due[3] {
            self.touch(Topic::Battery);
        }
    }

    pub(super) fn publish_pose(&mut self) {
        let Pose { x, y, theta } = self.body.pose;
        self.told = self.body.pose;
        self.trail.add(self.now_ms, [x, y, theta]);
        self.touch(Topic::Pose);
    }

    /// Returns how far the emergency stop has got, in words.
    pub(in crate::robot) fn emergency_stop(&self) -> &'static str {
        const { assert!(LATCH_SECS > 0.0) };
        match self.pause {
            Pause::Off => "off",
            Pause::Latching { .. } => "latching",
            Pause::Latched => "latched",
        }
    }
}
