//! The HTTP API: what was alerted and what became of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, Routes};
use domain::id::AlertId;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::api::{AlertDetail, AlertPage, IntakeStatus, ListQuery, Status};
use crate::book::{Book, Cursor, Filter, Outcome};
use crate::channel::Channel;
use crate::config::Config;
use crate::intake::{Intake, IntakeState};
use crate::openapi;

/// How many alerts are on a page unless the caller says so.
const PAGE: u16 = 50;
/// How many may be.
const LARGEST_PAGE: u16 = 500;

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct Desk {
    book: Book,
    channel: &'static str,
    stream: Arc<str>,
    group: Arc<str>,
    intake: IntakeState,
    added: Arc<Notify>,
}

/// Returns the routes of the service.
pub(crate) fn routes(book: &Book, config: &Config, channel: &Channel, intake: &Intake, added: &Arc<Notify>) -> Routes {
    let desk = Desk {
        book: book.clone(),
        channel: channel.name(),
        stream: config.topic.name().into(),
        group: config.group.group.as_str().into(),
        intake: intake.state(),
        added: added.clone(),
    };
    table().with_state(desk)
}

fn table() -> Routes<Desk> {
    Routes::new()
        .route(Method::GET, "/api/v1/alerts", Access::Viewer, list_alerts)
        .route(Method::GET, "/api/v1/alerts/{alert_id}", Access::Viewer, show_alert)
        .route(Method::GET, "/api/v1/dead-letters", Access::Viewer, list_dead_letters)
        .route(Method::POST, "/api/v1/dead-letters/{alert_id}/replay", Access::Operator, replay)
        .route(Method::GET, "/api/v1/status", Access::Viewer, show_status)
        .route(Method::GET, "/openapi.json", Access::Public, show_openapi)
}

/// Returns alerts, the newest first.
#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "alerts", params(ListQuery),
    responses((status = 200, body = AlertPage), (status = "4XX", body = chassis::http::ErrorBody)),
)]
pub(crate) async fn list_alerts(
    State(desk): State<Desk>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AlertPage>, ApiError> {
    desk.page(&query, query.filter()).await
}

/// Returns one alert with its deliveries.
#[utoipa::path(
    get, path = "/api/v1/alerts/{alert_id}", tag = "alerts", params(("alert_id" = String, Path)),
    responses((status = 200, body = AlertDetail), (status = "4XX", body = chassis::http::ErrorBody)),
)]
pub(crate) async fn show_alert(
    State(desk): State<Desk>,
    Path(alert_id): Path<AlertId>,
) -> Result<Json<AlertDetail>, ApiError> {
    let Some(record) = desk.book.alert(&alert_id).await? else {
        return Err(ApiError::not_found(format!("there is no alert {alert_id}")));
    };
    let deliveries = desk.book.deliveries(&alert_id).await.map_err(ApiError::internal)?;
    Ok(Json(AlertDetail { record, deliveries }))
}

/// Returns alerts that could not be delivered, the newest first.
#[utoipa::path(
    get, path = "/api/v1/dead-letters", tag = "dead letters", params(ListQuery),
    responses((status = 200, body = AlertPage), (status = "4XX", body = chassis::http::ErrorBody)),
)]
pub(crate) async fn list_dead_letters(
    State(desk): State<Desk>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AlertPage>, ApiError> {
    let filter = Filter { outcome: Some(Outcome::DeadLettered), ..query.filter() };
    desk.page(&query, filter).await
}

/// Delivers an alert that could not be delivered, anew.
#[utoipa::path(
    post, path = "/api/v1/dead-letters/{alert_id}/replay", tag = "dead letters", params(("alert_id" = String, Path)),
    responses((status = 202, description = "It will be attempted now."), (status = "4XX", body = chassis::http::ErrorBody)),
)]
pub(crate) async fn replay(State(desk): State<Desk>, Path(alert_id): Path<AlertId>) -> Result<StatusCode, ApiError> {
    let revived = desk.book.replay(&alert_id, desk.channel, Timestamp::now()).await;
    if !revived.map_err(ApiError::internal)? {
        return Err(ApiError::not_found(format!("there is no dead letter {alert_id}")));
    }
    desk.added.notify_one();
    Ok(StatusCode::ACCEPTED)
}

/// Returns how the alert router is.
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses((status = 200, body = Status)))]
pub(crate) async fn show_status(State(desk): State<Desk>) -> Result<Json<Status>, ApiError> {
    let accounts = desk.book.accounts().await.map_err(ApiError::internal)?;
    let intake = IntakeStatus {
        connected: desk.intake.is_connected(),
        stream: desk.stream.to_string(),
        group: desk.group.to_string(),
        consumer: desk.intake.consumer().to_owned(),
        last_received_at: desk.intake.last_received_at(),
    };
    Ok(Json(Status { accounts, channel: desk.channel.to_owned(), intake }))
}

/// Returns this description.
#[utoipa::path(get, path = "/openapi.json", tag = "status", responses((status = 200, description = "OpenAPI 3.1")))]
pub(crate) async fn show_openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::document()).into_response()
}

impl Desk {
    async fn page(&self, query: &ListQuery, filter: Filter) -> Result<Json<AlertPage>, ApiError> {
        let limit = query.limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(ApiError::invalid(format!("limit: expected 1 to {LARGEST_PAGE}, found {limit}")));
        }
        let after: Option<Cursor> = match query.cursor.as_deref().map(str::parse).transpose() {
            Ok(after) => after,
            Err(reason) => return Err(ApiError::invalid(format!("cursor: {reason}"))),
        };
        let (alerts, next) = self.book.page(&filter, after, limit).await?;
        Ok(Json(AlertPage { alerts, next_cursor: next.map(|next| next.to_string()) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_only_those_that_send_something_need_an_operator() {
        let document: serde_json::Value = serde_json::from_str(&openapi::document()).expect("is JSON");
        let table = table();
        for route in table.list() {
            let method = route.method.as_ref().expect("answers one method").as_str().to_lowercase();
            let described = &document["paths"][&route.path][&method];
            assert!(described.is_object(), "{method} {} is not described", route.path);
            assert_eq!(route.access == Access::Operator, method == "post", "{}", route.path);
        }
        let described: usize = document["paths"]
            .as_object()
            .expect("has paths")
            .values()
            .map(|methods| methods.as_object().map_or(0, serde_json::Map::len))
            .sum();
        assert_eq!(described, table.list().len(), "a route is described that is not there");
    }
}
