//! The wire: how each peer is asked for a checkout, and what its answer means.

use crate::workload::{ADDRESS, PRICE_PAISE};
use kirana_benches::STORE;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// A kind of server that takes checkouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// `POST /v1/orders`: Kirana, and the bare axum server.
    Http,
    /// `EVALSHA` of `checkout.lua`.
    Redis,
    /// `checkout(…)` of `checkout.sql`, prepared once for each connection.
    Postgres,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An order was placed.
    Placed,
    /// There were not enough units.
    SoldOut,
}

/// One checkout.
pub(crate) struct Checkout<'a> {
    /// Tells runs apart, so that no request key comes twice.
    pub(crate) salt: u64,
    /// Its number in the run.
    pub(crate) number: u64,
    /// The customer: a token for HTTP, an id for the others.
    pub(crate) customer: &'a str,
    /// Product ids, one unit of each.
    pub(crate) basket: Vec<&'a str>,
}

impl Wire {
    /// Returns the name of a wire on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Wire::Http => "http",
            Wire::Redis => "redis",
            Wire::Postgres => "postgres",
        }
    }

    /// Returns the wire of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Wire::Http, Wire::Redis, Wire::Postgres].into_iter().find(|wire| wire.name() == name)
    }

    /// Returns what a connection sends first, and waits for the answer of; empty if nothing.
    pub(crate) fn greeting(self) -> Vec<u8> {
        if self != Wire::Postgres {
            return Vec::new();
        }
        let mut startup = 196_608_u32.to_be_bytes().to_vec();
        startup.extend_from_slice(b"user\0postgres\0database\0postgres\0\0");
        let mut bytes = message(None, &startup);
        let prepare = b"checkout\0SELECT checkout($1, $2, $3, $4, $5, $6, $7)\0\0\0";
        bytes.extend(message(Some(b'P'), prepare));
        bytes.extend(message(Some(b'S'), &[]));
        bytes
    }

    /// Returns how often the end of an answer comes until the greeting is answered.
    pub(crate) fn greeting_answers(self) -> usize {
        if self == Wire::Postgres { 2 } else { 0 }
    }

    /// Returns the bytes of a checkout. `script` is the hash of the Lua script.
    pub(crate) fn request(self, checkout: &Checkout<'_>, script: &str) -> Vec<u8> {
        match self {
            Wire::Http => http(checkout),
            Wire::Redis => redis(checkout, script),
            Wire::Postgres => postgres(checkout),
        }
    }

    /// Returns the length and the meaning of an answer, once it is whole.
    ///
    /// # Panics
    /// If it is neither an order nor "sold out": then nothing that is measured is worth anything.
    pub(crate) fn answer(self, bytes: &[u8]) -> Option<(usize, Outcome)> {
        match self {
            Wire::Http => http_answer(bytes),
            Wire::Redis => redis_answer(bytes),
            Wire::Postgres => postgres_answer(bytes),
        }
    }
}

fn key(checkout: &Checkout<'_>) -> String {
    format!("{:016x}-{:016x}", checkout.salt, checkout.number)
}

/// Returns an id that is new and ordered by time, as a shop in front of a database makes it.
fn order_id(checkout: &Checkout<'_>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!("{now:012x}-{}", key(checkout))
}

fn total_paise(checkout: &Checkout<'_>) -> u64 {
    checkout.basket.len() as u64 * PRICE_PAISE
}

