use super::*;
use crate::razorpay::entity::{AMOUNT_PAISE_MAX, NOTES_MAX, TEXT_CHARS_MAX};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The published vectors and payloads, which are not ours to pass on; `None`, and a line in the
/// output, where they are not.
pub(crate) fn published() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let top = std::env::var_os("KIRANA_SHARED_DATA").map_or(beside, PathBuf::from);
    let folder = top.join("razorpay-webhooks");
    if !folder.is_dir() {
        println!("{} is not there: only our own examples are tested", folder.display());
        return None;
    }
    Some(folder)
}

/// The facts of a published payload: status and amount of each fact, in words.
fn words(webhook: &Webhook) -> Vec<String> {
    let word = |fact: &Fact| match fact {
        Fact::Payment(it) => format!("payment {:?} {}", it.status, it.amount_paise),
        Fact::Order(it) => format!("order {:?} {}", it.status, it.amount_paid_paise),
        Fact::Refund(it) => format!("refund {:?} {}", it.status, it.amount_paise),
        Fact::Dispute(it) => format!("dispute {:?} {}", it.status, it.amount_paise),
    };
    webhook.facts.iter().map(word).collect()
}

#[test]
fn every_published_payload_says_what_its_event_says() {
    let Some(folder) = published() else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join("docs_payloads")).unwrap() {
        let path = entry.unwrap().path();
        let webhook = Webhook::parse(&std::fs::read(&path).unwrap()).unwrap();
        let shown = path.display();
        assert_eq!(webhook.unread, Vec::<String>::new(), "{shown}");
        let (words, event) = (words(&webhook), webhook.event.as_str());
        let starts = |expected: &[&str]| {
            let pairs = words.iter().zip(expected);
            words.len() == expected.len() && pairs.into_iter().all(|(it, at)| it.starts_with(at))
        };
        let expected: &[&str] = match event {
            "payment.authorized" => &["payment Authorized 100"],
            "payment.captured" => &["payment Captured 100"],
            "payment.failed" => &["payment Failed "],
            "order.paid" => &["payment Captured 100", "order Paid 100"],
            "refund.created" | "refund.processed" => {
                &["payment Captured 500000", "refund Processed 50000"]
            }
            "refund.failed" => &["payment Captured 500000", "refund Failed 50000"],
            "refund.speed_changed" => &["payment Captured 500000", "refund Processed 200"],
            _ if event.starts_with("payment.downtime.") => &[],
            _ => panic!("{event} is new"),
        };
        assert!(starts(expected), "{shown}: {words:?}");
        // One published body has its time inside the payload, where it does not count.
        assert_eq!(webhook.created_at_s.is_none(), event == "refund.speed_changed", "{shown}");
        seen += 1;
    }
    assert_eq!(seen, 38);
}

#[test]
fn the_published_upi_capture_is_read_to_the_last_field() {
    let Some(folder) = published() else { return };
    let path = folder.join("docs_payloads/payments-08-payment.captured-upi.json");
    let webhook = Webhook::parse(&std::fs::read(path).unwrap()).unwrap();
    let payment = Payment {
        payment_id: "pay_DESyzxuld02Zul".to_owned(),
        order_id: Some("order_DESxiijbl9xjDB".to_owned()),
        amount_paise: 100,
        currency: "INR".to_owned(),
        status: PaymentStatus::Captured,
        amount_refunded_paise: 0,
        method: Some("upi".to_owned()),
        error_code: None,
        error_description: None,
        error_reason: None,
        notes: std::collections::BTreeMap::new(),
    };
    assert_eq!(webhook.facts, [Fact::Payment(payment)]);
    assert_eq!(webhook.created_at_s, Some(1_567_675_356));
}

/// A body of an event with one entity.
fn body(event: &str, name: &str, entity: &Value) -> Vec<u8> {
    json!({ "event": event, "payload": { name: { "entity": entity } } }).to_string().into_bytes()
}

