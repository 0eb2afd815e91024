//! A state with one of everything, made by hand: every optional part once there and once not. What
//! it is stands in the kept bytes, so nothing here is changed; something new goes beside it.

use crate::codec::record::tests::samples::fourth::{boundless_store, full_product};
use crate::codec::record::tests::samples::fourth_money::{bare_dispute, dispute, failure};
use crate::codec::record::tests::samples::fourth_riders::store_rider;
use crate::codec::record::tests::samples::second::{
    ADDRESS, PERSON, RIDER, coupon, full_order, full_store, line, zone,
};
use crate::codec::record::tests::samples::tax::credits;
use crate::codec::record::tests::samples::{
    STORE, bare_product, item, order, product, product_id, store, text,
};
use kirana_domain::cart::CartLine;
use kirana_domain::order::{Issued, Journey, Milestone, NewOrder, Proposal, Rider, Stamps};
use kirana_domain::order_book::{EndedOrder, OrderBookParts, Parties};
use kirana_domain::payment::{
    Attempt, Charge, Dispute, DisputeStatus, Effect, FailedEffect, Payment, Refund, RefundReason,
    RefundStatus,
};
use kirana_domain::state::PersonBooks;
use kirana_domain::time::LogTime;
use kirana_domain::webhook_endpoints::{Endpoint, Hook, Retry};
use kirana_domain::{
    AddressBook, AddressId, Bps, CalendarDay, Cart, CartBook, CashBook, Catalogue, CouponBook,
    CouponKind, CouponUses, Customer, Customers, EndpointBook, EndpointId, Event, GstRate, Item,
    KeyBook, KeyEntry, KnownKey, LooseBook, Lsn, Order, OrderBook, OrderEntry, OrderId, OrderLine,
    Paise, PaymentMethod, PersonId, Product, RiderBook, State, Status, Stock, StockBook, Store,
    StoreId, TaxRule, Weather, Zone, ZoneId, ZoneKind,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

const AT_MS: i64 = 1_735_689_600_123;
const OTHER: PersonId = PersonId(Uuid::from_u128(0xC9));
const BRANCH: StoreId = StoreId(Uuid::from_u128(0x52));

fn order_id(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n))
}

/// See the module.
pub(super) fn everything() -> State {
    State {
        lsn: Lsn(70_000),
        time: LogTime::default(),
        catalogue: catalogue(),
        stock: stock(),
        orders: OrderBook::from_parts(orders()),
        people: PersonBooks {
            carts: carts(),
            addresses: addresses(),
            customers: customers(),
            cash: cash(),
            riders: RiderBook::default(),
            hooks: EndpointBook::restore([hook(true), hook(false)]).unwrap(),
            loose: LooseBook::default(),
        },
        coupons: coupons(),
        keys: keys(),
    }
}

/// The same with riders.
pub(super) fn with_riders() -> State {
    let mut state = everything();
    let riders = [(RIDER, store_rider(true)), (PERSON, store_rider(false))];
    state.people.riders = RiderBook::restore(riders).unwrap();
    state
}

/// The same with what the fourth release added.
pub(super) fn fourth() -> State {
    let mut parts = orders();
    for (_, entry) in parts.entries.iter_mut().step_by(2) {
        if let OrderEntry::Open(order) = entry {
            let order = Arc::make_mut(order);
            Arc::make_mut(&mut order.placed).sums.tax_rule = TaxRule::EqualHalves;
            if let Some(note) = order.journey.as_mut().and_then(|it| it.documents.last_mut()) {
                note.credits = credits().into();
            }
        }
    }
    let mut state = State { orders: OrderBook::from_parts(parts), ..everything() };
    state.catalogue.evolve(&Event::StoreChanged { store: Arc::new(boundless_store()) });
    // One that came last and is the first by its name.
    let apples = Item { name: text("Apples"), ..item(3) };
    let apples = Product { item: Arc::new(apples), ..product() };
    for product in [full_product(), apples].map(Arc::new) {
        state.catalogue.evolve(&Event::ProductDefined { product, opening_units: 0 });
    }
    state
}

