//! Endpoints of webhooks: define, list, change, remove, rotate their secret, see what was sent,
//! send it again.

mod secret;

use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::text::{Str, text_error};
use crate::http::problem::{FieldError, Problem, table};
use crate::http::reply;
use crate::outbound::public;
use crate::rfc3339::Rfc3339;
use axum::http::StatusCode;
use axum::response::Response;
use kirana_domain::limits::{ENDPOINT_EVENTS_MAX, URL_CHARS_MAX};
use kirana_domain::webhook_endpoints::{EventName, Hook, Retry};
use kirana_domain::{Endpoint, EndpointCommand, EndpointId, Event, Lsn, StoreId, Text};
use kirana_engine::{Attempt, Outcome, Receipt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Failed deliveries that the log of an endpoint shows; it says how many there are.
const WAITING_SHOWN_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefineRequest<'a> {
    #[serde(borrow)]
    url: Str<'a>,
    store_id: Option<Uuid>,
    #[serde(borrow)]
    events: Option<Vec<Str<'a>>>,
    active: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeRequest<'a> {
    #[serde(borrow)]
    url: Option<Str<'a>>,
    #[serde(borrow)]
    events: Option<Vec<Str<'a>>>,
    active: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplayRequest {
    from_lsn: u64,
}

/// An endpoint as answers show it. `secret` is there once, where it was made.
#[derive(Serialize)]
struct EndpointView<'a> {
    id: Uuid,
    url: &'a str,
    store_id: Option<Uuid>,
    events: Vec<&'a str>,
    active: bool,
    secret: Option<String>,
    previous_secret_until: Option<Rfc3339>,
    progress: Option<Progress<'a>>,
    lsn: Option<u64>,
}

#[derive(Serialize)]
struct Progress<'a> {
    /// `active`, `paused`, or `disabled`.
    status: &'static str,
    disabled_reason: Option<&'a str>,
    position: u64,
    waiting_count: usize,
    created_at: Rfc3339,
}

impl<'a> EndpointView<'a> {
    fn of(endpoint: &'a Endpoint, now_ms: i64) -> Self {
        let until = endpoint.previous.as_ref().map(|(_, until_ms)| *until_ms);
        Self {
            id: endpoint.id.0,
            url: &endpoint.url,
            store_id: endpoint.store_id.map(|id| id.0),
            events: endpoint.events.iter().map(|name| &**name).collect(),
            active: endpoint.active,
            secret: None,
            previous_secret_until: until.filter(|until_ms| now_ms < *until_ms).map(Rfc3339),
            progress: None,
            lsn: None,
        }
    }

    fn of_hook(hook: &'a Hook, now_ms: i64) -> Self {
        let status = match (&hook.disabled, hook.endpoint.active) {
            (Some(_), _) => "disabled",
            (None, false) => "paused",
            (None, true) => "active",
        };
        let progress = Progress {
            status,
            disabled_reason: hook.disabled.as_deref(),
            position: hook.position.0,
            waiting_count: hook.retries.len(),
            created_at: Rfc3339(hook.created_at_ms),
        };
        Self { progress: Some(progress), ..Self::of(&hook.endpoint, now_ms) }
    }
}

/// `POST /v1/webhook-endpoints`: the answer, and that of every twin, has the secret.
pub(crate) async fn define(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: DefineRequest<'_> = json::parse(&body)?;
    let command = EndpointCommand::Define {
        endpoint_id: EndpointId(Uuid::now_v7()),
        store_id: request.store_id.map(StoreId),
        url: url_of(&call, &request.url)?,
        events: events_of(request.events.as_deref().unwrap_or_default())?,
        active: request.active.unwrap_or(true),
        secret: new_secret()?,
    };
    let key = call.key(&body)?;
    let receipt = call.submit(command.into(), key).await?;
    let mut response = with_secret(&call, 201, &receipt)?;
    if let Some(endpoint) = defined(&receipt) {
        reply::location(&mut response, &format!("/v1/webhook-endpoints/{}", endpoint.id));
    }
    Ok(response)
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<EndpointView<'a>>,
    next_cursor: Option<&'a str>,
    has_more: bool,
}

/// `GET /v1/webhook-endpoints`
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let (hooks, now_ms) = (call.engine().hooks(), call.engine().now_ms());
    let data = hooks.iter().map(|hook| EndpointView::of_hook(hook, now_ms)).collect();
    // A shop has a handful of them: the list is whole, in the shape that every list has.
    Ok(reply::json(200, &Page { data, next_cursor: None, has_more: false }))
}

