//! The server as its callers see it.

use std::time::Duration;

use axum::Json;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::http::{Access, ApiError, ErrorBody, Limits, Readiness, Routes, StreamGuard};

const PATIENCE: Duration = Duration::from_secs(10);

/// A running server of these routes.
struct Site {
    address: SocketAddr,
    stop: Stop,
    server: JoinHandle<anyhow::Result<()>>,
    client: reqwest::Client,
}

async fn site(routes: Routes) -> Site {
    let server = Server::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let (address, stop) = (server.address(), Stop::new());
    let server = tokio::spawn(server.run(routes, stop.clone()));
    crate::install_tls();
    let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
    Site { address, stop, server, client }
}

impl Site {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.expect("is answered")
    }

    /// Returns the status and the `code` of an error body.
    async fn refusal(&self, request: reqwest::RequestBuilder) -> (u16, String, String) {
        let answer = request.send().await.expect("is answered");
        let status = answer.status().as_u16();
        let ErrorBody { error } = answer.json().await.expect("the one error body");
        (status, error.code, error.message)
    }

    async fn end(self) {
        self.stop.stop();
        let ended = timeout(PATIENCE, self.server).await.expect("ends in time");
        ended.expect("does not panic").expect("ends well");
    }
}

fn refused(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

fn plain_routes() -> Routes {
    Routes::new()
        .route(Method::POST, "/hello", Access::Public, async |Json(named): Json<Named>| {
            Json(json!({"hello": named.name}))
        })
        .route(Method::GET, "/panic", Access::Admin, async || -> StatusCode { panic!("out of cheese") })
        .route(Method::GET, "/fail", Access::Viewer, async || -> Result<(), ApiError> {
            Err(anyhow::anyhow!("password is hunter2").into())
        })
        .route(Method::GET, "/busy", Access::Viewer, async || ApiError::busy("the queue is full", 2))
        .route(Method::GET, "/typed", Access::Viewer, async || {
            (StatusCode::BAD_REQUEST, Json(json!({"detail": "as another system says it"})))
        })
        .route_with(
            Method::GET,
            "/slow",
            Access::Viewer,
            Limits::default().timeout(Duration::from_millis(50)),
            std::future::pending::<StatusCode>,
        )
        .route_with(Method::POST, "/small", Access::Viewer, Limits::default().body_bytes(4), async |body: String| body)
}

#[tokio::test]
async fn every_error_has_the_one_body() {
    let site = site(plain_routes()).await;
    let get = |path| site.client.get(site.url(path));
    let post = |path| site.client.post(site.url(path));
    assert_eq!(site.refusal(get("/nowhere")).await, refused(404, "not_found", "there is nothing at this path"));
    assert_eq!(
        site.refusal(get("/hello")).await,
        refused(405, "method_not_allowed", "this path does not know this method")
    );
    assert_eq!(site.refusal(get("/panic")).await, refused(500, "internal", "the request failed on our side"));
    assert_eq!(site.refusal(get("/fail")).await, refused(500, "internal", "the request failed on our side"));
    assert_eq!(site.refusal(get("/busy")).await, refused(503, "busy", "the queue is full"));
    assert_eq!(site.refusal(get("/slow")).await, refused(503, "timed_out", "no answer within 0.05 s"));
    let (status, code, _) = site.refusal(post("/small").body("12345")).await;
    assert_eq!((status, code.as_str()), (413, "too_large"));
    let (status, code, message) = site.refusal(post("/hello").json(&json!({"nam": 1}))).await;
    assert_eq!((status, code.as_str()), (422, "invalid"));
    assert!(message.contains("missing field `name`"), "{message}");
    let (status, code, _) = site.refusal(post("/hello").body("{")).await;
    assert_eq!((status, code.as_str()), (415, "unsupported_media_type"));
    site.end().await;
}

#[tokio::test]
async fn what_a_handler_says_is_left_alone() {
    let site = site(plain_routes()).await;
    let busy = site.get("/busy").await;
    assert_eq!(busy.headers()["retry-after"], "2");
    let typed = site.get("/typed").await;
    assert_eq!(typed.status(), 400);
    let body: Value = typed.json().await.expect("JSON");
    assert_eq!(body, json!({"detail": "as another system says it"}));
    let small = site.client.post(site.url("/small")).body("1234").send().await.expect("answered");
    assert_eq!(small.text().await.expect("a text"), "1234");
    let wrong_method = site.get("/hello").await;
    assert_eq!(wrong_method.headers()["allow"], "POST");
    site.end().await;
}

#[tokio::test]
async fn a_request_id_is_kept_if_usable_and_made_if_not() {
    let site = site(plain_routes()).await;
    let id = async |sent: &str| {
        let request = site.client.get(site.url("/livez")).header("x-request-id", sent);
        let answer = request.send().await.expect("is answered");
        answer.headers()["x-request-id"].to_str().expect("is text").to_owned()
    };
    assert_eq!(id("job-7.a_b").await, "job-7.a_b");
    for unusable in ["", "a b", "<script>", &"x".repeat(65)] {
        let made = id(unusable).await;
        assert!(made.len() == 16 && made != unusable, "{made}");
    }
    site.end().await;
}

#[tokio::test]
async fn readiness_tells_what_is_missing() {
    let readiness = Readiness::new();
    let redis = readiness.condition("redis");
    let site = site(plain_routes().ready_when(readiness)).await;
    let health = || async {
        let asked = site.address;
        let outcome = tokio::task::spawn_blocking(move || crate::http::healthcheck::ask(asked));
        outcome.await.expect("does not panic").map_err(|error| error.to_string())
    };
    let answer = site.get("/readyz").await;
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body, json!({"status": "not_ready", "conditions": {"redis": "starting"}}));
    let unhealthy = health().await.expect_err("is not ready");
    assert!(unhealthy.contains("answered 503") && unhealthy.contains("starting"), "{unhealthy}");
    redis.holds();
    for path in ["/ready", "/readyz", "/live", "/livez"] {
        assert_eq!(site.get(path).await.status(), 200, "{path}");
    }
    assert_eq!(health().await, Ok(()));
    site.end().await;
}

