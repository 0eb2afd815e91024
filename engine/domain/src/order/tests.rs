use super::*;
use crate::samples::{
    AT_MS, cancelled, expired, new_order, order_id, placed, placement, product, record, store,
};
use crate::stock::Bucket;
use crate::{Bps, Digest, Fee, Principal, Quote, Rejection, Store};

mod cases;
mod cash;
mod disputes;
mod documents;
mod permutations;
mod progress;
mod small_money;
mod table;
mod walk;

const LINES: &[(u64, u32)] = &[(1, 2), (2, 5)];

/// An order in that state, by the facts that lead there.
fn order_in(status: Status) -> Order {
    use PaymentMethod::{Cod, Razorpay};
    let method =
        if matches!(status, Status::PendingPayment | Status::Expired) { Razorpay } else { Cod };
    let mut order = Order::begin(Lsn(10), &record(placed(1, method, LINES))).unwrap();
    let later = |event| Record { at_ms: AT_MS + 5, ..record(event) };
    match status {
        Status::PendingPayment | Status::Placed => (),
        Status::Cancelled => order.evolve(Lsn(20), &later(cancelled(1, Bucket::Allocated, LINES))),
        Status::Expired => order.evolve(Lsn(20), &later(expired(1, LINES))),
        _ => unreachable!("the way through the store is walked in `walk`"),
    }
    assert_eq!(order.status, status);
    order
}

#[test]
fn names_and_numbers_of_states_lead_back_to_them() {
    for &(status, name) in Status::NAMES {
        assert_eq!((status.name(), Status::parse(name)), (name, Some(status)));
        assert_eq!(Status::from_number(status as u8), Some(status));
        assert!(!status.is_end() || status.bucket().is_none(), "an ended order has no units");
    }
    assert_eq!(
        (Status::parse("lost"), Status::from_number(0), Status::from_number(12)),
        (None, None, None)
    );
}

#[test]
fn names_and_numbers_of_payment_methods_lead_back_to_them() {
    for method in [PaymentMethod::Cod, PaymentMethod::Razorpay] {
        assert_eq!(PaymentMethod::parse(method.name()), Some(method));
        assert_eq!(PaymentMethod::from_number(method as u8), Some(method));
    }
    assert_eq!((PaymentMethod::parse("card"), PaymentMethod::from_number(3)), (None, None));
}

#[test]
fn only_an_unpaid_order_expires_and_only_when_its_time_is_over() {
    let deadline = AT_MS + 900_000;
    let cases = [
        (Status::PendingPayment, deadline - 1, Err(3002)),
        (Status::PendingPayment, deadline, Ok(true)),
        (Status::PendingPayment, deadline + 1, Ok(true)),
        (Status::Placed, deadline, Ok(false)),
        (Status::Cancelled, deadline, Ok(false)),
        (Status::Expired, deadline, Ok(false)),
    ];
    for (status, at_ms, expected) in cases {
        let order = order_in(status);
        let decided = expire(&order, at_ms);
        if let Ok([event]) = decided.as_deref() {
            assert_eq!(*event, expired(1, LINES), "all units come back");
        }
        let got = decided.map(|events| !events.is_empty()).map_err(|rejection| rejection.code());
        assert_eq!(got, expected, "{status:?} at {at_ms}");
    }
    let endless =
        NewOrder { hold_expires_at_ms: None, ..new_order(1, PaymentMethod::Razorpay, LINES) };
    let event = Event::OrderPlaced { order: Arc::new(endless) };
    let order = Order::begin(Lsn(1), &record(event)).unwrap();
    assert_eq!(expire(&order, AT_MS * 2), Ok(Vec::new()), "what has no end does not expire");
}

