//! Redis: is it there, is it new enough, and does it keep what it is told?

use std::sync::Arc;
use std::time::Duration;

use bus::{BusError, Durability, Inspector, RedisUrl};

use super::Site;
use super::check::{Area, Check, Verdict};

/// The oldest version whose streams tell how far a group lags behind.
const OLDEST: u32 = 7;
/// Where compose.prod.yaml and `cargo xtask up` put the Redis of their own.
const SITES_OWN: &str = "redis://127.0.0.1:6380";
/// From this share of its memory on it is nearly full.
const NEARLY_FULL: f64 = 0.9;

pub(super) fn check(site: &Arc<Site>) -> Check {
    let site = Arc::clone(site);
    Check::several(Area::Redis, "server", Duration::from_secs(20), async move {
        let is_named = site.env.plain("REDIS_URL").is_some() || site.env.plain("REDIS_URL_FILE").is_some();
        let named: RedisUrl = match site.env.or("REDIS_URL", RedisUrl::default()) {
            Ok(url) => url,
            Err(error) => {
                let verdict = Verdict::failed(error.to_string(), "write it as redis://[user:password@]host[:port]");
                return vec![("server".to_owned(), verdict)];
            }
        };
        let verdicts = ask(&named, is_named).await;
        let is_there = verdicts.len() > 1;
        match SITES_OWN.parse() {
            // Nobody named one, so it may be the one that came with the site.
            Ok(own) if !is_named && !is_there => {
                let others = ask(&own, is_named).await;
                if others.len() > 1 { others } else { verdicts }
            }
            _ => verdicts,
        }
    })
}

/// Asks a server; an answer has several verdicts, none has one.
async fn ask(url: &RedisUrl, is_named: bool) -> Vec<(String, Verdict)> {
    let asked = async { Inspector::connect(url)?.durability().await }.await;
    match asked {
        Ok(kept) => vec![
            ("server".to_owned(), judge_version(url, &kept.version)),
            ("keeping".to_owned(), judge_keeping(&kept)),
            ("memory".to_owned(), judge_memory(&kept)),
        ],
        Err(error) => vec![("server".to_owned(), judge_error(url, &error, is_named))],
    }
}

fn judge_error(url: &RedisUrl, error: &BusError, is_named: bool) -> Verdict {
    let text = chain(error);
    let is_login = ["WRONGPASS", "NOAUTH", "NOPERM", "AuthenticationFailed", "Authentication required"];
    if is_login.iter().any(|word| text.contains(word)) {
        let advice = "correct the user name and password in REDIS_URL: redis://user:password@host:6379";
        return Verdict::failed(format!("the server at {url} refuses the user name or password"), advice);
    }
    if is_named {
        let advice = "start it, or correct REDIS_URL; alerts wait on disk meanwhile";
        return Verdict::failed(text, advice);
    }
    // Compose on a private network keeps its Redis to itself, and before the first start there is none.
    let found = format!("there is no Redis at {url}, nor the site's own at port 6380, and REDIS_URL names no other");
    Verdict::warning(found, "nothing, if compose or `cargo xtask up` brings its own; else start one or set REDIS_URL")
}

/// Returns an error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn judge_version(url: &RedisUrl, version: &str) -> Verdict {
    let major: u32 = version.split('.').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let found = format!("version {version} answers at {url}");
    if major >= OLDEST {
        Verdict::ok(found)
    } else {
        Verdict::failed(found, format!("install version {OLDEST} or newer"))
    }
}

fn judge_keeping(kept: &Durability) -> Verdict {
    if !kept.last_write_succeeded {
        return Verdict::failed(
            "it could not write its file the last time",
            "look into its log, and for room on its disk",
        );
    }
    match (kept.append_only, kept.snapshots) {
        (true, _) => Verdict::ok("it writes every change to a file"),
        (false, Some(true)) => Verdict::warning(
            "it writes to a file only now and then; a power cut loses minutes of alerts",
            "switch on `appendonly yes`",
        ),
        (false, Some(false)) => Verdict::failed(
            "it keeps nothing; a restart loses alerts that are under way",
            "switch on `appendonly yes` in its configuration",
        ),
        (false, None) => Verdict::warning(
            "it does not say whether it keeps anything, and `appendonly` is off",
            "switch on `appendonly yes`",
        ),
    }
}

fn judge_memory(kept: &Durability) -> Verdict {
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let used = megabytes(kept.used_memory_bytes);
    if kept.eviction != "noeviction" {
        return Verdict::failed(
            format!("when its memory is full it forgets what it was told (maxmemory-policy {})", kept.eviction),
            "set `maxmemory-policy noeviction`: then it refuses, and alerts wait on disk",
        );
    }
    if kept.max_memory_bytes == 0 {
        return Verdict::ok(format!("{used:.0} MB are in use, without a limit of its own"));
    }
    let found = format!("{used:.0} MB of {:.0} MB are in use", megabytes(kept.max_memory_bytes));
    let share = kept.used_memory_bytes as f64 / kept.max_memory_bytes as f64;
    if share < NEARLY_FULL {
        return Verdict::ok(found);
    }
    Verdict::warning(found, "raise `maxmemory`, or lower alerting.redis_max_stream_length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    fn kept() -> Durability {
        Durability {
            version: "7.4.1".to_owned(),
            append_only: true,
            snapshots: Some(true),
            last_write_succeeded: true,
            used_memory_bytes: 10 << 20,
            max_memory_bytes: 100 << 20,
            eviction: "noeviction".to_owned(),
        }
    }

    #[test]
    fn a_server_that_forgets_is_no_place_for_alerts() {
        let state = |eviction: &str, used: u64| {
            judge_memory(&Durability { eviction: eviction.to_owned(), used_memory_bytes: used << 20, ..kept() }).state
        };
        assert_eq!(state("noeviction", 10), State::Ok);
        assert_eq!(state("noeviction", 95), State::Warning);
        assert_eq!(state("allkeys-lru", 10), State::Failed);
    }

    #[test]
    fn what_is_kept_is_told_apart() {
        let state = |append_only, snapshots, last_write_succeeded| {
            judge_keeping(&Durability { append_only, snapshots, last_write_succeeded, ..kept() }).state
        };
        assert_eq!(state(true, None, true), State::Ok);
        assert_eq!(state(false, Some(true), true), State::Warning);
        assert_eq!(state(false, Some(false), true), State::Failed);
        assert_eq!(state(true, Some(true), false), State::Failed);
    }

    #[test]
    fn an_old_server_is_refused() {
        let url = RedisUrl::default();
        assert_eq!(judge_version(&url, "6.2.14").state, State::Failed);
        assert_eq!(judge_version(&url, "7.0.15").state, State::Ok);
        assert_eq!(judge_version(&url, "10.1.0").state, State::Ok);
    }
}
