//! From the engine's and the domain's refusals to problems: one `match` each.

use super::{Problem, table};
use crate::http::json::views::{QuoteView, StockIssueView};
use kirana_domain::{Rejection, StockIssue};
use kirana_engine::{ReadError, Refusal};
use serde_json::{Value, json};

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Rejected { rejection, replayed } => {
                let problem = Self::from(&*rejection);
                return if replayed { problem.replayed() } else { problem };
            }
            Refusal::ProductUnknown { product_id } => {
                return Self::new(&table::UNKNOWN_PRODUCT)
                    .member("product_id", product_id.to_string());
            }
            Refusal::StoreUnknown => &table::STORE_UNKNOWN,
            Refusal::OrderUnknown => &table::ORDER_UNKNOWN,
            Refusal::ZoneUnknown => &table::ZONE_UNKNOWN,
            Refusal::EndpointUnknown => &table::ENDPOINT_UNKNOWN,
            Refusal::TooMany => &table::TOO_MANY,
            Refusal::Changed => &table::STORE_CHANGED,
            Refusal::KeyReused => &table::KEY_REUSED,
            Refusal::InProgress => &table::KEY_IN_PROGRESS,
            Refusal::DeadlinePassed => &table::DEADLINE_PASSED,
            Refusal::CallerBusy => {
                return Self::new(&table::CALLER_BUSY)
                    .member("violated-policies", json!(["in-flight"]));
            }
            Refusal::Overloaded => &table::OVERLOADED,
            Refusal::Stopping => &table::STOPPING,
            Refusal::Failed => &table::ENGINE_FAILED,
        };
        Self::new(kind)
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let problem = match rejection {
            Rejection::BasketEmpty => Self::new(&table::BASKET_EMPTY),
            Rejection::TooManyLines { .. } => Self::new(&table::TOO_MANY_LINES),
            Rejection::QuantityOutOfRange { product_id, .. } => {
                Self::new(&table::QUANTITY_OUT_OF_RANGE)
                    .member("product_id", product_id.to_string())
            }
            Rejection::UnknownProduct { product_id } => {
                Self::new(&table::UNKNOWN_PRODUCT).member("product_id", product_id.to_string())
            }
            Rejection::OverMaxPerOrder { product_id, max } => Self::new(&table::OVER_MAX_PER_ORDER)
                .member("product_id", product_id.to_string())
                .member("max_per_order", *max),
            Rejection::BelowMinimum { subtotal, minimum } => Self::new(&table::BELOW_MINIMUM)
                .member("subtotal_paise", subtotal.0)
                .member("minimum_paise", minimum.0),
            Rejection::AboveMaximum { total, maximum } => Self::new(&table::ABOVE_MAXIMUM)
                .member("total_paise", total.0)
                .member("maximum_paise", maximum.0),
            Rejection::PriceChanged { quote } => Self::new(&table::PRICE_CHANGED)
                .member("quote", serde_json::to_value(QuoteView(quote)).unwrap_or_default()),
            Rejection::InsufficientStock { issues } => {
                Self::new(&table::INSUFFICIENT_STOCK).member("stock_issues", issues_json(issues))
            }
            Rejection::AdjustBelowZero { issues } => {
                Self::new(&table::ADJUST_BELOW_ZERO).member("stock_issues", issues_json(issues))
            }
            Rejection::StockOverflow { product_id } => {
                Self::new(&table::STOCK_OVERFLOW).member("product_id", product_id.to_string())
            }
            Rejection::IllegalMove { from, wanted: "cancel" } => Self::new(&table::NOT_CANCELLABLE)
                .member("order_status", from.name())
                .member("possible_moves", json!([])),
            Rejection::IllegalMove { from, wanted } => Self::new(&table::ILLEGAL_MOVE)
                .member("order_status", from.name())
                .member("wanted", *wanted)
                .member("possible_moves", json!([])),
            Rejection::HoldNotOver => Self::new(&table::HOLD_NOT_OVER),
            Rejection::ReasonMissing => Self::new(&table::REASON_MISSING),
            Rejection::CodLimit { total, maximum } => Self::new(&table::COD_LIMIT)
                .member("total_paise", total.0)
                .member("maximum_paise", maximum.0),
            other => later(other),
        };
        problem.detail(rejection.to_string()).rejection_code(rejection.code())
    }
}

/// Refusals of the life of an order behind its placing.
fn later(rejection: &Rejection) -> Problem {
    let plain = |kind| Problem::new(kind);
    match rejection {
        Rejection::NotYours => plain(&table::FORBIDDEN),
        Rejection::VersionMismatch { version } => {
            plain(&table::VERSION_MISMATCH).member("version", *version)
        }
        Rejection::LineUnknown { product_id } => {
            plain(&table::LINE_UNKNOWN).member("product_id", product_id.to_string())
        }
        Rejection::AlreadyInOrder { product_id } => {
            plain(&table::ALREADY_IN_ORDER).member("product_id", product_id.to_string())
        }
        Rejection::ProposalOpen => plain(&table::PROPOSAL_OPEN),
        Rejection::NoSubstitutes => plain(&table::NO_SUBSTITUTES),
        Rejection::NotPaidOnline => plain(&table::NOT_PAID_ONLINE),
        Rejection::TooManyAttempts => plain(&table::TOO_MANY_ATTEMPTS),
        Rejection::RefundTooLarge { wanted, left } => plain(&table::REFUND_TOO_LARGE)
            .member("wanted_paise", wanted.0)
            .member("left_paise", left.0),
        Rejection::CashMismatch { due, given } => {
            plain(&table::CASH_MISMATCH).member("due_paise", due.0).member("given_paise", given.0)
        }
        Rejection::CartChanged { version } => {
            plain(&table::VERSION_MISMATCH).member("version", version.0)
        }
        Rejection::TooManyAddresses => plain(&table::TOO_MANY_ADDRESSES),
        Rejection::AddressUnknown => plain(&table::ADDRESS_UNKNOWN),
        Rejection::Coupon { issue } => {
            let problem = plain(&table::COUPON_REFUSED).member("reason", issue.name());
            match issue.amounts() {
                Some((subtotal, minimum)) => {
                    problem.member("subtotal_paise", subtotal.0).member("minimum_paise", minimum.0)
                }
                None => problem,
            }
        }
        Rejection::CodTooMany { orders } => {
            plain(&table::COD_TOO_MANY).member("orders_within_hour", *orders)
        }
        Rejection::CodRisk { .. } => plain(&table::COD_RISK),
        Rejection::PointMissing => plain(&table::POINT_MISSING),
        Rejection::OutOfZone => plain(&table::OUT_OF_ZONE),
        Rejection::StoreClosed { opens, closes } => plain(&table::STORE_CLOSED)
            .member("opens", opens.to_string())
            .member("closes", closes.to_string()),
        Rejection::ServiceSuspended => plain(&table::SERVICE_SUSPENDED),
        _ => unreachable!("the other refusals are told above"),
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
