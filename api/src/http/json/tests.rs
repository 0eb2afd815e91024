//! Faults of fields, and the sentences about them.

use super::*;
use crate::http::language::Language;
use crate::http::request_id::RequestId;
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
}

const ID: &str = "00000000-0000-7000-8000-000000000001";

fn refusal(body: &str) -> String {
    let problem = parse::<Basket>(body.as_bytes()).unwrap_err();
    let response = problem.respond(&RequestId::of(&<_>::default()), "/", Language::English);
    let body = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async { axum::body::to_bytes(response.into_body(), 100_000).await.unwrap() });
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    match &json["errors"][0] {
        serde_json::Value::Null => json["code"].as_str().unwrap().to_owned(),
        error => {
            format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())
        }
    }
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
fn what_was_sent_never_stands_in_a_sentence() {
    let problem = parse::<Basket>(basket(r#"[{"quantity":"503"}]"#).as_bytes()).unwrap_err();
    assert!(!format!("{problem:?}").contains("503"));
}
