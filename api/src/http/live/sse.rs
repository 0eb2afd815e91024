//! Server-sent events (WHATWG HTML §9.2) as the body of a response, pulled by the connection: an
//! event that a slow reader does not take is not made.
//!
//! Keep-alives come from the session, which sends them over WebSocket too.

use super::RETRY_MS;
use super::render::Message;
use super::session::{Outgoing, Session};
use axum::http::header::{CACHE_CONTROL, CONNECTION};
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream, StreamExt as _};
use std::convert::Infallible;
use std::time::Duration;

/// Returns the response that carries a stream.
pub(crate) fn answer(session: Session) -> Response {
    let events = stream::unfold(session, |mut session| async move {
        let event = event_of(&session.next().await)?;
        Some((event, session))
    });
    let mut response = response(events);
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        // Proxies that hold answers back until they are whole would hold this one for ever.
        (HeaderName::from_static("x-accel-buffering"), "no"),
        // A stream is the last thing on its connection.
        (CONNECTION, "close"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Puts the wait before a new attempt in front of the events.
fn response(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let retry = Event::default().retry(Duration::from_millis(RETRY_MS.into()));
    let events = stream::iter([retry]).chain(events);
    Sse::new(events.map(Ok::<_, Infallible>)).into_response()
}

/// Returns the event of a step, or `None` at the end of the stream.
fn event_of(outgoing: &Outgoing) -> Option<Event> {
    match outgoing {
        Outgoing::End => None,
        Outgoing::KeepAlive => Some(Event::default().comment("keep-alive")),
        Outgoing::Message(Message { id, event, data }) => {
            let named = match id {
                Some(id) => Event::default().id(id.to_string()),
                None => Event::default(),
            };
            let data = str::from_utf8(data).expect("JSON that we have rendered is UTF-8");
            Some(named.event(event).data(data))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Bytes, to_bytes};
    use axum::http::header::CONTENT_TYPE;

    #[tokio::test]
    async fn a_stream_is_blocks_that_an_event_source_reads() {
        let data = Bytes::from_static(b"{\"a\":1}");
        let message = Message { id: Some(7), event: "order.placed".to_owned(), data };
        let silent = Message { id: None, ..message.clone() };
        let steps = [Outgoing::Message(message), Outgoing::KeepAlive, Outgoing::Message(silent)];
        let events: Vec<_> = steps.iter().filter_map(event_of).collect();
        let response = response(stream::iter(events));
        // The listener knows a stream by it.
        let streaming = crate::http::listener::connection::EVENT_STREAM;
        assert_eq!(response.headers()[CONTENT_TYPE], streaming);
        let body = to_bytes(response.into_body(), 1_024).await.unwrap();
        let wanted = "retry: 3000\n\n\
            id: 7\nevent: order.placed\ndata: {\"a\":1}\n\n\
            : keep-alive\n\n\
            event: order.placed\ndata: {\"a\":1}\n\n";
        assert_eq!(body, wanted);
    }
}
