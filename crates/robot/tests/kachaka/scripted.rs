//! A robot without a body: its state is what the test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use robot::api::kachaka_api_server::{KachakaApi, KachakaApiServer};
use robot::api::{self, EmptyRequest, GetRequest};
use robot::{Outcome, Pose};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

const TABLE: &str = r#"[
    {"code": 19001, "error_type": "Error", "title": "", "description": "", "title_en": "Cannot reach the destination",
     "description_en": "", "ref_url": ""},
    {"code": 21051, "error_type": "Recoverable", "title": "", "description": "", "title_en": "Paused",
     "description_en": "Press the power button.", "ref_url": ""}
]"#;

#[derive(Debug, Clone, Default)]
struct State {
    /// Counts all changes; the cursor of everything.
    cursor: i64,
    pose: Pose,
    running: Option<String>,
    last: Option<(String, Outcome)>,
    refusal: Option<i32>,
    told: Vec<api::StartCommandRequest>,
    held_calls_end: Option<Duration>,
    map: String,
    next_map: Option<String>,
    picture: (Vec<u8>, i64),
    table_asked: usize,
}

pub(crate) struct Scripted {
    address: SocketAddr,
    state: watch::Sender<State>,
}

impl Scripted {
    pub(crate) async fn serve() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("is bound");
        let scripted = Arc::new(Self { address, state: watch::Sender::new(State { cursor: 7, ..State::default() }) });
        let service = KachakaApiServer::from_arc(Arc::clone(&scripted));
        let serving = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        // It ends with the test's runtime.
        tokio::spawn(serving);
        scripted
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(|state| {
            state.cursor += 1;
            change(state);
        });
    }

    pub(crate) fn run(&self, id: &str) {
        self.change(|state| state.running = Some(id.to_owned()));
    }

    pub(crate) fn finish(&self, id: &str, outcome: Outcome) {
        self.change(|state| (state.running, state.last) = (None, Some((id.to_owned(), outcome))));
    }

    pub(crate) fn refuse(&self, code: i32) {
        self.change(|state| state.refusal = Some(code));
    }

    pub(crate) fn stand(&self, pose: Pose) {
        self.change(|state| state.pose = pose);
    }

    pub(crate) fn end_held_calls_after(&self, time: Duration) {
        self.change(|state| state.held_calls_end = Some(time));
    }

    pub(crate) fn use_map(&self, id: &str) {
        self.change(|state| state.map = id.to_owned());
    }

    pub(crate) fn switch_map_when_fetched(&self, id: &str) {
        self.change(|state| state.next_map = Some(id.to_owned()));
    }

    pub(crate) fn see(&self, picture: &[u8], stamp_nsec: i64) {
        self.change(|state| state.picture = (picture.to_vec(), stamp_nsec));
    }

    pub(crate) fn told(&self) -> Vec<api::StartCommandRequest> {
        self.state.borrow().told.clone()
    }

    pub(crate) fn table_asked(&self) -> usize {
        self.state.borrow().table_asked
    }

    /// Holds a call until there is something newer than what was seen.
    async fn newer(&self, request: Request<GetRequest>) -> Result<State, Status> {
        let seen = request.into_inner().metadata.map_or(0, |metadata| metadata.cursor);
        let mut state = self.state.subscribe();
        let end = state.borrow().held_calls_end.unwrap_or(Duration::from_secs(3600));
        let newer = tokio::time::timeout(end, state.wait_for(|state| seen == 0 || state.cursor != seen)).await;
        let newer = newer.map_err(|_| Status::cancelled("held too long"))?;
        Ok(newer.expect("the sender lives").clone())
    }
}

fn metadata(state: &State) -> Option<api::Metadata> {
    Some(api::Metadata { cursor: state.cursor })
}

fn success() -> Option<api::Result> {
    Some(api::Result { success: true, error_code: 0 })
}

