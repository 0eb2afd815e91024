use super::*;
use crate::samples::{AT_MS, record};

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn start(at_ms: AtMs, gap_ms: Option<i64>) -> Record {
    let clock = gap_ms.map(|gap_ms| StartClock { wall_ms: at_ms, gap_ms });
    Record { at_ms, ..record(Event::EngineStarted { epoch: 1, clock }) }
}

#[test]
fn a_start_that_is_days_after_the_last_record_counts_as_an_hour() {
    let mut time = LogTime::default();
    time.evolve(Lsn(1), &start(AT_MS, Some(0)));
    time.evolve(Lsn(2), &start(AT_MS + 400 * DAY_MS, Some(400 * DAY_MS)));
    assert_eq!(time.age_ms(AT_MS), HOUR_MS);
    assert_eq!(time.age_ms(AT_MS + 400 * DAY_MS), 0);
    time.evolve(Lsn(3), &start(AT_MS + 403 * DAY_MS, Some(30 * 60_000)));
    assert_eq!(time.age_ms(AT_MS), 3 * DAY_MS + HOUR_MS, "what is shorter counts whole");
    assert_eq!(time.steady(), Some((Lsn(1), AT_MS)));
}

#[test]
fn times_of_older_releases_are_taken_at_their_word() {
    let mut time = LogTime::default();
    time.evolve(Lsn(1), &start(AT_MS, None));
    time.evolve(Lsn(2), &start(AT_MS + 3 * DAY_MS, None));
    assert_eq!((time.age_ms(AT_MS), time.steady()), (3 * DAY_MS, None));
    time.evolve(Lsn(3), &start(AT_MS, None));
    assert_eq!(time.age_ms(AT_MS), 0, "they may fall");
}

#[test]
fn what_came_earlier_is_never_the_younger_one_and_few_starts_are_remembered() {
    let (mut time, mut at_ms) = (LogTime::default(), AT_MS);
    let mut moments = Vec::new();
    for n in 0..3_000 {
        let gap_ms = n * 7_919 % (5 * HOUR_MS);
        at_ms += gap_ms;
        time.evolve(Lsn(1), &start(at_ms, Some(gap_ms)));
        moments.push(at_ms);
        at_ms += 60_000;
    }
    let ages: Vec<_> = moments.iter().map(|then| time.age_ms(*then)).collect();
    assert!(ages.is_sorted_by(|earlier, later| earlier >= later));
    let counted = CART_KEPT_MS / START_GAP_COUNTED_MS;
    assert!(time.skips().count() <= usize::try_from(counted).unwrap() + 1);
}
