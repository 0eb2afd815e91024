//! The accept loop of the stand-in. Its own, because it has to be able to hang up instead of
//! answering.

use super::message::{Asked, Reply};
use super::state::Sim;
use super::{customer, provider};
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

/// Bytes of a request's body.
const BODY_BYTES_MAX: usize = 64 * 1_024;
/// Connections at once; one more waits.
const CONNECTIONS_MAX: usize = 4_096;

/// Serves until `stopped` says so.
pub(super) async fn serve(
    sim: Arc<Sim>,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        let Ok((stream, _)) = accepted else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (sim, mut stopped) = (Arc::clone(&sim), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = connection(sim, stream) => (),
                _ = stopped.wait_for(|stop| *stop) => (),
            }
            drop(permit);
        });
    }
}

async fn connection(sim: Arc<Sim>, stream: TcpStream) {
    _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(Arc::clone(&sim), request));
    let mut http = http1::Builder::new();
    // An error of the service is how the connection ends without an answer.
    _ = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    sim: Arc<Sim>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(response(413, &json!({ "error": { "description": "The body is too long" } })));
    };
    let mut path = head.uri.path().trim_matches('/').split('/').map(str::to_owned);
    let side = path.next().unwrap_or_default();
    let asked = Asked {
        method: head.method,
        path: path.collect(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    let reply = match side.as_str() {
        "v1" => provider::answer(&sim, asked).await,
        "sim" => customer::answer(&sim, &asked).await,
        _ => Reply::not_found(),
    };
    sim.is_saved().await;
    match reply {
        Reply::Json(status, body) => Ok(response(status, &body)),
        Reply::HangUp => Err(io::Error::other("hung up, as asked for")),
    }
}

fn response(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
