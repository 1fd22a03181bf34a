//! The robot's side of the wire: each call takes what it needs from the machine and answers.
//!
//! Getters follow one rule: whoever names the cursor of what it knows already waits until there is something newer, at most as
//! long as the robot holds a call, which then ends with `CANCELLED`; everybody else is answered at once.

mod answers;
mod maps;
mod senses;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use robot::api;
use robot::api::kachaka_api_server::KachakaApi;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::codes;
use super::core::Core;
use super::machine::{Machine, Topic};
use super::task::SHELF;
use crate::building::view::Side;
use crate::robot::machine::commands::{SUCCESS, failure};

/// What a robot says it runs.
const VERSION: &str = "3.17.5";

type Answer<T> = Result<Response<T>, Status>;
type Get = Request<api::GetRequest>;
type Meta = Option<api::Metadata>;

/// The service of one robot.
#[derive(Debug)]
pub(super) struct Service {
    core: Arc<Core>,
}

fn cursor_of(request: &Get) -> i64 {
    request.get_ref().metadata.as_ref().map_or(0, |metadata| metadata.cursor)
}

fn held_too_long() -> Status {
    Status::cancelled("there was nothing new for too long")
}

impl Service {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Answers a getter.
    async fn get<T>(
        &self,
        call: &'static str,
        request: Get,
        topic: Topic,
        make: impl Fn(&Machine, Meta) -> T,
    ) -> Answer<T> {
        self.get_if(call, request, topic, |machine, metadata| Some(make(machine, metadata))).await
    }

    /// Answers a getter whose value may not exist yet.
    async fn get_if<T>(
        &self,
        call: &'static str,
        request: Get,
        topic: Topic,
        make: impl Fn(&Machine, Meta) -> Option<T>,
    ) -> Answer<T> {
        self.core.enter(call).await;
        let known = cursor_of(&request);
        let mut changes = self.core.changes();
        let deadline = Instant::now() + self.core.hold;
        loop {
            let newer = {
                let machine = self.core.machine();
                let cursor = machine.cursor(topic);
                let is_newer = cursor != known;
                is_newer.then(|| make(&machine, Some(api::Metadata { cursor }))).flatten()
            };
            if let Some(answer) = newer {
                return Ok(Response::new(answer));
            }
            // The sender lives as long as the service.
            if timeout_at(deadline, changes.changed()).await.is_err() {
                return Err(held_too_long());
            }
        }
    }

    /// Does something to the machine.
    async fn change<T>(&self, call: &'static str, act: impl FnOnce(&mut Machine) -> T) -> Answer<T> {
        self.core.enter(call).await;
        Ok(Response::new(self.core.change(act)))
    }

    /// Returns a picture of a camera.
    async fn picture(
        &self,
        call: &'static str,
        request: Get,
        side: Side,
    ) -> Result<Arc<super::cameras::Taken>, Status> {
        self.core.enter(call).await;
        let look = || {
            let scene = super::sensors::Scene::of(&self.core.machine());
            move |side| scene.picture(side)
        };
        let picture = self.core.camera(side).picture(cursor_of(&request), look);
        timeout(self.core.hold, picture).await.map_err(|_| held_too_long())
    }
}

#[tonic::async_trait]
impl KachakaApi for Service {
    async fn get_robot_serial_number(&self, request: Get) -> Answer<api::GetRobotSerialNumberResponse> {
        self.get("GetRobotSerialNumber", request, Topic::Identity, |machine, metadata| {
            api::GetRobotSerialNumberResponse { metadata, serial_number: machine.identity.serial.clone() }
        })
        .await
    }

    async fn get_robot_version(&self, request: Get) -> Answer<api::GetRobotVersionResponse> {
        self.get("GetRobotVersion", request, Topic::Identity, |_, metadata| api::GetRobotVersionResponse {
            metadata,
            version: VERSION.to_owned(),
        })
        .await
    }

    async fn is_ready(&self, _: Request<api::EmptyRequest>) -> Answer<api::IsReadyResponse> {
        // It says so even while a fault keeps it from moving, as the real one does.
        self.change("IsReady", |_| api::IsReadyResponse { ready: true }).await
    }

    async fn restart_robot(&self, _: Request<api::EmptyRequest>) -> Answer<api::RestartRobotResponse> {
        self.core.enter("RestartRobot").await;
        let core = Arc::clone(&self.core);
        tokio::spawn(async move {
            // The answer is to get out first.
            tokio::time::sleep(Duration::from_millis(200)).await;
            core.reboot();
        });
        Ok(Response::new(api::RestartRobotResponse { result: Some(SUCCESS) }))
    }

