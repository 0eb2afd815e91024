use super::*;
use crate::tools::samples::{AT_MS, DAY_END, HandMade, day, order_id};
use crate::tools::verify::{Checks, verify};
use kirana_storage::Proof;

fn head_of(log: &HandMade) -> Head {
    let reader = log.reader();
    head(&Log::new(&*reader), AT_MS).unwrap()
}

#[test]
fn an_order_is_proved_by_what_stands_below_the_head() {
    let log = day();
    let reader = log.reader();
    let (head, records) = prove(&Log::new(&*reader), order_id(2), AT_MS).unwrap();
    assert_eq!(head, head_of(&log));
    assert_eq!(head.lsn.0, DAY_END.0);
    assert_eq!(records.iter().map(|it| it.lsn.0).collect::<Vec<_>>(), [5, 6]);
    let proof = Proof::parse(&Proof::new(head.into(), records).encode()).unwrap();
    assert!(proof.verify(Some(&head), None).is_ok());
    let other = Head { root: [7; 32], ..head };
    assert!(proof.verify(Some(&other), None).is_err());
    assert!(prove(&Log::new(&*reader), order_id(9), AT_MS).is_err());
}

#[test]
fn a_log_is_checked_against_a_head_that_somebody_kept() {
    let log = day();
    let reader = log.reader();
    let check = |head: Head| {
        let checks = Checks { replay: false, digests: Vec::new(), against: Some(head), keys: None };
        verify(&Log::new(&*reader), &checks)
    };
    let head = head_of(&log);
    assert!(check(head).is_good());
    for wrong in [
        Head { root: [7; 32], ..head },
        Head { hash: [7; 32], ..head },
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
    let before = HandMade::of(vec![crate::tools::samples::opened()]);
    let head = head_of(&before);
    // The same first record, and more behind it.
    let log = day();
    let reader = log.reader();
    let checks = Checks { replay: true, digests: Vec::new(), against: Some(head), keys: None };
    let report = verify(&Log::new(&*reader), &checks);
    assert!(report.is_good(), "{:?}", report.findings);
}
