//! `ronda config plan`: what would change if this directory were the site's configuration?

mod difference;
mod facts;
mod live;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use chassis::Env;
use serde::Serialize;

use super::{Weight, check, counted};
use difference::{Change, What, changes};
use facts::Facts;

/// What is compared with what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory as it would be [default: $CONFIG_DIR, else configs].
    directory: Option<PathBuf>,
    /// Compares with this directory instead of the running site.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Where the running site is: its page, or its stream manager alone.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000", conflicts_with = "against")]
    site: String,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Prints what would change.
///
/// # Errors
/// If a directory has errors, the site cannot be asked, or the report cannot be written.
pub(crate) fn run(args: &Args, env: &Env, out: &mut dyn Write) -> anyhow::Result<()> {
    let directory = args.directory.clone().unwrap_or_else(|| env.config_dir());
    let then = of_directory(&directory, env)?;
    let (now, name) = match &args.against {
        Some(other) => (of_directory(other, env)?, other.display().to_string()),
        None => (of_site(&args.site)?, args.site.clone()),
    };
    let changes = changes(&now, &then);
    if args.json { json(&name, &changes, out) } else { text(&name, &changes, out) }
}

fn of_directory(directory: &std::path::Path, env: &Env) -> anyhow::Result<Facts> {
    let errors = check(directory, env, false).count(Weight::Error);
    if errors > 0 {
        let directory = directory.display();
        let errors = counted(errors, "error");
        bail!("{directory} has {errors} and cannot be compared: see `ronda config check {directory}`");
    }
    Facts::of_directory(directory, env)
}

fn of_site(url: &str) -> anyhow::Result<Facts> {
    chassis::install_tls();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(live::ask(url))
}

fn text(name: &str, changes: &[Change], out: &mut dyn Write) -> anyhow::Result<()> {
    if changes.is_empty() {
        return Ok(writeln!(out, "against {name}: nothing would change")?);
    }
    writeln!(out, "against {name}:")?;
    for change in changes {
        let (sign, told) = match &change.what {
            What::Added => ("+", String::new()),
            What::Removed => ("-", String::new()),
            What::Changed { differences } => {
                let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
                ("~", format!(": {}", told.join("; ")))
            }
        };
        writeln!(out, "{sign} {} {}{told}", change.kind.name(), change.name)?;
    }
    let mut effects: Vec<_> = changes.iter().map(Change::effect).collect();
    effects.sort_unstable();
    effects.dedup();
    for effect in effects {
        let count = changes.iter().filter(|change| change.effect() == effect).count();
        writeln!(out, "{count} {}", effect.sentence(count))?;
    }
    Ok(())
}

fn json(name: &str, changes: &[Change], out: &mut dyn Write) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Plan<'a> {
        against: &'a str,
        changes: Vec<Line<'a>>,
    }
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        change: &'a Change,
        restart: &'static [&'static str],
    }
    let lines = changes.iter().map(|change| Line { change, restart: change.effect().services() });
    let plan = Plan { against: name, changes: lines.collect() };
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(&plan)?)?)
}