    async fn get_robot_pose(&self, request: Get) -> Answer<api::GetRobotPoseResponse> {
        self.get("GetRobotPose", request, Topic::Pose, |machine, metadata| api::GetRobotPoseResponse {
            metadata,
            pose: Some(answers::pose(machine.told)),
        })
        .await
    }

    async fn set_robot_pose(&self, request: Request<api::SetRobotPoseRequest>) -> Answer<api::SetRobotPoseResponse> {
        let pose = request.into_inner().pose.map(answers::from_pose);
        self.change("SetRobotPose", |machine| {
            let result = pose.map_or(failure(codes::INVALID), |pose| {
                machine.set_pose(pose);
                SUCCESS
            });
            api::SetRobotPoseResponse { result: Some(result) }
        })
        .await
    }

    async fn get_battery_info(&self, request: Get) -> Answer<api::GetBatteryInfoResponse> {
        self.get("GetBatteryInfo", request, Topic::Battery, answers::battery).await
    }

    async fn get_error(&self, request: Get) -> Answer<api::GetErrorResponse> {
        self.get("GetError", request, Topic::Errors, |machine, metadata| api::GetErrorResponse {
            metadata,
            error_codes: machine.errors(),
        })
        .await
    }

    async fn get_robot_error_code_json(
        &self,
        _: Request<api::EmptyRequest>,
    ) -> Answer<api::GetRobotErrorCodeJsonResponse> {
        let json = codes::table();
        self.change("GetRobotErrorCodeJson", |_| api::GetRobotErrorCodeJsonResponse { json, result: Some(SUCCESS) })
            .await
    }

    async fn start_command(&self, request: Request<api::StartCommandRequest>) -> Answer<api::StartCommandResponse> {
        self.change("StartCommand", |machine| match machine.start(request.into_inner()) {
            Ok(command_id) => api::StartCommandResponse { result: Some(SUCCESS), command_id },
            Err(code) => api::StartCommandResponse { result: Some(failure(code)), command_id: String::new() },
        })
        .await
    }

    async fn cancel_command(&self, _: Request<api::EmptyRequest>) -> Answer<api::CancelCommandResponse> {
        self.change("CancelCommand", |machine| api::CancelCommandResponse {
            command: machine.cancel(),
            result: Some(SUCCESS),
        })
        .await
    }

    async fn proceed(&self, _: Request<api::EmptyRequest>) -> Answer<api::ProceedResponse> {
        self.change("Proceed", |machine| api::ProceedResponse { result: Some(machine.proceed()) }).await
    }

    async fn get_command_state(&self, request: Get) -> Answer<api::GetCommandStateResponse> {
        self.get("GetCommandState", request, Topic::Command, answers::command_state).await
    }

    async fn get_last_command_result(&self, request: Get) -> Answer<api::GetLastCommandResultResponse> {
        self.get("GetLastCommandResult", request, Topic::Result, answers::last_result).await
    }

    async fn get_history_list(&self, request: Get) -> Answer<api::GetHistoryListResponse> {
        self.get("GetHistoryList", request, Topic::History, |machine, metadata| api::GetHistoryListResponse {
            metadata,
            histories: machine.history.iter().rev().cloned().collect(),
        })
        .await
    }

    async fn get_shortcuts(&self, request: Get) -> Answer<api::GetShortcutsResponse> {
        self.get("GetShortcuts", request, Topic::Identity, |_, metadata| api::GetShortcutsResponse {
            metadata,
            shortcuts: answers::shortcuts(),
        })
        .await
    }

    async fn start_shortcut_command(
        &self,
        request: Request<api::StartShortcutCommandRequest>,
    ) -> Answer<api::StartShortcutCommandResponse> {
        let request = request.into_inner();
        self.change("StartShortcutCommand", |machine| {
            let started = answers::shortcut(&request.target_shortcut_id).ok_or(codes::INVALID).and_then(|command| {
                let command = Some(command);
                machine.start(api::StartCommandRequest {
                    command,
                    cancel_all: request.cancel_all,
                    ..Default::default()
                })
            });
            let result = started.map_or_else(failure, |_| SUCCESS);
            api::StartShortcutCommandResponse { result: Some(result) }
        })
        .await
    }

    async fn set_emergency_stop(&self, _: Request<api::EmptyRequest>) -> Answer<api::SetEmergencyStopResponse> {
        self.change("SetEmergencyStop", |machine| {
            machine.stop_for_emergency();
            api::SetEmergencyStopResponse { result: Some(SUCCESS) }
        })
        .await
    }

