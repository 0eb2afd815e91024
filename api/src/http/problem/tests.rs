//! Promises that hold for every problem there is.

use super::*;
use std::collections::BTreeSet;

/// Substrings that the app takes for a status.
const FORBIDDEN: [&str; 6] = ["401", "403", "500", "502", "503", "504"];

fn is_clean(text: &str) -> bool {
    FORBIDDEN.iter().all(|figure| !text.contains(figure))
}

#[test]
fn no_text_of_any_problem_contains_a_status_number() {
    for kind in table::ALL {
        for text in [kind.title, kind.explanation, kind.slug, kind.code] {
            assert!(is_clean(text), "{}: {text}", kind.code);
        }
    }
}

#[test]
fn every_slug_and_code_stands_for_one_problem() {
    let slugs: BTreeSet<_> = table::ALL.iter().map(|kind| kind.slug).collect();
    let codes: BTreeSet<_> = table::ALL.iter().map(|kind| kind.code).collect();
    assert_eq!((slugs.len(), codes.len()), (table::ALL.len(), table::ALL.len()));
}

#[test]
fn every_kind_of_rejection_has_a_clean_sentence_and_a_code_of_its_own() {
    use kirana_domain::RejectionKind;
    for kind in RejectionKind::ALL {
        assert!(is_clean(kind.sentence()), "{}", kind.sentence());
        assert_eq!(RejectionKind::from_code(*kind as u16), Some(*kind));
    }
}

#[test]
fn every_rejection_has_its_code_and_a_clean_sentence() {
    use kirana_domain::{Paise, ProductId, Rejection as R, Status};
    let product_id = ProductId(uuid::Uuid::from_u128(0x401_403_500));
    let (a, b) = (Paise(50_300), Paise(50_400));
    let all = [
        (R::BasketEmpty, 422, "BASKET_EMPTY"),
        (R::TooManyLines { lines: 503 }, 422, "TOO_MANY_LINES"),
        (R::QuantityOutOfRange { product_id, quantity: 500 }, 422, "QUANTITY_OUT_OF_RANGE"),
        (R::UnknownProduct { product_id }, 422, "UNKNOWN_PRODUCT"),
        (R::OverMaxPerOrder { product_id, max: 5 }, 422, "OVER_MAX_PER_ORDER"),
        (R::BelowMinimum { subtotal: a, minimum: b }, 422, "ORDER_AMOUNT_BELOW_MINIMUM"),
        (R::AboveMaximum { total: b, maximum: a }, 422, "ORDER_AMOUNT_ABOVE_MAXIMUM"),
        (R::InsufficientStock { issues: Vec::new() }, 409, "INSUFFICIENT_STOCK"),
        (R::AdjustBelowZero { issues: Vec::new() }, 409, "ADJUSTMENT_BELOW_ZERO"),
        (R::StockOverflow { product_id }, 422, "STOCK_OVERFLOW"),
        (R::IllegalMove { from: Status::Expired, wanted: "cancel" }, 409, "ORDER_NOT_CANCELLABLE"),
        (R::HoldNotOver, 409, "HOLD_NOT_OVER"),
        (R::ReasonMissing, 422, "REASON_MISSING"),
        (R::CodLimit { total: b, maximum: a }, 422, "COD_LIMIT_EXCEEDED"),
    ];
    for (rejection, status, code) in all {
        let problem = Problem::from(&rejection);
        assert_eq!((problem.kind().status, problem.kind().code), (status, code));
        assert_eq!(problem.0.rejection_code, Some(rejection.code()));
        assert!(is_clean(&problem.0.detail), "{}", problem.0.detail);
    }
}

#[test]
fn the_words_that_the_app_looks_for_are_there() {
    use kirana_domain::{Paise, Rejection as R};
    let (total, maximum) = (Paise(2), Paise(1));
    for (rejection, words) in [
        (R::InsufficientStock { issues: Vec::new() }, "insufficient stock"),
        (R::BelowMinimum { subtotal: maximum, minimum: total }, "minimum order"),
        (R::AboveMaximum { total, maximum }, "maximum order"),
        (R::CodLimit { total, maximum }, "cod order"),
        (R::CodLimit { total, maximum }, "payment method"),
    ] {
        let problem = Problem::from(&rejection);
        assert!(problem.0.detail.to_lowercase().contains(words), "{}", problem.0.detail);
    }
}

#[test]
fn those_who_are_turned_away_for_load_are_told_when_to_come_back() {
    for kind in table::ALL.iter().filter(|kind| matches!(kind.status, 429 | 503)) {
        let problem = Problem::new(kind);
        assert!(problem.0.headers.iter().any(|(name, _)| name == RETRY_AFTER), "{}", kind.code);
    }
}
