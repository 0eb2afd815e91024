//! Scenarios: stories in plain text (`tests/scenarios/*.txt`), told to the real engine.
//!
//! A line is a verb, its words, and after `->` what comes of it:
//!
//! ```text
//! given    milk 3, rice 5                 the products and their units on hand
//! checkout C1 milk*2 rice*1 cod [swap, ask] -> placed O1 total 320.00 | -> rejected 2001 milk wanted 2 available 1
//! cancel   O1 [by support] [because …]    -> cancelled | -> rejected 3001
//! receive  milk 5                         -> ok
//! adjust   milk -2                        -> ok | -> rejected 2002 milk wanted 2 available 1
//! wait     15m                            the clock moves on; what is due happens
//! restart, crash                          a clean stop, a power cut; then a new start
//! view     milk                           -> available 1 held 2 allocated 0
//! order    O1                             -> expired version 2 total 320.00
//! pay      O1 [failure, again, amount=n]  goes to pay, and pays at the provider -> ok | -> rejected 4003
//! letters  [reversed]                     webhooks come, each twice; what is due at the provider is done
//! lose     letters                        webhooks are lost
//! provider drop_after=100                 what goes wrong at the provider from now on; none
//! dashboard O1                            the merchant gives all of the money back at the provider
//! refund   O1 50                          support gives rupees back -> ok | -> rejected 4004
//! money    O1                             -> completed kept 220.00 back 0.00
//! accept, reject, pack, picked-up, out-for-delivery, failed, decline-assignment, accept-assignment
//!          O1 [by who]                    -> packed | -> rejected 3001
//! assign   O1 R1                          the back office asks a rider
//! delivered O1 220                        with so much cash
//! short-pick O1 milk*1                    so many are missing
//! substitute O1 milk*1 rice*1             so many are missing, so many others instead
//! agree, disagree O1 milk                 the customer answers
//! again                                   the last checkout with the same key -> replayed O1 | -> replayed 2001
//! ```