/// `GET /v1/webhook-endpoints/{endpoint_id}`
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let hook = hook_of(&call)?;
    Ok(reply::json(200, &EndpointView::of_hook(&hook, call.engine().now_ms())))
}

/// `PATCH /v1/webhook-endpoints/{endpoint_id}`: what is not named stays. One that was disabled is
/// brought back by `"active": true`, and by any other change.
pub(crate) async fn change(mut call: Call) -> Result<Response, Problem> {
    let endpoint_id = hook_of(&call)?.endpoint.id;
    let body = call.json_body(&["application/merge-patch+json", "application/json"]).await?;
    let request: ChangeRequest<'_> = json::parse(&body)?;
    let url = request.url.as_ref().map(|url| url_of(&call, url)).transpose()?;
    let events = request.events.as_deref().map(events_of).transpose()?;
    let command = EndpointCommand::Change { endpoint_id, url, events, active: request.active };
    let key = call.key(&body)?;
    let receipt = call.submit(command.into(), key).await?;
    let hook = hook_of(&call)?;
    let view = EndpointView::of_hook(&hook, call.engine().now_ms());
    let mut response = reply::json(200, &EndpointView { lsn: Some(receipt.lsn.0), ..view });
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

/// `DELETE /v1/webhook-endpoints/{endpoint_id}`: gone is gone, however often it is asked for.
pub(crate) async fn remove(call: Call) -> Result<Response, Problem> {
    let command = EndpointCommand::Remove { endpoint_id: id_of(&call)? };
    call.submit(command.into(), call.key(&[])?).await?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// `POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret`: the secret of today signs too for a
/// day.
pub(crate) async fn rotate(mut call: Call) -> Result<Response, Problem> {
    let body = call.optional_json_body().await?;
    let command = EndpointCommand::Rotate { endpoint_id: id_of(&call)?, secret: new_secret()? };
    let key = call.key(&body)?;
    let receipt = call.submit(command.into(), key).await?;
    with_secret(&call, 200, &receipt)
}

#[derive(Serialize)]
struct Deliveries<'a> {
    data: Vec<AttemptView<'a>>,
    waiting: Vec<WaitingView<'a>>,
    waiting_count: usize,
    position: u64,
}

#[derive(Serialize)]
struct AttemptView<'a> {
    message_id: &'a str,
    r#type: &'a str,
    lsn: Option<u64>,
    at: Rfc3339,
    took_ms: u64,
    tries: u16,
    status: Option<u16>,
    error: Option<&'a str>,
}

impl<'a> From<&'a Attempt> for AttemptView<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            message_id: &attempt.message_id,
            r#type: &attempt.name,
            lsn: attempt.lsn.map(|lsn| lsn.0),
            at: Rfc3339(attempt.at_ms),
            took_ms: attempt.took_ms,
            tries: attempt.tries,
            status: attempt.status,
            error: attempt.error.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct WaitingView<'a> {
    lsn: u64,
    tries: u16,
    retry_at: Option<Rfc3339>,
    error: &'a str,
}

impl<'a> From<(&'a Lsn, &'a Retry)> for WaitingView<'a> {
    fn from((lsn, retry): (&'a Lsn, &'a Retry)) -> Self {
        let retry_at = retry.retry_at_ms.map(Rfc3339);
        Self { lsn: lsn.0, tries: retry.tries, retry_at, error: &retry.error }
    }
}

/// `GET /v1/webhook-endpoints/{endpoint_id}/deliveries`: the last tries since the start, newest
/// first, and what failed and waits.
pub(crate) async fn deliveries(call: Call) -> Result<Response, Problem> {
    let hook = hook_of(&call)?;
    let attempts = call.engine().hook_attempts(hook.endpoint.id);
    Ok(reply::json(
        200,
        &Deliveries {
            data: attempts.iter().map(AttemptView::from).collect(),
            waiting: hook.retries.iter().take(WAITING_SHOWN_MAX).map(WaitingView::from).collect(),
            waiting_count: hook.retries.len(),
            position: hook.position.0,
        },
    ))
}

