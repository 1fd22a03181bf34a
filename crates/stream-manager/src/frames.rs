//! What is done with one frame: motion, detector, tracks, zones, a picture for viewers, alerts.

use std::sync::Arc;
use std::time::Duration;

use chassis::Trace;
use domain::camera::Camera;
use domain::geometry::BBox;
use domain::picture::{Frame, Picture};
use domain::track::Looked;
use jiff::Timestamp;
use media::Scene;
use tracing::{info, warn};
use vision::{DetectError, Job, Motion, MotionSettings, Outcome};

use crate::announce::Raised;
use crate::calm::{Calm, Seen};
use crate::gate::{self, Gate, Look};
use crate::lifecycle::elapsed;
use crate::live::Shot;
use crate::metrics::Fate;
use crate::post::Post;
use crate::site::Site;
use crate::view::Stream;
use crate::watch::{Finding, Watch};

/// Deals with the frames of one open stream.
pub(crate) struct Frames {
    camera: Arc<Camera>,
    post: Arc<Post>,
    site: Arc<Site>,
    motion: Option<Motion>,
    gate: Gate,
    calm: Calm,
    /// The picture that was compared last.
    compared: Option<Compared>,
    /// The failure that was told last: a detector that fails on every frame must not fill the log.
    told: Option<String>,
}

/// A picture whose motion is known.
struct Compared {
    picture: Picture,
    /// The detector has seen it, so that another look would tell nothing new.
    is_known: bool,
}

/// A frame that was looked at, or need not be.
pub(crate) struct Examined {
    frame: Frame,
    fate: Fate,
    /// What the source is to be told of the scene.
    scene: Scene,
    /// `None` if nothing can be said about this frame, because the detector was busy or failed.
    finding: Option<Finding>,
}

impl Examined {
    /// Returns what the source is to be told of the scene.
    pub(crate) fn scene(&self) -> Scene {
        self.scene
    }
}

impl Frames {
    /// Begins with a scene of which nothing is known.
    pub(crate) fn new(camera: Arc<Camera>, post: Arc<Post>, site: Arc<Site>) -> Self {
        let forced_every = Duration::from_secs_f64(camera.motion.forced_look_seconds);
        let motion = if camera.motion.enabled { new_motion(&camera) } else { None };
        Self {
            camera,
            post,
            site,
            motion,
            gate: Gate::new(forced_every),
            calm: Calm::default(),
            compared: None,
            told: None,
        }
    }

    /// Finds out what is in a frame. May be dropped at any await; then nothing has happened.
    pub(crate) async fn examine(&mut self, frame: Frame, watch: &Watch) -> Examined {
        let waited = elapsed(frame.captured_at, Timestamp::now());
        self.site.metrics.decode_wait.observe(waited.as_secs_f64());
        let moving = self.moving(&frame.picture).await;
        let look = match &moving {
            Some(moving) => self.decide(&frame, moving, watch),
            None => Look::Whole,
        };
        // A picture that stands for several frames is asked about once; for more, a fresh one is needed.
        let is_answered = self.compared.as_ref().is_some_and(|compared| compared.is_known);
        let (fate, finding) = match look {
            Look::Skip => (Fate::Still, Some(Finding::still())),
            Look::Whole | Look::Part(_) if is_answered => (Fate::Still, Some(Finding::still())),
            Look::Whole => self.ask(&frame, None).await,
            Look::Part(region) => self.ask(&frame, Some(region)).await,
        };
        let scene = self.scene(&frame, moving.as_deref(), is_answered && look != Look::Skip);
        Examined { frame, fate, scene, finding }
    }

    /// Returns what the source is to be told of the scene; `moving` is `None` when every frame is to be looked at.
    fn scene(&mut self, frame: &Frame, moving: Option<&[BBox]>, is_question_open: bool) -> Scene {
        let Some(moving) = moving.filter(|_| self.camera.motion.doze) else {
            return Scene::Wanted;
        };
        let wanted = is_question_open || self.post.is_watched();
        self.calm.observe(Seen { at: frame.captured_at, moved: !moving.is_empty(), wanted })
    }