use kirana_domain::order::{OrderCommand, Preference, RefundOf, Substitute};
use kirana_domain::{OrderId, Paise, Principal, Role, Status, StockLine};
use kirana_engine::{Command, SubmitError};
use kirana_tests::life::{packer, rider};
use kirana_tests::provider::Provider;
use kirana_tests::shop::{
    Answer, Cod, Razorpay, STORE, Shop, Town, adjustment_of, admin, customer, eventually, id_of,
    key, order_in, order_of, reason, receipt_of, rejection_in, short_lines, support,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

struct Story {
    town: Town,
    shop: Shop,
    provider: Provider,
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
        let (shop, provider) = (town.start().await, Provider::start(1));
        shop.engine.set_payment_port(provider.gateway());
        Self { town, shop, provider, orders: BTreeMap::new(), last: None, asked: 0 }
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
                let (status, total) = (order.status.name(), order.placed.sums.total);
                // How many facts the provider's words make depends on how they come.
                if order.payment.is_some() {
                    format!("{status} total {total}")
                } else {
                    format!("{status} version {} total {total}", order.version())
                }
            }
            "pay" => self.pay(words).await,
            "letters" => self.letters(words == "reversed").await,
            "lose" => {
                self.provider.letters();
                String::new()
            }
            "provider" => {
                self.provider.faults(words);
                String::new()
            }
            "dashboard" => {
                let payment = self.shop.engine.payment(self.orders[words].1).unwrap();
                self.provider.refund_in_dashboard(&payment.charges[0].id, None);
                String::new()
            }
            "money" => {
                let order = self.shop.order(self.orders[words].1).await;
                let payment = order.payment.as_deref().cloned().unwrap_or_default();
                let (kept, back) = (payment.kept(), payment.given_back());
                format!("{} kept {kept} back {back}", order.payment_status().name())
            }
            other => self.command(other, words).await,
        }
    }

    async fn start(&mut self) -> String {
        self.shop = self.town.start().await;
        self.shop.engine.set_payment_port(self.provider.gateway());
        self.what_is_due_happens().await;
        String::new()
    }

    async fn checkout(&mut self, words: &str) -> String {
        let (who, rest) = words.split_once(' ').unwrap();
        let who: u64 = who.trim_start_matches('C').parse().unwrap();
        let method = if rest.contains(" online") { Razorpay } else { Cod };
        let by = customer(who);
        let mut command = order_of(by, &pairs(rest), method);
        if let Command::PlaceOrder(wanted) = &mut command {
            wanted.preference = match rest.split_whitespace().last() {
                Some("swap") => Preference::Swap,
                Some("ask") => Preference::Ask,
                _ => Preference::Refund,
            };
        }
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
        format!("{state} {name} total {}", order.placed.sums.total)
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
            Err(SubmitError::Rejected { rejection, replayed: true }) => {
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
        let answer = self.shop.ask(by, None, Command::cancel(order_id, reason)).await;
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
            if order.expires_at_ms(now_ms).is_none_or(|ends_ms| now_ms < ends_ms) {
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
        self.provider_is_done().await;
    }

    /// Waits until nothing is due at the provider now.
    async fn provider_is_done(&self) {
        let now_ms = self.shop.engine.now_ms();
        eventually("nothing is due at the provider", || {
            self.orders.values().all(|(_, id)| {
                let Some(payment) = self.shop.engine.payment(*id) else { return true };
                let later = |effect| {
                    let trouble = payment.trouble(effect);
                    trouble.is_some_and(|it| it.retry_at_ms.is_none_or(|at_ms| at_ms > now_ms))
                };
                payment.due_effects(false).iter().all(later)
            })
        })
        .await;
        self.shop.settled().await;
    }

    async fn pay(&self, words: &str) -> String {
        let mut words = words.split_whitespace();
        let (owner, order_id) = self.orders[words.next().unwrap()];
        let mut how = json!({});
        for word in words {
            match word.split_once('=') {
                Some(("amount", paise)) => how["amount"] = json!(paise.parse::<i64>().unwrap()),
                _ if word == "again" => how["again"] = json!(true),
                _ => how["outcome"] = json!(word),
            }
        }
        if how["again"].is_null() {
            let answer =
                self.shop.command(customer(owner), order_id, OrderCommand::StartPayment).await;
            if answer.is_err() {
                return told_rejection(&answer);
            }
        }
        let provider_order = self.shop.provider_order(order_id).await;
        self.provider.pay(&provider_order, how);
        "ok".to_owned()
    }

    /// Webhooks come, each of them twice, until no more come of what they lead to.
    async fn letters(&self, is_reversed: bool) -> String {
        loop {
            let mut letters = self.provider.letters();
            if letters.is_empty() {
                return String::new();
            }
            if is_reversed {
                letters.reverse();
            }
            for letter in &letters {
                assert!(!self.shop.deliver(letter).await.unwrap().replayed);
                assert!(self.shop.deliver(letter).await.unwrap().replayed);
            }
            self.provider_is_done().await;
        }
    }

    async fn command(&self, verb: &str, words: &str) -> String {
        let (words, who) = words.split_once(" by ").unwrap_or((words, ""));
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        let (owner, order_id) = self.orders[name];
        let asked = self.shop.order(order_id).await.rider().map_or(packer(), |rider| Principal {
            role: Role::Rider,
            person_id: rider.person_id,
            store_id: None,
        });
        let (own, command) = wish_of(verb, rest, asked, customer(owner), &self.shop);
        let by = match who {
            "" => own,
            "packer" => packer(),
            "support" => support(),
            "stranger" => customer(99),
            who => rider(who.trim_start_matches('R').parse().unwrap()),
        };
        let answer = self.shop.command(by, order_id, command).await;
        if answer.is_err() {
            return told_rejection(&answer);
        }
        self.provider_is_done().await;
        match verb {
            "refund" => "ok".to_owned(),
            _ => self.shop.order(order_id).await.status.name().to_owned(),
        }
    }
}

/// A command by its name, with who usually has it. The back office writes a reason to everything.
fn wish_of(
    verb: &str,
    rest: &str,
    asked: Principal,
    owner: Principal,
    shop: &Shop,
) -> (Principal, OrderCommand) {
    let why = || reason("as the story has it");
    let reason = Some(why());
    let rupees = || Paise::rupees(rest.parse().unwrap());
    match verb {
        "accept" => (packer(), OrderCommand::Accept { reason }),
        "reject" => (packer(), OrderCommand::Reject { reason: why() }),
        "pack" => (packer(), OrderCommand::Pack { reason }),
        "assign" => {
            let rider_id = rider(rest.trim_start_matches('R').parse().unwrap()).person_id;
            (admin(), OrderCommand::Assign { rider_id, reason })
        }
        "accept-assignment" => (asked, OrderCommand::AcceptAssignment { reason }),
        "decline-assignment" => (asked, OrderCommand::DeclineAssignment { reason }),
        "picked-up" => (asked, OrderCommand::PickUp { reason }),
        "out-for-delivery" => (asked, OrderCommand::SetOut { reason }),
        "delivered" => (asked, OrderCommand::Deliver { cash: rupees(), reason }),
        "failed" => (asked, OrderCommand::Fail { reason: why() }),
        "refund" => {
            (support(), OrderCommand::Refund { of: RefundOf::Amount(rupees()), reason: why() })
        }
        "short-pick" => {
            let line = |(name, units)| StockLine { product_id: id_of(name), units };
            let missing = pairs(rest).into_iter().map(line).collect();
            (packer(), OrderCommand::ShortPick { missing, reason })
        }
        "substitute" => {
            let [(missing, missing_units), (instead, units)] = pairs(rest)[..] else {
                panic!("what is missing, and what instead: {rest}")
            };
            let (missing, instead) = (id_of(missing), id_of(instead));
            let substitute = Substitute { missing, missing_units, instead, units };
            let item = shop.engine.catalogue(|catalogue| {
                Arc::clone(&catalogue.product(STORE, instead).expect("it is sold").item)
            });
            (packer(), OrderCommand::Substitute { substitute, item, reason })
        }
        "agree" | "disagree" => {
            let (product_id, agree) = (id_of(rest), verb == "agree");
            (owner, OrderCommand::AnswerSubstitution { product_id, agree, reason })
        }
        other => panic!("no such verb: {other}"),
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
