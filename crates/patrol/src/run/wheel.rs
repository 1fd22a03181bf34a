//! The robot's commands during a run: one at a time, each followed until the robot says how that very one ended.

use std::sync::Arc;
use std::time::Duration;

use chassis::Stop;
use domain::patrol::run::{Event, Fault, Ticket};
use robot::{Activity, Command, Robot, RobotError};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, warn};

/// How long the robot is asked for the end of a command in one go.
const FOLLOW: Duration = Duration::from_secs(60);
/// The pause before a robot that could not be asked is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a robot that was cancelled is asked whether it stands still.
const COAST: Duration = Duration::from_millis(100);
/// How often it is asked before it is cancelled once more.
const COASTING: u32 = 20;

/// Gives the robot one command after the other. Dropping it gives up following; the robot goes on with what it has.
pub(super) struct Wheel {
    robot: Arc<dyn Robot>,
    answers: mpsc::UnboundedSender<Event>,
    /// Held while a command is on its way to the robot: two requests at the same time could arrive in either order.
    gate: Arc<Mutex<()>>,
    current: Stop,
    following: JoinSet<()>,
}

impl Wheel {
    pub(super) fn new(robot: Arc<dyn Robot>, answers: mpsc::UnboundedSender<Event>) -> Self {
        Self { robot, answers, gate: Arc::default(), current: Stop::new(), following: JoinSet::new() }
    }

    /// Sends the robot somewhere instead of where it was going.
    pub(super) fn send(&mut self, command: Command, ticket: Ticket) {
        let stop = self.turn();
        let (robot, gate, answers) = (self.robot.clone(), self.gate.clone(), self.answers.clone());
        self.following.spawn(async move {
            let end = match begin(&*robot, command, &gate, &stop).await {
                Some(Ok(id)) => follow(&*robot, &id, &stop).await,
                Some(Err(fault)) => Some(Err(fault)),
                None => None,
            };
            let event = match end {
                Some(Ok(())) => Event::Arrived { ticket },
                Some(Err(fault)) => Event::NotArrived { ticket, fault },
                None => return,
            };
            // Fails only if the run has ended.
            let _ = answers.send(event);
        });
    }

    /// Cancels what the robot does, and tells when it stands still.
    pub(super) fn halt(&mut self, ticket: Ticket) {
        let stop = self.turn();
        let (robot, gate, answers) = (self.robot.clone(), self.gate.clone(), self.answers.clone());
        self.following.spawn(async move {
            if stand_still(&*robot, &gate, &stop).await.is_some() {
                let _ = answers.send(Event::Halted { ticket });
            }
        });
    }

    /// Ends following the command before and returns what ends following the next one.
    fn turn(&mut self) -> Stop {
        while self.following.try_join_next().is_some() {}
        self.current.stop();
        self.current = Stop::new();
        self.current.clone()
    }
}

impl Drop for Wheel {
    fn drop(&mut self) {
        self.current.stop();
    }
}

/// Gives the robot a command, again and again until it has it or says no. `None` if something else is wanted meanwhile.
///
/// Nobody knows whether a robot that did not answer took the command; giving it again is harmless, because the second
/// one ends the first.
async fn begin(
    robot: &dyn Robot,
    command: Command,
    gate: &Mutex<()>,
    stop: &Stop,
) -> Option<Result<robot::CommandId, Fault>> {
    loop {
        let started = {
            let _gate = gate.lock().await;
            if stop.is_stopped() {
                return None;
            }
            robot.start(command.clone()).await
        };
        match started {
            Ok(id) => return Some(Ok(id)),
            Err(RobotError::Refused { code, .. }) => return Some(Err(named(robot, code).await)),
            Err(error @ RobotError::NotANumber { .. }) => return Some(Err(unnamed(&error))),
            Err(error) => {
                warn!("the robot did not take a command, it is given again: {error}");
                stop.or(sleep(PAUSE)).await?;
            }
        }
    }
}