    async fn set_auto_homing_enabled(
        &self,
        request: Request<api::SetAutoHomingEnabledRequest>,
    ) -> Answer<api::SetAutoHomingEnabledResponse> {
        self.change("SetAutoHomingEnabled", |machine| {
            machine.set_auto_homing(request.into_inner().enable);
            api::SetAutoHomingEnabledResponse { result: Some(SUCCESS) }
        })
        .await
    }

    async fn get_auto_homing_enabled(&self, request: Get) -> Answer<api::GetAutoHomingEnabledResponse> {
        self.get("GetAutoHomingEnabled", request, Topic::Homing, |machine, metadata| {
            api::GetAutoHomingEnabledResponse { metadata, enabled: machine.auto_homing }
        })
        .await
    }

    async fn set_manual_control_enabled(
        &self,
        request: Request<api::SetManualControlEnabledRequest>,
    ) -> Answer<api::SetManualControlEnabledResponse> {
        self.change("SetManualControlEnabled", |machine| api::SetManualControlEnabledResponse {
            result: Some(machine.set_manual(request.into_inner().enable)),
        })
        .await
    }

    async fn get_manual_control_enabled(&self, request: Get) -> Answer<api::GetManualControlEnabledResponse> {
        self.get("GetManualControlEnabled", request, Topic::Manual, |machine, metadata| {
            api::GetManualControlEnabledResponse { metadata, enabled: machine.manual.is_some() }
        })
        .await
    }

    async fn set_robot_velocity(
        &self,
        request: Request<api::SetRobotVelocityRequest>,
    ) -> Answer<api::SetRobotVelocityResponse> {
        let api::SetRobotVelocityRequest { linear, angular } = request.into_inner();
        self.change("SetRobotVelocity", |machine| api::SetRobotVelocityResponse {
            result: Some(machine.set_velocity(linear, angular)),
        })
        .await
    }

    async fn get_locations(&self, request: Get) -> Answer<api::GetLocationsResponse> {
        self.get("GetLocations", request, Topic::Places, answers::locations).await
    }

    async fn get_locations_digest(&self, request: Get) -> Answer<api::GetLocationsDigestResponse> {
        self.get("GetLocationsDigest", request, Topic::Places, answers::locations_digest).await
    }

    async fn get_shelves(&self, request: Get) -> Answer<api::GetShelvesResponse> {
        self.get("GetShelves", request, Topic::Shelf, answers::shelves).await
    }

    async fn get_shelves_digest(&self, request: Get) -> Answer<api::GetShelvesDigestResponse> {
        self.get("GetShelvesDigest", request, Topic::Shelf, answers::shelves_digest).await
    }

    async fn get_moving_shelf_id(&self, request: Get) -> Answer<api::GetMovingShelfIdResponse> {
        self.get("GetMovingShelfId", request, Topic::Shelf, |machine, metadata| {
            let shelf_id = if machine.carries_shelf { SHELF.to_owned() } else { String::new() };
            api::GetMovingShelfIdResponse { metadata, shelf_id }
        })
        .await
    }

    async fn reset_shelf_pose(
        &self,
        request: Request<api::ResetShelfPoseRequest>,
    ) -> Answer<api::ResetShelfPoseResponse> {
        let is_known = request.get_ref().shelf_id == SHELF;
        self.change("ResetShelfPose", |machine| {
            let result = if is_known { answers::reset_shelf(machine) } else { failure(codes::NO_SUCH_SHELF) };
            api::ResetShelfPoseResponse { result: Some(result) }
        })
        .await
    }

    async fn get_png_map(&self, request: Get) -> Answer<api::GetPngMapResponse> {
        self.get("GetPngMap", request, Topic::Map, |machine, metadata| api::GetPngMapResponse {
            metadata,
            map: Some(maps::map(machine, machine.map)),
        })
        .await
    }

    async fn get_current_map_id(&self, request: Get) -> Answer<api::GetCurrentMapIdResponse> {
        self.get("GetCurrentMapId", request, Topic::Map, |machine, metadata| api::GetCurrentMapIdResponse {
            metadata,
            id: machine.maps[machine.map].id.clone(),
        })
        .await
    }

    async fn get_map_list(&self, request: Get) -> Answer<api::GetMapListResponse> {
        self.get("GetMapList", request, Topic::Map, maps::list).await
    }