fn http(checkout: &Checkout<'_>) -> Vec<u8> {
    let mut items = String::new();
    for id in &checkout.basket {
        let comma = if items.is_empty() { "" } else { "," };
        write!(items, r#"{comma}{{"product_id":"{id}","quantity":1}}"#).expect("a String takes it");
    }
    let body = format!(
        r#"{{"store_id":"{STORE}","items":[{items}],"payment_method":"cod","expected_total_paise":{},"delivery_address":{ADDRESS}}}"#,
        total_paise(checkout)
    );
    format!(
        "POST /v1/orders HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\nidempotency-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        checkout.customer,
        key(checkout),
        body.len()
    )
    .into_bytes()
}

fn http_answer(bytes: &[u8]) -> Option<(usize, Outcome)> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).expect("a head is text");
    let length: usize = text
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        })
        .expect("an answer has a length");
    let length = head + 4 + length;
    let whole = bytes.get(..length)?;
    let body = String::from_utf8_lossy(&whole[head + 4..]);
    let is_sold_out = body.contains("INSUFFICIENT_STOCK");
    assert!(is_sold_out || text.starts_with("HTTP/1.1 20"), "not an order: {text}\n{body}");
    Some((length, if is_sold_out { Outcome::SoldOut } else { Outcome::Placed }))
}

fn redis(checkout: &Checkout<'_>, script: &str) -> Vec<u8> {
    let (key, id, total) = (key(checkout), order_id(checkout), total_paise(checkout).to_string());
    let mut words = vec!["EVALSHA", script, "1", &key, &id, checkout.customer, ADDRESS, &total];
    for id in &checkout.basket {
        words.extend([*id, "1"]);
    }
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        write!(bytes, "${}\r\n{word}\r\n", word.len()).expect("a String takes it");
    }
    bytes.into_bytes()
}

fn redis_answer(bytes: &[u8]) -> Option<(usize, Outcome)> {
    let line = bytes.windows(2).position(|window| window == b"\r\n")?;
    let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<usize>().ok();
    match bytes[0] {
        b'$' => {
            let length = line + 2 + number(&bytes[1..line]).expect("a length") + 2;
            (bytes.len() >= length).then_some((length, Outcome::Placed))
        }
        b':' => Some((line + 2, Outcome::SoldOut)),
        _ => panic!("not an order: {}", String::from_utf8_lossy(bytes)),
    }
}

/// Returns a message of PostgreSQL's protocol, version 3: its kind, its length, its body.
fn message(kind: Option<u8>, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    let mut bytes: Vec<u8> = kind.into_iter().collect();
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn postgres(checkout: &Checkout<'_>) -> Vec<u8> {
    let array = |words: &[&str]| format!("{{{}}}", words.join(","));
    let parameters = [
        key(checkout),
        order_id(checkout),
        checkout.customer.to_owned(),
        ADDRESS.to_owned(),
        total_paise(checkout).to_string(),
        array(&checkout.basket),
        array(&vec!["1"; checkout.basket.len()]),
    ];
    let mut bind = b"\0checkout\0".to_vec();
    bind.extend(0_u16.to_be_bytes()); // All parameters are text.
    bind.extend(7_u16.to_be_bytes());
    for parameter in &parameters {
        bind.extend(u32::try_from(parameter.len()).expect("a short text").to_be_bytes());
        bind.extend(parameter.as_bytes());
    }
    bind.extend(0_u16.to_be_bytes()); // The answer is text, too.
    let mut bytes = message(Some(b'B'), &bind);
    bytes.extend(message(Some(b'E'), &[0, 0, 0, 0, 0]));
    bytes.extend(message(Some(b'S'), &[]));
    bytes
}

fn postgres_answer(bytes: &[u8]) -> Option<(usize, Outcome)> {
    let (mut at, mut outcome) = (0, Outcome::SoldOut);
    loop {
        let head = bytes.get(at..at + 5)?;
        let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes"));
        let end = at + 1 + usize::try_from(length).expect("a short message");
        let body = bytes.get(at + 5..end)?;
        match head[0] {
            b'E' => panic!("not an order: {}", String::from_utf8_lossy(body)),
            // One column; a length of -1 is NULL: not enough units.
            b'D' if body.get(2..6) != Some(&[0xff; 4]) => outcome = Outcome::Placed,
            b'Z' => return Some((end, outcome)),
            _ => (),
        }
        at = end;
    }
}
