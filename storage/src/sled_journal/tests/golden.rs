//! Data directories of earlier releases, which every later one opens.

use std::process::Command;

use super::*;

/// The directory that release 0.1.0 wrote, unpacked.
pub(in crate::sled_journal) fn of_release_0_1_0(into: &Path) -> PathBuf {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data/v0.1.0.tar.gz");
    let status = Command::new("tar").arg("xzf").arg(packed).arg("-C").arg(into).status().unwrap();
    assert!(status.success());
    into.join("v0.1.0")
}

/// The log that version 4 wrote and that was killed: of 200 records its databases have 100.
fn of_version_4(into: &Path) -> PathBuf {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/log-v4.tar.gz");
    let tar = |step: &str, dir: &Path, what: &[&str]| {
        let mut tar = Command::new("tar");
        let tar = tar.arg(step).arg(&packed).arg("-C").arg(dir).args(what);
        assert!(tar.status().unwrap().success());
    };
    if std::env::var("KIRANA_GOLDEN").is_ok_and(|it| it == "write") && !packed.exists() {
        let made = tempfile::tempdir().unwrap();
        tail::behind(&made.path().join("log-v4"), false);
        tar("czSf", made.path(), &["log-v4"]);
    }
    tar("xzf", into, &[]);
    into.join("log-v4")
}

#[test]
fn a_log_of_version_4_opens_whole_with_what_only_its_tail_has_and_goes_on() {
    let temp = tempfile::tempdir().unwrap();
    let dir = of_version_4(temp.path());
    let log = crate::ReadOnlyLog::open(&dir, None).unwrap();
    assert_eq!((log.problems(), log.end()), (&[][..], Lsn(200)));
    drop(log);
    let mut journal = open(&dir).unwrap();
    assert_eq!((journal.end(), journal.epoch()), (Lsn(200), Epoch(3)));
    journal.append(&[batch(Lsn(201), 2)]).unwrap();
    drop(journal);
    let all: Vec<_> = (1..=202).collect();
    assert_eq!(read_all(&*open(&dir).unwrap().reader(), Lsn(1)), all);
}

fn version(dir: &Path) -> u8 {
    fs::read(dir.join("FORMAT")).unwrap()[4]
}

#[test]
fn a_directory_of_release_0_1_0_opens_whole_and_goes_on() {
    let temp = tempfile::tempdir().unwrap();
    let dir = of_release_0_1_0(temp.path());
    let mut journal = open(&dir).unwrap();
    assert_eq!(journal.end(), Lsn(503));
    let records = |journal: &SledJournal| {
        let batches: Vec<_> = journal.reader().read(Lsn(1)).map(Result::unwrap).collect();
        let records = batches.iter().flat_map(Batch::records);
        records.map(|(lsn, bytes)| (lsn, bytes.to_vec())).collect::<Vec<_>>()
    };
    let before = records(&journal);
    assert_eq!(before.len(), 503);
    journal.trimmer().begin_database(0).unwrap();
    journal.append(&[batch(Lsn(504), 2)]).unwrap();
    assert_eq!(archive::archive_and_trim(&journal, Lsn(503)), Lsn(504));
    drop(journal);
    let journal = open(&dir).unwrap();
    assert_eq!(records(&journal)[..503], before);
}

#[test]
fn a_directory_of_release_0_1_0_is_raised_so_that_that_release_refuses_it() {
    let temp = tempfile::tempdir().unwrap();
    let dir = of_release_0_1_0(temp.path());
    assert_eq!(version(&dir), 1);
    let log_id = SledJournal::log_id_in(&dir).unwrap();
    assert_eq!(version(&dir), 1, "to look is not to open");
    drop(open(&dir).unwrap());
    assert_eq!(version(&dir), 4);
    assert!(dir.join("tail").exists() && !dir.join("high-water").exists());
    assert_eq!(SledJournal::log_id_in(&dir).unwrap(), log_id);
    open(&dir).unwrap();
}

#[test]
fn a_directory_of_release_0_1_0_that_is_damaged_is_left_to_that_release() {
    let temp = tempfile::tempdir().unwrap();
    let dir = of_release_0_1_0(temp.path());
    fs::remove_file(dir.join("high-water")).unwrap();
    assert_eq!(damage_of(&dir).kind, DamageKind::HighWater);
    assert_eq!(version(&dir), 1);
}