/// Returns everything, with the times that a later release kept of the steps of open orders.
pub(super) fn stamped() -> State {
    let mut parts = orders();
    for (id, entry) in &mut parts.entries {
        let OrderEntry::Open(order) = entry else { continue };
        let steps = match *id {
            id if id == order_id(1) => Milestone::NAMES,
            id if id == order_id(2) => &Milestone::NAMES[..1],
            _ => continue,
        };
        let times = steps.iter().map(|(step, _)| (*step, AT_MS + *step as i64)).collect();
        Arc::make_mut(order).stamps = Stamps::restore(times).unwrap();
    }
    State { orders: OrderBook::from_parts(parts), ..everything() }
}

/// Returns everything, with the causes of failed charges and the disputes that a later release
/// kept, of open orders and of ended ones.
pub(super) fn disputed() -> State {
    let add = |payment: &mut Option<Box<Payment>>| {
        let Some(payment) = payment else { return };
        if let Some(charge) = payment.charges.first_mut() {
            charge.failure = Some(Box::new(failure()));
        }
        let kept = |seen| Dispute { seen, opened_at_ms: AT_MS, at_ms: AT_MS + 1 };
        let (opened, lost) = (dispute(DisputeStatus::Opened), bare_dispute(DisputeStatus::Lost));
        payment.disputes = [opened, lost].map(kept).into();
    };
    let mut parts = orders();
    for (_, entry) in &mut parts.entries {
        match entry {
            OrderEntry::Open(order) => add(&mut Arc::make_mut(order).payment),
            OrderEntry::Ended(ended) => add(&mut Arc::make_mut(ended).payment),
        }
    }
    State { orders: OrderBook::from_parts(parts), ..everything() }
}

fn catalogue() -> Catalogue {
    let rate =
        |hsn, from, rate| GstRate { hsn: text(hsn), from: CalendarDay(from), rate: Bps(rate) };
    let Event::ZoneDefined { zone: town } = zone(ZoneKind::Town, Weather::Normal) else {
        unreachable!()
    };
    let town = Zone { id: ZoneId(Uuid::from_u128(0x21)), ..Zone::clone(&town) };
    let branch = Store { id: BRANCH, code: text("WIL"), fee_steps: Vec::new(), ..store() };
    let mut catalogue = Catalogue::default();
    for event in [
        Event::StoreOpened { store: Arc::new(full_store()) },
        Event::StoreOpened { store: Arc::new(branch) },
        Event::ProductDefined { product: Arc::new(product()), opening_units: 0 },
        Event::ProductDefined { product: Arc::new(bare_product()), opening_units: 0 },
        zone(ZoneKind::Delivery, Weather::Bad),
        Event::ZoneDefined { zone: Arc::new(town) },
        Event::GstRatesSet { rates: vec![rate("0401", 20_353, 0), rate("21", -1, 1_800)] },
    ] {
        catalogue.evolve(&event);
    }
    catalogue
}

fn stock() -> StockBook {
    let whole = Stock {
        received: 70_000,
        returned: 3,
        adjusted: -300,
        available: 69_000,
        held: 400,
        allocated: 300,
        shipped: 3,
        breached: false,
    };
    let broken = Stock { available: -1, held: -1, breached: true, ..Stock::default() };
    let of = |n, stock| (STORE, product_id(n), stock);
    StockBook::restore([of(1, whole), of(2, broken)]).unwrap()
}

fn payment() -> Payment {
    let attempt = |n| Attempt { started_at_ms: AT_MS + n, until_ms: AT_MS + n + 600_000 };
    let charge = |n: u8, authorized, captured, failed| Charge {
        id: text(&format!("pay_{n}")),
        amount: Paise(13_800),
        attempt: n,
        authorized,
        captured,
        failed,
        failure: None,
    };
    let bare = Refund {
        number: None,
        id: Some(text("rfnd_1")),
        charge_id: text("pay_2"),
        amount: Paise(1_000),
        status: RefundStatus::Processed,
        reason: RefundReason::AtProvider,
        note: None,
        at_ms: AT_MS,
    };
    let owed = Refund {
        number: Some(300),
        id: None,
        status: RefundStatus::Owed,
        reason: RefundReason::Support,
        note: Some(text("broken eggs")),
        ..bare.clone()
    };
    let trouble = |effect, retry_at_ms| FailedEffect {
        effect,
        tries: 3,
        retry_at_ms,
        error: text("the provider is away"),
    };
    Payment {
        due: Paise(13_800),
        attempts: vec![attempt(0), attempt(700_000)],
        provider_order_id: Some(text("order_IluGWxBm9U8zJ8")),
        charges: vec![
            charge(0, false, false, true),
            charge(1, true, false, false),
            charge(2, true, true, false),
        ],
        refunds: vec![bare, owed],
        troubles: vec![
            trouble(Effect::CreateOrder, Some(AT_MS)),
            trouble(Effect::Capture(text("pay_1")), None),
            trouble(Effect::Refund(300), Some(0)),
        ],
        disputes: Vec::new(),
    }
}

