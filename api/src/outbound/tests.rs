use super::receiver::{Receiver, answer};
use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn get(url: &str) -> Call {
    Call {
        method: Method::GET,
        uri: url.parse().unwrap(),
        headers: Vec::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(30),
        pinned: None,
    }
}

/// A server that does to its first connection what the test says.
async fn raw<F: Future<Output = ()> + Send>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    address
}

#[tokio::test]
async fn a_call_sends_its_headers_and_body_and_answers_any_status() {
    let receiver = Receiver::fixed(418, "tea").await;
    let headers = vec![(header("x-a"), HeaderValue::from_static("b"))];
    let post = Call {
        method: Method::POST,
        headers,
        body: Bytes::from_static(b"hello"),
        ..get(&receiver.url("/path?q=1"))
    };
    let answer = Outbound::new().unwrap().call(post).await.unwrap();
    assert_eq!((answer.status, answer.body.as_ref()), (418, b"tea".as_slice()));
    let seen = &receiver.seen()[0];
    assert_eq!(seen.line, "POST /path?q=1");
    assert_eq!((seen.header("x-a"), seen.body.as_ref()), ("b", b"hello".as_slice()));
    assert_eq!(seen.header("host"), receiver.address.to_string());
    assert_eq!(seen.header("content-length"), "5");
}

fn header(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Receiver::fixed(200, "secret").await;
    let to = target.url("/");
    let receiver = Receiver::start(move |_| {
        let mut answer = answer(307, "");
        answer.headers_mut().insert("location", HeaderValue::try_from(&to).unwrap());
        answer
    })
    .await;
    let answer = Outbound::new().unwrap().call(get(&receiver.url("/"))).await.unwrap();
    assert_eq!(answer.status, 307);
    assert!(target.seen().is_empty());
}

#[tokio::test]
async fn a_silent_server_costs_the_time_of_the_call_and_no_more() {
    let silent = raw(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let timeout = Duration::from_millis(50);
    let call = Call { timeout, ..get(&format!("http://{silent}/")) };
    let error = Outbound::new().unwrap().call(call).await.unwrap_err();
    assert_eq!(error, OutboundError::TimedOut { timeout });
}

#[tokio::test]
async fn a_long_answer_is_not_read_to_its_end() {
    let receiver = Receiver::start(|_| answer(200, &"x".repeat(ANSWER_BYTES_MAX + 1))).await;
    let outbound = Outbound::new().unwrap();
    let error = outbound.call(get(&receiver.url("/"))).await.unwrap_err();
    assert_eq!(error, OutboundError::TooLong);
    let whole = Receiver::start(|_| answer(200, &"x".repeat(ANSWER_BYTES_MAX))).await;
    let answer = outbound.call(get(&whole.url("/"))).await.unwrap();
    assert_eq!(answer.body.len(), ANSWER_BYTES_MAX);
}

#[tokio::test]
async fn a_connection_that_ends_early_is_no_answer() {
    for part in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhal"] {
        let address = raw(move |mut stream| async move {
            let mut some = [0; 1_024];
            _ = stream.read(&mut some).await;
            stream.write_all(part.as_bytes()).await.unwrap();
        })
        .await;
        let error = Outbound::new().unwrap().call(get(&format!("http://{address}/"))).await;
        assert!(matches!(error, Err(OutboundError::BrokeOff { .. })), "{part:?}: {error:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_no_answer() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let error = Outbound::new().unwrap().call(get(&format!("http://{address}/"))).await;
    assert!(matches!(error, Err(OutboundError::Unreachable { .. })), "{error:?}");
}

#[tokio::test]
async fn a_pinned_call_goes_to_its_address_and_keeps_its_name() {
    let receiver = Receiver::fixed(200, "").await;
    let url = "http://nowhere.invalid:81/x";
    let call = Call { pinned: Some(receiver.address), ..get(url) };
    let outbound = Outbound::new().unwrap();
    assert_eq!(outbound.call(call).await.unwrap().status, 200);
    assert_eq!(receiver.seen()[0].header("host"), "nowhere.invalid:81");
    // Another address for the same name gets its own connection.
    let other = Receiver::fixed(204, "").await;
    let call = Call { pinned: Some(other.address), ..get(url) };
    assert_eq!(outbound.call(call).await.unwrap().status, 204);
}

#[tokio::test]
async fn plain_http_never_leaves_this_machine_whatever_the_name_leads_to() {
    // 192.0.2.0/24 is nobody's (RFC 5737).
    for (url, pinned) in
        [("http://192.0.2.1:9/", None), ("http://localhost/", Some("192.0.2.1:9".parse().unwrap()))]
    {
        let error = Outbound::new().unwrap().call(Call { pinned, ..get(url) }).await.unwrap_err();
        let OutboundError::Unreachable { detail } = error else { panic!("{error:?}") };
        assert!(detail.contains("this machine only"), "{detail}");
    }
}

#[tokio::test]
async fn a_pinned_https_call_asks_for_the_certificate_of_its_name() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let address = raw(|mut stream| async move {
        let mut hello = vec![0; 4_096];
        let length = stream.read(&mut hello).await.unwrap();
        hello.truncate(length);
        tell.send(hello).unwrap();
        // No TLS comes back, so the call fails.
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    })
    .await;
    let call = Call { pinned: Some(address), ..get("https://hooks.example.com/x") };
    let error = Outbound::new().unwrap().call(call).await;
    assert!(matches!(error, Err(OutboundError::Unreachable { .. })), "{error:?}");
    let hello = told.await.unwrap();
    assert_eq!(hello[0], 22, "a TLS handshake comes first");
    let name = b"hooks.example.com";
    assert!(hello.windows(name.len()).any(|part| part == name), "the name is in the hello");
}

#[test]
fn an_address_is_https_or_this_machine() {
    for good in [
        "https://api.razorpay.com/v1",
        "https://192.0.2.1/",
        "http://127.0.0.1:8090/v1",
        "http://127.8.8.8/",
        "http://[::1]:80/",
        "http://localhost:1/",
    ] {
        assert!(address(good).is_ok(), "{good}");
    }
    for bad in [
        "http://api.razorpay.com/v1",
        "http://192.0.2.1/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "/v1",
        "127.0.0.1",
        "https://user:pass@example.com/",
        "https://example.com/#part",
        "",
    ] {
        assert!(address(bad).is_err(), "{bad}");
    }
    assert!(address(&format!("https://example.com/{}", "x".repeat(URL_CHARS_MAX))).is_err());
}