#[test]
fn a_hold_that_was_placed_later_than_now_ends_when_its_timer_says() {
    let order = order_in(Status::PendingPayment);
    let five_hours_ms = 5 * 3_600_000;
    let start_ms = AT_MS - five_hours_ms;
    let mut orders = crate::OrderBook::default();
    orders.evolve(Lsn(10), &record(placed(1, PaymentMethod::Razorpay, LINES)));
    assert_eq!(orders.unpaid(start_ms), [(start_ms + 900_000, order_id(1))], "fifteen minutes");
    assert_eq!(orders.unpaid(AT_MS + 60_000), [(AT_MS + 900_000, order_id(1))]);
    assert_eq!(expire(&order, start_ms + 900_000), Ok(vec![expired(1, LINES)]));
}

fn expire(order: &Order, at_ms: AtMs) -> Result<Vec<Event>, Rejection> {
    let facts = Context { at_ms, financial_year: 2024, rider: Ok(()) };
    match order.decide(&OrderCommand::Expire, &Principal::SYSTEM, &facts)? {
        Decision::Now(events) => Ok(events),
        other @ Decision::IfTaken { .. } => panic!("{other:?}"),
    }
}

#[test]
fn what_is_known_of_the_money_follows_from_the_order() {
    let cases = [
        (Status::PendingPayment, PaymentStatus::Pending, "pending"),
        (Status::Placed, PaymentStatus::CodPending, "cod_pending"),
        (Status::Cancelled, PaymentStatus::Failed, "failed"),
        (Status::Expired, PaymentStatus::TimedOut, "timed_out"),
    ];
    for (status, payment, name) in cases {
        assert_eq!(order_in(status).payment_status(), payment);
        assert_eq!(payment.name(), name);
    }
}

#[test]
fn an_order_counts_its_facts_and_knows_where_they_are() {
    let order = order_in(Status::Cancelled);
    assert_eq!((order.version(), order.lsn()), (2, Lsn(20)));
    assert_eq!(order.lsns, [Lsn(10), Lsn(20)]);
    assert_eq!((order.created_at_ms, order.updated_at_ms), (AT_MS, AT_MS + 5));
    assert!(Order::begin(Lsn(1), &record(expired(1, LINES))).is_none());
}

#[test]
#[should_panic(expected = "a fact about another order")]
fn a_fact_about_another_order_is_a_bug() {
    order_in(Status::Placed).evolve(Lsn(11), &record(expired(2, LINES)));
}

#[test]
fn cash_is_placed_at_once_and_online_waits_for_its_payment() {
    let line = OrderLine::new(product(1, Paise(10_000), Bps(500)).item, 2);
    let fee = Fee { amount: Paise(2_000), discount: Paise::ZERO, gst: Bps(1_800) };
    let sums = Sums::of(std::slice::from_ref(&line), fee);
    let quote = Quote { lines: vec![line], sums, coupon: None };
    let discount = sums.subtotal + fee.amount;
    let nothing_due = Sums { discount, tax: Paise::ZERO, total: Paise::ZERO, ..sums };
    let nothing = Quote { sums: nothing_due, ..quote.clone() };
    let hold_end = Some(AT_MS + 20 * 60_000);
    let cases = [
        (PaymentMethod::Cod, &quote, Status::Placed, None),
        (PaymentMethod::Razorpay, &quote, Status::PendingPayment, hold_end),
        (PaymentMethod::Razorpay, &nothing, Status::Placed, None),
        (PaymentMethod::Cod, &nothing, Status::Placed, None),
    ];
    let store = Store { hold_minutes: 20, ..store() };
    for (payment_method, quote, status, ends) in cases {
        let placement = placement(4, payment_method);
        let event = place(placement, quote.clone(), &store, AT_MS);
        let order = Order::begin(Lsn(1), &record(event)).unwrap();
        assert_eq!((order.status, order.placed.hold_expires_at_ms), (status, ends));
        let placed = &order.placed;
        assert_eq!((placed.id, placed.number, placed.store_id), (order_id(4), 4, store.id));
        assert_eq!((placed.lines.len(), placed.lines[0].quantity), (1, 2));
        let is_settled = order.payment_status() == PaymentStatus::Completed;
        let is_free_online = payment_method == PaymentMethod::Razorpay && status == Status::Placed;
        assert_eq!(is_settled, is_free_online, "an order without a price is not waited for");
    }
}
