//! One check, what it found, and how all of them are run side by side.

use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;

/// What a check is about, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    /// The container engine and compose.
    Docker,
    /// Graphics processors and containers' way to them.
    Gpu,
    /// Free memory.
    Memory,
    /// Room and rights where things are written.
    Disk,
    /// Whether the clock is right.
    Clock,
    /// The ports of the services, and the services themselves.
    Ports,
    /// The configuration files.
    Configs,
    /// Redis.
    Redis,
    /// The detector model and what runs it.
    Model,
    /// Each camera.
    Cameras,
    /// Each robot.
    Robots,
}

impl Area {
    /// Returns its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Gpu => "gpu",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::Ports => "ports",
            Self::Configs => "configs",
            Self::Redis => "redis",
            Self::Model => "model",
            Self::Cameras => "cameras",
            Self::Robots => "robots",
        }
    }
}

/// How good what was found is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// The site works, but somebody should look at it.
    Warning,
    /// The site does not work, or not this part of it.
    Failed,
}

/// What was found, before it is known of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    /// One sentence: what was found.
    pub(crate) found: String,
    /// One sentence: what to do; there unless all is well.
    pub(crate) advice: Option<String>,
}

impl Verdict {
    pub(crate) fn ok(found: impl Into<String>) -> Self {
        Self { state: State::Ok, found: found.into(), advice: None }
    }

    pub(crate) fn warning(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    pub(crate) fn failed(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Failed, found: found.into(), advice: Some(advice.into()) }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) area: Area,
    /// What it is about, as `gate` or `port 8010`.
    pub(crate) subject: String,
    pub(crate) state: State,
    pub(crate) found: String,
    pub(crate) advice: Option<String>,
}

impl Finding {
    /// Returns whether the site does not work because of it.
    pub(crate) fn has_failed(&self) -> bool {
        self.state == State::Failed
    }

    fn of(area: Area, subject: String, verdict: Verdict) -> Self {
        let Verdict { state, found, advice } = verdict;
        Self { area, subject, state, found, advice }
    }
}

/// The work of a check. Each verdict may name a subject of its own.
type Work = Pin<Box<dyn Future<Output = Vec<(Option<String>, Verdict)>> + Send>>;

/// A check that has not run yet.
pub(crate) struct Check {
    pub(crate) area: Area,
    subject: String,
    limit: Duration,
    work: Work,
}

impl Check {
    /// Returns a check with one verdict.
    pub(crate) fn new(
        area: Area,
        subject: impl Into<String>,
        limit: Duration,
        work: impl Future<Output = Verdict> + Send + 'static,
    ) -> Self {
        let work = async move { vec![(None, work.await)] };
        Self { area, subject: subject.into(), limit, work: Box::pin(work) }
    }

    /// Returns a check with several verdicts, each on a subject of its own.
    pub(crate) fn several(
        area: Area,
        subject: impl Into<String>,
        limit: Duration,
        work: impl Future<Output = Vec<(String, Verdict)>> + Send + 'static,
    ) -> Self {
        let work = async move { work.await.into_iter().map(|(subject, verdict)| (Some(subject), verdict)).collect() };
        Self { area, subject: subject.into(), limit, work: Box::pin(work) }
    }

    async fn run(self) -> Vec<Finding> {
        let Self { area, subject, limit, work } = self;
        match tokio::time::timeout(limit, work).await {
            Ok(verdicts) => verdicts
                .into_iter()
                .map(|(own, verdict)| Finding::of(area, own.unwrap_or_else(|| subject.clone()), verdict))
                .collect(),
            Err(_) => {
                let found = format!("the check did not end within {} s", limit.as_secs());
                let advice = "see whether the machine is overloaded, or the other end hangs, and try again";
                vec![Finding::of(area, subject, Verdict::failed(found, advice))]
            }
        }
    }
}

/// Runs the checks side by side and returns what they found, in their order.
pub(crate) async fn run(checks: Vec<Check>) -> Vec<Finding> {
    let about: Vec<_> = checks.iter().map(|check| (check.area, check.subject.clone())).collect();
    let mut running = JoinSet::new();
    for (place, check) in checks.into_iter().enumerate() {
        running.spawn(async move { (place, check.run().await) });
    }
    let mut found: Vec<Option<Vec<Finding>>> = vec![None; about.len()];
    while let Some(ended) = running.join_next().await {
        if let Ok((place, findings)) = ended {
            found[place] = Some(findings);
        }
    }
    let told = found.into_iter().zip(about).flat_map(|(findings, (area, subject))| {
        findings.unwrap_or_else(|| {
            let verdict = Verdict::failed("the check itself broke off", "report this, with the text above");
            vec![Finding::of(area, subject, verdict)]
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subject: &str, takes: Duration) -> Check {
        Check::new(Area::Clock, subject, Duration::from_secs(10), async move {
            tokio::time::sleep(takes).await;
            Verdict::ok("fine")
        })
    }

    #[tokio::test(start_paused = true)]
    async fn checks_run_side_by_side_and_are_told_in_order() {
        let begun = tokio::time::Instant::now();
        let findings = run(vec![check("slow", Duration::from_secs(5)), check("fast", Duration::from_secs(1))]).await;
        let subjects: Vec<_> = findings.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(subjects, ["slow", "fast"]);
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_fails_and_the_others_are_told() {
        let findings = run(vec![check("hung", Duration::from_secs(3600)), check("fast", Duration::ZERO)]).await;
        assert_eq!((findings[0].state, findings[1].state), (State::Failed, State::Ok));
        assert_eq!(findings[0].found, "the check did not end within 10 s");
    }

    #[tokio::test]
    async fn a_check_that_breaks_off_does_not_take_the_others_along() {
        let broken = Check::new(Area::Disk, "data", Duration::from_secs(1), async { panic!("a mistake of ours") });
        let findings = run(vec![broken, check("fine", Duration::ZERO)]).await;
        assert_eq!(
            (findings[0].state, findings[0].subject.as_str(), findings[1].state),
            (State::Failed, "data", State::Ok)
        );
    }
}
