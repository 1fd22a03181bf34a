//! The configuration files, as `ronda config check` sees them.

use std::sync::Arc;
use std::time::Duration;

use super::Site;
use super::check::{Area, Check, Verdict};
use crate::config::{Weight, check as checked, counted};

pub(super) fn check(site: &Arc<Site>) -> Check {
    let site = Arc::clone(site);
    Check::new(Area::Configs, site.configs.display().to_string(), Duration::from_secs(20), async move {
        let (directory, env) = (site.configs.clone(), site.env.clone());
        let checked = tokio::task::spawn_blocking(move || checked(&directory, &env, false)).await;
        let Ok(checked) = checked else {
            return Verdict::failed("the files could not be checked", "run `ronda config check`");
        };
        let directory = site.configs.display();
        let advice = format!("`ronda config check {directory}` names each with file, line and column");
        match (checked.count(Weight::Error), checked.count(Weight::Warning)) {
            (0, 0) => Verdict::ok(format!("{}, nothing is wrong", checked.holds())),
            (0, warnings) => {
                Verdict::warning(format!("{}, and {}", checked.holds(), counted(warnings, "warning")), advice)
            }
            (errors, _) => Verdict::failed(format!("{}, and {}", checked.holds(), counted(errors, "error")), advice),
        }
    })
}
