use super::*;
use crate::PaymentMethod::{Cod, Razorpay};
use crate::order::NewOrder;
use crate::samples::{
    AT_MS, STORE, adjusted, cancelled, defined, expired, new_order, opened, order_id, product,
    product_id, received, record, store, text,
};
use crate::stock::Bucket;
use crate::{
    Bps, Event, FeeStep, Item, OrderEntry, OrderId, OrderLine, Paise, PersonId, Product,
    RequestKey, Status, Store,
};
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

mod restore;

fn fold(records: &[Record]) -> State {
    let mut state = State::default();
    for (n, record) in (1..).zip(records) {
        state.evolve(Lsn(n), record);
    }
    state
}

fn digest(records: &[Record]) -> Digest {
    fold(records).digest()
}

fn of(events: Vec<Event>) -> Vec<Record> {
    events.into_iter().map(record).collect()
}

fn a_shop() -> Vec<Event> {
    vec![opened(), defined(1, 10), defined(2, 10)]
}

fn with(event: Event) -> Vec<Record> {
    let mut events = a_shop();
    events.push(event);
    of(events)
}

/// Each of these states must differ from every other one.
fn all_differ(what: &str, states: &[Vec<Record>]) {
    let digests: Vec<_> = states.iter().map(|records| digest(records).to_string()).collect();
    for (n, digest) in digests.iter().enumerate() {
        assert!(!digests[..n].contains(digest), "{what}: the {n}th is the same as one before");
    }
}

#[test]
fn the_same_records_give_the_same_state() {
    let records = || with(crate::samples::placed(1, Razorpay, &[(1, 2), (2, 1)]));
    assert_eq!(digest(&records()), digest(&records()));
}

#[test]
fn the_digest_changes_with_every_field_of_a_store() {
    let changed = |change: &dyn Fn(&mut Store)| {
        let mut store = store();
        change(&mut store);
        of(vec![Event::StoreOpened { store: Arc::new(store) }])
    };
    let minute = |minutes| crate::time::MinuteOfDay::new(minutes).unwrap();
    let step = FeeStep { below: Paise(1), fee: Paise(2) };
    all_differ(
        "store",
        &[
            changed(&|_| ()),
            changed(&|store| store.id = StoreId(Uuid::from_u128(2))),
            changed(&|store| store.code = text("OTHER")),
            changed(&|store| store.name = text("Other")),
            changed(&|store| store.address = text("Other")),
            changed(&|store| store.location.0 = 1),
            changed(&|store| store.location.1 = 1),
            changed(&|store| store.hours.0 = minute(1)),
            changed(&|store| store.hours.1 = minute(1)),
            changed(&|store| store.fee_steps.push(step)),
            changed(&|store| store.fee_steps[0].below = Paise(1)),
            changed(&|store| store.fee_steps[0].fee = Paise(1)),
            changed(&|store| store.fee_gst = Bps(1)),
            changed(&|store| store.order_minimum = Paise(1)),
            changed(&|store| store.order_maximum = Paise(1)),
            changed(&|store| store.cod_maximum = Paise(1)),
            changed(&|store| store.hold_minutes = 1),
            changed(&|store| store.cod.first_maximum = Paise(1)),
            changed(&|store| store.cod.new_maximum = Paise(1)),
            changed(&|store| store.cod.regular_maximum = Paise(1)),
            changed(&|store| store.cod.regular_after = 1),
            changed(&|store| store.cod.trusted_after = 1),
            changed(&|store| store.cod.orders_per_hour = 1),
            changed(&|store| store.cod.risk_max = 1),
            changed(&|store| store.bad_weather_fee = Paise(1)),
            changed(&|store| store.promise[0].0 = 1),
            changed(&|store| store.promise[1].1 = 1),
            changed(&|store| store.gstin = Some(text("G"))),
            changed(&|store| store.state = Some(text("G"))),
            changed(&|store| store.delivers_anywhere = false),
        ],
    );
}

#[test]
fn the_digest_changes_with_every_field_of_a_product() {
    let changed = |change: &dyn Fn(&mut Product)| {
        let mut product = product(1, Paise(5), Bps(500));
        change(&mut product);
        of(vec![opened(), Event::ProductDefined { product: Arc::new(product), opening_units: 0 }])
    };
    let item =
        |change: &dyn Fn(&mut Item)| changed(&|product| change(Arc::make_mut(&mut product.item)));
    all_differ(
        "product",
        &[
            changed(&|_| ()),
            changed(&|product| product.brand = Some(text("b"))),
            changed(&|product| product.category = Some(text("b"))),
            changed(&|product| product.mrp = Paise(6)),
            changed(&|product| product.max_per_order = 6),
            item(&|item| item.id = product_id(3)),
            item(&|item| item.sku = text("other")),
            item(&|item| item.name = text("other")),
            item(&|item| item.unit = None),
            item(&|item| item.hsn = None),
            item(&|item| item.price = Paise(4)),
            item(&|item| item.gst = Bps(4)),
        ],
    );
}