    /// Does what follows from it. Must not be dropped before it is done: alerts would be lost.
    pub(crate) async fn act(&mut self, examined: Examined, stream: Stream, watch: &mut Watch) {
        let Examined { frame, fate, finding, .. } = examined;
        self.post.meters.frames(fate, 1);
        watch.follow(self.site.zone_book.of_or_none(&self.camera.id));
        let now = Timestamp::now();
        let alerts = finding.map(|finding| watch.update(&frame, finding, now)).unwrap_or_default();
        if fate == Fate::Detected {
            self.post.meters.frame_age.observe(elapsed(frame.captured_at, now).as_secs_f64());
        }
        let tracks = watch.live_tracks();
        let zones = Arc::clone(watch.zones());
        let encodings = self.site.metrics.encoded.clone();
        let camera = self.camera.id.clone();
        let shot = Shot::new(camera, frame.clone(), tracks.clone(), zones.clone(), watch.looked_at(), encodings);
        self.post.frame_done(stream, Arc::new(shot), now);
        if !alerts.is_empty() {
            let post = Arc::clone(&self.post);
            self.site.raise(Raised { trace: Trace::begin(), post, frame, tracks, zones, alerts }).await;
        }
    }

    /// Returns where something moves; `None` if every frame is to be looked at.
    async fn moving(&mut self, picture: &Picture) -> Option<Vec<BBox>> {
        if self.compared.as_ref().is_some_and(|compared| is_same(&compared.picture, picture)) {
            return Some(Vec::new());
        }
        let mut motion = self.motion.take()?;
        self.compared = Some(Compared { picture: picture.clone(), is_known: false });
        let picture = picture.clone();
        let compare = move || {
            let report = motion.update(&picture);
            (motion, report)
        };
        let (motion, report) = tokio::task::spawn_blocking(compare).await.ok()?;
        self.motion = Some(motion);
        match report {
            Ok(report) => Some(report.regions),
            Err(error) => {
                self.site.metrics.motion_failed.inc();
                self.complain(format!("motion cannot be told: {error}"));
                None
            }
        }
    }

    fn decide(&mut self, frame: &Frame, moving: &[BBox], watch: &Watch) -> Look {
        let size = frame.picture.size();
        let (objects, undecided) = (watch.objects(), watch.undecided());
        let scene = gate::Scene { at: frame.captured_at, size, moving, objects: &objects, undecided: &undecided };
        let pool = self.site.pool();
        self.gate.decide(scene, |part| pool.as_ref().map_or(1.0, |pool| pool.region_cost(size, part)))
    }

    async fn ask(&mut self, frame: &Frame, region: Option<BBox>) -> (Fate, Option<Finding>) {
        let Some(pool) = self.site.pool() else { return (Fate::Busy, None) };
        let lane = Arc::from(self.camera.id.as_str());
        // Unsure detections raise nothing, but keep alive the track of a thing that is known.
        let tracking = &self.site.tracking;
        let job = Job {
            lane,
            picture: frame.picture.clone(),
            region,
            min_confidence: Some(tracking.lowest_useful_confidence()),
        };
        match pool.detect(job).await {
            Ok(outcome) => {
                if let Some(compared) = &mut self.compared {
                    compared.is_known = true;
                }
                if self.told.take().is_some() {
                    info!(camera = %self.camera.id, "the detector works again");
                }
                (Fate::Detected, Some(self.learn(frame, outcome, region)))
            }
            Err(DetectError::Busy { .. } | DetectError::Stopped) => (Fate::Busy, None),
            Err(error) => {
                self.complain(format!("the detector failed: {error}"));
                (Fate::Failed, None)
            }
        }
    }

    fn learn(&mut self, frame: &Frame, outcome: Outcome, region: Option<BBox>) -> Finding {
        self.site.metrics.queue.observe(outcome.waited_ms / 1000.0);
        self.site.metrics.inference.observe(outcome.inference_ms / 1000.0);
        let looked = region.map_or(Looked::Everywhere, Looked::Region);
        match region {
            Some(_) => self.post.meters.looked_at_part(),
            None => self.gate.looked_at_whole(frame.captured_at),
        }
        let finding = Finding::new(looked, outcome.detections, outcome.model);
        for detection in finding.detections().iter().filter(|detection| self.site.tracking.is_sure(detection)) {
            self.post.meters.detected(&detection.class_name);
        }
        finding
    }

    fn complain(&mut self, failure: String) {
        if self.told.as_ref() != Some(&failure) {
            warn!(camera = %self.camera.id, "{failure}");
            self.told = Some(failure);
        }
    }
}

/// Returns whether two pictures are one: a frame that was not decoded has that of the frame before.
fn is_same(one: &Picture, other: &Picture) -> bool {
    one.data().as_ptr() == other.data().as_ptr() && one.size() == other.size()
}

fn new_motion(camera: &Camera) -> Option<Motion> {
    let settings = MotionSettings {
        threshold: camera.motion.threshold,
        min_area: camera.motion.min_area as f32,
        ..MotionSettings::default()
    };
    Motion::new(settings)
        .inspect_err(|error| warn!(camera = %camera.id, "no motion gate, every frame is looked at: {error}"))
        .ok()
}
