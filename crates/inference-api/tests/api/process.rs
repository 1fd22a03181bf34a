//! The service as a process: how it starts, is asked, and ends.

use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::pictures::{jpeg, scene};
use crate::server::{PATIENCE, Setup, client, told};

/// A running process; it is killed when it is dropped.
pub(crate) struct Process {
    _setup: Setup,
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    address: String,
}

impl Process {
    /// Starts the process and waits until it is ready.
    pub(crate) async fn start(setup: Setup) -> Self {
        let mut child = command(&setup).stderr(Stdio::piped()).spawn().expect("starts");
        let mut log = BufReader::new(child.stderr.take().expect("is piped")).lines();
        let listening = async {
            loop {
                let line = log.next_line().await.expect("is text").expect("goes on");
                if let Some((_, address)) = line.split_once("address=") {
                    return address.trim().to_owned();
                }
            }
        };
        let address = timeout(PATIENCE, listening).await.expect("listens");
        let process = Self { _setup: setup, child, log, address };
        let ready = async {
            let (client, url) = (client(), process.url("/readyz"));
            while client.get(&url).send().await.expect("answers").status() != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, ready).await.expect("becomes ready");
        process
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The most memory that the process ever held.
    pub(crate) fn peak_memory_mib(&self) -> u64 {
        let id = self.child.id().expect("is running");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("is readable");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("is told");
        peak.trim().trim_end_matches(" kB").parse::<u64>().expect("is a number") / 1024
    }

    /// Tells the process to end, as a container engine does, and returns how it did.
    pub(crate) async fn stop(mut self) -> (ExitStatus, Vec<String>) {
        let id = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())).expect("is running");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("is told");
        let end = async {
            let mut rest = Vec::new();
            while let Some(line) = self.log.next_line().await.expect("is text") {
                rest.push(line);
            }
            (self.child.wait().await.expect("ends"), rest)
        };
        timeout(PATIENCE, end).await.expect("ends in time")
    }
}

fn command(setup: &Setup) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inference-api"));
    command.envs(setup.variables()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn output(command: &mut Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("ends in time").expect("runs")
}

#[tokio::test]
async fn it_answers_and_ends_when_it_is_told_to() {
    let process = Process::start(Setup::new()).await;
    let part = reqwest::multipart::Part::bytes(jpeg(scene())).file_name("a.jpg");
    let form = reqwest::multipart::Form::new().part("file", part);
    let (status, body) = told(client().post(process.url("/infer")).multipart(form)).await;
    assert_eq!((status, body["detections"].as_array().map(Vec::len)), (200, Some(1)), "{body}");
    let (status, log) = process.stop().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
}

#[tokio::test]
async fn its_health_check_needs_no_other_program() {
    let process = Process::start(Setup::new()).await;
    let (_, port) = process.address.rsplit_once(':').expect("has a port");
    let mut check = Command::new(env!("CARGO_BIN_EXE_inference-api"));
    let healthy = output(check.arg("healthcheck").env("PORT", port)).await;
    assert_eq!(healthy.status.code(), Some(0));
    process.stop().await;
    let gone = output(&mut check).await;
    assert_eq!(gone.status.code(), Some(1));
}

#[tokio::test]
async fn a_port_that_is_taken_is_one_sentence_and_a_failure() {
    let process = Process::start(Setup::new()).await;
    let (_, port) = process.address.rsplit_once(':').expect("has a port");
    let second = output(&mut command(&Setup::new().with("PORT", port))).await;
    assert_eq!(second.status.code(), Some(1));
    let log = String::from_utf8_lossy(&second.stderr);
    assert!(log.contains(&format!("cannot listen on 127.0.0.1:{port}: another process has this port")), "{log}");
}

#[tokio::test]
async fn a_model_that_was_not_fetched_is_one_sentence_that_says_how() {
    let setup = Setup::new();
    std::fs::remove_file(setup.models_dir().join("shapes/model.onnx")).expect("is removed");
    let run = output(&mut command(&setup)).await;
    assert_eq!(run.status.code(), Some(1));
    let log = String::from_utf8_lossy(&run.stderr);
    assert!(log.contains("model shapes is not on this machine, fetch it first: `ronda model fetch shapes`"), "{log}");
}

#[tokio::test]
async fn a_wrong_setting_is_refused_before_anything_starts() {
    let run = output(&mut command(&Setup::new().with("INFERENCE_CONFIDENCE", "7"))).await;
    assert_eq!(run.status.code(), Some(2));
    let log = String::from_utf8_lossy(&run.stderr);
    assert!(log.contains("INFERENCE_CONFIDENCE"), "{log}");
}
