use std::fs;
use std::path::Path;

use super::commit_tail::TailContent;
use super::*;
use crate::conformance::{batch, journal_conformance, read_all};
use crate::{Damage, DamageKind};

pub(super) mod archive;
pub(super) mod damage;
pub(super) mod golden;
mod tail;

journal_conformance!(conformance, {
    let dir = tempfile::tempdir().unwrap();
    move || {
        let options = crate::Options::default();
        crate::SledJournal::open(dir.path(), &options).unwrap()
    }
});

pub(super) fn open(dir: &Path) -> Result<SledJournal, JournalError> {
    SledJournal::open(dir, &Options::default())
}

/// A log of `groups` groups with two batches of ten records each, dropped or closed.
fn filled(dir: &Path, groups: u64, close: bool) -> Lsn {
    filled_in(dir, groups, &[], close)
}

/// As [`filled`], with a new database after so many groups, each time.
pub(super) fn filled_in(dir: &Path, groups: u64, databases: &[u64], close: bool) -> Lsn {
    let mut journal = open(dir).unwrap();
    for group in 1..=groups {
        let next = journal.end().next();
        journal.append(&[batch(next, 10), batch(next.plus(10), 10)]).unwrap();
        if databases.contains(&group) {
            assert_eq!(journal.trimmer().begin_database(0), Ok(Some(journal.end())));
        }
    }
    let end = journal.end();
    if close {
        Box::new(journal).close().unwrap();
    }
    end
}

/// Leaves nothing in the tail but the end that was acknowledged.
pub(crate) fn empty_tail(dir: &Path) {
    let tail = dir.join("tail");
    CommitTail::create(&tail, &TailContent::read(&tail).unwrap().newest).unwrap();
}

fn damage_of(dir: &Path) -> Damage {
    match open(dir) {
        Err(JournalError::Damaged(damage)) => damage,
        other => panic!("not damage: {:?}", other.map(|journal| journal.end())),
    }
}

#[test]
fn a_log_that_is_open_cannot_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).unwrap();
    assert_eq!(open(dir.path()).unwrap_err(), JournalError::Locked { path: dir.path().to_owned() });
    drop(journal);
    open(dir.path()).unwrap();
}

#[test]
fn a_directory_of_something_else_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("holiday.jpg"), "sun").unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, JournalError::NotALog { .. }), "{error}");
    assert_eq!(files::entries(dir.path()).unwrap().len(), 1);
}

#[test]
fn a_log_without_its_identity_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1, true);
    fs::remove_file(dir.path().join("FORMAT")).unwrap();
    assert!(matches!(open(dir.path()), Err(JournalError::NotALog { .. })));
}

#[test]
fn a_log_of_a_later_release_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1, true);
    let path = dir.path().join("FORMAT");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4] = 5;
    let sum = blake3::hash(&bytes[..24]);
    bytes[24..].copy_from_slice(sum.as_bytes());
    fs::write(&path, bytes).unwrap();
    assert_eq!(open(dir.path()).unwrap_err(), JournalError::NewerFormat { found: 5, known: 4 });
}

#[test]
fn a_creation_that_was_cut_off_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 0, false);
    fs::rename(dir.path().join("FORMAT"), dir.path().join("FORMAT.new")).unwrap();
    fs::write(dir.path().join("log").join("db"), "half").unwrap();
    assert_eq!(open(dir.path()).unwrap().end(), Lsn::ZERO);
}

#[test]
fn the_vault_may_be_there_before_the_log() {
    let dir = tempfile::tempdir().unwrap();
    crate::Vault::open(&SledJournal::vault_path(dir.path())).unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn a_closed_log_has_a_marker_and_an_open_one_has_none() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1, true);
    let marker = dir.path().join("clean");
    assert!(marker.exists());
    let journal = open(dir.path()).unwrap();
    assert!(!marker.exists());
    drop(journal);
    assert!(!marker.exists());
}

