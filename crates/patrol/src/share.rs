//! Opening a shared link: its password, and the cookie that stands for it afterwards.

use std::time::Duration;

use anyhow::{Context, anyhow};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use jiff::{SignedDuration, Timestamp};

use crate::history::{ReportId, RunId, ShareRow, ShareScope};
use crate::settings_book::Vault;

/// How many guesses of a password are allowed in a window, and how long one is.
pub(crate) const GUESSES: u32 = 5;
/// See [`GUESSES`].
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// How long a browser needs no password again.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(12);
/// The name of the cookie.
pub(crate) const COOKIE: &str = "ronda_share";

/// Returns what is kept of a password. Takes a while, on purpose.
pub(crate) async fn hashed(password: String) -> anyhow::Result<String> {
    let hash = move || {
        let hash: PasswordHash =
            Argon2::default().hash_password(password.as_bytes()).map_err(|error| anyhow!("{error}"))?;
        Ok(hash.to_string())
    };
    tokio::task::spawn_blocking(hash).await.context("hashing a password")?
}

/// Returns whether a password is the one something was kept of.
pub(crate) async fn is_right(password: String, kept: String) -> anyhow::Result<bool> {
    let verify = move || {
        let kept = PasswordHash::new(&kept).map_err(|error| anyhow!("{error}"))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
    };
    tokio::task::spawn_blocking(verify).await.context("checking a password")?
}

/// A cookie for somebody who knew the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) value: String,
    pub(crate) seconds: i64,
}

/// Returns a cookie for a link; it ends with the link at the latest.
pub(crate) fn pass(vault: &Vault, share: &ShareRow, now: Timestamp) -> Pass {
    let end = now + OPEN_FOR;
    let end = share.expires_at.map_or(end, |expires| expires.min(end)).as_second();
    let value = format!("{end}.{}", vault.signature(&signed(share, end)));
    Pass { value, seconds: (end - now.as_second()).max(0) }
}

/// Returns whether a cookie is one for this link that has not ended.
pub(crate) fn is_pass(vault: &Vault, share: &ShareRow, value: &str, now: Timestamp) -> bool {
    let Some((end, signature)) = value.split_once('.') else { return false };
    let Ok(end) = end.parse::<i64>() else { return false };
    now.as_second() < end && vault.is_signature(&signed(share, end), signature)
}

/// A cookie is of one link with one password.
fn signed(share: &ShareRow, end: i64) -> String {
    format!("share {} {} {end} {}", share.id, share.token, share.password_hash)
}

impl ShareScope {
    /// Returns whether a run is shown.
    pub(crate) fn shows_run(self, run: RunId) -> bool {
        match self {
            Self::All => true,
            Self::Run(shown) => shown == run,
            Self::Report(_) => false,
        }
    }

    /// Returns whether a report is shown.
    pub(crate) fn shows_report(self, report: ReportId) -> bool {
        match self {
            Self::All => true,
            Self::Report(shown) => shown == report,
            Self::Run(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(expires_at: Option<Timestamp>) -> ShareRow {
        ShareRow {
            id: 1,
            token: "token".to_owned(),
            label: String::new(),
            scope: ShareScope::All,
            password_hash: "hash".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            expires_at,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let kept = hashed("correct horse".to_owned()).await.expect("is hashed");
        assert!(kept.starts_with("$argon2id$") && !kept.contains("horse"), "{kept}");
        assert!(is_right("correct horse".to_owned(), kept.clone()).await.expect("is checked"));
        assert!(!is_right("correct horsf".to_owned(), kept).await.expect("is checked"));
        assert!(is_right(String::new(), "nonsense".to_owned()).await.is_err());
    }

    #[test]
    fn a_cookie_is_of_its_link_until_it_ends() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("is opened");
        let pass = pass(&vault, &share(None), at(0));
        let opens = |share: &ShareRow, value: &str, seconds| is_pass(&vault, share, value, at(seconds));
        assert!(opens(&share(None), &pass.value, pass.seconds - 1));
        assert!(!opens(&share(None), &pass.value, pass.seconds));
        assert!(!opens(&ShareRow { id: 2, ..share(None) }, &pass.value, 0));
        assert!(!opens(&ShareRow { password_hash: "new".to_owned(), ..share(None) }, &pass.value, 0));
        let (end, signature) = pass.value.split_once('.').expect("has two parts");
        let later = format!("{}.{signature}", end.parse::<i64>().expect("a number") + 1);
        assert!(!opens(&share(None), &later, 0));
        for nonsense in ["", ".", "x.y", "99999999999."] {
            assert!(!opens(&share(None), nonsense, 0), "{nonsense:?}");
        }
    }

    #[test]
    fn a_cookie_ends_with_its_link() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("is opened");
        assert_eq!(pass(&vault, &share(Some(at(60))), at(0)).seconds, 60);
    }

    #[test]
    fn a_link_shows_what_it_is_of() {
        let (run, report) = (RunId(1), ReportId(1));
        let shows = |scope: ShareScope| [scope.shows_run(run), scope.shows_report(report)];
        assert_eq!(shows(ShareScope::All), [true, true]);
        assert_eq!(shows(ShareScope::Run(run)), [true, false]);
        assert_eq!(shows(ShareScope::Report(report)), [false, true]);
        assert_eq!(shows(ShareScope::Run(RunId(2))), [false, false]);
    }
}
