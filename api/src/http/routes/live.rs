//! Streams of what happens to orders: of one order, of a customer, of a store, of a rider.
//!
//! `Last-Event-ID` resumes after a position; without it the state now comes first.

use crate::http::gateway::call::Call;
use crate::http::listener::connection::ConnectionGuard;
use crate::http::live::session::Session;
use crate::http::live::streams::Permit;
use crate::http::live::{socket, sse};
use crate::http::problem::{Problem, table};
use axum::body::Body;
use axum::extract::FromRequestParts as _;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::header::{CACHE_CONTROL, UPGRADE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use kirana_domain::Lsn;
use kirana_engine::{Topic, is_over};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// `Last-Event-ID`
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LiveQuery {
    last_event_id: Option<String>,
    /// Read when the call began.
    #[allow(dead_code, reason = "it is known here, so that it is not refused")]
    access_token: Option<IgnoredAny>,
}

/// `GET /v1/orders/{order_id}/events`
pub(crate) async fn order(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Order(call.order_id().await?);
    events(call, topic).await
}

/// `GET /v1/me/events`
pub(crate) async fn me(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Customer(call.person()?.person_id);
    events(call, topic).await
}

/// `GET /v1/stores/{store_id}/events`
pub(crate) async fn store(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Store(call.store_id()?);
    events(call, topic).await
}

/// `GET /v1/riders/me/events`
pub(crate) async fn rider(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Rider(call.person()?.person_id);
    events(call, topic).await
}

/// `GET /v1/orders/{order_id}/events/ws`
pub(crate) async fn order_socket(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Order(call.order_id().await?);
    web_socket(call, topic).await
}

/// `GET /v1/me/events/ws`
pub(crate) async fn me_socket(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Customer(call.person()?.person_id);
    web_socket(call, topic).await
}

/// `GET /v1/stores/{store_id}/events/ws`
pub(crate) async fn store_socket(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Store(call.store_id()?);
    web_socket(call, topic).await
}

/// `GET /v1/riders/me/events/ws`
pub(crate) async fn rider_socket(call: Call) -> Result<Response, Problem> {
    let topic = Topic::Rider(call.person()?.person_id);
    web_socket(call, topic).await
}

async fn events(call: Call, topic: Topic) -> Result<Response, Problem> {
    let begun = begin(&call, topic).await?;
    Ok(begun.map_or_else(nothing_more, sse::answer))
}

async fn web_socket(mut call: Call, topic: Topic) -> Result<Response, Problem> {
    let upgrade = WebSocketUpgrade::from_request_parts(call.parts_mut(), &()).await;
    let upgrade = upgrade.map_err(|rejection| {
        tracing::debug!(%rejection, "no WebSocket");
        let wanted = HeaderValue::from_static("websocket");
        Problem::new(&table::UPGRADE_REQUIRED).header(UPGRADE, wanted)
    })?;
    let guard = call.parts_mut().extensions.remove::<ConnectionGuard>();
    let begun = begin(&call, topic).await?;
    Ok(begun.map_or_else(nothing_more, |session| socket::answer(upgrade, session, guard)))
}

/// Begins a stream; `None` when there is nothing left to tell, now or ever.
async fn begin(call: &Call, topic: Topic) -> Result<Option<Session>, Problem> {
    let after = last_event_id(call)?;
    if let (Topic::Order(id), Some(after)) = (topic, after) {
        let order = call.order(id).await?;
        // A position from beyond the log is no proof that the end was seen.
        if is_over(&order) && after >= order.lsn() && after <= call.engine().lsn() {
            return Ok(None);
        }
    }
    let permit = Permit::take(call.gateway.streams(), &call.person()?)?;
    let engine = call.engine().clone();
    Ok(Some(Session::new(permit, engine, topic, after, call.pass()?)))
}

/// Returns the position to resume after: the header, or else the query. The header goes first
/// because a browser that reconnects sends it beside the address it began with.
fn last_event_id(call: &Call) -> Result<Option<Lsn>, Problem> {
    let query: LiveQuery = call.query()?;
    let position = |text: &str| text.parse::<u64>().ok().map(Lsn);
    // An empty one is what a source sends that has seen nothing (WHATWG HTML §9.2.4).
    let seen = call.headers().get(LAST_EVENT_ID).filter(|value| !value.is_empty());
    if let Some(value) = seen {
        return value.to_str().ok().and_then(position).map(Some).ok_or_else(|| {
            Problem::new(&table::HEADER_INVALID)
                .hint("Last-Event-ID must be the id of a message: a whole number")
        });
    }
    let Some(text) = query.last_event_id.filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong = || Problem::query("last_event_id", "must be the id of a message: a whole number");
    position(&text).map(Some).ok_or_else(wrong)
}

/// 204 tells an event source to stop for good (WHATWG HTML §9.2.3).
fn nothing_more() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