#[tokio::test]
async fn requests_are_counted_by_route_not_by_path() {
    let routes = Routes::new().route(Method::GET, "/things/{id}", Access::Viewer, async || "x");
    let site = site(routes).await;
    for path in ["/things/1", "/things/2", "/elsewhere/1"] {
        site.get(path).await;
    }
    let text = site.get("/metrics").await.text().await.expect("a text");
    let counted = |route: &str, status: u16, count: u32| {
        let line =
            format!("ronda_http_requests_total{{method=\"GET\",route=\"{route}\",status=\"{status}\"}} {count}\n");
        assert!(text.contains(&line), "{line} is missing in {text}");
    };
    counted("/things/{id}", 200, 2);
    assert!(!text.contains("/things/1") && !text.contains("elsewhere"), "{text}");
    site.end().await;
}

#[tokio::test]
async fn figures_come_in_the_form_that_is_asked_for() {
    let site = site(plain_routes()).await;
    let figures = async |accept: &str| {
        let request = site.client.get(site.url("/metrics")).header("accept", accept);
        let answer = request.send().await.expect("is answered");
        assert_eq!(answer.headers()["vary"], "accept");
        let kind = answer.headers()["content-type"].to_str().expect("is text").to_owned();
        (kind, answer.text().await.expect("a text"))
    };
    site.get("/fail").await;
    let (kind, text) = figures("*/*").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.contains("# TYPE ronda_http_requests_total counter\n") && !text.contains("# EOF"), "{text}");
    let (kind, text) = figures("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5").await;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(text.contains("# TYPE ronda_http_requests counter\n") && text.ends_with("\n# EOF\n"), "{text}");
    site.end().await;
}

