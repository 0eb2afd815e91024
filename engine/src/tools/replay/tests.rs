use super::*;
use crate::tools::samples::{AT_MS, DAY_END, HandMade, day, order_id, placed};
use kirana_domain::Status;

#[test]
fn the_state_as_of_then_is_that_of_the_records_up_to_then() {
    let log = day();
    let reader = log.reader();
    let log = Log::new(&*reader);
    let status = |until| {
        let state = log.replay(until).unwrap().state;
        (state.lsn.0, state.orders.get(order_id(2)).map(kirana_domain::Entry::status))
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
