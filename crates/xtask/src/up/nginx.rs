//! The directory that nginx runs in: the repository's own nginx.conf, unchanged, beside the pieces for this machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::robots::Robot;

/// How this nginx differs from the pieces in `docker/nginx/host`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How far every port is moved.
    pub(crate) port_offset: u16,
    /// Listens on every address and answers to every name.
    pub(crate) open_to_network: bool,
    /// Started by root, whose directories the usual worker user cannot enter.
    pub(crate) as_root: bool,
}

/// Writes the directory anew and returns the path of its nginx.conf.
pub(crate) fn write_prefix(
    root: &Path,
    prefix: &Path,
    settings: Settings,
    robots: &[Robot],
) -> anyhow::Result<PathBuf> {
    let pieces = root.join("docker/nginx");
    for (from, to) in [("shared", "ronda"), ("host", "deployment")] {
        let to = prefix.join(to);
        if to.exists() {
            fs::remove_dir_all(&to).with_context(|| format!("clearing {}", to.display()))?;
        }
        copy_dir(&pieces.join(from), &to)?;
    }
    adapt(&prefix.join("deployment/process.conf"), |text| process_conf(text, settings.as_root))?;
    adapt(&prefix.join("deployment/site.conf"), |text| site_conf(text, settings))?;
    fs::write(prefix.join("deployment/robots.conf"), robots_conf(robots)).context("writing robots.conf")?;
    adapt(&prefix.join("deployment/listen.conf"), |text| listen_conf(text, settings))?;

    let conf = prefix.join("nginx.conf");
    fs::copy(root.join("nginx.conf"), &conf).context("copying nginx.conf")?;
    Ok(conf)
}

fn process_conf(text: &str, as_root: bool) -> anyhow::Result<String> {
    Ok(if as_root { format!("{text}user root;\n") } else { text.to_owned() })
}

fn site_conf(text: &str, settings: Settings) -> anyhow::Result<String> {
    let moved = move_ports(text, settings.port_offset)?;
    let closed = "    default 0;\n    localhost 1;";
    ensure!(moved.contains(closed), "docker/nginx/host/site.conf no longer says who may call");
    let opened = moved.replace(closed, "    default 1;\n    localhost 1;");
    Ok(if settings.open_to_network { opened } else { moved })
}

fn listen_conf(text: &str, settings: Settings) -> anyhow::Result<String> {
    let moved = move_ports(text, settings.port_offset)?;
    Ok(if settings.open_to_network { moved.replace("listen 127.0.0.1:", "listen ") } else { moved })
}

/// Names every robot's process, and the first of them that answers for the site.
fn robots_conf(robots: &[Robot]) -> String {
    let place = |Robot { id, port, .. }: &Robot| {
        format!("upstream {id} {{\n    server 127.0.0.1:{port} max_fails=0;\n    keepalive 4;\n}}\n")
    };
    let mut text: String = robots.iter().map(place).collect();
    text.push_str("map $robot $robot_up {\n    default \"\";\n");
    for robot in robots {
        text.push_str(&format!("    {} {};\n", robot.key(), robot.id));
    }
    text.push_str("}\n");
    let Some((first, others)) = robots.split_first() else {
        text.push_str("map \"\" $site_up { default \"\"; }\n");
        return text;
    };
    text.push_str(&format!("upstream site_api {{\n    server 127.0.0.1:{} max_fails=0;\n", first.port));
    for robot in others {
        text.push_str(&format!("    server 127.0.0.1:{} backup;\n", robot.port));
    }
    text.push_str("    keepalive 16;\n}\nmap \"\" $site_up { default site_api; }\n");
    text
}

/// Adds an offset to every port that follows a loopback address.
fn move_ports(text: &str, offset: u16) -> anyhow::Result<String> {
    const LOOPBACK: &str = "127.0.0.1:";
    let mut parts = text.split(LOOPBACK);
    let mut moved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (port, rest) = part.split_at(digits);
        let port: u16 = port.parse().with_context(|| format!("{LOOPBACK}{port} has no port"))?;
        let port = port.checked_add(offset).context("the port offset is too large")?;
        moved.push_str(&format!("{LOOPBACK}{port}{rest}"));
    }
    Ok(moved)
}

fn adapt(file: &Path, change: impl FnOnce(&str) -> anyhow::Result<String>) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    fs::write(file, change(&text)?).with_context(|| format!("writing {}", file.display()))
}

fn copy_dir(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("reading {}", from.display()))?;
    for entry in entries {
        let entry = entry.context("reading a directory entry")?;
        fs::copy(entry.path(), to.join(entry.file_name()))
            .with_context(|| format!("copying {}", entry.path().display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn read(prefix: &Path, name: &str) -> String {
        fs::read_to_string(prefix.join(name)).expect("the prefix has this file")
    }

    #[test]
    fn the_repository_s_own_nginx_conf_serves() {
        let prefix = tempfile::tempdir().expect("a temporary directory");
        let settings = Settings { port_offset: 0, open_to_network: false, as_root: false };

        let conf = write_prefix(&root(), prefix.path(), settings, &[]).expect("the pieces are in the repository");

        assert_eq!(fs::read(conf).expect("written"), fs::read(root().join("nginx.conf")).expect("in the repository"));
        let pieces = root().join("docker/nginx/host");
        assert_eq!(read(prefix.path(), "deployment/site.conf"), read(&pieces, "site.conf"));
    }

    #[test]
    fn a_moved_site_keeps_to_loopback() {
        let prefix = tempfile::tempdir().expect("a temporary directory");
        let settings = Settings { port_offset: 10_000, open_to_network: false, as_root: true };

        write_prefix(&root(), prefix.path(), settings, &[]).expect("the pieces are in the repository");

        assert!(read(prefix.path(), "deployment/listen.conf").contains("listen 127.0.0.1:15000;"));
        assert!(read(prefix.path(), "deployment/site.conf").contains("server 127.0.0.1:18010 max_fails=0;"));
        assert!(read(prefix.path(), "deployment/process.conf").ends_with("user root;\n"));
    }

    #[test]
    fn an_open_site_listens_everywhere_and_takes_every_name() {
        let prefix = tempfile::tempdir().expect("a temporary directory");
        let settings = Settings { port_offset: 0, open_to_network: true, as_root: false };

        write_prefix(&root(), prefix.path(), settings, &[]).expect("the pieces are in the repository");

        assert!(read(prefix.path(), "deployment/listen.conf").contains("listen 5000;"));
        assert!(read(prefix.path(), "deployment/site.conf").contains("    default 1;\n    localhost 1;"));
        assert!(read(prefix.path(), "deployment/site.conf").contains("server 127.0.0.1:5080 max_fails=0;"));
    }

    #[test]
    fn robots_have_their_places_and_the_first_answers_for_the_site() {
        let robot = |id: &str, port| Robot { id: id.into(), name: id.into(), ip: "127.0.0.1:26400".into(), port };

        let text = robots_conf(&[robot("robot-a", 5001), robot("robot-cellar", 5009)]);

        assert!(
            text.starts_with("upstream robot-a {\n    server 127.0.0.1:5001 max_fails=0;\n    keepalive"),
            "{text}"
        );
        assert!(text.contains("    a robot-a;\n    cellar robot-cellar;\n"), "{text}");
        assert!(text.contains("server 127.0.0.1:5001 max_fails=0;\n    server 127.0.0.1:5009 backup;"), "{text}");
        assert_eq!(
            robots_conf(&[]),
            "map $robot $robot_up {\n    default \"\";\n}\nmap \"\" $site_up { default \"\"; }\n"
        );
    }
}
