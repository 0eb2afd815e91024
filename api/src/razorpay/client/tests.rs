use super::*;
use crate::outbound::receiver::{Receiver, answer};
use hyper::Response;

/// A client of a server that answers what the test says. Against the stand-in:
/// `sim/tests`.
fn client(url: &str, timeout: Duration) -> Razorpay {
    let access = Access {
        key_id: "rzp_test_1".to_owned(),
        key_secret: Secret::short(b"tell_nobody".to_vec()).unwrap(),
        url: url.to_owned(),
        timeout,
    };
    Razorpay::new(&access, Outbound::new().unwrap()).unwrap()
}

fn payment(status: &str, amount: i64) -> Value {
    json!({
        "id": "pay_1", "order_id": "order_1", "amount": amount, "currency": "INR",
        "status": status, "amount_refunded": 0, "method": "upi", "notes": [],
    })
}

fn against(receiver: &Receiver) -> Razorpay {
    client(&receiver.url("/v1/"), Duration::from_secs(30))
}

const ASK: RefundAsk<'static> = RefundAsk {
    amount_paise: 500,
    receipt: "R1",
    notes: &Notes::new(),
    idempotency_key: "refund-0001",
};

#[tokio::test]
async fn an_order_is_asked_for_with_its_receipt_and_without_automatic_capture() {
    let order = json!({
        "id": "order_1", "amount": 11_200, "amount_paid": 0, "currency": "INR",
        "receipt": "O1", "status": "created",
    });
    let receiver = Receiver::fixed(200, &order.to_string()).await;
    let notes = Notes::from([("order".to_owned(), "O1".to_owned())]);
    let order = against(&receiver).create_order("O1", 11_200, &notes).await.unwrap();
    assert_eq!((order.order_id.as_str(), order.amount_paise), ("order_1", 11_200));
    let seen = &receiver.seen()[0];
    assert_eq!(seen.line, "POST /v1/orders");
    // rzp_test_1:tell_nobody
    assert_eq!(seen.header("authorization"), "Basic cnpwX3Rlc3RfMTp0ZWxsX25vYm9keQ==");
    assert_eq!(seen.header("content-type"), "application/json");
    let body = seen.json();
    assert_eq!(body["unique_receipt"], true);
    assert_eq!(body["payment"]["capture"], "manual");
    assert_eq!(body["payment"]["capture_options"]["manual_expiry_period"], 7_200);
    assert_eq!(body["payment"]["capture_options"]["refund_speed"], "normal");
    assert_eq!(body["notes"]["order"], "O1");
}

