//! The live state, a replay and a checkpoint have one digest, and a difference ends the engine.

use super::*;
use kirana_domain::state::lives;
use kirana_domain::{Record, RequestKey, State};

/// A live state and a replay of the same records, but for those that the live state is not told as
/// they are.
fn both(records: &[Record], told: impl Fn(&Record) -> Record) -> (Shop, State) {
    let live = LiveState::new(State::default(), None);
    let mut replayed = State::default();
    for (record, lsn) in records.iter().zip(1..) {
        replayed.evolve(Lsn(lsn), record);
        live.apply(Lsn(lsn), &told(record)).unwrap();
    }
    (Shop { state: Arc::new(live), failure: Failure::default() }, replayed)
}

#[test]
fn a_live_state_is_what_a_replay_of_the_log_leads_to() {
    for seed in 0..8 {
        let (shop, replayed) = both(&lives::records(seed, 600), Record::clone);
        assert_eq!(shop.compare(replayed.lsn, replayed.digest()), Ok(()), "seed {seed}");
        assert!(!shop.failure.has_failed(), "seed {seed}");
    }
}

#[test]
fn a_live_state_that_is_ahead_is_not_compared() {
    let (shop, replayed) = both(&lives::records(1, 50), Record::clone);
    let before = Lsn(replayed.lsn.0 - 1);
    assert_eq!(shop.state.digest_at(before), None);
    assert_eq!(shop.compare(before, State::default().digest()), Ok(()));
}

#[test]
fn a_live_state_that_has_missed_something_ends_the_engine() {
    let forgets_the_key = |record: &Record| Record { key: None, ..record.clone() };
    let mut records = lives::records(1, 200);
    records[1].key = Some(RequestKey { id: [1; 16], fingerprint: [2; 16] });
    let (shop, replayed) = both(&records, forgets_the_key);
    let compared = shop.compare(replayed.lsn, replayed.digest());
    assert!(matches!(compared, Err(CheckpointError::Failed(_))));
    assert!(shop.failure.has_failed());
}