    async fn load_map_preview(
        &self,
        request: Request<api::LoadMapPreviewRequest>,
    ) -> Answer<api::LoadMapPreviewResponse> {
        self.change("LoadMapPreview", |machine| maps::preview(machine, &request.get_ref().map_id)).await
    }

    async fn switch_map(&self, request: Request<api::SwitchMapRequest>) -> Answer<api::SwitchMapResponse> {
        let request = request.into_inner();
        self.change("SwitchMap", |machine| {
            let switched = machine.switch_map(&request.map_id, request.initial_pose.map(answers::from_pose));
            let result = if switched { SUCCESS } else { failure(codes::INVALID) };
            api::SwitchMapResponse { result: Some(result) }
        })
        .await
    }

    async fn export_map(&self, request: Request<api::ExportMapRequest>) -> Answer<BoxStream<api::ExportMapResponse>> {
        self.core.enter("ExportMap").await;
        let parts = maps::exported(&self.core.machine(), &request.get_ref().map_id);
        Ok(Response::new(Box::pin(futures::stream::iter(parts.into_iter().map(Ok)))))
    }

    async fn import_map(&self, request: Request<Streaming<api::ImportMapRequest>>) -> Answer<api::ImportMapResponse> {
        self.core.enter("ImportMap").await;
        let mut parts = request.into_inner();
        let mut content = Vec::new();
        while let Some(part) = parts.next().await {
            maps::append(&mut content, &part?.data)?;
        }
        Ok(Response::new(self.core.change(|machine| maps::import(machine, &content))))
    }

    async fn get_front_camera_ros_camera_info(&self, request: Get) -> Answer<api::GetFrontCameraRosCameraInfoResponse> {
        self.get("GetFrontCameraRosCameraInfo", request, Topic::Identity, |_, metadata| {
            let camera_info = Some(senses::camera_info(senses::FRONT));
            api::GetFrontCameraRosCameraInfoResponse { metadata, camera_info }
        })
        .await
    }

    async fn get_front_camera_ros_image(&self, request: Get) -> Answer<api::GetFrontCameraRosImageResponse> {
        let taken = self.picture("GetFrontCameraRosImage", request, Side::Front).await?;
        let (metadata, image) = senses::image(&taken, senses::FRONT);
        Ok(Response::new(api::GetFrontCameraRosImageResponse { metadata, image }))
    }

    async fn get_front_camera_ros_compressed_image(
        &self,
        request: Get,
    ) -> Answer<api::GetFrontCameraRosCompressedImageResponse> {
        let taken = self.picture("GetFrontCameraRosCompressedImage", request, Side::Front).await?;
        let (metadata, image) = senses::compressed(&taken, senses::FRONT);
        Ok(Response::new(api::GetFrontCameraRosCompressedImageResponse { metadata, image }))
    }

    async fn get_back_camera_ros_camera_info(&self, request: Get) -> Answer<api::GetBackCameraRosCameraInfoResponse> {
        self.get("GetBackCameraRosCameraInfo", request, Topic::Identity, |_, metadata| {
            api::GetBackCameraRosCameraInfoResponse { metadata, camera_info: Some(senses::camera_info(senses::BACK)) }
        })
        .await
    }

    async fn get_back_camera_ros_image(&self, request: Get) -> Answer<api::GetBackCameraRosImageResponse> {
        let taken = self.picture("GetBackCameraRosImage", request, Side::Back).await?;
        let (metadata, image) = senses::image(&taken, senses::BACK);
        Ok(Response::new(api::GetBackCameraRosImageResponse { metadata, image }))
    }

    async fn get_back_camera_ros_compressed_image(
        &self,
        request: Get,
    ) -> Answer<api::GetBackCameraRosCompressedImageResponse> {
        let taken = self.picture("GetBackCameraRosCompressedImage", request, Side::Back).await?;
        let (metadata, image) = senses::compressed(&taken, senses::BACK);
        Ok(Response::new(api::GetBackCameraRosCompressedImageResponse { metadata, image }))
    }

    async fn get_tof_camera_ros_camera_info(&self, request: Get) -> Answer<api::GetTofCameraRosCameraInfoResponse> {
        self.get("GetTofCameraRosCameraInfo", request, Topic::Identity, |_, metadata| {
            api::GetTofCameraRosCameraInfoResponse { metadata, camera_info: Some(senses::tof_info()) }
        })
        .await
    }

    async fn get_tof_camera_ros_image(&self, request: Get) -> Answer<api::GetTofCameraRosImageResponse> {
        self.get("GetTofCameraRosImage", request, Topic::Detection, senses::tof_image).await
    }