#[tokio::test]
async fn every_status_says_what_the_caller_can_do() {
    let envelope = r#"{"error":{"code":"BAD_REQUEST_ERROR","description":"No."}}"#;
    for status in [408, 409, 425, 429, 500, 502, 503, 504] {
        let receiver = Receiver::fixed(status, envelope).await;
        let error = against(&receiver).refund("pay_1", &ASK).await.unwrap_err();
        assert!(matches!(error, ClientError::Retry { .. }), "{status}: {error:?}");
    }
    for status in [400, 401, 404, 422] {
        let receiver = Receiver::fixed(status, envelope).await;
        let error = against(&receiver).refund("pay_1", &ASK).await.unwrap_err();
        let refused = ClientError::Refused {
            code: "BAD_REQUEST_ERROR".to_owned(),
            description: "No.".to_owned(),
        };
        assert_eq!(error, refused, "{status}");
    }
    let bare = Receiver::fixed(400, "<html>").await;
    let error = against(&bare).fetch_payment("pay_1").await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused { code, .. } if code == "HTTP_400"), "{error:?}");
    for (status, body) in [(200, "<html>"), (200, "{}"), (200, ""), (302, ""), (304, "")] {
        let receiver = Receiver::fixed(status, body).await;
        let error = against(&receiver).fetch_payment("pay_1").await.unwrap_err();
        assert!(matches!(error, ClientError::Garbled { .. }), "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn a_wait_that_razorpay_asks_for_is_passed_on_within_bounds() {
    for (header, expected) in [
        ("7", Some(Duration::from_secs(7))),
        ("99999999", Some(Duration::from_hours(1))),
        ("Sun, 22 Nov 2026 10:00:00 GMT", None),
        ("-1", None),
    ] {
        let limited = move |_: &_| -> Response<String> {
            let mut answer = answer(429, "{}");
            answer.headers_mut().insert("retry-after", HeaderValue::from_static(header));
            answer
        };
        let receiver = Receiver::start(limited).await;
        let error = against(&receiver).fetch_payment("pay_1").await.unwrap_err();
        let ClientError::Retry { retry_after, .. } = error else { panic!("{error:?}") };
        assert_eq!(retry_after, expected, "{header}");
    }
}

#[tokio::test]
async fn a_second_capture_looks_at_the_payment_before_it_calls_itself_refused() {
    for (found, expected) in [
        (payment("captured", 500), Ok(PaymentStatus::Captured)),
        (payment("refunded", 500), Ok(PaymentStatus::Refunded)),
        (payment("captured", 400), Err("BAD_REQUEST_ERROR")),
        (payment("failed", 500), Err("BAD_REQUEST_ERROR")),
        (payment("authorized", 500), Err("BAD_REQUEST_ERROR")),
    ] {
        let shown = found.to_string();
        let receiver = Receiver::start(move |seen| {
            if seen.line.starts_with("POST") {
                let refusal = r#"{"error":{"code":"BAD_REQUEST_ERROR","description":"No."}}"#;
                return answer(400, refusal);
            }
            answer(200, &found.to_string())
        })
        .await;
        let captured = against(&receiver).capture("pay_1", 500).await;
        match (captured, expected) {
            (Ok(payment), Ok(status)) => assert_eq!(payment.status, status),
            (Err(ClientError::Refused { code, .. }), Err(expected)) => {
                assert_eq!(code, expected);
            }
            other => panic!("{shown}: {other:?}"),
        }
        let lines: Vec<_> = receiver.seen().into_iter().map(|seen| seen.line).collect();
        assert_eq!(lines, ["POST /v1/payments/pay_1/capture", "GET /v1/payments/pay_1"]);
    }
}

#[tokio::test]
async fn an_answer_about_something_else_is_not_taken_for_ours() {
    let receiver = Receiver::fixed(200, &payment("captured", 400).to_string()).await;
    let client = against(&receiver);
    assert!(matches!(client.capture("pay_1", 500).await, Err(ClientError::Garbled { .. })));
    assert!(matches!(client.fetch_payment("pay_2").await, Err(ClientError::Garbled { .. })));
}

#[tokio::test]
async fn an_entry_of_the_books_that_cannot_be_read_hides_no_other() {
    let good = payment("captured", 1).to_string();
    let odd = payment("puzzling", 1);
    let text = good.replacen('{', r#"{"description":"Thanks \ud83d","#, 1);
    let items = format!(r#"{{"items":[{odd},{text},{good}]}}"#);
    let receiver = Receiver::fixed(200, &items).await;
    let list = against(&receiver).fetch_order_payments("order_1").await.unwrap();
    assert_eq!(list.len(), 2, "{list:?}");
}

#[tokio::test]
async fn a_wrong_id_key_or_receipt_is_not_sent() {
    let receiver = Receiver::fixed(200, "{}").await;
    let client = against(&receiver);
    let is_unsent = |error: ClientError| match error {
        ClientError::Refused { code, .. } => code == "NOT_SENT",
        _ => false,
    };
    for id in ["", "pay_1/../orders", "pay_1?x", "pay 1", "pay_\u{e9}", &"p".repeat(41)] {
        assert!(is_unsent(client.fetch_payment(id).await.unwrap_err()), "{id}");
        assert!(is_unsent(client.capture(id, 100).await.unwrap_err()), "{id}");
    }
    for key in ["short", "with space 1", "line\nbreak-1", &"k".repeat(65)] {
        let ask = RefundAsk { idempotency_key: key, ..ASK };
        assert!(is_unsent(client.refund("pay_1", &ask).await.unwrap_err()), "{key}");
    }
    for receipt in ["", &"r".repeat(41)] {
        let order = client.create_order(receipt, 100, &Notes::new()).await;
        assert!(is_unsent(order.unwrap_err()), "{receipt}");
    }
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn an_unreachable_razorpay_is_a_reason_to_try_again() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let client = client(&format!("http://{address}/v1"), Duration::from_secs(30));
    let error = client.fetch_payment("pay_1").await.unwrap_err();
    assert!(matches!(error, ClientError::Retry { .. }), "{error:?}");
}

#[test]
fn a_client_is_never_plain_over_the_network_and_never_prints_its_secret() {
    let access = |url: &str| Access {
        key_id: "rzp_test_1".to_owned(),
        key_secret: Secret::short(b"tell_nobody".to_vec()).unwrap(),
        url: url.to_owned(),
        timeout: TIMEOUT,
    };
    let new = |url| Razorpay::new(&access(url), Outbound::new().unwrap());
    for bad in ["http://api.razorpay.com/v1", "https://example.com/v1?x=1", "nowhere"] {
        assert!(new(bad).is_err(), "{bad}");
    }
    let client = new(URL).unwrap();
    let printed = format!("{client:?} {:?} {:?}", client.authorization, access(URL));
    assert!(printed.contains("rzp_test_1"), "{printed}");
    assert!(!printed.contains("tell_nobody") && !printed.contains("Basic"), "{printed}");
}
