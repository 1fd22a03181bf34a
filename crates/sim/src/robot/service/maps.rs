//! Answers about maps. An exported map is a small JSON file of our own that says which floor it shows.

use robot::api;
use robot::api::export_map_response::{EndOfStream, MiddleOfStream, Response as Part};
use serde::{Deserialize, Serialize};
use tonic::Status;

use super::Meta;
use super::answers;
use crate::robot::codes;
use crate::robot::machine::Machine;
use crate::robot::machine::commands::{SUCCESS, failure};

/// The longest file that is imported, in bytes.
const LONGEST: usize = 8 << 20;
/// The bytes of a file that are sent at a time.
const PIECE: usize = 16 << 10;
const KIND: &str = "ronda-simulated-map";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: String,
    name: String,
    floor: usize,
    /// The picture, so that the file has the length of a real one.
    png: Vec<u8>,
}

/// Returns one of the robot's maps.
pub(super) fn map(machine: &Machine, index: usize) -> api::Map {
    let known = &machine.maps[index];
    let map = machine.world.map(known.floor);
    api::Map {
        data: map.png.clone(),
        name: known.name.clone(),
        resolution: map.frame.resolution,
        width: map.frame.width as i32,
        height: map.frame.height as i32,
        origin: Some(answers::pose(map.frame.origin)),
    }
}

fn find(machine: &Machine, id: &str) -> Option<usize> {
    machine.maps.iter().position(|map| map.id == id)
}

pub(super) fn list(machine: &Machine, metadata: Meta) -> api::GetMapListResponse {
    let entry =
        |map: &crate::robot::machine::KnownMap| api::MapListEntry { id: map.id.clone(), name: map.name.clone() };
    api::GetMapListResponse { metadata, map_list_entries: machine.maps.iter().map(entry).collect() }
}

pub(super) fn preview(machine: &Machine, id: &str) -> api::LoadMapPreviewResponse {
    match find(machine, id) {
        Some(index) => api::LoadMapPreviewResponse { result: Some(SUCCESS), map: Some(map(machine, index)) },
        None => api::LoadMapPreviewResponse { result: Some(failure(codes::INVALID)), map: None },
    }
}

/// Returns the parts of an exported map's stream.
///
/// # Panics
/// If numbers and texts cannot be written as JSON.
pub(super) fn exported(machine: &Machine, id: &str) -> Vec<api::ExportMapResponse> {
    let end =
        |result| api::ExportMapResponse { response: Some(Part::EndOfStream(EndOfStream { result: Some(result) })) };
    let Some(index) = find(machine, id) else { return vec![end(failure(codes::INVALID))] };
    let known = &machine.maps[index];
    let png = machine.world.map(known.floor).png.to_vec();
    let file = File { kind: KIND.to_owned(), name: known.name.clone(), floor: known.floor, png };
    let content = bytes::Bytes::from(serde_json::to_vec(&file).expect("numbers and texts are JSON"));
    let pieces = (0..content.len()).step_by(PIECE).map(|from| {
        let data = content.slice(from..content.len().min(from + PIECE));
        api::ExportMapResponse { response: Some(Part::MiddleOfStream(MiddleOfStream { data })) }
    });
    pieces.chain([end(SUCCESS)]).collect()
}

/// Adds a piece of a file that is imported.
pub(super) fn append(content: &mut Vec<u8>, piece: &[u8]) -> Result<(), Status> {
    if content.len() + piece.len() > LONGEST {
        return Err(Status::resource_exhausted("the map is too large"));
    }
    content.extend_from_slice(piece);
    Ok(())
}

/// Adds a map to the robot's.
pub(super) fn import(machine: &mut Machine, content: &[u8]) -> api::ImportMapResponse {
    let file = serde_json::from_slice::<File>(content).ok();
    match file.filter(|file| file.kind == KIND && file.floor < 2) {
        Some(file) => {
            let map_id = machine.add_map(file.name, file.floor);
            api::ImportMapResponse { result: Some(SUCCESS), map_id }
        }
        None => api::ImportMapResponse { result: Some(failure(codes::INVALID)), map_id: String::new() },
    }
}
