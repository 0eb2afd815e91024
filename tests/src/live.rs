//! A reader of live streams: server-sent events, and WebSocket where the path ends in `/ws`.
//!
//! It sends what a test wrote, answers pings, and never reconnects by itself.

use crate::http::{Answer, PATIENCE};
use serde_json::Value;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The key and its answer that RFC 6455 §1.3 has as an example.
const SOCKET_KEY: (&str, &str) = ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// No message of ours is larger.
const MESSAGE_BYTES_MAX: usize = 8 * 1_024 * 1_024;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The path, with its query.
    pub path: String,
    /// A bearer token.
    pub token: Option<String>,
    /// `Last-Event-ID`
    pub last_event_id: Option<String>,
    /// Bytes that the system may keep for a reader who does not read.
    pub receive_bytes: Option<u32>,
}

impl Command {
    /// A stream of somebody.
    pub fn new(path: impl Into<String>, token: &str) -> Self {
        Self { path: path.into(), token: Some(token.to_owned()), ..Self::default() }
    }

    /// After a position.
    #[must_use]
    pub fn after(mut self, position: Option<u64>) -> Self {
        self.last_event_id = position.map(|position| position.to_string());
        self
    }

    fn is_socket(&self) -> bool {
        self.path.split('?').next().is_some_and(|path| path.ends_with("/ws"))
    }

    fn head(&self) -> String {
        let mut head = format!("GET {} HTTP/1.1\r\nHost: kirana.test\r\n", self.path);
        if let Some(token) = &self.token {
            _ = write!(head, "Authorization: Bearer {token}\r\n");
        }
        if let Some(id) = &self.last_event_id {
            _ = write!(head, "Last-Event-ID: {id}\r\n");
        }
        if self.is_socket() {
            _ = write!(
                head,
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: {}\r\n",
                SOCKET_KEY.0
            );
        } else {
            head.push_str("Accept: text/event-stream\r\n");
        }
        head + "\r\n"
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The position to resume after.
    pub id: Option<u64>,
    /// Its name.
    pub event: String,
    /// The CloudEvent, as JSON text.
    pub data: String,
}

impl Told {
    /// The CloudEvent.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn cloud_event(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The state inside the CloudEvent.
    pub fn state(&self) -> Value {
        self.cloud_event()["data"].take()
    }
}

/// An open stream.
pub struct Live {
    stream: BufReader<TcpStream>,
    is_socket: bool,
    /// Text of server-sent events that is not a whole message yet.
    text: Vec<u8>,
    /// Headers of the answer.
    pub head: Answer,
}

/// What came of a command.
pub enum Opened {
    /// A stream.
    Live(Live),
    /// Another answer.
    Answer(Answer),
}

impl Opened {
    /// The stream.
    ///
    /// # Panics
    /// If it was refused.
    pub fn live(self) -> Live {
        match self {
            Self::Live(live) => live,
            Self::Answer(answer) => panic!("no stream: {} {}", answer.status, answer.text()),
        }
    }

    /// The other answer.
    ///
    /// # Panics
    /// If it is a stream.
    pub fn answer(self) -> Answer {
        match self {
            Self::Live(live) => panic!("a stream was opened: {:?}", live.head),
            Self::Answer(answer) => answer,
        }
    }
}

/// Asks for a stream.
///
/// # Errors
/// When the connection cannot be opened or breaks, or nothing comes in time.
pub async fn open(address: SocketAddr, command: &Command) -> io::Result<Opened> {
    timeout(PATIENCE, open_at_once(address, command)).await.map_err(io::Error::other)?
}

async fn open_at_once(address: SocketAddr, command: &Command) -> io::Result<Opened> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = command.receive_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    let mut stream = BufReader::with_capacity(2_048, socket.connect(address).await?);
    stream.write_all(command.head().as_bytes()).await?;
    let mut head = Answer { status: 0, headers: Vec::new(), body: Vec::new() };
    let status_line = line(&mut stream).await?;
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    head.status = status.ok_or_else(|| io::Error::other(status_line))?;
    loop {
        let line = line(&mut stream).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        head.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if !matches!(head.status, 200 | 101) {
        let length = head.header("content-length").and_then(|length| length.parse().ok());
        head.body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut head.body).await?;
        return Ok(Opened::Answer(head));
    }
    let is_socket = command.is_socket();
    assert_eq!(head.status == 101, is_socket, "{head:?}");
    assert_eq!(head.header("sec-websocket-accept"), is_socket.then_some(SOCKET_KEY.1));
    Ok(Opened::Live(Live { stream, is_socket, text: Vec::new(), head }))
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

impl Live {
    /// The next message; `None` when the server has ended the stream in order.
    ///
    /// # Errors
    /// When the connection breaks, or nothing comes in time.
    pub async fn next(&mut self) -> io::Result<Option<Told>> {
        timeout(PATIENCE, self.wait()).await.map_err(io::Error::other)?
    }

