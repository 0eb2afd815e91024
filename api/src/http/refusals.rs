//! From the engine's and the domain's refusals to problems: one `match` each.

use crate::http::json::views::{QuoteView, StockIssueView};
use crate::http::problem::{Kind, Problem, table};
use kirana_domain::{CouponIssue, Rejection, StockIssue};
use kirana_engine::{ReadError, SubmitError};
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
            SubmitError::Overloaded => &table::OVERLOADED,
            SubmitError::Stopping => &table::STOPPING,
            SubmitError::Failed => &table::ENGINE_FAILED,
        };
        Self::new(kind)
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let problem = Self::new(kind_of(rejection)).detail(rejection.to_string());
        figures(problem, rejection).rejection_code(rejection.code())
    }
}

/// Returns the kind of problem that a rejection is.
fn kind_of(rejection: &Rejection) -> &'static Kind {
    match rejection {
        Rejection::BasketEmpty => &table::BASKET_EMPTY,
        Rejection::TooManyLines { .. } => &table::TOO_MANY_LINES,
        Rejection::QuantityOutOfRange { .. } => &table::QUANTITY_OUT_OF_RANGE,
        Rejection::UnknownProduct { .. } => &table::UNKNOWN_PRODUCT,
        Rejection::OverMaxPerOrder { .. } => &table::OVER_MAX_PER_ORDER,
        Rejection::BelowMinimum { .. } => &table::BELOW_MINIMUM,
        Rejection::AboveMaximum { .. } => &table::ABOVE_MAXIMUM,
        Rejection::PriceChanged { .. } => &table::PRICE_CHANGED,
        Rejection::InsufficientStock { .. } => &table::INSUFFICIENT_STOCK,
        Rejection::AdjustBelowZero { .. } => &table::ADJUST_BELOW_ZERO,
        Rejection::StockOverflow { .. } => &table::STOCK_OVERFLOW,
        Rejection::IllegalMove { wanted: "cancel", .. } => &table::NOT_CANCELLABLE,
        Rejection::IllegalMove { .. } => &table::ILLEGAL_MOVE,
        Rejection::HoldNotOver => &table::HOLD_NOT_OVER,
        Rejection::ReasonMissing => &table::REASON_MISSING,
        Rejection::NotYours => &table::FORBIDDEN,
        Rejection::VersionMismatch { .. } | Rejection::CartChanged { .. } => {
            &table::VERSION_MISMATCH
        }
        Rejection::LineUnknown { .. } => &table::LINE_UNKNOWN,
        Rejection::AlreadyInOrder { .. } => &table::ALREADY_IN_ORDER,
        Rejection::ProposalOpen => &table::PROPOSAL_OPEN,
        Rejection::NoSubstitutes => &table::NO_SUBSTITUTES,
        Rejection::NotPaidOnline => &table::NOT_PAID_ONLINE,
        Rejection::TooManyAttempts => &table::TOO_MANY_ATTEMPTS,
        Rejection::RefundTooLarge { .. } => &table::REFUND_TOO_LARGE,
        Rejection::CashMismatch { .. } => &table::CASH_MISMATCH,
        Rejection::TooManyAddresses => &table::TOO_MANY_ADDRESSES,
        Rejection::AddressUnknown => &table::ADDRESS_UNKNOWN,
        Rejection::Coupon { .. } => &table::COUPON_REFUSED,
        Rejection::CodLimit { .. } => &table::COD_LIMIT,
        Rejection::CodTooMany { .. } => &table::COD_TOO_MANY,
        Rejection::CodRisk { .. } => &table::COD_RISK,
        Rejection::PointMissing => &table::POINT_MISSING,
        Rejection::OutOfZone => &table::OUT_OF_ZONE,
        Rejection::StoreClosed { .. } => &table::STORE_CLOSED,
        Rejection::ServiceSuspended => &table::SERVICE_SUSPENDED,
    }
}

/// Adds the figures of a rejection as members; texts have none.
fn figures(problem: Problem, rejection: &Rejection) -> Problem {
    match rejection {
        Rejection::QuantityOutOfRange { product_id, .. }
        | Rejection::UnknownProduct { product_id }
        | Rejection::StockOverflow { product_id }
        | Rejection::LineUnknown { product_id }
        | Rejection::AlreadyInOrder { product_id } => {
            problem.member("product_id", product_id.to_string())
        }
        Rejection::OverMaxPerOrder { product_id, max } => {
            problem.member("product_id", product_id.to_string()).member("max_per_order", *max)
        }
        Rejection::BelowMinimum { subtotal, minimum } => {
            problem.member("subtotal_paise", subtotal.0).member("minimum_paise", minimum.0)
        }
        Rejection::AboveMaximum { total, maximum } | Rejection::CodLimit { total, maximum } => {
            problem.member("total_paise", total.0).member("maximum_paise", maximum.0)
        }
        Rejection::PriceChanged { quote } => {
            problem.member("quote", serde_json::to_value(QuoteView(quote)).unwrap_or_default())
        }
        Rejection::InsufficientStock { issues } | Rejection::AdjustBelowZero { issues } => {
            problem.member("stock_issues", issues_json(issues))
        }
        Rejection::IllegalMove { from, wanted } => {
            let problem = problem.member("order_status", from.name());
            let problem = problem.member("possible_moves", json!([]));
            // The title of this one has it already.
            if *wanted == "cancel" { problem } else { problem.member("wanted", *wanted) }
        }
        Rejection::VersionMismatch { version } => problem.member("version", *version),
        Rejection::CartChanged { version } => problem.member("version", version.0),
        Rejection::RefundTooLarge { wanted, left } => {
            problem.member("wanted_paise", wanted.0).member("left_paise", left.0)
        }
        Rejection::CashMismatch { due, given } => {
            problem.member("due_paise", due.0).member("given_paise", given.0)
        }
        Rejection::Coupon { issue } => coupon_figures(problem, issue),
        Rejection::CodTooMany { orders } => problem.member("orders_within_hour", *orders),
        Rejection::StoreClosed { opens, closes } => {
            problem.member("opens", opens.to_string()).member("closes", closes.to_string())
        }
        Rejection::BasketEmpty
        | Rejection::TooManyLines { .. }
        | Rejection::HoldNotOver
        | Rejection::ReasonMissing
        | Rejection::NotYours
        | Rejection::ProposalOpen
        | Rejection::NoSubstitutes
        | Rejection::NotPaidOnline
        | Rejection::TooManyAttempts
        | Rejection::TooManyAddresses
        | Rejection::AddressUnknown
        | Rejection::CodRisk { .. }
        | Rejection::PointMissing
        | Rejection::OutOfZone
        | Rejection::ServiceSuspended => problem,
    }
}

fn coupon_figures(problem: Problem, issue: &CouponIssue) -> Problem {
    let problem = problem.member("reason", issue.name());
    match issue.amounts() {
        Some((subtotal, minimum)) => {
            problem.member("subtotal_paise", subtotal.0).member("minimum_paise", minimum.0)
        }
        None => problem,
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        tracing::error!(%error, "a read from the log failed");
        Self::new(&table::INTERNAL)
    }
}

fn issues_json(issues: &[StockIssue]) -> Value {
    issues.iter().map(|issue| json!(StockIssueView::from(issue))).collect()
}
