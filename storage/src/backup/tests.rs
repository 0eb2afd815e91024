use std::fs;

use super::*;
use crate::conformance::batch;
use crate::restore::{RestoreUntil, restore};
use crate::{Journal, NewLog, Options, Vault};

/// Does something to a file.
type DamageOf<'a> = &'a dyn Fn(&Path);

/// A record is found by nothing; its time is its position in seconds.
pub(crate) struct BySeconds;

impl Indexer for BySeconds {
    fn index(&self, record: &[u8], _: &mut Vec<crate::Label>) -> Option<i64> {
        let text = std::str::from_utf8(record).unwrap();
        let lsn: i64 = text.split(' ').nth(1).unwrap().parse().unwrap();
        Some(lsn * 1_000)
    }
}

/// A log with a vault, and batches of four records.
pub(crate) struct Shop {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) journal: SledJournal,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let journal = SledJournal::open(dir.path(), &Options::default()).unwrap();
        let vault = Vault::open(&SledJournal::vault_path(dir.path())).unwrap();
        vault.seal([1; 16], b"", b"Asha");
        vault.sync().unwrap();
        Self { dir, journal }
    }

    pub(crate) fn grow(&mut self, batches: u64) {
        for _ in 0..batches {
            let next = self.journal.end().next();
            self.journal.append(&[batch(next, 4)]).unwrap();
        }
    }

    fn vault(&self) -> PathBuf {
        SledJournal::vault_path(self.dir.path())
    }

    pub(crate) fn back_up(&self, dir: &Path) -> Result<BackupReport, JournalError> {
        let mut backup = Backup::open_for_writing(dir)?;
        let mut run = backup.run(&BySeconds)?;
        for frame in self.journal.reader().frames(run.from()) {
            run.push(&frame?)?;
        }
        run.finish(KeyPolicy::CopyFrom(&self.vault()), index)
    }
}

/// An index of no meaning, which differs from end to end.
#[allow(clippy::unnecessary_wraps, reason = "an index that is read may be damaged")]
fn index(archive: &Archive) -> Result<(i64, Hash), JournalError> {
    Ok((7, [u8::try_from(archive.end().lsn.0 % 251).unwrap(); 32]))
}

fn restored(backup: &Path, to: &Path, until: RestoreUntil) -> crate::RestoreReport {
    let backup = Backup::open(backup).unwrap();
    let new = NewLog::begin(to).unwrap();
    let mut assembly = Assembly::new(Some(&new.archive()), backup.log_id().unwrap(), &BySeconds);
    let restored = restore(&backup, until, &BySeconds, &mut assembly, &|_| ()).unwrap();
    assert!(backup.copy_keys(&new.work().join("vault")).unwrap());
    new.end_at(&assembly.end()).unwrap();
    new.publish().unwrap();
    restored
}

fn frames_of(dir: &Path) -> Vec<StoredFrame> {
    let journal = SledJournal::open(dir, &Options::default()).unwrap();
    journal.reader().frames(Lsn::FIRST).map(Result::unwrap).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = files::entries(dir)
        .unwrap()
        .into_iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_run_adds_what_is_new_and_a_restore_gives_it_back() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let (backup, to) = (dir.path().join("backup"), dir.path().join("data"));
    shop.grow(20);
    let first = shop.back_up(&backup).unwrap();
    assert_eq!((first.records, first.head.lsn), (80, Lsn(80)));
    let again = shop.back_up(&backup).unwrap();
    assert_eq!((again.records, again.head.root), (0, first.head.root));
    shop.grow(5);
    let second = shop.back_up(&backup).unwrap();
    assert_eq!((second.records, second.head.lsn), (20, Lsn(100)));
    assert_eq!(names(&backup), ["FORMAT", "LOCK", "archive", "head", "vault"]);
    assert_eq!(names(&backup.join("archive")).len(), 2);

    let restored = restored(&backup, &to, RestoreUntil::Head);
    assert_eq!((restored.end, restored.left_out), (Lsn(100), None));
    let frames = shop.journal.reader().frames(Lsn::FIRST).map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(frames_of(&to), frames);
    assert_eq!(names(&to).first().map(String::as_str), Some("FORMAT"));
    let mut journal = SledJournal::open(&to, &Options::default()).unwrap();
    assert!(journal.epoch() > shop.journal.epoch());
    journal.append(&[batch(Lsn(101), 3)]).unwrap();
    drop(journal);
    assert_eq!(SledJournal::open(&to, &Options::default()).unwrap().end(), Lsn(103));
}

