//! `kirana import catalogue`: the HTTP import with a progress bar.

use super::{CatalogueArgs, Failure, Output, token};
use crate::http::import::columns::Options;
use crate::output::{counted, say};
use axum::body::{Bytes, HttpBody};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Frame;
use hyper::header;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kirana_domain::{PersonId, Principal, Role};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::fs::File;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use uuid::Uuid;

/// Bytes that are read from the file at once.
const PIECE_BYTES: usize = 64 * 1_024;
/// Bytes of the answer: twenty thousand refused rows fit.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// Validity of a token that we sign ourselves.
const TOKEN_S: i64 = 60 * 60;

pub(super) fn run(args: &CatalogueArgs) -> Result<(), Failure> {
    let map = args.map.as_ref().map(|map| map.replace('=', ":"));
    Options::parse(map.as_deref(), args.ignore.as_deref())
        .map_err(|_| Failure::Usage("--map wants field=column,field=column".to_owned()))?
        .with_default_gst(args.default_gst_percent.as_deref())
        .map_err(|_| Failure::Usage("--default-gst-percent wants a number such as 18".into()))?;
    let uri = address(args, map.as_deref())?;
    let token = match &args.token {
        Some(token) => token.clone(),
        None => own_token(args)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Refused(format!("no runtime: {error}")))?;
    let (status, answer) =
        runtime.block_on(send(&args.file, &uri, &token)).map_err(Failure::Refused)?;
    let report: Value = serde_json::from_slice(&answer).unwrap_or_default();
    if args.output == Output::Json {
        say(String::from_utf8_lossy(&answer).trim());
    } else if status == 200 {
        say(&summary(&report));
    }
    match status {
        200 => match report["refused"].as_u64() {
            Some(refused @ 1..) if !args.allow_refused => {
                let rows = if refused == 1 { "row was" } else { "rows were" };
                let why = format!("{refused} {rows} refused, the others are imported");
                Err(Failure::Refused(why))
            }
            _ => Ok(()),
        },
        _ => Err(Failure::Refused(refusal(&report))),
    }
}

/// The address of the import with its query.
fn address(args: &CatalogueArgs, map: Option<&str>) -> Result<Uri, Failure> {
    let mut address =
        format!("{}/v1/stores/{}/products/import", args.server.trim_end_matches('/'), args.store);
    let mut separator = '?';
    let default_gst = args.default_gst_percent.as_deref();
    for (name, value) in
        [("map", map), ("ignore", args.ignore.as_deref()), ("default_gst_percent", default_gst)]
    {
        if let Some(value) = value {
            _ = write!(address, "{separator}{name}={}", encoded(value));
            separator = '&';
        }
    }
    let uri: Result<Uri, _> = address.parse();
    match uri {
        Ok(uri) if uri.scheme_str() == Some("http") && uri.host().is_some() => Ok(uri),
        _ => Err(Failure::Usage("--server wants an address such as http://127.0.0.1:8080".into())),
    }
}

/// Percent-encodes what a query value cannot have as it is.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~:,".contains(&byte) => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// A token signed with the secret of the data directory, for the server beside it.
fn own_token(args: &CatalogueArgs) -> Result<String, Failure> {
    let admin =
        Principal { role: Role::Admin, person_id: PersonId(Uuid::now_v7()), store_id: None };
    Ok(token::tokens(&args.config.load()?)?.sign(&admin, TOKEN_S))
}

/// Sends the file; answers the status and the body.
async fn send(path: &Path, uri: &Uri, token: &str) -> Result<(u16, Bytes), String> {
    let shown = path.display();
    let unreadable = |error| format!("{shown} cannot be read: {error}");
    let file = File::open(path).await.map_err(unreadable)?;
    let metadata = file.metadata().await.map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(format!("{shown} is a folder: give the file of products in it"));
    }
    if !metadata.is_file() {
        return Err(format!("{shown} is no plain file, so its length is not known: save it first"));
    }
    let length = metadata.len();
    let bar = progress_bar(length);
    let authority = uri.authority().map_or_else(String::new, ToString::to_string);
    let target = match uri.port_u16() {
        Some(_) => authority.clone(),
        None => format!("{authority}:80"),
    };
    let unreachable = |error: &dyn std::fmt::Display| format!("no answer from {target}: {error}");
    let stream = TcpStream::connect(&target).await.map_err(|error| unreachable(&error))?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| unreachable(&error))?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, &authority)
        .header(header::CONTENT_TYPE, media_type(path))
        .header(header::CONTENT_LENGTH, length)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Pieces { file, piece: vec![0; PIECE_BYTES].into(), bar: bar.clone() })
        .map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    bar.finish_and_clear();
    Ok((status, body.map_err(|error| format!("the answer broke off: {error}"))?.to_bytes()))
}

fn media_type(path: &Path) -> &'static str {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "ndjson" | "jsonl" => "application/x-ndjson",
        _ => "text/csv",
    }
}

/// A bar on a terminal, nothing anywhere else.
fn progress_bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = "{bar:40} {bytes} of {total_bytes}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
    bar
}

/// The file as a body, piece by piece.
struct Pieces {
    file: File,
    piece: Box<[u8]>,
    bar: ProgressBar,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let Self { file, piece, bar } = &mut *self;
        let mut buffer = ReadBuf::new(piece);
        ready!(Pin::new(file).poll_read(cx, &mut buffer))?;
        bar.inc(buffer.filled().len() as u64);
        let bytes = Bytes::copy_from_slice(buffer.filled());
        Poll::Ready((!bytes.is_empty()).then_some(Ok(Frame::data(bytes))))
    }
}

/// Returns the report for people: one line, then every refused row.
fn summary(report: &Value) -> String {
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    let mut text = format!(
        "{} accepted ({} of them unchanged), {} refused",
        counted(count("accepted"), "row"),
        count("unchanged"),
        count("refused")
    );
    for error in report["errors"].as_array().into_iter().flatten() {
        let line = error["line"].as_u64().unwrap_or_default();
        let text_of = |name: &str| error[name].as_str().unwrap_or_default();
        _ = write!(text, "\nline {line}: {} {}", text_of("code"), text_of("detail"));
        if let Some(first) = error["first_line"].as_u64() {
            _ = write!(text, " (line {first})");
        }
    }
    if count("errors_omitted") > 0 {
        _ = write!(text, "\nand {} more refused rows", count("errors_omitted"));
    }
    text
}

/// Returns the reason of an import that was refused as a whole.
fn refusal(problem: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut sentence = format!("the import was refused: {}", text(&problem["title"]));
    for error in problem["errors"].as_array().into_iter().flatten() {
        _ = write!(sentence, "\n  {} {}", text(&error["pointer"]), text(&error["detail"]));
    }
    sentence
}
