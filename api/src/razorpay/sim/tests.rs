//! Our client against the stand-in, over loopback: what each says, the other understands.

mod faults;
mod shop;
mod webhooks;

use super::*;
use crate::razorpay::client::{ClientError, RefundAsk};
use crate::razorpay::entity::{Notes, OrderStatus, PaymentStatus, RefundStatus};
use crate::razorpay::signature;
use serde_json::json;
use shop::{Shop, ask};

#[tokio::test]
async fn a_payment_goes_from_the_order_to_the_refund() {
    let shop = Shop::open(|_| ()).await;
    let order = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    assert_eq!(order.status, OrderStatus::Created);
    let paid = shop.pay(&order.order_id, json!({})).await;
    let text = |name: &str| paid[name].as_str().unwrap().to_owned();
    let (id, signed) = (text("razorpay_payment_id"), text("razorpay_signature"));
    assert!(signature::checkout(&order.order_id, &id, &shop.key_secret, &signed));

    let attempts = shop.razorpay.fetch_order_payments(&order.order_id).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (attempts[0].payment_id.as_str(), attempts[0].status),
        (id.as_str(), PaymentStatus::Authorized)
    );
    let captured = shop.razorpay.capture(&id, 11_200).await.unwrap();
    assert_eq!(captured.status, PaymentStatus::Captured);
    let again = shop.razorpay.capture(&id, 11_200).await.unwrap();
    assert_eq!(again, captured, "a second capture is the first");
    let order = shop.razorpay.fetch_order(&order.order_id).await.unwrap();
    assert_eq!((order.status, order.amount_paid_paise), (OrderStatus::Paid, 11_200));

    let notes = Notes::from([("why".to_owned(), "late".to_owned())]);
    let refund = RefundAsk { amount_paise: 1_200, notes: &notes, ..ask("refund-0001") };
    let made = shop.razorpay.refund(&id, &refund).await.unwrap();
    assert_eq!((made.status, made.receipt.as_deref()), (RefundStatus::Pending, Some("R1")));
    assert_eq!((made.notes["why"].as_str(), made.speed.as_deref()), ("late", Some("normal")));
    shop.flush().await;
    let refunds = shop.razorpay.fetch_refunds(&id).await.unwrap();
    assert_eq!((refunds.len(), refunds[0].status), (1, RefundStatus::Processed));
    let payment = shop.razorpay.fetch_payment(&id).await.unwrap();
    assert_eq!((payment.status, payment.amount_refunded_paise), (PaymentStatus::Captured, 1_200));
}

#[tokio::test]
async fn what_razorpay_refuses_the_client_says_in_its_words() {
    let shop = Shop::open(|_| ()).await;
    let refused = |error: ClientError| match error {
        ClientError::Refused { code, description } => {
            assert_eq!(code, "BAD_REQUEST_ERROR");
            description
        }
        other => panic!("{other:?}"),
    };
    let none = Notes::new();
    let small = shop.razorpay.create_order("O0", 99, &none).await.unwrap_err();
    assert_eq!(refused(small), "Order amount less than minimum amount allowed");
    let order = shop.razorpay.create_order("O1", 11_200, &none).await.unwrap();
    let other = shop.razorpay.create_order("O1", 11_300, &none).await.unwrap_err();
    assert_eq!(refused(other), "Order receipt should be unique");
    let unknown = shop.razorpay.fetch_payment("pay_none").await.unwrap_err();
    assert_eq!(refused(unknown), "The id provided does not exist");
    let id = shop.paid(&order.order_id).await;
    assert!(
        refused(shop.razorpay.capture(&id, 100).await.unwrap_err()).starts_with("Capture amount")
    );
    let early = shop.razorpay.refund(&id, &ask("refund-0001")).await.unwrap_err();
    assert!(refused(early).starts_with("The payment status should be captured"));
    shop.razorpay.capture(&id, 11_200).await.unwrap();
    let much = RefundAsk { amount_paise: 11_201, ..ask("refund-0002") };
    let much = shop.razorpay.refund(&id, &much).await.unwrap_err();
    assert!(refused(much).starts_with("The total refund amount"));
    shop.razorpay.refund(&id, &ask("refund-0003")).await.unwrap();
    let other = RefundAsk { amount_paise: 600, ..ask("refund-0003") };
    let other = shop.razorpay.refund(&id, &other).await.unwrap_err();
    assert!(refused(other).starts_with("Different request"));
    let stranger = shop.client("rzp_test_standin", "a wrong secret");
    let error = stranger.fetch_order(&order.order_id).await.unwrap_err();
    assert_eq!(refused(error), "Authentication failed");
}