    /// As [`Live::next`], for as long as it takes.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn wait(&mut self) -> io::Result<Option<Told>> {
        if self.is_socket { self.frame().await } else { self.block().await }
    }

    /// The next message, which must be there and have that name.
    ///
    /// # Panics
    /// If it is another, or none.
    pub async fn expect(&mut self, event: &str) -> Told {
        let told =
            self.next().await.expect("the stream goes on").expect("the stream has not ended");
        assert_eq!(told.event, event, "{told:?}");
        told
    }

    /// Nothing more must come: the server ends the stream.
    ///
    /// # Panics
    /// If something comes.
    pub async fn expect_end(&mut self) {
        let told = self.next().await.expect("the stream ends in order");
        assert_eq!(told, None);
    }

    async fn block(&mut self) -> io::Result<Option<Told>> {
        loop {
            while let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.text.drain(..end + 2).collect();
                if let Some(told) = told(&String::from_utf8_lossy(&block)) {
                    return Ok(Some(told));
                }
            }
            let size = line(&mut self.stream).await?;
            let size = usize::from_str_radix(&size, 16).map_err(io::Error::other)?;
            assert!(size <= MESSAGE_BYTES_MAX, "a chunk of {size} bytes");
            let from = self.text.len();
            self.text.resize(from + size, 0);
            self.stream.read_exact(&mut self.text[from..]).await?;
            line(&mut self.stream).await?;
            if size == 0 {
                return Ok(None);
            }
        }
    }

    async fn frame(&mut self) -> io::Result<Option<Told>> {
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).await?;
            let length = match head[1] {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                length => u64::from(length),
            };
            let length = usize::try_from(length).map_err(io::Error::other)?;
            assert!(length <= MESSAGE_BYTES_MAX, "a frame of {length} bytes");
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await?;
            match head[0] {
                0x81 => {
                    let message: Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
                    let event = message["event"].as_str().unwrap_or_default().to_owned();
                    let (id, data) = (message["id"].as_u64(), message["data"].to_string());
                    return Ok(Some(Told { id, event, data }));
                }
                0x88 => return Ok(None),
                // A client masks what it says; zeros are a mask too.
                0x89 => self.stream.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await?,
                other => return Err(io::Error::other(format!("frame {other:#x}"))),
            }
        }
    }

    /// Closes a WebSocket in order: what the other side says then is the end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn close(&mut self) -> io::Result<()> {
        self.stream.write_all(b"\x88\x85\0\0\0\0\x03\xe8bye").await
    }

    /// Says something over WebSocket.
    ///
    /// # Errors
    /// When the connection breaks.
    ///
    /// # Panics
    /// If it is longer than 64 KiB.
    pub async fn say(&mut self, text: &str) -> io::Result<()> {
        let length = u16::try_from(text.len()).expect("a short text");
        let mut frame = vec![0x81, 0xfe];
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await
    }
}

/// A block of lines as an event source reads it; `None` for comments and settings.
fn told(block: &str) -> Option<Told> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let event = field("event: ")?.to_owned();
    let id = field("id: ").map(|id| id.parse().expect("an id is a position"));
    Some(Told { id, event, data: field("data: ")?.to_owned() })
}
