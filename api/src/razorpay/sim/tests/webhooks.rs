//! The delivery of webhooks: signed, in order, until they do; and otherwise when asked to.

use super::shop::{Shop, ask};
use crate::outbound::receiver::answer;
use crate::razorpay::entity::{Notes, PaymentStatus, RefundStatus};
use crate::razorpay::sim::Faults;
use crate::razorpay::webhook::Fact;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn capture_one(shop: &Shop) -> String {
    let order = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    let id = shop.paid(&order.order_id).await;
    shop.flush().await;
    shop.razorpay.capture(&id, 11_200).await.unwrap();
    shop.flush().await;
    id
}

#[tokio::test]
async fn webhooks_are_signed_and_say_what_has_happened() {
    let shop = Shop::open(|_| ()).await;
    let id = capture_one(&shop).await;
    shop.razorpay.refund(&id, &ask("refund-0001")).await.unwrap();
    shop.flush().await;
    assert_eq!(
        shop.events(),
        [
            "payment.authorized",
            "payment.captured",
            "order.paid",
            "refund.created",
            "refund.processed"
        ]
    );
    let ids: BTreeSet<_> =
        shop.arrived().iter().map(|seen| seen.header("x-razorpay-event-id").to_owned()).collect();
    assert_eq!(ids.len(), 5, "each event has an id of its own");
    let webhooks = shop.webhooks();
    assert!(webhooks.iter().all(|webhook| webhook.unread.is_empty()));
    let [Fact::Payment(payment)] = webhooks[1].facts.as_slice() else { panic!("{webhooks:?}") };
    assert_eq!(
        (payment.payment_id.as_str(), payment.status),
        (id.as_str(), PaymentStatus::Captured)
    );
    let [Fact::Payment(_), Fact::Order(order)] = webhooks[2].facts.as_slice() else {
        panic!("{webhooks:?}")
    };
    assert_eq!((order.amount_paid_paise, order.receipt.as_deref()), (11_200, Some("O1")));
    let [Fact::Payment(payment), Fact::Refund(refund)] = webhooks[4].facts.as_slice() else {
        panic!("{webhooks:?}")
    };
    assert_eq!((payment.amount_refunded_paise, refund.amount_paise), (500, 500));
    assert_eq!(refund.status, RefundStatus::Processed);
}

#[tokio::test]
async fn a_webhook_is_sent_again_with_the_same_bytes_until_it_is_taken() {
    let tries = AtomicUsize::new(0);
    let shop = Shop::with(
        |_| (),
        move |_| match tries.fetch_add(1, Ordering::SeqCst) {
            0 => answer(500, ""),
            1 => answer(302, ""),
            _ => answer(204, ""),
        },
    )
    .await;
    let order = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    shop.paid(&order.order_id).await;
    shop.flush().await;
    let arrived = shop.arrived();
    assert_eq!(arrived.len(), 3);
    for again in &arrived[1..] {
        assert_eq!(again.body, arrived[0].body);
        let id =
            |seen: &crate::outbound::receiver::Seen| seen.header("x-razorpay-event-id").to_owned();
        assert_eq!(id(again), id(&arrived[0]));
    }
    let (_, deliveries) = shop.call("GET", "/sim/deliveries", "").await;
    let outcomes: Vec<_> =
        deliveries["items"].as_array().unwrap().iter().map(|it| &it["outcome"]).collect();
    assert_eq!(outcomes, ["500", "302", "204"]);
    assert_eq!(shop.state().await["undelivered"], 0);
}

#[tokio::test]
async fn webhooks_are_doubled_turned_lost_or_late_when_asked_for() {
    let doubled = Faults { webhook_duplicate: 100, ..Faults::default() };
    let shop = Shop::open(|config| config.faults = doubled).await;
    capture_one(&shop).await;
    let twice = |name: &'static str| [name, name];
    let expected = ["payment.authorized", "payment.captured", "order.paid"].map(twice).concat();
    assert_eq!(shop.events(), expected);
    let ids: BTreeSet<_> =
        shop.arrived().iter().map(|seen| seen.header("x-razorpay-event-id").to_owned()).collect();
    assert_eq!(ids.len(), 3, "a double has the id of the first");

    let turned = Faults { webhook_reorder: 100, ..Faults::default() };
    let shop = Shop::open(|config| config.faults = turned).await;
    capture_one(&shop).await;
    assert_eq!(shop.events(), ["payment.authorized", "order.paid", "payment.captured"]);

    let lost = Faults { webhook_lost: 100, ..Faults::default() };
    let shop = Shop::open(|config| config.faults = lost).await;
    capture_one(&shop).await;
    assert!(shop.events().is_empty());
    let (_, deliveries) = shop.call("GET", "/sim/deliveries", "").await;
    assert_eq!(
        (&deliveries["count"], &deliveries["items"][2]["outcome"]),
        (&json!(3), &json!("lost"))
    );

    let day = (86_400_000, 86_400_000);
    let late = Faults { webhook_late: 100, webhook_late_ms: day, ..Faults::default() };
    let shop = Shop::open(|config| {
        config.faults = late;
        config.time_scale = 1.0;
    })
    .await;
    let order = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    shop.paid(&order.order_id).await;
    assert_eq!(shop.state().await["undelivered"], 1);
    assert!(shop.events().is_empty(), "it waits a day");
    shop.flush().await;
    assert_eq!(shop.events(), ["payment.authorized"], "or until somebody hurries");
}

#[tokio::test]
async fn a_payment_that_failed_is_authorised_late() {
    let shop = Shop::open(|config| config.time_scale = 1.0).await;
    let order = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    let ask = json!({ "outcome": "late_authorized", "late_ms": 86_400_000, "method": "card" });
    let declined = shop.pay(&order.order_id, ask).await;
    let id = declined["error"]["metadata"]["payment_id"].as_str().unwrap();
    let payment = shop.razorpay.fetch_payment(id).await.unwrap();
    assert_eq!(payment.status, PaymentStatus::Failed);
    assert_eq!(payment.error_code.as_deref(), Some("BAD_REQUEST_ERROR"));
    shop.flush().await;
    assert_eq!(shop.events(), ["payment.failed", "payment.authorized"]);
    let payment = shop.razorpay.capture(id, 11_200).await.unwrap();
    assert_eq!(
        (payment.status, payment.method.as_deref()),
        (PaymentStatus::Captured, Some("card"))
    );
}

#[tokio::test]
async fn a_refund_of_the_dashboard_and_one_that_fails_are_heard_of() {
    let fails = Faults { refund_fails: 100, ..Faults::default() };
    let shop = Shop::open(|config| config.faults = fails).await;
    let id = capture_one(&shop).await;
    let body = json!({ "payment_id": id, "amount": 700 }).to_string();
    let (status, refund) = shop.call("POST", "/sim/refund", &body).await;
    assert_eq!((status, &refund["amount"]), (200, &json!(700)));
    shop.flush().await;
    assert_eq!(&shop.events()[3..], ["refund.created", "refund.failed"]);
    let payment = shop.razorpay.fetch_payment(&id).await.unwrap();
    assert_eq!(payment.amount_refunded_paise, 0, "it is the shop's again");
    let (_, faults) = shop.call("POST", "/sim/faults", "{}").await;
    assert_eq!(faults, json!(Faults::default()));
    shop.razorpay.refund(&id, &ask("refund-0001")).await.unwrap();
    shop.flush().await;
    assert_eq!(shop.events().last().unwrap(), "refund.processed");
}
