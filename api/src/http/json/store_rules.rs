//! The rules of a store: how cash on delivery is bounded, and how soon delivery is promised. What
//! a request leaves out keeps its default.

use super::text::out_of_range;
use crate::http::problem::FieldError;
use kirana_domain::Paise;
use kirana_domain::catalogue::CodRules;
use kirana_domain::limits::PRICE_PAISE_MAX;
use serde::{Deserialize, Serialize};

/// Longest promise, in minutes: a day.
const PROMISE_MINUTES_MAX: u16 = 24 * 60;

/// Cash on delivery as requests have it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodRequest {
    first_maximum_paise: Option<i64>,
    new_maximum_paise: Option<i64>,
    regular_maximum_paise: Option<i64>,
    regular_after: Option<i64>,
    trusted_after: Option<i64>,
    orders_per_hour: Option<i64>,
    risk_max: Option<i64>,
}

/// The rules that are meant, with those of `known` where nothing was said; what is wrong goes to
/// `errors`.
pub(crate) fn cod_of(cod: &CodRequest, known: CodRules, errors: &mut Vec<FieldError>) -> CodRules {
    let mut number = |name: &str, value: Option<i64>, known: i64, max: i64| match value {
        Some(value) if (0..=max).contains(&value) => value,
        Some(_) => {
            errors.push(out_of_range(&format!("/cod/{name}")));
            known
        }
        None => known,
    };
    let mut amount =
        |name, value, known: Paise| Paise(number(name, value, known.0, PRICE_PAISE_MAX));
    let first_maximum = amount("first_maximum_paise", cod.first_maximum_paise, known.first_maximum);
    let new_maximum = amount("new_maximum_paise", cod.new_maximum_paise, known.new_maximum);
    let regular_maximum =
        amount("regular_maximum_paise", cod.regular_maximum_paise, known.regular_maximum);
    let mut count = |name, value, known: u32| {
        u32::try_from(number(name, value, known.into(), u32::MAX.into())).unwrap_or(known)
    };
    CodRules {
        first_maximum,
        new_maximum,
        regular_maximum,
        regular_after: count("regular_after", cod.regular_after, known.regular_after),
        trusted_after: count("trusted_after", cod.trusted_after, known.trusted_after),
        orders_per_hour: count("orders_per_hour", cod.orders_per_hour, known.orders_per_hour),
        risk_max: u8::try_from(number("risk_max", cod.risk_max, known.risk_max.into(), 100))
            .unwrap_or(known.risk_max),
    }
}

/// Cash on delivery as answers show it.
#[derive(Serialize)]
pub(crate) struct CodView {
    first_maximum_paise: i64,
    new_maximum_paise: i64,
    regular_maximum_paise: i64,
    regular_after: u32,
    trusted_after: u32,
    orders_per_hour: u32,
    risk_max: u8,
}

impl From<&CodRules> for CodView {
    fn from(cod: &CodRules) -> Self {
        // No order is dearer than the dearest price, so that is as good as no bound; and it is a
        // number that every client can hold.
        let paise = |amount: Paise| amount.0.min(PRICE_PAISE_MAX);
        Self {
            first_maximum_paise: paise(cod.first_maximum),
            new_maximum_paise: paise(cod.new_maximum),
            regular_maximum_paise: paise(cod.regular_maximum),
            regular_after: cod.regular_after,
            trusted_after: cod.trusted_after,
            orders_per_hour: cod.orders_per_hour,
            risk_max: cod.risk_max,
        }
    }
}

/// Minutes from and to which delivery is promised.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Promise {
    normal: Option<(u16, u16)>,
    bad: Option<(u16, u16)>,
}

/// The promises that are meant, as [`cod_of`].
pub(crate) fn promise_of(
    promise: &Promise,
    [normal, bad]: [(u16, u16); 2],
    errors: &mut Vec<FieldError>,
) -> [(u16, u16); 2] {
    let mut pair = |name: &str, given: Option<(u16, u16)>, known| match given {
        Some((from, to)) if from <= to && (1..=PROMISE_MINUTES_MAX).contains(&to) => (from, to),
        Some(_) => {
            let detail = "must be two numbers of minutes, the smaller one first, within a day";
            let pointer = format!("/promise_minutes/{name}");
            errors.push(FieldError::new(pointer, "PROMISE_INVALID", detail));
            known
        }
        None => known,
    };
    [pair("normal", promise.normal, normal), pair("bad", promise.bad, bad)]
}

/// Promises as answers show them.
pub(crate) fn promise_view([normal, bad]: [(u16, u16); 2]) -> Promise {
    Promise { normal: Some(normal), bad: Some(bad) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_without_a_bound_are_shown_as_numbers_that_parse_back() {
        let shown = serde_json::to_string(&CodView::from(&CodRules::OPEN)).unwrap();
        let request: CodRequest = serde_json::from_str(&shown).unwrap();
        let mut errors = Vec::new();
        let parsed = cod_of(&request, CodRules::default(), &mut errors);
        assert!(errors.is_empty());
        assert_eq!(parsed.first_maximum, Paise(PRICE_PAISE_MAX));
        assert_eq!((parsed.orders_per_hour, parsed.risk_max), (0, 100));
        let again = serde_json::to_string(&CodView::from(&parsed)).unwrap();
        assert_eq!(again, shown, "a patch of something else changes nothing here");
    }
}
