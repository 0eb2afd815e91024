//! Small days whose other outcome can be had on paper. Product 1 and 2 cost 100.00 a unit, and the
//! delivery fee is 25.00.

use super::*;
use crate::tools::samples::{
    AT_MS, CUSTOMER, DAY_END, STORE, cancelled, day, defined, moved, opened, order_id, placed,
    product_id, units,
};
use kirana_domain::order::{LinesChange, NewOrder, Proposal, Step};
use kirana_domain::payment::{ChargeStatus, ProviderId, SeenCharge};
use kirana_domain::stock::Bucket;
use kirana_domain::{
    Event, OrderLine, PaymentMethod, Principal, Record, Rejection, Role, Status, StockIssue, Text,
};
use std::sync::Arc;

const MINUTE_MS: i64 = 60_000;

/// Facts with the minute of each.
fn played(rule: Rule, scope: Scope, facts: &[(i64, Event)]) -> Answer {
    let mut scenario = Scenario::new(rule, scope);
    for (minute, event) in facts {
        let by = Principal { role: Role::Customer, person_id: CUSTOMER, store_id: None };
        let at_ms = AT_MS + minute * MINUTE_MS;
        scenario.see(&Record { at_ms, by, key: None, event: event.clone() });
    }
    let answer = scenario.answer();
    for tally in [answer.actual, answer.what_if] {
        let ends = tally.sold + tally.expired + tally.cancelled + tally.unpaid;
        assert_eq!(tally.orders, ends, "{tally:?}");
    }
    answer
}

fn hold(minutes: i64) -> Rule {
    Rule { hold_ms: Some(minutes * MINUTE_MS), ..Rule::default() }
}

/// With the rule that was, both columns are equal.
fn must_agree(facts: &[(i64, Event)]) -> Answer {
    let answer = played(Rule::default(), Scope::default(), facts);
    assert_eq!(answer.actual, answer.what_if);
    assert!(answer.products.iter().all(|of| of.sold_units[0] == of.sold_units[1]));
    assert!(answer.products.iter().all(|of| of.refused_units[0] == of.refused_units[1]));
    let same = Rule { cap: Some(99), order_minimum: Some(Paise::ZERO), ..hold(15) };
    assert_eq!(played(same, Scope::default(), facts), answer);
    answer
}

fn shop(units: u32) -> Vec<(i64, Event)> {
    vec![(-9, opened()), (-9, defined(1, units)), (-9, defined(2, 5))]
}

/// An order that is to be paid online within fifteen minutes.
fn online(minute: i64, n: u64, lines: &[(u64, u32)]) -> (i64, Event) {
    let Event::OrderPlaced { order } = placed(n, lines) else { unreachable!() };
    let order = NewOrder {
        status: Status::PendingPayment,
        payment_method: PaymentMethod::Razorpay,
        hold_expires_at_ms: Some(AT_MS + (minute + 15) * MINUTE_MS),
        ..(*order).clone()
    };
    (minute, Event::OrderPlaced { order: Arc::new(order) })
}

fn expired(n: u64, lines: &[(u64, u32)]) -> Event {
    Event::OrderExpired { order_id: order_id(n), store_id: STORE, lines: units(lines) }
}

fn started(minute: i64, n: u64) -> (i64, Event) {
    let until_ms = AT_MS + (minute + 10) * MINUTE_MS;
    (minute, Event::PaymentStarted { order_id: order_id(n), until_ms })
}

fn captured(n: u64, amount: i64) -> Event {
    let id = ProviderId::parse(&format!("pay_{n}")).unwrap();
    let charge =
        SeenCharge { id, amount: Paise(amount), status: ChargeStatus::Captured, failure: None };
    Event::ChargeSeen { order_id: order_id(n), charge }
}

fn confirmed(n: u64, lines: &[(u64, u32)], held_again: bool) -> Event {
    let (order_id, lines) = (order_id(n), units(lines));
    Event::OrderConfirmed { order_id, store_id: STORE, lines, held_again }
}

fn refused(n: u64, requested: u32, available: u32) -> Event {
    let product_name = Text::parse("Product").unwrap();
    let issue = StockIssue { product_id: product_id(n), product_name, requested, available };
    Event::CommandRefused { rejection: Rejection::InsufficientStock { issues: vec![issue] } }
}

