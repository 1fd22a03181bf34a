//! What a command asks for, as steps: leave the charger, drive, turn, dock, carry, speak, wait. Which steps a command has is
//! decided from the place names alone; how a step is done is a rule over the robot's motion.

use std::collections::VecDeque;

use robot::api;
use robot::api::command::Command as Kind;

use super::body::{BRAKE, Body, TOP_SPEED, speed_to_stop};
use super::codes;
use super::drive::{Drive, Next, Surroundings, align};
use crate::building::{Building, LocationKind, Pose, turn};

/// The id of the charger's location.
pub(super) const CHARGER: &str = "charger";
/// The id of the only shelf.
pub(super) const SHELF: &str = "trolley";

/// How far before the charger docking begins and leaving it ends, in metres.
const APPROACH: f64 = 0.5;
/// How fast the robot docks and leaves, in metres in a second.
const CREEP: f64 = 0.12;
/// How long somebody may stand in the way of a straight move, in seconds.
const STRAIGHT_PATIENCE: f64 = 4.0;
/// How close to a shelf the robot must be to dock with it, in metres.
const SHELF_REACH: f64 = 0.5;
/// Seconds that a letter takes to speak, and that localising, docking and leaving a shelf take.
const LETTER: f64 = 0.07;
const LOCALISE: f64 = 1.0;
const LIFT: f64 = 1.5;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Drive off the charger, if the robot is on it.
    Leave,
    /// Drive to a pose.
    Drive(Drive),
    /// Turn to a heading.
    TurnTo(f64),
    /// Drive straight on for so many metres (backwards if negative), at most this fast.
    Straight { metres: f64, speed: f64, stuck: f64 },
    /// Turn by so many radians.
    TurnBy(f64),
    /// Drive at a speed for so many seconds, whatever is in the way.
    Blindly { speed: f64, seconds: f64 },
    /// Back onto the charger.
    Dock,
    /// Take up the shelf, or put it down.
    Lift { up: bool, seconds: f64 },
    /// Stand for so many seconds; [`Task::proceed`] ends it.
    Wait(f64),
}

/// A command and what is left of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    /// Its id.
    pub(super) id: String,
    /// As it was received.
    pub(super) command: api::Command,
    /// Seconds to stand at the end, if it succeeds.
    pub(super) lock_secs: f64,
    /// What to say at the end, if it succeeds.
    pub(super) says: String,
    /// When it was received, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// What is left; nothing before it begins.
    pub(super) steps: Option<VecDeque<Step>>,
}

/// What a task needs to know to find its steps.
pub(super) struct Places<'a> {
    pub(super) floor: &'a Building,
    pub(super) charger: Pose,
    pub(super) is_docked: bool,
    /// Where the shelf is, if it is on this floor.
    pub(super) shelf: Option<Pose>,
    pub(super) carries_shelf: bool,
    pub(super) robot: Pose,
}

