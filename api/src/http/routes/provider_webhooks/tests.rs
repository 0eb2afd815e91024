use super::*;
use kirana_domain::Paise;
use kirana_domain::payment::{ChargeStatus, RefundStatus};
use serde_json::Value;

const OURS: OrderId = OrderId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_0001));
const OTHER: OrderId = OrderId(Uuid::from_u128(2));

fn payment(order: &str, currency: &str) -> Value {
    json!({ "entity": {
        "id": "pay_1", "order_id": order, "amount": 500, "currency": currency,
        "status": "captured",
    } })
}

fn order(receipt: &str) -> Value {
    json!({ "entity": {
        "id": "order_1", "amount": 500, "amount_paid": 500, "currency": "INR", "status": "paid",
        "receipt": receipt,
    } })
}

fn refund(receipt: &str) -> Value {
    json!({ "entity": {
        "id": "rfnd_1", "payment_id": "pay_1", "amount": 200, "currency": "INR",
        "status": "processed", "receipt": receipt,
    } })
}

fn understood(
    raw: &[u8],
    known: impl Fn(&ProviderId) -> Option<OrderId>,
) -> kirana_engine::Webhook {
    let content = WebhookContent::of(raw);
    let by_provider = content.provider_order_id.as_ref().and_then(known);
    content.into_webhook(ErrorText::parse("evt_1").unwrap(), raw, by_provider)
}

fn read(event: &str, payload: &Value) -> kirana_engine::Webhook {
    let body = json!({ "event": event, "payload": payload }).to_string();
    understood(body.as_bytes(), |id| (&**id == "order_1").then_some(OURS))
}

#[test]
fn a_payment_is_told_to_the_order_that_the_providers_order_stands_for() {
    let webhook = read("payment.captured", &json!({ "payment": payment("order_1", "INR") }));
    assert_eq!(webhook.provider_order_id.as_deref(), Some("order_1"));
    assert_eq!((webhook.order_id, &*webhook.name), (Some(OURS), "payment.captured"));
    let charge = &webhook.report.charges[0];
    assert_eq!((charge.amount, charge.status), (Paise(500), ChargeStatus::Captured));
}

#[test]
fn an_order_that_we_do_not_know_yet_is_found_by_its_receipt() {
    let receipt = money::receipt_of(OTHER);
    let unknown = |id: &ProviderId| (&**id == "order_9").then_some(OURS);
    let body = json!({ "event": "order.paid", "payload": {
        "order": order(&receipt), "payment": payment("order_1", "INR"),
    } });
    let webhook = understood(body.to_string().as_bytes(), unknown);
    assert_eq!(webhook.order_id, Some(OTHER));
    assert_eq!(webhook.report.provider_order_id.as_deref(), Some("order_1"));
    let strange = read("order.paid", &json!({ "order": order("a receipt of another shop") }));
    assert_eq!(strange.report.provider_order_id, None);
}

#[test]
fn a_refund_is_known_by_the_key_that_it_was_asked_for_with() {
    let key = money::refund_key(OURS, 3);
    let alone = read("refund.processed", &json!({ "refund": refund(&key) }));
    assert_eq!(alone.order_id, Some(OURS));
    let seen = &alone.report.refunds[0];
    assert_eq!((seen.number, seen.status), (Some(3), RefundStatus::Processed));
    let foreign = json!({
        "refund": refund(&money::refund_key(OTHER, 3)), "payment": payment("order_1", "INR"),
    });
    let foreign = read("refund.processed", &foreign);
    assert_eq!(foreign.order_id, Some(OURS), "the payment says whose it is");
    assert_eq!(foreign.report.refunds[0].number, None, "and that number is another order's");
    let made_there = read("refund.created", &json!({ "refund": refund("by hand") }));
    assert_eq!((made_there.order_id, made_there.report.refunds[0].number), (None, None));
}

#[test]
fn notes_are_a_hint_and_a_payment_is_the_order_s_by_the_provider_s_order_alone() {
    let noted = |order: Value| {
        json!({ "payment": { "entity": {
            "id": "pay_1", "order_id": order, "amount": 500, "currency": "INR",
            "status": "captured", "notes": { ORDER_NOTE: OTHER.0 }, "amount_refunded": 200,
        } } })
    };
    for (order, order_id, charges) in
        [(json!(null), None, 0), (json!("order_9"), None, 0), (json!("order_1"), Some(OURS), 1)]
    {
        let webhook = read("payment.captured", &noted(order));
        assert_eq!((webhook.order_id, webhook.hint), (order_id, Some(OTHER)));
        assert_eq!(webhook.report.charges.len(), charges);
        assert_eq!(webhook.refunded[0].1, Paise(200));
    }
}

#[test]
fn what_cannot_be_understood_is_kept_and_says_nothing() {
    let nothing = Report::default();
    for (body, name, is_unread) in [
        ("", UNREADABLE, true),
        ("{", UNREADABLE, true),
        ("[]", UNREADABLE, true),
        ("{}", UNNAMED, false),
        (r#"{"event":7}"#, UNNAMED, false),
        (r#"{"event":"a\u0000b"}"#, UNNAMED, false),
        (r#"{"event":"x","payload":{"payment":{"entity":{"id":"pay_1"}}}}"#, "x", true),
    ] {
        let webhook = understood(body.as_bytes(), |_| Some(OURS));
        assert_eq!((&*webhook.name, &webhook.report), (name, &nothing), "{body}");
        assert_eq!((webhook.body.as_slice(), webhook.is_unread), (body.as_bytes(), is_unread));
    }
    let dollars = read("payment.captured", &json!({ "payment": payment("order_1", "USD") }));
    assert_eq!((dollars.order_id, dollars.report), (Some(OURS), nothing));
}

#[test]
fn a_message_without_an_id_is_known_by_its_bytes() {
    let mut headers = HeaderMap::new();
    let derived = event_id(&headers, b"{}");
    assert_eq!(derived, event_id(&headers, b"{}"));
    assert_ne!(derived, event_id(&headers, b"{ }"));
    headers.insert(EVENT_ID, "evt_1".parse().unwrap());
    assert_eq!(&*event_id(&headers, b"{}"), "evt_1");
    headers.insert(EVENT_ID, "e".repeat(1_000).parse().unwrap());
    assert_eq!(event_id(&headers, b"{}"), derived, "one that cannot be kept is none");
}
