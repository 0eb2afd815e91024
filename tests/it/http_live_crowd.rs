//! Many streams at once: random disconnects, readers who do not read, and what a stream costs.

use crate::EXE;
use kirana_domain::Role;
use kirana_tests::http::{Client, Request};
use kirana_tests::live::{Command, Live, Opened, open};
use kirana_tests::market::{Market, customer, token};
use kirana_tests::process::{Program, Server};
use kirana_tests::shop::Dice;
use serde_json::Value;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 100_000), ("rice", 20_000, 100_000)];
const CUSTOMERS: u64 = 40;

/// Whom a stream listens to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Customer(u64),
    Store,
    Order(String, u64),
}

/// The positions of each, once nothing more happens.
type Wanted = Arc<HashMap<Whose, Vec<u64>>>;

struct Reader {
    address: SocketAddr,
    whose: Whose,
    command: Command,
    dice: Dice,
}

impl Reader {
    /// Listens, goes and comes again, until it has heard all that it wants. Answers the position
    /// that it began after, and what it heard since.
    async fn run(mut self, mut until: watch::Receiver<Option<Wanted>>) -> (Whose, u64, Vec<u64>) {
        let mut live = self.open(None).await.live();
        let began = live.expect("snapshot").await.id.unwrap();
        let (mut heard, mut last) = (Vec::new(), began);
        loop {
            let wanted = until.borrow_and_update().clone();
            if wanted.is_some_and(|all| all[&self.whose].last().is_none_or(|end| *end <= last)) {
                return (self.whose, began, heard);
            }
            let told = tokio::select! {
                told = live.wait() => told.unwrap(),
                _ = until.changed() => continue,
            };
            let Some(told) = told else {
                // Only a finished order ends its stream; whoever comes again is told to stop.
                assert!(matches!(self.whose, Whose::Order(..)));
                let again = self.open(Some(last)).await;
                assert!(matches!(again, Opened::Answer(answer) if answer.status == 204));
                return (self.whose, began, heard);
            };
            assert!(told.event.starts_with("order."), "{told:?}");
            last = told.id.unwrap();
            heard.push(last);
            if self.dice.roll(4) == 0 {
                drop(live);
                tokio::time::sleep(Duration::from_millis(self.dice.roll(30))).await;
                live = match self.open(Some(last)).await {
                    Opened::Live(live) => live,
                    Opened::Answer(answer) => {
                        assert_eq!(answer.status, 204, "{}", answer.text());
                        return (self.whose, began, heard);
                    }
                };
            }
        }
    }

