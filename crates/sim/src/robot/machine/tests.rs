//! The robot without its radio: time is given, so that minutes pass in no time.

use std::collections::BTreeSet;

use robot::api;
use robot::api::command::Command as Kind;

use super::*;
use crate::building::{Anomaly, AnomalyKind, WorldSettings, turn};
use crate::robot::task::{CHARGER, SHELF};

const TICK: f64 = 0.02;

struct Bench {
    machine: Machine,
    seconds: f64,
}

impl Bench {
    fn new() -> Self {
        let world = World::new(&WorldSettings::default());
        let identity =
            Identity { id: "robot-a".to_owned(), serial: "SIM-1".to_owned(), charger: 0, seed: 1, battery_rate: 1.0 };
        let mut bench = Self { machine: Machine::new(identity, world), seconds: 0.0 };
        bench.pass(0.1);
        bench
    }

    /// A robot that stands in the middle of the corridor.
    fn in_the_corridor() -> Self {
        let mut bench = Self::new();
        bench.machine.set_pose(Pose::new(4.0, 4.3, 0.0));
        bench
    }

    fn pass(&mut self, seconds: f64) {
        let until = self.seconds + seconds;
        while self.seconds < until {
            self.seconds += TICK;
            self.machine.world.advance(self.seconds);
            self.machine.tick(self.seconds, (self.seconds * 1000.0) as i64, TICK);
        }
    }

    fn start(&mut self, kind: Kind) -> String {
        self.try_start(kind, true).expect("it is accepted")
    }

    fn try_start(&mut self, kind: Kind, cancel_all: bool) -> Result<String, i32> {
        let command = Some(api::Command { command: Some(kind) });
        self.machine.start(api::StartCommandRequest { command, cancel_all, ..Default::default() })
    }

    /// Waits for a command to end, and returns its code.
    fn end_of(&mut self, id: &str) -> i32 {
        for _ in 0..600 {
            if let Some(last) = self.machine.last.as_ref().filter(|last| last.id == id) {
                return last.result.error_code;
            }
            self.pass(1.0);
        }
        panic!("{id} does not end; the robot is at {:?}", self.machine.body.pose)
    }

    fn last_code(&self) -> Option<(String, i32)> {
        self.machine.last.as_ref().map(|last| (last.id.clone(), last.result.error_code))
    }
}

fn to(location: &str) -> Kind {
    Kind::MoveToLocationCommand(api::MoveToLocationCommand {
        target_location_id: location.to_owned(),
        ..Default::default()
    })
}

fn to_pose(x: f64, y: f64, yaw: f64) -> Kind {
    Kind::MoveToPoseCommand(api::MoveToPoseCommand { x, y, yaw })
}

fn home() -> Kind {
    Kind::ReturnHomeCommand(api::ReturnHomeCommand {})
}

fn forward(distance_meter: f64, speed: f64) -> Kind {
    Kind::MoveForwardCommand(api::MoveForwardCommand { distance_meter, speed, ..Default::default() })
}

#[test]
fn a_robot_leaves_its_charger_drives_to_a_place_and_docks_again() {
    let mut bench = Bench::new();
    let out = bench.start(to("kitchen"));
    assert_eq!(bench.end_of(&out), 0);
    let (there, kitchen) =
        (bench.machine.body.pose, bench.machine.world.floor(0).location("kitchen").expect("a place").pose);
    assert!(
        there.point().distance(kitchen.point()) < 0.06 && turn(there.theta, kitchen.theta).abs() < 0.05,
        "{there:?}"
    );
    assert!(!bench.machine.is_docked);
    let back = bench.start(home());
    assert_eq!(bench.end_of(&back), 0);
    assert!(bench.machine.is_docked);
    assert_eq!(bench.machine.body.pose, bench.machine.charger());
    let again = bench.start(to(CHARGER));
    assert_eq!(bench.end_of(&again), 0, "it is there already");
}

#[test]
fn a_command_shows_up_after_a_moment() {
    let mut bench = Bench::in_the_corridor();
    let id = bench.start(to("kitchen"));
    assert_eq!(bench.machine.shown(), None);
    bench.pass(ACCEPTANCE_SECS + 0.05);
    assert_eq!(bench.machine.shown().map(|task| task.id.clone()), Some(id));
}