impl Places<'_> {
    fn location(&self, id: &str) -> Result<Pose, i32> {
        if id == CHARGER {
            return Ok(self.charger);
        }
        self.floor.location(id).map(|location| location.pose).ok_or(codes::NO_SUCH_LOCATION)
    }

    fn to(&self, pose: Pose) -> Vec<Step> {
        vec![Step::Leave, Step::Drive(Drive::new(pose)), Step::TurnTo(pose.theta)]
    }

    fn home(&self) -> Vec<Step> {
        let mut steps = self.to(self.charger.ahead(APPROACH));
        steps.push(Step::Dock);
        steps
    }

    /// Returns the way to the shelf and the lifting of it.
    fn fetch(&self) -> Result<Vec<Step>, i32> {
        if self.carries_shelf {
            return Ok(Vec::new());
        }
        let mut steps = self.to(self.shelf.ok_or(codes::NO_SHELF_THERE)?);
        steps.push(Step::Lift { up: true, seconds: LIFT });
        Ok(steps)
    }

    fn shelf_home(&self) -> Result<Pose, i32> {
        let home = self.floor.locations.iter().find(|location| location.kind == LocationKind::ShelfHome);
        home.map(|home| home.pose).ok_or(codes::NO_SUCH_LOCATION)
    }

    /// Returns the steps of a command, or the code with which it fails before it begins.
    pub(super) fn steps(&self, command: &api::Command) -> Result<Vec<Step>, i32> {
        let down = Step::Lift { up: false, seconds: LIFT };
        let known_shelf = |id: &str| if id.is_empty() || id == SHELF { Ok(()) } else { Err(codes::NO_SUCH_SHELF) };
        let Some(kind) = &command.command else { return Err(codes::INVALID) };
        Ok(match kind {
            Kind::MoveToLocationCommand(to) if to.target_location_id == CHARGER => return self.return_home(),
            Kind::MoveToLocationCommand(to) => self.to(self.location(&to.target_location_id)?),
            Kind::ReturnHomeCommand(_) => return self.return_home(),
            Kind::MoveToPoseCommand(to) => self.to(Pose::new(to.x, to.y, to.yaw)),
            Kind::MoveForwardCommand(forward) => {
                vec![Step::Straight { metres: forward.distance_meter, speed: forward.speed.abs(), stuck: 0.0 }]
            }
            Kind::RotateInPlaceCommand(rotate) => vec![Step::Leave, Step::TurnBy(rotate.angle_radian)],
            Kind::MoveByVelocityWithMutedSensorsCommand(blind) => {
                vec![Step::Blindly { speed: blind.signed_velocity, seconds: blind.move_duration_sec }]
            }
            Kind::SpeakCommand(speak) => vec![Step::Wait(0.4 + LETTER * speak.text.chars().count() as f64)],
            Kind::LockCommand(lock) => vec![Step::Wait(lock.duration_sec)],
            Kind::LocalizeCommand(_) => vec![Step::Wait(LOCALISE)],
            Kind::MoveShelfCommand(shelf) => {
                known_shelf(&shelf.target_shelf_id)?;
                if shelf.destination_location_id == CHARGER {
                    return Err(codes::NO_SHELF_ON_DOCK);
                }
                let to = self.location(&shelf.destination_location_id)?;
                let mut steps = self.fetch()?;
                steps.extend(self.to(to));
                if shelf.undock_on_destination {
                    steps.push(down);
                }
                steps
            }
            Kind::ReturnShelfCommand(shelf) => {
                known_shelf(&shelf.target_shelf_id)?;
                if !self.carries_shelf && shelf.target_shelf_id.is_empty() {
                    return Err(codes::NOTHING_DOCKED);
                }
                let mut steps = self.fetch()?;
                steps.extend(self.to(self.shelf_home()?));
                steps.push(down);
                steps
            }
            Kind::UndockShelfCommand(_) if self.carries_shelf => vec![down],
            Kind::UndockShelfCommand(_) => return Err(codes::NOTHING_DOCKED),
            Kind::DockShelfCommand(_) => {
                let is_here = |shelf: &Pose| shelf.point().distance(self.robot.point()) < SHELF_REACH;
                self.shelf.filter(is_here).ok_or(codes::NO_SHELF_THERE)?;
                self.fetch()?
            }
            Kind::DockAnyShelfWithRegistrationCommand(at) => {
                let place = self.location(&at.target_location_id)?;
                let is_there = |shelf: &Pose| shelf.point().distance(place.point()) < SHELF_REACH;
                self.shelf.filter(is_there).ok_or(codes::NO_SHELF_THERE)?;
                self.fetch()?
            }
        })
    }

    fn return_home(&self) -> Result<Vec<Step>, i32> {
        if self.is_docked {
            return Ok(Vec::new());
        }
        Ok(self.home())
    }
}

/// What the parameters of a command are refused with, before it is accepted.
pub(super) fn refusal(command: &api::Command) -> Option<i32> {
    let is_fine = match &command.command {
        None => false,
        Some(Kind::MoveForwardCommand(forward)) => {
            forward.speed.is_finite() && forward.speed > 0.0 && forward.distance_meter.is_finite()
        }
        Some(Kind::MoveToPoseCommand(to)) => [to.x, to.y, to.yaw].iter().all(|value| value.is_finite()),
        Some(Kind::RotateInPlaceCommand(rotate)) => rotate.angle_radian.is_finite(),
        Some(Kind::LockCommand(lock)) => (0.0..=86_400.0).contains(&lock.duration_sec),
        Some(Kind::MoveByVelocityWithMutedSensorsCommand(blind)) => {
            blind.signed_velocity.abs() <= TOP_SPEED && (0.0..=10.0).contains(&blind.move_duration_sec)
        }
        Some(_) => true,
    };
    (!is_fine).then_some(codes::INVALID)
}

/// What a step wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wish {
    /// These speeds.
    Go(f64, f64),
    /// It is done.
    Done,
    /// It is done: the robot is on the charger.
    Docked,
    /// It is done: the shelf is on the robot, or no longer.
    Lifted(bool),
    /// It failed with a code.
    Failed(i32),
}

impl From<Next> for Wish {
    fn from(next: Next) -> Self {
        match next {
            Next::Go(speed, turning) => Self::Go(speed, turning),
            Next::Done => Self::Done,
            Next::NoWay => Self::Failed(codes::UNREACHABLE),
        }
    }
}

