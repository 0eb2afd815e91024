use super::*;
use crate::PaymentMethod::{Cod, Razorpay};
use crate::samples::{
    AT_MS, CUSTOMER, RIDER, cancelled, defined, expired, opened, order_id, person, placed,
    product_id, record, stock_lines, stranger,
};
use crate::{Lsn, Principal, State};

const MINUTE_MS: i64 = 60_000;
const RULES: HoldRules =
    HoldRules { unpaid_max: 2, full_orders_max: 2, lapses_max: 3, pause_ms: 5 * MINUTE_MS };

/// Returns the state after facts, each with its minute and who brought it about.
fn after(facts: &[(i64, Principal, Event)]) -> State {
    let mut state = State::default();
    let begin = [opened(), defined(1, 1_000), defined(2, 1_000)];
    let begin = begin.into_iter().map(|event| (0, Principal::SYSTEM, event));
    for (lsn, (minute, by, event)) in (1..).zip(begin.chain(facts.iter().cloned())) {
        let at_ms = AT_MS + minute * MINUTE_MS;
        state.evolve(Lsn(lsn), &Record { at_ms, by, ..record(event) });
    }
    state.digest(); // Checks the lists of orders that go on.
    state
}

fn holding(state: &State, on_their_way: &[OnItsWay]) -> Holding {
    let lapses = state.people.customers.lapses(CUSTOMER);
    Holding::of(&state.orders, CUSTOMER, on_their_way, lapses)
}

fn online(lines: &[(u64, u32)]) -> Purchase {
    Purchase { is_unpaid: true, ..cash(lines) }
}

fn cash(lines: &[(u64, u32)]) -> Purchase {
    let line = |line| WantedLine { line, max_per_order: 5 };
    Purchase { is_unpaid: false, lines: stock_lines(lines).into_iter().map(line).collect() }
}

fn confirmed(n: u64, lines: &[(u64, u32)]) -> Event {
    let (store_id, lines) = (crate::samples::STORE, stock_lines(lines));
    Event::OrderConfirmed { order_id: order_id(n), store_id, lines, held_again: false }
}

fn shop(event: Event) -> (i64, Principal, Event) {
    (0, Principal::SYSTEM, event)
}

#[test]
fn a_customer_has_two_unpaid_orders_at_once_and_cash_is_not_counted() {
    let one = [(1, 1)];
    let (first, second) = (placed(1, Razorpay, &one), placed(2, Razorpay, &one));
    let in_cash = placed(3, Cod, &one);
    let checked = |facts: &[Event], purchase: &Purchase| {
        let facts: Vec<_> = facts.iter().cloned().map(shop).collect();
        RULES.check(purchase, &holding(&after(&facts), &[]), AT_MS)
    };
    let full = Err(Rejection::TooManyUnpaid { unpaid: 2 });
    assert_eq!(checked(&[first.clone(), in_cash], &online(&one)), Ok(()));
    let both = [first, second];
    assert_eq!(checked(&both, &online(&one)), full);
    assert_eq!(checked(&both, &cash(&one)), Ok(()), "cash holds nothing unpaid");
    for end in [confirmed(1, &one), cancelled(1, Bucket::Held, &one), expired(1, &one)] {
        let facts: Vec<_> = both.iter().cloned().chain([end]).collect();
        assert_eq!(checked(&facts, &online(&one)), Ok(()), "{:?}", facts[2]);
    }
    let open = HoldRules::OPEN.check(&online(&one), &Holding { unpaid: 9, ..<_>::default() }, 0);
    assert_eq!(open, Ok(()));
}

#[test]
fn open_orders_together_have_as_many_units_of_a_product_as_two_full_orders() {
    let facts = [shop(placed(1, Razorpay, &[(1, 5)])), shop(placed(2, Cod, &[(1, 3), (2, 1)]))];
    let state = after(&facts);
    let check = |lines: &[(u64, u32)]| RULES.check(&cash(lines), &holding(&state, &[]), AT_MS);
    assert_eq!(check(&[(1, 2), (2, 5)]), Ok(()));
    let over = Rejection::OverMaxOpen { product_id: product_id(1), maximum: 10, left: 2 };
    assert_eq!(check(&[(1, 3)]), Err(over));
    // An order that has come to an end is not counted any more.
    let state = after(&[&facts[..], &[shop(expired(1, &[(1, 5)]))]].concat());
    assert_eq!(RULES.check(&cash(&[(1, 5)]), &holding(&state, &[]), AT_MS), Ok(()));
}

