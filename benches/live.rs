//! How long from the commit of an order until those who listen have heard of it?
//!
//! `cargo bench -p kirana-benches --bench live`; `RATE` and `SECONDS` change how many orders are
//! placed a second, and how long. Either every stream is of the store, and hears of every order, or
//! each is of a customer who places one order, and hears of that. The gateway and its engine are in this process, so that a commit
//! has a time: the moment in which the engine answers, once the record is durable and applied. The
//! readers hold real connections, on a runtime and a thread of their own. The time from the command
//! stands beside it: it holds the sync of the disk too, which is no part of the feed. A thousand
//! streams of one store are mostly a thousand writes and reads of sockets in the kernel.

use hdrhistogram::Histogram;
use kirana_api::auth::Tokens;
use kirana_api::config::{Config, Flags};
use kirana_api::gateway::Gateway;
use kirana_api::listener;
use kirana_api::router::router;
use kirana_benches::report::{heading, resident_bytes, setting};
use kirana_benches::{People, STORE, checkout, customer, shop};
use kirana_domain::{Principal, Role};
use kirana_engine::{Engine, Progress};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const SECRET: &[u8] = b"a secret of the benches, long enough to sign with";

/// When an order was sent, and when it was committed.
type Commits = HashMap<u64, (Instant, Instant)>;

fn main() {
    let (rate, seconds) = (setting("RATE", 20), setting("SECONDS", 10));
    heading("From the commit of an order to the readers of its stream");
    println!("{rate} orders a second for {seconds} s, over the loopback\n");
    println!(
        "| streams | of | heard | commit to reader: p50 ms | p90 | p99 | max | command to reader: p50 | p99 | KiB a stream |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let server = runtime(2);
    let prometheus = kirana_api::metrics::install().expect("the only recorder of this process");
    let runs =
        [(1, Role::Admin), (1_000, Role::Customer), (100, Role::Admin), (1_000, Role::Admin)];
    for (streams, role) in runs {
        let dir = tempfile::tempdir_in(".").expect("a folder beside the project's");
        let engine = server.block_on(shop(dir.path(), 100));
        let mut config = Config::load(&Flags::default()).expect("the defaults are right");
        config.bounds.per_address_max = 0;
        let tokens = Tokens::new(SECRET);
        let gateway = Gateway::new(tokens, config.limits, Progress::new(), prometheus.clone());
        gateway.ready(engine.clone());
        let (stop, stopped) = watch::channel(false);
        let listening = server.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listening.local_addr().expect("it is bound");
        let routes = router(gateway);
        let serving = server.spawn(listener::serve(listening, routes, config.bounds, stopped));

        let before = resident_bytes(std::process::id());
        let readers = runtime(1);
        let heard = readers.block_on(listen(address, streams, role));
        let per_stream =
            resident_bytes(std::process::id()).saturating_sub(before) / 1_024 / streams;
        let commits = server.block_on(place(&engine, rate, seconds));
        std::thread::sleep(Duration::from_secs(1));
        engine.end_subscriptions();
        let heard = readers.block_on(heard.join_all());
        print((streams, role), &commits, &heard, per_stream);

        stop.send_replace(true);
        server.block_on(serving).expect("the listener ends");
        server.block_on(engine.stop()).expect("the engine stops");
    }
}

fn runtime(workers: usize) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(workers).enable_all().build().expect("a runtime starts")
}

/// Opens streams; each ends with what it heard, and when. Both ends of them are in this process.
async fn listen(address: SocketAddr, streams: u64, role: Role) -> JoinSet<Vec<(u64, Instant)>> {
    let open = Arc::new(AtomicUsize::new(0));
    let mut readers = JoinSet::new();
    for n in 0..streams {
        let who = Principal { role, ..customer(n) };
        let token = Tokens::new(SECRET).sign(&who, 3_600);
        let opened = Arc::clone(&open);
        let path = match role {
            Role::Customer => "/v1/me/events".to_owned(),
            _ => format!("/v1/stores/{STORE}/events"),
        };
        readers.spawn(read(address, path, token, opened));
    }
    while open.load(Ordering::Relaxed) < usize::try_from(streams).expect("a small number") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    readers
}

async fn read(
    address: SocketAddr,
    path: String,
    token: String,
    opened: Arc<AtomicUsize>,
) -> Vec<(u64, Instant)> {
    let mut stream = TcpStream::connect(address).await.expect("the server is there");
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut stream = BufReader::with_capacity(4_096, stream);
    let (mut heard, mut line) = (Vec::new(), Vec::new());
    let mut id = 0;
    while stream.read_until(b'\n', &mut line).await.is_ok_and(|bytes| bytes > 0) {
        let text = std::str::from_utf8(&line).unwrap_or_default().trim_end();
        if let Some(position) = text.strip_prefix("id: ") {
            id = position.parse().expect("an id is a position");
        } else if text == "event: snapshot" {
            opened.fetch_add(1, Ordering::Relaxed);
        } else if text.starts_with("data: ") {
            heard.push((id, Instant::now()));
        }
        line.clear();
    }
    heard
}

/// Places orders at their times, whether those before were answered or not.
async fn place(engine: &Engine, rate: u64, seconds: u64) -> Commits {
    let people = People::new(100);
    let mut orders = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / rate.max(1)));
    for n in 0..rate * seconds {
        ticks.tick().await;
        let request = checkout(&people, n, &[n % 30, 30 + n % 30, 60 + n % 30]);
        let engine = engine.clone();
        orders.spawn(async move {
            let sent = Instant::now();
            let receipt = engine.submit(request).await.expect("an order of the bench is placed");
            (receipt.lsn.0, (sent, Instant::now()))
        });
    }
    orders.join_all().await.into_iter().collect()
}

fn print((streams, role): (u64, Role), commits: &Commits, heard: &[Vec<(u64, Instant)>], kib: u64) {
    let mut from_commit = Histogram::<u64>::new(3).expect("a histogram");
    let mut from_command = from_commit.clone();
    for (lsn, at) in heard.iter().flatten() {
        // The state at the beginning is about no order.
        let Some((sent, committed)) = commits.get(lsn) else { continue };
        let us = |since: &Instant| at.saturating_duration_since(*since).as_micros();
        let us = |since| u64::try_from(us(since)).unwrap_or(u64::MAX).max(1);
        from_commit.record(us(committed)).expect("it fits");
        from_command.record(us(sent)).expect("it fits");
    }
    let orders = u64::try_from(commits.len()).expect("a small number");
    let (of, wanted) = match role {
        // The n-th order is of the n-th customer.
        Role::Customer => ("a customer each", orders.min(streams)),
        _ => ("one store", streams * orders),
    };
    assert_eq!(from_commit.len(), wanted, "everybody hears of what is theirs, once");
    let ms = |histogram: &Histogram<u64>, quantile| {
        let us = histogram.value_at_quantile(quantile);
        format!("{:.2}", Duration::from_micros(us).as_secs_f64() * 1e3)
    };
    let [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1.0].map(|quantile| ms(&from_commit, quantile));
    let [whole_p50, whole_p99] = [0.5, 0.99].map(|quantile| ms(&from_command, quantile));
    println!(
        "| {streams} | {of} | {wanted} | {p50} | {p90} | {p99} | {max} | {whole_p50} | {whole_p99} | {kib} |"
    );
}
