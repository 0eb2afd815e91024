//! Another system of the shop: a receiver of webhooks on loopback that keeps what it was sent.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a message may take to arrive, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(1);
/// Nobody sends larger ones.
const BODY_BYTES_MAX: usize = 20_000;

/// A message as it arrived.
#[derive(Clone, Debug)]
pub struct Message {
    /// Header names in lower case, with their values.
    pub headers: BTreeMap<String, String>,
    /// The bytes that were signed.
    pub body: Vec<u8>,
}

impl Message {
    /// A header.
    ///
    /// # Panics
    /// If it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }

    /// Its id: the same for every try.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a message is JSON")
    }

    /// Its type, such as `order.placed`.
    pub fn name(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().to_owned()
    }

    /// The position of the fact that an order's message tells.
    ///
    /// # Panics
    /// If it is about no order.
    pub fn lsn(&self) -> u64 {
        self.json()["data"]["lsn"].as_u64().expect("an order has a position")
    }
}

/// What the receiver answers: a status, and how many seconds to wait.
#[derive(Clone, Copy, Debug)]
pub struct Reply(pub u16, pub Option<u32>);

/// A receiver. It ends with the test's process.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    /// Answers each message with what `reply` says of it and of how many came before; it may take
    /// its time. A message is kept as soon as it has arrived.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(reply: impl Fn(&Message, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (messages, reply) = (Arc::<Mutex<Vec<Message>>>::default(), Arc::new(reply));
        let kept = Arc::clone(&messages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                thread::spawn(move || {
                    let Some(message) = read(&stream) else { return };
                    let before = {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.push(message.clone());
                        kept.len() - 1
                    };
                    answer(stream, reply(&message, before));
                });
            }
        });
        Self { address, messages }
    }

    /// Takes everything.
    pub fn willing() -> Self {
        Self::start(|_, _| Reply(204, None))
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What has arrived, in this order.
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has arrived, once that is as wanted.
    ///
    /// # Panics
    /// When it does not become so.
    pub fn wait(&self, wanted: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let asked = Instant::now();
        loop {
            let messages = self.messages();
            if wanted(&messages) {
                return messages;
            }
            let short = |message: &Message| format!("{} {}", message.id(), message.name());
            let all: Vec<_> = messages.iter().map(short).collect();
            assert!(asked.elapsed() < PATIENCE, "what has arrived is not as wanted: {all:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What has arrived, once it is so many messages.
    ///
    /// # Panics
    /// When it does not become so many.
    pub fn wait_for(&self, count: usize) -> Vec<Message> {
        self.wait(|messages| messages.len() >= count)
    }

    /// Waits until the receiver was told so many different things, however often each.
    pub fn wait_for_ids(&self, count: usize) -> Vec<Message> {
        let ids = |messages: &[Message]| {
            messages.iter().map(|message| message.id().to_owned()).collect::<BTreeSet<_>>().len()
        };
        self.wait(|messages| ids(messages) >= count)
    }
}

fn read(stream: &TcpStream) -> Option<Message> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; Some(length).filter(|length| *length <= BODY_BYTES_MAX)?];
    reader.read_exact(&mut body).ok()?;
    Some(Message { headers, body })
}

fn answer(mut stream: TcpStream, Reply(status, wait_s): Reply) {
    let wait = wait_s.map_or_else(String::new, |wait_s| format!("Retry-After: {wait_s}\r\n"));
    let head =
        format!("HTTP/1.1 {status} X\r\n{wait}Content-Length: 0\r\nConnection: close\r\n\r\n");
    // Whoever was killed meanwhile hears nothing.
    _ = stream.write_all(head.as_bytes());
}

/// The bytes of a secret as its owner is shown it: `whsec_` and base64 (RFC 4648 §4).
///
/// # Panics
/// If it is none.
pub fn secret_bytes(shown: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = shown.strip_prefix("whsec_").expect("a secret begins with whsec_");
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').chars() {
        let six = ALPHABET.find(letter).expect("a letter of base64");
        bits = bits << 6 | u32::try_from(six).expect("below 64");
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).expect("one byte"));
        }
    }
    bytes
}
