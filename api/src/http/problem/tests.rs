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
fn every_rejection_has_its_status_and_code() {
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
    }
}

/// What the app makes of a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Sorted {
    /// It shows the sentence that it keeps for this phrase.
    Business(&'static str),
    /// It takes a number for a status, or finds nothing that it knows: no connection.
    Lost,
}

/// The phrases that the app looks for.
const PHRASES: [&str; 5] =
    ["insufficient stock", "minimum order", "cod order", "payment method", "maximum order"];

/// Sorts a refusal as the app does: by substrings of its texts.
fn sort(texts: &str) -> Sorted {
    let texts = texts.to_lowercase();
    let phrase = PHRASES.iter().find(|phrase| texts.contains(**phrase));
    match phrase {
        Some(phrase) if is_clean(&texts) => Sorted::Business(phrase),
        _ => Sorted::Lost,
    }
}

fn body_of(problem: &Problem, path: &str, language: Language) -> Value {
    let response = problem.respond(&RequestId::of(&<_>::default()), path, language);
    assert_eq!(response.headers()[CONTENT_LANGUAGE], language.tag());
    let body = axum::body::to_bytes(response.into_body(), usize::MAX);
    let body = futures_util::FutureExt::now_or_never(body).expect("the body is there");
    serde_json::from_slice(&body.unwrap()).unwrap()
}

fn texts_of(problem: &Problem, language: Language) -> String {
    let body = body_of(problem, "/v1/orders", language);
    assert!(is_clean(body["request_id"].as_str().unwrap()), "{body}");
    format!("{} {}", body["title"].as_str().unwrap(), body["detail"].as_str().unwrap())
}

/// The codes after which the same request is to be sent again, as after a lost connection.
const UNKNOWN_OUTCOME: [&str; 6] = [
    "IDEMPOTENCY_IN_PROGRESS",
    "INTERNAL",
    "ENGINE_FAILED",
    "ORDER_CREATION_TIMEOUT",
    "DEADLINE_PASSED",
    "DAMAGED",
];

#[test]
fn the_app_takes_no_refusal_for_a_lost_connection() {
    for kind in table::ALL {
        for language in [Language::English, Language::Hindi] {
            let texts = texts_of(&Problem::new(kind), language);
            let phrase = kind.sentence.phrase;
            assert!(is_clean(&texts), "{}: {texts}", kind.code);
            if UNKNOWN_OUTCOME.contains(&kind.code) {
                // To send it again under the same key is right, and that is what the app does.
                assert!(kind.retryable && phrase.is_empty(), "{}", kind.code);
                assert_eq!(sort(&texts), Sorted::Lost, "{}: {texts}", kind.code);
            } else {
                assert_ne!(sort(&texts), Sorted::Lost, "{}: {texts}", kind.code);
                let sentence = kind.sentence.in_language(language);
                assert!(PHRASES.contains(&phrase) && sentence.contains(phrase), "{sentence}");
            }
        }
    }
}

#[test]
fn each_reason_against_a_coupon_has_a_sentence_that_the_app_understands() {
    for (issue, ..) in kirana_domain::CouponIssue::NAMES {
        for language in [Language::English, Language::Hindi] {
            let texts =
                texts_of(&Problem::from(&kirana_domain::Rejection::Coupon { issue }), language);
            assert_ne!(sort(&texts), Sorted::Lost, "{texts}");
        }
    }
}

#[test]
fn a_sentence_in_hindi_is_in_hindi() {
    let is_devanagari = |letter: char| ('\u{900}'..='\u{97f}').contains(&letter);
    for kind in table::ALL {
        assert!(
            kind.sentence.in_language(Language::Hindi).contains(is_devanagari),
            "{}",
            kind.code
        );
        assert!(kind.sentence.in_language(Language::English).is_ascii(), "{}", kind.code);
    }
}

#[test]
fn a_path_with_a_status_in_an_id_is_not_repeated() {
    let instance = |path: &str| {
        let problem = Problem::new(&table::ORDER_UNKNOWN);
        body_of(&problem, path, Language::English)["instance"].clone()
    };
    assert_eq!(instance("/v1/orders"), "/v1/orders");
    assert!(instance("/v1/orders/0198d503-7e57-7000-8000-000000000001").is_null());
}

#[test]
fn a_refusal_that_is_kept_says_that_no_retry_helps() {
    for kind in table::ALL {
        assert!(!(kind.kept && kind.retryable), "{}", kind.code);
    }
    for rejection in kirana_domain::RejectionKind::ALL {
        let kind: &Kind = (*rejection).into();
        let (kept, retryable) = (!rejection.may_pass(), rejection.may_pass());
        assert_eq!((kind.kept, kind.retryable), (kept, retryable), "{}", kind.code);
    }
    let replayed = Problem::new(&table::STORE_CLOSED).replayed();
    assert!(!replayed.0.retryable, "a first release kept refusals that pass");
}

#[test]
fn those_who_are_turned_away_for_load_are_told_when_to_come_back() {
    for kind in table::ALL.iter().filter(|kind| matches!(kind.status, 429 | 503)) {
        let problem = Problem::new(kind);
        assert!(problem.0.headers.iter().any(|(name, _)| name == RETRY_AFTER), "{}", kind.code);
    }
}
