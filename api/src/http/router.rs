//! Every route, and the one function that each request goes through.
//!
//! A handler is parse, submit, answer. All that is the same for every request (its id, its token,
//! its role, counting, the form of refusals) happens around it in [`serve`].

mod handlers;

use crate::http::browsers;
use crate::http::gateway::Gateway;
use crate::http::gateway::call::Call;
use crate::http::language::Language;
use crate::http::peer::Caller;
use crate::http::permissions::{Action, RULES};
use crate::http::problem::{Problem, table};
use crate::http::reply;
use crate::http::request_id::{RequestId, X_REQUEST_ID};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use std::time::{Duration, Instant};

/// The target of the log lines of requests.
pub(crate) const ACCESS: &str = "kirana::access";
/// An answer that takes longer is logged.
const SLOW: Duration = Duration::from_secs(1);

/// The routes of the public address: `/metrics` is not among them unless the settings say so.
pub fn router(gateway: Gateway) -> Router {
    let shows_metrics = gateway.limits().metrics_public;
    router_of(gateway, |action| shows_metrics || action != Action::Metrics)
}

/// The routes of the operators' address: all of them.
pub(crate) fn operators_router(gateway: Gateway) -> Router {
    router_of(gateway, |_| true)
}

fn router_of(gateway: Gateway, has: impl Fn(Action) -> bool) -> Router {
    let mut router = Router::new();
    for (action, method_router) in handlers::routes().into_iter().filter(|(it, _)| has(*it)) {
        router = router.route(action.rule().template, method_router);
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(|State(gateway): State<Gateway>, request: Request<Body>| {
            serve(gateway, Action::Unknown, request, unknown)
        })
        .with_state(gateway)
}

fn route<H, F>(action: Action, handler: H) -> (Action, MethodRouter<Gateway>)
where
    H: FnOnce(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    let filter = MethodFilter::try_from(action.rule().method.clone())
        .expect("the methods in the table are plain ones");
    let served = move |State(gateway): State<Gateway>, request: Request<Body>| {
        serve(gateway, action, request, handler)
    };
    (action, on(filter, served))
}

async fn unknown(_call: Call) -> Result<Response, Problem> {
    Err(Problem::new(&table::ROUTE_UNKNOWN))
}

async fn method_not_allowed(State(gateway): State<Gateway>, request: Request<Body>) -> Response {
    let allowed = allowed_at(request.uri().path());
    let refuse = |_call| async { Err(Problem::new(&table::METHOD_NOT_ALLOWED)) };
    let mut response = serve(gateway, Action::Unknown, request, refuse).await;
    reply::set(&mut response, header::ALLOW, &allowed);
    response
}

/// The methods of the routes whose template fits a path.
fn allowed_at(path: &str) -> String {
    let fits = |template: &str| {
        let (mut parts, mut names) = (path.split('/'), template.split('/'));
        loop {
            match (parts.next(), names.next()) {
                (None, None) => return true,
                (Some(part), Some(name)) if part == name || name.starts_with('{') => (),
                _ => return false,
            }
        }
    };
    // A fixed name goes before a parameter: /products/import is no product.
    let rules = || RULES.iter().filter(|rule| fits(rule.template));
    let fixed = rules().map(|rule| rule.template.matches('{').count()).min();
    let mut methods = Vec::new();
    for rule in rules().filter(|rule| Some(rule.template.matches('{').count()) == fixed) {
        methods.push(rule.method.as_str());
        if rule.method == axum::http::Method::GET {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

/// Takes one request through its handler.
async fn serve<H, F>(
    gateway: Gateway,
    action: Action,
    request: Request<Body>,
    handler: H,
) -> Response
where
    H: FnOnce(Call) -> F,
    F: Future<Output = Result<Response, Problem>>,
{
    let started = Instant::now();
    let _in_flight = gateway.metrics().enter();
    let (parts, body) = request.into_parts();
    let request_id = RequestId::of(&parts.headers);
    let (uri, language) = (parts.uri.clone(), Language::of(&parts.headers));
    let is_secure = parts.extensions.get::<Caller>().is_some_and(|caller| caller.is_secure);
    let (outcome, quota) = match Call::begin(gateway.clone(), action, parts, body).await {
        Ok(mut call) => {
            let quota = call.quota.take();
            (handler(call).await, quota)
        }
        Err(problem) => (Err(problem), None),
    };
    let mut response = outcome.unwrap_or_else(|problem| {
        note(&gateway, &problem, action, &request_id);
        problem.respond(&request_id, uri.path(), language)
    });
    response.headers_mut().insert(X_REQUEST_ID, request_id.header());
    // A refusal for another quota, such as that of coupons, tells of that one.
    if let Some(quota) = quota.filter(|_| response.status() != StatusCode::TOO_MANY_REQUESTS) {
        quota.put(response.headers_mut());
    }
    browsers::guard(response.headers_mut(), is_secure);
    let (status, took) = (response.status().as_u16(), started.elapsed());
    gateway.metrics().answered(action, status, took);
    access(action, status, took, &request_id);
    if took > SLOW && action != Action::ProductImport {
        tracing::warn!(request_id = request_id.as_str(), ?action, status, ?took, "slow answer");
    }
    response
}

/// Logs an answer under its id, by which a caller may ask what became of it. Probes, which come all
/// day, are no news. `RUST_LOG=info,kirana::access=off` leaves out all of it.
fn access(action: Action, status: u16, took: Duration, request_id: &RequestId) {
    // A number for JSON: 128 bits would be written as a text.
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let request_id = request_id.as_str();
    if action.needs_no_engine() {
        tracing::debug!(target: ACCESS, request_id, ?action, status, took_us, "answered");
    } else {
        tracing::info!(target: ACCESS, request_id, ?action, status, took_us, "answered");
    }
}

/// Logs and counts a refusal, where it is worth it. Refusals of the shop's own rules are not.
fn note(gateway: &Gateway, problem: &Problem, action: Action, request_id: &RequestId) {
    let kind = problem.kind();
    if kind.status >= 500 && *kind != table::STARTING {
        let (code, request_id) = (kind.code, request_id.as_str());
        tracing::error!(request_id, ?action, code, "request failed");
    }
    if *kind == table::INSUFFICIENT_STOCK {
        gateway.metrics().stock_conflict();
    }
}
