//! A crowd of clients that insist: each sends its command, with the same key, until it is told what
//! came of it. The server may die under them as often as it likes.

use crate::http::{Answer, Client, Request};
use crate::market::{Lines, Market, customer, customer_id};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a client insists: longer than any restart takes.
const INSIST_MAX: Duration = Duration::from_mins(2);
const KNOCK_EVERY: Duration = Duration::from_millis(20);

/// What a client wants.
#[derive(Clone, Debug)]
pub struct Command {
    /// The key of the order; a cancellation has the same with `-cancel` behind it.
    pub key: String,
    /// Which customer.
    pub customer: u64,
    /// What they order.
    pub lines: Lines,
    /// Whether they cancel it once it is placed.
    pub then_cancel: bool,
}

/// A command, and what the client was told.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The command.
    pub command: Command,
    /// The answer to the order.
    pub placed: Answer,
    /// The answer to the cancellation.
    pub cancelled: Option<Answer>,
}

impl Deed {
    /// The id of the order, if it was placed.
    pub fn order_id(&self) -> Option<String> {
        (self.placed.status == 201).then(|| text(&self.placed.json()["id"]))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a crowd was told so far.
#[derive(Debug, Default)]
pub struct Crowd {
    deeds: Mutex<Vec<Deed>>,
    /// Requests that broke off, and were sent again.
    pub broken_off: AtomicU64,
    /// Requests whose effect was there before their answer was.
    pub replayed: AtomicU64,
}

impl Crowd {
    /// Has so many clients work at once. Each asks `next(client, n)` for its n-th command until there
    /// is none.
    pub fn work(
        &self,
        address: SocketAddr,
        market: &Market,
        clients: u64,
        next: impl Fn(u64, u64) -> Option<Command> + Sync,
    ) {
        thread::scope(|scope| {
            for number in 0..clients {
                let next = &next;
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    for n in 0.. {
                        let Some(command) = next(number, n) else { return };
                        let deed = self.fulfil(&mut client, market, command);
                        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).push(deed);
                    }
                });
            }
        });
    }

    /// What it was told so far.
    pub fn deeds(&self) -> Vec<Deed> {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many commands were answered so far.
    pub fn count(&self) -> usize {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn fulfil(&self, client: &mut Client, market: &Market, command: Command) -> Deed {
        let request = market.place(command.customer, &command.key, &command.lines);
        let placed = self.insist(client, &request);
        let mut deed = Deed { command, placed, cancelled: None };
        if let Some(id) = deed.order_id().filter(|_| deed.command.then_cancel) {
            deed.cancelled = Some(self.insist(client, &cancellation(&deed.command, &id)));
        }
        deed
    }

    /// Sends a request until it is answered with what came of it.
    fn insist(&self, client: &mut Client, request: &Request) -> Answer {
        let begun = Instant::now();
        let mut is_retry = false;
        loop {
            match client.send(request) {
                Ok(answer) if !matches!(answer.status, 429 | 503 | 504) => {
                    let is_expected = matches!(answer.status, 200 | 201 | 409);
                    assert!(is_expected, "{}", answer.text());
                    if is_retry && answer.is_replayed() {
                        self.replayed.fetch_add(1, Ordering::Relaxed);
                    }
                    return answer;
                }
                Ok(_) => (),
                Err(_) => _ = self.broken_off.fetch_add(1, Ordering::Relaxed),
            }
            assert!(begun.elapsed() < INSIST_MAX, "no answer to {request:?}");
            is_retry = true;
            thread::sleep(KNOCK_EVERY);
        }
    }

    /// Checks that everything that was told is so, and nothing else: see the assertions.
    ///
    /// # Panics
    /// If something was lost, doubled, or changed.
    pub fn check(&self, client: &mut Client, market: &Market) {
        let deeds = self.deeds();
        let told: BTreeMap<String, &Deed> =
            deeds.iter().filter_map(|deed| Some((deed.order_id()?, deed))).collect();
        let keys: BTreeSet<_> = deeds.iter().map(|deed| &deed.command.key).collect();
        assert_eq!(keys.len(), deeds.len(), "each command has a key of its own");
        let orders = market.orders(client);
        let there: BTreeSet<_> = orders.iter().map(|order| text(&order["id"])).collect();
        for (id, deed) in &told {
            assert!(there.contains(id), "order {id} was acknowledged and is lost: {deed:?}");
        }
        for id in &there {
            assert!(told.contains_key(id), "nobody was told of order {id}: a key has two orders");
        }
        let mut allocated = vec![0; market.goods.len()];
        for order in &orders {
            check_order(order, told[&text(&order["id"])], market, &mut allocated);
        }
        for (index, goods) in market.goods.iter().enumerate() {
            let count = market.count(client, index);
            let (received, sold) = (i64::from(goods.units), allocated[index]);
            assert_eq!((count.received, count.allocated), (received, sold), "{}", goods.name);
            assert_eq!(count.available, received - sold, "{}", goods.name);
        }
    }

    /// Checks that every command, sent once more, gets the first answer, byte for byte.
    ///
    /// # Panics
    /// If one gets another.
    pub fn check_replays(&self, client: &mut Client, market: &Market) {
        for deed in self.deeds() {
            let again = client.ask(&market.place(
                deed.command.customer,
                &deed.command.key,
                &deed.command.lines,
            ));
            assert_same(&again, &deed.placed, &deed.command);
            if let (Some(id), Some(cancelled)) = (deed.order_id(), &deed.cancelled) {
                assert_same(
                    &client.ask(&cancellation(&deed.command, &id)),
                    cancelled,
                    &deed.command,
                );
            }
        }
    }
}

fn cancellation(command: &Command, order_id: &str) -> Request {
    Request::post(format!("/v1/orders/{order_id}/cancel"))
        .token(&customer(command.customer))
        .key(&format!("{}-cancel", command.key))
        .json(&json!({ "reason": "changed my mind" }))
}

fn assert_same(again: &Answer, first: &Answer, command: &Command) {
    assert_eq!(again.status, first.status, "{command:?}");
    assert!(again.is_replayed(), "{command:?}: {}", again.text());
    if first.status < 300 {
        assert_eq!(again.text(), first.text(), "{command:?}");
    } else {
        // A refusal names its own request; everything else of it is the same.
        let but_id = |answer: &Answer| {
            let mut problem = answer.json();
            problem["request_id"] = Value::Null;
            problem
        };
        assert_eq!(but_id(again), but_id(first), "{command:?}");
    }
}

fn check_order(order: &Value, deed: &Deed, market: &Market, allocated: &mut [i64]) {
    let first = deed.placed.json();
    let is_cancelled = deed.cancelled.as_ref().is_some_and(|answer| answer.status == 200);
    assert_eq!(order["status"], if is_cancelled { "cancelled" } else { "placed" }, "{deed:?}");
    assert_eq!(order["customer_id"], customer_id(deed.command.customer).to_string());
    for field in ["order_number", "items", "total_paise", "delivery_address", "created_at"] {
        assert_eq!(order[field], first[field], "{field} of {deed:?}");
    }
    let items = order["items"].as_array().expect("an order has items");
    assert_eq!(items.len(), deed.command.lines.len());
    for (index, units) in &deed.command.lines {
        let id = market.goods[*index].id.to_string();
        let item = items.iter().find(|item| item["product_id"] == id).expect("the line is there");
        assert_eq!(item["quantity"], *units);
        allocated[*index] += if is_cancelled { 0 } else { i64::from(*units) };
    }
}
