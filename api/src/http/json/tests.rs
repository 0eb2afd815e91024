//! Faults of fields, and the sentences about them.

use super::*;
use crate::http::language::Language;
use crate::http::request_id::RequestId;
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only parsed")]
struct Basket<'a> {
    store_id: Uuid,
    #[serde(borrow)]
    items: Vec<Item<'a>>,
    total_paise: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only parsed")]
struct Item<'a> {
    name: Option<Cow<'a, str>>,
    quantity: i64,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
}

const ID: &str = "00000000-0000-7000-8000-000000000001";

/// The pointers and codes of all errors, in the order of the answer; or the code of the refusal.
fn refusals(body: &str) -> Vec<String> {
    let problem = parse::<Basket>(body.as_bytes()).unwrap_err();
    let response = problem.respond(&RequestId::of(&<_>::default()), "/", Language::English);
    let body = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async { axum::body::to_bytes(response.into_body(), 100_000).await.unwrap() });
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let Some(errors) = json["errors"].as_array() else { return vec![text(&json["code"])] };
    errors.iter().map(|error| text(&error["pointer"]) + " " + &text(&error["code"])).collect()
}

fn refusal(body: &str) -> String {
    refusals(body).swap_remove(0)
}

fn basket(items: &str) -> String {
    format!(r#"{{"store_id":"{ID}","items":{items},"total_paise":1}}"#)
}

#[test]
fn a_good_body_is_parsed() {
    assert!(parse::<Basket>(basket(r#"[{"quantity":2}]"#).as_bytes()).is_ok());
}

#[test]
fn what_is_not_json_is_malformed() {
    for body in ["", "{", "nope", "{\"a\":}", "\u{7f}", &format!("{} x", basket("[]"))] {
        assert_eq!(refusal(body), "MALFORMED_JSON", "{body}");
    }
}

#[test]
fn a_wrong_type_is_named_by_its_pointer() {
    for quantity in ["1.5", "\"2\"", "true", "null", "{}", "1e30", "99999999999999999999"] {
        let body = basket(&format!(r#"[{{"quantity":1}},{{"quantity":{quantity}}}]"#));
        assert_eq!(refusal(&body), "#/items/1/quantity WRONG_TYPE", "{quantity}");
    }
    assert_eq!(refusal(&basket("7")), "#/items WRONG_TYPE");
    assert_eq!(refusal("[]"), "# WRONG_TYPE");
    let id = basket("[]").replace(ID, "not-a-uuid");
    assert_eq!(refusal(&id), "#/store_id WRONG_TYPE");
}

#[test]
fn unknown_missing_and_doubled_fields_are_named() {
    assert_eq!(refusal(&basket(r#"[{"quantity":1,"qty":1}]"#)), "#/items/0/qty UNKNOWN_FIELD");
    assert_eq!(
        refusal(&basket(r#"[{"quantity":1,"a/b c":1}]"#)),
        "#/items/0/a~1b%20c UNKNOWN_FIELD"
    );
    assert_eq!(refusal(&basket("[{}]")), "#/items/0/quantity MISSING");
    let twice = basket("[]").replace("\"total_paise\":1", "\"total_paise\":1,\"total_paise\":2");
    assert_eq!(refusal(&twice), "#/total_paise DUPLICATE_FIELD");
}

#[test]
fn every_wrong_field_is_named_and_each_once() {
    for (body, wanted) in [
        (
            r#"{"store_id":7,"items":[{"quantity":"two"},{"name":4,"quantity":1},{"qty":1}],"x":0}"#,
            &[
                "#/store_id WRONG_TYPE",
                "#/items/0/quantity WRONG_TYPE",
                "#/items/1/name WRONG_TYPE",
                "#/items/2/qty UNKNOWN_FIELD",
                "#/items/2/quantity MISSING",
                "#/total_paise MISSING",
                "#/x UNKNOWN_FIELD",
            ][..],
        ),
        (
            r#"{"items":{},"total_paise":null}"#,
            &["#/items WRONG_TYPE", "#/store_id MISSING", "#/total_paise WRONG_TYPE"],
        ),
        (
            r#"{"store_id":7,"items":[{"price":2.5,"quantity":0,"name":1}],"total_paise":"x"}"#,
            &["#/store_id WRONG_TYPE", "#/items/0/name WRONG_TYPE", "#/total_paise WRONG_TYPE"],
        ),
        ("{}", &["#/items MISSING", "#/store_id MISSING", "#/total_paise MISSING"]),
    ] {
        let mut found = refusals(body);
        found.sort();
        let mut wanted: Vec<_> = wanted.iter().map(|it| (*it).to_owned()).collect();
        wanted.sort();
        assert_eq!(found, wanted, "{body}");
    }
    let many: Vec<_> = (0..40).map(|_| r#"{"quantity":"x"}"#).collect();
    assert_eq!(refusals(&basket(&format!("[{}]", many.join(",")))).len(), 40);
}

#[test]
fn what_was_sent_never_stands_in_a_sentence() {
    let problem = parse::<Basket>(basket(r#"[{"quantity":"503"}]"#).as_bytes()).unwrap_err();
    assert!(!format!("{problem:?}").contains("503"));
}