fn journey() -> Journey {
    let lines: Arc<[OrderLine]> = vec![line(2, 30), line(3, 0)].into();
    let issued = |is_credit_note, number| {
        let credits = Arc::default();
        Issued { is_credit_note, year: 2025, number, at_ms: AT_MS, credits }
    };
    Journey {
        rider: Some(Rider { person_id: RIDER, accepted: true }),
        rider_before: Some(OTHER),
        lines: Some(lines),
        proposals: vec![Proposal {
            missing: product_id(1),
            missing_units: 2,
            item: Arc::new(item(3)),
            units: 1,
        }],
        cash: Some(Paise(13_800)),
        documents: vec![issued(false, 1 << 33), issued(true, 1)],
    }
}

fn open_orders() -> Vec<(OrderId, OrderEntry)> {
    let open = |placed: NewOrder, lsns: &[u64]| Order {
        status: placed.status,
        placed: Arc::new(placed),
        created_at_ms: AT_MS,
        updated_at_ms: AT_MS + 1,
        lsns: lsns.iter().copied().map(Lsn).collect(),
        stamps: Stamps::default(),
        journey: None,
        payment: None,
    };
    let full = Order {
        status: Status::DeliveryFailed,
        journey: Some(Box::new(journey())),
        payment: Some(Box::new(payment())),
        ..open(NewOrder { id: order_id(1), ..full_order() }, &[200, 300, 65_000])
    };
    let bare = open(NewOrder { id: order_id(2), ..order(PaymentMethod::Cod) }, &[100]);
    let lone = Order {
        journey: Some(Box::default()),
        payment: Some(Box::default()),
        ..open(NewOrder { id: order_id(3), ..order(PaymentMethod::Razorpay) }, &[400])
    };
    [full, bare, lone].map(|it| (it.placed.id, OrderEntry::Open(Arc::new(it)))).into()
}

fn orders() -> OrderBookParts {
    let ended = |payment: Option<Payment>, rider_id, lsns: &[u64]| {
        let ended = EndedOrder {
            status: if payment.is_some() { Status::Cancelled } else { Status::Delivered },
            parties: Parties { customer_id: PERSON, store_id: STORE, rider_id },
            lsns: lsns.iter().copied().map(Lsn).collect(),
            due: Paise(13_800),
            number: 69_999,
            placed_at_ms: AT_MS - 1,
            payment: payment.map(Box::new),
        };
        OrderEntry::Ended(Arc::new(ended))
    };
    let paid = Payment { provider_order_id: Some(text("order_2")), ..payment() };
    let mut entries = open_orders();
    entries.push((order_id(4), ended(None, Some(RIDER), &[101, 102])));
    entries.push((order_id(5), ended(Some(paid), None, &[103, 104])));
    OrderBookParts {
        entries,
        // One that went to another rider, and one that memory has forgotten.
        of_rider: vec![
            (RIDER, vec![order_id(4), order_id(1)]),
            (OTHER, vec![order_id(1), order_id(9)]),
        ],
        last_number: vec![(STORE, 70_000), (BRANCH, 1)],
        last_document: vec![((STORE, 2025, false), 1 << 33), ((STORE, 2025, true), 1)],
        ended_count: 66_000,
        ended_chain: [0xEC; 32],
    }
}