#[test]
fn the_root_is_that_of_all_records_however_many_runs_there_were() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let (steps, whole) = (dir.path().join("steps"), dir.path().join("whole"));
    for batches in [3, 1, 9] {
        shop.grow(batches);
        shop.back_up(&steps).unwrap();
    }
    let whole = shop.back_up(&whole).unwrap();
    assert_eq!(Backup::open(&steps).unwrap().head().unwrap().root, whole.head.root);
}

#[test]
fn a_point_in_time_is_cut_at_a_whole_batch() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let backup = dir.path().join("backup");
    for _ in 0..3 {
        shop.grow(5);
        shop.back_up(&backup).unwrap();
    }
    let cases = [
        (RestoreUntil::Lsn(Lsn(40)), 40, Some((41, 44))),
        (RestoreUntil::Lsn(Lsn(39)), 36, Some((37, 40))),
        (RestoreUntil::Lsn(Lsn(60)), 60, None),
        (RestoreUntil::Time(47_999), 44, Some((45, 48))),
        (RestoreUntil::Time(48_000), 48, Some((49, 52))),
        (RestoreUntil::Time(i64::MAX), 60, None),
    ];
    for (number, (until, end, left_out)) in cases.into_iter().enumerate() {
        let to = dir.path().join(format!("{number}"));
        let left_out = left_out.map(|(first, last)| (Lsn(first), Lsn(last)));
        let restored = restored(&backup, &to, until);
        assert_eq!((restored.end, restored.left_out), (Lsn(end), left_out), "{until:?}");
        assert_eq!(frames_of(&to).last().unwrap().last_lsn(), Lsn(end));
    }
}

#[test]
fn a_backup_of_another_log_or_of_another_history_is_refused() {
    let (mut shop, mut other) = (Shop::new(), Shop::new());
    let dir = tempfile::tempdir().unwrap();
    let (backup, to) = (dir.path().join("backup"), dir.path().join("data"));
    shop.grow(5);
    other.grow(9);
    shop.back_up(&backup).unwrap();
    let error = other.back_up(&backup).unwrap_err().to_string();
    assert!(error.contains("it is of log"), "{error}");

    restored(&backup, &to, RestoreUntil::Lsn(Lsn(12)));
    let journal = SledJournal::open(&to, &Options::default()).unwrap();
    let mut restored = Shop { dir: tempfile::tempdir().unwrap(), journal };
    restored.grow(3);
    let error = restored.back_up(&backup).unwrap_err().to_string();
    assert!(error.contains("another history"), "{error}");
    assert_eq!(Backup::open(&backup).unwrap().head().unwrap().lsn, Lsn(20));
}

#[test]
fn a_run_that_was_stopped_is_gone_on_with() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let backup = dir.path().join("backup");
    shop.grow(5);
    shop.back_up(&backup).unwrap();
    let head = fs::read(backup.join("head")).unwrap();
    shop.grow(5);
    shop.back_up(&backup).unwrap();
    // As if it had been killed before the head was moved, with something half written.
    fs::write(backup.join("head"), &head).unwrap();
    fs::write(backup.join("head.new"), "kirana-he").unwrap();
    fs::write(backup.join("archive/log-00000000000000000041.new"), "half").unwrap();
    shop.grow(1);
    let taken = shop.back_up(&backup).unwrap();
    assert_eq!((taken.records, taken.head.lsn), (4, Lsn(44)));
    assert_eq!(names(&backup), ["FORMAT", "LOCK", "archive", "head", "vault"]);
    let archived = files::entries(&backup.join("archive")).unwrap();
    assert!(!archived.iter().any(|path| is_unfinished(path)));

    // The very first run, killed before it had a head.
    fs::remove_file(backup.join("head")).unwrap();
    assert!(Backup::open(&backup).unwrap_err().to_string().contains("was not finished"));
    assert_eq!(shop.back_up(&backup).unwrap().head.lsn, Lsn(44));
}

