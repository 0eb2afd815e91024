use super::*;
use crate::samples::{AT_MS, CUSTOMER, STORE, new_order, product_id, record};
use crate::time::StartClock;
use crate::{PaymentMethod, StoreId};
use std::sync::Arc;
use uuid::Uuid;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// A book of carts, and the log that leads to it.
#[derive(Default)]
struct Book {
    carts: CartBook,
    time: LogTime,
    lsn: u64,
    at_ms: AtMs,
}

impl Book {
    fn applies(&mut self, event: Event) {
        self.lsn += 1;
        let record = Record { at_ms: AT_MS + self.at_ms, ..record(event) };
        self.time.evolve(Lsn(self.lsn), &record);
        self.carts.evolve(Lsn(self.lsn), &record, &self.time);
    }

    fn wants(&mut self, command: &CartCommand) -> Result<(), Rejection> {
        let cart = self.cart();
        let lines = cart.decide(command)?;
        if !lines.is_empty() {
            let event = Event::CartChanged { customer_id: CUSTOMER, store_id: STORE, lines };
            self.applies(event);
        }
        Ok(())
    }

    fn cart(&self) -> Cart {
        self.carts.get(CUSTOMER, STORE).cloned().unwrap_or_default()
    }

    fn lines(&self) -> Vec<(u64, u32, u64)> {
        let n = |id: &ProductId| u64::try_from(id.0.as_u128() - 0x100).unwrap();
        self.cart().lines.iter().map(|(id, line)| (n(id), line.quantity, line.version.0)).collect()
    }
}

fn set(n: u64, quantity: u32, seen: Option<u64>) -> CartCommand {
    CartCommand::Set { product_id: product_id(n), quantity, seen: seen.map(Lsn) }
}

fn add(n: u64, units: i32) -> CartCommand {
    CartCommand::Add { product_id: product_id(n), units }
}

fn lines(lines: &[(u64, u32)]) -> Vec<(ProductId, u32)> {
    lines.iter().map(|(n, quantity)| (product_id(*n), *quantity)).collect()
}

// Case 47: vendurehq/vendure#2041 and #2187.
#[test]
fn what_two_devices_add_at_once_is_all_there() {
    let mut book = Book::default();
    for command in [add(1, 1), add(2, 2), add(1, 1), set(3, 4, None), add(2, -1)] {
        book.wants(&command).unwrap();
    }
    assert_eq!(book.lines(), [(1, 2, 3), (2, 1, 5), (3, 4, 4)]);
    assert_eq!((book.cart().version, book.carts.count()), (Lsn(5), 1));
    book.wants(&add(3, -9)).unwrap();
    assert_eq!(book.lines(), [(1, 2, 3), (2, 1, 5)], "fewer than none is none");
    assert_eq!(book.wants(&set(1, 2, None)), Ok(()), "what is so already changes nothing");
    assert_eq!(book.lsn, 6);
}

#[test]
fn a_device_that_sets_a_line_it_has_not_seen_is_told_so() {
    let mut book = Book::default();
    book.wants(&set(1, 1, Some(0))).unwrap();
    assert_eq!(book.wants(&set(1, 9, Some(0))), Err(Rejection::CartChanged { version: Lsn(1) }));
    assert_eq!(book.wants(&set(2, 9, Some(0))), Ok(()), "another line is another matter");
    book.wants(&set(1, 9, Some(1))).unwrap();
    assert_eq!(book.lines(), [(1, 9, 3), (2, 9, 2)]);
    let replace = |seen| CartCommand::Replace { lines: lines(&[(2, 9), (4, 1)]), seen: Lsn(seen) };
    assert_eq!(book.wants(&replace(2)), Err(Rejection::CartChanged { version: Lsn(3) }));
    book.wants(&replace(3)).unwrap();
    assert_eq!(book.lines(), [(2, 9, 2), (4, 1, 4)], "a line that stays is not touched");
    let clear = |seen| CartCommand::Clear { seen };
    let changed = Rejection::CartChanged { version: Lsn(4) };
    assert_eq!(book.wants(&clear(Some(Lsn(3)))), Err(changed));
    book.wants(&clear(None)).unwrap();
    assert_eq!(book.lines(), []);
}

// Case 47: vendurehq/vendure#4481, signing in emptied a cart of 65 items.
#[test]
fn the_cart_of_a_guest_is_added_to_the_one_that_is_there() {
    let mut book = Book::default();
    book.wants(&set(1, 5, None)).unwrap();
    book.wants(&set(2, 1, None)).unwrap();
    let guest = lines(&[(1, 3), (2, 4), (3, 1), (3, 7), (3, 2), (4, 0)]);
    book.wants(&CartCommand::Merge { lines: guest }).unwrap();
    assert_eq!(book.lines(), [(1, 5, 1), (2, 4, 3), (3, 7, 3)], "the larger quantity stays");
}

