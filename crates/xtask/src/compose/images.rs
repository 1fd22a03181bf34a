//! The product's images from the programs that Cargo built: staged, built, weighed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use super::engine::Engine;
use super::stand_ins::{self, short_name};
use crate::exec;
use crate::places::Places;
use crate::terminal::{note, say};

/// The files whose images are made.
pub(crate) const COMPOSE_FILES: [&str; 2] = ["compose.yaml", "compose.prod.yaml"];

/// The programs that images hold.
const PROGRAMS: [&str; 7] = ["console", "inference-api", "stream-manager", "alert-router", "patrol", "sim", "ronda"];

/// What a program downloads at its first start elsewhere, and images bring along.
const DOWNLOADS: [&str; 3] = ["models/yolov4-tiny", "onnxruntime", "footage"];

/// Our images have this before their names, unless a user says otherwise.
const OURS: &str = "ronda/";

/// How much of what builds remember stays for the next one.
const KEPT_OF_BUILDS: &str = "3GB";

/// The programs that link neither GStreamer nor OpenCV.
const SMALL: [&str; 2] = ["console", "alert-router"];
/// What the public base weighs; its stand-in is a little heavier.
const PUBLIC_BASE: u64 = 75_000_000;
const MOST_OF_SMALL: u64 = 150;
const MOST_OF_LARGE: u64 = 450;

/// Makes every image that the compose files name, and prints what ours weigh.
pub(crate) fn ensure_all(engine: &Engine, places: &Places) -> anyhow::Result<()> {
    let (ours, others): (Vec<String>, Vec<String>) =
        named_in_files(engine, places)?.into_iter().partition(|image| image.starts_with(OURS));
    let staged = stage(places)?;
    stand_ins::ensure_base(engine, places)?;
    let front = front_image(places)?;
    for image in others.iter().filter(|image| !stand_ins::is_absent(image)).chain([&front]) {
        stand_ins::ensure(engine, image)?;
    }
    for image in &ours {
        build(engine, places, image, &staged)?;
    }
    // What an earlier build has left without a name would fill the disk over the weeks.
    exec::quietly("docker image prune", &mut engine.docker(&["image", "prune", "--force"]))?;
    let prune = ["builder", "prune", "--force", "--keep-storage", KEPT_OF_BUILDS];
    exec::quietly("docker builder prune", &mut engine.docker(&prune))?;
    weigh(engine, &ours)
}

/// The names of all images, each once.
fn named_in_files(engine: &Engine, places: &Places) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in COMPOSE_FILES {
        let mut config = engine.docker(&["compose", "--profile", "*", "--file", file, "config", "--images"]);
        config.current_dir(&places.root);
        let listed = exec::output_of(&mut config).with_context(|| format!("reading {file}"))?;
        names.extend(listed.lines().map(str::to_owned).filter(|name| !name.is_empty()));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The public image under our nginx, as the Dockerfile names it.
fn front_image(places: &Places) -> anyhow::Result<String> {
    let path = places.root.join("docker/Dockerfile");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let named = text.lines().find_map(|line| line.strip_prefix("ARG NGINX_IMAGE="));
    Ok(named.with_context(|| format!("{} has no `ARG NGINX_IMAGE=`", path.display()))?.trim().to_owned())
}

fn build(engine: &Engine, places: &Places, image: &str, staged: &Path) -> anyhow::Result<()> {
    let target = short_name(image);
    let mut command = engine.docker(&["build", "--network=host", "--file", "docker/Dockerfile", "--target", target]);
    command
        .current_dir(&places.root)
        .args(["--build-arg", "FLAVOUR=prebuilt", "--build-context"])
        .arg(format!("prebuilt={}", staged.display()))
        .args(["--tag", image, "."]);
    exec::quietly(&format!("building the image {image}"), &mut command)
}

/// Lays out what the images take: programs without what only a debugger reads, and downloads.
fn stage(places: &Places) -> anyhow::Result<PathBuf> {
    let staged = places.target.join("compose/prebuilt");
    for directory in ["bin", "cache/models"] {
        let directory = staged.join(directory);
        fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    }
    for program in PROGRAMS {
        let (from, to) = (places.programs().join(program), staged.join("bin").join(program));
        ensure!(from.is_file(), "{program} is not built: run `cargo xtask test build` first");
        if is_newer(&from, &to) {
            exec::quietly("strip", Command::new("strip").arg("--strip-all").arg("-o").arg(&to).arg(&from))?;
        }
    }
    for download in DOWNLOADS {
        let from = places.cache.join(download);
        ensure!(from.is_dir(), "{} is missing: run `cargo xtask test fetch` first", from.display());
        let to = staged.join("cache").join(download);
        let _ = fs::remove_dir_all(&to);
        exec::quietly("cp", Command::new("cp").args(["--archive", "--dereference"]).arg(&from).arg(&to))?;
    }
    Ok(staged)
}

fn is_newer(source: &Path, copy: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    match (changed(source), changed(copy)) {
        (Some(source), Some(copy)) => source > copy,
        _ => true,
    }
}

/// Prints the size of each image as it is on the public base, and fails when one is larger than it may be.
fn weigh(engine: &Engine, images: &[String]) -> anyhow::Result<()> {
    let base = size_of(engine, stand_ins::BASE)?;
    let mut too_large = Vec::new();
    for image in images {
        let megabytes = (size_of(engine, image)?.saturating_sub(base) + PUBLIC_BASE) / 1_000_000;
        let most = most_of(image);
        say(format!("{image:<28} {megabytes:>4} MB of {most} MB"));
        if megabytes >= most {
            too_large.push(image.as_str());
        }
    }
    if !too_large.is_empty() {
        bail!("these images are larger than they may be: {}", too_large.join(", "));
    }
    note("All images are there");
    Ok(())
}

fn size_of(engine: &Engine, image: &str) -> anyhow::Result<u64> {
    let size = exec::output_of(&mut engine.docker(&["image", "inspect", "--format", "{{.Size}}", image]))?;
    size.trim().parse().with_context(|| format!("the size of {image} is `{}`", size.trim()))
}

/// How many megabytes an image may have.
fn most_of(image: &str) -> u64 {
    if SMALL.contains(&short_name(image)) { MOST_OF_SMALL } else { MOST_OF_LARGE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decodes_no_video_is_small() {
        assert_eq!(["ronda/console:0.1.0", "ronda/patrol:0.1.0"].map(most_of), [150, 450]);
    }

    #[test]
    fn a_program_is_staged_again_only_when_it_was_built_anew() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let [built, staged] = ["built", "staged"].map(|name| directory.path().join(name));
        fs::write(&built, "1").expect("writable");
        assert!(is_newer(&built, &staged));

        fs::write(&staged, "1").expect("writable");
        let later = fs::metadata(&built).and_then(|file| file.modified()).expect("it has a time");
        let file = fs::File::options().write(true).open(&staged).expect("it is there");
        file.set_modified(later + std::time::Duration::from_secs(1)).expect("its time can be set");

        assert!(!is_newer(&built, &staged));
    }
}
