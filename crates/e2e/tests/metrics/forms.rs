//! Both forms of the figures, read by the programs that set the standard.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use chassis::Env;

use crate::shown;
use crate::site::{ASKS_FOR_OPENMETRICS, Site};

#[tokio::test]
async fn the_reference_parsers_read_both_forms_of_every_service() -> anyhow::Result<()> {
    let site = Site::begin().await?;
    for (service, _) in site.services() {
        let text = site.figures(service, "text/plain").await?;
        let said = read("promtool".as_ref(), &["check", "metrics"], &text).with_context(|| service.to_owned())?;
        assert_eq!(said, "", "{service}");

        let open = site.figures(service, ASKS_FOR_OPENMETRICS).await?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/metrics/strict.py");
        let script = script.to_str().context("a path of letters")?;
        let said = read(&python(), &[script], &open).with_context(|| service.to_owned())?;

        let lines = said.lines().map(|line| line.split_once(' ').context("a name and a type"));
        let open: BTreeMap<&str, &str> = lines.collect::<anyhow::Result<_>>()?;
        assert!(open.len() > 20, "{service}: {said}");
        // What was shown in the one form is shown in the other, as what it is there.
        for (name, family) in shown::families(&text)? {
            let (stem, kind) = match family.kind.as_str() {
                "counter" => (name.strip_suffix("_total"), "counter"),
                "gauge" if name.ends_with("_info") => (name.strip_suffix("_info"), "info"),
                kind => (Some(name.as_str()), kind),
            };
            let stem = stem.with_context(|| format!("the counter {name} does not end in _total"))?;
            assert_eq!(open.get(stem), Some(&kind), "{service}: {name}");
        }
    }
    Ok(())
}

/// Has a program read a text, and returns what it said.
fn read(program: &Path, arguments: &[&str], text: &str) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let starting = || format!("starting {}: `cargo xtask test fetch` makes or installs it", program.display());
    let mut child = command.spawn().with_context(starting)?;
    child.stdin.take().context("there is an input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} says {said}{complained}", program.display());
    Ok(said + &complained)
}

/// Returns the interpreter with the parser in it.
fn python() -> PathBuf {
    Env::process().cache_dir().join("tools/openmetrics-python/bin/python")
}
