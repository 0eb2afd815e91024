//! One suite for every journal: the words of [`Journal`](crate::Journal), as tests.
//!
//! A journal is opened through a closure that opens the same log each time it is called, so the
//! suite can close, drop and reopen it. Beside the macro line stand only the journal's own tests.

use std::thread;

use crate::{
    Batch, Epoch, Journal, JournalError, JournalReader, Lsn, RECORD_BYTES_MAX, StoredFrame,
};

/// Makes the suite for one kind of journal, as the module `$name`.
///
/// `$opener` is an expression that makes a log and returns a `FnMut() -> impl Journal` that opens
/// it.
macro_rules! journal_conformance {
    ($name:ident, $opener:expr) => {
        mod $name {
            $crate::conformance::journal_conformance!(@tests $opener,
                a_new_log_is_empty,
                the_first_record_is_number_one,
                a_group_of_batches_gets_consecutive_positions,
                an_empty_batch_or_group_leaves_no_trace,
                a_batch_out_of_sequence_is_refused_and_harms_nothing,
                a_closed_log_comes_back_whole,
                a_dropped_log_comes_back_whole,
                each_opening_raises_the_epoch_by_one,
                reading_starts_with_the_batch_that_holds_the_position,
                reading_beyond_the_end_gives_nothing,
                any_record_is_found_by_its_position,
                the_largest_record_fits,
                a_reader_sees_only_what_is_durable_while_the_writer_appends,
                a_reader_of_a_closed_log_fails,
                many_groups_come_back_in_order,
                frames_and_batches_agree,
                the_frames_of_a_log_are_one_chain,
            );
        }
    };
    (@tests $opener:expr, $($test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                $crate::conformance::$test(&mut $opener);
            }
        )*
    };
}
pub(crate) use journal_conformance;

/// Returns a batch of `count` small records from `first_lsn` on, each naming its own position.
pub(crate) fn batch(first_lsn: Lsn, count: u64) -> Batch {
    let mut batch = Batch::new(first_lsn);
    for index in 0..count {
        batch.try_push(record(first_lsn.plus(index)).as_bytes()).unwrap();
    }
    batch
}

/// Returns the text of the record at `lsn`.
pub(crate) fn record(lsn: Lsn) -> String {
    format!("record {lsn} {}", "x".repeat(usize::try_from(lsn.0 % 300).unwrap()))
}

/// Returns the positions of all records that the journal reads, each checked to be what was
/// written.
pub(crate) fn read_all(reader: &dyn JournalReader, from: Lsn) -> Vec<u64> {
    let batches: Vec<_> = reader.read(from).map(Result::unwrap).collect();
    let records = batches.iter().flat_map(Batch::records);
    records
        .map(|(lsn, bytes)| {
            assert_eq!(bytes, record(lsn).as_bytes());
            lsn.0
        })
        .collect()
}

pub(crate) fn a_new_log_is_empty<J: Journal>(open: &mut impl FnMut() -> J) {
    let journal = open();
    assert_eq!((journal.end(), journal.epoch()), (Lsn::ZERO, Epoch(1)));
    assert_eq!(journal.reader().end(), Lsn::ZERO);
    assert_eq!(journal.reader().read(Lsn::FIRST).count(), 0);
    assert_eq!(journal.reader().batch_at(Lsn::FIRST), Ok(None));
    assert_eq!(journal.reader().batch_at(Lsn::ZERO), Ok(None));
}

pub(crate) fn the_first_record_is_number_one<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    assert_eq!(journal.append(&[batch(Lsn(1), 1)]), Ok(Lsn(1)));
    assert_eq!(journal.end(), Lsn(1));
    assert_eq!(read_all(&*journal.reader(), Lsn::ZERO), [1]);
}

pub(crate) fn a_group_of_batches_gets_consecutive_positions<J: Journal>(
    open: &mut impl FnMut() -> J,
) {
    let mut journal = open();
    let group = [batch(Lsn(1), 2), batch(Lsn(3), 1), batch(Lsn(4), 3)];
    assert_eq!(journal.append(&group), Ok(Lsn(6)));
    let read: Vec<_> = journal.reader().read(Lsn(1)).map(Result::unwrap).collect();
    assert_eq!(read, group);
}

pub(crate) fn an_empty_batch_or_group_leaves_no_trace<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    assert_eq!(journal.append(&[]), Ok(Lsn(0)));
    assert_eq!(journal.append(&[Batch::new(Lsn(1))]), Ok(Lsn(0)));
    assert_eq!(journal.append(&[Batch::new(Lsn(1)), batch(Lsn(1), 2)]), Ok(Lsn(2)));
    assert_eq!(journal.reader().read(Lsn(1)).count(), 1);
}

