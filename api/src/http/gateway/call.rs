//! One request on its way through a handler: who asks, for what, until when, with which body.

mod host;

use super::Gateway;
use crate::http::auth::{Holder, Pass};
use crate::http::idempotency::{self, request_key};
use crate::http::peer::Caller;
use crate::http::permissions::{self, Action};
use crate::http::problem::{Problem, table};
use crate::http::quotas::{Group, Told};
use crate::http::{accept, body, query};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use kirana_domain::{Order, OrderId, Principal, ProductId, RequestKey, StoreId};
use kirana_engine::{Command, Engine, Receipt, Request};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// `X-Request-Timeout-Ms`: a client may wait less long than we would.
const X_REQUEST_TIMEOUT_MS: HeaderName = HeaderName::from_static("x-request-timeout-ms");

/// A request that may be served: its token is good and its role may ask for this.
pub(crate) struct Call {
    /// The gateway.
    pub gateway: Gateway,
    /// The action.
    pub action: Action,
    /// The caller; `None` without a token.
    pub principal: Option<Principal>,
    /// The time by which the answer must be there.
    pub deadline: Instant,
    /// The rest of the caller's quota, where there is one.
    pub quota: Option<Told>,
    holder: Option<Holder>,
    parts: Parts,
    /// Never locked: it only makes a shared call fit to be held across an await.
    body: Mutex<Body>,
}

impl Call {
    /// Checks everything that is the same for all requests.
    pub(crate) async fn begin(
        gateway: Gateway,
        action: Action,
        parts: Parts,
        body: Body,
    ) -> Result<Self, Problem> {
        let begun = Self::admit(&gateway, action, &parts).await;
        match begun {
            Ok(Admitted { holder, wait, quota }) => Ok(Self {
                deadline: Instant::now() + wait,
                gateway,
                action,
                principal: holder.map(|holder| holder.principal),
                holder,
                quota,
                parts,
                body: Mutex::new(body),
            }),
            Err(problem) => {
                body::drain(body);
                Err(problem)
            }
        }
    }

    async fn admit(gateway: &Gateway, action: Action, parts: &Parts) -> Result<Admitted, Problem> {
        host::check(parts)?;
        if !action.needs_no_engine() {
            gateway.engine()?;
            acceptable(action, &parts.headers)?;
        }
        let token = match bearer(&parts.headers)? {
            None if action.is_live() => in_query(parts),
            token => token,
        };
        let holder = match token {
            Some(token) if !action.needs_no_engine() => Some(verify(gateway, token, parts).await?),
            _ => None,
        };
        let principal = holder.as_ref().map(|holder| &holder.principal);
        let quota = match Group::of(action, principal) {
            Some(group) => spend(gateway, group, principal, parts)?,
            None => None,
        };
        let store_id = segment(action, parts.uri.path(), "store_id")
            .and_then(|id| Uuid::try_parse(id).ok())
            .map(StoreId);
        permissions::check(action, principal, store_id)?;
        if holder.is_some_and(|holder| holder.is_anonymous) {
            permissions::check_anonymous(action)?;
        }
        if action.rule().key_required && idempotency::key_of(&parts.headers)?.is_none() {
            return Err(Problem::new(&table::KEY_MISSING));
        }
        plainly_coded(&parts.headers)?;
        let wait = wait_of(&parts.headers, gateway.limits().request)?;
        Ok(Admitted { holder, wait, quota })
    }

    /// Takes a call off another budget of the caller, for what has one besides its own.
    ///
    /// # Errors
    /// [`table::QUOTA_SPENT`].
    pub(crate) fn spend(&self, group: Group) -> Result<(), Problem> {
        spend(&self.gateway, group, self.principal.as_ref(), &self.parts).map(|_| ())
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        // `begin` let nothing through that needs an engine before there is one.
        self.gateway.engine().expect("the engine was there when the call began")
    }

    /// The address of the request.
    pub(crate) fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// Headers of the request.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The person; every action but the open ones has one.
    ///
    /// # Errors
    /// [`table::TOKEN_MISSING`].
    pub(crate) fn person(&self) -> Result<Principal, Problem> {
        self.principal.ok_or_else(|| Problem::new(&table::TOKEN_MISSING))
    }

    /// Returns the caller's right to a stream.
    ///
    /// # Errors
    /// [`table::TOKEN_MISSING`].
    pub(crate) fn pass(&self) -> Result<Pass, Problem> {
        let holder = self.holder.ok_or_else(|| Problem::new(&table::TOKEN_MISSING))?;
        Ok(self.gateway.tokens().pass(holder))
    }

