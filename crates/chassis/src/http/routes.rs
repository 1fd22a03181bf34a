//! The routes of a service. One cannot be made without saying who may call it.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::{self, Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, Route, on};
use tower::{Layer, Service};

use super::{Access, Limits, Readiness, wrap};

/// What is known of one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method; `None` if the route answers every one.
    pub method: Option<Method>,
    /// The path, with its parameters in braces.
    pub path: String,
    /// Who may call it.
    pub access: Access,
}

/// The routes of a service, over a state `S` that handlers extract.
#[derive(Debug, Clone)]
pub struct Routes<S = ()> {
    router: Router<S>,
    list: Vec<RouteInfo>,
    readiness: Readiness,
    rewrite: Rewrite,
}

/// Says the other form of an address, if it has one.
type OtherForm = dyn Fn(&Uri) -> Option<Uri> + Send + Sync;

/// Gives a path another form before its route is looked for.
#[derive(Clone, Default)]
pub(super) struct Rewrite(Option<Arc<OtherForm>>);

impl Rewrite {
    /// Puts the other form into a request, if there is one.
    pub(super) fn apply<B>(&self, request: &mut http::Request<B>) {
        if let Some(uri) = self.0.as_ref().and_then(|rewrite| rewrite(request.uri())) {
            *request.uri_mut() = uri;
        }
    }
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Rewrite" } else { "no rewrite" })
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self { router: Router::new(), list: Vec::new(), readiness: Readiness::new(), rewrite: Rewrite::default() }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Returns no routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route with the usual [`Limits`]. `GET` also answers `HEAD`.
    #[must_use]
    pub fn route<H, T>(self, method: Method, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.route_with(method, path, access, Limits::default(), handler)
    }

    /// Adds a route whose answer goes on until one side ends it (SSE, MJPEG, WebSocket): it has no
    /// time limit, and its body ends when the server does.
    #[must_use]
    pub fn stream<H, T>(self, method: Method, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.route_with(method, path, access, Limits::stream(), handler)
    }

    /// Adds a route with limits of its own.
    #[must_use]
    pub fn route_with<H, T>(mut self, method: Method, path: &str, access: Access, limits: Limits, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a route has one of the usual methods");
        self.router = self.router.route(path, within(limits, on(filter, handler)));
        self.list.push(RouteInfo { method: Some(method), path: path.to_owned(), access });
        self
    }

    /// Adds the handler of every path that has no route, as the pages of a user interface.
    #[must_use]
    pub fn fallback<H, T>(mut self, access: Access, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let limits = Limits::default();
        let fallback = Router::new()
            .fallback(handler)
            .layer(from_fn_with_state(limits, wrap::limited))
            .layer(DefaultBodyLimit::max(limits.body_bytes));
        self.router = self.router.merge(fallback);
        self.list.push(RouteInfo { method: None, path: "/{*path}".to_owned(), access });
        self
    }

    /// Wraps every route that was added, and every path and method that has none, in a layer of
    /// `tower`, as the one that answers browsers of other origins.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Adds all routes of another list.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.list.extend(other.list);
        self
    }

    /// Gives the conditions that `/readyz` shows.
    #[must_use]
    pub fn ready_when(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// Gives paths another form before their route is looked for, so that one route answers under several names.
    /// `None` leaves a path as it is.
    #[must_use]
    pub fn rewritten(mut self, rewrite: impl Fn(&Uri) -> Option<Uri> + Send + Sync + 'static) -> Self {
        self.rewrite = Rewrite(Some(Arc::new(rewrite)));
        self
    }

    /// Gives the handlers their state.
    pub fn with_state(self, state: S) -> Routes {
        let Self { router, list, readiness, rewrite } = self;
        Routes { router: router.with_state(state), list, readiness, rewrite }
    }

    /// Returns what is known of every route, in the order they were added.
    pub fn list(&self) -> &[RouteInfo] {
        &self.list
    }
}

impl Routes {
    pub(super) fn into_parts(self) -> (Router, Readiness, Rewrite) {
        (self.router, self.readiness, self.rewrite)
    }
}

fn within<S: Clone + Send + Sync + 'static>(limits: Limits, route: MethodRouter<S>) -> MethodRouter<S> {
    route.route_layer(from_fn_with_state(limits, wrap::limited)).route_layer(DefaultBodyLimit::max(limits.body_bytes))
}
