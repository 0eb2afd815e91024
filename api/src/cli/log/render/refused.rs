//! A refusal that stands in the log, with its figures.

use crate::http::refusals::for_members;
use kirana_domain::Rejection;
use serde_json::{Map, Value};

/// Returns its code, its sentence and its figures.
pub(super) fn refusal_fields(rejection: &Rejection) -> Value {
    let mut shown = Map::new();
    if let Rejection::Coupon { .. } = rejection {
        // A coupon's amounts are there for every issue; most issues have none.
        shown
            .extend(["subtotal_paise", "minimum_paise"].map(|name| (name.to_owned(), Value::Null)));
    }
    for_members(rejection, |name, value| _ = shown.insert(name.to_owned(), value));
    shown.insert("code".to_owned(), rejection.code().into());
    shown.insert("detail".to_owned(), rejection.to_string().into());
    shown.into()
}
