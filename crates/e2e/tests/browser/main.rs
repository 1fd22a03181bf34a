//! The console in a real browser, on the whole simulated site behind nginx. What the browser does is written beside the
//! interface, in `crates/console/ui/e2e`. With `UPDATE=1` it takes README's pictures anew.

use std::process::Command;
use std::time::Duration;

use e2e::{Up, root};

/// How long the browser may take for all it has to do.
const BROWSING: Duration = Duration::from_secs(600);
/// The simulated building: robots drive faster than real ones, and nothing and nobody is in their way.
const BUILDING: [(&str, &str); 3] = [("SIM_SPEED", "3"), ("SIM_PEOPLE", "0"), ("SIM_DAY", "0")];

#[tokio::test]
async fn an_operator_can_do_the_work_in_a_browser() -> anyhow::Result<()> {
    let site = Up::new()?;
    let mut command = site.command()?;
    command.envs(BUILDING);
    let mut up = site.start_with(command).await?;
    let ui = root().join("crates/console/ui");
    assert!(ui.join("node_modules").is_dir(), "install the interface's packages first: cargo xtask test interface");

    let pictures = tempfile::tempdir()?;
    let mut npm = Command::new("npm");
    npm.current_dir(&ui)
        .args(["run", "e2e"])
        .env("RONDA_BASE_URL", format!("http://localhost:{}", site.ports.web()))
        .env("RONDA_SCREENSHOTS", std::env::var_os("RONDA_SCREENSHOTS").unwrap_or_else(|| pictures.path().into()));
    if std::env::var_os("UPDATE").is_some() {
        npm.env("RONDA_README_IMAGES", root().join("docs/images"));
    }
    let mut browser = e2e::Process::start("browser", &mut npm, pictures.path())?;

    let status = browser.wait(BROWSING)?;
    assert!(status.success(), "{}\n── the site ──\n{}", browser.said(), up.said());
    assert!(up.stop(Duration::from_secs(40))?.success(), "{}", up.said());
    Ok(())
}
