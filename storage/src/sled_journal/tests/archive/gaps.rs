//! What is missing, or of another history, is named by whoever needs it.

use super::*;
use crate::{Archive, ArchiveFile, LogId, StoredFrame};

#[test]
fn an_archive_file_that_is_gone_is_named_by_whoever_needs_it_and_only_then() {
    let dir = tempfile::tempdir().unwrap();
    let end = trimmed(dir.path(), true);
    let paths = archive_files(dir.path());
    fs::remove_file(&paths[1]).unwrap();
    for after in [0, 149, 150, 299] {
        let damage = damage_after(dir.path(), after, &[]);
        assert_eq!(damage.kind, DamageKind::Archive);
        assert_eq!((damage.lsn, damage.through), (Lsn(after.max(150) + 1), Some(Lsn(300))));
        assert!(!dir.path().join("log.before-recovery").exists(), "the log is not at fault");
    }
    assert_eq!(replayed(dir.path(), 300, &[]).unwrap().len(), 30);

    let options = Options::default();
    let journal =
        SledJournal::open_replaying(dir.path(), &options, Lsn(420), &[], &mut |_, _| Ok(()));
    let journal = journal.unwrap();
    assert_eq!(journal.trimmer().archive().problems().len(), 1);
    let reader = journal.reader();
    assert_eq!(reader.read(Lsn(301)).count() as u64, (end.0 - 300) / 10);
    let read: Vec<_> = reader.read(Lsn(1)).collect();
    assert_eq!(read.len(), 16);
    let Err(JournalError::Damaged(damage)) = &read[15] else { panic!("{:?}", read[15]) };
    assert_eq!((damage.kind, damage.lsn), (DamageKind::Archive, Lsn(151)));
    assert!(matches!(reader.batch_at(Lsn(222)), Err(JournalError::Damaged(_))));
    assert_eq!(journal.trimmer().trim(Lsn(450)), Ok(Lsn(441)), "what the archive has may go");
}

#[test]
fn a_gap_between_archive_and_log_is_named_when_it_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    trimmed(dir.path(), true);
    let (inside, below) = (mark_at(dir.path(), 500), mark_at(dir.path(), 390));
    fs::remove_file(&archive_files(dir.path())[2]).unwrap();
    let gap = damage_after(dir.path(), 0, &[]);
    assert_eq!((gap.lsn, gap.through), (Lsn(301), Some(Lsn(400))));
    assert_eq!(damage_after(dir.path(), 399, &[inside]).through, Some(Lsn(400)));
    // Nothing vouches for what the log starts with.
    assert_eq!(damage_after(dir.path(), 400, &[]).kind, DamageKind::Missing);
    assert_eq!(damage_after(dir.path(), 400, &[below]).kind, DamageKind::Missing);
    assert_eq!(replayed(dir.path(), 500, &[inside]).unwrap().len(), 10);
}

#[test]
fn a_mark_that_the_log_did_not_go_through_is_named() {
    let dir = tempfile::tempdir().unwrap();
    trimmed(dir.path(), true);
    let mark = mark_at(dir.path(), 500);
    let other = ChainMark { hash: [7; 32], ..mark };
    let damage = damage_after(dir.path(), 500, &[other]);
    assert_eq!((damage.kind, damage.lsn), (DamageKind::Diverged, Lsn(500)));
    let inside = ChainMark { lsn: Lsn(505), ..mark };
    assert_eq!(damage_after(dir.path(), 505, &[inside]).kind, DamageKind::Diverged);
    let beyond = ChainMark { lsn: Lsn(700), ..mark };
    let damage = damage_after(dir.path(), 700, &[beyond]);
    assert_eq!((damage.kind, damage.lsn), (DamageKind::Behind, Lsn(601)));
    assert_eq!(damage.through, Some(Lsn(700)));
    assert_eq!(open(dir.path()).unwrap().end(), Lsn(600));
}

#[test]
fn an_empty_database_goes_on_where_the_archive_ends() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 30, true);
    let journal = open(dir.path()).unwrap();
    archive_and_trim(&journal, Lsn(600));
    Box::new(journal).close().unwrap();
    let anew = || {
        fs::remove_dir_all(dir.path().join("log")).unwrap();
        databases::create_first(&dir.path().join("log"), 1 << 20).unwrap();
    };
    anew();
    let mut journal = open(dir.path()).unwrap();
    assert_eq!(journal.end(), Lsn(600));
    journal.append(&[batch(Lsn(601), 10)]).unwrap();
    drop(journal);
    let journal = open(dir.path()).unwrap();
    assert_eq!(read_all(&*journal.reader(), Lsn(1)).len(), 610);
    Box::new(journal).close().unwrap();
    anew();
    empty_tail(dir.path());
    let damage = damage_of(dir.path());
    assert_eq!((damage.kind, damage.lsn), (DamageKind::Behind, Lsn(601)));
}

#[test]
fn the_archive_of_another_history_is_neither_believed_nor_trimmed_for() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(ours.path(), 5, true);
    for entry in ["log", "FORMAT", "tail", "clean"] {
        let (from, to) = (ours.path().join(entry), theirs.path().join(entry));
        if from.is_dir() {
            files::copy_dir_anew(&from, &to).unwrap();
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
    filled(ours.path(), 5, true);
    filled(theirs.path(), 2, true);
    filled(theirs.path(), 3, true);
    let journal = open(theirs.path()).unwrap();
    archive(&journal, Lsn(200));
    drop(journal);
    files::copy_dir_anew(&theirs.path().join("archive"), &ours.path().join("archive")).unwrap();
    assert_eq!(damage_of(ours.path()).kind, DamageKind::Diverged);

    files::remove_dir(&ours.path().join("archive")).unwrap();
    let journal = open(ours.path()).unwrap();
    let log_id: LogId = journal.log_id();
    let theirs = Archive::open(&theirs.path().join("archive"), log_id).unwrap();
    let file: ArchiveFile = theirs.files()[0].clone();
    journal.trimmer().archive().add(file).unwrap();
    let refused = journal.trimmer().trim(Lsn(150)).unwrap_err();
    let JournalError::Damaged(damage) = refused else { panic!("{refused}") };
    assert_eq!(damage.kind, DamageKind::Diverged);
    assert_eq!(journal.trimmer().first(), Ok(Lsn(1)));
    assert_eq!(
        journal.reader().frames(Lsn(1)).flatten().map(|it: StoredFrame| it.last_lsn()).last(),
        Some(Lsn(200))
    );
}
