//! Ports for one site: the usual ones, all moved by the same distance to where nothing listens.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::bail;

/// The ports of a site.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// How far they are moved, as `cargo xtask up --port-offset` takes it.
    pub offset: u16,
}

impl Ports {
    /// Finds a distance at which every port is free. The highest stays below those that the kernel gives to clients.
    pub fn free() -> anyhow::Result<Self> {
        for _ in 0..200 {
            let ports = Self { offset: fastrand::u16(10_000..23_000) };
            if ports.all().iter().all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()) {
                return Ok(ports);
            }
        }
        bail!("no distance leaves all ports free")
    }

    /// Every port of a site.
    #[must_use]
    pub fn all(self) -> [u16; 13] {
        [
            self.web(),
            self.console(),
            self.inference_api(),
            self.stream_manager(),
            self.alert_router(),
            self.redis(),
            self.sim_rtsp(),
            self.sim_http(),
            self.sim_robot(0),
            self.sim_robot(1),
            self.sim_models(),
            self.patrol(0),
            self.patrol(1),
        ]
    }

    /// nginx.
    #[must_use]
    pub fn web(self) -> u16 {
        5000 + self.offset
    }

    /// The console.
    #[must_use]
    pub fn console(self) -> u16 {
        5080 + self.offset
    }

    /// The inference API.
    #[must_use]
    pub fn inference_api(self) -> u16 {
        8000 + self.offset
    }

    /// The stream manager.
    #[must_use]
    pub fn stream_manager(self) -> u16 {
        8010 + self.offset
    }

    /// The alert router.
    #[must_use]
    pub fn alert_router(self) -> u16 {
        8020 + self.offset
    }

    /// Redis.
    #[must_use]
    pub fn redis(self) -> u16 {
        6380 + self.offset
    }

    /// The simulated cameras.
    #[must_use]
    pub fn sim_rtsp(self) -> u16 {
        8554 + self.offset
    }

    /// The process of a robot, counted from 0.
    #[must_use]
    pub fn patrol(self, place: u16) -> u16 {
        5001 + place + self.offset
    }

    /// A simulated robot, counted from 0.
    #[must_use]
    pub fn sim_robot(self, place: u16) -> u16 {
        9264 + place + self.offset
    }

    /// The simulated vision-language models.
    #[must_use]
    pub fn sim_models(self) -> u16 {
        9110 + self.offset
    }

    /// The simulated receivers, and the control of the simulation.
    #[must_use]
    pub fn sim_http(self) -> u16 {
        9100 + self.offset
    }
}
