//! Server-sent events (WHATWG HTML §9.2) as the body of an answer, pulled by the connection: what
//! a slow reader does not take is not made.

use super::RETRY_MS;
use super::render::Message;
use super::session::{Outgoing, Session};
use crate::http::listener::connection::EVENT_STREAM;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

type Step = Pin<Box<dyn Future<Output = (Session, Outgoing)> + Send>>;

/// A stream as a body.
struct Events {
    /// Sent first.
    retry: bool,
    /// The next step; `None` once the stream has ended.
    step: Option<Step>,
}

/// The answer that carries a stream.
pub(crate) fn answer(session: Session) -> Response {
    let mut response = Response::new(Body::new(Events { retry: true, step: Some(step(session)) }));
    for (name, value) in [
        (CONTENT_TYPE, EVENT_STREAM),
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

fn step(mut session: Session) -> Step {
    Box::pin(async move {
        let next = session.next().await;
        (session, next)
    })
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::take(&mut self.retry) {
            return frame(format!("retry: {RETRY_MS}\n\n"));
        }
        let Some(waited) = &mut self.step else { return Poll::Ready(None) };
        let Poll::Ready((session, next)) = waited.as_mut().poll(context) else {
            return Poll::Pending;
        };
        match next {
            Outgoing::End => {
                self.step = None;
                Poll::Ready(None)
            }
            Outgoing::KeepAlive => {
                self.step = Some(step(session));
                frame(": keep-alive\n\n")
            }
            Outgoing::Message(message) => {
                self.step = Some(step(session));
                frame(text(&message))
            }
        }
    }
}

fn frame(text: impl Into<Bytes>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
    Poll::Ready(Some(Ok(Frame::data(text.into()))))
}

/// A message as it goes over the wire. JSON has no line breaks, so its data is one line.
fn text(message: &Message) -> Vec<u8> {
    let mut text = Vec::with_capacity(message.data.len() + 64);
    if let Some(id) = message.id {
        text.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    text.extend_from_slice(format!("event: {}\ndata: ", message.event).as_bytes());
    text.extend_from_slice(&message.data);
    text.extend_from_slice(b"\n\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_block_that_an_event_source_reads() {
        let data = Bytes::from_static(b"{\"a\":1}");
        let message = Message { id: Some(7), event: "order.placed".to_owned(), data };
        assert_eq!(text(&message), b"id: 7\nevent: order.placed\ndata: {\"a\":1}\n\n");
        let silent = Message { id: None, ..message };
        assert_eq!(text(&silent), b"event: order.placed\ndata: {\"a\":1}\n\n");
    }
}