#[test]
fn the_digest_changes_with_what_is_said_of_a_product() {
    let changed = |change: &dyn Fn(&mut Product)| {
        let mut product = product(1, Paise(5), Bps(500));
        change(&mut product);
        of(vec![opened(), Event::ProductDefined { product: Arc::new(product), opening_units: 0 }])
    };
    all_differ(
        "product",
        &[
            changed(&|_| ()),
            changed(&|product| product.is_active = false),
            changed(&|product| product.about.description = Some(text("A"))),
            changed(&|product| product.about.image_url = Some(text("A"))),
            changed(&|product| product.about.subcategories.push(text("A"))),
            changed(&|product| _ = product.about.attributes.insert(text("A"), text("B"))),
            changed(&|product| _ = product.about.attributes.insert(text("A"), text("C"))),
        ],
    );
}

#[test]
fn the_digest_changes_with_every_field_of_an_order() {
    let changed = |change: &dyn Fn(&mut NewOrder)| {
        let mut order = new_order(1, Razorpay, &[(1, 2), (2, 1)]);
        change(&mut order);
        with(Event::OrderPlaced { order: Arc::new(order) })
    };
    let line = |order: &NewOrder| OrderLine { quantity: 3, ..order.lines[0].clone() };
    all_differ(
        "order",
        &[
            changed(&|_| ()),
            changed(&|order| order.id = OrderId(Uuid::from_u128(4))),
            changed(&|order| order.number = 2),
            changed(&|order| order.customer_id = PersonId(Uuid::from_u128(4))),
            changed(&|order| order.status = Status::Placed),
            changed(&|order| order.payment_method = Cod),
            changed(&|order| order.lines[0] = line(order)),
            changed(&|order| order.lines.swap(0, 1)),
            changed(&|order| order.sums.subtotal = Paise(1)),
            changed(&|order| order.sums.delivery_fee.amount = Paise(1)),
            changed(&|order| order.sums.delivery_fee.discount = Paise(1)),
            changed(&|order| order.sums.delivery_fee.gst = Bps(1)),
            changed(&|order| order.sums.tax_rule = crate::TaxRule::OddPaisa),
            changed(&|order| order.lines[0].discount = Paise(1)),
            changed(&|order| order.preference = crate::order::Preference::Swap),
            changed(&|order| order.from_cart = true),
            changed(&|order| order.zone_id = Some(crate::ZoneId(Uuid::from_u128(1)))),
            changed(&|order| order.promise.0 = 1),
            changed(&|order| order.promise.1 = 1),
            changed(&|order| order.sums.discount = Paise(1)),
            changed(&|order| order.sums.tax = Paise(1)),
            changed(&|order| order.sums.total = Paise(1)),
            changed(&|order| order.hold_expires_at_ms = Some(1)),
            changed(&|order| order.hold_expires_at_ms = None),
            changed(&|order| order.sealed = Box::new([1, 2, 4])),
            changed(&|order| order.sealed = Box::default()),
        ],
    );
}

#[test]
fn the_digest_changes_with_what_happened_and_when_and_under_which_key() {
    let placed = || crate::samples::placed(1, Razorpay, &[(1, 2)]);
    let then = |event: Event| {
        let mut records = with(placed());
        records.push(record(event));
        records
    };
    let keyed = |id: u8, fingerprint: u8| {
        let mut records = with(received(1, 1));
        let key = RequestKey { id: [id; 16], fingerprint: [fingerprint; 16] };
        records.last_mut().unwrap().key = Some(key);
        records
    };
    let mut later = with(placed());
    later.last_mut().unwrap().at_ms = AT_MS + 1;
    all_differ(
        "history",
        &[
            with(placed()),
            later,
            then(expired(1, &[(1, 2)])),
            then(cancelled(1, Bucket::Held, &[(1, 2)])),
            then(received(1, 1)),
            then(received(2, 1)),
            then(adjusted(1, 1)),
            then(adjusted(1, -1)),
            then(Event::EngineStarted { epoch: 2, clock: None }),
            with(received(1, 1)),
            keyed(1, 1),
            keyed(2, 1),
            keyed(1, 2),
        ],
    );
}

