//! What the service, the control and the passing of time share: the machine, its cameras and its radio.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Settings;
use super::cameras::Camera;
use super::journal::Served;
use super::link::LinkState;
use super::machine::{Identity, Machine};
use crate::building::World;
use crate::building::view::Side;

#[derive(Debug, Default)]
struct Radio {
    /// How it is when the robot is not starting.
    wanted: LinkState,
    /// How many starts are under way.
    starting: u32,
}

/// The parts of a robot.
#[derive(Debug)]
pub(super) struct Core {
    machine: Mutex<Machine>,
    /// Changes when something in the machine may have.
    changed: watch::Sender<()>,
    cameras: [Camera; 2],
    radio: Mutex<Radio>,
    link: watch::Sender<LinkState>,
    delay_ms: AtomicU64,
    served: Mutex<Served>,
    pub(super) hold: Duration,
    boot: Duration,
    started: Instant,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(super) fn new(settings: &Settings, world: World) -> Self {
        let identity = Identity {
            id: settings.id.clone(),
            serial: format!(
                "SIM-{:06X}",
                settings.seed.wrapping_mul(0x9e37_79b9) & 0xff_ffff | settings.charger as u64
            ),
            charger: settings.charger.min(1),
            seed: settings.seed ^ settings.charger as u64,
            battery_rate: settings.battery_rate,
        };
        Self {
            machine: Mutex::new(Machine::new(identity, world)),
            changed: watch::Sender::new(()),
            cameras: [Camera::new(Side::Front), Camera::new(Side::Back)],
            radio: Mutex::default(),
            link: watch::Sender::new(LinkState::Up),
            delay_ms: AtomicU64::new(0),
            served: Mutex::default(),
            hold: settings.hold,
            boot: settings.boot,
            started: Instant::now(),
        }
    }

    /// Returns the machine to look at.
    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        locked(&self.machine)
    }

    /// Changes the machine, and wakes whoever waits for a change.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> T {
        let done = act(&mut locked(&self.machine));
        self.changed.send_replace(());
        done
    }

    /// Returns what changes with the machine.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Returns one of the cameras.
    pub(super) fn camera(&self, side: Side) -> &Camera {
        &self.cameras[side as usize]
    }

    /// Returns the seconds since the start.
    pub(super) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Lets time pass.
    pub(super) fn tick(&self, now: f64, seconds: f64, world_seconds: f64) {
        let now_ms = Timestamp::now().as_millisecond();
        self.change(|machine| {
            machine.world.advance(world_seconds);
            machine.tick(now, now_ms, seconds);
        });
    }

    /// Counts a call and keeps the caller waiting if that is wanted.
    pub(super) async fn enter(&self, call: &'static str) {
        *locked(&self.served).entry(call).or_default() += 1;
        let delay = self.delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
    }

    pub(super) fn set_delay(&self, delay: Duration) {
        self.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn delay_ms(&self) -> u64 {
        self.delay_ms.load(Ordering::Relaxed)
    }

    pub(super) fn served(&self) -> Served {
        locked(&self.served).clone()
    }

    pub(super) fn forget_served(&self) {
        locked(&self.served).clear();
    }

    pub(super) fn heard_link(&self) -> watch::Receiver<LinkState> {
        self.link.subscribe()
    }

    pub(super) fn link_state(&self) -> LinkState {
        *self.link.borrow()
    }

    /// Says how the radio is; a robot that starts has none until it is up.
    pub(super) fn set_link(&self, wanted: LinkState) {
        self.with_radio(|radio| radio.wanted = wanted);
    }

    fn with_radio(&self, act: impl FnOnce(&mut Radio)) {
        let mut radio = locked(&self.radio);
        act(&mut radio);
        self.link.send_replace(if radio.starting > 0 { LinkState::Cut } else { radio.wanted });
    }

    /// Starts the robot again; it answers when that is done.
    pub(super) fn reboot(self: &Arc<Self>) {
        self.with_radio(|radio| radio.starting += 1);
        self.change(Machine::reboot);
        for camera in &self.cameras {
            camera.reboot();
        }
        let core = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(core.boot).await;
            core.with_radio(|radio| radio.starting -= 1);
        });
    }

    pub(super) fn set_faults(&self, faults: BTreeSet<i32>) {
        self.change(|machine| machine.set_faults(faults));
    }
}
