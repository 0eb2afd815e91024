//! The log of a running server, pulled frame by frame over HTTP.

use super::bar;
use crate::cli::{ConfigArgs, Failure, token};
use crate::http::routes::log::LOG_END;
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use kirana_domain::{PersonId, Principal, Role};
use kirana_storage::{BackupRun, Lsn, StoredFrame};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Bytes of one answer; the server sends a few MiB at a time.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_mins(1);
/// Retries of a request without an answer, and the pause before each.
const TRIES_MAX: u32 = 8;
const PAUSE: Duration = Duration::from_millis(500);
/// Validity of a token that we sign ourselves.
const TOKEN_S: i64 = 24 * 60 * 60;

/// A server to pull from.
pub(super) struct Remote {
    runtime: Runtime,
    server: String,
    target: String,
    authority: String,
    token: String,
}

/// The reason of a missing answer.
enum Why {
    /// It may come if one asks again.
    Now(String),
    /// It will not.
    Ever(String),
}

/// An answer: frames, and where the log ended.
type Answer = (Bytes, Lsn);

impl Remote {
    /// Finds the server and asks it whether it answers.
    pub(super) fn open(
        server: &str,
        token: Option<&str>,
        config: &ConfigArgs,
    ) -> Result<Self, Failure> {
        let server = server.trim_end_matches('/').to_owned();
        let wrong =
            || Failure::Usage("--server wants an address such as http://127.0.0.1:8080".into());
        let uri: Uri = server.parse().map_err(|_| wrong())?;
        let authority = match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(authority)) => authority.to_string(),
            _ => return Err(wrong()),
        };
        let target = match uri.port_u16() {
            Some(_) => authority.clone(),
            None => format!("{authority}:80"),
        };
        let token = match token {
            Some(token) => token.to_owned(),
            None => own_token(config)?,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Refused(format!("no runtime: {error}")))?;
        let remote = Self { runtime, server, target, authority, token };
        match remote.runtime.block_on(remote.connect()) {
            Ok(_) => Ok(remote),
            Err(Why::Now(why) | Why::Ever(why)) => Err(Failure::Refused(why)),
        }
    }

    /// Hands over all frames up to where the log ends now.
    pub(super) fn pull(&self, taking: &mut BackupRun<'_>) -> Result<(), Failure> {
        let mut connection = None;
        let mut from = taking.from();
        let mut known_end = None;
        let progress = bar("backing up", Lsn(0));
        loop {
            let (bytes, end) = self.insist(&mut connection, from)?;
            let wanted = *known_end.get_or_insert(end);
            progress.set_length(wanted.0);
            if end < taking.lsn() {
                return Err(super::behind(taking.lsn(), end));
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let split = StoredFrame::split_first(rest);
                let (frame, after) = split.map_err(|error| {
                    Failure::Refused(format!("the server sent no whole frame: {error}"))
                })?;
                taking.push(&frame)?;
                rest = after;
            }
            progress.set_position(taking.lsn().0);
            // What was written meanwhile is for the next run.
            if bytes.is_empty() || taking.lsn() >= wanted {
                break;
            }
            from = taking.lsn().next();
        }
        progress.finish_and_clear();
        Ok(())
    }

    /// Asks until there is an answer, or none will come.
    fn insist(
        &self,
        connection: &mut Option<SendRequest<Empty<Bytes>>>,
        from: Lsn,
    ) -> Result<Answer, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.runtime.block_on(self.ask(connection, from)) {
                Ok(answer) => return Ok(answer),
                Err(Why::Now(_)) if tries < TRIES_MAX => {
                    *connection = None;
                    std::thread::sleep(PAUSE);
                }
                Err(Why::Now(why) | Why::Ever(why)) => return Err(Failure::Refused(why)),
            }
        }
    }

    async fn ask(
        &self,
        connection: &mut Option<SendRequest<Empty<Bytes>>>,
        from: Lsn,
    ) -> Result<Answer, Why> {
        let sender = match connection {
            Some(sender) if !sender.is_closed() => sender,
            _ => connection.insert(self.connect().await?),
        };
        let request = Request::builder()
            .uri(format!("/v1/log/frames?from={from}"))
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::new())
            .map_err(|error| Why::Ever(error.to_string()))?;
        let answer = tokio::time::timeout(ANSWER_MAX, async {
            let answer = sender.send_request(request).await.map_err(|error| self.silent(&error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| Why::Now(format!("the answer broke off: {error}")))?;
            Ok((head, body.to_bytes()))
        });
        let (head, body) = answer.await.map_err(|_| self.silent(&"it takes too long"))??;
        let server = &self.server;
        match head.status.as_u16() {
            200 => (),
            401 | 403 => {
                let why = "give --token of an admin or a service, or --data with its secret";
                return Err(Why::Ever(format!("{server} does not take our token: {why}")));
            }
            404 => {
                let why = format!("{server} does not give its log: it is an older release");
                return Err(Why::Ever(why));
            }
            status @ (429 | 500..) => {
                return Err(Why::Now(format!("{server} answered {status} for too long")));
            }
            status => return Err(Why::Ever(format!("{server} answered {status}"))),
        }
        let end = head.headers.get(LOG_END).and_then(|end| end.to_str().ok()?.parse().ok());
        let end = end.ok_or_else(|| Why::Ever(format!("{server} does not say where it ends")))?;
        Ok((body, Lsn(end)))
    }

    async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>, Why> {
        let stream = TcpStream::connect(&self.target).await.map_err(|error| self.silent(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| self.silent(&error))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn silent(&self, error: &dyn std::fmt::Display) -> Why {
        Why::Now(format!("no answer from {}: {error}", self.target))
    }
}

/// A token signed with the secret of the data directory, for the server beside it.
fn own_token(config: &ConfigArgs) -> Result<String, Failure> {
    let admin =
        Principal { role: Role::Admin, person_id: PersonId(Uuid::now_v7()), store_id: None };
    Ok(token::tokens(&config.load()?)?.sign(&admin, TOKEN_S))
}
