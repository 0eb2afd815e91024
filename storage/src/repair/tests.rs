use std::fs;

use super::*;
use crate::backup::tests::{BySeconds, Shop};
use crate::sled_journal::tests::empty_tail;
use crate::{ArchiveWriter, Journal as _, Options, SledJournal};

/// A closed log of 100 records: 40 of them in two archive files, of which the database has the last
/// 20 as well; and a backup of the first 80.
struct Scene {
    dir: tempfile::TempDir,
    data: PathBuf,
    backup: PathBuf,
}

fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let backup = dir.path().join("backup");
    let mut shop = Shop::new();
    shop.grow(5);
    shop.journal.trimmer().begin_database(0).unwrap();
    shop.grow(15);
    shop.back_up(&backup).unwrap();
    shop.grow(5);
    let (trimmer, reader) = (shop.journal.trimmer(), shop.journal.reader());
    for _ in 0..2 {
        let archive = trimmer.archive();
        let end = archive.end();
        let mut writer = ArchiveWriter::create(archive.dir(), end).unwrap();
        for frame in reader.frames(end.lsn.next()).take(5) {
            writer.push(&frame.unwrap(), &BySeconds).unwrap();
        }
        archive.add(writer.seal().unwrap()).unwrap();
    }
    assert_eq!(trimmer.trim(Lsn(20)).unwrap(), Lsn(21));
    let Shop { dir: data, journal } = shop;
    drop((trimmer, reader));
    Box::new(journal).close().unwrap();
    let data = data.keep();
    Scene { dir, data, backup }
}

impl Scene {
    fn plan(&self, backup: bool) -> RepairPlan {
        let backup = backup.then_some(&*self.backup);
        let salvage = Salvage::open(&self.data, backup, None).unwrap();
        salvage.run(None, &BySeconds, &|_| (), &mut |_| ()).unwrap()
    }

    /// Applies, and checks that it does what the plan says and that the log opens.
    fn apply(&self, backup: bool) -> RepairPlan {
        let plan = self.plan(backup);
        let new = NewLog::begin(&self.dir.path().join("repaired")).unwrap();
        let backup = backup.then_some(&*self.backup);
        let salvage = Salvage::open(&self.data, backup, None).unwrap();
        let done = salvage.run(Some(&new), &BySeconds, &|_| (), &mut |_| ()).unwrap();
        new.publish().unwrap();
        assert_eq!(done, plan);
        let repaired = self.dir.path().join("repaired");
        let journal = SledJournal::open(&repaired, &Options::default()).unwrap();
        assert_eq!(journal.end(), plan.end.lsn);
        let all = journal.reader().frames(Lsn::FIRST).map(|frame| frame.unwrap().mark()).last();
        assert_eq!(all, Some(plan.end));
        plan
    }

    fn archived(&self) -> Vec<PathBuf> {
        let mut paths = crate::files::entries(&self.data.join("archive")).unwrap();
        paths.sort();
        paths
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.data);
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn nothing_is_done_about_a_log_that_is_whole() {
    let scene = scene();
    let plan = scene.apply(false);
    assert!(plan.is_whole(), "{plan:?}");
    assert_eq!((plan.end.lsn, plan.acknowledged, plan.is_exact), (Lsn(100), Lsn(100), true));
    assert_eq!(plan.keys, KeySource::Log(scene.data.join("vault")));
}

#[test]
fn marks_and_identity_are_made_anew() {
    let scene = scene();
    fs::remove_file(scene.data.join("tail")).unwrap();
    flip(&scene.data.join("FORMAT"), 20);
    let plan = scene.apply(false);
    assert_eq!((plan.end.lsn, plan.lost(), plan.is_exact), (Lsn(100), 0, true));
    let kinds: Vec<_> = plan.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [DamageKind::Identity, DamageKind::HighWater]);
    // Without the mark of the closing, only what is there is known.
    fs::remove_file(scene.data.join("clean")).unwrap();
    let plan = Salvage::open(&scene.data, Some(&scene.backup), None).unwrap();
    let plan = plan.run(None, &BySeconds, &|_| (), &mut |_| ()).unwrap();
    assert_eq!((plan.end.lsn, plan.is_exact), (Lsn(100), false));
}

#[test]
fn the_log_fills_in_for_the_archive() {
    let scene = scene();
    fs::remove_file(&scene.archived()[1]).unwrap();
    let plan = scene.apply(false);
    assert_eq!((plan.end.lsn, plan.lost(), plan.pieces.len()), (Lsn(100), 0, 2));
}

