//! Answers about commands, places, shelves and the battery.

use robot::api;
use robot::api::command::Command as Kind;

use super::Meta;
use crate::building::view::Side;
use crate::building::{LocationKind, Pose};
use crate::robot::codes;
use crate::robot::machine::Machine;
use crate::robot::machine::commands::{SUCCESS, failure};
use crate::robot::task::{CHARGER, SHELF};

const SHORTCUTS: [(&str, &str); 2] = [("shortcut-home", "Go home"), ("shortcut-hello", "Say hello")];

/// Writes a pose for the wire.
pub(super) fn pose(pose: Pose) -> api::Pose {
    api::Pose { x: pose.x, y: pose.y, theta: pose.theta }
}

/// Reads a pose off the wire.
pub(super) fn from_pose(pose: api::Pose) -> Pose {
    Pose::new(pose.x, pose.y, pose.theta)
}

pub(super) fn battery(machine: &Machine, metadata: Meta) -> api::GetBatteryInfoResponse {
    use api::PowerSupplyStatus::{Charging, Discharging};
    // The other two states are never told by a real robot either.
    let status = if machine.charges() { Charging } else { Discharging };
    api::GetBatteryInfoResponse { metadata, remaining_percentage: machine.battery, power_supply_status: status.into() }
}

pub(super) fn command_state(machine: &Machine, metadata: Meta) -> api::GetCommandStateResponse {
    let shown = machine.shown();
    let state = if shown.is_some() { api::CommandState::Running } else { api::CommandState::Pending };
    api::GetCommandStateResponse {
        metadata,
        state: state.into(),
        command: shown.map(|task| task.command.clone()),
        command_id: shown.map(|task| task.id.clone()).unwrap_or_default(),
    }
}

pub(super) fn last_result(machine: &Machine, metadata: Meta) -> api::GetLastCommandResultResponse {
    let last = machine.last.as_ref();
    api::GetLastCommandResultResponse {
        metadata,
        result: last.map(|last| last.result),
        command: last.map(|last| last.command.clone()),
        command_id: last.map(|last| last.id.clone()).unwrap_or_default(),
    }
}

/// Returns the places that the robot knows: id, name, pose and kind.
fn places(machine: &Machine) -> Vec<(String, String, Pose, api::LocationType)> {
    let charger = (CHARGER.to_owned(), "Charger".to_owned(), machine.charger(), api::LocationType::Charger);
    let others = machine.world.floor(machine.floor()).locations.iter().map(|location| {
        let kind = match location.kind {
            LocationKind::Plain => api::LocationType::Unspecified,
            LocationKind::Charger => api::LocationType::Charger,
            LocationKind::ShelfHome => api::LocationType::ShelfHome,
        };
        (location.id.to_owned(), location.name.to_owned(), location.pose, kind)
    });
    others.chain([charger]).collect()
}

fn shelf_home(machine: &Machine) -> String {
    let locations = &machine.world.floor(machine.floor()).locations;
    let home = locations.iter().find(|location| location.kind == LocationKind::ShelfHome);
    home.map(|home| home.id.to_owned()).unwrap_or_default()
}

pub(super) fn locations(machine: &Machine, metadata: Meta) -> api::GetLocationsResponse {
    let locations = places(machine)
        .into_iter()
        .map(|(id, name, at, kind)| api::Location {
            id,
            name,
            pose: Some(pose(at)),
            r#type: kind.into(),
            undock_shelf_aligning_to_wall: false,
            undock_shelf_avoiding_obstacles: false,
            ignore_voice_recognition: false,
        })
        .collect();
    api::GetLocationsResponse { metadata, locations, default_location_id: shelf_home(machine) }
}

pub(super) fn locations_digest(machine: &Machine, metadata: Meta) -> api::GetLocationsDigestResponse {
    let digest = |(id, name, _, kind): (String, String, Pose, api::LocationType)| api::LocationDigest {
        id,
        name,
        r#type: kind.into(),
    };
    api::GetLocationsDigestResponse { metadata, locations: places(machine).into_iter().map(digest).collect() }
}

pub(super) fn shelves(machine: &Machine, metadata: Meta) -> api::GetShelvesResponse {
    let shelf = |at: Pose| api::Shelf {
        id: SHELF.to_owned(),
        name: "Trolley".to_owned(),
        pose: Some(pose(at)),
        size: Some(api::ShelfSize { width: 0.42, depth: 0.42, height: 0.9 }),
        appearance: api::ShelfAppearance::DefaultShelf.into(),
        recognizable_names: vec![api::RecognizableName { name: "Trolley".to_owned(), deletable: false }],
        home_location_id: shelf_home(machine),
        speed_mode: api::ShelfSpeedMode::Normal.into(),
        ignore_voice_recognition: false,
    };
    let shelves = machine.world.shelf(machine.floor()).map(shelf).into_iter().collect();
    api::GetShelvesResponse { metadata, shelves }
}

pub(super) fn shelves_digest(machine: &Machine, metadata: Meta) -> api::GetShelvesDigestResponse {
    let here = machine.world.shelf(machine.floor());
    let digest = |_| api::ShelfDigest { id: SHELF.to_owned(), name: "Trolley".to_owned() };
    api::GetShelvesDigestResponse { metadata, shelves: here.map(digest).into_iter().collect() }
}

/// Says that the shelf is where it belongs; not while the robot carries it.
pub(super) fn reset_shelf(machine: &mut Machine) -> api::Result {
    if machine.carries_shelf {
        return failure(codes::NO_SHELF_THERE);
    }
    let floor = machine.floor();
    let home = machine.world.floor(floor).location(&shelf_home(machine)).map(|home| home.pose);
    let Some(home) = home else { return failure(codes::NO_SUCH_LOCATION) };
    machine.place_shelf(home);
    SUCCESS
}

pub(super) fn shortcuts() -> Vec<api::Shortcut> {
    SHORTCUTS.map(|(id, name)| api::Shortcut { id: id.to_owned(), name: name.to_owned() }).into()
}

/// Returns the command of a shortcut.
pub(super) fn shortcut(id: &str) -> Option<api::Command> {
    let index = SHORTCUTS.iter().position(|(known, _)| *known == id)?;
    let command = match index {
        0 => Kind::ReturnHomeCommand(api::ReturnHomeCommand {}),
        _ => Kind::SpeakCommand(api::SpeakCommand { text: "Hello".to_owned() }),
    };
    Some(api::Command { command: Some(command) })
}

pub(super) fn set_torch(machine: &mut Machine, side: Side, intensity: i32) -> api::Result {
    if !(0..=255).contains(&intensity) {
        return failure(codes::INVALID);
    }
    machine.torches[side as usize] = intensity;
    SUCCESS
}
