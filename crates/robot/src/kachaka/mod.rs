//! A Kachaka robot over gRPC.

mod completion;
mod connection;
mod more;

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tracing::debug;

use crate::{
    Activity, Battery, Camera, Command, CommandId, Cursor, Fault, FaultTable, Location, Map, MapId, Object, Outcome,
    Pose, Robot, RobotError, Shot, Velocity, api,
};
use connection::Connection;

/// How often the map is asked for when it is changed in the meantime.
const MAP_ATTEMPTS: usize = 3;

/// How long the robot may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To answer a call that it does not hold.
    pub plain: Duration,
    /// To take a connection.
    pub connect: Duration,
    /// Between two signs of life while a call is held.
    pub keep_alive: Duration,
    /// To answer such a sign.
    pub keep_alive_answer: Duration,
    /// To begin a command that it took, or to tell how it ended when it is not running it any more.
    pub acceptance: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            plain: Duration::from_secs(5),
            connect: Duration::from_secs(3),
            keep_alive: Duration::from_secs(15),
            keep_alive_answer: Duration::from_secs(5),
            acceptance: Duration::from_secs(10),
        }
    }
}

/// A Kachaka robot. It may be away: the way to it is found again by itself.
#[derive(Debug)]
pub struct Kachaka {
    connection: Connection,
    limits: Limits,
    faults: OnceCell<FaultTable>,
}

/// Makes a call of the service by its name and returns the answer.
macro_rules! ask {
    ($robot:ident.$method:ident($request:expr)) => {{
        let request = $request;
        $robot.connection.call(stringify!($method), move |mut robot| async move { robot.$method(request).await })
    }};
}
use ask;

impl Kachaka {
    /// Returns the robot at `host:port`, or at the usual port of `host`. Nothing is sent yet, and the name need not exist
    /// yet either.
    ///
    /// # Errors
    /// [`RobotError::Address`] if this is no address at all.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn new(address: &str) -> Result<Self, RobotError> {
        Self::with_limits(address, Limits::default())
    }

    /// Returns the robot with time limits of one's own.
    ///
    /// # Errors
    /// [`RobotError::Address`] if this is no address at all.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn with_limits(address: &str, limits: Limits) -> Result<Self, RobotError> {
        Ok(Self { connection: Connection::new(address, limits)?, limits, faults: OnceCell::new() })
    }

    async fn fault_table(&self) -> Result<FaultTable, RobotError> {
        let answer = ask!(self.get_robot_error_code_json(api::EmptyRequest {})).await?;
        FaultTable::parse(&answer.json).map_err(|error| RobotError::Failed {
            call: "get_robot_error_code_json",
            reason: format!("the table is not understood: {error}"),
        })
    }
}

#[async_trait]
impl Robot for Kachaka {
    async fn serial_number(&self) -> Result<String, RobotError> {
        Ok(ask!(self.get_robot_serial_number(get())).await?.serial_number)
    }

    async fn version(&self) -> Result<String, RobotError> {
        Ok(ask!(self.get_robot_version(get())).await?.version)
    }

    async fn is_ready(&self) -> Result<bool, RobotError> {
        Ok(ask!(self.is_ready(api::EmptyRequest {})).await?.ready)
    }

    async fn pose(&self) -> Result<Pose, RobotError> {
        let answer = ask!(self.get_robot_pose(get())).await?;
        Ok(present("get_robot_pose", "a pose", answer.pose)?.into())
    }

    async fn next_pose(&self, known: Cursor, limit: Duration) -> Result<Option<(Pose, Cursor)>, RobotError> {
        let (call, request) = ("get_robot_pose", seen(known.0));
        let answer =
            self.connection.hold(call, limit, |mut robot| async move { robot.get_robot_pose(request).await }).await?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let pose = present(call, "a pose", answer.pose)?.into();
        Ok(Some((pose, Cursor(answer.metadata.map_or(0, |metadata| metadata.cursor)))))
    }

    async fn battery(&self) -> Result<Battery, RobotError> {
        Ok(ask!(self.get_battery_info(get())).await?.into())
    }

    async fn active_faults(&self) -> Result<Vec<i32>, RobotError> {
        Ok(ask!(self.get_error(get())).await?.error_codes)
    }

    async fn fault(&self, code: i32) -> Fault {
        match self.faults.get_or_try_init(|| self.fault_table()).await {
            Ok(table) => table.explain(code),
            Err(error) => {
                debug!(code, "cannot look up what a code means: {error}");
                Fault::unknown(code)
            }
        }
    }

    async fn map_id(&self) -> Result<MapId, RobotError> {
        Ok(MapId(ask!(self.get_current_map_id(get())).await?.id))
    }

