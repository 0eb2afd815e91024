//! The ring and the topics, without an engine. `tests/it/engine_live.rs` drives them with one.

use super::*;
use kirana_domain::order::{NewOrder, Preference, Stamps};
use kirana_domain::{Bps, Fee, Paise, PaymentMethod, Status, Sums};
use uuid::Uuid;

fn event(lsn: u64, n: u128) -> LiveEvent {
    let id = |kind: u128| Uuid::from_u128(kind << 64 | n);
    let placed = NewOrder {
        id: OrderId(id(1)),
        number: 1,
        store_id: StoreId(Uuid::from_u128(7)),
        customer_id: PersonId(id(2)),
        status: Status::Placed,
        payment_method: PaymentMethod::Cod,
        lines: Vec::new(),
        sums: Sums::of(&[], Fee { amount: Paise(0), discount: Paise(0), gst: Bps(0) }),
        hold_expires_at_ms: None,
        preference: Preference::Refund,
        from_cart: false,
        coupon: None,
        zone_id: None,
        promise: (0, 0),
        sealed: Box::default(),
    };
    let lsns = vec![Lsn(lsn)];
    let (created_at_ms, updated_at_ms) = (0, 0);
    let status = Status::Placed;
    let (placed, journey, payment) = (Arc::new(placed), None, None);
    let stamps = Stamps::default();
    let order =
        Order { placed, status, created_at_ms, updated_at_ms, lsns, stamps, journey, payment };
    LiveEvent { lsn: Lsn(lsn), at_ms: 0, what: "placed", order: Arc::new(order), riders: [].into() }
}

fn store() -> Topic {
    Topic::Store(StoreId(Uuid::from_u128(7)))
}

fn order(n: u128) -> Topic {
    Topic::Order(OrderId(Uuid::from_u128(1 << 64 | n)))
}

fn told(feed: &Feed, topic: &Topic, mut cursor: Lsn) -> Vec<u64> {
    let mut told = Vec::new();
    while let Look::Event(event) = feed.look(topic, cursor) {
        cursor = event.lsn;
        told.push(event.lsn.0);
    }
    told
}

#[test]
fn a_topic_is_told_its_own_facts_and_no_others() {
    let feed = Feed::new(Lsn(10), 100);
    assert!(!feed.is_listened_to());
    feed.register(store());
    feed.register(order(1));
    assert!(feed.is_listened_to());
    feed.publish(Some(vec![event(11, 1), event(13, 2), event(14, 1)]), Lsn(15));
    assert_eq!(told(&feed, &store(), Lsn(10)), [11, 13, 14]);
    assert_eq!(told(&feed, &store(), Lsn(13)), [14]);
    assert_eq!(told(&feed, &order(1), Lsn(10)), [11, 14]);
    assert!(matches!(feed.look(&order(1), Lsn(15)), Look::Nothing));
    assert!(matches!(feed.look(&store(), Lsn(9)), Look::Behind(Lsn(15))), "before it listened");
}

#[test]
fn whoever_comes_while_a_group_is_published_finds_it_in_the_log() {
    let feed = Feed::new(Lsn(10), 100);
    let collected = feed.is_listened_to().then(Vec::new);
    let (_, from) = feed.register(store());
    feed.publish(collected, Lsn(20));
    assert_eq!(from, Lsn(10));
    assert!(matches!(feed.look(&store(), from), Look::Behind(Lsn(20))));
    feed.publish(Some(vec![event(21, 1)]), Lsn(21));
    assert!(matches!(feed.look(&store(), from), Look::Behind(Lsn(21))));
    assert_eq!(told(&feed, &store(), Lsn(20)), [21]);
}

#[test]
fn what_the_ring_has_lost_is_said_to_be_behind_and_never_skipped() {
    let feed = Feed::new(Lsn(0), 4);
    feed.register(store());
    feed.publish(Some((1..=6).map(|lsn| event(lsn, 1)).collect()), Lsn(6));
    assert!(matches!(feed.look(&store(), Lsn(0)), Look::Behind(_)));
    assert!(matches!(feed.look(&store(), Lsn(1)), Look::Behind(_)));
    assert_eq!(told(&feed, &store(), Lsn(2)), [3, 4, 5, 6]);
}

#[test]
fn a_topic_that_forgets_its_oldest_says_so() {
    let feed = Feed::new(Lsn(0), 1_000);
    feed.register(order(1));
    let count = order(1).recent_max() as u64 + 3;
    feed.publish(Some((1..=count).map(|lsn| event(lsn, 1)).collect()), Lsn(count));
    assert!(matches!(feed.look(&order(1), Lsn(2)), Look::Behind(_)));
    assert_eq!(told(&feed, &order(1), Lsn(3)), (4..=count).collect::<Vec<_>>());
}

#[test]
fn a_topic_goes_with_its_last_listener() {
    let feed = Feed::new(Lsn(0), 10);
    feed.register(store());
    feed.register(store());
    feed.unregister(&store());
    assert!(feed.is_listened_to());
    feed.unregister(&store());
    assert!(!feed.is_listened_to());
    feed.publish(None, Lsn(5));
    assert!(feed.inner.lock().to_wake.is_empty());
}

#[test]
fn a_closed_feed_tells_nobody_anything_more() {
    let feed = Feed::new(Lsn(0), 10);
    feed.register(store());
    feed.publish(Some(vec![event(1, 1)]), Lsn(1));
    feed.close();
    assert!(matches!(feed.look(&store(), Lsn(0)), Look::Closed));
}

#[test]
fn a_scan_of_the_ring_says_how_far_it_looked() {
    let mut ring = Ring::new(100, Lsn(0));
    (1..=10).for_each(|lsn| ring.push(event(lsn, u128::from(lsn % 2))));
    let lsns = |(events, last): (Vec<LiveEvent>, Option<Lsn>)| {
        (events.iter().map(|event| event.lsn.0).collect::<Vec<_>>(), last)
    };
    assert_eq!(ring.scan(&order(1), Lsn(2), 4).map(lsns), Some((vec![3, 5], Some(Lsn(6)))));
    assert_eq!(ring.scan(&order(1), Lsn(6), 4).map(lsns), Some((vec![7, 9], None)));
    ring.restart(Lsn(20));
    assert!(ring.scan(&order(1), Lsn(19), 4).is_none());
    assert_eq!(ring.scan(&order(1), Lsn(20), 4).map(lsns), Some((vec![], None)));
}
