//! A refusal that stands in the log, with its figures.

use crate::http::json::views::{QuoteView, StockIssueView};
use kirana_domain::{Rejection as R, StockIssue};
use serde_json::{Value, json};

/// Its code, its sentence and its figures.
pub(super) fn refusal_fields(rejection: &R) -> Value {
    let mut shown = figures(rejection);
    if !shown.is_object() {
        shown = json!({});
    }
    shown["code"] = json!(rejection.code());
    shown["detail"] = json!(rejection.to_string());
    shown
}

fn figures(rejection: &R) -> Value {
    match rejection {
        R::TooManyLines { lines } => json!({ "lines": lines }),
        R::QuantityOutOfRange { product_id, quantity } => {
            json!({ "product_id": product_id.0, "quantity": quantity })
        }
        R::UnknownProduct { product_id }
        | R::StockOverflow { product_id }
        | R::LineUnknown { product_id }
        | R::AlreadyInOrder { product_id } => json!({ "product_id": product_id.0 }),
        R::OverMaxPerOrder { product_id, max } => {
            json!({ "product_id": product_id.0, "max_per_order": max })
        }
        R::BelowMinimum { subtotal, minimum } => {
            json!({ "subtotal_paise": subtotal.0, "minimum_paise": minimum.0 })
        }
        R::AboveMaximum { total, maximum } | R::CodLimit { total, maximum } => {
            json!({ "total_paise": total.0, "maximum_paise": maximum.0 })
        }
        R::PriceChanged { quote } => json!({ "quote": super::view(QuoteView(quote)) }),
        R::InsufficientStock { issues } | R::AdjustBelowZero { issues } => {
            let issue = |issue: &StockIssue| super::view(StockIssueView::from(issue));
            json!({ "stock_issues": issues.iter().map(issue).collect::<Vec<_>>() })
        }
        R::IllegalMove { from, wanted } => json!({ "from": from.name(), "wanted": wanted }),
        R::VersionMismatch { version } => json!({ "version": version }),
        R::RefundTooLarge { wanted, left } => {
            json!({ "wanted_paise": wanted.0, "left_paise": left.0 })
        }
        R::CashMismatch { due, given } => json!({ "due_paise": due.0, "given_paise": given.0 }),
        R::CartChanged { version } => json!({ "version": version.0 }),
        R::Coupon { issue } => {
            let amounts = issue.amounts();
            json!({
                "issue": issue.name(), "subtotal_paise": amounts.map(|(subtotal, _)| subtotal.0),
                "minimum_paise": amounts.map(|(_, minimum)| minimum.0),
            })
        }
        R::CodTooMany { orders } => json!({ "orders": orders }),
        R::CodRisk { score } => json!({ "score": score }),
        R::StoreClosed { opens, closes } => {
            json!({ "opens": opens.to_string(), "closes": closes.to_string() })
        }
        R::BasketEmpty
        | R::HoldNotOver
        | R::ReasonMissing
        | R::NotYours
        | R::TooManyAddresses
        | R::AddressUnknown
        | R::ProposalOpen
        | R::NoSubstitutes
        | R::NotPaidOnline
        | R::TooManyAttempts
        | R::PointMissing
        | R::OutOfZone
        | R::ServiceSuspended => Value::Null,
    }
}
