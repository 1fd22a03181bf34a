//! Commands: how they are accepted, begun, finished, interrupted and paused.

use robot::api;
use serde_json::json;

use super::{ACCEPTANCE_SECS, HISTORY, LATCH_SECS, MANUAL_SECS, Machine, Manual, Pause, Topic, VELOCITY_SECS};
use crate::robot::body::{TOP_SPEED, TOP_TURN};
use crate::robot::codes;
use crate::robot::task::{self, Places, Task};

/// The result of something that worked.
pub(in crate::robot) const SUCCESS: api::Result = api::Result { success: true, error_code: 0 };

/// The result of something that did not.
pub(in crate::robot) fn failure(error_code: i32) -> api::Result {
    api::Result { success: false, error_code }
}

impl Machine {
    /// Accepts a command, or refuses it. An accepted one shows up a little later.
    pub(in crate::robot) fn start(&mut self, request: api::StartCommandRequest) -> Result<String, i32> {
        let command = request.command.unwrap_or_default();
        let name = task::name(&command);
        let refused = self.refusals.pop_front().or_else(|| task::refusal(&command));
        if let Some(code) = refused {
            let content = json!({ "command": name, "refused": code });
            self.journal.note(self.now_ms, "StartCommand", content);
            return Err(code);
        }
        let id = self.new_id();
        let content =
            json!({ "command": name, "command_id": id, "cancel_all": request.cancel_all, "target": target(&command) });
        self.journal.note(self.now_ms, "StartCommand", content);
        if request.cancel_all {
            self.finish_all(codes::INTERRUPTED);
        }
        self.end_manual();
        let lock_secs = request.lock_on_end.map_or(0.0, |lock| lock.duration_sec.clamp(0.0, 86_400.0));
        let says = request.tts_on_success;
        let task = Task { id: id.clone(), command, lock_secs, says, at_ms: self.now_ms, steps: None };
        self.queue.push_back(task);
        if self.running.is_none() {
            self.take_next();
        }
        Ok(id)
    }

    /// Takes the next command of the queue; it begins after a moment.
    fn take_next(&mut self) {
        self.running = self.queue.pop_front();
        self.begins = self.running.is_some().then_some(self.now + ACCEPTANCE_SECS);
        self.idle_since = self.now;
        self.touch(Topic::Command);
    }

    /// Begins the command that was accepted, or fails it.
    pub(super) fn begin(&mut self) {
        self.begins = None;
        self.touch(Topic::Command);
        let injected = self.failures.pop_front();
        let blocked = match self.pause {
            Pause::Off if self.has_fatal_fault() => Some(codes::FATAL),
            Pause::Off => None,
            Pause::Latching { .. } | Pause::Latched => Some(codes::PAUSED_ALREADY),
        };
        if let Some(code) = blocked.or(injected) {
            return self.finish(failure(code));
        }
        let places = Places {
            floor: self.world.floor(self.floor()),
            charger: self.charger(),
            is_docked: self.is_docked,
            shelf: self.world.shelf(self.floor()),
            carries_shelf: self.carries_shelf,
            robot: self.body.pose,
        };
        let steps = self.running.as_ref().map(|task| places.steps(&task.command));
        match (steps, &mut self.running) {
            (Some(Ok(mut steps)), Some(task)) => {
                if !task.says.is_empty() {
                    steps.push(task::Step::Wait(0.5));
                }
                if task.lock_secs > 0.0 {
                    steps.push(task::Step::Wait(task.lock_secs));
                }
                task.steps = Some(steps.into());
            }
            (Some(Err(code)), _) => self.finish(failure(code)),
            _ => {}
        }
    }

    /// Tells whether a command shows up as running.
    pub(in crate::robot) fn shown(&self) -> Option<&Task> {
        self.running.as_ref().filter(|_| self.begins.is_none())
    }

    /// Ends the running command and takes the next.
    pub(super) fn finish(&mut self, result: api::Result) {
        let Some(task) = self.running.take() else { return };
        self.begins = None;
        let content = json!({ "command_id": task.id, "command": task.name(), "error_code": result.error_code });
        self.journal.note(self.now_ms, "finished", content);
        self.history.push_back(api::History {
            id: task.id.clone(),
            command: Some(task.command.clone()),
            success: result.success,
            error_code: result.error_code,
            command_executed_time: task.at_ms / 1000,
        });
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
        self.last = Some(super::Finished { id: task.id, command: task.command, result });
        self.touch(Topic::Result);
        self.touch(Topic::History);
        // Whoever hears of the end and asks where the robot is hears where it ended.
        self.published[0] = f64::NEG_INFINITY;
        self.take_next();
    }