#[test]
fn a_shorter_hold_sells_to_the_next_what_nobody_paid_for() {
    let mut facts = shop(3);
    facts.extend([online(0, 1, &[(1, 2)]), (10, refused(1, 2, 1)), (15, expired(1, &[(1, 2)]))]);
    let actual = must_agree(&facts).actual;
    assert_eq!((actual.sold, actual.expired, actual.refused), (0, 1, 1));
    let answer = played(hold(5), Scope::default(), &facts);
    let what_if = answer.what_if;
    assert_eq!((what_if.sold, what_if.expired, what_if.refused), (1, 1, 0));
    assert_eq!((what_if.sold_units, what_if.revenue), (2, Paise::rupees(200)));
    assert_eq!((answer.rescued, answer.products[0].sold_units), (1, [0, 2]));
    assert_eq!(answer.products[0].refused_units, [2, 0]);
    assert_eq!(answer.products[0].label.as_ref().unwrap().0, "SKU-1");
}

#[test]
fn a_longer_hold_keeps_for_the_late_payer_what_somebody_else_bought() {
    let mut facts = shop(2);
    facts.extend([
        online(0, 1, &[(1, 2)]),
        started(14, 1),
        (24, expired(1, &[(1, 2)])),
        (25, placed(2, &[(1, 1)])),
        (26, captured(1, 22_500)),
        (
            26,
            Event::OrderCancelled {
                order_id: order_id(1),
                store_id: STORE,
                reason: None,
                lines: Vec::new(),
                from: Bucket::Held,
            },
        ),
    ]);
    let actual = must_agree(&facts).actual;
    assert_eq!((actual.sold, actual.cancelled, actual.refused), (1, 1, 0));
    let what_if = played(hold(30), Scope::default(), &facts).what_if;
    assert_eq!((what_if.sold, what_if.cancelled, what_if.refused), (1, 0, 1));
    assert_eq!((actual.revenue, what_if.revenue), (Paise(12_500), Paise(22_500)));
}

#[test]
fn who_would_have_gone_to_pay_after_the_hold_does_not_and_who_is_paying_is_waited_for() {
    let mut facts = shop(9);
    facts.extend([
        online(0, 1, &[(1, 1)]),
        online(0, 2, &[(1, 1)]),
        started(4, 2),
        (6, captured(2, 12_500)),
        (6, confirmed(2, &[(1, 1)], false)),
        started(8, 1),
        (9, captured(1, 12_500)),
        (9, confirmed(1, &[(1, 1)], false)),
    ]);
    assert_eq!(must_agree(&facts).actual.sold, 2);
    let what_if = played(hold(5), Scope::default(), &facts).what_if;
    assert_eq!((what_if.sold, what_if.expired), (1, 1));
}

#[test]
fn money_that_would_be_late_takes_the_units_again_or_goes_back() {
    let day = |stock| {
        let mut facts = shop(stock);
        facts.extend([
            online(0, 1, &[(1, 1)]),
            started(0, 1),
            (13, refused(1, 1, stock - 1)),
            (14, captured(1, 12_500)),
            (14, confirmed(1, &[(1, 1)], false)),
        ]);
        facts
    };
    // A hold of a minute lasts until the attempt is over, at 10.
    let what_if = played(hold(1), Scope::default(), &day(1)).what_if;
    assert_eq!((what_if.sold, what_if.cancelled, what_if.refused), (1, 1, 0));
    assert_eq!(what_if.revenue, Paise::rupees(100), "it went to who came at 13");
    let mut facts = day(1);
    facts.retain(|(minute, _)| *minute != 13);
    let what_if = played(hold(1), Scope::default(), &facts).what_if;
    assert_eq!((what_if.sold, what_if.expired, what_if.cancelled), (1, 0, 0));
}

#[test]
fn an_order_that_came_back_never_went_under_a_longer_hold() {
    let mut facts = shop(2);
    facts.extend([
        online(0, 1, &[(1, 2)]),
        started(14, 1),
        (24, expired(1, &[(1, 2)])),
        (26, captured(1, 22_500)),
        (26, confirmed(1, &[(1, 2)], true)),
        (30, moved(1, Step::Accepted, &[])),
        (31, cancelled(1, &[(1, 2)])),
        (32, placed(2, &[(1, 2)])),
    ]);
    let actual = must_agree(&facts).actual;
    assert_eq!((actual.orders, actual.sold, actual.cancelled), (2, 1, 1));
    assert_eq!(played(hold(60), Scope::default(), &facts).what_if, actual);
}

#[test]
fn a_cap_leaves_some_for_others() {
    let mut facts = shop(3);
    facts.extend([(0, placed(1, &[(1, 3), (2, 1)])), (1, refused(1, 5, 0)), (2, refused(1, 1, 0))]);
    must_agree(&facts);
    let cap = Rule { cap: Some(2), ..Rule::default() };
    let answer = played(cap, Scope::default(), &facts);
    // Two for the first, and one left: not enough for the second, enough for the third.
    assert_eq!((answer.actual.sold_units, answer.actual.refused_units), (4, 6));
    assert_eq!((answer.what_if.sold_units, answer.what_if.refused_units), (4, 2));
    assert_eq!((answer.what_if.sold, answer.what_if.refused), (2, 1));
    assert_eq!(answer.actual.revenue, Paise::rupees(425));
    assert_eq!(answer.what_if.revenue, Paise::rupees(325 + 100));
}

