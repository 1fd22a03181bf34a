//! What a Kachaka can do beyond what every robot can: in the words of its own protocol.

use bytes::{Bytes, BytesMut};

use super::{Kachaka, accepted, ask, get, present};
use crate::{Camera, Map, MapEntry, MapId, Pose, RobotError, api};

/// A map goes over the wire in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// The robot itself.
impl Kachaka {
    /// Restarts the robot's software.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn restart(&self) -> Result<(), RobotError> {
        accepted("restart_robot", ask!(self.restart_robot(api::EmptyRequest {})).await?.result)
    }

    /// Tells the robot where it is.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn set_pose(&self, pose: Pose) -> Result<(), RobotError> {
        let request = api::SetRobotPoseRequest { pose: Some(pose.into()) };
        accepted("set_robot_pose", ask!(self.set_robot_pose(request)).await?.result)
    }

    /// Returns whether the robot goes home by itself.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn is_auto_homing(&self) -> Result<bool, RobotError> {
        Ok(ask!(self.get_auto_homing_enabled(get())).await?.enabled)
    }

    /// Returns whether the robot can be driven by hand now.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn is_manual_control(&self) -> Result<bool, RobotError> {
        Ok(ask!(self.get_manual_control_enabled(get())).await?.enabled)
    }

    /// Confirms what the robot waits for.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn proceed(&self) -> Result<(), RobotError> {
        accepted("proceed", ask!(self.proceed(api::EmptyRequest {})).await?.result)
    }

    /// Returns the commands of the past.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn past_commands(&self) -> Result<Vec<api::History>, RobotError> {
        Ok(ask!(self.get_history_list(get())).await?.histories)
    }

    /// Returns the commands that were given a name.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn shortcuts(&self) -> Result<Vec<api::Shortcut>, RobotError> {
        Ok(ask!(self.get_shortcuts(get())).await?.shortcuts)
    }

    /// Begins a command that was given a name.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn start_shortcut(&self, id: &str) -> Result<(), RobotError> {
        let request = api::StartShortcutCommandRequest { target_shortcut_id: id.to_owned(), cancel_all: true };
        accepted("start_shortcut_command", ask!(self.start_shortcut_command(request)).await?.result)
    }
}

