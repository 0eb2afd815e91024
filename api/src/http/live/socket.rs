//! The same messages over WebSocket (RFC 6455), as JSON text frames. The client has nothing to say.

use super::KEEP_ALIVE_EVERY;
use super::render::Message;
use super::session::{Outgoing, Session};
use crate::http::listener::connection::ConnectionGuard;
use axum::body::Bytes;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Bytes of a frame of the client. None of them is of use.
const CLIENT_FRAME_BYTES_MAX: usize = 1_024;
/// Bytes that are read, or gathered to be written, at a time.
const BUFFER_BYTES: usize = 4 * 1_024;
/// A client from which nothing has come for so long, although it was pinged, has gone.
const SILENCE_MAX: Duration = Duration::from_secs(4 * KEEP_ALIVE_EVERY.as_secs());

/// Answers the upgrade; the stream begins once the connection has changed over. The guard keeps the
/// connection counted while the stream is open.
pub(crate) fn answer(
    upgrade: WebSocketUpgrade,
    session: Session,
    guard: Option<ConnectionGuard>,
) -> Response {
    upgrade
        .max_message_size(CLIENT_FRAME_BYTES_MAX)
        .max_frame_size(CLIENT_FRAME_BYTES_MAX)
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .on_upgrade(move |socket| async move {
            run(socket, session).await;
            drop(guard);
        })
}

async fn run(mut socket: WebSocket, mut session: Session) {
    let stall = session.streams().stall;
    let mut heard = Instant::now();
    loop {
        let next = tokio::select! {
            frame = socket.recv() => match frame {
                // Whatever it is, nobody asked for it.
                Some(Ok(Frame::Close(_))) => {
                    // The library answers it (RFC 6455 §5.5.1) as it is asked for what comes next.
                    _ = timeout(stall, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
                    return;
                }
                Some(Ok(_)) => {
                    heard = Instant::now();
                    continue;
                }
                _ => return,
            },
            next = session.next() => next,
        };
        let frame = match next {
            Outgoing::Message(message) => Frame::text(text(&message)),
            Outgoing::KeepAlive if heard.elapsed() < SILENCE_MAX => Frame::Ping(Bytes::new()),
            Outgoing::KeepAlive => return,
            Outgoing::End => {
                // The client reconnects, or does not; either way there is nothing to wait for.
                _ = timeout(stall, socket.send(Frame::Close(None))).await;
                return;
            }
        };
        match timeout(stall, socket.send(frame)).await {
            Ok(Ok(())) => (),
            Ok(Err(_)) => return,
            Err(_) => return session.streams().cut.increment(1),
        }
    }
}

/// A message as one object: its position, its name, and the CloudEvent.
fn text(message: &Message) -> String {
    let id = message.id.map_or_else(|| "null".to_owned(), |id| id.to_string());
    let data = String::from_utf8_lossy(&message.data);
    format!("{{\"id\":{id},\"event\":\"{}\",\"data\":{data}}}", message.event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_json_object() {
        let data = Bytes::from_static(b"{\"a\":1}");
        let message = Message { id: Some(7), event: "order.placed".to_owned(), data };
        assert_eq!(text(&message), r#"{"id":7,"event":"order.placed","data":{"a":1}}"#);
        let silent = Message { id: None, ..message };
        assert_eq!(text(&silent), r#"{"id":null,"event":"order.placed","data":{"a":1}}"#);
    }
}