#[test]
fn an_ended_order_leaves_a_line_and_open_orders_are_counted() {
    let mut records = with(crate::samples::placed(1, Razorpay, &[(1, 2)]));
    records.push(record(crate::samples::placed(2, Cod, &[(1, 1)])));
    let state = fold(&records);
    assert_eq!((state.orders.open_count(), state.orders.count()), (2, 2));
    assert_eq!(state.orders.unpaid(AT_MS), [(AT_MS + 900_000, order_id(1))]);
    records.push(record(expired(1, &[(1, 2)])));
    let state = fold(&records);
    assert_eq!((state.orders.open_count(), state.orders.count()), (1, 2));
    assert!(state.orders.unpaid(AT_MS).is_empty());
    let Some(OrderEntry::Ended(ended)) = state.orders.get(order_id(1)) else {
        panic!("it has ended")
    };
    assert_eq!((ended.status, &*ended.lsns), (Status::Expired, [Lsn(4), Lsn(6)].as_slice()));
    assert_eq!(state.orders.of_store(STORE).collect::<Vec<_>>(), [order_id(1), order_id(2)]);
    assert_eq!(state.orders.last_number(STORE), 2);
}

#[test]
fn money_that_comes_for_an_order_that_has_left_memory_is_owed_back_there() {
    use crate::order::{Context, Decision, OrderCommand, Report};
    use crate::payment::{ChargeStatus, Effect, SeenCharge};
    let mut records = with(crate::samples::placed(1, Razorpay, &[(1, 2)]));
    records.push(record(expired(1, &[(1, 2)])));
    let mut state = fold(&records);
    assert_eq!(state.orders.open_count(), 0, "nobody tried to pay: it leaves at once");
    let mut order = crate::Order::begin(Lsn(4), &records[3]).unwrap();
    order.evolve(Lsn(5), &records[4]);
    let amount = order.placed.sums.total;
    let (id, status) = (text("pay_1"), ChargeStatus::Captured);
    let charges = vec![SeenCharge { id, amount, status, failure: None }];
    let command = OrderCommand::Report(Report { charges, ..Report::default() });
    let facts = Context { at_ms: AT_MS, financial_year: 2024, rider: Ok(()) };
    let decided = order.decide(&command, &crate::Principal::SYSTEM, &facts).unwrap();
    let Decision::Now(events) = decided else { panic!("it does not come back") };
    for (lsn, event) in (6..).zip(events) {
        state.evolve(Lsn(lsn), &record(event));
    }
    let entry = state.orders.get(order_id(1)).unwrap();
    assert_eq!(entry.status(), Status::Cancelled);
    assert_eq!(entry.due_effects(), [Effect::Refund(1)], "the outbox finds it");
    assert_eq!(entry.payment().map(crate::payment::Payment::given_back), Some(amount));
}

#[test]
#[should_panic(expected = "without gaps")]
fn a_gap_in_the_log_is_a_bug() {
    State::default().evolve(Lsn(2), &record(opened()));
}

#[test]
#[should_panic(expected = "an order is placed once")]
fn an_order_that_is_placed_twice_is_a_bug() {
    let placed = || crate::samples::placed(1, Cod, &[(1, 1)]);
    let mut records = with(placed());
    records.push(record(placed()));
    fold(&records);
}

#[test]
fn a_product_is_listed_once_by_its_name_also_after_it_was_renamed() {
    let named = |n, name| {
        let mut product = product(n, Paise(5), Bps(0));
        Arc::make_mut(&mut product.item).name = text(name);
        Event::ProductDefined { product: Arc::new(product), opening_units: 0 }
    };
    let events = vec![opened(), named(1, "b"), named(2, "A"), named(3, "C"), named(1, "d")];
    let state = fold(&of(events));
    let listing = |after| {
        let listed = state.catalogue.products_after(STORE, after);
        listed.map(|product| product.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listing(None), ["A", "C", "d"]);
    assert_eq!(listing(Some(("c".into(), product_id(3)))), ["d"]);
    assert_eq!(state.catalogue.products_count(), 3);
}

proptest! {
    #[test]
    fn a_fold_can_stop_anywhere_and_go_on(
        units in prop::collection::vec(1..9_u32, 1..40), at in any::<prop::sample::Index>(),
    ) {
        let mut events = a_shop();
        events.extend(units.iter().map(|units| received(1, *units)));
        let records = of(events);
        let at = at.index(records.len());
        let mut state = fold(&records[..at]).clone();
        for record in &records[at..] {
            state.evolve(state.lsn.0.checked_add(1).map(Lsn).unwrap(), record);
        }
        prop_assert_eq!(state.digest(), digest(&records));
    }
}
