use super::*;
use crate::tools::samples::{AT_MS, DAY_END, HandMade, day, opened, order_id};
use crate::tools::verify::{Checks, verify};
use kirana_storage::{GivenHead, ProofError};

fn published(log: &HandMade) -> Head {
    let reader = log.reader();
    head(&Log::new(&*reader)).unwrap()
}

fn proved(log: &HandMade, claims: &Claims) -> Result<Proof, ToolError> {
    let reader = log.reader();
    let proof = prove(&Log::new(&*reader), claims)?;
    // It is the text that is checked.
    Ok(Proof::parse(&proof.encode()).unwrap())
}

fn order(n: u64) -> Claims {
    Claims { order: Some(order_id(n)), ..Claims::default() }
}

/// The first `count` records of [`day`].
fn morning(count: usize) -> HandMade {
    let log = day();
    let reader = log.reader();
    let (log, mut events) = (Log::new(&*reader), Vec::new());
    for lsn in (1..=count as u64).map(Lsn) {
        events.push(log.record(lsn).unwrap().event);
    }
    HandMade::of(events)
}

#[test]
fn an_order_is_proved_by_all_that_stands_about_it_below_the_head() {
    let log = day();
    let proof = proved(&log, &order(2)).unwrap();
    let head = published(&log);
    let verified = proof.verify(Some(&head), None).unwrap();
    assert_eq!(verified.records.iter().map(|it| it.lsn.0).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(verified.subject, Some(order_id(2).0.into_bytes()));
    assert!(verified.is_complete);
    let other = Head { root: [7; 32], ..head };
    assert!(proof.verify(Some(&other), None).is_err());
    assert!(proved(&log, &order(9)).is_err());
    // One record less, and all else as it was.
    let records = verified.records[..1].to_vec();
    let id = order_id(2).0.into_bytes();
    let (_, place) = index(&Log::new(&*log.reader()), DAY_END, Some(order_id(2))).unwrap();
    let cut = Proof::new(head.into(), None, Some(Subject { id, place }), records);
    assert_eq!(cut.verify(Some(&head), None), Err(ProofError::NotComplete));
}

#[test]
fn the_time_of_a_head_is_that_of_its_record() {
    let log = day();
    let head = published(&log);
    assert_eq!(head.lsn.0, DAY_END.0);
    assert_eq!(head.at_ms, AT_MS + 1_000 * i64::try_from(DAY_END.0).unwrap());
    assert_eq!(published(&log), head);
}

#[test]
fn an_order_is_proved_below_a_head_that_was_published_before() {
    let (before, log) = (published(&morning(6)), day());
    for kept in [before, Head { index: None, at_ms: 7, ..before }] {
        let claims = Claims { head: Some(kept.into()), ..order(2) };
        let proof = proved(&log, &claims).unwrap();
        let verified = proof.verify(Some(&kept), None).unwrap();
        assert_eq!(verified.records.len(), 2);
        assert_eq!(verified.is_complete, kept.index.is_some());
    }
    let refused = |kept: Head| proved(&log, &Claims { head: Some(kept.into()), ..order(2) });
    for other in [
        Head { root: [7; 32], ..before },
        Head { hash: [7; 32], ..before },
        Head { index: Some([7; 32]), ..before },
        Head { at_ms: 7, ..before },
        Head { log_id: kirana_storage::LogId([7; 16]), ..before },
    ] {
        assert!(matches!(refused(other), Err(ToolError::OtherHistory { .. })), "{other}");
    }
    let beyond = Head { lsn: kirana_storage::Lsn(15), ..before };
    assert!(matches!(refused(beyond), Err(ToolError::BeyondEnd { .. })));
}

#[test]
fn an_older_head_is_proved_to_be_the_beginning_of_the_log() {
    let log = day();
    for count in 1..=14 {
        let before = published(&morning(count));
        let claims = Claims { older: Some(before.into()), ..Claims::default() };
        let proof = proved(&log, &claims).unwrap();
        let verified = proof.verify(Some(&before), None).unwrap();
        // The last one is the head that the log has now.
        let given = if count == 14 { GivenHead::Same } else { GivenHead::Older };
        assert_eq!((verified.basis.head, verified.records.len()), (Some(given), 0));
        let with_order = proved(&log, &Claims { older: claims.older, ..order(2) }).unwrap();
        assert!(with_order.verify(Some(&before), None).unwrap().is_complete);
        let other = Head { root: [7; 32], ..before };
        let refused = proved(&log, &Claims { older: Some(other.into()), ..order(2) });
        assert!(matches!(refused, Err(ToolError::OtherHistory { .. })));
    }
}

#[test]
fn a_log_is_checked_against_a_head_that_somebody_kept() {
    let log = day();
    let reader = log.reader();
    let check = |head: Head| {
        let checks = Checks { replay: false, digests: Vec::new(), against: Some(head), keys: None };
        verify(&Log::new(&*reader), &checks)
    };
    let head = published(&log);
    assert!(check(head).is_good());
    for wrong in [
        Head { root: [7; 32], ..head },
        Head { hash: [7; 32], ..head },
        Head { index: Some([7; 32]), ..head },
        Head { at_ms: 7, ..head },
        Head { lsn: kirana_storage::Lsn(13), ..head },
        Head { lsn: kirana_storage::Lsn(15), ..head },
        Head { log_id: kirana_storage::LogId([7; 16]), ..head },
    ] {
        let report = check(wrong);
        assert_eq!(report.findings[0].part, "head", "{wrong}");
    }
}

#[test]
fn a_head_holds_for_a_log_that_has_grown() {
    let before = HandMade::of(vec![opened()]);
    let head = published(&before);
    // The same first record, and more behind it.
    let log = day();
    let reader = log.reader();
    let checks = Checks { replay: true, digests: Vec::new(), against: Some(head), keys: None };
    let report = verify(&Log::new(&*reader), &checks);
    assert!(report.is_good(), "{:?}", report.findings);
}