    /// The head of the request, for what takes something out of it.
    pub(crate) fn parts_mut(&mut self) -> &mut Parts {
        &mut self.parts
    }

    /// A parameter of the path.
    pub(crate) fn segment(&self, name: &str) -> Option<&str> {
        segment(self.action, self.parts.uri.path(), name)
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        Uuid::try_parse(self.segment(name)?).ok()
    }

    /// The store in the path.
    ///
    /// # Errors
    /// [`table::STORE_UNKNOWN`] when there is none of that id.
    pub(crate) fn store_id(&self) -> Result<StoreId, Problem> {
        let id = self.id("store_id").map(StoreId);
        id.filter(|id| self.engine().catalogue(|catalogue| catalogue.store(*id).is_some()))
            .ok_or_else(|| Problem::new(&table::STORE_UNKNOWN))
    }

    /// The product in the path, whether it exists or not.
    ///
    /// # Errors
    /// [`table::PRODUCT_UNKNOWN`] for what is no id.
    pub(crate) fn product_id(&self) -> Result<ProductId, Problem> {
        self.id("product_id").map(ProductId).ok_or_else(|| Problem::new(&table::PRODUCT_UNKNOWN))
    }

    /// The order in the path, if this person may know that it exists.
    ///
    /// # Errors
    /// [`table::ORDER_UNKNOWN`] when there is none, or it is somebody else's; a failed read.
    pub(crate) async fn order_id(&self) -> Result<OrderId, Problem> {
        let unknown = || Problem::new(&table::ORDER_UNKNOWN);
        let id = self.id("order_id").map(OrderId).ok_or_else(unknown)?;
        let entry = self.within(self.engine().order_entry(id)).await??.ok_or_else(unknown)?;
        self.person()?.may_see(&entry.parties()).then_some(id).ok_or_else(unknown)
    }

    /// The order of that id as it is now.
    ///
    /// # Errors
    /// [`table::ORDER_UNKNOWN`], or a failed read.
    pub(crate) async fn order(&self, id: OrderId) -> Result<Arc<Order>, Problem> {
        let order = self.within(self.engine().order(id)).await??;
        order.ok_or_else(|| Problem::new(&table::ORDER_UNKNOWN))
    }

    /// Waits no longer than the caller does.
    ///
    /// # Errors
    /// [`table::DEADLINE_PASSED`].
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Problem> {
        timeout_at(self.deadline, work).await.map_err(|_| Problem::new(&table::DEADLINE_PASSED))
    }

    /// The query, parsed; unknown parameters are refused by name.
    ///
    /// # Errors
    /// [`table::QUERY_INVALID`].
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        query::parse(&self.parts.uri)
    }

    /// The whole body of a JSON request.
    ///
    /// # Errors
    /// [`table::MEDIA_TYPE`], or what [`body::read`] refuses.
    pub(crate) async fn json_body(&mut self, media_types: &[&str]) -> Result<Bytes, Problem> {
        if let Err(problem) = body::media_type(&self.parts.headers, media_types) {
            body::drain(self.take_body());
            return Err(problem);
        }
        self.whole_body().await
    }

    /// The body of a request that may have none. An empty one is none, whatever its type and
    /// however its length is told.
    ///
    /// # Errors
    /// [`table::MEDIA_TYPE`] for a body that is not declared as JSON, or what [`body::read`]
    /// refuses.
    pub(crate) async fn optional_json_body(&mut self) -> Result<Bytes, Problem> {
        let body = self.whole_body().await?;
        if !body.is_empty() {
            body::media_type(&self.parts.headers, &["application/json"])?;
        }
        Ok(body)
    }

    async fn whole_body(&mut self) -> Result<Bytes, Problem> {
        let limits = self.gateway.limits();
        let (bytes_max, time_max) = (limits.body_bytes_max, limits.body);
        body::read(self.take_body(), &self.parts.headers, bytes_max, time_max).await
    }

    /// The body, to be read as it comes.
    pub(crate) fn take_body(&mut self) -> Body {
        std::mem::take(self.body.get_mut())
    }

    /// The key that makes this request happen once, if it has one.
    ///
    /// # Errors
    /// [`table::KEY_INVALID`].
    pub(crate) fn key(&self, body: &[u8]) -> Result<Option<RequestKey>, Problem> {
        let Some(key) = idempotency::key_of(&self.parts.headers)? else { return Ok(None) };
        let subject = self.person()?.person_id;
        let of = |body: &[u8]| request_key(key, subject, self.action, self.parts.uri.path(), body);
        let key = of(&idempotency::canonical(body));
        let recorded = self.engine().recorded_fingerprint(&key.id);
        Ok(Some(idempotency::as_recorded(key, recorded, || of(body))))
    }

    /// Has a command carried out.
    ///
    /// # Errors
    /// A refusal of the engine.
    pub(crate) async fn submit(
        &self,
        command: Command,
        key: Option<RequestKey>,
    ) -> Result<Receipt, Problem> {
        let request = Request { by: self.person()?, key, command, deadline: Some(self.deadline) };
        self.engine().submit(request).await.map_err(Problem::from)
    }
}

