//! The container engine and compose.

use std::time::Duration;

use serde_json::Value;

use super::check::{Area, Check, Verdict};
use super::command::{Said, ask};

/// The oldest engine that knows `start_interval` of health checks.
const ENGINE: u32 = 25;
/// The oldest compose that passes it on.
const COMPOSE: (u32, u32) = (2, 20);

pub(super) fn check() -> Check {
    Check::several(Area::Docker, "engine", Duration::from_secs(20), async {
        let engine = ask("docker", &["version", "--format", "{{json .}}"]).await;
        if engine == Said::Missing {
            return vec![("engine".to_owned(), judge_engine(engine))];
        }
        let compose = ask("docker", &["compose", "version", "--short"]).await;
        vec![("engine".to_owned(), judge_engine(engine)), ("compose".to_owned(), judge_compose(compose))]
    })
}

fn judge_engine(said: Said) -> Verdict {
    match said {
        Said::Missing => Verdict::warning(
            "Docker is not installed",
            "install it if you want to run compose.yaml; `cargo xtask up` does without",
        ),
        Said::Nothing => Verdict::failed("the engine gives no answer", "restart it: `sudo systemctl restart docker`"),
        Said::Refusal(reason) if reason.contains("permission denied") => Verdict::failed(
            "you may not talk to the engine",
            "add yourself to its group with `sudo usermod -aG docker $USER`, and log in again",
        ),
        Said::Refusal(reason) => Verdict::failed(
            format!("the engine does not run: {}", first_line(&reason)),
            "start it: `sudo systemctl enable --now docker`",
        ),
        Said::Text(text) => {
            let version: Value = serde_json::from_str(&text).unwrap_or_default();
            match version["Server"]["Version"].as_str() {
                None => {
                    Verdict::failed("the engine does not tell its version", "start it: `sudo systemctl start docker`")
                }
                Some(version) if major(version) < ENGINE => Verdict::failed(
                    format!("the engine is {version}"),
                    format!("install version {ENGINE} or newer: health checks of compose.yaml need it"),
                ),
                Some(version) => Verdict::ok(format!("the engine is {version}")),
            }
        }
    }
}

fn judge_compose(said: Said) -> Verdict {
    let Said::Text(version) = said else {
        return Verdict::failed(
            "`docker compose` is not installed",
            "install the package docker-compose-plugin; the old docker-compose 1.x does not do",
        );
    };
    let version = version.trim_start_matches('v');
    if (major(version), minor(version)) < COMPOSE {
        let (major, minor) = COMPOSE;
        let advice = format!("install version {major}.{minor} or newer");
        return Verdict::failed(format!("compose is {version}"), advice);
    }
    Verdict::ok(format!("compose is {version}"))
}

fn major(version: &str) -> u32 {
    number(version, 0)
}

fn minor(version: &str) -> u32 {
    number(version, 1)
}

fn number(version: &str, place: usize) -> u32 {
    let part = version.split('.').nth(place).unwrap_or_default();
    let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    #[test]
    fn an_engine_is_judged_by_its_version() {
        let told = |version: &str| judge_engine(Said::Text(format!("{{\"Server\":{{\"Version\":\"{version}\"}}}}")));
        assert_eq!(told("26.1.5+dfsg1"), Verdict::ok("the engine is 26.1.5+dfsg1"));
        assert_eq!(told("20.10.24").state, State::Failed);
        assert_eq!(judge_engine(Said::Text("{\"Server\":null}".to_owned())).state, State::Failed);
    }

    #[test]
    fn why_the_engine_does_not_answer_is_told_apart() {
        assert_eq!(judge_engine(Said::Missing).state, State::Warning);
        let denied = "permission denied while trying to connect to the Docker daemon socket".to_owned();
        assert_eq!(judge_engine(Said::Refusal(denied)).found, "you may not talk to the engine");
        let dead = "Cannot connect to the Docker daemon.\nIs it running?".to_owned();
        assert_eq!(
            judge_engine(Said::Refusal(dead)).found,
            "the engine does not run: Cannot connect to the Docker daemon."
        );
    }

    #[test]
    fn the_old_compose_does_not_do() {
        assert_eq!(judge_compose(Said::Text("2.26.1-4".to_owned())), Verdict::ok("compose is 2.26.1-4"));
        assert_eq!(judge_compose(Said::Text("v2.19.0".to_owned())).state, State::Failed);
        assert_eq!(
            judge_compose(Said::Refusal("docker: 'compose' is not a docker command.".to_owned())).state,
            State::Failed
        );
    }
}
