//! The models over HTTP, for whoever runs the simulation: what was asked, and how to fail.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use chassis::http::{Access, Routes};
use serde::Serialize;

use super::{Asked, Behaviour, Message, Models, Outage};

/// What `GET /models/asked` answers.
#[derive(Debug, Serialize)]
struct List {
    asked: Vec<Asked>,
    /// Films that were sent and not taken back.
    films_kept: usize,
}

/// What `GET /telegram/received` answers.
#[derive(Debug, Serialize)]
struct Received {
    messages: Vec<Message>,
}

pub(super) fn routes() -> Routes<Models> {
    Routes::new()
        .route(Method::GET, "/models/asked", Access::Viewer, asked)
        .route(Method::DELETE, "/models/asked", Access::Operator, forget)
        .route(Method::PUT, "/models/behaviour", Access::Operator, behave)
        .route(Method::GET, "/telegram/received", Access::Viewer, received)
        .route(Method::DELETE, "/telegram/received", Access::Operator, forget_messages)
        .route(Method::PUT, "/telegram/behaviour", Access::Operator, refuse)
}

async fn asked(State(models): State<Models>) -> Json<List> {
    Json(List { asked: models.asked(), films_kept: models.films_kept() })
}

async fn forget(State(models): State<Models>) -> StatusCode {
    models.forget();
    StatusCode::NO_CONTENT
}

async fn behave(State(models): State<Models>, Json(behaviour): Json<Behaviour>) -> StatusCode {
    models.behave(behaviour);
    StatusCode::NO_CONTENT
}

async fn received(State(models): State<Models>) -> Json<Received> {
    Json(Received { messages: models.telegram().received() })
}

async fn forget_messages(State(models): State<Models>) -> StatusCode {
    models.telegram().forget();
    StatusCode::NO_CONTENT
}

async fn refuse(State(models): State<Models>, Json(outage): Json<Outage>) -> StatusCode {
    models.telegram().refuse(outage);
    StatusCode::NO_CONTENT
}