#[test]
fn what_a_stopped_run_left_is_read_back_before_it_counts() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let backup = dir.path().join("backup");
    shop.grow(5);
    shop.back_up(&backup).unwrap();
    let head = fs::read(backup.join("head")).unwrap();
    shop.grow(5);
    shop.back_up(&backup).unwrap();
    fs::write(backup.join("head"), &head).unwrap();
    let path = backup.join("archive").join(&names(&backup.join("archive"))[1]);
    let mut bytes = fs::read(&path).unwrap();
    bytes[150] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(shop.back_up(&backup).unwrap().head.lsn, Lsn(40));
}

#[test]
fn what_is_forgotten_goes_from_the_backup_with_the_next_run() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let backup = dir.path().join("backup");
    shop.grow(1);
    shop.back_up(&backup).unwrap();
    let before = fs::read(backup.join("vault")).unwrap();
    let vault = Vault::open(&shop.vault()).unwrap();
    vault.forget([1; 16]).unwrap();
    drop(vault);
    shop.back_up(&backup).unwrap();
    assert_ne!(fs::read(backup.join("vault")).unwrap(), before);
    let mut open = Backup::open_for_writing(&backup).unwrap();
    open.run(&BySeconds).unwrap().finish(KeyPolicy::LeaveOut, index).unwrap();
    assert_eq!(open.vault(), None);
}

#[test]
fn other_directories_are_not_touched() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    shop.grow(1);
    fs::write(dir.path().join("holiday.jpg"), "sun").unwrap();
    let error = shop.back_up(dir.path()).unwrap_err().to_string();
    assert!(error.contains("holiday.jpg"), "{error}");
    let error = shop.back_up(shop.dir.path()).unwrap_err().to_string();
    assert!(error.contains("the directory of a log"), "{error}");
    let error = Backup::open(shop.dir.path()).unwrap_err().to_string();
    assert!(error.contains("not a backup"), "{error}");
    assert_eq!(names(dir.path()), ["holiday.jpg"]);
    let empty = Shop::new();
    let error = empty.back_up(&dir.path().join("new")).unwrap_err().to_string();
    assert!(error.contains("the log is empty"), "{error}");
}

#[test]
fn good_keys_are_never_replaced_by_fewer() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let backup = dir.path().join("backup");
    shop.grow(1);
    let before = shop.back_up(&backup).unwrap().head;
    let good = fs::read(backup.join("vault")).unwrap();
    let other = Shop::new();
    let foreign = fs::read(other.vault()).unwrap();
    let damages: [(&str, DamageOf<'_>); 4] = [
        ("lost and made anew", &|vault| {
            fs::remove_file(vault).unwrap();
            Vault::open(vault).unwrap();
        }),
        ("of another log", &|vault| fs::write(vault, &foreign).unwrap()),
        ("cut", &|vault| fs::write(vault, &good[..64]).unwrap()),
        ("lost", &|vault| fs::remove_file(vault).unwrap()),
    ];
    for (what, spoil) in damages {
        shop.grow(1);
        let whole = fs::read(shop.vault()).unwrap();
        spoil(&shop.vault());
        let error = shop.back_up(&backup).unwrap_err().to_string();
        assert!(error.contains("vault"), "{what}: {error}");
        assert_eq!(fs::read(backup.join("vault")).unwrap(), good, "{what}");
        assert_eq!(Backup::open(&backup).unwrap().head(), Some(&before), "{what}");
        assert!(!backup.join("vault.new").exists(), "{what}: no copy of keys stays behind");
        fs::write(shop.vault(), whole).unwrap();
    }
    assert!(shop.back_up(&backup).unwrap().head.lsn > before.lsn);
}

#[test]
fn a_head_without_an_index_is_read_and_gets_one_with_the_next_run() {
    let (mut shop, dir) = (Shop::new(), tempfile::tempdir().unwrap());
    let backup = dir.path().join("backup");
    shop.grow(3);
    let head = shop.back_up(&backup).unwrap().head;
    assert!(fs::read_to_string(backup.join("head")).unwrap().starts_with("kirana-head:v2:"));
    // As earlier releases wrote it.
    let earlier = Head { index: None, at_ms: 12, ..head };
    fs::write(backup.join("head"), format!("{earlier}\n")).unwrap();
    assert_eq!(Backup::open(&backup).unwrap().head(), Some(&earlier));
    restored(&backup, &dir.path().join("restored"), RestoreUntil::Head);
    assert_eq!(shop.back_up(&backup).unwrap().head, head);
    assert_eq!(Backup::open(&backup).unwrap().head(), Some(&head));
}
