//! `cargo xtask up` as a user runs it: it starts everything, keeps it running, and leaves nothing behind.

mod family;
mod refusals;

use std::path::Path;
use std::time::Duration;

use e2e::{Http, LIMIT, Ports, Up, root, until, until_some};
use rustix::process::Signal;

/// How long a site may take to stop.
const STOP: Duration = Duration::from_secs(40);

#[tokio::test]
async fn a_site_starts_works_and_stops_without_a_trace() -> anyhow::Result<()> {
    let site = Up::new()?;
    let mut up = site.start().await?;
    let family = family::of(up.id());
    let web = Http::on(site.ports.web())?;

    for path in ["/", "/inference/health", "/streams/api/v1/cameras", "/alerts/api/v1/alerts", "/console/api/v1/system"]
    {
        assert_eq!(web.status(path).await, Some(200), "{path}\n{}", up.said());
    }

    assert!(up.stop(STOP)?.success(), "{}", up.said());
    assert_eq!(family::alive(&family), Vec::<String>::new());
    assert_eq!(taken(site.ports), Vec::<u16>::new());

    // The second start finds everything as it was left, and SIGINT is what Ctrl-C sends.
    let mut again = site.start().await?;
    again.signal(Signal::INT)?;
    assert!(again.wait(STOP)?.success(), "{}", again.said());
    assert_eq!(taken(site.ports), Vec::<u16>::new());
    Ok(())
}

#[tokio::test]
async fn a_program_that_dies_comes_back() -> anyhow::Result<()> {
    let site = Up::new()?;
    let mut up = site.start().await?;
    let router = family::named(up.id(), "alert-router").expect("it has just started");

    family::kill(router)?;

    until("the end is told", LIMIT, async || up.said().contains("alert-router ended (signal: 9")).await?;
    let successor = until_some("there is a successor", LIMIT, async || family::named(up.id(), "alert-router")).await?;
    assert_ne!(successor, router);
    let http = Http::on(site.ports.alert_router())?;
    until("it works", LIMIT, async || http.status("/readyz").await == Some(200)).await?;
    assert!(up.stop(STOP)?.success(), "{}", up.said());
    Ok(())
}

#[tokio::test]
async fn not_even_a_killed_start_leaves_a_child() -> anyhow::Result<()> {
    let site = Up::new()?;
    let mut up = site.start().await?;
    let family = family::of(up.id());
    assert!(family.len() > 8, "{family:?}");

    up.kill()?;

    until("every child is gone", STOP, async || family::alive(&family).is_empty()).await?;
    assert_eq!(taken(site.ports), Vec::<u16>::new());
    Ok(())
}

#[tokio::test]
async fn a_start_can_be_given_up() -> anyhow::Result<()> {
    let site = Up::new()?;
    let mut up = site.launch(site.command()?)?;
    until("something was started", LIMIT, async || family::named(up.id(), "redis-server").is_some()).await?;

    assert!(up.stop(STOP)?.success(), "{}", up.said());

    assert_eq!(taken(site.ports), Vec::<u16>::new());
    Ok(())
}

/// The ports of a site on which something listens.
fn taken(ports: Ports) -> Vec<u16> {
    ports.all().into_iter().filter(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_err()).collect()
}

/// A configuration directory with one camera.
fn user_s_site(directory: &Path) -> anyhow::Result<()> {
    for name in ["cameras.yaml", "rois.yaml", "services.yaml"] {
        std::fs::copy(root().join("configs").join(name), directory.join(name))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_user_s_site_runs_without_the_simulation() -> anyhow::Result<()> {
    let site = Up::new()?;
    let configs = tempfile::tempdir()?;
    user_s_site(configs.path())?;
    let mut command = site.command()?;
    command.arg("--site").arg(configs.path());
    let mut up = site.start_with(command).await?;

    let cameras = Http::on(site.ports.web())?.json("/streams/api/v1/cameras").await?;

    assert_eq!(cameras["cameras"][0]["id"], "gate");
    assert_eq!(family::named(up.id(), "sim"), None);
    assert!(up.stop(STOP)?.success(), "{}", up.said());
    Ok(())
}