/// Places, shelves and maps.
impl Kachaka {
    /// Returns the names of the places that the robot knows.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn location_names(&self) -> Result<Vec<api::LocationDigest>, RobotError> {
        Ok(ask!(self.get_locations_digest(get())).await?.locations)
    }

    /// Returns the shelves that the robot knows.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn shelves(&self) -> Result<Vec<api::Shelf>, RobotError> {
        Ok(ask!(self.get_shelves(get())).await?.shelves)
    }

    /// Returns the names of the shelves that the robot knows.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn shelf_names(&self) -> Result<Vec<api::ShelfDigest>, RobotError> {
        Ok(ask!(self.get_shelves_digest(get())).await?.shelves)
    }

    /// Returns the id of the shelf that the robot carries.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn moving_shelf(&self) -> Result<Option<String>, RobotError> {
        let id = ask!(self.get_moving_shelf_id(get())).await?.shelf_id;
        Ok((!id.is_empty()).then_some(id))
    }

    /// Makes the robot forget where a shelf is.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn forget_shelf(&self, id: &str) -> Result<(), RobotError> {
        let request = api::ResetShelfPoseRequest { shelf_id: id.to_owned() };
        accepted("reset_shelf_pose", ask!(self.reset_shelf_pose(request)).await?.result)
    }

    /// Returns the maps that the robot holds.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn maps(&self) -> Result<Vec<MapEntry>, RobotError> {
        let entries = ask!(self.get_map_list(get())).await?.map_list_entries;
        Ok(entries.into_iter().map(|entry| MapEntry { id: MapId(entry.id), name: entry.name }).collect())
    }

    /// Returns a map that the robot holds and need not use.
    ///
    /// # Errors
    /// If the robot is away or has no such map.
    pub async fn map_of(&self, id: MapId) -> Result<Map, RobotError> {
        let answer = ask!(self.load_map_preview(api::LoadMapPreviewRequest { map_id: id.0.clone() })).await?;
        accepted("load_map_preview", answer.result)?;
        Ok(Map::from_wire(id, present("load_map_preview", "a map", answer.map)?))
    }

    /// Lets the robot use another map, on which it is at `pose`.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn switch_map(&self, id: &MapId, pose: Pose) -> Result<(), RobotError> {
        let request =
            api::SwitchMapRequest { map_id: id.0.clone(), initial_pose: Some(pose.into()), ..Default::default() };
        accepted("switch_map", ask!(self.switch_map(request)).await?.result)
    }

    /// Returns a map with everything that belongs to it, as the robot keeps it.
    ///
    /// # Errors
    /// If the robot is away, refuses, or ends too early.
    pub async fn export_map(&self, id: &MapId) -> Result<Bytes, RobotError> {
        use api::export_map_response::Response;

        let call = "export_map";
        let request = api::ExportMapRequest { map_id: id.0.clone() };
        let mut pieces = ask!(self.export_map(request)).await?;
        let mut whole = BytesMut::new();
        loop {
            let piece = tokio::time::timeout(self.limits.plain, pieces.message()).await;
            let piece = piece.map_err(|_| RobotError::TimedOut { call, limit: self.limits.plain })?;
            let piece = piece.map_err(|status| RobotError::Failed { call, reason: status.message().to_owned() })?;
            match present(call, "the end", piece.and_then(|piece| piece.response))? {
                Response::MiddleOfStream(middle) => whole.extend_from_slice(&middle.data),
                Response::EndOfStream(end) => return accepted(call, end.result).map(|()| whole.freeze()),
            }
        }
    }

    /// Gives the robot a map that [`Self::export_map`] returned.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn import_map(&self, map: Bytes) -> Result<MapId, RobotError> {
        let pieces: Vec<_> = pieces(map).map(|data| api::ImportMapRequest { data }).collect();
        let answer = ask!(self.import_map(futures::stream::iter(pieces))).await?;
        accepted("import_map", answer.result)?;
        Ok(MapId(answer.map_id))
    }

    /// Gives the robot a picture as a map.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn import_picture_as_map(
        &self,
        picture: Bytes,
        charger: Pose,
        resolution: f64,
    ) -> Result<MapId, RobotError> {
        let piece = |data| api::ImportImageAsMapRequest { data, charger_pose: Some(charger.into()), resolution };
        let pieces: Vec<_> = pieces(picture).map(piece).collect();
        let answer = ask!(self.import_image_as_map(futures::stream::iter(pieces))).await?;
        accepted("import_image_as_map", answer.result)?;
        Ok(MapId(answer.map_id))
    }
}

fn pieces(whole: Bytes) -> impl Iterator<Item = Bytes> {
    (0..whole.len()).step_by(PIECE_BYTES).map(move |at| whole.slice(at..whole.len().min(at + PIECE_BYTES)))
}