#[test]
fn orders_on_their_way_count_and_one_that_has_arrived_counts_once() {
    let way = |n, is_unpaid, lines: &[(u64, u32)]| OnItsWay {
        order_id: order_id(n),
        is_unpaid,
        lines: stock_lines(lines).into(),
    };
    let state = after(&[shop(placed(1, Razorpay, &[(1, 4)]))]);
    let arrived = holding(&state, &[way(1, true, &[(1, 4)])]);
    assert_eq!((arrived.unpaid, arrived.units_of(product_id(1))), (1, 4));
    let both = holding(&state, &[way(1, true, &[(1, 4)]), way(2, true, &[(1, 5)])]);
    assert_eq!((both.unpaid, both.units_of(product_id(1))), (2, 9));
    assert!(RULES.check(&online(&[(1, 1)]), &both, AT_MS).is_err());
    let stranger = Holding::of(&state.orders, RIDER, &[], Lapses::default());
    assert_eq!((stranger.unpaid, stranger.units_of(product_id(1))), (0, 0), "others hold nothing");
}

/// Returns the end of the pause after holds that lapsed at these minutes, seen at another.
fn pause(lapsed_at: &[i64], minute: i64) -> Option<i64> {
    let mut lapses = Lapses::default();
    lapsed_at.iter().for_each(|minute| lapses.add(AT_MS + minute * MINUTE_MS));
    let end_ms = lapses.pause_ends_ms(&RULES, AT_MS + minute * MINUTE_MS)?;
    Some((end_ms - AT_MS) / MINUTE_MS)
}

#[test]
fn a_pause_follows_three_holds_of_an_hour_that_led_to_nothing_and_grows() {
    assert_eq!(pause(&[], 0), None);
    assert_eq!(pause(&[1, 2], 2), None);
    assert_eq!(pause(&[1, 2, 61], 61), None, "not within an hour");
    assert_eq!(pause(&[1, 2, 60], 60), Some(65), "five minutes");
    assert_eq!(pause(&[1, 2, 60, 61], 61), Some(71), "three of an hour and one more: ten");
    assert_eq!(pause(&[1, 2, 3, 4, 5, 6], 6), Some(6 + 40), "three more: forty");
    assert_eq!(pause(&[1; 20], 1), Some(1 + 160), "eight are remembered");
    assert_eq!(pause(&[1, 2, 3, 23 * 60, 23 * 60], 23 * 60), None, "two of an hour");
    let day = 24 * 60;
    assert_eq!(pause(&[0, day, day + 1, day + 2], day + 2), Some(day + 7), "a day later: anew");
    assert_eq!(pause(&[500, 500, 500], 1), Some(6), "a wrong clock pauses nobody for long");
}

#[test]
fn a_pause_is_for_orders_that_wait_for_their_payment_and_says_how_long_it_is() {
    let mut lapses = Lapses::default();
    (0..3).for_each(|_| lapses.add(AT_MS));
    let holding = Holding { lapses, ..Holding::default() };
    let at = |ms, purchase: &Purchase| RULES.check(purchase, &holding, AT_MS + ms);
    let wait = |wait_s| Err(Rejection::HoldsPaused { wait_s });
    assert_eq!(at(0, &online(&[(1, 1)])), wait(300));
    assert_eq!(at(1, &online(&[])), wait(300));
    assert_eq!(at(299_999, &online(&[])), wait(1));
    assert_eq!(at(300_000, &online(&[])), Ok(()));
    assert_eq!(at(0, &cash(&[(1, 1)])), Ok(()));
}

#[test]
fn a_hold_leads_to_nothing_when_it_expires_or_is_given_up_late_by_its_customer() {
    let lines = [(1, 1)];
    let customer = person(Role::Customer);
    let cancel = || cancelled(1, Bucket::Held, &lines);
    // A hold of the samples is of fifteen minutes.
    for (minute, by, end, is_one) in [
        (15, Principal::SYSTEM, expired(1, &lines), true),
        (8, customer, cancel(), true),
        (7, customer, cancel(), false),
        (8, stranger(Role::Support), cancel(), false),
        (1, Principal::SYSTEM, confirmed(1, &lines), false),
    ] {
        let begin = (0, customer, placed(1, Razorpay, &lines));
        let state = after(&[begin, (minute, by, end.clone())]);
        let lapses = state.people.customers.lapses(CUSTOMER);
        let expected = is_one.then_some(AT_MS + minute * MINUTE_MS);
        assert!(lapses.times().eq(expected), "{minute} {end:?}");
    }
    let in_cash = [
        (0, customer, placed(1, Cod, &lines)),
        (9, customer, cancelled(1, Bucket::Allocated, &lines)),
    ];
    assert_eq!(after(&in_cash).people.customers.lapses(CUSTOMER), Lapses::default());
}