/// `POST /v1/webhook-endpoints/{endpoint_id}/replay`: everything from a position on comes again,
/// under the ids that it had.
pub(crate) async fn replay(mut call: Call) -> Result<Response, Problem> {
    let endpoint_id = id_of(&call)?;
    let body = call.json_body(&["application/json"]).await?;
    let ReplayRequest { from_lsn } = json::parse(&body)?;
    if from_lsn == 0 || from_lsn > call.engine().lsn().0 {
        return Err(Problem::field("/from_lsn", "OUT_OF_RANGE", "must be a position of the log"));
    }
    let command = EndpointCommand::Replay { endpoint_id, from: Lsn(from_lsn) };
    let key = call.key(&body)?;
    let receipt = call.submit(command.into(), key).await?;
    let hook = hook_of(&call)?;
    let view = EndpointView::of_hook(&hook, call.engine().now_ms());
    let mut response = reply::json(202, &EndpointView { lsn: Some(receipt.lsn.0), ..view });
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

/// `POST /v1/webhook-endpoints/{endpoint_id}/test`: sends one message about nothing and answers
/// how it went.
pub(crate) async fn test(mut call: Call) -> Result<Response, Problem> {
    call.optional_json_body().await?;
    let tried = call.within(call.engine().test_hook(id_of(&call)?)).await?;
    let attempt = tried.ok_or_else(|| Problem::new(&table::ENDPOINT_UNKNOWN))?;
    Ok(reply::json(200, &AttemptView::from(&attempt)))
}

fn id_of(call: &Call) -> Result<EndpointId, Problem> {
    let id = call.segment("endpoint_id").and_then(|id| Uuid::try_parse(id).ok());
    id.map(EndpointId).ok_or_else(|| Problem::new(&table::ENDPOINT_UNKNOWN))
}

fn hook_of(call: &Call) -> Result<Hook, Problem> {
    let hook = call.engine().hook(id_of(call)?);
    hook.ok_or_else(|| Problem::new(&table::ENDPOINT_UNKNOWN))
}

/// The endpoint as it was recorded: a twin sees what the first one saw.
fn defined(receipt: &Receipt) -> Option<&Endpoint> {
    match &receipt.outcome {
        Outcome::Recorded(record) => match &record.event {
            Event::EndpointDefined { endpoint } => Some(endpoint),
            _ => None,
        },
        _ => None,
    }
}

fn with_secret(call: &Call, status: u16, receipt: &Receipt) -> Result<Response, Problem> {
    let endpoint = defined(receipt).ok_or_else(|| Problem::new(&table::INTERNAL))?;
    let secret = call.engine().hook_secret(endpoint).map(|secret| secret::shown(&secret));
    let view = EndpointView::of(endpoint, call.engine().now_ms());
    let mut response =
        reply::json(status, &EndpointView { secret, lsn: Some(receipt.lsn.0), ..view });
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

fn new_secret() -> Result<Vec<u8>, Problem> {
    secret::random().map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        Problem::new(&table::INTERNAL)
    })
}

/// The address of a request, if messages may go there.
fn url_of(call: &Call, url: &Str<'_>) -> Result<Text<URL_CHARS_MAX>, Problem> {
    let refuse = |error| Problem::invalid(vec![text_error("/url", error)]);
    let url = Text::code(&url.0).map_err(refuse)?;
    if public::address(&url, call.gateway.limits().hooks_allow_private).is_err() {
        let detail = "must be a public https address without a user and a fragment in it";
        return Err(Problem::field("/url", "URL_INVALID", detail));
    }
    Ok(url)
}

/// The names of a filter, each once, in order.
fn events_of(names: &[Str<'_>]) -> Result<Vec<EventName>, Problem> {
    if names.len() > ENDPOINT_EVENTS_MAX {
        return Err(Problem::field("/events", "TOO_MANY", "has too many names"));
    }
    let is_known = |name: &str| {
        let word = name.strip_prefix("order.");
        word.is_some_and(|word| Event::words().any(|known| known == word))
    };
    let mut errors = Vec::new();
    let mut events = Vec::with_capacity(names.len());
    for (index, Str(name)) in names.iter().enumerate() {
        match EventName::parse(name) {
            Ok(name) if is_known(&name) => events.push(name),
            _ => errors.push(FieldError::new(
                format_args!("/events/{index}"),
                "UNKNOWN_VALUE",
                "must be the name of a message, such as order.placed",
            )),
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    events.sort_unstable();
    events.dedup();
    Ok(events)
}