pub(crate) fn a_batch_out_of_sequence_is_refused_and_harms_nothing<J: Journal>(
    open: &mut impl FnMut() -> J,
) {
    let mut journal = open();
    journal.append(&[batch(Lsn(1), 2)]).unwrap();
    let refused = |expected, actual| {
        Err(JournalError::OutOfSequence { expected: Lsn(expected), actual: Lsn(actual) })
    };
    assert_eq!(journal.append(&[batch(Lsn(4), 1)]), refused(3, 4));
    assert_eq!(journal.append(&[batch(Lsn(2), 1)]), refused(3, 2));
    assert_eq!(journal.append(&[batch(Lsn(3), 2), batch(Lsn(6), 1)]), refused(5, 6));
    assert_eq!(journal.end(), Lsn(2));
    assert_eq!(journal.append(&[batch(Lsn(3), 1)]), Ok(Lsn(3)));
    assert_eq!(read_all(&*journal.reader(), Lsn(1)), [1, 2, 3]);
}

pub(crate) fn a_closed_log_comes_back_whole<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    journal.append(&[batch(Lsn(1), 3), batch(Lsn(4), 2)]).unwrap();
    Box::new(journal).close().unwrap();
    let mut journal = open();
    assert_eq!(journal.end(), Lsn(5));
    assert_eq!(read_all(&*journal.reader(), Lsn(1)), [1, 2, 3, 4, 5]);
    assert_eq!(journal.append(&[batch(Lsn(6), 1)]), Ok(Lsn(6)));
}

pub(crate) fn a_dropped_log_comes_back_whole<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    journal.append(&[batch(Lsn(1), 3)]).unwrap();
    journal.append(&[batch(Lsn(4), 2)]).unwrap();
    drop(journal);
    let mut journal = open();
    assert_eq!(read_all(&*journal.reader(), Lsn(1)), [1, 2, 3, 4, 5]);
    assert_eq!(journal.append(&[batch(Lsn(6), 1)]), Ok(Lsn(6)));
    drop(journal);
    assert_eq!(read_all(&*open().reader(), Lsn(1)), [1, 2, 3, 4, 5, 6]);
}

pub(crate) fn each_opening_raises_the_epoch_by_one<J: Journal>(open: &mut impl FnMut() -> J) {
    for opening in 1..=4 {
        let mut journal = open();
        assert_eq!(journal.epoch(), Epoch(opening), "written or not, closed or not");
        let next = journal.end().next();
        match opening {
            1 => drop(journal),
            2 => drop(journal.append(&[batch(next, 1)]).unwrap()),
            _ => Box::new(journal).close().unwrap(),
        }
    }
}

pub(crate) fn reading_starts_with_the_batch_that_holds_the_position<J: Journal>(
    open: &mut impl FnMut() -> J,
) {
    let mut journal = open();
    journal.append(&[batch(Lsn(1), 3), batch(Lsn(4), 3)]).unwrap();
    journal.append(&[batch(Lsn(7), 1)]).unwrap();
    let reader = journal.reader();
    assert_eq!(read_all(&*reader, Lsn(3)), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(read_all(&*reader, Lsn(4)), [4, 5, 6, 7]);
    assert_eq!(read_all(&*reader, Lsn(6)), [4, 5, 6, 7]);
    assert_eq!(read_all(&*reader, Lsn(7)), [7]);
}

pub(crate) fn reading_beyond_the_end_gives_nothing<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    journal.append(&[batch(Lsn(1), 3)]).unwrap();
    assert_eq!(journal.reader().read(Lsn(4)).count(), 0);
    assert_eq!(journal.reader().read(Lsn(u64::MAX)).count(), 0);
    assert_eq!(journal.reader().batch_at(Lsn(4)), Ok(None));
    assert_eq!(journal.reader().batch_at(Lsn(u64::MAX)), Ok(None));
}

pub(crate) fn any_record_is_found_by_its_position<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    let mut group = Vec::new();
    let mut next = Lsn(1);
    for count in [1, 5, 2, 40, 1, 1, 17] {
        group.push(batch(next, count));
        next = next.plus(count);
    }
    journal.append(&group).unwrap();
    let reader = journal.reader();
    for lsn in (1..next.0).map(Lsn) {
        let found = reader.batch_at(lsn).unwrap().expect("every position is in a batch");
        assert_eq!(found.get(lsn), Some(record(lsn).as_bytes()));
    }
}

pub(crate) fn the_largest_record_fits<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    let mut largest = Batch::new(Lsn(1));
    largest.try_push(&vec![7; RECORD_BYTES_MAX]).unwrap();
    journal.append(&[largest.clone()]).unwrap();
    drop(journal);
    assert_eq!(open().reader().batch_at(Lsn(1)), Ok(Some(largest)));
}

