//! A scene whose truth is known, filmed: a red thing (`object`) crosses a yard from west to east, a green one (`pine`)
//! lies in the east. And a bench to run the command on it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::geometry::Size;
use domain::picture::Picture;
use media::film::Writer;
use media::serve::{Film, RtspServer, ServeSettings};
use media::{Source, SourceSettings, jpeg};
use tempfile::TempDir;

/// The width is that of the test detector's input, so that a pixel is a pixel.
pub(crate) const SIZE: Size = Size::new(416, 256);
pub(crate) const FPS: f64 = 25.0;

/// Where the green thing lies.
pub(crate) const PINE: [f64; 4] = [340.0, 180.0, 390.0, 230.0];

/// Returns where the red thing is in a frame: it walks to and fro.
pub(crate) fn object_at(frame: usize) -> [f64; 4] {
    let step = frame % 160;
    let left = 12.0 + 4.0 * (if step < 80 { step } else { 160 - step }) as f64;
    [left, 60.0, left + 60.0, 110.0]
}

/// Returns whether the middle of a box is in the zone of the yard.
pub(crate) fn is_in_the_east([left, _, right, _]: [f64; 4]) -> bool {
    f64::midpoint(left, right) >= f64::from(SIZE.width) / 2.0
}

const ROIS: &str = "cameras:
- camera_id: yard
  allowed_classes: [pine, worker]
  forbidden_rois:
  - {name: east, points: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
";

fn picture_of(frame: usize) -> Picture {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let mut pixels = vec![120; width * height * 3];
    let mut fill = |[left, top, right, bottom]: [f64; 4], colour: [u8; 3]| {
        for y in top as usize..bottom as usize {
            for x in left as usize..right as usize {
                pixels[(y * width + x) * 3..][..3].copy_from_slice(&colour);
            }
        }
    };
    fill(PINE, [30, 220, 30]);
    fill(object_at(frame), [220, 30, 30]);
    Picture::rgb(SIZE, width * 3, pixels.into()).expect("the buffer was made for this size")
}

/// Returns the colour of one pixel.
pub(crate) fn colour(picture: &Picture, x: u32, y: u32) -> [u8; 3] {
    let rgb = media::to_rgb(picture);
    let (pixels, stride) = rgb.plane(0);
    let at = y as usize * stride + x as usize * 3;
    [pixels[at], pixels[at + 1], pixels[at + 2]]
}

/// A directory of its own with a configuration, in which commands run.
pub(crate) struct Bench {
    dir: TempDir,
}

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().expect("a directory") };
        bench.write("configs/rois.yaml", ROIS);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("is in the bench")).expect("is made");
        std::fs::write(path, text).expect("is written");
    }

    /// Films the scene and returns the film's path.
    pub(crate) fn film(&self, name: &str, frames: usize) -> String {
        let path = self.path(name);
        let mut film = Writer::create(&path, SIZE, FPS).expect("a film begins");
        for frame in 0..frames {
            let at = Duration::from_secs_f64(frame as f64 / FPS);
            film.write(&picture_of(frame), at).expect("a frame is written");
        }
        film.finish().expect("a film is complete");
        path.to_str().expect("is UTF-8").to_owned()
    }

    /// Loses the second half of a file.
    pub(crate) fn cut_in_half(&self, name: &str) {
        let file = std::fs::File::options().write(true).open(self.path(name)).expect("is there");
        let length = file.metadata().expect("has a length").len();
        file.set_len(length / 2).expect("is cut");
    }

    /// Serves the scene as a camera would.
    pub(crate) fn camera(&self, name: &str) -> RtspServer {
        let film = Film::read(Path::new(&self.film("served.mp4", 160))).expect("a film that can be served");
        let server = RtspServer::start(ServeSettings::loopback()).expect("a free port");
        server.mount(name, film);
        server
    }

    /// Takes a picture of the scene.
    pub(crate) fn picture(&self, name: &str, frame: usize) {
        let bytes = jpeg::encode(&picture_of(frame), 95).expect("a picture is encoded");
        std::fs::write(self.path(name), bytes).expect("is written");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ronda"));
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        command.args(args).current_dir(self.dir.path());
        command.env("MODELS_DIR", models).env("DATA_DIR", self.path("data")).env("RONDA_CACHE_DIR", self.path("cache"));
        command.env_remove("CONFIG_DIR").env("INFERENCE_BACKEND", "tract");
        if !args.contains(&"--model") {
            command.args(["--model", "shapes", "--backend", "tract"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the command to its end, with the test detector unless another model is named.
    pub(crate) fn ronda(&self, args: &[&str]) -> Run {
        let output = self.command(args).output().expect("the command runs");
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("is UTF-8"),
            err: String::from_utf8(output.stderr).expect("is UTF-8"),
        }
    }

    /// Starts the command.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running(Some(self.command(args).spawn().expect("the command runs")))
    }

    /// Waits for a condition, for at most a minute.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the size of all that is being written aside.
    pub(crate) fn bytes_of_hidden_files(&self) -> u64 {
        let entries = std::fs::read_dir(self.dir.path()).expect("is a directory").flatten();
        let hidden = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
        hidden.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// Returns the lines of a file of JSON lines.
    pub(crate) fn lines(&self, name: &str) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.path(name)).expect("is there");
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    /// Returns the frames of a film.
    pub(crate) fn frames(&self, name: &str) -> Vec<Picture> {
        let url = self.path(name).to_str().expect("is UTF-8").parse().expect("a path from the root");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let source = Source::open(SourceSettings::film(name, url)).await.expect("the film opens");
            let mut frames = Vec::new();
            while let Ok(frame) = source.next().await {
                frames.push(frame.picture);
            }
            source.close().await;
            frames
        })
    }

    /// Returns in how many pixels two pictures differ clearly.
    pub(crate) fn difference(&self, one: &str, other: &str) -> usize {
        let read = |name: &str| {
            let bytes = std::fs::read(self.path(name)).expect("is there");
            media::image::decode_any(&bytes, media::image::Limits::default()).expect("a picture")
        };
        let (one, other) = (read(one), read(other));
        assert_eq!(one.size(), other.size());
        let pixels = one.plane(0).0.chunks_exact(3).zip(other.plane(0).0.chunks_exact(3));
        pixels.filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 60)).count()
    }
}

/// A command that is under way; it does not outlive its test.
pub(crate) struct Running(Option<Child>);

impl Running {
    /// Does what Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let child = self.0.as_ref().expect("is taken only at the end");
        let id = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process has an id");
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("is still there");
    }

    /// Waits for the end.
    pub(crate) fn finished(mut self) -> Run {
        let output = self.0.take().expect("is taken once").wait_with_output().expect("it ends");
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("is UTF-8"),
            err: String::from_utf8(output.stderr).expect("is UTF-8"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