    /// Opens the stream. The server may not have seen yet that a stream before has gone, and a
    /// machine with much to do may break a connection before it is answered: both are tried again,
    /// as every client does.
    async fn open(&self, after: Option<u64>) -> Opened {
        let command = self.command.clone().after(after);
        for _ in 0..2_000 {
            match open(self.address, &command).await {
                Ok(Opened::Answer(answer)) if answer.status == 429 => (),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => (),
                opened => return opened.unwrap(),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("there was never room for {:?}", self.whose);
    }
}

fn command(market: &Market, whose: &Whose, n: u64) -> Command {
    let way = if n.is_multiple_of(2) { "/events" } else { "/events/ws" };
    match whose {
        Whose::Customer(n) => Command::new(format!("/v1/me{way}"), &customer(*n)),
        Whose::Order(id, n) => Command::new(format!("/v1/orders/{id}{way}"), &customer(*n)),
        Whose::Store => {
            let who = token(Role::Packer, Uuid::from_u128(n.into()), Some(market.store_id));
            Command::new(market.path(way), &who)
        }
    }
}

fn cancel(client: &mut Client, order: &Value, n: u64) {
    let id = order["id"].as_str().unwrap();
    let request = Request::post(format!("/v1/orders/{id}/cancel")).token(&customer(n));
    client.ask(&request.key(&format!("cancel-{id}"))).expect(200);
}

fn key(round: &str, n: u64, k: u64) -> String {
    format!("{round}-{n:06}-{k:06}")
}

/// Several hundred orders and cancellations, by a few clients at once.
fn trade(server: &Server, market: &Market, first: &[(Value, u64)]) {
    thread::scope(|scope| {
        for shard in 0..4 {
            scope.spawn(move || {
                let mut client = server.client();
                for n in (0..CUSTOMERS).filter(|n| n % 4 == shard) {
                    for k in 0..15 {
                        let request = market.place(n, &key("crowd", n, k), &[(0, 1), (1, 2)]);
                        let order = client.ask(&request).expect(201);
                        if (n + k).is_multiple_of(3) {
                            cancel(&mut client, &order, n);
                        }
                    }
                    for (order, n) in first.iter().filter(|(_, own)| own == &n) {
                        cancel(&mut client, order, *n);
                    }
                }
            });
        }
    });
}

/// Every position of every topic, from the histories of the orders.
fn wanted(server: &Server, market: &Market, who: &[Whose]) -> Wanted {
    let mut client = server.client();
    let mut all: HashMap<Whose, Vec<u64>> =
        who.iter().map(|whose| (whose.clone(), Vec::new())).collect();
    let number = |id: &str| Uuid::parse_str(id).unwrap().as_u64_pair().1;
    for order in market.orders(&mut client) {
        let id = order["id"].as_str().unwrap().to_owned();
        let n = number(order["customer_id"].as_str().unwrap());
        let path = format!("/v1/orders/{id}/history");
        let history = client.ask(&Request::get(path).token(&customer(n))).expect(200);
        for fact in history["data"].as_array().unwrap() {
            let lsn = fact["lsn"].as_u64().unwrap();
            for whose in [Whose::Store, Whose::Customer(n), Whose::Order(id.clone(), n)] {
                all.entry(whose).or_default().push(lsn);
            }
        }
    }
    all.values_mut().for_each(|lsns| lsns.sort_unstable());
    Arc::new(all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_that_break_at_random_hear_exactly_the_log() {
    const STREAMS: u64 = 1_000;
    let dir = tempfile::tempdir().unwrap();
    let server = Program::new(EXE, &dir.path().join("data")).start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    let first =
        |n: u64| (client.ask(&market.place(n, &key("first", n, 0), &[(0, 1)])).expect(201), n);
    let first: Vec<_> = (0..CUSTOMERS).map(first).collect();
    let whose = |n: u64| match n % 5 {
        0 | 1 => Whose::Customer(n / 5 % CUSTOMERS),
        2 | 3 => Whose::Store,
        _ => {
            let (order, owner) = &first[usize::try_from(n / 5 % CUSTOMERS).unwrap()];
            Whose::Order(order["id"].as_str().unwrap().to_owned(), *owner)
        }
    };
    let (done, until) = watch::channel(None);
    let mut seeds = kirana_tests::dice::Dice::printed("a thousand streams");
    let mut readers = Vec::new();
    for n in 0..STREAMS {
        let (whose, address) = (whose(n), server.address);
        let command = command(&market, &whose, n);
        let reader = Reader { address, whose, command, dice: Dice(seeds.roll()) };
        readers.push(tokio::spawn(reader.run(until.clone())));
    }
    let wanted = tokio::task::block_in_place(|| {
        trade(&server, &market, &first);
        wanted(&server, &market, &(0..STREAMS).map(whose).collect::<Vec<_>>())
    });
    done.send_replace(Some(Arc::clone(&wanted)));
    let mut heard_in_all = 0;
    for reader in readers {
        let (whose, began, heard) = reader.await.unwrap();
        let all = &wanted[&whose];
        assert_eq!(
            heard,
            all[all.partition_point(|lsn| *lsn <= began)..],
            "{whose:?} after {began}"
        );
        heard_in_all += heard.len();
    }
    assert!(heard_in_all > 100_000, "{heard_in_all}");
}

fn metric(server: &Server, name: &str) -> u64 {
    let text = server.metrics();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().expect("a whole number"))
}

/// Waits until a figure is what it should be.
fn until_metric(server: &Server, name: &str, is_so: impl Fn(u64) -> bool) {
    for _ in 0..20 {
        if is_so(metric(server, name)) {
            return;
        }
    }
    panic!("{name} is {}", metric(server, name));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_does_not_read_is_cut_and_resumes_where_it_was() {
    const ORDERS: u64 = 1_500;
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.set("KIRANA_STREAM_STALL_MS_MAX", 500).start();
    let mut client = server.client();
    let names: Vec<_> =
        (0..50).map(|n| format!("a product with a long name, number {n}")).collect();
    let goods: Vec<_> = names.iter().map(|name| (name.as_str(), 10_000, 100_000)).collect();
    let market = Market::open(&mut client, &goods);
    let lines: Vec<_> = (0..50).map(|index| (index, 1)).collect();
    let mut place = |n| client.ask(&market.place(n, &key("long", n, 0), &lines)).expect(201);
    let placed: Vec<_> = (0..ORDERS).map(|n| place(n)["lsn"].as_u64()).collect();
    for (way, cut_before) in [("/events", 0), ("/events/ws", 1)] {
        let who = token(Role::Packer, Uuid::from_u128(5), Some(market.store_id));
        let command = Command::new(market.path(way), &who).after(Some(0));
        let deaf = Command { receive_bytes: Some(4_096), ..command.clone() };
        let mut live = open(server.address, &deaf).await.unwrap().live();
        let is_cut = |cut| cut > cut_before;
        tokio::task::block_in_place(|| {
            until_metric(&server, "kirana_streams_cut_total", is_cut);
            until_metric(&server, "kirana_streams_open", |open| open == 0);
        });
        let mut heard = Vec::new();
        // What was under way still arrives; then the connection is found broken.
        while let Ok(Some(told)) = live.next().await {
            heard.push(told.id);
        }
        assert!(heard.len() < placed.len(), "it was not cut");
        let last = heard.last().copied().flatten();
        let mut live = open(server.address, &command.after(last.or(Some(0)))).await.unwrap().live();
        while heard.len() < placed.len() {
            heard.push(live.expect("order.placed").await.id);
        }
        assert_eq!(heard, placed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute, and 10,000 connections at each end"]
async fn long_ten_thousand_streams_stay_open_in_bounded_memory() {
    const STREAMS: u64 = 10_000;
    const STREAM_KIB_MAX: u64 = 48;
    for way in ["/v1/me/events", "/v1/me/events/ws"] {
        let dir = tempfile::tempdir().unwrap();
        let server = Program::new(EXE, &dir.path().join("data")).start();
        let mut client = server.client();
        let market = Market::open(&mut client, GOODS);
        let before = server.resident_bytes();
        let mut streams: Vec<(u64, Live)> = Vec::new();
        for n in 0..STREAMS {
            let command = Command::new(way, &customer(n));
            let mut live = open(server.address, &command).await.unwrap().live();
            live.expect("snapshot").await;
            streams.push((n, live));
        }
        let quiet = server.resident_bytes();
        // With one keep-alive all have been awake; and each hears of an order of its own.
        tokio::time::sleep(Duration::from_secs(20)).await;
        for (n, live) in &mut streams {
            let order = client.ask(&market.place(*n, &key("ten-thousand", *n, 0), &[(0, 1)]));
            let lsn = order.expect(201)["lsn"].as_u64();
            assert_eq!(live.expect("order.placed").await.id, lsn);
        }
        let after = server.resident_bytes();
        let kib = |bytes: u64| bytes.saturating_sub(before) / 1_024 / STREAMS;
        println!("{way}: {STREAMS} streams, KiB each: {} quiet, {} later", kib(quiet), kib(after));
        assert!(kib(after) <= STREAM_KIB_MAX, "{} KiB a stream", kib(after));
        drop(streams);
        tokio::task::block_in_place(|| {
            until_metric(&server, "kirana_streams_open", |open| open == 0);
        });
    }
}
