use super::*;
use crate::outbound::receiver::{Receiver, answer};
use crate::razorpay::Settings;
use crate::razorpay::client::{Access, TIMEOUT};
use crate::razorpay::sim::{Config, KEY_ID, KEY_SECRET, Running, WEBHOOK_SECRET, start};
use serde_json::{Value, json};
use uuid::Uuid;

const ORDER: OrderId = OrderId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_0001));

fn online(url: &str) -> Online {
    let secret = |text: &str| Secret::short(text.into()).unwrap();
    let access = Access {
        key_id: KEY_ID.to_owned(),
        key_secret: secret(KEY_SECRET),
        url: url.to_owned(),
        timeout: TIMEOUT,
    };
    Online::new(&Settings { access, webhook_secrets: vec![secret(WEBHOOK_SECRET)] }).unwrap()
}

async fn stand_in() -> (Running, Arc<dyn PaymentPort>) {
    let listen = "127.0.0.1:0".parse().unwrap();
    let config = Config { listen, webhook_url: None, time_scale: 0.0, ..Config::default() };
    let running = start(config).await.unwrap();
    let port = online(&running.url).port();
    (running, port)
}

fn payment(status: PaymentStatus, currency: &str) -> Payment {
    Payment {
        payment_id: "pay_1".to_owned(),
        order_id: Some("order_1".to_owned()),
        amount_paise: 500,
        currency: currency.to_owned(),
        status,
        amount_refunded_paise: 0,
        method: None,
        error_code: Some("BAD_REQUEST_ERROR".to_owned()),
        error_description: Some("The bank\nsaid no".to_owned()),
        error_reason: Some("payment_failed".to_owned()),
        notes: Notes::new(),
    }
}

/// Pays at the stand-in; answers the payment's id.
async fn pay(running: &Running, ask: Value) -> ProviderId {
    use crate::outbound::Call;
    let uri = format!("{}/pay", running.customer_url()).parse().unwrap();
    let body = axum::body::Bytes::from(ask.to_string());
    let call = Call {
        method: hyper::Method::POST,
        uri,
        headers: Vec::new(),
        body,
        timeout: TIMEOUT,
        pinned: None,
    };
    let answer = Outbound::new().unwrap().call(call).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    ProviderId::parse(answer["razorpay_payment_id"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn an_order_is_made_once_paid_captured_and_given_back_once() {
    let (running, port) = stand_in().await;
    let id = port.create_order(ORDER, Paise(500)).await.unwrap();
    assert_eq!(port.create_order(ORDER, Paise(500)).await.unwrap(), id, "found again");
    let charge = pay(&running, json!({ "order_id": &*id })).await;
    let seen = port.look(ORDER, id.clone()).await.unwrap();
    assert_eq!(seen.charges[0].status, ChargeStatus::Authorized);
    for _ in 0..2 {
        let captured = port.capture(charge.clone(), Paise(500)).await.unwrap();
        assert_eq!((captured.status, captured.amount), (ChargeStatus::Captured, Paise(500)));
    }
    let first = port.refund(ORDER, 1, charge.clone(), Paise(200)).await.unwrap();
    let again = port.refund(ORDER, 1, charge.clone(), Paise(200)).await.unwrap();
    assert_eq!((first.number, &first.id), (Some(1), &again.id));
    let seen = port.look(ORDER, id).await.unwrap();
    assert_eq!(seen.charges[0].status, ChargeStatus::Captured);
    assert_eq!(seen.refunds.len(), 1);
    assert_eq!((seen.refunds[0].number, seen.refunds[0].amount), (Some(1), Paise(200)));
    let other = OrderId(Uuid::from_u128(2));
    let provider_order = port.create_order(ORDER, Paise(500)).await.unwrap();
    let seen = port.look(other, provider_order).await.unwrap();
    assert_eq!(seen.refunds[0].number, None, "the number is that of another order");
    running.stop().await;
}

#[tokio::test]
async fn what_the_provider_will_never_do_is_given_up_and_the_rest_is_tried_again() {
    let (running, port) = stand_in().await;
    let refused = port.capture(ProviderId::parse("pay_none").unwrap(), Paise(500)).await;
    assert!(matches!(refused, Err(PaymentPortError::Refused { .. })), "{refused:?}");
    running.stop().await;
    let gone = port.create_order(ORDER, Paise(500)).await;
    assert!(matches!(gone, Err(PaymentPortError::Retry { .. })), "{gone:?}");
    let receiver = Receiver::start(|_| answer(200, "no JSON")).await;
    let garbled = online(&receiver.url("/v1")).port().create_order(ORDER, Paise(500)).await;
    assert!(matches!(garbled, Err(PaymentPortError::Retry { after: None, .. })), "{garbled:?}");
}

#[test]
fn money_in_another_currency_is_never_told() {
    for status in [PaymentStatus::Authorized, PaymentStatus::Captured, PaymentStatus::Failed] {
        assert_eq!(charge_of(&payment(status, "USD")), None, "{status:?}");
    }
    let refund = Refund {
        refund_id: "rfnd_1".to_owned(),
        payment_id: "pay_1".to_owned(),
        amount_paise: 500,
        currency: "USD".to_owned(),
        status: RefundStatus::Processed,
        receipt: None,
        notes: Notes::new(),
        speed: None,
    };
    assert_eq!(refund_of(&refund, |_| None), None);
    let rupees = Refund { currency: CURRENCY.to_owned(), ..refund };
    let seen = refund_of(&rupees, |_| Some(1)).unwrap();
    assert_eq!((seen.number, seen.status), (None, money::RefundStatus::Processed));
}

#[test]
fn a_payment_comes_to_what_the_engine_knows_of_charges() {
    let of = |status| charge_of(&payment(status, "INR")).map(|charge| charge.status);
    assert_eq!(of(PaymentStatus::Created), None);
    assert_eq!(of(PaymentStatus::Failed), Some(ChargeStatus::Failed));
    assert_eq!(of(PaymentStatus::Authorized), Some(ChargeStatus::Authorized));
    assert_eq!(of(PaymentStatus::Captured), Some(ChargeStatus::Captured));
    assert_eq!(of(PaymentStatus::Refunded), Some(ChargeStatus::Captured));
    let failed = charge_of(&payment(PaymentStatus::Failed, "INR")).unwrap();
    let failure = failed.failure.unwrap();
    assert_eq!(failure.description.as_deref(), Some("The banksaid no"));
    let for_programs = (failure.code.as_deref(), failure.reason.as_deref());
    assert_eq!(for_programs, (Some("BAD_REQUEST_ERROR"), Some("payment_failed")));
    let paid = charge_of(&payment(PaymentStatus::Captured, "INR")).unwrap();
    assert_eq!(paid.failure, None, "what is left over from an attempt before is no error");
}
