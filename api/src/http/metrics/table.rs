//! All metrics, one row each: the names in the code, the help texts of `/metrics` and the list in
//! `engine/ARCHITECTURE.md` follow this table, held by a test.

use kirana_engine::Stats;
use metrics::{describe_counter, describe_gauge, describe_histogram};

/// One metric.
pub(super) struct Metric {
    /// The name, with its unit at the end where it has one.
    pub(super) name: &'static str,
    /// The kind.
    pub(super) kind: Kind,
    /// The labels, separated by commas.
    #[cfg_attr(not(test), allow(dead_code, reason = "the labels stand in the documentation"))]
    pub(super) labels: &'static str,
    /// One sentence for the operator.
    pub(super) meaning: &'static str,
}

/// Kinds of metrics.
pub(super) enum Kind {
    /// Only grows while the process runs.
    Counter,
    /// A figure that is set where it changes.
    Gauge,
    /// A figure of the running engine, read when somebody asks.
    GaugeOfEngine(fn(&Stats) -> u64),
    /// A distribution.
    Histogram,
}

impl Metric {
    /// Registers the help text.
    pub(super) fn describe(&self) {
        let Self { name, meaning, .. } = *self;
        match self.kind {
            Kind::Counter => describe_counter!(name, meaning),
            Kind::Gauge | Kind::GaugeOfEngine(_) => describe_gauge!(name, meaning),
            Kind::Histogram => describe_histogram!(name, meaning),
        }
    }
}

const fn row(
    name: &'static str,
    kind: Kind,
    labels: &'static str,
    meaning: &'static str,
) -> Metric {
    Metric { name, kind, labels, meaning }
}

