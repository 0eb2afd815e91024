use super::*;
use crate::samples::{
    AT_MS, cancelled, expired, new_order, order_id, person, placed, product, reason, record,
    stock_lines, store,
};
use crate::{Bps, QuoteLine};

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
    }
    assert_eq!(order.status, status);
    order
}

#[test]
fn names_and_numbers_of_states_lead_back_to_them() {
    for (status, name) in Status::NAMES {
        assert_eq!((status.name(), Status::parse(name)), (name, Some(status)));
        assert_eq!(Status::from_number(status as u8), Some(status));
        assert_eq!(status.is_end(), status.bucket().is_none());
    }
    assert_eq!(
        (Status::parse("lost"), Status::from_number(0), Status::from_number(5)),
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
fn who_may_cancel_in_which_state_and_with_what() {
    use Role::{Admin, Customer, Packer, Support, System};
    use Status::{Cancelled, Expired, PendingPayment, Placed};
    // State, role, with a reason: where the units come back from, or nothing new, or the code.
    let cases = [
        (PendingPayment, Customer, false, Ok(Some(Bucket::Held))),
        (Placed, Customer, false, Ok(Some(Bucket::Allocated))),
        (Placed, Customer, true, Ok(Some(Bucket::Allocated))),
        (Placed, Support, true, Ok(Some(Bucket::Allocated))),
        (Placed, Support, false, Err(3003)),
        (PendingPayment, Admin, false, Err(3003)),
        (PendingPayment, Packer, false, Err(3003)),
        (PendingPayment, System, true, Ok(Some(Bucket::Held))),
        (Cancelled, Customer, false, Ok(None)),
        (Cancelled, Support, false, Ok(None)),
        (Expired, Customer, false, Err(3001)),
        (Expired, Support, true, Err(3001)),
        (Expired, Support, false, Err(3001)),
    ];
    for (status, role, with_reason, expected) in cases {
        let order = order_in(status);
        let decided = order.decide_cancel(&person(role), with_reason.then(reason));
        let got = decided.as_ref().map(|event| match event {
            Some(Event::OrderCancelled { from, lines, order_id, .. }) => {
                assert_eq!((*order_id, lines), (order.placed.id, &stock_lines(LINES)));
                Some(*from)
            }
            None => None,
            other => panic!("{other:?}"),
        });
        assert_eq!(got.map_err(Rejection::code), expected, "{status:?} {role:?} {with_reason}");
        assert_eq!(order.can_cancel(), matches!(status, PendingPayment | Placed));
    }
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
        let decided = order.decide_expire(at_ms);
        if let Ok(Some(event)) = &decided {
            assert_eq!(*event, expired(1, LINES), "all units come back");
        }
        let got = decided.map(|event| event.is_some()).map_err(|rejection| rejection.code());
        assert_eq!(got, expected, "{status:?} at {at_ms}");
    }
    let endless =
        NewOrder { hold_expires_at_ms: None, ..new_order(1, PaymentMethod::Razorpay, LINES) };
    let event = Event::OrderPlaced { order: Arc::new(endless) };
    let order = Order::begin(Lsn(1), &record(event)).unwrap();
    assert_eq!(order.decide_expire(i64::MAX), Err(Rejection::HoldNotOver));
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
    let line = QuoteLine { item: product(1, Paise(10_000), Bps(500)).item, quantity: 2 };
    let quote = Quote {
        lines: vec![line],
        subtotal: Paise(20_000),
        delivery_fee: Paise(2_000),
        discount: Paise::ZERO,
        tax: Paise(1_257),
        total: Paise(22_000),
    };
    let cases = [
        (PaymentMethod::Cod, Status::Placed, None),
        (PaymentMethod::Razorpay, Status::PendingPayment, Some(AT_MS + 20 * 60_000)),
    ];
    let store = Store { hold_minutes: 20, ..store() };
    for (payment_method, status, ends) in cases {
        let placement = Placement {
            order_id: order_id(4),
            number: 17,
            customer_id: PersonId(uuid::Uuid::from_u128(5)),
            payment_method,
            sealed: Box::new([1]),
        };
        let Event::OrderPlaced { order } = place(placement, quote.clone(), &store, AT_MS) else {
            panic!("an order is placed")
        };
        assert_eq!((order.status, order.hold_expires_at_ms), (status, ends));
        assert_eq!((order.id, order.number, order.store_id), (order_id(4), 17, store.id));
        assert_eq!((order.lines.len(), order.lines[0].quantity), (1, 2));
    }
}
