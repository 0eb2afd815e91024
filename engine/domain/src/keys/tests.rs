use super::*;
use crate::Event;
use crate::samples::{AT_MS, record};
use crate::time::StartClock;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A book of keys, and the time of the log that leads to it.
#[derive(Default)]
struct Book {
    keys: KeyBook,
    time: LogTime,
}

impl std::ops::Deref for Book {
    type Target = KeyBook;

    fn deref(&self) -> &KeyBook {
        &self.keys
    }
}

impl Book {
    fn evolve(&mut self, lsn: Lsn, record: &Record) {
        self.time.evolve(lsn, record);
        self.keys.evolve(lsn, record, &self.time);
    }
}

fn with_key(at_ms: AtMs, n: Option<u8>) -> Record {
    let key = n.map(|n| RequestKey { id: [n; 16], fingerprint: [n; 16] });
    Record { at_ms, key, ..record(Event::EngineStarted { epoch: 1, clock: None }) }
}

fn known(book: &KeyBook, n: u8) -> bool {
    book.get(&[n; 16]).is_some()
}

#[test]
fn a_key_is_remembered_for_48_hours_by_the_times_of_the_records() {
    let mut book = Book::default();
    book.evolve(Lsn(1), &with_key(AT_MS, Some(1)));
    book.evolve(Lsn(2), &with_key(AT_MS + KEY_KEPT_MS, None));
    assert!(known(&book, 1), "48 hours to the millisecond");
    book.evolve(Lsn(3), &with_key(AT_MS + KEY_KEPT_MS + 1, None));
    assert!(!known(&book, 1) && book.is_empty());
    book.evolve(Lsn(4), &with_key(AT_MS + KEY_KEPT_MS + 1, Some(1)));
    assert_eq!(book.get(&[1; 16]).unwrap().lsn, Lsn(4), "a forgotten key is a new key");
}

#[test]
fn the_record_that_carries_a_key_is_where_its_answer_is() {
    let mut book = Book::default();
    book.evolve(Lsn(5), &with_key(AT_MS, Some(3)));
    assert_eq!(book.get(&[3; 16]), Some(&KeyEntry { fingerprint: [3; 16], lsn: Lsn(5) }));
    assert_eq!(book.len(), 1);
}

#[test]
#[should_panic(expected = "a key has one answer")]
fn a_second_answer_to_a_key_is_a_bug() {
    let mut book = Book::default();
    book.evolve(Lsn(1), &with_key(AT_MS, Some(1)));
    book.evolve(Lsn(2), &with_key(AT_MS, Some(1)));
}

#[test]
fn counting_keys_goes_on_after_the_highest_number() {
    let keys = KeyBook { log: KeyLog::from_number(u32::MAX - 4_095), ..KeyBook::default() };
    let mut book = Book { keys, ..Book::default() };
    let id = |n: u32| *blake3::hash(&n.to_le_bytes()).as_bytes().first_chunk().unwrap();
    // One a minute: 2,881 at a time.
    let kept = 48 * 60;
    for n in 0..20_000_u32 {
        let key = RequestKey { id: id(n), fingerprint: [7; 16] };
        let at_ms = AT_MS + i64::from(n) * 60_000;
        let record = Record {
            at_ms,
            key: Some(key),
            ..record(Event::EngineStarted { epoch: 1, clock: None })
        };
        book.evolve(Lsn(u64::from(n) + 1), &record);
        let oldest = n.saturating_sub(kept);
        for known in [oldest, u32::midpoint(oldest, n), n] {
            assert_eq!(book.get(&id(known)).unwrap().lsn, Lsn(u64::from(known) + 1), "after {n}");
        }
        assert!(oldest == 0 || book.get(&id(oldest - 1)).is_none(), "after {n}");
        assert_eq!(book.len(), (n - oldest + 1) as usize);
    }
    let times: Vec<_> = book.by_time().map(|key| key.id).collect();
    assert!(times.into_iter().eq((20_000 - kept - 1..20_000).map(id)), "in the order of the log");
}

fn evolve_all(steps: &[(i64, bool)], mut see: impl FnMut(&KeyBook, AtMs, u8, bool)) -> Book {
    let (mut book, mut at_ms) = (Book::default(), AT_MS);
    for (n, (hours, has_key)) in (0_u8..).zip(steps) {
        at_ms += hours * 3_600_000;
        book.evolve(Lsn(u64::from(n) + 1), &with_key(at_ms, has_key.then_some(n)));
        see(&book, at_ms, n, *has_key);
    }
    book
}

fn digest(book: &KeyBook) -> crate::Digest {
    let mut digest = Digester::default();
    book.write_to(&mut digest);
    digest.finish()
}

fn started(at_ms: AtMs, gap_ms: i64) -> Record {
    let clock = Some(StartClock { wall_ms: at_ms, gap_ms });
    Record { at_ms, ..record(Event::EngineStarted { epoch: 2, clock }) }
}

#[test]
fn a_key_outlives_starts_with_a_clock_that_is_days_ahead() {
    let mut book = Book::default();
    let (mut at_ms, day_ms) = (AT_MS, KEY_KEPT_MS / 2);
    book.evolve(Lsn(1), &started(at_ms, 0));
    book.evolve(Lsn(2), &with_key(at_ms, Some(1)));
    for lsn in 3..13 {
        at_ms += 3 * day_ms;
        book.evolve(Lsn(lsn), &started(at_ms, 3 * day_ms));
        assert!(known(&book, 1), "start {lsn}");
    }
    // Ten starts count an hour each; the rest has to go by.
    at_ms += KEY_KEPT_MS - 10 * 3_600_000;
    book.evolve(Lsn(13), &with_key(at_ms, None));
    assert!(known(&book, 1));
    book.evolve(Lsn(14), &with_key(at_ms + 1, None));
    assert!(!known(&book, 1));
}

#[test]
fn a_key_of_a_moment_that_never_was_does_not_keep_the_others_for_ever() {
    let mut book = Book::default();
    // An older release, and a clock that was 400 days ahead for a moment.
    book.evolve(Lsn(1), &with_key(AT_MS + 200 * KEY_KEPT_MS, Some(0)));
    (1..90).for_each(|n| book.evolve(Lsn(n + 1), &with_key(AT_MS, u8::try_from(n).ok())));
    book.evolve(Lsn(100), &started(AT_MS, 0));
    assert_eq!(book.len(), 90);
    book.evolve(Lsn(101), &with_key(AT_MS + KEY_KEPT_MS, None));
    assert_eq!(book.len(), 90, "and none goes early");
    book.evolve(Lsn(102), &with_key(AT_MS + KEY_KEPT_MS + 1, None));
    assert!(book.is_empty());
}

proptest! {
    #[test]
    fn exactly_the_keys_of_the_last_48_hours_are_known(
        steps in prop::collection::vec((0..30_i64, any::<bool>()), 0..120),
    ) {
        let mut naive: BTreeMap<u8, AtMs> = BTreeMap::new();
        evolve_all(&steps, |book, at_ms, n, has_key| {
            naive.extend(has_key.then_some((n, at_ms)));
            for (n, key_ms) in &naive {
                assert_eq!(known(book, *n), at_ms - key_ms <= KEY_KEPT_MS);
            }
        });
    }

    /// Clocks may step back; what is forgotten follows from the records alone all the same.
    #[test]
    fn the_same_records_leave_the_same_keys(
        steps in prop::collection::vec((-30..30_i64, any::<bool>()), 0..120),
    ) {
        let book = || evolve_all(&steps, |_, _, _, _| ());
        prop_assert_eq!(digest(&book()), digest(&book()));
    }
}