#[test]
fn a_cart_has_a_bound_of_units_and_of_lines() {
    let mut book = Book::default();
    let over = |quantity| Rejection::QuantityOutOfRange { product_id: product_id(1), quantity };
    assert_eq!(book.wants(&set(1, 100, None)), Err(over(100)));
    book.wants(&set(1, 99, None)).unwrap();
    assert_eq!(book.wants(&add(1, 1)), Err(over(100)));
    assert_eq!(book.wants(&add(1, i32::MAX)), Err(over(99 + 2_147_483_647)));
    let fifty: Vec<_> = (1..=50).map(|n| (n, 1)).collect();
    book.wants(&CartCommand::Merge { lines: lines(&fifty) }).unwrap();
    assert_eq!(book.wants(&set(51, 1, None)), Err(Rejection::TooManyLines { lines: 51 }));
    let fresh: Vec<_> = (51..=100).map(|n| (n, 1)).collect();
    let seen = book.cart().version;
    book.wants(&CartCommand::Replace { lines: lines(&fresh), seen }).unwrap();
    assert_eq!(book.lines().len(), 50);
}

#[test]
fn an_order_takes_out_what_it_ordered_and_leaves_what_came_meanwhile() {
    let mut book = Book::default();
    book.wants(&CartCommand::Merge { lines: lines(&[(1, 2), (2, 5), (3, 1)]) }).unwrap();
    let placed = |from_cart| {
        let mut order = new_order(1, PaymentMethod::Cod, &[(1, 2), (2, 3)]);
        order.from_cart = from_cart;
        Event::OrderPlaced { order: Arc::new(order) }
    };
    book.applies(placed(false));
    assert_eq!(book.lines().len(), 3, "an order that was not made of it leaves it alone");
    book.applies(placed(true));
    assert_eq!(book.lines(), [(2, 2, 3), (3, 1, 1)]);
}

#[test]
fn a_cart_that_nobody_touches_is_forgotten_by_the_times_in_the_log() {
    let mut book = Book::default();
    book.wants(&set(1, 1, None)).unwrap();
    let other = StoreId(Uuid::from_u128(2));
    let in_other = |lines| Event::CartChanged { customer_id: CUSTOMER, store_id: other, lines };
    book.at_ms = 20 * DAY_MS;
    book.applies(in_other(lines(&[(1, 1)])));
    assert_eq!(book.carts.last_store(CUSTOMER), Some(other));
    book.at_ms = 30 * DAY_MS;
    book.applies(Event::EngineStarted { epoch: 2, clock: None });
    assert_eq!(book.carts.count(), 2, "not before its time is over");
    book.at_ms += 1;
    book.applies(Event::EngineStarted { epoch: 3, clock: None });
    assert!(book.carts.get(CUSTOMER, STORE).is_none() && book.carts.get(CUSTOMER, other).is_some());
    // Even a change of nothing is a touch.
    book.at_ms = 49 * DAY_MS;
    book.applies(in_other(Vec::new()));
    book.at_ms = 51 * DAY_MS;
    book.applies(Event::EngineStarted { epoch: 4, clock: None });
    assert_eq!(book.carts.count(), 1);
    book.at_ms = 80 * DAY_MS;
    book.applies(Event::EngineStarted { epoch: 5, clock: None });
    assert_eq!((book.carts.count(), book.carts.last_store(CUSTOMER)), (0, None));
}

#[test]
fn a_cart_outlives_a_start_with_a_clock_that_is_a_month_ahead() {
    let mut book = Book::default();
    let start = |gap_ms| {
        let clock = Some(StartClock { wall_ms: AT_MS, gap_ms });
        Event::EngineStarted { epoch: 2, clock }
    };
    book.applies(start(0));
    book.wants(&add(1, 1)).unwrap();
    book.at_ms = 31 * DAY_MS;
    book.applies(start(31 * DAY_MS));
    assert_eq!(book.carts.count(), 1);
    book.at_ms += 30 * DAY_MS;
    book.applies(start(0));
    assert_eq!(book.carts.count(), 0, "30 days that went by, and the hour that counts");
}

#[test]
fn a_cart_of_a_moment_that_never_was_is_forgotten_in_time() {
    let mut book = Book { at_ms: 400 * DAY_MS, ..Book::default() };
    book.wants(&add(1, 1)).unwrap();
    book.at_ms = 0;
    let clock = Some(StartClock { wall_ms: AT_MS, gap_ms: 0 });
    book.applies(Event::EngineStarted { epoch: 2, clock });
    assert_eq!(book.cart().updated_at_ms, AT_MS);
    book.at_ms = 30 * DAY_MS + 1;
    book.applies(Event::EngineStarted { epoch: 3, clock: None });
    assert_eq!(book.carts.count(), 0);
}