#[tokio::test]
async fn how_long_an_answer_took_is_told_by_class_and_with_its_trace() {
    let site = site(plain_routes()).await;
    let trace = crate::Trace::begin();
    let request = site.client.get(site.url("/fail")).header("traceparent", trace.to_string());
    assert_eq!(request.send().await.expect("is answered").status(), 500);
    let request = site.client.get(site.url("/metrics")).header("accept", "application/openmetrics-text");
    let text = request.send().await.expect("is answered").text().await.expect("a text");
    let series = "ronda_http_request_seconds_bucket{class=\"5xx\",method=\"GET\",route=\"/fail\",le=";
    let exemplar = format!(" # {{trace_id=\"{}\"}} ", trace.id());
    assert!(text.lines().any(|line| line.starts_with(series) && line.contains(&exemplar)), "{text}");
    site.end().await;
}

#[tokio::test]
async fn an_answer_says_its_trace_which_is_the_callers_if_it_named_one() {
    let site = site(plain_routes()).await;
    let answered = async |sent: &str| {
        let request = site.client.get(site.url("/livez")).header("traceparent", sent);
        let answer = request.send().await.expect("is answered");
        let trace = answer.headers()["traceparent"].to_str().expect("is text").to_owned();
        trace.parse::<crate::Trace>().expect("is one")
    };
    let trace = crate::Trace::begin();
    let answer = answered(&trace.to_string()).await;
    assert!(answer.id() == trace.id() && answer != trace, "{answer}");
    let [one, other] = [answered("nonsense").await, answered("").await];
    assert_ne!(one.id(), other.id());
    site.end().await;
}

#[tokio::test]
async fn who_listens_is_counted_as_long_as_it_does() {
    let site = site(Routes::new().stream(Method::GET, "/events", Access::Viewer, feed)).await;
    let shows = async |line: &str| {
        let deadline = Instant::now() + PATIENCE;
        while !site.get("/metrics").await.text().await.expect("a text").contains(line) {
            assert!(Instant::now() < deadline, "{line} is not shown");
            sleep(Duration::from_millis(10)).await;
        }
    };
    shows("ronda_http_streams{kind=\"sse\"} 0\n").await;
    let listening = site.get("/events").await;
    shows("ronda_http_streams{kind=\"sse\"} 1\n").await;
    drop(listening);
    shows("ronda_http_streams{kind=\"sse\"} 0\n").await;
    shows("ronda_http_streams{kind=\"websocket\"} 0\n").await;
    shows("ronda_http_requests_in_flight 1\n").await;
    site.end().await;
}

#[tokio::test]
async fn every_route_is_on_the_list_with_its_access() {
    let routes = plain_routes().fallback(Access::Public, async || "page");
    let list: Vec<String> = routes
        .list()
        .iter()
        .map(|route| {
            let method = route.method.as_ref().map_or("any", Method::as_str);
            format!("{method} {} {}", route.path, route.access)
        })
        .collect();
    assert_eq!(
        list,
        [
            "POST /hello public",
            "GET /panic admin",
            "GET /fail viewer",
            "GET /busy viewer",
            "GET /typed viewer",
            "GET /slow viewer",
            "POST /small viewer",
            "any /{*path} public",
        ]
    );
}

#[tokio::test]
async fn the_fallback_answers_what_has_no_route() {
    let site = site(plain_routes().fallback(Access::Public, async || "page")).await;
    assert_eq!(site.get("/deep/link").await.text().await.expect("a text"), "page");
    assert_eq!(site.get("/livez").await.status(), 200);
    site.end().await;
}

/// An event at once, then nothing.
async fn feed() -> Sse<impl Stream<Item = Result<Event, std::convert::Infallible>>> {
    let first = stream::once(async { Ok(Event::default().data("first")) });
    Sse::new(first.chain(stream::pending()))
}

/// Says hello, then `bye` when the server ends.
async fn socket(upgrade: WebSocketUpgrade, guard: StreamGuard) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        let _ = socket.send(Message::text("hello")).await;
        guard.stopped().await;
        let _ = socket.send(Message::text("bye")).await;
        let _ = socket.send(Message::Close(None)).await;
    })
}

