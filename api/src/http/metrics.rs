//! Metrics of the gateway and of the engine. `table.rs` has a row for each of them.
//!
//! Handles are made once per route, so a request never looks one up.

mod scrape;
mod table;
#[cfg(test)]
mod tests;

use crate::http::permissions::{Action, RULES, Rule};
use kirana_engine::Stats;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
pub(crate) use scrape::Scrape;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use table::{Kind, METRICS};

/// Upper ends of the latency buckets, in seconds.
const BUCKETS_S: &[f64] = &[
    0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0,
    10.0,
];

/// Statuses of most answers, in order; each has its own counter on each route.
const STATUSES: [u16; 27] = [
    101, 200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 422,
    426, 428, 429, 431, 500, 501, 503, 504,
];

/// Installs the recorder of this process; the handle renders what it has.
///
/// # Errors
/// A sentence, when another recorder is there already.
pub fn install() -> Result<PrometheusHandle, String> {
    let matcher = Matcher::Suffix("_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(matcher, BUCKETS_S)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| format!("the metrics recorder cannot be installed: {error}"))?;
    METRICS.iter().for_each(table::Metric::describe);
    Ok(handle)
}

/// Counts and times of all routes.
pub(crate) struct RouteMetrics {
    routes: Vec<Route>,
    in_flight: AtomicI64,
    in_flight_gauge: Gauge,
    stock_conflicts: Counter,
}

struct Route {
    seconds: Histogram,
    by_status: [OnceLock<Counter>; STATUSES.len()],
}

fn label(rule: &Rule) -> &'static str {
    if rule.template.is_empty() { "none" } else { rule.template }
}

/// Returns the counter of the answers of one status on one route.
fn requests(action: Action, status: u16) -> Counter {
    let rule = action.rule();
    counter!(
        "kirana_http_requests_total",
        "method" => rule.method.as_str(),
        "route" => label(rule),
        "status" => status.to_string(),
    )
}

/// A request that is being worked on, until it is dropped.
pub(crate) struct InFlight<'a>(&'a AtomicI64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for RouteMetrics {
    fn default() -> Self {
        let route = |rule: &'static Rule| Route {
            seconds: histogram!(
                "kirana_http_request_seconds",
                "method" => rule.method.as_str(),
                "route" => label(rule),
            ),
            by_status: [const { OnceLock::new() }; STATUSES.len()],
        };
        Self {
            routes: RULES.iter().map(route).collect(),
            in_flight: AtomicI64::new(0),
            in_flight_gauge: gauge!("kirana_http_in_flight"),
            stock_conflicts: counter!("kirana_stock_conflicts_total"),
        }
    }
}

impl RouteMetrics {
    /// Counts a request in, until the guard is dropped.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, action: Action, status: u16, took: Duration) {
        let route = &self.routes[action as usize];
        route.seconds.record(took.as_secs_f64());
        match STATUSES.binary_search(&status) {
            Ok(at) => route.by_status[at].get_or_init(|| requests(action, status)).increment(1),
            // Looked up by its labels each time: it is rare.
            Err(_) => requests(action, status).increment(1),
        }
    }

    /// Counts a basket that was refused for stock.
    pub(crate) fn stock_conflict(&self) {
        self.stock_conflicts.increment(1);
    }

    /// Brings the gauges up to date, just before they are read.
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub(crate) fn refresh(&self, stats: Option<&Stats>) {
        self.in_flight_gauge.set(self.in_flight.load(Ordering::Relaxed) as f64);
        let Some(stats) = stats else { return };
        for metric in METRICS {
            if let Kind::GaugeOfEngine(read) = metric.kind {
                gauge!(metric.name).set(read(stats) as f64);
            }
        }
    }
}
