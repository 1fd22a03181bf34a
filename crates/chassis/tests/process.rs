//! A service as an operator sees it: arguments, signals, exit codes, what it prints.

use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the built example `doorway`, which lies beside the directory of this test.
fn doorway() -> Command {
    let test = std::env::current_exe().expect("this test is a file");
    let built = test.ancestors().nth(2).expect("it is in target/<profile>/deps");
    let mut command = Command::new(built.join("examples/doorway"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("has an address").port().to_string()
}

/// A running doorway, killed when the test ends.
struct Running {
    child: Child,
    port: String,
}

impl Running {
    fn start(mode: &str) -> Self {
        let port = free_port();
        let mut command = doorway();
        command.env("PORT", &port).env("MODE", mode).env("LOG_FORMAT", "json");
        let running = Self { child: command.spawn().expect("is built"), port };
        let deadline = Instant::now() + PATIENCE;
        while !running.healthcheck().status.success() {
            assert!(Instant::now() < deadline, "is not ready in time");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    fn healthcheck(&self) -> Output {
        doorway().arg("healthcheck").env("PORT", &self.port).output().expect("is built")
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().expect("there is kill");
        assert!(killed.success());
    }

    /// Waits for the end; returns the exit code and the log.
    fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("is our child") {
                break status;
            }
            assert!(Instant::now() < deadline, "does not end in time");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut log = String::new();
        let stderr = self.child.stderr.as_mut().expect("is piped");
        stderr.read_to_string(&mut log).expect("is text");
        (status.code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn finished(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().expect("is built");
    (output.status.code(), String::from_utf8(output.stderr).expect("is text"))
}

#[test]
fn a_service_ends_well_when_terminated_and_logs_json() {
    let running = Running::start("ordinary");
    running.terminate();
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let messages: Vec<String> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"))
        .map(|line| line["message"].as_str().expect("has a message").to_owned())
        .collect();
    assert_eq!(messages, ["starting", "listening", "stopping", "stopped"]);
    for line in log.lines().map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON")) {
        let has = |name: &str| line[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(["timestamp", "level", "target", "message"].into_iter().all(has), "{line}");
        assert_eq!(line["service"], "doorway");
    }
}

#[test]
fn a_log_file_has_what_standard_error_has() {
    let directory = tempfile::tempdir().expect("a directory");
    let logs = directory.path().join("logs");
    let (code, log) = finished(doorway().env("MODE", "failing").env("PORT", "0").env("LOG_DIR", &logs));
    assert_eq!(code, Some(1), "{log}");
    let file = std::fs::read_to_string(logs.join("doorway.log")).expect("is written");
    assert!(file.contains("cannot connect to camera gate-1"), "{file}");
    assert_eq!(file, log);
}

#[test]
fn a_log_file_that_cannot_be_written_is_told_and_stops_nothing() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let (code, log) = finished(doorway().env("MODE", "failing").env("PORT", "0").env("LOG_DIR", file.path()));
    assert_eq!(code, Some(1), "{log}");
    let sentence = format!("no log file can be written to {} (LOG_DIR): ", file.path().display());
    assert!(log.lines().next().is_some_and(|line| line.contains(&sentence)), "{log}");
    assert!(log.contains("cannot connect to camera gate-1"), "{log}");
}

#[test]
fn a_second_signal_ends_a_deaf_service_at_once() {
    let running = Running::start("deaf");
    running.terminate();
    // It no longer says that it is ready, but it goes on.
    let deadline = Instant::now() + PATIENCE;
    while running.healthcheck().status.success() {
        assert!(Instant::now() < deadline, "still says that it is ready");
    }
    running.terminate();
    let (code, _) = running.end();
    assert_eq!(code, Some(143));
}

#[test]
fn a_failure_is_one_sentence_and_exit_code_1() {
    let (code, log) = finished(doorway().env("MODE", "failing").env("PORT", "0"));
    assert_eq!(code, Some(1), "{log}");
    let sentence = "starting the doorway: cannot connect to camera gate-1: connection refused";
    assert!(log.trim_end().ends_with(sentence), "{log}");
}

#[test]
fn a_port_in_use_is_one_sentence_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("has an address");
    let (code, log) = finished(doorway().env("PORT", address.port().to_string()));
    assert_eq!(code, Some(1), "{log}");
    let sentence = format!("cannot listen on {address}: another process has this port");
    assert!(log.trim_end().ends_with(&sentence), "{log}");
}

#[test]
fn a_bad_setting_is_exit_code_2_with_its_name() {
    for (name, value, sentence) in [
        ("MODE", "quick", "starting doorway: MODE: expected `ordinary`, `failing` or `deaf`, found `quick`"),
        ("PORT", "99999", "starting doorway: PORT: number too large to fit in target type"),
        (
            "LOG_LEVEL",
            "loud",
            "doorway: LOG_LEVEL: expected error, warn, info, debug, trace or directives, found `loud`",
        ),
    ] {
        let (code, log) = finished(doorway().env(name, value));
        assert_eq!(code, Some(2), "{log}");
        assert!(log.trim_end().ends_with(sentence), "{log}");
    }
}

#[test]
fn an_unknown_argument_is_exit_code_2_with_the_usage() {
    let (code, log) = finished(doorway().arg("helthcheck"));
    assert_eq!(code, Some(2), "{log}");
    assert!(log.starts_with("doorway: unknown argument `helthcheck`\nusage: doorway "), "{log}");
}

#[test]
fn a_health_check_of_nothing_fails_with_the_reason() {
    let port = free_port();
    let (code, log) = finished(doorway().arg("healthcheck").env("PORT", &port));
    assert_eq!(code, Some(1));
    assert!(log.starts_with(&format!("cannot connect to 127.0.0.1:{port}: ")), "{log}");
}

#[test]
fn the_example_is_where_the_tests_look_for_it() {
    let program = PathBuf::from(doorway().get_program());
    assert!(program.is_file(), "{} is not built", program.display());
}