#[test]
fn a_newer_command_and_a_cancellation_interrupt_with_10001() {
    let mut bench = Bench::in_the_corridor();
    let first = bench.start(to("kitchen"));
    bench.pass(3.0);
    let second = bench.start(to("office"));
    assert_eq!(bench.last_code(), Some((first, codes::INTERRUPTED)));
    bench.pass(3.0);
    assert!(bench.machine.cancel().is_some());
    assert_eq!(bench.last_code(), Some((second, codes::INTERRUPTED)));
    assert!(bench.machine.cancel().is_none());
}

#[test]
fn after_a_cancellation_it_rolls_a_tenth_of_a_metre() {
    let mut bench = Bench::in_the_corridor();
    bench.start(to("emergency-exit"));
    bench.pass(6.0);
    bench.machine.cancel();
    let at = bench.machine.body.pose;
    bench.pass(3.0);
    let rolled = bench.machine.body.pose.point().distance(at.point());
    assert!((0.08..0.12).contains(&rolled), "{rolled}");
}

#[test]
fn without_cancelling_a_command_waits_for_the_one_before() {
    let mut bench = Bench::in_the_corridor();
    let drive = bench.start(forward(0.5, 0.2));
    let speech = bench.try_start(Kind::SpeakCommand(api::SpeakCommand { text: "hello".to_owned() }), false);
    bench.pass(1.0);
    assert_eq!(bench.machine.shown().map(|task| task.id.clone()), Some(drive.clone()));
    assert_eq!(bench.end_of(&speech.expect("it is accepted")), 0);
    let finished: Vec<_> = bench.machine.history.iter().map(|one| (one.id.clone(), one.success)).collect();
    assert_eq!(finished[0], (drive, true));
    let moved = bench.machine.body.pose.x - 4.0;
    assert!((moved - 0.5).abs() < 0.03, "{moved}");
}

#[test]
fn what_makes_no_sense_is_refused_and_what_is_unknown_fails() {
    let mut bench = Bench::in_the_corridor();
    assert_eq!(bench.try_start(forward(0.1, 0.0), true), Err(codes::INVALID));
    assert_eq!(bench.try_start(to_pose(f64::NAN, 0.0, 0.0), true), Err(codes::INVALID));
    let nowhere = bench.start(to("roof"));
    assert_eq!(bench.end_of(&nowhere), codes::NO_SUCH_LOCATION);
    let wall = bench.start(to_pose(4.0, 5.2, 0.0));
    assert_eq!(bench.end_of(&wall), codes::UNREACHABLE);
    let shelf = bench.start(Kind::MoveShelfCommand(api::MoveShelfCommand {
        target_shelf_id: "sofa".to_owned(),
        destination_location_id: "lobby".to_owned(),
        ..Default::default()
    }));
    assert_eq!(bench.end_of(&shelf), codes::NO_SUCH_SHELF);
    let undock = bench.start(Kind::UndockShelfCommand(api::UndockShelfCommand::default()));
    assert_eq!(bench.end_of(&undock), codes::NOTHING_DOCKED);
}

#[test]
fn the_emergency_stop_latches_and_only_the_button_releases_it() {
    let mut bench = Bench::in_the_corridor();
    let drive = bench.start(to("emergency-exit"));
    bench.pass(5.0);
    bench.machine.stop_for_emergency();
    bench.pass(1.0);
    assert!(bench.machine.body.is_still());
    assert!(bench.machine.errors().is_empty());
    bench.pass(LATCH_SECS - 0.9);
    assert_eq!(bench.machine.errors(), [codes::PAUSED]);
    assert_eq!(bench.last_code(), Some((drive, codes::CANCELLED_BY_PAUSE)));

    let while_paused = bench.start(home());
    assert_eq!(bench.end_of(&while_paused), codes::PAUSED_ALREADY);
    assert_eq!(bench.machine.set_manual(true).error_code, codes::NO_MANUAL_CONTROL);
    bench.machine.reboot();
    assert_eq!(bench.machine.errors(), [codes::PAUSED]);

    bench.machine.press_power_button();
    assert!(bench.machine.errors().is_empty());
    let home = bench.start(home());
    assert_eq!(bench.end_of(&home), 0);
}

