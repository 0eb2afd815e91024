//! The gateway: every route, and the one function that each request goes through.
//!
//! A handler is parse, submit, answer. All that is the same for every request (its id, its token,
//! its role, counting, the form of refusals) happens around it in [`Gateway::serve`].

pub mod call;
pub mod connection;
mod handlers;
pub mod listener;

use crate::auth::Tokens;
use crate::live::streams::Streams;
use crate::metrics::RouteMetrics;
use crate::permissions::Action;
use crate::problem::{Problem, table};
use crate::razorpay::port::Online;
use crate::request_id::{RequestId, X_REQUEST_ID};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, header};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use call::Call;
use kirana_engine::{Engine, Progress};
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Every bound of a request, with its unit.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body: Duration,
    /// How long an answer may take.
    pub request: Duration,
    /// Bytes of an import.
    pub import_bytes_max: u64,
    /// Rows of an import.
    pub import_rows_max: u64,
    /// Live streams at once.
    pub streams_max: usize,
    /// How long the reader of a stream may take nothing of what is sent.
    pub stream_stall: Duration,
    /// True when webhooks may go to this machine and to private networks.
    pub hooks_allow_private: bool,
}

/// Shared by all connections.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    tokens: Tokens,
    limits: Limits,
    engine: OnceLock<Engine>,
    progress: Arc<Progress>,
    metrics: RouteMetrics,
    streams: Arc<Streams>,
    prometheus: PrometheusHandle,
    online: OnceLock<Online>,
}

impl Gateway {
    /// A gateway whose engine is still to come.
    pub fn new(
        tokens: Tokens,
        limits: Limits,
        progress: Arc<Progress>,
        prometheus: PrometheusHandle,
    ) -> Self {
        let (engine, metrics) = (OnceLock::new(), RouteMetrics::default());
        let streams = Arc::new(Streams::new(limits.streams_max, limits.stream_stall));
        Self(Arc::new(Shared {
            tokens,
            limits,
            engine,
            progress,
            metrics,
            streams,
            prometheus,
            online: OnceLock::new(),
        }))
    }

    /// The engine has read its log: from now on it is asked.
    pub fn ready(&self, engine: Engine) {
        // A second engine would be a second truth; there is one opening, so there is none.
        assert!(self.0.engine.set(engine).is_ok(), "a gateway has one engine");
    }

    /// The engine.
    ///
    /// # Errors
    /// [`table::STARTING`] while the log is being read.
    pub fn engine(&self) -> Result<&Engine, Problem> {
        self.0.engine.get().ok_or_else(|| Problem::new(&table::STARTING))
    }

    /// From now on customers can pay online. `false` if they could already.
    pub fn take_payments(&self, online: Online) -> bool {
        self.0.online.set(online).is_ok()
    }

    /// How to speak with the payment provider.
    ///
    /// # Errors
    /// [`table::PAYMENTS_OFF`] when none is configured.
    pub fn online(&self) -> Result<&Online, Problem> {
        self.0.online.get().ok_or_else(|| Problem::new(&table::PAYMENTS_OFF))
    }

    /// How far the reading of the log has come.
    pub fn progress(&self) -> &Progress {
        &self.0.progress
    }

    /// Signs and verifies tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The open streams.
    pub fn streams(&self) -> &Arc<Streams> {
        &self.0.streams
    }

    /// The counters.
    pub fn metrics(&self) -> &RouteMetrics {
        &self.0.metrics
    }

    /// What `/metrics` renders.
    pub fn prometheus(&self) -> &PrometheusHandle {
        &self.0.prometheus
    }

    /// Takes one request through its handler.
    async fn serve<H, F>(self, action: Action, request: Request<Body>, handler: H) -> Response
    where
        H: FnOnce(Call) -> F,
        F: Future<Output = Result<Response, Problem>>,
    {
        let started = Instant::now();
        let _in_flight = self.0.metrics.enter();
        let (parts, body) = request.into_parts();
        let request_id = RequestId::of(&parts.headers);
        let uri = parts.uri.clone();
        let outcome = match Call::begin(self.clone(), action, request_id.clone(), parts, body) {
            Ok(call) => handler(call).await,
            Err(problem) => Err(problem),
        };
        let mut response = outcome.unwrap_or_else(|problem| {
            self.note(&problem, action, &request_id);
            problem.respond(&request_id, uri.path())
        });
        response.headers_mut().insert(X_REQUEST_ID, request_id.header());
        let (status, took) = (response.status().as_u16(), started.elapsed());
        self.0.metrics.answered(action, status, took);
        tracing::debug!(request_id = request_id.as_str(), ?action, status, ?took, "answered");
        if took > SLOW && action != Action::ProductImport {
            tracing::warn!(request_id = request_id.as_str(), ?action, status, ?took, "slow answer");
        }
        response
    }

    /// Logs and counts a refusal, where it is worth it. Refusals of the shop's own rules are not.
    fn note(&self, problem: &Problem, action: Action, request_id: &RequestId) {
        let kind = problem.kind();
        if kind.status >= 500 && *kind != table::STARTING {
            let (code, request_id) = (kind.code, request_id.as_str());
            tracing::error!(request_id, ?action, code, "request failed");
        }
        if *kind == table::INSUFFICIENT_STOCK {
            self.0.metrics.stock_conflict();
        }
    }
}

/// An answer that takes longer is logged.
const SLOW: Duration = Duration::from_secs(1);

/// All routes.
pub fn router(gateway: Gateway) -> Router {
    let mut router = Router::new();
    for (action, method_router) in handlers::routes() {
        router = router.route(action.rule().template, method_router);
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(|State(gateway): State<Gateway>, request: Request<Body>| {
            gateway.serve(Action::Unknown, request, unknown)
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
    let serve = move |State(gateway): State<Gateway>, request: Request<Body>| {
        gateway.serve(action, request, handler)
    };
    (action, on(filter, serve))
}

async fn unknown(_call: Call) -> Result<Response, Problem> {
    Err(Problem::new(&table::ROUTE_UNKNOWN))
}

async fn method_not_allowed(State(gateway): State<Gateway>, request: Request<Body>) -> Response {
    let allowed = allowed_at(request.uri().path());
    let mut response = gateway
        .serve(Action::Unknown, request, |_call| async {
            Err(Problem::new(&table::METHOD_NOT_ALLOWED))
        })
        .await;
    crate::reply::set(&mut response, header::ALLOW, &allowed);
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
    let rules = || crate::permissions::RULES.iter().filter(|rule| fits(rule.template));
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
