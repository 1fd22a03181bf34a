//! `ronda report`: the PDF of a run out of a data directory, without the services.

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use chassis::Env;
use jiff::Timestamp;
use report::source::Archive;
use report::{Fonts, analysis_pdf, run_pdf};

/// Which report, and where it goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The number of the run, or `latest`.
    #[arg(value_name = "RUN")]
    which: Which,
    /// Takes the number for that of an analysis of several days.
    #[arg(long)]
    analysis: bool,
    /// The data directory of the site, with `report/report.db` in it. It is only read.
    #[arg(long, value_name = "DIR", env = "DATA_DIR")]
    data: PathBuf,
    /// The file to write; `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Which one of those in the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Latest,
    Number(i64),
}

impl FromStr for Which {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" => Ok(Self::Latest),
            _ => text.parse().map(Self::Number).map_err(|_| "it is a number or `latest`"),
        }
    }
}

/// Writes the PDF and prints where it is.
pub(crate) fn run(args: &Args, env: &Env, out: &mut dyn Write) -> anyhow::Result<()> {
    let fonts = fonts(env)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let (name, pdf) = runtime.block_on(make(args, &fonts))?;
    if args.output.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        return out.write_all(&pdf).context("cannot write the report");
    }
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(name));
    std::fs::write(&path, pdf).with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(out, "{}", path.display()).context("cannot print")
}

async fn make(args: &Args, fonts: &Fonts) -> anyhow::Result<(String, Vec<u8>)> {
    let archive = Archive::open(&args.data).await?;
    let now = Timestamp::now();
    let number = match (args.which, args.analysis) {
        (Which::Number(number), _) => number,
        (Which::Latest, true) => bail!("an analysis is asked for by its number"),
        (Which::Latest, false) => {
            archive.latest_run().await?.with_context(|| format!("{} holds no run", args.data.display()))?
        }
    };
    if args.analysis {
        let found = archive.analysis(number, now).await?;
        let analysis = found.with_context(|| format!("{} holds no analysis {number}", args.data.display()))?;
        let name = format!("analysis_report_{}_{}.pdf", analysis.from, analysis.to);
        return Ok((name, analysis_pdf(&analysis, fonts)?));
    }
    let found = archive.run(number, now).await?;
    let run = found.with_context(|| format!("{} holds no run {number}", args.data.display()))?;
    let name = format!("patrol_report_{number}_{}.pdf", run.started.strftime("%Y-%m-%d_%H%M%S"));
    Ok((name, run_pdf(&run, fonts)?))
}

fn fonts(env: &Env) -> anyhow::Result<Fonts> {
    let (own, cached) = (env.text("RONDA_FONTS")?, env.text("RONDA_CACHE_DIR")?);
    Ok(Fonts::find(&Fonts::dirs(|name| match name {
        "RONDA_FONTS" => own.clone(),
        "RONDA_CACHE_DIR" => cached.clone(),
        _ => None,
    })))
}
