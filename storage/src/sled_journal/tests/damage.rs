//! Damages a log in many ways and opens it: each is harmless or named, never silent, never a panic.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use super::*;

const CASES: u64 = 80;

/// One bit, one end, one page or one whole file.
#[derive(Debug)]
pub(in crate::sled_journal) enum Harm {
    FlipBit { file: PathBuf, bit: u64 },
    CutTo { file: PathBuf, bytes: u64 },
    ZeroPage { file: PathBuf, page: u64 },
    Delete { file: PathBuf },
}

pub(in crate::sled_journal) struct Random(pub(in crate::sled_journal) u64);

impl Random {
    pub(in crate::sled_journal) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

impl Harm {
    pub(in crate::sled_journal) fn random(random: &mut Random, dir: &Path) -> Self {
        let mut all = files::entries(dir).unwrap();
        let databases = databases::list(&dir.join("log")).unwrap();
        all.extend(databases.iter().flat_map(|it| files::entries(&it.dir).unwrap()));
        if dir.join("archive").exists() {
            all.extend(files::entries(&dir.join("archive")).unwrap());
        }
        all.retain(|path| path.is_file() && !path.ends_with("LOCK"));
        all.sort();
        let database = usize::try_from(random.below(databases.len() as u64)).unwrap();
        let database = databases::file_in(&databases[database].dir);
        // Most of the bytes are in the databases and the tail, so most of the harm is done there.
        let any = all[usize::try_from(random.below(all.len() as u64)).unwrap()].clone();
        let file = match random.below(5) {
            0 => any,
            1 => dir.join("tail"),
            _ => database,
        };
        let bytes = used_bytes(&file);
        match random.below(8) {
            0 => Self::Delete { file },
            1 => Self::CutTo { bytes: random.below(bytes), file },
            2 | 3 => Self::ZeroPage { page: random.below(bytes / 4_096 + 1), file },
            _ => Self::FlipBit { bit: random.below(bytes * 8), file },
        }
    }

    pub(in crate::sled_journal) fn apply(&self) {
        match self {
            Self::Delete { file } => fs::remove_file(file).unwrap(),
            Self::CutTo { file, bytes } => open_file(file).set_len(*bytes).unwrap(),
            Self::ZeroPage { file, page } => {
                let bytes = fs::metadata(file).unwrap().len();
                let start = (page * 4_096).min(bytes);
                let length = usize::try_from((bytes - start).min(4_096)).unwrap();
                open_file(file).write_all_at(&vec![0; length], start).unwrap();
            }
            Self::FlipBit { file, bit } => {
                let file = open_file(file);
                let mut byte = [0];
                if file.read_exact_at(&mut byte, bit / 8).is_ok() {
                    byte[0] ^= 1 << (bit % 8);
                    file.write_all_at(&byte, bit / 8).unwrap();
                }
            }
        }
    }
}

fn open_file(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

/// Bytes up to the last that is not zero: sled makes its file longer than it is full.
fn used_bytes(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).map_or(1, |last| last as u64 + 1)
}

/// Opens the damaged log. All records or damage, else it says what went wrong.
fn judge(dir: &Path, end: Lsn, surely: Lsn) -> Result<&'static str, String> {
    let opened = panic::catch_unwind(AssertUnwindSafe(|| open(dir)));
    match opened.map_err(|_| "opening panicked".to_owned())? {
        Ok(journal) => {
            let read = read_all(&*journal.reader(), Lsn(1));
            let whole = read.len() as u64 == journal.end().0;
            match journal.end() {
                at if whole && at == end => Ok("harmless"),
                at if whole && at >= surely => Ok("lost the last group only"),
                at => Err(format!("silent loss: {at} of {end} records, {} read", read.len())),
            }
        }
        Err(JournalError::Damaged(damage)) if damage.lsn > end.next() => {
            Err(format!("damage beyond the end: {damage}"))
        }
        Err(JournalError::Damaged(_)) => Ok("damaged"),
        Err(JournalError::NotALog { .. }) => Ok("not a log"),
        Err(other) => Err(format!("named wrongly: {other}")),
    }
}

fn run(seed: u64, case: u64) -> Result<&'static str, String> {
    let mut random = Random(seed.wrapping_add(case.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
    let dir = tempfile::tempdir().unwrap();
    filled_in(dir.path(), 2 + random.below(8), &[1, 3 + random.below(4)], true);
    let is_archived = random.below(2) == 0;
    if is_archived {
        let journal = open(dir.path()).unwrap();
        archive::archive_and_trim(&journal, Lsn(random.below(journal.end().0)));
        Box::new(journal).close().unwrap();
    }
    let close = random.below(2) == 0;
    let older = tempfile::tempdir().unwrap();
    files::copy_dir_anew(&dir.path().join("log"), &older.path().join("log")).unwrap();
    let end = filled_in(dir.path(), 10 + random.below(60), &[random.below(60)], close);
    // As if the power had gone before any of it was settled.
    let is_behind = !close && random.below(2) == 0;
    if is_behind {
        files::copy_dir_anew(&older.path().join("log"), &dir.path().join("log")).unwrap();
    }
    // Of a log that was closed the end is known; otherwise the last group may look torn.
    let surely = if close { end } else { Lsn(end.0 - 20) };
    let harm = Harm::random(&mut random, dir.path());
    harm.apply();
    let deletes_marker = matches!(&harm, Harm::Delete { file } if file.ends_with("clean"));
    let verdict = judge(dir.path(), end, if deletes_marker { Lsn(end.0 - 20) } else { surely });
    let what = format!("closed {close} archived {is_archived} behind {is_behind}");
    println!("case {case}: {harm:?} {what} -> {verdict:?}");
    verdict.map_err(|why| format!("{why}; seed {seed} case {case}: {harm:?}, {what}"))
}

#[test]
fn damage_is_harmless_or_named_and_never_silent() {
    let seed = std::env::var("KIRANA_SEED").map_or(1, |seed| seed.parse().unwrap());
    println!("KIRANA_SEED={seed}");
    let wrong: Vec<_> = (0..CASES).filter_map(|case| run(seed, case).err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
