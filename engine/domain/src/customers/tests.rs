use crate::PaymentMethod::{Cod, Razorpay};
use crate::samples::{AT_MS, CUSTOMER, cancelled, expired, opened, placed, record, stock_lines};
use crate::stock::Bucket;
use crate::{Customer, Event, Lsn, OrderId, Record, State};

const LINES: &[(u64, u32)] = &[(1, 1)];

fn after(events: &[(i64, Event)]) -> Customer {
    let mut state = State::default();
    state.evolve(Lsn(1), &record(opened()));
    for (lsn, (at_ms, event)) in (2..).zip(events) {
        state.evolve(Lsn(lsn), &Record { at_ms: AT_MS + at_ms, ..record(event.clone()) });
    }
    state.people.customers.get(CUSTOMER)
}

fn confirmed_again(order_id: OrderId) -> Event {
    let (store_id, lines) = (crate::samples::STORE, stock_lines(LINES));
    Event::OrderConfirmed { order_id, store_id, lines, held_again: true }
}

#[test]
fn orders_are_counted_with_their_falls_and_returns() {
    let n = crate::samples::order_id;
    let late = Event::OrderCancelled {
        order_id: n(1),
        store_id: crate::samples::STORE,
        reason: None,
        lines: Vec::new(),
        from: Bucket::Held,
    };
    let started = Event::PaymentStarted { order_id: n(1), until_ms: AT_MS + 600_000 };
    let cases: [(&[Event], u32, u32); 5] = [
        (&[], 0, 0),
        (&[placed(1, Cod, LINES), placed(2, Razorpay, LINES)], 2, 0),
        (&[placed(1, Cod, LINES), cancelled(1, Bucket::Allocated, LINES)], 1, 1),
        (&[placed(1, Razorpay, LINES), started.clone(), expired(1, LINES), late], 1, 1),
        (&[placed(1, Razorpay, LINES), started, expired(1, LINES), confirmed_again(n(1))], 1, 0),
    ];
    for (events, orders, fallen) in cases {
        let events: Vec<_> = events.iter().map(|event| (0, event.clone())).collect();
        let customer = after(&events);
        assert_eq!((customer.placed, customer.fallen), (orders, fallen), "{events:?}");
        assert_eq!(customer.standing(), orders - fallen);
    }
}

#[test]
fn the_last_orders_are_remembered_with_their_times() {
    let events = (1..=10).map(|n: i64| (n * 60_000, placed(n.unsigned_abs(), Cod, LINES)));
    let customer = after(&events.collect::<Vec<_>>());
    assert_eq!((customer.placed, customer.first_at_ms), (10, AT_MS + 60_000));
    let now = AT_MS + 10 * 60_000;
    assert_eq!(customer.recent_ms[0], now);
    assert_eq!(customer.placed_within(now, 3 * 60_000), 3);
    assert_eq!(customer.placed_within(now, 60 * 60_000), super::RECENT_MAX);
    assert_eq!(customer.placed_within(now + 60 * 60_000, 60 * 60_000), 0);
    assert_eq!(Customer::default().placed_within(now, i64::MAX), 0);
}

#[test]
fn an_order_far_in_the_future_does_not_count_as_one_of_the_last_hour() {
    let (hour_ms, placed) = (60 * 60_000, AT_MS + 2 * 60 * 60_000);
    let customer =
        super::Customer { recent_ms: [placed, 0, 0, 0, 0, 0, 0, 0], ..Default::default() };
    let within = |at_ms| customer.placed_within(at_ms, hour_ms);
    assert_eq!(within(AT_MS + 62 * 60_000), 0, "a clock had been wrong");
    assert_eq!(within(placed - 5), 1, "a decision that was overtaken");
    assert_eq!((within(placed + hour_ms - 1), within(placed + hour_ms)), (1, 0));
}
