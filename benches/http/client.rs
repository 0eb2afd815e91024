//! The client: keep-alive connections on one thread, requests made ready beforehand.

use crate::servers::Server;
use hdrhistogram::Histogram;
use kirana_benches::{STORE, product_id};
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// What a client saw.
pub(crate) struct Measured {
    /// Answers a second.
    pub(crate) rate: f64,
    /// p50, p90, p99, p99.9 and the maximum, in milliseconds.
    pub(crate) latencies_ms: Vec<String>,
}

/// Runs a client process against a server. With `offered`, requests are due at that rate.
pub(crate) fn measure(
    server: &Server,
    connections: u64,
    seconds: u64,
    offered: Option<f64>,
) -> Measured {
    let exe = std::env::current_exe().expect("this program");
    let mut child = Command::new(exe)
        .args(["client", &server.address, &connections.to_string(), &seconds.to_string()])
        .arg(offered.unwrap_or(0.0).to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let tokens = server.tokens.join("\n");
    child.stdin.take().expect("it is piped").write_all(tokens.as_bytes()).expect("it reads");
    let out = child.wait_with_output().expect("it ends");
    assert!(out.status.success(), "the client failed");
    let out = String::from_utf8(out.stdout).expect("figures are text");
    let mut figures = out.split_whitespace();
    let rate = figures.next().and_then(|rate| rate.parse().ok()).expect("a rate comes first");
    Measured { rate, latencies_ms: figures.map(str::to_owned).collect() }
}

/// The client process.
pub(crate) fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [address, connections, seconds, offered] = &arguments[..] else {
        return ExitCode::from(2);
    };
    let load = Load {
        address: address.clone(),
        connections: connections.parse().expect("a count"),
        seconds: Duration::from_secs(seconds.parse().expect("seconds")),
        offered: offered.parse().expect("a rate"),
        tokens: std::io::stdin().lines().map_while(Result::ok).collect(),
        ids: (0..1_000).map(|n| product_id(n).to_string()).collect(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (count, took, histogram) = runtime.expect("a runtime starts").block_on(load.run());
    let ms = |us: u64| format!("{:.2}", Duration::from_micros(us).as_secs_f64() * 1e3);
    let at = [0.5, 0.9, 0.99, 0.999, 1.0].map(|q| ms(histogram.value_at_quantile(q)));
    println!("{} {}", kirana_benches::report::rate(count, took), at.join(" "));
    ExitCode::SUCCESS
}

struct Load {
    address: String,
    connections: usize,
    seconds: Duration,
    /// Requests a second; 0 for as many as are answered.
    offered: f64,
    tokens: Vec<String>,
    /// Product ids as text, made once.
    ids: Vec<String>,
}

impl Load {
    async fn run(self) -> (u64, Duration, Histogram<u64>) {
        let all = Arc::new(Mutex::new(Histogram::new(3).expect("a histogram")));
        let next = Arc::new(AtomicU64::new(0));
        let (started, load) = (Instant::now(), Arc::new(self));
        let tasks: Vec<_> = (0..load.connections)
            .map(|n| {
                let (load, all, next) = (Arc::clone(&load), Arc::clone(&all), Arc::clone(&next));
                tokio::spawn(async move { load.connection(n, started, &next, &all).await })
            })
            .collect();
        for task in tasks {
            task.await.expect("a connection ends");
        }
        let histogram = all.lock().await.clone();
        (histogram.len(), started.elapsed(), histogram)
    }

    /// Sends one request after the other; with an offered rate, each when it is due.
    async fn connection(
        &self,
        number: usize,
        started: Instant,
        next: &AtomicU64,
        all: &Mutex<Histogram<u64>>,
    ) {
        let mut stream = TcpStream::connect(&self.address).await.expect("the server is there");
        stream.set_nodelay(true).expect("a socket option");
        let mut mine = Histogram::<u64>::new(3).expect("a histogram");
        let mut buffer = vec![0; 16 * 1_024];
        let token = &self.tokens[number % self.tokens.len()];
        let salt = u64::from(std::process::id());
        while started.elapsed() < self.seconds {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let request = request(&self.ids, n, salt, token);
            let due = self.due(n, started);
            if let Some(due) = due {
                tokio::time::sleep_until(due.into()).await;
            }
            let sent = due.unwrap_or_else(Instant::now);
            stream.write_all(&request).await.expect("it is sent");
            read_answer(&mut stream, &mut buffer).await;
            let us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
            mine.record(us.max(1)).expect("it fits");
        }
        all.lock().await.add(&mine).expect("they fit");
    }

    #[allow(clippy::cast_precision_loss, reason = "a time to send at")]
    fn due(&self, n: u64, started: Instant) -> Option<Instant> {
        (self.offered > 0.0).then(|| started + Duration::from_secs_f64(n as f64 / self.offered))
    }
}

fn request(ids: &[String], n: u64, salt: u64, token: &str) -> Vec<u8> {
    let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let [a, b, c] = [random % 300, 300 + random / 300 % 300, 600 + random / 90_000 % 400]
        .map(|n| &ids[usize::try_from(n).expect("a small number")]);
    let body = format!(
        r#"{{"store_id":"{STORE}","items":[{{"product_id":"{a}","quantity":1}},{{"product_id":"{b}","quantity":1}},{{"product_id":"{c}","quantity":1}}],"payment_method":"cod","expected_total_paise":60000,"delivery_address":{{"name":"A. Sangma","line1":"Hawakhana, H-24","city":"Tura","pincode":"794001","phone":"9876543210","lat":25.5222,"lng":90.2114}}}}"#
    );
    format!(
        "POST /v1/orders HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nidempotency-key: {salt:016x}-{n:016x}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads one answer; anything but 200 or 201 ends the measurement.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("it answers");
        assert!(read > 0, "the server closed the connection");
        filled += read;
        let Some(head) = find(&buffer[..filled], b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).expect("a head is text");
        assert!(text.starts_with("HTTP/1.1 20"), "not an order: {text}");
        let length: usize = text
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            })
            .expect("an answer has a length");
        if filled >= head + 4 + length {
            return;
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