/// Eyes.
impl Kachaka {
    /// Returns the geometry of a camera.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn camera_geometry(&self, camera: Camera) -> Result<api::RosCameraInfo, RobotError> {
        let geometry = match camera {
            Camera::Front => ask!(self.get_front_camera_ros_camera_info(get())).await?.camera_info,
            Camera::Back => ask!(self.get_back_camera_ros_camera_info(get())).await?.camera_info,
        };
        present("get_camera_info", "the geometry", geometry)
    }

    /// Returns a picture of a camera, uncompressed.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn raw_picture(&self, camera: Camera) -> Result<api::RosImage, RobotError> {
        let picture = match camera {
            Camera::Front => ask!(self.get_front_camera_ros_image(get())).await?.image,
            Camera::Back => ask!(self.get_back_camera_ros_image(get())).await?.image,
        };
        present("get_image", "a picture", picture)
    }

    /// Returns a picture of the depth camera, if that is on: it is not on the charger.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn depth_picture(&self) -> Result<Option<api::RosImage>, RobotError> {
        let answer = ask!(self.get_tof_camera_ros_image(get())).await?;
        Ok(answer.image.filter(|_| answer.is_available))
    }

    /// Returns the geometry of the depth camera.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn depth_geometry(&self) -> Result<api::RosCameraInfo, RobotError> {
        let geometry = ask!(self.get_tof_camera_ros_camera_info(get())).await?.camera_info;
        present("get_tof_camera_ros_camera_info", "the geometry", geometry)
    }

    /// Turns the laser scanner on for a while.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn activate_laser(&self, seconds: f64) -> Result<(), RobotError> {
        let request = api::ActivateLaserScanRequest { duration_sec: seconds };
        accepted("activate_laser_scan", ask!(self.activate_laser_scan(request)).await?.result)
    }

    /// Returns what the laser scanner sees.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn laser_scan(&self) -> Result<api::RosLaserScan, RobotError> {
        present("get_ros_laser_scan", "a scan", ask!(self.get_ros_laser_scan(get())).await?.scan)
    }

    /// Returns what the robot's sense of balance says.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn inertia(&self) -> Result<api::RosImu, RobotError> {
        present("get_ros_imu", "a measurement", ask!(self.get_ros_imu(get())).await?.imu)
    }

    /// Returns how far the robot thinks that it went.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn odometry(&self) -> Result<api::RosOdometry, RobotError> {
        present("get_ros_odometry", "a measurement", ask!(self.get_ros_odometry(get())).await?.odometry)
    }

    /// Returns how far the robot's wheels went.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn wheel_odometry(&self) -> Result<api::RosOdometry, RobotError> {
        present("get_ros_wheel_odometry", "a measurement", ask!(self.get_ros_wheel_odometry(get())).await?.odometry)
    }

    /// Returns where the robot's parts are on it.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn static_transforms(&self) -> Result<Vec<api::RosTransformStamped>, RobotError> {
        Ok(ask!(self.get_static_transform(get())).await?.transforms)
    }

    /// Returns where the robot's moving parts are, again and again. The stream has no time limit.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn moving_transforms(&self) -> Result<tonic::Streaming<api::GetDynamicTransformResponse>, RobotError> {
        ask!(self.get_dynamic_transform(api::EmptyRequest {})).await
    }
}

/// A voice.
impl Kachaka {
    /// Returns how loud the robot speaks, 0 to 10.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn volume(&self) -> Result<i32, RobotError> {
        Ok(ask!(self.get_speaker_volume(get())).await?.volume)
    }

    /// Sets how loud the robot speaks, 0 to 10.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn set_volume(&self, volume: u8) -> Result<(), RobotError> {
        let request = api::SetSpeakerVolumeRequest { volume: volume.min(10).into() };
        accepted("set_speaker_volume", ask!(self.set_speaker_volume(request)).await?.result)
    }

    /// Returns the sounds that the robot holds.
    ///
    /// # Errors
    /// If the robot is away.
    pub async fn sounds(&self) -> Result<Vec<api::Sound>, RobotError> {
        Ok(ask!(self.get_sound_list(get())).await?.sounds)
    }

    /// Gives the robot a sound and returns its id.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn add_sound(&self, name: &str, sound: Bytes) -> Result<String, RobotError> {
        let answer = ask!(self.add_sound(api::AddSoundRequest { name: name.to_owned(), data: sound })).await?;
        accepted("add_sound", answer.result)?;
        Ok(answer.sound_id)
    }

    /// Takes a sound from the robot.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn delete_sound(&self, id: &str) -> Result<(), RobotError> {
        let request = api::DeleteSoundRequest { sound_id: id.to_owned() };
        accepted("delete_sound", ask!(self.delete_sound(request)).await?.result)
    }

    /// Plays a sound, once or until it is stopped.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn play_sound(&self, id: &str, again_and_again: bool) -> Result<(), RobotError> {
        let request = api::PlaySoundRequest { sound_id: id.to_owned(), r#loop: again_and_again };
        accepted("play_sound", ask!(self.play_sound(request)).await?.result)
    }

    /// Stops the sound that is playing.
    ///
    /// # Errors
    /// If the robot is away or refuses.
    pub async fn stop_sound(&self) -> Result<(), RobotError> {
        accepted("stop_sound", ask!(self.stop_sound(api::StopSoundRequest {})).await?.result)
    }
}