    async fn get_tof_camera_ros_compressed_image(
        &self,
        request: Get,
    ) -> Answer<api::GetTofCameraRosCompressedImageResponse> {
        self.get("GetTofCameraRosCompressedImage", request, Topic::Detection, senses::tof_compressed).await
    }

    async fn get_object_detection(&self, request: Get) -> Answer<api::GetObjectDetectionResponse> {
        self.get("GetObjectDetection", request, Topic::Detection, senses::objects).await
    }

    async fn activate_laser_scan(
        &self,
        request: Request<api::ActivateLaserScanRequest>,
    ) -> Answer<api::ActivateLaserScanResponse> {
        let seconds = request.get_ref().duration_sec.clamp(0.0, 3600.0);
        let until = self.core.seconds() + seconds;
        self.change("ActivateLaserScan", |machine| {
            machine.scan_until = until;
            api::ActivateLaserScanResponse { result: Some(SUCCESS) }
        })
        .await
    }

    async fn get_ros_laser_scan(&self, request: Get) -> Answer<api::GetRosLaserScanResponse> {
        self.get_if("GetRosLaserScan", request, Topic::Scan, senses::scan).await
    }

    async fn get_ros_imu(&self, request: Get) -> Answer<api::GetRosImuResponse> {
        self.get("GetRosImu", request, Topic::Pose, senses::imu).await
    }

    async fn get_ros_odometry(&self, request: Get) -> Answer<api::GetRosOdometryResponse> {
        self.get("GetRosOdometry", request, Topic::Pose, |machine, metadata| api::GetRosOdometryResponse {
            metadata,
            odometry: Some(senses::odometry(machine)),
        })
        .await
    }

    async fn get_ros_wheel_odometry(&self, request: Get) -> Answer<api::GetRosWheelOdometryResponse> {
        self.get("GetRosWheelOdometry", request, Topic::Pose, |machine, metadata| api::GetRosWheelOdometryResponse {
            metadata,
            odometry: Some(senses::odometry(machine)),
        })
        .await
    }

    async fn get_static_transform(&self, request: Get) -> Answer<api::GetStaticTransformResponse> {
        self.get("GetStaticTransform", request, Topic::Identity, |machine, metadata| {
            let transforms = super::sensors::static_transforms(machine.now_ms * 1_000_000);
            api::GetStaticTransformResponse { metadata, transforms }
        })
        .await
    }

    async fn get_dynamic_transform(
        &self,
        _: Request<api::EmptyRequest>,
    ) -> Answer<BoxStream<api::GetDynamicTransformResponse>> {
        self.core.enter("GetDynamicTransform").await;
        let core = Arc::clone(&self.core);
        let ticks = futures::stream::unfold(tokio::time::interval(Duration::from_millis(100)), |mut ticks| async {
            ticks.tick().await;
            Some(((), ticks))
        });
        Ok(Response::new(Box::pin(ticks.map(move |()| Ok(senses::dynamic_transform(&core.machine()))))))
    }

    async fn set_front_torch_intensity(
        &self,
        request: Request<api::SetFrontTorchIntensityRequest>,
    ) -> Answer<api::SetFrontTorchIntensityResponse> {
        let intensity = request.get_ref().intensity;
        self.change("SetFrontTorchIntensity", |machine| {
            let result = Some(answers::set_torch(machine, Side::Front, intensity));
            api::SetFrontTorchIntensityResponse { result }
        })
        .await
    }

    async fn set_back_torch_intensity(
        &self,
        request: Request<api::SetBackTorchIntensityRequest>,
    ) -> Answer<api::SetBackTorchIntensityResponse> {
        let intensity = request.get_ref().intensity;
        self.change("SetBackTorchIntensity", |machine| {
            let result = Some(answers::set_torch(machine, Side::Back, intensity));
            api::SetBackTorchIntensityResponse { result }
        })
        .await
    }

    async fn get_speaker_volume(&self, request: Get) -> Answer<api::GetSpeakerVolumeResponse> {
        self.get("GetSpeakerVolume", request, Topic::Volume, |machine, metadata| api::GetSpeakerVolumeResponse {
            metadata,
            volume: machine.volume,
        })
        .await
    }

    async fn set_speaker_volume(
        &self,
        request: Request<api::SetSpeakerVolumeRequest>,
    ) -> Answer<api::SetSpeakerVolumeResponse> {
        self.change("SetSpeakerVolume", |machine| api::SetSpeakerVolumeResponse {
            result: Some(machine.set_volume(request.get_ref().volume)),
        })
        .await
    }
}