#[test]
fn a_velocity_needs_manual_control_holds_for_a_moment_and_ends_after_a_minute() {
    let mut bench = Bench::in_the_corridor();
    assert_eq!(bench.machine.set_velocity(1.0, 0.0).error_code, codes::NOT_MANUAL);
    assert!(bench.machine.set_manual(true).success);
    assert!(bench.machine.set_velocity(1.0, 0.0).success);
    bench.pass(0.2);
    assert!(bench.machine.body.speed > 0.05);
    bench.pass(1.5);
    assert!(bench.machine.body.is_still(), "the velocity held for {VELOCITY_SECS} s only");
    bench.pass(MANUAL_SECS);
    assert_eq!(bench.machine.set_velocity(1.0, 0.0).error_code, codes::NOT_MANUAL);
}

#[test]
fn manual_control_on_the_charger_drives_off_it() {
    let mut bench = Bench::new();
    assert!(bench.machine.is_docked);
    assert!(bench.machine.set_manual(true).success);
    bench.pass(5.0);
    assert!(!bench.machine.is_docked);
    let away = bench.machine.body.pose.point().distance(bench.machine.charger().point());
    assert!((0.3..0.45).contains(&away), "{away}");
}

#[test]
fn a_hand_cannot_drive_through_a_wall() {
    let mut bench = Bench::in_the_corridor();
    bench.machine.set_pose(Pose::new(4.0, 4.3, std::f64::consts::FRAC_PI_2));
    bench.machine.set_manual(true);
    for _ in 0..100 {
        bench.machine.set_velocity(1.0, 0.0);
        bench.pass(0.1);
    }
    assert!((4.9..5.0).contains(&bench.machine.body.pose.y), "{:?}", bench.machine.body.pose);
}

#[test]
fn a_fatal_fault_ends_what_runs_and_blocks_what_comes_until_a_restart() {
    let mut bench = Bench::in_the_corridor();
    let drive = bench.start(to("office"));
    bench.pass(2.0);
    bench.machine.set_faults(BTreeSet::from([21004]));
    assert_eq!(bench.last_code(), Some((drive, codes::FATAL)));
    let blocked = bench.start(to("office"));
    assert_eq!(bench.end_of(&blocked), codes::FATAL);
    bench.machine.reboot();
    assert!(bench.machine.errors().is_empty());
    assert_eq!(bench.machine.last, None);
}

#[test]
fn injected_refusals_and_failures_come_once_each() {
    let mut bench = Bench::in_the_corridor();
    bench.machine.refusals.push_back(10253);
    assert_eq!(bench.try_start(to("office"), true), Err(10253));
    bench.machine.failures.push_back(19001);
    let failing = bench.start(to("office"));
    assert_eq!(bench.end_of(&failing), 19001);
    let fine = bench.start(to("office"));
    assert_eq!(bench.end_of(&fine), 0);
}

#[test]
fn a_closed_door_makes_a_place_unreachable_and_a_box_is_passed() {
    let mut bench = Bench::in_the_corridor();
    bench.machine.world.close_doors(BTreeSet::from(["office".to_owned()])).expect("there is such a door");
    let closed = bench.start(to("office"));
    assert_eq!(bench.end_of(&closed), codes::UNREACHABLE);
    let anomaly = Anomaly { kind: AnomalyKind::Box, location: "emergency-exit".to_owned() };
    bench.machine.world.set_anomalies(vec![anomaly]).expect("there is such a spot");
    let around = bench.start(to_pose(11.6, 4.1, 0.0));
    assert_eq!(bench.end_of(&around), 0);
}

