//! The RTSP server, around gst-rtsp-server.

mod feeder;
mod reel;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer_app::AppSrc;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;
use jiff::Timestamp;

use super::initialise;
use crate::serve::{MountState, Reel, ServeError, ServeSettings};
use crate::source::Codec;
use feeder::Feeder;

pub(crate) use reel::{encode, read};
pub(crate) use store::store;

/// How often sessions of players that went away without a word are looked for.
const CLEANUP: Duration = Duration::from_secs(5);
/// The role of whoever knows the password.
const ROLE: &str = "viewer";

/// A server and its thread.
pub(crate) struct Server {
    server: rtsp::RTSPServer,
    port: u16,
    began: (Instant, Timestamp),
    has_users: bool,
    cameras: Mutex<BTreeMap<String, Camera>>,
    main_loop: glib::MainLoop,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Camera {
    state: MountState,
    feeder: Arc<Feeder>,
}

impl Server {
    pub(crate) fn start(settings: &ServeSettings) -> Result<Self, ServeError> {
        initialise().map_err(|reason| ServeError::System { reason })?;
        let server = rtsp::RTSPServer::new();
        server.set_address(&settings.bind.to_string());
        server.set_service(&settings.port.to_string());
        if let Some((user, password)) = &settings.credentials {
            server.set_auth(Some(&guard(user, password)));
        }
        let cannot_bind = |reason: String| ServeError::Bind { bind: settings.bind, port: settings.port, reason };
        let context = glib::MainContext::new();
        server.attach(Some(&context)).map_err(|_| cannot_bind("the port is taken or not allowed".to_owned()))?;
        let port = u16::try_from(server.bound_port()).map_err(|_| cannot_bind("no port was bound".to_owned()))?;
        clean_up_regularly(&server, &context);
        let main_loop = glib::MainLoop::new(Some(&context), false);
        let looping = main_loop.clone();
        let thread = thread::Builder::new()
            .name("rtsp server".to_owned())
            .spawn(move || {
                // It fails only if another thread had taken the context, which nobody else knows.
                let _ = context.with_thread_default(|| looping.run());
            })
            .map_err(|error| cannot_bind(error.to_string()))?;
        Ok(Self {
            server,
            port,
            began: (Instant::now(), Timestamp::now()),
            has_users: settings.credentials.is_some(),
            cameras: Mutex::default(),
            main_loop,
            thread: Some(thread),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn began(&self) -> Timestamp {
        self.began.1
    }

    pub(crate) fn mounts(&self) -> Vec<(String, MountState)> {
        self.cameras().iter().map(|(name, camera)| (name.clone(), camera.state)).collect()
    }

    pub(crate) fn mount(&self, name: &str, reel: Arc<Reel>, ahead: Duration) {
        let camera = Camera { state: MountState::Playing, feeder: Arc::new(Feeder::new(reel, self.began.0, ahead)) };
        let before = self.cameras().insert(name.to_owned(), camera);
        if before.is_some() {
            self.close(name);
        }
        self.open(name);
    }

    /// Brings a camera into a state; returns whether there is such a camera.
    pub(crate) fn change(&self, name: &str, state: MountState) -> bool {
        let before = {
            let mut cameras = self.cameras();
            let Some(camera) = cameras.get_mut(name) else { return false };
            camera.feeder.set_silent(state == MountState::Silent);
            std::mem::replace(&mut camera.state, state)
        };
        match (before, state) {
            (MountState::Stopped, MountState::Stopped) => {}
            (_, MountState::Stopped) => self.close(name),
            (MountState::Stopped, _) => self.open(name),
            _ => {}
        }
        true
    }

    /// Lets players in.
    fn open(&self, name: &str) {
        let Some(feeder) = self.cameras().get(name).map(|camera| Arc::clone(&camera.feeder)) else {
            return;
        };
        let factory = rtsp::RTSPMediaFactory::new();
        factory.set_launch(launch_line(feeder.codec()));
        factory.set_shared(true);
        if self.has_users {
            let role = gst::Structure::builder(ROLE)
                .field("media.factory.access", true)
                .field("media.factory.construct", true)
                .build();
            factory.add_role_from_structure(&role);
        }
        factory.connect_media_configure(move |_, media| {
            let source = media
                .element()
                .downcast::<gst::Bin>()
                .ok()
                .and_then(|bin| bin.by_name("feed"))
                .and_then(|feed| feed.downcast::<AppSrc>().ok());
            if let Some(source) = source {
                let feed = feeder.start(source);
                media.connect_unprepared(move |_| feed.stop());
            }
        });
        if let Some(mounts) = self.server.mount_points() {
            mounts.add_factory(&path(name), factory);
        }
    }

    /// Throws everybody out and lets nobody in.
    fn close(&self, name: &str) {
        let path = path(name);
        if let Some(mounts) = self.server.mount_points() {
            mounts.remove_factory(&path);
        }
        let pool = self.server.session_pool();
        for client in self.server.client_filter(None) {
            let sessions: Vec<_> =
                client.session_filter(None).into_iter().filter(|session| session.media(&path).0.is_some()).collect();
            if sessions.is_empty() {
                continue;
            }
            client.close();
            for session in sessions {
                // It may have gone by itself meanwhile.
                let _ = pool.as_ref().map(|pool| pool.remove(&session));
            }
        }
    }

    fn cameras(&self) -> MutexGuard<'_, BTreeMap<String, Camera>> {
        self.cameras.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let names: Vec<_> = self.cameras().keys().cloned().collect();
        for name in names {
            self.change(&name, MountState::Stopped);
        }
        self.server.client_filter(Some(&mut |_, _| rtsp::RTSPFilterResult::Remove));
        self.main_loop.quit();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("port", &self.port).finish_non_exhaustive()
    }
}

fn guard(user: &str, password: &str) -> rtsp::RTSPAuth {
    let auth = rtsp::RTSPAuth::new();
    let token = rtsp::RTSPToken::builder().field("media.factory.role", ROLE).build();
    auth.add_basic(&rtsp::RTSPAuth::make_basic(user, password), &token);
    auth.add_digest(user, password, &token);
    auth
}

fn clean_up_regularly(server: &rtsp::RTSPServer, context: &glib::MainContext) {
    let pool = server.session_pool();
    let source = glib::timeout_source_new(CLEANUP, None, glib::Priority::DEFAULT, move || {
        pool.as_ref().map(RTSPSessionPoolExt::cleanup);
        glib::ControlFlow::Continue
    });
    source.attach(Some(context));
}

fn launch_line(codec: &Codec) -> &'static str {
    match codec {
        Codec::H265 => {
            "( appsrc name=feed is-live=true format=time ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1 )"
        }
        _ => {
            "( appsrc name=feed is-live=true format=time ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        }
    }
}

fn path(name: &str) -> String {
    format!("/{name}")
}