fn carts() -> CartBook {
    let line = |n, quantity, version| (product_id(n), CartLine { quantity, version: Lsn(version) });
    let full = Cart {
        lines: BTreeMap::from([line(1, 99, 600), line(2, 1, 65_536)]),
        version: Lsn(65_536),
        updated_at_ms: AT_MS,
    };
    let empty = Cart { lines: BTreeMap::new(), version: Lsn(1), updated_at_ms: AT_MS + 1 };
    CartBook::restore([
        (PERSON, BRANCH, full.clone()),
        // Changed last, though its store sorts first.
        (PERSON, STORE, empty),
        (OTHER, STORE, full),
    ])
    .unwrap()
}

fn addresses() -> AddressBook {
    let sealed = |byte: u8| Arc::from([byte; 40]);
    AddressBook::restore([
        (PERSON, ADDRESS, sealed(0xA5)),
        (PERSON, AddressId(Uuid::from_u128(0xAE)), sealed(0x5A)),
        (OTHER, ADDRESS, Arc::from([])),
    ])
    .unwrap()
}

fn customers() -> Customers {
    let known = Customer {
        placed: 70_000,
        fallen: 300,
        delivered: 69_000,
        first_at_ms: AT_MS - 9,
        recent_ms: [AT_MS, AT_MS - 1, AT_MS - 2, AT_MS - 3, 0, 0, 0, 0],
    };
    Customers::restore([(PERSON, known), (OTHER, Customer { placed: 1, ..Customer::default() })])
        .unwrap()
}

fn cash() -> CashBook {
    let of = |store_id, cash| (store_id, RIDER, AT_MS, Paise(cash));
    CashBook::restore([of(STORE, 13_800), of(STORE, 1), of(BRANCH, 70_000)]).unwrap()
}

fn hook(is_whole: bool) -> Hook {
    let retry = |retry_at_ms| Retry { tries: 3, retry_at_ms, error: text("no answer within 15 s") };
    let endpoint = Endpoint {
        id: EndpointId(Uuid::from_u128(0xE9 + u128::from(is_whole))),
        store_id: is_whole.then_some(STORE),
        url: text("https://erp.example/hooks"),
        events: if is_whole { vec![text("order.delivered")] } else { Vec::new() },
        active: is_whole,
        secret: Arc::from([0x5A; 40]),
        previous: is_whole.then(|| (Arc::from([0xA5; 40]), 1_735_776_000_000)),
    };
    let retries = [(Lsn(300), retry(Some(AT_MS))), (Lsn(65_536), retry(None))];
    Hook {
        endpoint: Arc::new(endpoint),
        created_at_ms: AT_MS,
        since: Lsn(299),
        position: Lsn(69_999),
        retries: if is_whole { BTreeMap::from(retries) } else { BTreeMap::new() },
        disabled: (!is_whole).then(|| text("it answered 410")),
    }
}

fn coupons() -> CouponBook {
    let rate = Bps(2_000);
    let named = |name: &str, kind| {
        let code = kirana_domain::CouponCode::parse(name).unwrap();
        Arc::new(kirana_domain::Coupon { code, ..coupon(kind) })
    };
    let bare = kirana_domain::Coupon {
        first_order_only: false,
        per_customer_max: None,
        uses_max: None,
        budget: None,
        from_ms: None,
        until_ms: None,
        active: false,
        ..coupon(CouponKind::FreeDelivery)
    };
    let used = CouponUses::restore(Paise(70_000), [(PERSON, 300), (OTHER, 1)]).unwrap();
    let percent = CouponKind::Percent { rate, cap: Some(Paise(5_000)) };
    CouponBook::restore([
        (named("PERCENT", percent), used),
        (named("AMOUNT", CouponKind::Amount(Paise(5_000))), CouponUses::default()),
        (Arc::new(bare), CouponUses::default()),
    ])
    .unwrap()
}

fn keys() -> KeyBook {
    let mut keys = KeyBook::default();
    // The clock went back in between.
    for (at_ms, n, lsn) in [(AT_MS, 7, 300), (AT_MS - 5, 3, 65_536)] {
        let entry = KeyEntry { fingerprint: [9; 16], lsn: Lsn(lsn) };
        assert!(keys.add(KnownKey { at_ms, id: [n; 16], entry, by: None, is_refusal: false }));
    }
    keys
}