/// Every metric, in the order of the walk of a request.
pub(super) const METRICS: &[Metric] = &[
    row(
        "kirana_http_requests_total",
        Kind::Counter,
        "method, route, status",
        "Answers of the gateway.",
    ),
    row(
        "kirana_http_request_seconds",
        Kind::Histogram,
        "method, route",
        "Time from the head of a request to its answer.",
    ),
    row("kirana_http_in_flight", Kind::Gauge, "", "Requests that are being worked on."),
    row(
        "kirana_stock_conflicts_total",
        Kind::Counter,
        "",
        "Baskets that were refused because units were short.",
    ),
    row("kirana_streams_open", Kind::Gauge, "", "Live streams that are open."),
    row("kirana_stream_events_total", Kind::Counter, "", "Events that were sent to live streams."),
    row(
        "kirana_streams_cut_total",
        Kind::Counter,
        "",
        "Live streams that were ended because their reader was too slow.",
    ),
    row(
        "kirana_lsn",
        Kind::GaugeOfEngine(|stats| stats.lsn.0),
        "",
        "Position of the last record that was applied.",
    ),
    row(
        "kirana_epoch",
        Kind::GaugeOfEngine(|stats| stats.epoch.into()),
        "",
        "Starts of the engine on this log.",
    ),
    row(
        "kirana_clock_ahead_seconds",
        Kind::Gauge,
        "",
        "Time by which the wall clock is ahead of the engine's clock; negative when it is behind.",
    ),
    row(
        "kirana_clock_alarms_total",
        Kind::Counter,
        "kind",
        "Times that the wall clock was found to be wrong, or far from the last record at a start.",
    ),
    row(
        "kirana_engine_in_flight",
        Kind::GaugeOfEngine(|stats| stats.in_flight as u64),
        "",
        "Commands that are being worked on.",
    ),
    row(
        "kirana_journal_queue",
        Kind::GaugeOfEngine(|stats| stats.journal_queue as u64),
        "",
        "Appends that wait for the writer of the log.",
    ),
    row(
        "kirana_journal_append_seconds",
        Kind::Histogram,
        "",
        "Time of one group commit, its wait for the disk included.",
    ),
    row("kirana_journal_group_appends", Kind::Histogram, "", "Appends of one group commit."),
    row(
        "kirana_commands_refused_total",
        Kind::Counter,
        "code",
        "Commands that the rules of the shop refused, by the code of the refusal.",
    ),
    row(
        "kirana_orders",
        Kind::GaugeOfEngine(|stats| stats.orders as u64),
        "",
        "Orders there are and ever were.",
    ),
    row(
        "kirana_orders_open",
        Kind::GaugeOfEngine(|stats| stats.orders_open as u64),
        "",
        "Orders that something may still happen to.",
    ),
    row(
        "kirana_orders_in_memory",
        Kind::GaugeOfEngine(|stats| stats.orders_in_memory as u64),
        "",
        "Orders in memory: open ones, and ended ones that are in no checkpoint yet.",
    ),
    row(
        "kirana_orders_awake",
        Kind::GaugeOfEngine(|stats| stats.orders_awake as u64),
        "",
        "Actors of orders that are at work.",
    ),
    row(
        "kirana_timers",
        Kind::GaugeOfEngine(|stats| stats.timers as u64),
        "",
        "Deadlines of unpaid orders.",
    ),
    row(
        "kirana_request_keys",
        Kind::GaugeOfEngine(|stats| stats.keys as u64),
        "",
        "Request keys that are remembered.",
    ),
    row("kirana_stores", Kind::GaugeOfEngine(|stats| stats.stores as u64), "", "Stores."),
    row(
        "kirana_products",
        Kind::GaugeOfEngine(|stats| stats.products as u64),
        "",
        "Products of all stores.",
    ),
    row(
        "kirana_stock_law_breaches_total",
        Kind::Counter,
        "",
        "Products whose books broke the stock law and that are no longer sold. Must stay 0.",
    ),
    row(
        "kirana_damages",
        Kind::GaugeOfEngine(|stats| stats.damages as u64),
        "",
        "Damages of the archive and the history on disk. Must stay 0.",
    ),
    row(
        "kirana_scrubbed_files_total",
        Kind::Counter,
        "",
        "Files of the archive and the history that were read back and are whole.",
    ),
    row("kirana_checkpoint_lsn", Kind::Gauge, "", "Position of the newest checkpoint."),
    row("kirana_checkpoint_seconds", Kind::Histogram, "", "Time of one checkpoint."),
    row(
        "kirana_checkpoint_failures_total",
        Kind::Counter,
        "",
        "Checkpoints that could not be taken.",
    ),
    row(
        "kirana_checkpoint_comparisons_total",
        Kind::Counter,
        "",
        "Checkpoints that were compared with the live state.",
    ),
    row(
        "kirana_checkpoint_mismatches_total",
        Kind::Counter,
        "",
        "Checkpoints that differed from the live state. Must stay 0.",
    ),
    row(
        "kirana_outbox",
        Kind::GaugeOfEngine(|stats| stats.outbox as u64),
        "",
        "Calls to the payment provider that wait, polls included.",
    ),
    row(
        "kirana_outbox_calls_total",
        Kind::Counter,
        "task, outcome",
        "Calls to the payment provider.",
    ),
    row(
        "kirana_webhooks_total",
        Kind::Counter,
        "outcome",
        "Webhooks that the payment provider sent.",
    ),
    row(
        "kirana_provider_unread_total",
        Kind::Counter,
        "of",
        "Messages of the payment provider, and entries of its books, that could not be read.",
    ),
    row(
        "kirana_payment_signatures_wrong_total",
        Kind::Counter,
        "of",
        "Checkouts and webhooks whose signature was wrong.",
    ),
    row(
        "kirana_payments_foreign_total",
        Kind::Counter,
        "",
        "Payments in the books of the provider that belong to no order.",
    ),
    row(
        "kirana_payments_loose_total",
        Kind::Counter,
        "",
        "Captured payments that the provider told of and that belong to no order.",
    ),
    row(
        "kirana_charges_total",
        Kind::Counter,
        "outcome",
        "Charges that the payment provider captured, and those that failed.",
    ),
    row(
        "kirana_payments_loose",
        Kind::GaugeOfEngine(|stats| stats.loose as u64),
        "",
        "Captured payments that no order has: to be assigned.",
    ),
    row(
        "kirana_disputes_open",
        Kind::GaugeOfEngine(|stats| stats.disputes_open as u64),
        "",
        "Disputes about payments that have not ended.",
    ),
    row(
        "kirana_disputes_lost_total",
        Kind::Counter,
        "",
        "Disputes about payments that were lost: the money is gone.",
    ),
    row("kirana_support_refunds_total", Kind::Counter, "", "Refunds by support."),
    row(
        "kirana_cod_collected_paise_total",
        Kind::Counter,
        "",
        "Cash that riders collected, in paise.",
    ),
    row(
        "kirana_cash_handovers_differing_total",
        Kind::Counter,
        "",
        "Hand-overs of cash that differed from what was expected.",
    ),
    row(
        "kirana_hook_attempts_total",
        Kind::Counter,
        "outcome",
        "Tries to deliver a webhook to a system of the shop.",
    ),
];