    /// Ends the running command and all that wait, with one code.
    pub(super) fn finish_all(&mut self, code: i32) {
        while self.running.is_some() {
            self.finish(failure(code));
        }
    }

    /// Cancels everything, and returns what ran.
    pub(in crate::robot) fn cancel(&mut self) -> Option<api::Command> {
        let running = self.running.as_ref().map(|task| task.command.clone());
        self.journal.note(self.now_ms, "CancelCommand", json!({ "command": running.as_ref().map(task::name) }));
        self.finish_all(codes::INTERRUPTED);
        running
    }

    /// Ends a wait of the running command.
    pub(in crate::robot) fn proceed(&mut self) -> api::Result {
        let proceeds = self.running.as_mut().is_some_and(Task::proceed);
        if proceeds { SUCCESS } else { failure(codes::INVALID) }
    }

    /// Begins an emergency stop: the robot brakes at once, and latches a little later.
    pub(in crate::robot) fn stop_for_emergency(&mut self) {
        self.journal.note(self.now_ms, "SetEmergencyStop", serde_json::Value::Null);
        if self.pause == Pause::Off {
            self.pause = Pause::Latching { at: self.now + LATCH_SECS };
        }
        self.end_manual();
    }

    /// Releases an emergency stop: the only way out of it.
    pub(in crate::robot) fn press_power_button(&mut self) {
        self.journal.note(self.now_ms, "power button", serde_json::Value::Null);
        self.pause = Pause::Off;
        self.touch(Topic::Errors);
    }

    /// Switches manual control on or off.
    pub(in crate::robot) fn set_manual(&mut self, enable: bool) -> api::Result {
        self.journal.note(self.now_ms, "SetManualControlEnabled", json!({ "enable": enable }));
        if !enable {
            self.end_manual();
            return SUCCESS;
        }
        if self.pause != Pause::Off {
            return failure(codes::NO_MANUAL_CONTROL);
        }
        self.finish_all(codes::INTERRUPTED);
        self.leaving = self.is_docked;
        let until = self.now + MANUAL_SECS;
        self.manual = Some(Manual { until, velocity: (0.0, 0.0), velocity_until: 0.0 });
        self.touch(Topic::Manual);
        SUCCESS
    }

    pub(super) fn end_manual(&mut self) {
        if self.manual.take().is_some() {
            self.leaving = false;
            self.touch(Topic::Manual);
        }
    }

    /// Drives by hand for a moment, with shares of the greatest speeds.
    pub(in crate::robot) fn set_velocity(&mut self, linear: f64, angular: f64) -> api::Result {
        let content = json!({ "linear": linear, "angular": angular, "manual": self.manual.is_some() });
        self.journal.note(self.now_ms, "SetRobotVelocity", content);
        let share = |value: f64| if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 };
        match &mut self.manual {
            None => failure(codes::NOT_MANUAL),
            Some(manual) => {
                manual.velocity = (share(linear) * TOP_SPEED, share(angular) * TOP_TURN);
                manual.velocity_until = self.now + VELOCITY_SECS;
                SUCCESS
            }
        }
    }

    /// Says whether the robot may drive home by itself.
    pub(in crate::robot) fn set_auto_homing(&mut self, enable: bool) {
        self.auto_homing = enable;
        self.idle_since = self.now;
        self.touch(Topic::Homing);
    }

    /// Says how loud the robot speaks.
    pub(in crate::robot) fn set_volume(&mut self, volume: i32) -> api::Result {
        if !(0..=10).contains(&volume) {
            return failure(codes::INVALID);
        }
        self.volume = volume;
        self.touch(Topic::Volume);
        SUCCESS
    }
}

/// Returns where a command leads, for the journal.
fn target(command: &api::Command) -> serde_json::Value {
    use api::command::Command as Kind;
    match &command.command {
        Some(Kind::MoveToPoseCommand(to)) => json!({ "x": to.x, "y": to.y, "theta": to.yaw }),
        Some(Kind::MoveToLocationCommand(to)) => json!({ "location": to.target_location_id }),
        Some(Kind::MoveForwardCommand(forward)) => json!({ "metres": forward.distance_meter, "speed": forward.speed }),
        Some(Kind::RotateInPlaceCommand(rotate)) => json!({ "radians": rotate.angle_radian }),
        Some(Kind::SpeakCommand(speak)) => json!({ "text": speak.text }),
        _ => serde_json::Value::Null,
    }
}