pub(crate) fn a_reader_sees_only_what_is_durable_while_the_writer_appends<J: Journal>(
    open: &mut impl FnMut() -> J,
) {
    const GROUPS: u64 = 60;
    let mut journal = open();
    let reader = journal.reader();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut seen = Lsn::ZERO;
            while seen < Lsn(GROUPS * 5) {
                let end = reader.end();
                assert!(end >= seen, "the durable end never falls");
                let read = read_all(&*reader, seen.next());
                let after: Vec<_> = read.into_iter().filter(|lsn| *lsn > seen.0).collect();
                let expected: Vec<_> = (seen.0 + 1..).take(after.len()).collect();
                assert_eq!(after, expected, "no record is skipped or repeated");
                assert!(after.len() as u64 >= end.records_since(seen), "what is durable is there");
                seen = after.last().map_or(seen, |lsn| Lsn(*lsn));
            }
        });
        for _ in 0..GROUPS {
            let next = journal.end().next();
            journal.append(&[batch(next, 2), batch(next.plus(2), 3)]).unwrap();
        }
    });
}

pub(crate) fn a_reader_of_a_closed_log_fails<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    journal.append(&[batch(Lsn(1), 3)]).unwrap();
    let reader = journal.reader();
    let mut batches = reader.read(Lsn(1));
    assert!(matches!(batches.next(), Some(Ok(_))));
    Box::new(journal).close().unwrap();
    assert_eq!(reader.batch_at(Lsn(1)), Err(JournalError::Closed));
    assert_eq!(reader.read(Lsn(1)).next(), Some(Err(JournalError::Closed)));
    // The log can be opened again while the old reader is still there.
    assert_eq!(open().end(), Lsn(3));
}

pub(crate) fn many_groups_come_back_in_order<J: Journal>(open: &mut impl FnMut() -> J) {
    let mut journal = open();
    for group in 0..100 {
        let next = journal.end().next();
        let batches = [batch(next, 1 + group % 7), batch(next.plus(1 + group % 7), 3)];
        journal.append(&batches).unwrap();
        if group % 40 == 39 {
            drop(journal);
            journal = open();
        }
    }
    let end = journal.end();
    Box::new(journal).close().unwrap();
    assert_eq!(read_all(&*open().reader(), Lsn(1)), (1..=end.0).collect::<Vec<_>>());
}

/// Opens the log three times and appends some batches each time.
fn three_lives<J: Journal>(open: &mut impl FnMut() -> J) -> J {
    for _ in 0..2 {
        let mut journal = open();
        let next = journal.end().next();
        journal.append(&[batch(next, 2), batch(next.plus(2), 30)]).unwrap();
    }
    let mut journal = open();
    let next = journal.end().next();
    journal.append(&[batch(next, 1)]).unwrap();
    journal
}

pub(crate) fn frames_and_batches_agree<J: Journal>(open: &mut impl FnMut() -> J) {
    let journal = three_lives(open);
    let reader = journal.reader();
    for from in [0, 1, 2, 3, 20, 33, 64, 65, 66].map(Lsn) {
        let batches: Vec<_> = reader.read(from).map(Result::unwrap).collect();
        let frames: Vec<_> = reader.frames(from).map(Result::unwrap).collect();
        assert_eq!(frames.iter().map(StoredFrame::to_batch).collect::<Vec<_>>(), batches);
        for (frame, batch) in frames.iter().zip(&batches) {
            assert!(frame.records().eq(batch.records()));
            assert_eq!(frame.get(batch.last_lsn()), batch.get(batch.last_lsn()));
            assert_eq!(frame.get(batch.last_lsn().next()), None);
            assert_eq!(
                (frame.first_lsn(), frame.last_lsn()),
                (batch.first_lsn(), batch.last_lsn())
            );
            assert_eq!(StoredFrame::check(frame.bytes().to_vec()).as_ref(), Ok(frame));
        }
    }
}

pub(crate) fn the_frames_of_a_log_are_one_chain<J: Journal>(open: &mut impl FnMut() -> J) {
    let journal = three_lives(open);
    let reader = journal.reader();
    let mut hash = reader.log_id().genesis_hash();
    let mut epochs = Vec::new();
    for (frame, number) in reader.frames(Lsn::FIRST).zip(1..) {
        let frame = frame.unwrap();
        let header = frame.header();
        assert_eq!((header.log_id, header.batch_number), (reader.log_id(), number));
        assert_eq!(header.previous_hash, hash, "each frame carries the hash of the one before");
        hash = frame.hash();
        epochs.push(header.epoch.0);
    }
    assert_eq!(epochs, [1, 1, 2, 2, 3]);
}