#[test]
fn what_the_archive_alone_had_comes_from_a_backup_or_is_lost() {
    let scene = scene();
    flip(&scene.archived()[0], 400);
    empty_tail(&scene.data);
    let plan = scene.plan(false);
    assert_eq!((plan.end.lsn, plan.lost(), plan.unusable), (Lsn(0), 100, 80));
    let plan = scene.apply(true);
    assert_eq!((plan.end.lsn, plan.lost()), (Lsn(100), 0));
    assert!(plan.pieces[0].is_backup, "{plan:?}");
    assert!(plan.problems.iter().any(|problem| problem.kind == DamageKind::Archive));
}

#[test]
fn without_the_log_the_cost_is_what_only_the_log_had() {
    let scene = scene();
    fs::remove_dir_all(scene.data.join("log")).unwrap();
    empty_tail(&scene.data);
    assert_eq!(scene.plan(false).lost(), 60);
    let plan = scene.apply(true);
    assert_eq!((plan.end.lsn, plan.lost(), plan.acknowledged), (Lsn(80), 20, Lsn(100)));
}

#[test]
fn the_tail_fills_in_for_archive_and_log() {
    let scene = scene();
    flip(&scene.archived()[0], 400);
    fs::remove_dir_all(scene.data.join("log")).unwrap();
    let plan = scene.apply(false);
    assert_eq!((plan.end.lsn, plan.lost()), (Lsn(100), 0));
    assert!(plan.pieces.iter().any(|piece| piece.source == scene.data.join("tail")), "{plan:?}");
}

#[test]
fn a_damaged_snapshot_of_the_database_costs_nothing() {
    let scene = scene();
    let entries = crate::files::entries(&scene.data.join("log")).unwrap();
    let snapshots = entries.iter().filter(|path| path.to_string_lossy().contains("snap."));
    let count = snapshots.map(|path| fs::write(path, b"").unwrap()).count();
    let plan = scene.apply(false);
    assert_eq!((plan.end.lsn, plan.lost()), (Lsn(100), 0), "{plan:?}");
    assert_eq!(plan.pieces.iter().any(|piece| piece.without_snapshots), count > 0, "{plan:?}");
}

#[test]
fn keys_come_from_the_backup_when_they_are_damaged() {
    let scene = scene();
    flip(&scene.data.join("vault"), 3);
    assert_eq!(scene.plan(false).keys, KeySource::Lost);
    assert_eq!(scene.apply(true).keys, KeySource::Backup(scene.backup.join("vault")));
}

#[test]
fn keys_come_from_the_backup_when_the_vault_lacks_some_that_it_has() {
    let scene = scene();
    fs::remove_file(scene.data.join("vault")).unwrap();
    drop(crate::Vault::open(&scene.data.join("vault")).unwrap());
    let plan = scene.apply(true);
    assert_eq!(plan.keys, KeySource::Backup(scene.backup.join("vault")));
    assert!(plan.problems[0].to_string().contains("lacks 1 keys"), "{plan:?}");
}

/// Makes the vault one that a later release has written.
fn make_newer(vault: &Path) {
    let mut bytes = fs::read(vault).unwrap();
    bytes[4] = 2;
    let sum = blake3::hash(&bytes[..56]);
    bytes[56..64].copy_from_slice(&sum.as_bytes()[..8]);
    fs::write(vault, bytes).unwrap();
}

#[test]
fn a_repair_that_fails_leaves_no_copy_of_the_keys() {
    let (scene, scratch) = (scene(), tempfile::tempdir().unwrap());
    make_newer(&scene.data.join("vault"));
    let salvage = Salvage::open(&scene.data, None, Some(scratch.path())).unwrap();
    let error = salvage.run(None, &BySeconds, &|_| (), &mut |_| ()).unwrap_err();
    assert_eq!(error, JournalError::NewerFormat { found: 2, known: 1 });
    assert_eq!(crate::files::entries(scratch.path()).unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn a_backup_of_another_log_does_not_help() {
    let (scene, other) = (scene(), scene());
    let error = Salvage::open(&scene.data, Some(&other.backup), None).err().unwrap();
    assert!(error.to_string().contains("another log"), "{error}");
    let nothing = tempfile::tempdir().unwrap();
    let error = Salvage::open(nothing.path(), None, None).err().unwrap();
    assert!(error.to_string().contains("holds no part"), "{error}");
}