    async fn map(&self) -> Result<Map, RobotError> {
        // The picture comes without its id: it is the one of a map only if the id was the same before and after.
        let mut id = self.map_id().await?;
        for _ in 0..MAP_ATTEMPTS {
            let map = ask!(self.get_png_map(get())).await?.map;
            let newest = self.map_id().await?;
            if newest == id {
                return Ok(Map::from_wire(id, present("get_png_map", "a map", map)?));
            }
            id = newest;
        }
        Err(RobotError::Failed { call: "get_png_map", reason: "the map is being switched".to_owned() })
    }

    async fn locations(&self) -> Result<Vec<Location>, RobotError> {
        let answer = ask!(self.get_locations(get())).await?;
        Ok(answer.locations.into_iter().map(Location::from).collect())
    }

    async fn shot(&self, camera: Camera) -> Result<Shot, RobotError> {
        let (call, image) = match camera {
            Camera::Front => {
                let answer = ask!(self.get_front_camera_ros_compressed_image(get())).await?;
                ("get_front_camera_ros_compressed_image", answer.image)
            }
            Camera::Back => {
                let answer = ask!(self.get_back_camera_ros_compressed_image(get())).await?;
                ("get_back_camera_ros_compressed_image", answer.image)
            }
        };
        let image = present(call, "a picture", image.filter(|image| !image.data.is_empty()))?;
        Ok(image.into())
    }

    async fn objects(&self) -> Result<Vec<Object>, RobotError> {
        let answer = ask!(self.get_object_detection(get())).await?;
        Ok(answer.objects.into_iter().map(Object::from).collect())
    }

    async fn activity(&self) -> Result<Activity, RobotError> {
        Ok(activity(&ask!(self.get_command_state(get())).await?))
    }

    async fn start(&self, command: Command) -> Result<CommandId, RobotError> {
        completion::start(&self.connection, command).await
    }

    async fn outcome(&self, command: &CommandId, limit: Duration) -> Result<Outcome, RobotError> {
        completion::outcome(&self.connection, command, limit, self.limits.acceptance).await
    }

    async fn cancel(&self) -> Result<(), RobotError> {
        accepted("cancel_command", ask!(self.cancel_command(api::EmptyRequest {})).await?.result)
    }

    async fn emergency_stop(&self) -> Result<(), RobotError> {
        accepted("set_emergency_stop", ask!(self.set_emergency_stop(api::EmptyRequest {})).await?.result)
    }

    async fn set_manual_control(&self, enabled: bool) -> Result<(), RobotError> {
        let request = api::SetManualControlEnabledRequest { enable: enabled, ..Default::default() };
        accepted("set_manual_control_enabled", ask!(self.set_manual_control_enabled(request)).await?.result)
    }

    async fn set_velocity(&self, velocity: Velocity) -> Result<(), RobotError> {
        let request = api::SetRobotVelocityRequest { linear: velocity.linear(), angular: velocity.angular() };
        accepted("set_robot_velocity", ask!(self.set_robot_velocity(request)).await?.result)
    }

    async fn set_auto_homing(&self, enabled: bool) -> Result<(), RobotError> {
        let request = api::SetAutoHomingEnabledRequest { enable: enabled };
        accepted("set_auto_homing_enabled", ask!(self.set_auto_homing_enabled(request)).await?.result)
    }

    async fn set_torch(&self, camera: Camera, intensity: u8) -> Result<(), RobotError> {
        let intensity = intensity.into();
        match camera {
            Camera::Front => {
                let request = api::SetFrontTorchIntensityRequest { intensity };
                accepted("set_front_torch_intensity", ask!(self.set_front_torch_intensity(request)).await?.result)
            }
            Camera::Back => {
                let request = api::SetBackTorchIntensityRequest { intensity };
                accepted("set_back_torch_intensity", ask!(self.set_back_torch_intensity(request)).await?.result)
            }
        }
    }
}

/// Asks for the newest value, at once.
fn get() -> api::GetRequest {
    api::GetRequest::default()
}

/// Asks for a value newer than the one that was seen.
fn seen(cursor: i64) -> api::GetRequest {
    api::GetRequest { metadata: Some(api::Metadata { cursor }) }
}

/// Returns what the robot says that it is doing.
fn activity(answer: &api::GetCommandStateResponse) -> Activity {
    let is_running = answer.state() == api::CommandState::Running && !answer.command_id.is_empty();
    if is_running { Activity::Running(CommandId(answer.command_id.clone())) } else { Activity::Idle }
}

/// Turns a result that says no into an error.
fn accepted(call: &'static str, result: Option<api::Result>) -> Result<(), RobotError> {
    match present(call, "a result", result)? {
        api::Result { success: true, .. } => Ok(()),
        api::Result { error_code, .. } => Err(RobotError::Refused { call, code: error_code }),
    }
}

/// Turns what is missing into an error.
fn present<T>(call: &'static str, what: &'static str, part: Option<T>) -> Result<T, RobotError> {
    part.ok_or(RobotError::Malformed { call, what })
}
