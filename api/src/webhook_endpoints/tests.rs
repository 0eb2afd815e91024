//! The sender against a receiver on loopback.

use super::*;
use crate::outbound::receiver::{Receiver, answer};
use axum::http::header::LOCATION;
use uuid::Uuid;

fn message(url: String, secrets: Vec<Vec<u8>>) -> HookMessage {
    HookMessage {
        id: "msg_7_42".to_owned(),
        name: "webhook.test".to_owned(),
        url,
        secrets,
        sent_at_ms: 1_614_265_330_999,
        happened_at_ms: 951_782_400_000,
        content: HookContent::Test { endpoint_id: EndpointId(Uuid::from_u128(7)) },
    }
}

fn sender(allow_private: bool) -> Sender {
    Sender::new(Outbound::new().unwrap(), allow_private)
}

#[tokio::test]
async fn a_message_goes_out_signed_with_its_id_and_the_time_of_the_try() {
    let receiver = Receiver::fixed(204, "").await;
    let secrets = vec![b"the new secret".to_vec(), b"the old secret".to_vec()];
    let sent = sender(true).send(message(receiver.url("/hook?a=b"), secrets.clone())).await;
    assert_eq!(sent, Ok(204));
    let seen = receiver.seen();
    let [seen] = &seen[..] else { panic!("one request, and not {seen:?}") };
    assert_eq!(seen.line, "POST /hook?a=b");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("webhook-id"), "msg_7_42");
    assert_eq!(seen.header("webhook-timestamp"), "1614265330");
    let signed = signature::header(&secrets, "msg_7_42", 1_614_265_330, &seen.body);
    assert_eq!(seen.header("webhook-signature"), signed);
    let data = json!({ "endpoint_id": Uuid::from_u128(7) });
    let time = "2000-02-29T00:00:00.000Z";
    let body = json!({ "type": "webhook.test", "timestamp": time, "data": data });
    assert_eq!(seen.json(), body);
}

#[tokio::test]
async fn an_answer_other_than_2xx_is_a_failure_with_what_it_said() {
    let receiver = Receiver::start(|_| {
        let mut busy = answer(429, "later");
        busy.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("7"));
        busy
    })
    .await;
    let failed = sender(true).send(message(receiver.url("/"), vec![vec![1]])).await.unwrap_err();
    assert_eq!((failed.status, failed.after), (Some(429), Some(Duration::from_secs(7))));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Receiver::fixed(200, "").await;
    let url = target.url("/");
    let receiver = Receiver::start(move |_| {
        let mut moved = answer(307, "");
        moved.headers_mut().insert(LOCATION, HeaderValue::from_str(&url).unwrap());
        moved
    })
    .await;
    let failed = sender(true).send(message(receiver.url("/"), vec![vec![1]])).await.unwrap_err();
    assert_eq!(failed.status, Some(307));
    assert_eq!(target.seen().len(), 0);
}

#[tokio::test]
async fn without_leave_nothing_reaches_this_machine() {
    let receiver = Receiver::fixed(200, "").await;
    let port = receiver.address.port();
    for url in [
        receiver.url("/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://localhost:{port}/"),
    ] {
        let failed = sender(false).send(message(url.clone(), vec![vec![1]])).await.unwrap_err();
        assert_eq!(failed.status, None, "{url}");
    }
    assert_eq!(receiver.seen().len(), 0);
}

#[tokio::test]
async fn nobody_there_is_a_failure_without_a_status() {
    let address = {
        let receiver = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        receiver.local_addr().unwrap()
    };
    let message = message(format!("http://{address}/"), vec![vec![1]]);
    let failed = sender(true).send(message).await.unwrap_err();
    assert_eq!((failed.status, failed.after), (None, None));
    assert!(failed.detail.contains("no connection"), "{}", failed.detail);
}

#[test]
fn the_time_to_come_again_is_a_number_or_a_date() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:07 GMT").unwrap();
    let wait = |text| wait_of(text, now).map(|wait| wait.as_secs());
    assert_eq!(wait(" 120 "), Some(120));
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
    assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
    assert_eq!(wait("soon"), None);
}
