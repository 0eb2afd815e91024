//! `kirana log what-if` on the trade of real baskets.

use crate::log_export::{log, said, stopped};
use serde_json::Value;

fn answer(data: &std::path::Path, args: &[&str]) -> Value {
    let args = [&["what-if", "--output", "json"], args].concat();
    serde_json::from_str(&said(&log(data, &args))).unwrap()
}

#[test]
fn under_the_rule_that_was_both_columns_are_equal_and_under_another_they_are_not() {
    let (data, summary) = stopped(4_000, 21);
    let data = data.path();
    let same = answer(data, &["--ttl", "15m", "--cap", "99", "--min-order", "0", "--by-product"]);
    assert_eq!(same["actual"], same["what_if"]);
    assert!(same["difference"].as_object().unwrap().values().all(|it| *it == 0), "{same}");
    assert_eq!(same["actual"]["orders_placed"], summary.orders);
    assert_eq!(same["actual"]["baskets_refused"], summary.refused);
    assert_eq!(same["by_product"].as_array().unwrap().len(), 20);
    for of in same["by_product"].as_array().unwrap() {
        assert_eq!(of["actual"], of["what_if"]);
    }
    let capped = answer(data, &["--cap", "1"]);
    assert_eq!(capped["actual"], same["actual"]);
    let units = |answer: &Value, column: &str| answer[column]["units_sold"].as_i64().unwrap();
    assert!(units(&capped, "what_if") < units(&capped, "actual"), "{capped}");
    let hurried = answer(data, &["--ttl", "1m"]);
    assert!(hurried["difference"]["orders_expired"].as_i64().unwrap() > 0, "{hurried}");
    let dear = answer(data, &["--delivery-fee", "10"]);
    let difference = &dear["difference"];
    assert_eq!((&difference["orders_sold"], &difference["units_sold"]), (&0.into(), &0.into()));
    assert!(difference["revenue_paise"].as_i64().unwrap() > 0, "{dear}");
    assert!(!dear["assumptions"].as_array().unwrap().is_empty());
    let store = answer(data, &["--cap", "1", "--store", "CJ292"]);
    let elsewhere = ["CJ356", "CJ367", "CJ406"].map(|code| {
        answer(data, &["--cap", "1", "--store", code])["what_if"]["orders_sold"].as_i64().unwrap()
    });
    let all = capped["what_if"]["orders_sold"].as_i64().unwrap();
    let here = store["what_if"]["orders_sold"].as_i64().unwrap();
    assert_eq!(here + elsewhere.iter().sum::<i64>(), all, "stores do not sell each other's units");
}

#[test]
fn without_a_rule_there_is_no_question_and_people_get_a_table() {
    let (data, _) = stopped(50, 22);
    let data = data.path();
    for (args, part) in [
        (&[][..], "--ttl"),
        (&["--ttl", "soon"], "--ttl"),
        (&["--ttl", "2d"], "a day at the most"),
        (&["--cap", "0"], "--cap"),
        (&["--min-order", "much"], "rupees"),
        (
            &["--cap", "1", "--from", "2018-01-01T00:00:00Z", "--until", "2017-01-01T00:00:00Z"],
            "after",
        ),
    ] {
        let ended = log(data, &[&["what-if"], args].concat());
        let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{args:?}: {complaint}");
        assert!(complaint.contains(part), "{args:?}: {complaint}");
    }
    let unknown = log(data, &["what-if", "--cap", "1", "--store", "NOWHERE"]);
    assert_eq!(unknown.status.code(), Some(1));
    let shown = said(&log(data, &["what-if", "--cap", "1", "--by-product", "3"]));
    for part in ["actual", "revenue", "refused for stock", "units sold", "takes for granted"] {
        assert!(shown.contains(part), "{shown}");
    }
}