#[test]
fn a_minimum_and_a_fee_change_what_comes_in() {
    let mut facts = shop(9);
    facts.extend([(0, placed(1, &[(1, 1)])), (1, placed(2, &[(1, 3)]))]);
    let rule = Rule {
        order_minimum: Some(Paise::rupees(200)),
        delivery_fee: Some(Paise::rupees(40)),
        ..Rule::default()
    };
    let answer = played(rule, Scope::default(), &facts);
    assert_eq!(answer.actual.revenue, Paise::rupees(125 + 325));
    assert_eq!((answer.what_if.revenue, answer.what_if.below_minimum), (Paise::rupees(340), 1));
    assert_eq!((answer.what_if.orders, answer.what_if.sold_units), (1, 3));
}

#[test]
fn only_what_was_wanted_in_the_time_and_the_store_is_counted() {
    let mut facts = shop(9);
    facts.extend([
        (0, placed(1, &[(1, 4)])),
        (5, placed(2, &[(1, 3)])),
        (9, placed(3, &[(1, 2)])),
        (10, cancelled(2, &[(1, 3)])),
    ]);
    let (from_ms, until_ms) = (Some(AT_MS + 5 * MINUTE_MS), Some(AT_MS + 9 * MINUTE_MS));
    let cap = Rule { cap: Some(1), ..Rule::default() };
    let scope = Scope { from_ms, until_ms, store_id: Some(STORE) };
    let answer = played(cap, scope, &facts);
    assert_eq!((answer.actual.orders, answer.actual.cancelled), (1, 1));
    assert_eq!((answer.what_if.orders, answer.what_if.cancelled), (1, 1));
    let elsewhere = StoreId(uuid::Uuid::from_u128(5));
    let answer = played(cap, Scope { store_id: Some(elsewhere), ..scope }, &facts);
    assert_eq!((answer.actual, answer.what_if), (Tally::default(), Tally::default()));
}

#[test]
fn a_refusal_that_stands_before_the_order_that_took_the_last_unit_is_still_one() {
    let mut facts = shop(2);
    facts.extend([(0, refused(1, 1, 0)), (0, placed(1, &[(1, 2)])), (1, refused(9, 1, 0))]);
    let answer = must_agree(&facts);
    assert_eq!((answer.actual.refused, answer.actual.sold), (1, 1));
    assert_eq!(answer.unseen, 1, "a product that no store has defined");
}

#[test]
fn substitutes_are_had_as_far_as_the_shelves_have_them() {
    let Event::OrderPlaced { order } = placed(1, &[(2, 2)]) else { unreachable!() };
    let line = |quantity| OrderLine { quantity, ..order.lines[0].clone() };
    let changed = |change| Event::LinesChanged {
        order_id: order_id(2),
        store_id: STORE,
        change: Box::new(change),
        reason: None,
    };
    let proposal = Proposal {
        missing: product_id(1),
        missing_units: 1,
        item: Arc::clone(&order.lines[0].item),
        units: 1,
    };
    let mut facts = shop(4);
    facts.extend([
        (0, placed(2, &[(1, 1)])),
        (
            1,
            changed(LinesChange {
                taken: units(&[(2, 1)]),
                proposed: Some(proposal),
                ..LinesChange::default()
            }),
        ),
        (
            2,
            changed(LinesChange {
                lines: Some(Arc::new([line(1)])),
                missing: units(&[(1, 1)]),
                answered: Some(product_id(1)),
                ..LinesChange::default()
            }),
        ),
        (3, cancelled(2, &[(2, 1)])),
        (4, placed(3, &[(2, 5)])),
    ]);
    let answer = must_agree(&facts);
    assert_eq!((answer.actual.sold_units, answer.actual.cancelled), (5, 1));
}

#[test]
fn a_log_is_read_through_and_no_further_than_it_matters() {
    let day = day();
    let reader = day.reader();
    let log = Log::new(&*reader);
    let answer = what_if(&log, &hold(1), &Scope::default()).unwrap();
    assert_eq!((answer.actual, answer.through), (answer.what_if, DAY_END));
    assert_eq!((answer.actual.sold, answer.actual.cancelled), (2, 1));
    // The second order is the last before that, and is cancelled before the first is delivered.
    let scope =
        Scope { from_ms: Some(AT_MS + 5_000), until_ms: Some(AT_MS + 5_001), ..Scope::default() };
    let answer = what_if(&log, &hold(1), &scope).unwrap();
    assert_eq!((answer.actual.orders, answer.through), (1, Lsn(6)));
}
