//! The ports of the services: free, or ours and ready.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;

use super::Site;
use super::check::{Area, Check, Verdict};
use super::holder::holder;

/// The ports that a site listens at on its machine, besides those of the robots.
const PORTS: [(&str, u16); 5] =
    [("the page", 5000), ("console", 5080), ("inference-api", 8000), ("stream-manager", 8010), ("alert-router", 8020)];

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What `/readyz` of each of our services answers.
#[derive(Debug, Deserialize)]
struct Readiness {
    status: String,
    #[serde(default)]
    conditions: BTreeMap<String, Option<String>>,
}

/// Who is at a port.
#[derive(Debug)]
enum Tenant {
    Nobody,
    /// One of our services.
    Ours(Readiness),
    /// nginx, with our pages behind it.
    Page,
    Stranger(Option<(String, u32)>),
}

pub(super) fn checks(site: &Arc<Site>) -> Vec<Check> {
    let usual = PORTS.into_iter().map(|(name, port)| (name.to_owned(), port));
    let robots = site.robots.iter().map(|robot| (robot.id.clone(), robot.port));
    let moved = |(name, port): (String, u16)| (name, port.saturating_add(site.port_offset));
    let check = |(name, port): (String, u16)| {
        let subject = format!("{port} ({name})");
        Check::new(Area::Ports, subject, Duration::from_secs(15), async move { judge(&name, port, tenant(port).await) })
    };
    usual.chain(robots).map(moved).map(check).collect()
}

async fn tenant(port: u16) -> Tenant {
    // Bound to every address, it meets whoever listens at any of them.
    if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
        return Tenant::Nobody;
    }
    match ask(port).await {
        Some(tenant) => tenant,
        None => Tenant::Stranger(tokio::task::spawn_blocking(move || holder(port)).await.ok().flatten()),
    }
}

/// Asks whoever is at the port whether it is one of us.
async fn ask(port: u16) -> Option<Tenant> {
    // A proxy of the environment has no business on loopback.
    let client = Client::builder().timeout(PATIENCE).no_proxy().build().ok()?;
    let answer = client.get(format!("http://127.0.0.1:{port}/readyz")).send().await.ok()?;
    let text = answer.text().await.ok()?;
    if let Ok(readiness) = serde_json::from_str(&text) {
        return Some(Tenant::Ours(readiness));
    }
    let page = client.get(format!("http://127.0.0.1:{port}/")).send().await.ok()?;
    let is_ours = page.text().await.ok()?.contains("Ronda");
    is_ours.then_some(Tenant::Page)
}

fn judge(name: &str, port: u16, tenant: Tenant) -> Verdict {
    match tenant {
        Tenant::Nobody => Verdict::ok("is free"),
        Tenant::Page => Verdict::ok("the console is there"),
        Tenant::Ours(readiness) if readiness.status == "ready" => Verdict::ok(format!("{name} runs and is ready")),
        Tenant::Ours(readiness) => Verdict::warning(
            format!("{name} runs and is not ready: {}", reasons(&readiness)),
            format!("look into its log (`docker compose logs {name}`, or data/logs/{name}.log)"),
        ),
        Tenant::Stranger(holder) => {
            let who = holder.map_or_else(
                || "another program holds it".to_owned(),
                |(program, number)| format!("{program} (process {number}) holds it"),
            );
            Verdict::failed(who, format!("end that program, or move {name} away from {port}"))
        }
    }
}

fn reasons(readiness: &Readiness) -> String {
    let unmet = readiness.conditions.iter().filter_map(|(name, reason)| Some(format!("{name}: {}", reason.as_ref()?)));
    let unmet: Vec<_> = unmet.collect();
    if unmet.is_empty() { readiness.status.clone() } else { unmet.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    #[test]
    fn a_service_that_is_not_ready_says_why() {
        let report = r#"{"status": "not_ready", "conditions": {"redis": "connection refused", "model": null}}"#;
        let readiness: Readiness = serde_json::from_str(report).expect("is a report");
        let verdict = judge("alert-router", 8020, Tenant::Ours(readiness));
        assert_eq!(verdict.state, State::Warning);
        assert_eq!(verdict.found, "alert-router runs and is not ready: redis: connection refused");
    }

    #[tokio::test]
    async fn a_strange_program_is_named() {
        chassis::install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        // It closes each connection without a word.
        std::thread::spawn(move || listener.incoming().for_each(drop));
        let verdict = judge("console", port, tenant(port).await);
        assert_eq!(verdict.state, State::Failed);
        assert!(verdict.found.ends_with(&format!("(process {}) holds it", std::process::id())), "{}", verdict.found);
    }
}
