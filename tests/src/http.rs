//! A small blocking HTTP/1.1 client: one keep-alive connection, a time-out on every read, bodies by
//! `Content-Length` or in chunks.
//!
//! It sends exactly the bytes that a test wrote, also wrong ones, and never tries again by itself:
//! a test must see when a connection broke.

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for bytes unless it says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// No answer of ours is larger.
const BODY_BYTES_MAX: usize = 64 * 1_024 * 1_024;
const HEADERS_MAX: usize = 200;

/// A request as it will be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Any method.
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    /// `GET`
    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    /// `POST`
    pub fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path)
    }

    /// With one more header; the same name may come twice.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// With an `Idempotency-Key`, in quotes as the draft wants it.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", format!("\"{key}\""))
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// With a body of a type.
    #[must_use]
    pub fn body(mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self.header("Content-Type", media_type)
    }

    /// Without the headers of that name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// The bytes that go over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: kirana.test\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            _ = write!(head, "{name}: {value}\r\n");
        }
        if let Some(body) = &self.body {
            _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header names in lower case, with their values, as they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in the answer {self:?}"))
    }

    /// The JSON body of an answer that must have this status.
    ///
    /// # Panics
    /// If it has another.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// True for the answer of a request that was answered before.
    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }
}

/// One connection, opened when it is needed.
pub struct Client {
    address: SocketAddr,
    patience: Duration,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of that server.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, patience: PATIENCE, stream: None }
    }

    /// Waits this long for bytes, and no longer.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// When the connection cannot be opened or breaks; the next request opens a new one.
    pub fn send(&mut self, request: &Request) -> io::Result<Answer> {
        let outcome = self.write(&request.bytes()).and_then(|()| self.read(request.method));
        if outcome.is_err() {
            self.stream = None;
        }
        outcome
    }

    /// As [`Client::send`], where the server is known to be there.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn ask(&mut self, request: &Request) -> Answer {
        self.send(request).unwrap_or_else(|error| panic!("no answer to {request:?}: {error}"))
    }

    /// Sends raw bytes.
    ///
    /// # Errors
    /// When the connection cannot be opened or breaks.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream()?.get_mut().write_all(bytes)
    }

    /// Reads an answer to a request of that method.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is not HTTP.
    pub fn read(&mut self, method: &str) -> io::Result<Answer> {
        let stream = self.stream()?;
        let answer = read_answer(stream, method)?;
        if answer.header("connection").is_some_and(|it| it.eq_ignore_ascii_case("close")) {
            self.stream = None;
        }
        Ok(answer)
    }

    /// True when the server closes the connection, without a word, within the patience.
    pub fn is_closed(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return true };
        matches!(stream.read(&mut [0]), Ok(0)) || is_broken(stream.read(&mut [0]))
    }

    fn stream(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        if self.stream.is_none() {
            let stream = TcpStream::connect_timeout(&self.address, self.patience)?;
            stream.set_read_timeout(Some(self.patience))?;
            stream.set_write_timeout(Some(self.patience))?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::new(stream));
        }
        self.stream.as_mut().ok_or_else(|| io::Error::other("unreachable: it was just opened"))
    }
}

fn is_broken(read: io::Result<usize>) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    read.is_err_and(|e| matches!(e.kind(), ConnectionReset | ConnectionAborted | BrokenPipe))
}

fn read_answer(stream: &mut BufReader<TcpStream>, method: &str) -> io::Result<Answer> {
    let status_line = read_line(stream)?;
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| bad("status line", &status_line))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("header", &line))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        if headers.len() > HEADERS_MAX {
            return Err(bad("number of headers", "too many"));
        }
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if method != "HEAD" && !matches!(status, 204 | 304) {
        answer.body = read_body(stream, &answer)?;
    }
    Ok(answer)
}

fn read_body(stream: &mut BufReader<TcpStream>, answer: &Answer) -> io::Result<Vec<u8>> {
    if answer.header("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked")) {
        return read_chunks(stream);
    }
    if let Some(length) = answer.header("content-length") {
        let length = length.parse().map_err(|_| bad("content-length", length))?;
        return read_exactly(stream, length);
    }
    let mut body = Vec::new();
    stream.take(BODY_BYTES_MAX as u64).read_to_end(&mut body)?;
    Ok(body)
}

fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| bad("chunk size", &line))?;
        if body.len() + size > BODY_BYTES_MAX {
            return Err(bad("body", "too large"));
        }
        body.extend_from_slice(&read_exactly(stream, size)?);
        let end = read_line(stream)?;
        if size == 0 {
            return Ok(body);
        }
        if !end.is_empty() {
            return Err(bad("chunk end", &end));
        }
    }
}

fn read_exactly(stream: &mut BufReader<TcpStream>, length: usize) -> io::Result<Vec<u8>> {
    if length > BODY_BYTES_MAX {
        return Err(bad("body", "too large"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    let count = stream.by_ref().take(64 * 1_024).read_line(&mut line)?;
    if count == 0 || !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

fn bad(what: &str, found: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}: {found}"))
}