/// Waits for the end of a command. The robot may be away meanwhile. `None` if something else is wanted meanwhile.
async fn follow(robot: &dyn Robot, id: &robot::CommandId, stop: &Stop) -> Option<Result<(), Fault>> {
    loop {
        match stop.or(robot.outcome(id, FOLLOW)).await? {
            Ok(outcome) if outcome.success => return Some(Ok(())),
            Ok(outcome) => return Some(Err(named(robot, outcome.error_code).await)),
            Err(error @ RobotError::Forgotten { .. }) => return Some(Err(unnamed(&error))),
            Err(RobotError::StillRunning { .. }) => {}
            Err(error) => {
                debug!("the robot does not say how a command ended: {error}");
                stop.or(sleep(PAUSE)).await?;
            }
        }
    }
}

/// Cancels until the robot says that it has, and waits until it does nothing.
pub(super) async fn stand_still(robot: &dyn Robot, gate: &Mutex<()>, stop: &Stop) -> Option<()> {
    loop {
        let cancelled = {
            let _gate = gate.lock().await;
            if stop.is_stopped() {
                return None;
            }
            robot.cancel().await
        };
        // A robot that does nothing may refuse to cancel it.
        if let Err(error) = cancelled.or_else(|error| if error.code().is_some() { Ok(()) } else { Err(error) }) {
            warn!("the robot could not be told to stop, it is told again: {error}");
            stop.or(sleep(PAUSE)).await?;
            continue;
        }
        for _ in 0..COASTING {
            match robot.activity().await {
                Ok(Activity::Idle) => return Some(()),
                Ok(Activity::Running(_)) => {}
                Err(error) => debug!("the robot does not say whether it stands still: {error}"),
            }
            stop.or(sleep(COAST)).await?;
        }
    }
}

async fn named(robot: &dyn Robot, code: i32) -> Fault {
    let robot::Fault { code, title, description } = robot.fault(code).await;
    Fault { code, title, description }
}

fn unnamed(error: &RobotError) -> Fault {
    Fault { code: 0, title: error.to_string(), description: String::new() }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::UnboundedReceiver;

    use super::*;
    use crate::link::puppet::{Puppet, Told};

    fn wheel(puppet: &Arc<Puppet>) -> (Wheel, UnboundedReceiver<Event>) {
        let (answers, heard) = mpsc::unbounded_channel();
        (Wheel::new(puppet.clone(), answers), heard)
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_did_not_arrive_is_given_again_until_the_robot_has_it() {
        let puppet = Puppet::new();
        let (mut wheel, mut heard) = wheel(&puppet);
        puppet.go_away();
        wheel.send(Command::Home, Ticket(1));
        sleep(Duration::from_secs(10)).await;
        assert_eq!((puppet.told(), heard.try_recv().ok()), (Vec::new(), None));
        puppet.come_back();
        assert_eq!(heard.recv().await, Some(Event::Arrived { ticket: Ticket(1) }));
        assert_eq!(puppet.told(), [Told::Start(Command::Home)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_command_fails_at_once_with_the_robots_words() {
        let puppet = Puppet::new();
        let (mut wheel, mut heard) = wheel(&puppet);
        puppet.refuse(10264);
        wheel.send(Command::Home, Ticket(1));
        let fault = Fault { code: 10264, title: "Error 10264".to_owned(), description: String::new() };
        assert_eq!(heard.recv().await, Some(Event::NotArrived { ticket: Ticket(1), fault }));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_halt_the_command_before_is_neither_given_nor_answered() {
        let puppet = Puppet::new();
        let (mut wheel, mut heard) = wheel(&puppet);
        puppet.go_away();
        wheel.send(Command::Home, Ticket(1));
        sleep(Duration::from_secs(3)).await;
        wheel.halt(Ticket(2));
        puppet.come_back();
        assert_eq!(heard.recv().await, Some(Event::Halted { ticket: Ticket(2) }));
        sleep(Duration::from_secs(60)).await;
        assert_eq!((puppet.told(), heard.try_recv().ok()), (vec![Told::Cancel], None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_robot_that_cannot_be_reached_is_told_to_stop_until_it_hears_it() {
        let puppet = Puppet::new();
        let (mut wheel, mut heard) = wheel(&puppet);
        puppet.go_away();
        wheel.halt(Ticket(1));
        sleep(Duration::from_secs(30)).await;
        assert_eq!(heard.try_recv().ok(), None, "nobody says that it stands still");
        puppet.come_back();
        assert_eq!(heard.recv().await, Some(Event::Halted { ticket: Ticket(1) }));
    }
}
