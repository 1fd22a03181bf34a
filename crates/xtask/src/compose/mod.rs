//! Proves that `docker compose up` works, on a machine that reaches no container registry: an engine of our own,
//! stand-ins for public images, the product's images from the programs that Cargo built, then the tests `compose` of
//! `e2e` beside that engine.

pub(crate) mod engine;
pub(crate) mod host;
mod images;
pub(crate) mod packages;
mod stand_ins;
mod traces;

use std::env;

use crate::places::Places;
use crate::setup::{apt, disk};
use crate::terminal::note;
use crate::{exec, test};
use engine::{Engine, Network};

/// The tests of both compose files.
pub(crate) const TESTS: &str = "package(e2e) and binary(compose)";

/// Tells the tests that everything is prepared, and which engine is theirs.
const ENGINE: &str = "RONDA_COMPOSE_ENGINE";

/// Installs an engine and makes every image, of which most are there already after the first time.
pub(crate) fn prepare(places: &Places) -> anyhow::Result<()> {
    engine::require_privileges()?;
    packages::ensure(places, apt::Consent::Ask)?;
    disk::require(&places.target, disk::FOR_IMAGES, "the container images")?;
    let engine = Engine::start(places, Network::OfTheMachine)?;
    let made = images::ensure_all(&engine, places);
    made.and(engine.stop())
}

/// Runs the tests. Where no engine can run, continuous integration fails and a person is told.
pub(crate) fn test(places: &Places) -> anyhow::Result<()> {
    if let Err(reason) = engine::require_privileges() {
        if env::var_os("CI").is_some_and(|value| !value.is_empty()) {
            return Err(reason);
        }
        note(format!("Compose is NOT tested: {reason:#}"));
        return Ok(());
    }
    prepare(places)?;
    let engine = Engine::start(places, Network::OfItsOwn)?;
    let mut nextest = engine.inside(&test::nextest_command(places, TESTS, &[])?);
    nextest.env(ENGINE, engine.address());
    let passed = exec::openly("cargo nextest", &mut nextest);
    passed.and(engine.stop())
}
