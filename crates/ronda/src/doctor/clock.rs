//! Whether the clock is right: alerts, reports and signatures carry its time.

use std::path::Path;
use std::time::Duration;

use super::check::{Area, Check, Verdict};
use super::command::ask;

/// What systemd's own client leaves when it has set the clock.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// More than this is told, although the clock is being set.
const TOLERANCE: f64 = 1.0;

/// What is known of the clock.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Source {
    /// chrony: whether it follows a server, and by how many seconds the clock is off.
    Chrony { follows: bool, off: f64 },
    /// What systemd says of the kernel's clock.
    System { follows: bool },
    /// Nobody knows.
    Unknown,
}

pub(super) fn check() -> Check {
    Check::new(Area::Clock, "time", Duration::from_secs(20), async { judge(source().await) })
}

async fn source() -> Source {
    let chrony = ask("chronyc", &["-c", "tracking"]).await.text();
    if let Some(source) = chrony.as_deref().and_then(of_chrony) {
        return source;
    }
    let system = ask("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).await.text();
    match system.as_deref() {
        Some("yes") => Source::System { follows: true },
        Some("no") => Source::System { follows: Path::new(SYNCHRONISED).exists() },
        _ if Path::new(SYNCHRONISED).exists() => Source::System { follows: true },
        _ => Source::Unknown,
    }
}

/// Reads chrony's line: the fifth field is the offset, the last one the state.
fn of_chrony(line: &str) -> Option<Source> {
    let fields: Vec<&str> = line.lines().next()?.split(',').collect();
    let off = fields.get(4)?.parse().ok()?;
    Some(Source::Chrony { follows: *fields.last()? != "Not synchronised", off })
}

fn judge(source: Source) -> Verdict {
    let set_up = "switch it on: `sudo timedatectl set-ntp true`, or install chrony";
    match source {
        Source::Chrony { follows: true, off } if off.abs() <= TOLERANCE => {
            Verdict::ok(format!("chrony keeps the clock, {:.3} s off", off.abs()))
        }
        Source::Chrony { follows: true, off } => Verdict::warning(
            format!("the clock is {:.1} s off; chrony is setting it", off.abs()),
            "wait, or `sudo chronyc makestep`",
        ),
        Source::System { follows: true } => Verdict::ok("the clock follows a time server"),
        Source::Chrony { follows: false, .. } => Verdict::warning(
            "chrony reaches no time server",
            "check the network and the servers in /etc/chrony/chrony.conf",
        ),
        Source::System { follows: false } => Verdict::warning("the clock follows no time server", set_up),
        Source::Unknown => Verdict::warning("nothing here tells whether the clock is right", set_up),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    #[test]
    fn chrony_is_understood() {
        let line = "C0A80101,192.168.1.1,3,1700000000.123,-0.000012,0.1,0.2,1.5,0.0,0.1,0.02,0.001,64.5,Normal";
        assert_eq!(of_chrony(line), Some(Source::Chrony { follows: true, off: -0.000012 }));
        let lost = "00000000,,0,0.0,0.000000000,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised";
        assert_eq!(of_chrony(lost), Some(Source::Chrony { follows: false, off: 0.0 }));
        assert_eq!(of_chrony("506 Cannot talk to daemon"), None);
    }

    #[test]
    fn a_clock_that_nobody_sets_is_told() {
        let states = [
            Source::Chrony { follows: true, off: 0.01 },
            Source::Chrony { follows: true, off: -90.0 },
            Source::System { follows: true },
            Source::System { follows: false },
            Source::Unknown,
        ]
        .map(|source| judge(source).state);
        assert_eq!(states, [State::Ok, State::Warning, State::Ok, State::Warning, State::Warning]);
    }
}
