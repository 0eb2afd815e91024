//! An archive that version 1 wrote is still read. Its files are never changed or removed.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use kirana_storage::{
    Archive, ArchiveFile, ArchiveWriter, Batch, ChainMark, Indexer, Journal, Label, LogId, Lsn,
    MemoryDisk, MemoryJournal, StoredFrame,
};

const LOG: LogId = LogId(*b"golden log no. 1");

/// Records say their number; ten have a label, and their time is their number in seconds.
struct ByNumber;

impl Indexer for ByNumber {
    fn index(&self, record: &[u8], labels: &mut Vec<Label>) -> Option<i64> {
        let number = u64::from_le_bytes(*record.first_chunk()?);
        labels.push(label(number / 10));
        i64::try_from(number * 1_000).ok()
    }
}

fn label(number: u64) -> Label {
    Label(u128::from(number).to_be_bytes())
}

fn package_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// 400 records of up to 1,990 bytes, in frames of four.
fn frames() -> Vec<StoredFrame> {
    let mut journal = MemoryJournal::open(&MemoryDisk::with_log_id(LOG)).unwrap();
    for first in (1..=400_u64).step_by(4) {
        let mut batch = Batch::new(Lsn(first));
        for number in first..first + 4 {
            let text = b"kirana ".repeat(usize::try_from(number * 37 % 283).unwrap());
            batch.try_push(&[&number.to_le_bytes()[..], &text].concat()).unwrap();
        }
        journal.append(&[batch]).unwrap();
    }
    journal.reader().frames(Lsn::FIRST).map(Result::unwrap).collect()
}

fn write(dir: &Path, after: ChainMark, frames: &[StoredFrame]) -> ArchiveFile {
    let mut writer = ArchiveWriter::create(dir, after).unwrap();
    frames.iter().for_each(|frame| writer.push(frame, &ByNumber).unwrap());
    writer.set_note(b"a note".to_vec());
    writer.seal().unwrap()
}

fn check(dir: &Path) {
    let (archive, frames) = (Archive::open(dir, LOG).unwrap(), frames());
    assert_eq!(archive.files().len(), 2);
    for file in archive.files() {
        file.verify().unwrap();
        assert_eq!(file.note().unwrap(), b"a note");
    }
    assert!(archive.frames(Lsn::FIRST).map(Result::unwrap).eq(frames.iter().cloned()));
    assert_eq!(archive.end(), frames[99].mark());
    let found: Vec<_> = archive.frames_with(label(31), Lsn::FIRST, &ByNumber).collect();
    assert_eq!(found.len(), 3, "310 to 319 are in three frames");
    assert_eq!(archive.lsn_at(123_456, &ByNumber).unwrap(), Lsn(123));
    assert_eq!(archive.files()[1].info().times_ms, Some((321_000, 400_000)));
}

#[test]
fn the_golden_archive_of_version_1_is_still_read() {
    let dir = package_file("golden/archive-v1");
    check(&dir);
    // Its labels may leave some out, so every block may hold any.
    for file in Archive::open(&dir, LOG).unwrap().files() {
        assert!(!file.blocks_with(label(999)).unwrap().is_empty());
    }
}

#[test]
fn what_is_written_today_is_read_the_same() {
    let (dir, frames) = (tempfile::tempdir().unwrap(), frames());
    write(dir.path(), ChainMark::genesis(LOG), &frames[..80]);
    write(dir.path(), frames[79].mark(), &frames[80..]);
    check(dir.path());
    for file in Archive::open(dir.path(), LOG).unwrap().files() {
        assert_eq!(file.blocks_with(label(999)).unwrap(), []);
    }
}

#[test]
fn the_drawings_in_format_md_are_of_these_sources() {
    let format = fs::read_to_string(package_file("FORMAT.md")).unwrap();
    for source in ["archive/layout.rs", "archive/labels.rs"] {
        let hash = blake3::hash(&fs::read(package_file("src").join(source)).unwrap());
        let line = format!("{source}: blake3 {hash}");
        assert!(format.contains(&line), "revisit FORMAT.md, then put this line into it:\n{line}");
    }
}
