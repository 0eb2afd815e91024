use super::*;
use crate::tools::samples::{
    AT_MS, DAY_END, HandMade, cancelled, day, defined, opened, order_id, placed,
};
use kirana_domain::Status;
use kirana_domain::state::lives;
use kirana_storage::LogId;

#[test]
fn the_state_as_of_then_is_that_of_the_records_up_to_then() {
    let log = day();
    let reader = log.reader();
    let log = Log::new(&*reader);
    let status = |until| {
        let state = log.replay(until).unwrap().state;
        (state.lsn.0, state.orders.get(order_id(2)).map(kirana_domain::OrderEntry::status))
    };
    assert_eq!(status(Until::Lsn(Lsn(0))), (0, None));
    assert_eq!(status(Until::Lsn(Lsn(4))), (4, None));
    assert_eq!(status(Until::Lsn(Lsn(5))), (5, Some(Status::Placed)));
    // Record 5 was decided at second 5, record 6 a second later.
    assert_eq!(status(Until::Time(AT_MS + 5_999)), (5, Some(Status::Placed)));
    assert_eq!(status(Until::Time(AT_MS + 6_000)), (6, Some(Status::Cancelled)));
    assert_eq!(status(Until::Time(AT_MS - 1)), (0, None));
    assert_eq!(status(Until::End), (DAY_END.0, Some(Status::Cancelled)));
}

#[test]
fn a_replay_in_two_parts_leads_to_the_same_digest() {
    let log = day();
    let reader = log.reader();
    let log = Log::new(&*reader);
    let whole = log.replay(Until::End).unwrap().state.digest();
    for lsn in 0..=DAY_END.0 {
        let mut parts = log.replay(Until::Lsn(Lsn(lsn))).unwrap();
        log.replay_on(&mut parts, Until::End, &mut |_, _| ()).unwrap();
        assert_eq!(parts.state.digest(), whole, "cut at {lsn}");
    }
}

#[test]
fn a_position_beyond_the_end_is_refused() {
    let log = day();
    let reader = log.reader();
    let beyond = Log::new(&*reader).replay(Until::Lsn(Lsn(15))).map(|_| ());
    assert_eq!(beyond, Err(ToolError::BeyondEnd { wanted: Lsn(15), end: DAY_END }));
}

#[test]
fn a_record_that_cannot_follow_is_named() {
    let log = HandMade::of(vec![placed(1, &[(1, 1)]), placed(1, &[(1, 1)])]);
    let reader = log.reader();
    let refused = Log::new(&*reader).replay(Until::End).map(|_| ());
    assert!(matches!(refused, Err(ToolError::Contradiction { lsn: Lsn(2), .. })), "{refused:?}");
}

#[test]
fn what_a_replay_carries_out_of_memory_changes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    for seed in 0..12 {
        let mut plain = State::default();
        let attic = Attic::new(LogId([7; 16]), Some(scratch.path()), 1);
        let (state, breaches) = (State::default(), Vec::new());
        let mut replayed = Replayed { state, at_ms: None, breaches, attic };
        for (record, lsn) in lives::records(seed, 900).iter().zip(1..) {
            plain.evolve(Lsn(lsn), record);
            replayed.apply(Lsn(lsn), record, &mut |_, _| ()).unwrap();
            assert_eq!(replayed.state.digest(), plain.digest(), "seed {seed}, record {lsn}");
        }
        let store_id = plain.catalogue.stores().next().unwrap().id;
        let all: Vec<_> = plain.orders.of_store(store_id).collect();
        assert!(replayed.state.orders.in_memory_count() < all.len(), "some were carried up");
        let (mut counts, mut customers) = (BTreeMap::new(), BTreeMap::new());
        for id in all.into_iter().rev() {
            let entry = plain.orders.get(id).unwrap();
            let found = replayed.order(id).unwrap().unwrap();
            assert_eq!((found.status(), found.lsns()), (entry.status(), entry.lsns()), "{seed}");
            *counts.entry((store_id, entry.status())).or_insert(0) += 1;
            customers.entry(entry.parties().customer_id).or_insert_with(Vec::new).push(id);
        }
        assert_eq!(replayed.counts(), counts, "seed {seed}");
        for (customer_id, orders) in customers {
            let found = replayed.of_customer(customer_id).unwrap().into_iter();
            assert_eq!(found.map(|(id, _)| id).collect::<Vec<_>>(), orders, "seed {seed}");
        }
        drop(replayed);
        assert_eq!(scratch.path().read_dir().unwrap().count(), 0, "nothing is left behind");
    }
}

#[test]
fn a_replay_until_a_moment_goes_to_the_last_record_that_is_not_later() {
    let hour_ms = 3_600_000;
    // A clock that was two hours ahead for one record.
    let log = HandMade::at([
        (AT_MS, opened()),
        (AT_MS + 1_000, defined(1, 10)),
        (AT_MS + 2 * hour_ms, placed(1, &[(1, 2)])),
        (AT_MS + 2_000, cancelled(1, &[(1, 2)])),
        (AT_MS + 3_000, placed(2, &[(1, 1)])),
    ]);
    let reader = log.reader();
    let log = Log::new(&*reader);
    let last = |at_ms| log.replay(Until::Time(at_ms)).unwrap().state.lsn;
    assert_eq!(last(AT_MS - 1), Lsn(0));
    assert_eq!(last(AT_MS + 1_999), Lsn(2));
    assert_eq!(last(AT_MS + 2_000), Lsn(4), "what came before it is there");
    assert_eq!(last(AT_MS + hour_ms), Lsn(5));
    assert_eq!(log.position(Until::Time(AT_MS + hour_ms)).unwrap(), Lsn(5));
}
