//! The gateway: the state that all connections share, from the engine to the counters.

pub(crate) mod call;

use crate::http::auth::Tokens;
use crate::http::live::streams::Streams;
use crate::http::metrics::{RouteMetrics, Scrape};
use crate::http::problem::{Problem, table};
use crate::http::quotas::{self, Quotas};
use crate::razorpay::port::Online;
use axum::body::Bytes;
use kirana_engine::{Engine, Progress};
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Every bound of a request, with its unit.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub body_bytes_max: usize,
    /// Longest time for a body to arrive.
    pub body: Duration,
    /// Longest wait for an answer.
    pub request: Duration,
    /// Bytes of an import.
    pub import_bytes_max: u64,
    /// Rows of an import.
    pub import_rows_max: u64,
    /// Live streams at once.
    pub streams_max: usize,
    /// Longest time that the reader of a stream may take nothing.
    pub stream_stall: Duration,
    /// True when webhooks may go to this machine and to private networks.
    pub hooks_allow_private: bool,
    /// True when `/metrics` answers on the public address, too.
    pub metrics_public: bool,
    /// Calls that a person may make in a minute.
    pub(crate) quotas: quotas::Settings,
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
    quotas: Quotas,
    streams: Arc<Streams>,
    prometheus: PrometheusHandle,
    scrape: Scrape,
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
            quotas: Quotas::new(&limits.quotas),
            limits,
            engine,
            progress,
            metrics,
            streams,
            prometheus,
            scrape: Scrape::default(),
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
    pub(crate) fn engine(&self) -> Result<&Engine, Problem> {
        self.0.engine.get().ok_or_else(|| Problem::new(&table::STARTING))
    }

    /// From now on customers can pay online. `false` if they could already.
    pub(crate) fn take_payments(&self, online: Online) -> bool {
        self.0.online.set(online).is_ok()
    }

    /// Returns the client of the payment provider.
    ///
    /// # Errors
    /// [`table::PAYMENTS_OFF`] when none is configured.
    pub(crate) fn online(&self) -> Result<&Online, Problem> {
        self.0.online.get().ok_or_else(|| Problem::new(&table::PAYMENTS_OFF))
    }

    /// Returns the progress of reading the log.
    pub(crate) fn progress(&self) -> &Progress {
        &self.0.progress
    }

    /// Signs and verifies tokens.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// The bounds.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The quotas of callers.
    pub(crate) fn quotas(&self) -> &Quotas {
        &self.0.quotas
    }

    /// The open streams.
    pub(crate) fn streams(&self) -> &Arc<Streams> {
        &self.0.streams
    }

    /// The counters.
    pub(crate) fn metrics(&self) -> &RouteMetrics {
        &self.0.metrics
    }

    /// Returns everything that is counted, as Prometheus reads it.
    pub(crate) async fn scrape(&self) -> Bytes {
        let render = || {
            self.metrics().refresh(self.engine().ok().map(Engine::stats).as_ref());
            self.0.prometheus.render()
        };
        self.0.scrape.text(render).await
    }
}
