use super::*;
use crate::conformance::batch;

const LOG: LogId = LogId([3; 16]);

/// Frames of two records each, and where each starts.
fn frames(log_id: LogId, epochs: &[u32]) -> Vec<(Lsn, Vec<u8>)> {
    let mut chain = Chain::genesis(log_id);
    let mut stored = Vec::new();
    for epoch in epochs {
        let first = chain.end().next();
        stored.push((first, chain.encode_next(Epoch(*epoch), &batch(first, 2))));
    }
    stored
}

fn damage(error: JournalError) -> Damage {
    match error {
        JournalError::Damaged(damage) => damage,
        other => panic!("not damage: {other}"),
    }
}

#[test]
fn what_the_writer_makes_the_reader_takes() {
    let mut chain = Chain::genesis(LOG);
    for (key, bytes) in frames(LOG, &[1, 1, 2, 5]) {
        chain.decode_next(key, bytes).unwrap();
    }
    assert_eq!((chain.end(), chain.epoch()), (Lsn(8), Epoch(5)));
}

#[test]
fn a_missing_batch_is_named_with_its_records() {
    let stored = frames(LOG, &[1, 1, 1]);
    let mut chain = Chain::genesis(LOG);
    chain.decode_next(stored[0].0, stored[0].1.clone()).unwrap();
    let damage = damage(chain.decode_next(stored[2].0, stored[2].1.clone()).unwrap_err());
    assert_eq!(damage.kind, DamageKind::Missing);
    assert_eq!((damage.lsn, damage.through), (Lsn(3), Some(Lsn(4))));
    assert_eq!(chain.end(), Lsn(2), "a refusal changes nothing");
}

#[test]
fn a_batch_of_another_log_is_refused() {
    let other = frames(LogId([4; 16]), &[1]);
    let error = Chain::genesis(LOG).decode_next(other[0].0, other[0].1.clone()).unwrap_err();
    assert_eq!(damage(error).kind, DamageKind::Chain);
}

#[test]
fn a_whole_batch_of_another_history_is_refused() {
    let (ours, mut theirs) = (frames(LOG, &[1, 1]), Chain::genesis(LOG));
    theirs.encode_next(Epoch(9), &batch(Lsn(1), 2));
    let foreign = theirs.encode_next(Epoch(9), &batch(Lsn(3), 2));
    let mut chain = Chain::genesis(LOG);
    chain.decode_next(ours[0].0, ours[0].1.clone()).unwrap();
    let damage = damage(chain.decode_next(Lsn(3), foreign).unwrap_err());
    assert_eq!((damage.kind, damage.lsn), (DamageKind::Chain, Lsn(3)));
}

#[test]
fn an_epoch_that_falls_is_refused() {
    let stored = frames(LOG, &[5, 5]);
    let mut chain = Chain::genesis(LOG);
    chain.decode_next(stored[0].0, stored[0].1.clone()).unwrap();
    chain.epoch = Epoch(6);
    let damage = damage(chain.decode_next(stored[1].0, stored[1].1.clone()).unwrap_err());
    assert!(damage.detail.contains("epoch 5"), "{}", damage.detail);
}

#[test]
fn a_batch_under_the_wrong_key_is_refused() {
    let stored = frames(LOG, &[1]);
    let error = decode_at(Lsn(2), &stored[0].1).unwrap_err();
    assert_eq!(damage(error).kind, DamageKind::Chain);
}
