//! Scenarios: stories in plain text (`tests/scenarios/*.txt`), told to the real engine.
//!
//! A line is a verb, its words, and after `->` what comes of it:
//!
//! ```text
//! given    milk 3, rice 5                 the products and their units on hand
//! checkout C1 milk*2 rice*1 cod           -> placed O1 total 320.00 | -> rejected 2001 milk wanted 2 available 1
//! cancel   O1 [by support] [because …]    -> cancelled | -> rejected 3001
//! receive  milk 5                         -> ok
//! adjust   milk -2                        -> ok | -> rejected 2002 milk wanted 2 available 1
//! wait     15m                            the clock moves on; what is due happens
//! restart, crash                          a clean stop, a power cut; then a new start
//! view     milk                           -> available 1 held 2 allocated 0
//! order    O1                             -> expired version 2 total 320.00
//! again                                   the last checkout with the same key -> replayed O1 | -> replayed 2001
//! ```

use kirana_domain::{OrderId, Principal, Status};
use kirana_engine::{Command, Refusal};
use kirana_tests::shop::{
    Answer, Cod, Razorpay, Shop, Town, adjustment_of, admin, customer, eventually, key, order_in,
    order_of, reason, receipt_of, rejection_in, short_lines, support,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::str::FromStr;

struct Story {
    town: Town,
    shop: Shop,
    /// Orders by the names that the story gives them, with who ordered.
    orders: BTreeMap<String, (u64, OrderId)>,
    last: Option<(Principal, String, Command)>,
    asked: u64,
}

/// `milk*2 rice*1`; other words are not about products.
fn pairs(words: &str) -> Vec<(&str, u32)> {
    let pair = |word| -> Option<(&str, u32)> {
        let (name, units) = str::split_once(word, '*')?;
        Some((name, units.parse().ok()?))
    };
    words.split_whitespace().filter_map(pair).collect()
}

/// `milk 3, rice 5`.
fn units<N: FromStr>(words: &str) -> Vec<(&str, N)> {
    let part = |part| {
        let (name, number) = str::trim(part).split_once(' ').expect("a product and a number");
        (name, number.parse().unwrap_or_else(|_| panic!("not a number: {number}")))
    };
    words.split(',').map(part).collect()
}

impl Story {
    async fn new() -> Self {
        let town = Town::default();
        let shop = town.start().await;
        Self { town, shop, orders: BTreeMap::new(), last: None, asked: 0 }
    }

    /// Tells one line; answers what came of it.
    async fn tell(&mut self, line: &str) -> String {
        let (verb, words) = line.split_once(' ').unwrap_or((line, ""));
        let words = words.trim();
        match verb {
            "given" => {
                self.shop.open_store(&units::<u32>(words)).await;
                String::new()
            }
            "checkout" => self.checkout(words).await,
            "again" => self.again().await,
            "cancel" => self.cancel(words).await,
            "receive" => told_stock(&self.shop.ask(admin(), None, receipt_of(&units(words))).await),
            "adjust" => {
                told_stock(&self.shop.ask(admin(), None, adjustment_of(&units(words))).await)
            }
            "wait" => self.wait(words).await,
            "restart" => {
                self.shop.engine.stop().await.unwrap();
                self.start().await
            }
            "crash" => {
                self.town.disk.crash();
                self.start().await
            }
            "view" => {
                let stock = self.shop.stock(words);
                let (available, held, allocated) = (stock.available, stock.held, stock.allocated);
                format!("available {available} held {held} allocated {allocated}")
            }
            "order" => {
                let order = self.shop.order(self.orders[words].1).await;
                let (status, total) = (order.status.name(), order.placed.total);
                format!("{status} version {} total {total}", order.version())
            }
            other => panic!("no such verb: {other}"),
        }
    }

    async fn start(&mut self) -> String {
        self.shop = self.town.start().await;
        self.what_is_due_happens().await;
        String::new()
    }

    async fn checkout(&mut self, words: &str) -> String {
        let (who, rest) = words.split_once(' ').unwrap();
        let who: u64 = who.trim_start_matches('C').parse().unwrap();
        let method = if rest.ends_with("online") { Razorpay } else { Cod };
        let by = customer(who);
        let command = order_of(by, &pairs(rest), method);
        self.asked += 1;
        let name = format!("checkout {}", self.asked);
        let answer = self.shop.ask(by, Some(key(&name)), command.clone()).await;
        self.last = Some((by, name, command));
        if answer.is_err() {
            return told_rejection(&answer);
        }
        let order = order_in(&answer);
        let name = format!("O{}", self.orders.len() + 1);
        self.orders.insert(name.clone(), (who, order.placed.id));
        let state = if order.status == Status::Placed { "placed" } else { "pending" };
        format!("{state} {name} total {}", order.placed.total)
    }

    async fn again(&mut self) -> String {
        let (by, name, command) = self.last.clone().unwrap();
        let answer = self.shop.ask(by, Some(key(&name)), command).await;
        match &answer {
            Ok(receipt) => {
                let id = order_in(&answer).placed.id;
                let known = self.orders.iter().find(|(_, (_, known))| *known == id);
                let name = known.map_or("a new order", |(name, _)| name);
                format!("{} {name}", if receipt.replayed { "replayed" } else { "placed" })
            }
            Err(Refusal::Rejected { rejection, replayed: true }) => {
                format!("replayed {}", rejection.code())
            }
            _ => told_rejection(&answer),
        }
    }

    async fn cancel(&mut self, words: &str) -> String {
        let (words, why) = words.split_once(" because ").unwrap_or((words, ""));
        let (name, who) = words.split_once(" by ").unwrap_or((words, ""));
        let (owner, order_id) = self.orders[name];
        let by = if who == "support" { support() } else { customer(owner) };
        let reason = (!why.is_empty()).then(|| reason(why));
        let answer = self.shop.ask(by, None, Command::CancelOrder { order_id, reason }).await;
        answer.as_ref().map_or_else(|_| told_rejection(&answer), |_| "cancelled".to_owned())
    }

    async fn wait(&mut self, words: &str) -> String {
        let (number, unit) = words.split_at(words.len() - 1);
        let unit_ms = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            other => panic!("no such unit of time: {other}"),
        };
        self.town.clock.advance_ms(number.parse::<i64>().unwrap() * unit_ms);
        self.what_is_due_happens().await;
        String::new()
    }

    async fn what_is_due_happens(&self) {
        let now_ms = self.shop.engine.now_ms();
        for (_, id) in self.orders.values() {
            let order = self.shop.order(*id).await;
            if order.placed.hold_expires_at_ms.is_none_or(|ends_ms| now_ms < ends_ms) {
                continue;
            }
            for _ in 0..5_000 {
                if self.shop.order(*id).await.status != Status::PendingPayment {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        }
        eventually("nothing is in flight", || self.shop.engine.stats().in_flight == 0).await;
    }
}

fn told_rejection(answer: &Answer) -> String {
    let rejection = rejection_in(answer);
    let mut told = format!("rejected {}", rejection.code());
    if matches!(rejection.code(), 2001 | 2002) {
        let mut short = short_lines(answer);
        short.sort();
        for (name, wanted, available) in short {
            write!(told, " {name} wanted {wanted} available {available}").unwrap();
        }
    }
    told
}

fn told_stock(answer: &Answer) -> String {
    answer.as_ref().map_or_else(|_| told_rejection(answer), |_| "ok".to_owned())
}

async fn run(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut story = Story::new().await;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap().trim();
        if line.is_empty() {
            continue;
        }
        let (said, expected) = line.split_once("->").unwrap_or((line, ""));
        let told = story.tell(said.trim()).await;
        assert_eq!(told, expected.trim(), "{}:{number}: {line}", path.display());
    }
    story.shop.audit(&[]).await;
}

#[tokio::test]
async fn every_scenario_comes_out_as_it_is_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 8, "the scenarios are there");
    for path in paths {
        run(&path).await;
    }
}