/// The facts about a request that may be served.
struct Admitted {
    holder: Option<Holder>,
    wait: Duration,
    quota: Option<Told>,
}

/// The address of the caller, which the listener has put there.
fn address_of(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Caller>().map(|caller| caller.address)
}

/// Returns the holder of a token. One that is not good is taken off a budget of the address; one
/// that cannot be checked, because the sign-in service is away, is nobody's guess.
async fn verify(gateway: &Gateway, token: &str, parts: &Parts) -> Result<Holder, Problem> {
    let verified = gateway.tokens().verify(token).await;
    if verified.as_ref().is_err_and(|problem| *problem.kind() != table::KEYS_UNAVAILABLE) {
        gateway.quotas().spend(Group::BadTokens, None, address_of(parts))?;
    }
    verified
}

fn spend(
    gateway: &Gateway,
    group: Group,
    principal: Option<&Principal>,
    parts: &Parts,
) -> Result<Option<Told>, Problem> {
    let person = principal.map(|principal| principal.person_id);
    gateway.quotas().spend(group, person, address_of(parts))
}

/// The segment of the path where the route's template has `{name}`.
fn segment<'a>(action: Action, path: &'a str, name: &str) -> Option<&'a str> {
    let is_it = |part: &str| part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) == Some(name);
    let index = action.rule().template.split('/').position(is_it)?;
    path.split('/').nth(index)
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match (token, values.next()) {
        (Some(token), None) => Ok(Some(token)),
        _ => Err(Problem::new(&table::TOKEN_INVALID)
            .hint("send one Authorization header: the word Bearer and a token")),
    }
}

/// The token of `?access_token=…`, for browsers: they cannot set headers on a stream (RFC 6750
/// §2.3). A token has no character that would be escaped there.
fn in_query(parts: &Parts) -> Option<&str> {
    parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("access_token="))
}

fn wait_of(headers: &HeaderMap, longest: Duration) -> Result<Duration, Problem> {
    let Some(value) = headers.get(X_REQUEST_TIMEOUT_MS) else { return Ok(longest) };
    let millis: Option<u64> = value.to_str().ok().and_then(|text| text.parse().ok());
    match millis {
        Some(millis) if millis > 0 => Ok(longest.min(Duration::from_millis(millis))),
        _ => Err(Problem::new(&table::HEADER_INVALID)
            .hint("X-Request-Timeout-Ms must be a whole number of milliseconds above zero")),
    }
}

/// Checks that the body is sent as it is: none is unpacked here (RFC 9110 §8.4, §15.5.16).
fn plainly_coded(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        return Ok(());
    }
    Err(Problem::new(&table::MEDIA_TYPE)
        .hint("send the body without a Content-Encoding")
        .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}

fn acceptable(action: Action, headers: &HeaderMap) -> Result<(), Problem> {
    let offers: &[_] = if action.is_event_stream() {
        const { &[accept::EVENT_STREAM] }
    } else if action.is_live() {
        const { &[accept::JSON, accept::EVENT_STREAM] }
    } else if action.is_document() {
        const { &[accept::JSON, accept::HTML, accept::PDF] }
    } else {
        const { &[accept::JSON] }
    };
    if action.is_webhook() || accept::preferred(headers, offers).is_some() {
        Ok(())
    } else if action.is_event_stream() {
        Err(Problem::new(&table::NOT_ACCEPTABLE)
            .hint("This is a stream of events. Accept text/event-stream, or anything."))
    } else {
        Err(Problem::new(&table::NOT_ACCEPTABLE))
    }
}