#[tokio::test]
async fn paths_and_bodies_that_are_none_are_refused_in_the_envelope() {
    let shop = Shop::open(|_| ()).await;
    for (method, path, body, status) in [
        ("GET", "/v1/nothing", "", 404),
        ("DELETE", "/v1/orders", "", 404),
        ("GET", "/", "", 404),
        ("POST", "/v1/orders", "{", 400),
        ("POST", "/v1/orders", "[]", 400),
        ("POST", "/v1/orders", "", 400),
        ("POST", "/sim/pay", "{}", 400),
        ("POST", "/sim/pay", r#"{"order_id":"order_none"}"#, 400),
        ("POST", "/sim/faults", r#"{"slo":1}"#, 400),
        ("POST", "/sim/faults", r#"{"slow":101}"#, 400),
        ("POST", "/sim/refund", r#"{"payment_id":"pay_none"}"#, 400),
    ] {
        let (got, answer) = shop.call(method, path, body).await;
        assert_eq!(got, status, "{method} {path} {body}: {answer}");
        assert!(answer["error"]["description"].is_string(), "{method} {path}: {answer}");
    }
    let (status, _) = shop.call("POST", "/v1/orders", &"x".repeat(70_000)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn what_the_stand_in_knows_survives_its_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let nobody = Shop::open(|config| {
        config.state = Some(file.clone());
        config.webhook_url = None;
    })
    .await;
    let order = nobody.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    let id = nobody.paid(&order.order_id).await;
    nobody.razorpay.capture(&id, 11_200).await.unwrap();
    let made = nobody.razorpay.refund(&id, &ask("refund-0001")).await.unwrap();
    nobody.running.stop().await;

    let shop = Shop::open(|config| config.state = Some(file.clone())).await;
    let again = shop.razorpay.create_order("O1", 11_200, &Notes::new()).await.unwrap();
    assert_eq!((&again.order_id, again.status), (&order.order_id, OrderStatus::Paid));
    let twin = shop.razorpay.refund(&id, &ask("refund-0001")).await.unwrap();
    assert_eq!(twin.refund_id, made.refund_id);
    let other = shop.razorpay.create_order("O2", 11_200, &Notes::new()).await.unwrap();
    assert_ne!(other.order_id, order.order_id, "ids do not begin anew");
    // What nobody took before the restart is sent after it, and the bank goes on with the refund.
    shop.flush().await;
    let mut events = shop.events();
    events.sort();
    assert_eq!(
        events,
        [
            "order.paid",
            "payment.authorized",
            "payment.captured",
            "refund.created",
            "refund.processed"
        ]
    );
    shop.running.stop().await;
    std::fs::write(&file, "{").unwrap();
    let broken = Config { state: Some(file), ..shop::config() };
    let error = start(broken).await.err().unwrap();
    assert!(error.contains("state.json"), "{error}");
}

#[tokio::test]
async fn what_was_answered_is_in_the_file_already() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let shop = Shop::open(|config| config.state = Some(file.clone())).await;
    for n in 0..5 {
        let order = shop.razorpay.create_order(&format!("O{n}"), 500, &Notes::new()).await.unwrap();
        let kept = keep::read(&file).unwrap().expect("it is written");
        assert!(kept.orders.contains_key(&order.order_id), "as after a kill: {n}");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_refused_with_a_sentence() {
    let taken = Shop::open(|_| ()).await;
    let address: SocketAddr = taken.running.url[7..].trim_end_matches("/v1").parse().unwrap();
    for (config, part) in [
        (Config { listen: address, ..shop::config() }, "cannot listen"),
        (Config { time_scale: f64::NAN, ..shop::config() }, "time scale"),
        (Config { time_scale: -1.0, ..shop::config() }, "time scale"),
        (
            Config { webhook_url: Some("http://192.0.2.1/".into()), ..shop::config() },
            "not encrypted",
        ),
    ] {
        let error = start(config).await.err().unwrap();
        assert!(error.contains(part), "{error}");
    }
}