#[test]
fn a_replay_hands_over_each_batch_once_and_says_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let end = filled(dir.path(), 30, false);
    let mut seen = Lsn::ZERO;
    let options = Options::default();
    let journal = SledJournal::open_replaying(
        dir.path(),
        &options,
        Lsn::ZERO,
        &[],
        &mut |batch, progress| {
            assert_eq!(batch.first_lsn(), seen.next());
            seen = batch.last_lsn();
            assert_eq!(progress.at, seen);
            assert_eq!(progress.of, end);
            Ok(())
        },
    );
    assert_eq!((journal.unwrap().end(), seen), (end, end));
}

#[test]
fn a_caller_that_refuses_a_batch_stops_the_opening_and_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let end = filled(dir.path(), 30, true);
    let refused = SledJournal::open_replaying(
        dir.path(),
        &Options::default(),
        Lsn::ZERO,
        &[],
        &mut |_, _| Err(JournalError::Poisoned),
    );
    assert_eq!(refused.unwrap_err(), JournalError::Poisoned);
    assert_eq!(open(dir.path()).unwrap().end(), end);
}

#[test]
fn a_log_that_was_not_closed_is_copied_only_until_it_is_recovered() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 3, false);
    let copies = ["log.recovering", "log.before-recovery"].map(|name| dir.path().join(name));
    let options = Options::default();
    let journal = SledJournal::open_replaying(dir.path(), &options, Lsn::ZERO, &[], &mut |_, _| {
        assert!(copies[0].join("db").exists());
        Ok(())
    });
    journal.unwrap();
    assert!(copies.iter().all(|copy| !copy.exists()));
}

#[test]
fn a_log_can_be_recovered_where_there_is_no_room_for_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let end = filled(dir.path(), 3, false);
    let options = Options { recovers_without_copy: true, ..Options::default() };
    let journal = SledJournal::open_replaying(dir.path(), &options, Lsn::ZERO, &[], &mut |_, _| {
        assert!(!dir.path().join("log.recovering").exists());
        Ok(())
    });
    assert_eq!(journal.unwrap().end(), end);
}

#[test]
fn a_damaged_snapshot_costs_nothing() {
    for close in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 20, true);
        let end = filled(dir.path(), 20, close);
        for path in files::entries(&dir.path().join("log")).unwrap() {
            if path.to_string_lossy().contains("snap.") {
                fs::write(path, "").unwrap();
            }
        }
        let journal = open(dir.path()).unwrap();
        assert_eq!(read_all(&*journal.reader(), Lsn(1)), (1..=end.0).collect::<Vec<_>>());
        assert!(!dir.path().join("log.before-recovery").exists());
    }
}

#[test]
fn a_log_that_ends_below_its_mark_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 5, true);
    let older = dir.path().join("older");
    files::copy_dir_anew(&dir.path().join("log"), &older).unwrap();
    filled(dir.path(), 5, false);
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    fs::rename(&older, dir.path().join("log")).unwrap();
    empty_tail(dir.path());

    for _ in 0..2 {
        let damage = damage_of(dir.path());
        assert_eq!(damage.kind, DamageKind::Behind);
        assert_eq!((damage.lsn, damage.through), (Lsn(101), Some(Lsn(200))));
        assert_eq!(damage.kept_copy, Some(dir.path().join("log.before-recovery")));
    }
}

#[test]
fn a_log_of_another_history_is_refused() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(ours.path(), 5, true);
    filled(theirs.path(), 5, true);
    fs::remove_dir_all(ours.path().join("log")).unwrap();
    fs::rename(theirs.path().join("log"), ours.path().join("log")).unwrap();
    assert_eq!(damage_of(ours.path()).kind, DamageKind::Chain);
}

#[test]
fn an_interrupted_restore_goes_on_from_the_copy() {
    let dir = tempfile::tempdir().unwrap();
    let end = filled(dir.path(), 5, false);
    fs::rename(dir.path().join("log"), dir.path().join("log.before-recovery")).unwrap();
    assert_eq!(open(dir.path()).unwrap().end(), end);
}
