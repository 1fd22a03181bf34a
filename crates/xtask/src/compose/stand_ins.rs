//! Images in the place of public ones, for machines that reach no container registry: the same programs from Debian
//! packages, under the same names, with the users, paths and commands that our compose files rely on.
//!
//! Three have no stand-in, because no package registry has their programs: Grafana, Loki and Alloy. MediaMTX is in
//! none either; what stands in its place answers its health check and nothing else, so that all that is proved of it is
//! that the rest of the site starts beside it.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::engine::Engine;
use super::host::{self, Root};
use crate::exec;
use crate::places::Places;
use crate::terminal::note;

/// The public image that everything is built on.
pub(crate) const BASE: &str = "debian:bookworm-slim";
/// Raised when the base is made another way, so that older ones are made anew.
const RECIPE: u32 = 3;
/// Tells from which week's packages the base was made.
const LABEL: &str = "ronda.packages-of";

/// A public image that others take the place of.
struct Known {
    name: &'static str,
    packages: &'static str,
    /// How the public image behaves, as the lines of a Dockerfile; directories belong to its user.
    lines: &'static str,
}

const KNOWN: [Known; 5] = [
    Known {
        name: "redis",
        packages: "redis-server",
        lines: "RUN mkdir -p /data && chown 999:1000 /data
USER 999:1000
WORKDIR /data
VOLUME /data
CMD [\"redis-server\"]
",
    },
    Known {
        name: "nginx",
        packages: "nginx-light wget",
        lines: "RUN rm -rf /etc/nginx/sites-enabled
STOPSIGNAL SIGQUIT
CMD [\"nginx\", \"-g\", \"daemon off;\"]
",
    },
    Known {
        name: "prometheus",
        packages: "prometheus wget",
        lines: "RUN mkdir -p /prometheus && chown 65534:65534 /prometheus
USER 65534:65534
WORKDIR /prometheus
VOLUME /prometheus
ENTRYPOINT [\"/bin/prometheus\"]
CMD [\"--config.file=/etc/prometheus/prometheus.yml\", \"--storage.tsdb.path=/prometheus\"]
",
    },
    Known {
        name: "alertmanager",
        packages: "prometheus-alertmanager wget",
        lines: "RUN mkdir -p /alertmanager /etc/alertmanager && chown 65534:65534 /alertmanager \
 && ln -sf prometheus-alertmanager /usr/bin/alertmanager
USER 65534:65534
WORKDIR /alertmanager
VOLUME /alertmanager
ENTRYPOINT [\"/bin/alertmanager\"]
CMD [\"--config.file=/etc/alertmanager/alertmanager.yml\", \"--storage.path=/alertmanager\"]
",
    },
    // Runs with a root file system that cannot be written to: only /dev/shm can.
    Known {
        name: "mediamtx",
        packages: "nginx-light wget",
        lines: "RUN printf '%s\\n' 'pid /dev/shm/pid; error_log stderr;' 'events {}' 'http { access_log off;' \
 'client_body_temp_path /dev/shm/b; proxy_temp_path /dev/shm/p; fastcgi_temp_path /dev/shm/f;' \
 'uwsgi_temp_path /dev/shm/u; scgi_temp_path /dev/shm/s;' \
 'server { listen 127.0.0.1:9997; location /v3/ { return 200 \"{}\"; } } }' > /etc/stand-in.conf
CMD [\"nginx\", \"-g\", \"daemon off;\", \"-e\", \"stderr\", \"-c\", \"/etc/stand-in.conf\"]
",
    },
];

/// In no package registry: left out of the proof.
const ABSENT: [&str; 3] = ["grafana", "loki", "alloy"];

/// Tells whether an image is one of those that nothing can take the place of.
pub(crate) fn is_absent(image: &str) -> bool {
    ABSENT.contains(&short_name(image))
}

/// `redis` of `redis:7.4-alpine`, `prometheus` of `prom/prometheus:v3.5.0`.
pub(crate) fn short_name(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split([':', '@']).next().unwrap_or(last)
}

/// Makes the image that everything is built on, unless it is there from this week.
pub(crate) fn ensure_base(engine: &Engine, places: &Places) -> anyhow::Result<()> {
    let week = jiff::Zoned::now().iso_week_date();
    let week = format!("{}-{:02}.{RECIPE}", week.year(), week.week());
    if label_of(engine, BASE)? != week {
        let archive = archive_of(places, &week)?;
        note(format!("Importing {BASE}"));
        let change = format!("LABEL {LABEL}={week}");
        let mut import = engine.docker(&["import", "--change", &change, "--change", "CMD [\"bash\"]"]);
        import.arg(&archive).arg(BASE);
        exec::quietly("docker import", &mut import)?;
    }
    Ok(())
}

fn dockerfile(known: &Known) -> String {
    format!(
        "FROM {BASE}\nRUN apt-get update && apt-get install --yes --no-install-recommends {} && rm -rf /var/lib/apt/lists/*\n{}",
        known.packages, known.lines
    )
}

/// Puts something in the place of a public image.
pub(crate) fn ensure(engine: &Engine, image: &str) -> anyhow::Result<()> {
    let name = short_name(image);
    let Some(known) = KNOWN.iter().find(|known| known.name == name) else {
        bail!("nothing can take the place of the image {image}: add it to the stand-ins of `cargo xtask`");
    };
    build(engine, image, &dockerfile(known))
}

/// The archive of this week's base in the download cache; those of earlier weeks go.
fn archive_of(places: &Places, week: &str) -> anyhow::Result<std::path::PathBuf> {
    let directory = places.cache.join("compose");
    fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    let archive = directory.join(format!("base-{week}.tar"));
    if archive.is_file() {
        return Ok(archive);
    }
    for entry in fs::read_dir(&directory).with_context(|| format!("reading {}", directory.display()))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("base-") {
            let _ = fs::remove_file(entry.path());
        }
    }
    note(format!("Making a stand-in of {BASE} from Debian packages"));
    let aside = directory.join(".base.tar");
    host::bootstrap(&Root { packages: &["ca-certificates", "usr-is-merged"], slim: true }, &aside)?;
    fs::rename(&aside, &archive).with_context(|| format!("writing {}", archive.display()))?;
    Ok(archive)
}

fn label_of(engine: &Engine, image: &str) -> anyhow::Result<String> {
    let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
    let mut inspect = engine.docker(&["image", "inspect", "--format", &format, image]);
    let output = inspect.output().context("asking the engine for an image")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Builds an image from a Dockerfile without any files beside it.
fn build(engine: &Engine, image: &str, file: &str) -> anyhow::Result<()> {
    let context = tempfile::tempdir().context("making a directory")?;
    write(&context.path().join("Dockerfile"), file)?;
    let mut command = engine.docker(&["build", "--network=host", "--tag", image]);
    command.arg(context.path());
    exec::quietly(&format!("building a stand-in of {image}"), &mut command)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_last_name() {
        assert_eq!(
            ["redis:7.4-alpine", "prom/prometheus:v3.5.0", "x.example:5000/a/loki@sha256:1"].map(short_name),
            ["redis", "prometheus", "loki"]
        );
    }

    #[test]
    fn what_one_image_installs_is_shared_with_the_next() {
        let of = |name: &str| dockerfile(KNOWN.iter().find(|known| known.name == name).expect("it is known"));

        let (nginx, mediamtx) = (of("nginx"), of("mediamtx"));

        assert_eq!(nginx.lines().nth(1), mediamtx.lines().nth(1));
        assert!(nginx.starts_with("FROM debian:bookworm-slim\nRUN apt-get update"), "{nginx}");
    }

    #[test]
    fn what_is_in_no_registry_is_left_out() {
        assert!(is_absent("grafana/grafana:12.2.0"));
        assert!(!is_absent("prom/prometheus:v3.5.0"));
    }
}