#[tonic::async_trait]
impl KachakaApi for Scripted {
    async fn get_robot_pose(
        &self,
        request: Request<GetRequest>,
    ) -> Result<Response<api::GetRobotPoseResponse>, Status> {
        let state = self.newer(request).await?;
        Ok(Response::new(api::GetRobotPoseResponse { metadata: metadata(&state), pose: Some(state.pose.into()) }))
    }

    async fn get_battery_info(&self, _: Request<GetRequest>) -> Result<Response<api::GetBatteryInfoResponse>, Status> {
        Ok(Response::new(api::GetBatteryInfoResponse { remaining_percentage: 80.0, ..Default::default() }))
    }

    async fn get_command_state(
        &self,
        request: Request<GetRequest>,
    ) -> Result<Response<api::GetCommandStateResponse>, Status> {
        let state = self.newer(request).await?;
        let running = state.running.is_some();
        let told = if running { api::CommandState::Running } else { api::CommandState::Pending };
        Ok(Response::new(api::GetCommandStateResponse {
            metadata: metadata(&state),
            state: told.into(),
            command_id: state.running.unwrap_or_default(),
            ..Default::default()
        }))
    }

    async fn get_last_command_result(
        &self,
        request: Request<GetRequest>,
    ) -> Result<Response<api::GetLastCommandResultResponse>, Status> {
        let state = self.newer(request).await?;
        let metadata = metadata(&state);
        let (command_id, result) = match state.last {
            Some((id, outcome)) => (id, Some(api::Result { success: outcome.success, error_code: outcome.error_code })),
            None => (String::new(), None),
        };
        Ok(Response::new(api::GetLastCommandResultResponse { metadata, result, command_id, ..Default::default() }))
    }

    async fn start_command(
        &self,
        request: Request<api::StartCommandRequest>,
    ) -> Result<Response<api::StartCommandResponse>, Status> {
        let refusal = self.state.borrow().refusal;
        if let Some(error_code) = refusal {
            let result = Some(api::Result { success: false, error_code });
            return Ok(Response::new(api::StartCommandResponse { result, command_id: String::new() }));
        }
        self.change(|state| state.told.push(request.into_inner()));
        let command_id = format!("command {}", self.state.borrow().told.len());
        Ok(Response::new(api::StartCommandResponse { result: success(), command_id }))
    }

    async fn get_robot_error_code_json(
        &self,
        _: Request<EmptyRequest>,
    ) -> Result<Response<api::GetRobotErrorCodeJsonResponse>, Status> {
        self.change(|state| state.table_asked += 1);
        Ok(Response::new(api::GetRobotErrorCodeJsonResponse { json: TABLE.to_owned(), result: success() }))
    }

    async fn get_current_map_id(
        &self,
        _: Request<GetRequest>,
    ) -> Result<Response<api::GetCurrentMapIdResponse>, Status> {
        let id = self.state.borrow().map.clone();
        Ok(Response::new(api::GetCurrentMapIdResponse { metadata: None, id }))
    }

    async fn get_png_map(&self, _: Request<GetRequest>) -> Result<Response<api::GetPngMapResponse>, Status> {
        let name = format!("map {}", self.state.borrow().map);
        self.change(|state| {
            if let Some(next) = state.next_map.take() {
                state.map = next;
            }
        });
        let map = api::Map { name, data: "png".into(), ..Default::default() };
        Ok(Response::new(api::GetPngMapResponse { metadata: None, map: Some(map) }))
    }

    async fn get_front_camera_ros_compressed_image(
        &self,
        _: Request<GetRequest>,
    ) -> Result<Response<api::GetFrontCameraRosCompressedImageResponse>, Status> {
        let (data, stamp_nsec) = self.state.borrow().picture.clone();
        let header = Some(api::RosHeader { stamp_nsec, frame_id: "camera_front".to_owned() });
        let image = api::RosCompressedImage { header, format: "jpeg".to_owned(), data: data.into() };
        Ok(Response::new(api::GetFrontCameraRosCompressedImageResponse { metadata: None, image: Some(image) }))
    }
}