#[tokio::test]
async fn an_event_stream_ends_when_the_server_does() {
    let site = site(Routes::new().stream(Method::GET, "/events", Access::Viewer, feed)).await;
    let mut answer = site.get("/events").await;
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    let first = answer.chunk().await.expect("is open");
    assert_eq!(first.as_deref(), Some(&b"data: first\n\n"[..]));
    site.end().await;
    assert_eq!(answer.chunk().await.expect("ends in order"), None);
}

#[tokio::test]
async fn a_web_socket_says_goodbye_before_the_server_ends() {
    let site = site(Routes::new().stream(Method::GET, "/socket", Access::Viewer, socket)).await;
    let mut connection = TcpStream::connect(site.address).await.expect("connects");
    let head = "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    connection.write_all(head.as_bytes()).await.expect("is sent");
    let mut seen = Vec::new();
    while !seen.ends_with(b"\x81\x05hello") {
        seen.push(connection.read_u8().await.expect("says hello"));
    }
    site.end().await;
    let mut rest = Vec::new();
    timeout(PATIENCE, connection.read_to_end(&mut rest)).await.expect("in time").expect("is closed");
    assert!(rest.starts_with(b"\x81\x03bye"), "{rest:?}");
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_ends() {
    let routes = Routes::new().route(Method::GET, "/work", Access::Viewer, async || {
        sleep(Duration::from_millis(300)).await;
        "done"
    });
    let site = site(routes).await;
    let request = tokio::spawn(site.client.get(site.url("/work")).send());
    sleep(Duration::from_millis(100)).await;
    site.end().await;
    let answer = request.await.expect("does not panic").expect("is answered");
    assert_eq!(answer.text().await.expect("a text"), "done");
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let server = Server::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port").connections(1);
    let (address, stop) = (server.address(), Stop::new());
    let running = tokio::spawn(server.run(plain_routes(), stop.clone()));
    let ask = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut first = TcpStream::connect(address).await.expect("connects");
    first.write_all(ask).await.expect("is sent");
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.expect("is answered");
    assert_eq!(&answer, b"HTTP/1.1 200");
    let mut second = TcpStream::connect(address).await.expect("waits in the kernel's queue");
    second.write_all(ask).await.expect("is sent");
    let early = timeout(Duration::from_millis(200), second.read(&mut answer)).await;
    assert!(early.is_err(), "answered although the only place was taken");
    drop(first);
    timeout(PATIENCE, second.read_exact(&mut answer)).await.expect("in time").expect("is answered");
    drop(second);
    stop.stop();
    running.await.expect("does not panic").expect("ends well");
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_sentence() {
    let first = Server::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let error = Server::bind(first.address()).await.expect_err("is taken");
    let port = first.address().port();
    assert_eq!(error.to_string(), format!("cannot listen on 127.0.0.1:{port}: another process has this port"));
}

#[tokio::test]
async fn headers_of_the_handler_survive() {
    let routes = Routes::new().route(Method::GET, "/page", Access::Public, async || {
        let mut headers = HeaderMap::new();
        headers.insert("content-security-policy", "default-src 'self'".parse().expect("valid"));
        headers.insert("cache-control", "no-store".parse().expect("valid"));
        (headers, "page")
    });
    let site = site(routes).await;
    let answer = site.get("/page").await;
    assert_eq!(answer.headers()["content-security-policy"], "default-src 'self'");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    site.end().await;
}

#[tokio::test]
async fn a_route_answers_under_another_name_and_is_counted_under_its_own() {
    let path = |uri: axum::http::Uri| async move { uri.to_string() };
    let routes = Routes::new().route(Method::GET, "/api/thing", Access::Viewer, path).rewritten(|uri| {
        uri.to_string().strip_prefix("/api/robot-a").and_then(|rest| format!("/api{rest}").parse().ok())
    });
    let site = site(routes).await;
    for asked in ["/api/robot-a/thing?a=%2F", "/api/thing?a=%2F"] {
        assert_eq!(site.get(asked).await.text().await.expect("a text"), "/api/thing?a=%2F");
    }
    assert_eq!(site.get("/api/robot-b/thing").await.status(), StatusCode::NOT_FOUND);
    assert!(site.get("/metrics").await.text().await.expect("a text").contains("route=\"/api/thing\""));
    site.end().await;
}
