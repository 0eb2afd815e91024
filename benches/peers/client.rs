//! The client: keep-alive connections on one thread, in a process of its own.
//!
//! The same for every peer: a connection sends a checkout, waits for its answer, and sends the next
//! one. Nothing is pipelined.

use crate::protocol::{Checkout, Outcome, Wire};
use crate::servers::Server;
use crate::workload::{Mix, Workload};
use hdrhistogram::Histogram;
use std::cell::RefCell;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The work of a client.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// The baskets.
    pub(crate) mix: Mix,
    /// Connections that are open all the time.
    pub(crate) connections: u64,
    /// Seconds until it stops.
    pub(crate) seconds: u64,
    /// Requests a second; 0 for as many as are answered.
    pub(crate) offered: f64,
}

/// The figures of one client.
pub(crate) struct Measured {
    /// Orders a second; refusals do not count.
    pub(crate) rate: f64,
    /// Orders that were placed.
    pub(crate) orders: u64,
    /// Units of all of them.
    pub(crate) units: u64,
    /// p50, p90, p99, p99.9 and the maximum, in milliseconds.
    pub(crate) latencies_ms: Vec<String>,
}

/// Runs a client process against a server.
pub(crate) fn measure(server: &Server, load: Load) -> Measured {
    let exe = std::env::current_exe().expect("this program");
    let mut child = Command::new(exe)
        .args(["client", server.wire.name(), &server.address, &server.script, load.mix.name()])
        .args([load.connections, load.seconds].map(|number| number.to_string()))
        .arg(load.offered.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let customers = server.customers.join("\n");
    child.stdin.take().expect("it is piped").write_all(customers.as_bytes()).expect("it reads");
    let out = child.wait_with_output().expect("it ends");
    assert!(out.status.success(), "the client failed");
    let out = String::from_utf8(out.stdout).expect("figures are text");
    let mut figures = out.split_whitespace();
    let rate = figures.next().and_then(|rate| rate.parse().ok()).expect("a rate comes first");
    let mut count = || figures.next().and_then(|count| count.parse().ok()).expect("a count");
    let (orders, units) = (count(), count());
    Measured { rate, orders, units, latencies_ms: figures.map(str::to_owned).collect() }
}

/// The client process.
pub(crate) fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [wire, address, script, mix, connections, seconds, offered] = &arguments[..] else {
        return ExitCode::from(2);
    };
    let mix = Mix::of(mix).expect("a mix");
    let load = Load {
        mix,
        connections: connections.parse().expect("a count"),
        seconds: seconds.parse().expect("seconds"),
        offered: offered.parse().expect("a rate"),
    };
    let client = Rc::new(Client {
        wire: Wire::of(wire).expect("a wire"),
        address: address.clone(),
        script: script.clone(),
        load,
        workload: Workload::new(mix),
        customers: std::io::stdin().lines().map_while(Result::ok).collect(),
        started: Instant::now(),
        seen: RefCell::new(Seen::new()),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let tasks = tokio::task::LocalSet::new();
    let connection = |number| {
        let client = Rc::clone(&client);
        tasks.spawn_local(async move { client.connection(number).await })
    };
    let connections: Vec<_> = (0..load.connections).map(connection).collect();
    runtime.expect("a runtime starts").block_on(tasks.run_until(async {
        for connection in connections {
            connection.await.expect("an answer that is no order ends the measurement");
        }
    }));
    let seen = client.seen.borrow();
    let ms = |us: u64| format!("{:.2}", Duration::from_micros(us).as_secs_f64() * 1e3);
    let at = [0.5, 0.9, 0.99, 0.999, 1.0].map(|q| ms(seen.latencies.value_at_quantile(q)));
    let rate = kirana_benches::report::rate(seen.orders, client.started.elapsed());
    println!("{rate} {} {} {}", seen.orders, seen.units, at.join(" "));
    ExitCode::SUCCESS
}

struct Client {
    wire: Wire,
    address: String,
    script: String,
    load: Load,
    workload: Workload,
    customers: Vec<String>,
    started: Instant,
    seen: RefCell<Seen>,
}

/// The figures of all connections together.
struct Seen {
    next: u64,
    orders: u64,
    units: u64,
    latencies: Histogram<u64>,
}

impl Seen {
    fn new() -> Self {
        let latencies = Histogram::new(3).expect("a histogram of three digits");
        Self { next: 0, orders: 0, units: 0, latencies }
    }

    /// Returns the number of the next checkout.
    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

impl Client {
    /// Sends one checkout after the other; with an offered rate, each when it is due.
    async fn connection(&self, number: u64) {
        let mut stream = TcpStream::connect(&self.address).await.expect("the server is there");
        stream.set_nodelay(true).expect("a socket option");
        let mut buffer = Vec::with_capacity(64 * 1_024);
        stream.write_all(&self.wire.greeting()).await.expect("it is sent");
        for _ in 0..self.wire.greeting_answers() {
            self.read_answer(&mut stream, &mut buffer).await;
        }
        let index = usize::try_from(number).expect("a small number") % self.customers.len();
        while self.started.elapsed() < Duration::from_secs(self.load.seconds) {
            let number = self.seen.borrow_mut().take_number();
            let checkout = Checkout {
                salt: u64::from(std::process::id()),
                number,
                customer: &self.customers[index],
                basket: self.workload.basket(number),
            };
            let request = self.wire.request(&checkout, &self.script);
            let due = self.due(number);
            if let Some(due) = due {
                tokio::time::sleep_until(due.into()).await;
            }
            let sent = due.unwrap_or_else(Instant::now);
            stream.write_all(&request).await.expect("it is sent");
            let outcome = self.read_answer(&mut stream, &mut buffer).await;
            let us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
            let mut seen = self.seen.borrow_mut();
            seen.latencies.record(us.max(1)).expect("it fits");
            if outcome == Outcome::Placed {
                seen.orders += 1;
                seen.units += checkout.basket.len() as u64;
            }
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a time to send at")]
    fn due(&self, number: u64) -> Option<Instant> {
        let offered = self.load.offered;
        (offered > 0.0).then(|| self.started + Duration::from_secs_f64(number as f64 / offered))
    }

    async fn read_answer(&self, stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Outcome {
        loop {
            if let Some((length, outcome)) =
                (!buffer.is_empty()).then(|| self.wire.answer(buffer)).flatten()
            {
                buffer.drain(..length);
                return outcome;
            }
            let read = stream.read_buf(buffer).await.expect("it answers");
            assert!(read > 0, "the server closed the connection");
        }
    }
}
