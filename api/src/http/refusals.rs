//! From the engine's and the domain's refusals to problems, with their figures as members.

use crate::http::json::views::{QuoteView, StockIssueView};
use crate::http::problem::{Problem, sentences, table};
use axum::http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use kirana_domain::Rejection;
use kirana_domain::rejection::Figure;
use kirana_engine::{OtherOutcome, ReadError, SubmitError};
use serde_json::{Value, json};

impl From<SubmitError> for Problem {
    fn from(refusal: SubmitError) -> Self {
        let kind = match refusal {
            SubmitError::Rejected { rejection, replayed } => {
                let problem = Self::from(&*rejection);
                return if replayed { problem.replayed() } else { problem };
            }
            SubmitError::ProductUnknown { product_id } => {
                return Self::new(&table::UNKNOWN_PRODUCT)
                    .member("product_id", product_id.to_string());
            }
            SubmitError::StoreUnknown => &table::STORE_UNKNOWN,
            SubmitError::OrderUnknown => &table::ORDER_UNKNOWN,
            SubmitError::ZoneUnknown => &table::ZONE_UNKNOWN,
            SubmitError::EndpointUnknown => &table::ENDPOINT_UNKNOWN,
            SubmitError::TooMany => &table::TOO_MANY,
            SubmitError::Changed => &table::STORE_CHANGED,
            SubmitError::KeyReused => &table::KEY_REUSED,
            SubmitError::InProgress => &table::KEY_IN_PROGRESS,
            SubmitError::DeadlinePassed => &table::DEADLINE_PASSED,
            SubmitError::CallerBusy => {
                return Self::new(&table::CALLER_BUSY)
                    .member("violated-policies", json!(["in-flight"]));
            }
            SubmitError::KeysUsedUp => {
                return Self::new(&table::KEYS_USED_UP)
                    .member("violated-policies", json!(["idempotency-keys"]));
            }
            SubmitError::Overloaded => &table::OVERLOADED,
            SubmitError::Damaged => &table::DAMAGED,
            SubmitError::Stopping => &table::STOPPING,
            SubmitError::Failed => &table::ENGINE_FAILED,
        };
        Self::new(kind)
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let kind = match rejection {
            Rejection::IllegalMove { wanted: "cancel", .. } => &table::NOT_CANCELLABLE,
            other => other.kind().into(),
        };
        let problem = figures(Self::new(kind), rejection);
        match rejection {
            Rejection::Coupon { issue } => problem.say(sentences::of_coupon(issue)),
            Rejection::HoldsPaused { wait_s } => problem
                .member("violated-policies", json!(["unpaid-orders"]))
                .header(RETRY_AFTER, HeaderValue::from(*wait_s)),
            _ => problem,
        }
    }
}

/// Adds the figures of a rejection as members; texts have none.
fn figures(mut problem: Problem, rejection: &Rejection) -> Problem {
    if matches!(rejection, Rejection::IllegalMove { .. }) {
        problem = problem.member("possible_moves", json!([]));
    }
    let is_cancel = matches!(rejection, Rejection::IllegalMove { wanted: "cancel", .. });
    let mut members = Vec::new();
    for_members(rejection, |name, value| match name {
        // The request has the first two, a risk is no business of the caller's, and the title of
        // this move has its name already.
        "lines" | "quantity" | "score" => (),
        "wanted" if is_cancel => (),
        "from" => members.push(("order_status".into(), value)),
        "orders" => members.push(("orders_within_hour".into(), value)),
        "issue" => members.push(("reason".into(), value)),
        name => members.push((name.to_owned(), value)),
    });
    members.into_iter().fold(problem, |problem, (name, value)| problem.member(&name, value))
}

/// Calls `add` with the name and the JSON of each figure of a rejection. The names of amounts end
/// in their unit.
pub(crate) fn for_members(rejection: &Rejection, mut add: impl FnMut(&str, Value)) {
    rejection.for_figures(|name, figure| match figure {
        Figure::Count(count) if name == "max" => add("max_per_order", count.into()),
        Figure::Count(count) => add(name, count.into()),
        Figure::Amount(amount) => add(&format!("{name}_paise"), amount.0.into()),
        Figure::Product(id) => add(name, id.to_string().into()),
        Figure::Text(text) => add(name, text.into()),
        Figure::Coupon(issue) => {
            add(name, issue.name().into());
            if let Some((subtotal, minimum)) = issue.amounts() {
                add("subtotal_paise", subtotal.0.into());
                add("minimum_paise", minimum.0.into());
            }
        }
        Figure::Quote(quote) => {
            add(name, serde_json::to_value(QuoteView(quote)).unwrap_or_default());
        }
        Figure::Short(issues) => {
            let issue = |issue| json!(StockIssueView::from(issue));
            add("stock_issues", issues.iter().map(issue).collect());
        }
    });
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        tracing::error!(%error, "a read from the log failed");
        Self::new(match error {
            ReadError::Damaged(_) => &table::DAMAGED,
            ReadError::Failed(_) => &table::INTERNAL,
        })
    }
}

impl From<OtherOutcome> for Problem {
    fn from(OtherOutcome(outcome): OtherOutcome) -> Self {
        tracing::error!(?outcome, "a command had an outcome that it cannot have");
        Self::new(&table::INTERNAL).header(CONNECTION, HeaderValue::from_static("close"))
    }
}
