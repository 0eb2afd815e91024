//! The client on the provider's worst days.

use super::shop::{Shop, ask};
use crate::razorpay::client::ClientError;
use crate::razorpay::entity::{Notes, PaymentStatus};
use crate::razorpay::sim::Faults;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn retry<T: std::fmt::Debug>(result: Result<T, ClientError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, ClientError::Retry { .. }), "{error:?}");
}

/// Calls until there is an answer, as the engine does.
async fn persist<T, F>(mut call: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, ClientError>>,
{
    for _ in 0..200 {
        match call().await {
            Ok(done) => return done,
            Err(ClientError::Retry { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("there was no answer in 200 tries");
}

#[tokio::test]
async fn work_whose_answer_was_lost_is_done_once_however_often_it_is_asked_for() {
    for lost in [
        Faults { drop_after: 100, ..Faults::default() },
        Faults { fail_after: 100, ..Faults::default() },
    ] {
        let shop = Shop::open(|_| ()).await;
        let (razorpay, none) = (&shop.razorpay, Notes::new());
        shop.running.set_faults(lost.clone());
        retry(razorpay.create_order("O1", 11_200, &none).await);
        shop.running.set_faults(Faults::default());
        assert_eq!(shop.state().await["orders"].as_array().unwrap().len(), 1, "it was made");
        let order = razorpay.create_order("O1", 11_200, &none).await.unwrap();

        let id = shop.paid(&order.order_id).await;
        shop.running.set_faults(lost.clone());
        retry(razorpay.capture(&id, 11_200).await);
        shop.running.set_faults(Faults::default());
        assert_eq!(shop.state().await["payments"][0]["status"], "captured", "it was taken");
        let captured = razorpay.capture(&id, 11_200).await.unwrap();
        assert_eq!(captured.status, PaymentStatus::Captured);

        shop.running.set_faults(lost);
        retry(razorpay.refund(&id, &ask("refund-0001")).await);
        shop.running.set_faults(Faults::default());
        assert_eq!(shop.state().await["refunds"].as_array().unwrap().len(), 1, "it was given");
        razorpay.refund(&id, &ask("refund-0001")).await.unwrap();

        let state = shop.state().await;
        let count = |name: &str| state[name].as_array().unwrap().len();
        assert_eq!((count("orders"), count("payments"), count("refunds")), (1, 1, 1));
        assert_eq!(state["payments"][0]["amount_refunded"], 500);
    }
}

#[tokio::test]
async fn work_that_failed_before_it_began_is_not_done() {
    let fails = Faults { fail_before: 100, ..Faults::default() };
    let shop = Shop::open(|_| ()).await;
    let order = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    let id = shop.paid(&order.order_id).await;
    shop.razorpay.capture(&id, 11_200).await.unwrap();
    shop.running.set_faults(fails);
    retry(shop.razorpay.refund(&id, &ask("refund-0001")).await);
    shop.running.set_faults(Faults::default());
    assert!(shop.state().await["refunds"].as_array().unwrap().is_empty());
    shop.razorpay.refund(&id, &ask("refund-0001")).await.unwrap();
}

#[tokio::test]
async fn too_many_requests_are_a_reason_to_try_again() {
    let burst = Faults { burst: 100, burst_length: 3, ..Faults::default() };
    let shop = Shop::open(|config| config.faults = burst).await;
    for _ in 0..5 {
        retry(shop.razorpay.create_order("O1", 11_200, &Notes::new()).await);
    }
    shop.running.set_faults(Faults::default());
    shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    // With one request a second, some of many at once are too many.
    let shop = Shop::open(|config| config.requests_per_s = 1).await;
    let mut refused = 0;
    for _ in 0..20 {
        let made = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await;
        refused += usize::from(matches!(made, Err(ClientError::Retry { .. })));
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn two_refunds_with_one_key_at_the_same_moment_are_one_refund() {
    let slow = Faults { slow: 100, slow_ms: (40, 40), ..Faults::default() };
    let shop = Shop::open(|_| ()).await;
    let order = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    let id = shop.paid(&order.order_id).await;
    shop.razorpay.capture(&id, 11_200).await.unwrap();
    shop.running.set_faults(slow);
    let one = ask("refund-0001");
    let made = tokio::join!(
        persist(|| shop.razorpay.refund(&id, &one)),
        persist(|| shop.razorpay.refund(&id, &one)),
    );
    assert_eq!(made.0.refund_id, made.1.refund_id);
    assert_eq!(shop.state().await["refunds"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn customers_pay_too_little_in_dollars_or_twice_when_asked_to() {
    let shop = Shop::open(|_| ()).await;
    let new = async |receipt: &str, faults: Faults| {
        let order = shop.razorpay.create_order(receipt, 11_200, &Notes::new()).await.unwrap();
        shop.running.set_faults(faults);
        shop.paid(&order.order_id).await;
        shop.running.set_faults(Faults::default());
        shop.razorpay.fetch_order_payments(&order.order_id).await.unwrap()
    };
    let short = new("O1", Faults { pay_amount: 100, ..Faults::default() }).await;
    assert_eq!((short.len(), short[0].amount_paise), (1, 11_100));
    let foreign = new("O2", Faults { pay_currency: 100, ..Faults::default() }).await;
    assert_eq!(foreign[0].currency, "USD");
    let refused = shop.razorpay.capture(&foreign[0].payment_id, 11_200).await;
    assert!(matches!(refused, Err(ClientError::Refused { .. })), "{refused:?}");
    let twice = new("O3", Faults { pay_twice: 100, ..Faults::default() }).await;
    let statuses: Vec<_> = twice.iter().map(|payment| payment.status).collect();
    assert_eq!(statuses, [PaymentStatus::Authorized, PaymentStatus::Captured]);
    shop.flush().await;
    assert!(shop.events().contains(&"order.paid".to_owned()));
}

/// One customer on a bad day: pays, is captured, gets five rupees back.
async fn one_customer(shop: &Shop, n: usize) -> (String, String) {
    let (razorpay, none) = (&shop.razorpay, Notes::new());
    let receipt = format!("O{n}");
    let order = persist(|| razorpay.create_order(&receipt, 11_200, &none)).await;
    let id = shop.paid(&order.order_id).await;
    persist(|| razorpay.capture(&id, 11_200)).await;
    let key = format!("refund-of-{n}");
    let one = ask(&key);
    let refund = persist(|| razorpay.refund(&id, &one)).await;
    (order.order_id, refund.refund_id)
}

#[tokio::test]
async fn on_the_worst_of_days_every_rupee_is_accounted_for() {
    const CUSTOMERS: usize = 60;
    let nasty = Faults {
        pay_amount: 0,
        pay_currency: 0,
        pay_twice: 0,
        refund_fails: 0,
        slow_ms: (1, 5),
        fail_before: 20,
        fail_after: 20,
        drop_after: 20,
        ..Faults::parse("nasty").unwrap()
    };
    let shop = Arc::new(
        Shop::open(|config| {
            config.faults = nasty;
            config.seed = 7;
        })
        .await,
    );
    let customers: Vec<_> = (0..CUSTOMERS)
        .map(|n| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { one_customer(&shop, n).await })
        })
        .collect();
    let mut known = BTreeMap::new();
    for customer in customers {
        let (order_id, refund_id) = customer.await.unwrap();
        known.insert(order_id, refund_id);
    }
    shop.flush().await;
    let state = shop.state().await;
    let all = |name: &str| state[name].as_array().unwrap().clone();
    let sum = |values: &[Value], name: &str| -> i64 {
        values.iter().map(|value| value[name].as_i64().unwrap()).sum()
    };
    assert_eq!((known.len(), all("orders").len()), (CUSTOMERS, CUSTOMERS));
    assert_eq!((all("payments").len(), all("refunds").len()), (CUSTOMERS, CUSTOMERS));
    assert_eq!(sum(&all("orders"), "amount_paid"), 11_200 * 60);
    assert_eq!(sum(&all("payments"), "amount_refunded"), sum(&all("refunds"), "amount"));
    assert_eq!(sum(&all("refunds"), "amount"), 500 * 60);
    assert!(all("refunds").iter().all(|refund| refund["status"] == "processed"));
    assert_eq!(state["undelivered"], json!(0));
    // Some webhooks were lost, as asked; of the others each has arrived, some twice.
    let (_, deliveries) = shop.call("GET", "/sim/deliveries", "").await;
    let tries = deliveries["items"].as_array().unwrap();
    let lost = tries.iter().filter(|it| it["outcome"] == "lost").count();
    let sent: std::collections::BTreeSet<_> =
        shop.arrived().iter().map(|it| it.header("x-razorpay-event-id").to_owned()).collect();
    assert_eq!(sent.len() + lost, CUSTOMERS * 5);
    assert!(lost > 0 && shop.arrived().len() > sent.len(), "{lost} lost");
}
