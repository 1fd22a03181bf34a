//! The receiver over HTTP: `POST /webhook` is what senders call, the rest is for whoever runs the simulation.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, Routes};
use serde::Serialize;

use super::{Behaviour, Delivery, Receiver};

/// What `GET /webhook/received` answers.
#[derive(Debug, Serialize)]
struct Received {
    deliveries: Vec<Delivery>,
}

impl Receiver {
    /// Returns the receiver's routes.
    pub fn routes(&self) -> Routes {
        Routes::new()
            .route(Method::POST, "/webhook", Access::Public, receive)
            .route(Method::GET, "/webhook/received", Access::Viewer, received)
            .route(Method::DELETE, "/webhook/received", Access::Operator, forget)
            .route(Method::PUT, "/webhook/behaviour", Access::Operator, behave)
            .with_state(self.clone())
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = receiver.take(&headers, &body);
    tokio::time::sleep(answer.pause).await;
    match answer.location {
        Some(target) => (answer.status, [(LOCATION, target)]).into_response(),
        None => answer.status.into_response(),
    }
}

async fn received(State(receiver): State<Receiver>) -> Json<Received> {
    Json(Received { deliveries: receiver.received() })
}

async fn forget(State(receiver): State<Receiver>) -> StatusCode {
    receiver.forget();
    StatusCode::NO_CONTENT
}

async fn behave(State(receiver): State<Receiver>, Json(behaviour): Json<Behaviour>) -> StatusCode {
    receiver.behave(behaviour);
    StatusCode::NO_CONTENT
}
