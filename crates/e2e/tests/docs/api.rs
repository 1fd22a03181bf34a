//! `docs/api.md`: every route of every service, from the descriptions that the services themselves give.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::{assert_page, cell};

/// A service: its crate, and what its paths begin with behind nginx.
const SERVICES: [(&str, &str, &str); 5] = [
    ("inference-api", "/inference", "`/inference/openapi.json`"),
    ("stream-manager", "/streams", "`/streams/openapi.json`"),
    ("alert-router", "/alerts", "`/alerts/openapi.json`"),
    ("console", "", "`crates/console/openapi.json`"),
    ("patrol", "", "`/api/openapi.json`"),
];

const INTRODUCTION: &str = "<!-- @generated from the services' openapi.json by the test `docs` of crates/e2e: UPDATE=1 writes it anew. -->
# API reference

Everything is reached through the site's page, `http://localhost:5000` by default. The paths below begin as they do there;
a service that is asked directly at its own port has them without its prefix. Each service describes itself in OpenAPI at
the address that is named, with every field of every body: tools make clients of it.

* Bodies are JSON objects with `snake_case` keys; times are RFC 3339 in UTC.
* An error is `{\"error\": {\"code\": \"...\", \"message\": \"...\"}}` with a status of 4xx or 5xx. Routes that existing clients know
  answer as those clients expect, also when they fail.
* A list is paged: it takes `limit`, and its answer has `next` if there is more.
* Every service has, at its own port, `/livez` (does it run), `/readyz` (can it do its work, and why not) and `/metrics`
  (Prometheus). From outside, metrics are not reachable.
* Live things come as server-sent events, WebSocket messages or MJPEG; the description of a route says which.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (service, prefix, described) in SERVICES {
        let path = e2e::root().join("crates").join(service).join("openapi.json");
        let text = std::fs::read_to_string(path).expect("each service has a committed description");
        let document: Value = serde_json::from_str(&text).expect("is JSON");
        let about = document["info"]["description"].as_str().unwrap_or_default();
        let _ = write!(page, "\n## {service}\n\n{about}\n\nIn full: {described}.\n");
        for (tag, routes) in routes(&document) {
            let _ = write!(
                page,
                "\n### {service}: {tag}\n\n| request | what it does | takes | answers |\n|---|---|---|---|\n"
            );
            for route in routes {
                let Route { method, path, summary, takes, answers } = route;
                let (summary, takes, answers) = (cell(&summary), cell(&takes), cell(&answers));
                let _ = writeln!(page, "| `{method} {prefix}{path}` | {summary} | {takes} | {answers} |");
            }
        }
    }
    page
}

struct Route {
    method: String,
    path: String,
    summary: String,
    takes: String,
    answers: String,
}

/// Returns the routes of a description by what they are about.
fn routes(document: &Value) -> BTreeMap<String, Vec<Route>> {
    let mut routes: BTreeMap<String, Vec<Route>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
            routes.entry(tag).or_default().push(Route {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: sentence(operation),
                takes: takes(operation),
                answers: answers(operation),
            });
        }
    }
    routes
}

fn sentence(operation: &Value) -> String {
    let text = |key: &str| operation[key].as_str().unwrap_or_default().trim().to_owned();
    [text("summary"), text("description")].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns the parameters outside of the path, and the body.
fn takes(operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
    let query = query.filter_map(|parameter| Some(format!("`?{}`", parameter["name"].as_str()?)));
    let bodies = operation["requestBody"]["content"].as_object().into_iter().flatten();
    let bodies = bodies.map(|(kind, content)| named(kind, &content["schema"]));
    query.chain(bodies).collect::<Vec<_>>().join(", ")
}

fn answers(operation: &Value) -> String {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let each = responses.map(|(status, response)| {
        let bodies = response["content"].as_object().into_iter().flatten();
        let bodies: Vec<_> = bodies.map(|(kind, content)| named(kind, &content["schema"])).collect();
        let is_plain_error = status.starts_with(['4', '5']) && bodies.iter().all(|body| body == "`ErrorBody`");
        if bodies.is_empty() || is_plain_error { status.clone() } else { format!("{status} {}", bodies.join(" or ")) }
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Returns a body by the name of its type, else by its media type.
fn named(kind: &str, schema: &Value) -> String {
    let name = |schema: &Value| schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    match (name(schema), name(&schema["items"])) {
        (Some(name), _) => format!("`{name}`"),
        (None, Some(name)) => format!("list of `{name}`"),
        _ => kind.to_owned(),
    }
}

#[test]
fn the_api_reference_is_that_of_the_services() {
    assert_page("api.md", &page());
}

#[test]
fn every_route_of_every_description_is_in_the_reference() {
    let page = page();
    for (service, prefix, _) in SERVICES {
        let path = e2e::root().join("crates").join(service).join("openapi.json");
        let document: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("is there")).expect("is JSON");
        for path in document["paths"].as_object().into_iter().flatten().map(|(path, _)| path) {
            assert!(page.contains(&format!(" {prefix}{path}`")), "{service} {path}");
        }
    }
}