#[test]
fn in_a_crowd_it_gets_to_most_places_and_runs_into_nobody() {
    let mut bench = Bench::new();
    bench.machine.world.set_people(4);
    let places: Vec<_> = bench.machine.world.floor(0).locations.iter().map(|place| place.id).collect();
    let mut reached = 0;
    for place in places.iter().chain(&places) {
        let id = bench.start(to(place));
        while bench.machine.last.as_ref().is_none_or(|last| last.id != id) {
            bench.pass(0.1);
            let robot = bench.machine.body;
            for person in bench.machine.world.truth().people {
                let apart = person.point().distance(robot.pose.point());
                assert!(apart > 0.4 || robot.speed.abs() < 0.05, "{apart} m apart at {} m/s", robot.speed);
            }
        }
        reached += usize::from(bench.machine.last.as_ref().is_some_and(|last| last.result.success));
    }
    // Somebody who stands in a door for longer than the robot waits is why it does not get to all of them.
    assert!(4 * reached >= 3 * 2 * places.len(), "{reached} of {}", 2 * places.len());
}

#[test]
fn the_battery_empties_while_driving_and_fills_on_the_charger() {
    let mut bench = Bench::in_the_corridor();
    bench.machine.set_battery(50.0);
    let drive = bench.start(to("emergency-exit"));
    assert_eq!(bench.end_of(&drive), 0);
    let driven = bench.machine.battery;
    assert!(driven < 49.9 && !bench.machine.charges(), "{driven}");
    let back = bench.start(home());
    assert_eq!(bench.end_of(&back), 0);
    let low = bench.machine.battery;
    bench.pass(60.0);
    assert!(bench.machine.charges() && bench.machine.battery > low + 0.9, "{} {low}", bench.machine.battery);
}

#[test]
fn a_shelf_is_fetched_brought_and_put_down() {
    let mut bench = Bench::in_the_corridor();
    let bring = bench.start(Kind::MoveShelfCommand(api::MoveShelfCommand {
        target_shelf_id: SHELF.to_owned(),
        destination_location_id: "lobby".to_owned(),
        undock_on_destination: true,
    }));
    assert_eq!(bench.end_of(&bring), 0);
    assert!(!bench.machine.carries_shelf);
    let lobby = bench.machine.world.floor(0).location("lobby").expect("a place").pose;
    let shelf = bench.machine.world.shelf(0).expect("it is on this floor");
    assert!(shelf.point().distance(lobby.point()) < 0.1, "{shelf:?}");
    let onto_dock = bench.start(Kind::MoveShelfCommand(api::MoveShelfCommand {
        target_shelf_id: SHELF.to_owned(),
        destination_location_id: CHARGER.to_owned(),
        ..Default::default()
    }));
    assert_eq!(bench.end_of(&onto_dock), codes::NO_SHELF_ON_DOCK);
}

#[test]
fn a_map_switch_moves_the_robot_to_the_other_floor_s_charger() {
    let mut bench = Bench::in_the_corridor();
    let before = bench.machine.cursor(Topic::Map);
    assert!(bench.machine.switch_map("map-upper-floor", None));
    assert_ne!(bench.machine.cursor(Topic::Map), before);
    assert!(bench.machine.is_docked && bench.machine.floor() == 1);
    let drive = bench.start(to("lounge"));
    assert_eq!(bench.end_of(&drive), 0);
    assert!(!bench.machine.switch_map("map-of-nowhere", None));
}

#[test]
fn it_drives_home_by_itself_after_a_long_time_unless_told_not_to() {
    let mut bench = Bench::in_the_corridor();
    bench.machine.set_auto_homing(false);
    bench.pass(HOMING_SECS + 100.0);
    assert!(!bench.machine.is_docked);
    bench.machine.set_auto_homing(true);
    bench.pass(HOMING_SECS + 100.0);
    assert!(bench.machine.is_docked);
}

#[test]
fn cursors_differ_between_topics_and_change_with_what_they_stand_for() {
    let mut bench = Bench::in_the_corridor();
    let topics = [Topic::Command, Topic::Result, Topic::Errors, Topic::Manual];
    let cursors = |machine: &Machine| topics.map(|topic| machine.cursor(topic));
    let before = cursors(&bench.machine);
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), topics.len());
    bench.pass(1.0);
    assert_eq!(cursors(&bench.machine), before);
    bench.start(to("office"));
    bench.pass(1.0);
    let after = cursors(&bench.machine);
    assert!(after[0] != before[0] && after[1..] == before[1..]);
}
