//! Following a live server over HTTP: the same frames that it has on disk, checked one by one.

use super::{Filter, TailArgs};
use crate::cli::log::show::Printer;
use crate::cli::{Failure, token};
use crate::config::flags::Given;
use crate::config::{Config, Flags};
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use kirana_domain::{Lsn, PersonId, Principal, Role};
use kirana_storage::StoredFrame;
use kirana_storage::frame::{Hash, OVERHEAD_BYTES};
use serde_json::Value;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::net::TcpStream;
use uuid::Uuid;

/// Pause after an answer with nothing new.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Bytes of an answer: what the server sends at once, and one frame more.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// Validity of a token that we sign ourselves.
const TOKEN_S: i64 = 24 * 60 * 60;
/// Bytes of a frame that hold the length of its payload.
const PAYLOAD_LENGTH: std::ops::Range<usize> = 48..52;

/// Prints the newest records of a server, and then those that come, until nobody reads any more.
pub(super) fn follow(
    args: &TailArgs,
    filter: &mut Filter,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let server = Server::new(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Refused(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let end = server.end().await.map_err(Failure::Refused)?;
        let mut from = (end + 1).saturating_sub(args.count as u64).max(1);
        let mut before = None;
        let mut is_away = false;
        loop {
            let frames = match server.frames(from).await {
                Ok(frames) => frames,
                Err(Ask::Refused(why)) => return Err(Failure::Refused(why)),
                Err(Ask::Away(why)) => {
                    // It may come back: it is told once.
                    if !std::mem::replace(&mut is_away, true) {
                        crate::output::complain(&format!("{why}; waiting for it"));
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            is_away = false;
            let is_empty = frames.is_empty();
            for frame in &frames {
                let first = from;
                before = Some(follows(before, frame).map_err(Failure::Refused)?);
                from = frame.last_lsn().0 + 1;
                if print(frame, first, filter, printer)?.is_break() {
                    return Ok(());
                }
            }
            if printer.out.flush().is_break() {
                return Ok(());
            }
            if is_empty {
                tokio::time::sleep(PAUSE).await;
            }
        }
    })
}

/// The records of a frame from `first` on that are wanted.
fn print(
    frame: &StoredFrame,
    first: u64,
    filter: &mut Filter,
    printer: &mut Printer,
) -> Result<ControlFlow<()>, Failure> {
    for (lsn, bytes) in frame.records().filter(|(lsn, _)| lsn.0 >= first) {
        let lsn = Lsn(lsn.0);
        let record = super::decoded(lsn, bytes)?;
        if filter.wants(lsn, &record, bytes)
            && printer.record(&filter.shown(lsn, &record)).is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Returns the chain after a frame, if that is the next one.
fn follows(before: Option<(u64, Hash)>, frame: &StoredFrame) -> Result<(u64, Hash), String> {
    let header = frame.header();
    if let Some((number, hash)) = before
        && (header.batch_number != number + 1 || header.previous_hash != hash)
    {
        return Err(format!(
            "batch {} of the server does not follow batch {number}: it has another log than before",
            header.batch_number
        ));
    }
    Ok((header.batch_number, frame.hash()))
}

/// The frames that stand one after the other in an answer.
fn frames_in(mut bytes: &[u8]) -> Result<Vec<StoredFrame>, String> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let length = bytes.get(PAYLOAD_LENGTH).and_then(|it| <[u8; 4]>::try_from(it).ok());
        let length = length.map(|it| u32::from_le_bytes(it) as usize + OVERHEAD_BYTES);
        let (frame, rest) = length
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or_else(|| "the answer ends inside a frame".to_owned())?;
        frames.push(StoredFrame::check(frame.to_vec()).map_err(|error| error.to_string())?);
        bytes = rest;
    }
    Ok(frames)
}

/// The reason of an answer that cannot be used.
enum Ask {
    /// The server is not there, or is too busy: asking again may help.
    Away(String),
    /// It will not answer this.
    Refused(String),
}

struct Server {
    address: String,
    authority: String,
    target: String,
    token: String,
}

impl Server {
    fn new(args: &TailArgs) -> Result<Self, Failure> {
        let address = args.server.trim_end_matches('/').to_owned();
        let uri: Option<Uri> = address.parse().ok();
        let uri = uri.filter(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        let authority = uri.as_ref().and_then(Uri::authority).map(ToString::to_string);
        let authority = authority.ok_or_else(|| {
            Failure::Usage("--server wants an address such as http://127.0.0.1:8080".to_owned())
        })?;
        let has_port = uri.is_some_and(|uri| uri.port_u16().is_some());
        let target = if has_port { authority.clone() } else { format!("{authority}:80") };
        let token = match &args.token {
            Some(token) => token.clone(),
            None => own_token(args)?,
        };
        Ok(Self { address, authority, target, token })
    }

    /// The last record of the server's log.
    async fn end(&self) -> Result<u64, String> {
        let head = match self.get("/v1/log/head").await {
            Ok(head) => head,
            Err(Ask::Away(why) | Ask::Refused(why)) => return Err(why),
        };
        let head: Value = serde_json::from_slice(&head).unwrap_or_default();
        head["lsn"].as_u64().ok_or_else(|| "the server does not say where its log ends".to_owned())
    }

    async fn frames(&self, from: u64) -> Result<Vec<StoredFrame>, Ask> {
        let bytes = self.get(&format!("/v1/log/frames?from={from}")).await?;
        frames_in(&bytes).map_err(Ask::Refused)
    }

    async fn get(&self, path: &str) -> Result<Bytes, Ask> {
        let asked = tokio::time::timeout(ANSWER_MAX, self.ask(path)).await;
        let away = || Ask::Away(format!("no answer from {} in time", self.target));
        let (status, body) = asked.map_err(|_| away())??;
        match status {
            200 => Ok(body),
            429 | 500..=599 => Err(Ask::Away(format!("{} answers {status}", self.target))),
            _ => {
                let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
                let detail = problem["detail"].as_str().or(problem["title"].as_str());
                let detail = detail.unwrap_or("it gives no reason");
                Err(Ask::Refused(format!("{} answers {status}: {detail}", self.target)))
            }
        }
    }

    async fn ask(&self, path: &str) -> Result<(u16, Bytes), Ask> {
        let away = |error: &dyn std::fmt::Display| {
            Ask::Away(format!("no answer from {}: {error}", self.target))
        };
        let stream = TcpStream::connect(&self.target).await.map_err(|error| away(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| away(&error))?;
        tokio::spawn(connection);
        let request = Request::get(self.uri(path))
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::<Bytes>::new())
            .map_err(|error| Ask::Refused(error.to_string()))?;
        let answer = sender.send_request(request).await.map_err(|error| away(&error))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(|error| away(&error))?.to_bytes()))
    }

    /// Returns the target of a request: the path, below that of the server.
    fn uri(&self, path: &str) -> String {
        let (_, below) = self.address.split_once("://").unwrap_or_default();
        let below = below.split_once('/').map_or_else(String::new, |(_, path)| format!("/{path}"));
        format!("{below}{path}")
    }
}

/// A token signed with the secret of the data directory, for the server beside it.
fn own_token(args: &TailArgs) -> Result<String, Failure> {
    let data = args.of.data.display().to_string();
    let flags = Flags { config: None, given: Given::data(Some(data)) };
    let config = Config::load(&flags).map_err(Failure::Usage)?;
    let admin =
        Principal { role: Role::Admin, person_id: PersonId(Uuid::now_v7()), store_id: None };
    Ok(token::tokens(&config)?.sign(&admin, TOKEN_S))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kirana_storage::{Batch, Journal as _, MemoryJournal};

    fn frames(count: u64) -> Vec<StoredFrame> {
        let mut journal = MemoryJournal::default();
        for n in 0..count {
            let mut batch = Batch::new(journal.end().next());
            batch.try_push(&n.to_le_bytes()).unwrap();
            journal.append(&[batch]).unwrap();
        }
        let reader = journal.reader();
        reader.frames(kirana_storage::Lsn(1)).map(Result::unwrap).collect()
    }

    #[test]
    fn an_answer_is_frames_one_after_the_other() {
        let frames = frames(3);
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes().to_vec()).collect();
        assert_eq!(frames_in(&bytes), Ok(frames));
        assert_eq!(frames_in(&[]), Ok(vec![]));
        for cut in 1..bytes.len() {
            let is_between = cut % (bytes.len() / 3) == 0;
            assert_eq!(frames_in(&bytes[..cut]).is_ok(), is_between, "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_of_another_chain_is_not_printed() {
        let frames = frames(3);
        let first = follows(None, &frames[0]).unwrap();
        assert!(follows(Some(first), &frames[1]).is_ok());
        assert!(follows(Some(first), &frames[2]).is_err());
    }
}