fn payment(changes: &Value) -> Value {
    let mut entity = json!({
        "id": "pay_1", "order_id": "order_1", "amount": 11_200, "currency": "INR",
        "status": "authorized", "amount_refunded": 0, "method": "upi", "notes": [],
        "error_code": null,
    });
    for (name, value) in changes.as_object().unwrap() {
        entity[name] = value.clone();
    }
    entity
}

fn read(event: &str, changes: &Value) -> Result<Payment, String> {
    let webhook = Webhook::parse(&body(event, "payment", &payment(changes))).unwrap();
    match (webhook.facts.as_slice(), webhook.unread.as_slice()) {
        ([Fact::Payment(payment)], []) => Ok(payment.clone()),
        ([], [sentence]) => Err(sentence.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_payment_is_at_least_as_far_as_its_event_says() {
    use PaymentStatus::{Authorized, Captured, Failed, Refunded};
    for (event, status, expected) in [
        ("payment.captured", json!("authorized"), Captured),
        ("payment.captured", json!("puzzling"), Captured),
        ("payment.captured", json!(null), Captured),
        ("payment.captured", json!("refunded"), Refunded),
        ("payment.authorized", json!("captured"), Captured),
        ("payment.failed", json!("failed"), Failed),
        ("payment.failed", json!("created"), Failed),
        // The bank changed its mind before the body was written.
        ("payment.failed", json!("authorized"), Authorized),
        ("refund.created", json!("captured"), Captured),
        ("payment.dispute.created", json!("captured"), Captured),
    ] {
        let read = read(event, &json!({ "status": status })).unwrap();
        assert_eq!(read.status, expected, "{event} {status}");
    }
    assert!(read("refund.created", &json!({ "status": "puzzling" })).is_err());
}

#[test]
fn what_is_unknown_is_passed_over() {
    let webhook =
        Webhook::parse(br#"{"event":"moon.landed","payload":{"moon":[]},"x":1}"#).unwrap();
    assert_eq!(webhook.event, "moon.landed");
    assert!(webhook.facts.is_empty() && webhook.unread.is_empty());
    let changes = json!({
        "method": "barter", "goats": 2, "error_code": "", "notes": { "order": "O1", "n": 3 },
    });
    let payment = read("payment.captured", &changes).unwrap();
    assert_eq!(payment.method.as_deref(), Some("barter"));
    assert_eq!(payment.error_code, None);
    assert_eq!(payment.notes["order"], "O1");
    assert_eq!(payment.notes["n"], "3");
    for payload in [json!(null), json!([1]), json!("text"), json!({ "payment": 7 })] {
        let body = json!({ "event": "payment.captured", "payload": payload }).to_string();
        assert!(Webhook::parse(body.as_bytes()).unwrap().facts.is_empty(), "{body}");
    }
}

#[test]
fn a_text_that_cannot_be_read_keeps_no_payment_from_being_read() {
    let deep = format!("{}1{}", "{\"n\":".repeat(130), "}".repeat(130));
    for (odd, of) in [
        (br#""description":"Thanks \ud83d""#.as_slice(), "half of a surrogate pair"),
        (br#""acquirer_data":{"x":1e400}"#, "a number beyond any range"),
        (b"\"vpa\":\"\xff@upi\"", "a byte that is not UTF-8"),
        (format!(r#""notes":{deep}"#).as_bytes(), "notes within notes"),
        (br#""amount_refunded":"none""#, "an amount that is not needed"),
        (br#""error_description":"a\u0000b""#, "a control character"),
    ] {
        let head = br#"{"event":"payment.captured","payload":{"payment":{"entity":{"id":"pay_1",
            "amount":50000,"currency":"INR","status":"captured","order_id":"order_1","#;
        let webhook = Webhook::parse(&[head, odd, b"}}}}"].concat()).expect(of);
        let [Fact::Payment(payment)] = webhook.facts.as_slice() else { panic!("{of}") };
        let ids = (payment.payment_id.as_str(), payment.order_id.as_deref());
        assert_eq!(ids, ("pay_1", Some("order_1")), "{of}");
        assert_eq!((payment.amount_paise, payment.status), (50_000, PaymentStatus::Captured));
        assert_eq!(webhook.unread, Vec::<String>::new(), "{of}");
    }
}

#[test]
fn a_message_without_a_name_still_says_how_far_its_payment_is() {
    let entity = payment(&json!({ "status": "captured" }));
    let body = json!({ "payload": { "payment": { "entity": entity } } }).to_string();
    let webhook = Webhook::parse(body.as_bytes()).unwrap();
    assert_eq!(
        (webhook.event.as_str(), words(&webhook)),
        (UNNAMED, vec!["payment Captured 11200".into()])
    );
}

#[test]
fn what_is_out_of_bounds_is_no_fact_and_is_named() {
    for (field, value) in [
        ("id", json!("")),
        ("id", json!("p".repeat(41))),
        ("id", json!("pay 1")),
        ("id", json!("pay_\u{e9}")),
        ("id", json!(null)),
        ("order_id", json!(7)),
        ("amount", json!(-1)),
        ("amount", json!(1.5)),
        ("amount", json!("100")),
        ("amount", json!(AMOUNT_PAISE_MAX + 1)),
        ("currency", json!("inr")),
        ("currency", json!(null)),
    ] {
        let sentence = read("payment.captured", &json!({ field: value })).unwrap_err();
        assert!(sentence.contains(&format!("`{field}`")), "{field} {value}: {sentence}");
    }
    let many: serde_json::Map<_, _> =
        (0..100).map(|n| (format!("n{n}"), json!("x".repeat(1_000)))).collect();
    let payment = read("payment.captured", &json!({ "notes": many, "order_id": null })).unwrap();
    assert_eq!(payment.notes.len(), NOTES_MAX);
    assert!(payment.notes.values().all(|note| note.len() == TEXT_CHARS_MAX));
    assert_eq!(payment.order_id, None);
    assert_eq!(
        read("x", &json!({ "amount": AMOUNT_PAISE_MAX })).unwrap().amount_paise,
        10i64.pow(12)
    );
}

#[test]
fn a_refund_is_what_its_event_says_before_what_its_status_says() {
    use RefundStatus::{Failed, Pending, Processed};
    for (event, status, expected) in [
        ("refund.failed", "processed", Some(Failed)),
        ("refund.processed", "pending", Some(Processed)),
        ("refund.created", "pending", Some(Pending)),
        ("refund.created", "puzzling", None),
        ("refund.speed_changed", "processed", Some(Processed)),
    ] {
        let entity = json!({
            "id": "rfnd_1", "payment_id": "pay_1", "amount": 100, "currency": "INR",
            "status": status, "receipt": "R1", "notes": { "a": "b" },
            "speed_requested": "optimum", "speed_processed": "normal",
        });
        let webhook = Webhook::parse(&body(event, "refund", &entity)).unwrap();
        let read = webhook.facts.first().map(|fact| match fact {
            Fact::Refund(refund) => refund.clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(read.as_ref().map(|refund| refund.status), expected, "{event} {status}");
        let Some(refund) = read else { continue };
        assert_eq!(
            (refund.receipt.as_deref(), refund.speed.as_deref()),
            (Some("R1"), Some("normal"))
        );
    }
}

#[test]
fn a_body_that_is_none_is_none_and_a_deep_one_breaks_nothing() {
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    for bad in [b"".as_slice(), b"{", b"[]", b"null", b"\xff", &deep] {
        assert_eq!(Webhook::parse(bad), None);
    }
    let long = json!({ "event": "e".repeat(EVENT_CHARS_MAX + 1) }).to_string();
    for bad in ["{}", r#"{"event":""}"#, r#"{"event":1}"#, &long] {
        assert_eq!(Webhook::parse(bad.as_bytes()).unwrap().event, UNNAMED, "{bad}");
    }
}