impl Step {
    /// Decides what to do for the next seconds.
    pub(super) fn next(
        &mut self,
        seconds: f64,
        body: &Body,
        charger: Pose,
        is_docked: bool,
        around: &Surroundings,
    ) -> Wish {
        match self {
            Self::Leave if is_docked && body.pose.point().distance(charger.point()) < 0.8 * APPROACH => {
                Wish::Go(CREEP * 1.5, turn(body.pose.theta, charger.theta))
            }
            Self::Leave => Wish::Done,
            Self::Drive(drive) => drive.next(seconds, body, around).into(),
            Self::TurnTo(theta) => align(body, *theta).into(),
            Self::TurnBy(angle) => {
                let theta = body.pose.theta + *angle;
                *self = Self::TurnTo(theta);
                Wish::Go(0.0, 0.0)
            }
            Self::Straight { metres, speed, stuck } => {
                *metres -= body.speed * seconds;
                if metres.abs() < 0.005 {
                    return if body.speed == 0.0 { Wish::Done } else { Wish::Go(0.0, 0.0) };
                }
                let at = body.pose.point();
                let ahead = body.pose.ahead(metres.signum() * 0.25).point();
                if around.is_blocked(at, ahead) || around.grid.touches(ahead, 0.0) {
                    *stuck += seconds;
                    let gives_up = *stuck > STRAIGHT_PATIENCE;
                    return if gives_up { Wish::Failed(codes::UNREACHABLE) } else { Wish::Go(0.0, 0.0) };
                }
                let fast = speed_to_stop(metres.abs(), 0.8 * BRAKE).min(*speed).clamp(0.01, TOP_SPEED);
                Wish::Go(metres.signum() * fast, 0.0)
            }
            Self::Blindly { speed, seconds: left } => {
                *left -= seconds;
                if *left > 0.0 { Wish::Go(*speed, 0.0) } else { Wish::Done }
            }
            Self::Dock => {
                let far = body.pose.point().distance(charger.point());
                if far < 0.01 || (body.speed == 0.0 && far < 0.03) {
                    return Wish::Docked;
                }
                let towards = body.pose.point().direction(charger.point());
                let backwards = turn(body.pose.theta, towards).abs() > std::f64::consts::FRAC_PI_2;
                let fast = speed_to_stop(far, 0.6 * BRAKE).min(CREEP);
                Wish::Go(if backwards { -fast } else { fast }, 1.5 * turn(body.pose.theta, charger.theta))
            }
            Self::Lift { up, seconds: left } => {
                *left -= seconds;
                if *left > 0.0 { Wish::Go(0.0, 0.0) } else { Wish::Lifted(*up) }
            }
            Self::Wait(left) => {
                *left -= seconds;
                if *left > 0.0 { Wish::Go(0.0, 0.0) } else { Wish::Done }
            }
        }
    }
}

impl Task {
    /// Returns where it drives to at the moment.
    pub(super) fn goal(&self) -> Option<&Drive> {
        self.steps.iter().flatten().find_map(|step| match step {
            Step::Drive(drive) => Some(drive),
            _ => None,
        })
    }

    /// Ends a wait; tells whether there was one.
    pub(super) fn proceed(&mut self) -> bool {
        match self.steps.as_mut().and_then(VecDeque::front_mut) {
            Some(Step::Wait(left)) => {
                *left = 0.0;
                true
            }
            _ => false,
        }
    }

    /// Returns what the command is called on the wire, without the word command.
    pub(super) fn name(&self) -> &'static str {
        name(&self.command)
    }
}

/// Returns what a command is called on the wire, without the word command.
pub(super) fn name(command: &api::Command) -> &'static str {
    match &command.command {
        None => "none",
        Some(Kind::MoveShelfCommand(_)) => "move_shelf",
        Some(Kind::ReturnShelfCommand(_)) => "return_shelf",
        Some(Kind::UndockShelfCommand(_)) => "undock_shelf",
        Some(Kind::MoveToLocationCommand(_)) => "move_to_location",
        Some(Kind::ReturnHomeCommand(_)) => "return_home",
        Some(Kind::DockShelfCommand(_)) => "dock_shelf",
        Some(Kind::SpeakCommand(_)) => "speak",
        Some(Kind::MoveToPoseCommand(_)) => "move_to_pose",
        Some(Kind::LockCommand(_)) => "lock",
        Some(Kind::MoveForwardCommand(_)) => "move_forward",
        Some(Kind::RotateInPlaceCommand(_)) => "rotate_in_place",
        Some(Kind::DockAnyShelfWithRegistrationCommand(_)) => "dock_any_shelf_with_registration",
        Some(Kind::LocalizeCommand(_)) => "localize",
        Some(Kind::MoveByVelocityWithMutedSensorsCommand(_)) => "move_by_velocity_with_muted_sensors",
    }
}
