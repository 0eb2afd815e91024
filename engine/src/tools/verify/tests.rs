use super::*;
use crate::tools::Until;
use crate::tools::samples::{DAY_END, HandMade, cancelled, day, defined, opened, placed};
use kirana_storage::{Journal as _, MemoryJournal};

const ALL: Checks = Checks { replay: true, digests: Vec::new(), against: None, keys: None };

fn check(log: &HandMade, checks: &Checks) -> Report {
    let reader = log.reader();
    verify(&Log::new(&*reader), checks)
}

#[test]
fn a_log_that_is_whole_is_good_and_has_the_digest_of_its_replay() {
    let log = day();
    let report = check(&log, &ALL);
    assert!(report.is_good(), "{:?}", report.findings);
    let reader = log.reader();
    let digest = Log::new(&*reader).replay(Until::End).unwrap().state.digest();
    assert_eq!((report.digest, report.records, report.end), (Some(digest), DAY_END.0, DAY_END));
    let quick = check(&log, &Checks { replay: false, ..ALL });
    assert!(quick.is_good() && quick.digest.is_none() && quick.records == DAY_END.0);
}

#[test]
fn every_flipped_bit_of_a_frame_is_found_and_what_is_lost_is_told() {
    for bit in (0..2_000).step_by(7) {
        let log = day();
        // The batch of record 5 placed the second order; record 6 cancels it.
        log.disk.flip_bit(4, bit);
        let report = check(&log, &ALL);
        let finding = &report.findings[0];
        assert_eq!(finding.lsn, Some(Lsn(5)), "bit {bit}: {finding:?}");
        assert_eq!(finding.through, Some(Lsn(5)), "bit {bit}: {finding:?}");
        assert_eq!(report.first_bad(), Some(Lsn(5)));
        assert_eq!((report.records, report.replayed), (DAY_END.0 - 1, Lsn(4)), "bit {bit}");
        let held = finding.held.join("; ");
        assert!(held.contains("order number 2 "), "bit {bit}: {held}");
        assert!(held.contains(&crate::tools::samples::order_id(2).to_string()), "{held}");
        assert!(finding.after.as_ref().unwrap().contains("from 6"), "{finding:?}");
    }
}

#[test]
fn damage_in_two_places_is_found_in_both() {
    let log = day();
    log.disk.flip_bit(1, 900);
    log.disk.flip_bit(12, 900);
    let report = check(&log, &ALL);
    let lsns: Vec<_> = report.findings.iter().map(|it| (it.part, it.lsn.unwrap().0)).collect();
    assert_eq!(lsns, [("log", 2), ("log", 13)]);
}

#[test]
fn damage_of_the_first_and_of_the_last_record_is_found() {
    for batch in [0, 13] {
        let log = day();
        log.disk.flip_bit(batch, 800);
        let report = check(&log, &ALL);
        assert_eq!(report.findings[0].lsn, Some(Lsn(batch as u64 + 1)));
        assert_eq!(report.records, DAY_END.0 - 1);
    }
}

#[test]
fn a_record_that_cannot_be_read_or_cannot_follow_is_named() {
    let log = HandMade::of(vec![opened(), defined(1, 9), cancelled(1, &[(1, 1)])]);
    let report = check(&log, &ALL);
    assert_eq!((report.findings[0].part, report.findings[0].lsn), ("record", Some(Lsn(3))));

    let mut journal = MemoryJournal::open(&log.disk).unwrap();
    let mut batch = Batch::new(journal.end().next());
    batch.try_push(&[77, 1, 2, 3]).unwrap();
    journal.append(&[batch]).unwrap();
    let reader = journal.reader();
    let report = verify(&Log::new(&*reader), &ALL);
    let lsns: Vec<_> = report.findings.iter().map(|it| (it.part, it.lsn.unwrap().0)).collect();
    assert_eq!(lsns, [("record", 3), ("record", 4)]);
}

#[test]
fn a_broken_stock_law_is_a_finding() {
    let log = HandMade::of(vec![opened(), defined(1, 1), placed(1, &[(1, 2)])]);
    let report = check(&log, &ALL);
    assert_eq!((report.findings[0].part, report.findings[0].lsn), ("stock law", Some(Lsn(3))));
}

#[test]
fn a_digest_that_is_not_what_the_records_lead_to_is_a_finding() {
    let log = day();
    let reader = log.reader();
    let at = |lsn| Log::new(&*reader).replay(Until::Lsn(Lsn(lsn))).unwrap().state.digest();
    let claims = |digest| Checks {
        digests: vec![(Lsn(3), at(3), "one".into()), (Lsn(9), digest, "two".into())],
        ..ALL
    };
    assert!(check(&log, &claims(at(9))).is_good());
    let report = check(&log, &claims(at(8)));
    assert_eq!((report.findings[0].part, report.findings[0].lsn), ("digest", Some(Lsn(9))));
}
