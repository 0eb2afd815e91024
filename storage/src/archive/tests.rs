use std::fs;
use std::path::PathBuf;

use super::*;
use crate::chain::Chain;
use crate::conformance::{batch, record};
use crate::{ChainMark, Epoch, Indexer, Label, LogId, StoredFrame};

mod damage;

const LOG: LogId = LogId([3; 16]);

/// Ten records have an order, a hundred a customer; two of three have a time: their position in
/// seconds.
pub(crate) struct ByPosition;

pub(crate) fn order(number: u64) -> Label {
    Label((u128::from(number) << 8 | 1).to_be_bytes())
}

pub(crate) fn customer(number: u64) -> Label {
    Label((u128::from(number) << 8 | 2).to_be_bytes())
}

impl Indexer for ByPosition {
    fn index(&self, record: &[u8], labels: &mut Vec<Label>) -> Option<i64> {
        let text = std::str::from_utf8(record).unwrap();
        let lsn: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
        labels.extend([order(lsn / 10), customer(lsn / 100)]);
        (!lsn.is_multiple_of(3)).then(|| i64::try_from(lsn).unwrap() * 1_000)
    }
}

/// The next `count` frames of a chain, with 1 to 9 records each.
pub(crate) fn frames_after(chain: &mut Chain, count: u64) -> Vec<StoredFrame> {
    let frame = |number: u64| {
        let first = chain.end().next();
        let epoch = Epoch(chain.epoch().0.max(1));
        let bytes = chain.encode_next(epoch, &batch(first, 1 + (first.0 + number) % 9));
        StoredFrame::check(bytes).unwrap()
    };
    (0..count).map(frame).collect()
}

pub(crate) fn archived(dir: &Path, after: ChainMark, frames: &[StoredFrame]) -> ArchiveFile {
    archived_by(&ByPosition, dir, after, frames)
}

fn archived_by(
    indexer: &dyn Indexer,
    dir: &Path,
    after: ChainMark,
    frames: &[StoredFrame],
) -> ArchiveFile {
    let mut writer = ArchiveWriter::create(dir, after).unwrap();
    for frame in frames {
        writer.push(frame, indexer).unwrap();
    }
    writer.set_note(b"peaks".to_vec());
    writer.seal().unwrap()
}

/// An archive of three files with several blocks each, and all its frames.
fn three_files(dir: &Path) -> (Vec<PathBuf>, Vec<StoredFrame>) {
    three_files_by(&ByPosition, dir)
}

fn three_files_by(indexer: &dyn Indexer, dir: &Path) -> (Vec<PathBuf>, Vec<StoredFrame>) {
    let mut chain = Chain::genesis(LOG);
    let (mut paths, mut frames) = (Vec::new(), Vec::new());
    for count in [700, 1_100, 900] {
        let before = chain.mark();
        let more = frames_after(&mut chain, count);
        paths.push(archived_by(indexer, dir, before, &more).path().to_owned());
        frames.extend(more);
    }
    (paths, frames)
}

#[test]
fn what_is_archived_is_read_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (paths, frames) = three_files(dir.path());
    let archive = Archive::open(dir.path(), LOG).unwrap();
    assert_eq!(archive.end(), frames.last().unwrap().mark());
    assert_eq!(archive.files().len(), paths.len());
    assert!(archive.frames(Lsn::FIRST).map(Result::unwrap).eq(frames.iter().cloned()));
    for file in archive.files() {
        assert!(file.frame_blocks_count() > 1, "there are several blocks");
        assert_eq!(file.note().unwrap(), b"peaks");
        file.verify().unwrap();
    }
}

#[test]
fn reading_starts_with_the_frame_that_holds_the_position() {
    let dir = tempfile::tempdir().unwrap();
    let (_, frames) = three_files(dir.path());
    let archive = Archive::open(dir.path(), LOG).unwrap();
    for (at, frame) in frames.iter().enumerate().step_by(37) {
        for lsn in [frame.first_lsn(), frame.last_lsn()] {
            assert_eq!(archive.frame_at(lsn).unwrap().as_ref(), Some(frame));
            let read = archive.frames(lsn).take(3).map(Result::unwrap);
            assert!(read.eq(frames[at..].iter().take(3).cloned()));
        }
        let batch = archive.batch_at(frame.first_lsn()).unwrap().unwrap();
        assert_eq!(batch.get(frame.first_lsn()), Some(record(frame.first_lsn()).as_bytes()));
    }
    let beyond = archive.end().lsn.next();
    assert_eq!(archive.frames(beyond).count(), 0);
    assert_eq!(archive.frames(Lsn(u64::MAX)).count(), 0);
    assert_eq!(archive.frame_at(beyond), Ok(None));
    assert_eq!(archive.frame_at(Lsn::ZERO), Ok(None));
}

#[test]
fn a_file_says_what_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let (paths, frames) = three_files(dir.path());
    let file = Archive::open(dir.path(), LOG).unwrap().files()[1].clone();
    let ours = &frames[700..1_800];
    let info = file.info();
    assert_eq!(file.path(), paths[1]);
    assert_eq!((info.first, info.last), (ours[0].first_lsn(), ours[1_099].last_lsn()));
    assert_eq!(info.records, info.last.records_since(info.before.lsn));
    assert_eq!((info.before, info.after), (frames[699].mark(), ours[1_099].mark()));
    assert_eq!(info.frames, 1_100);
    assert_eq!(info.raw_bytes, ours.iter().map(|it| it.bytes().len() as u64).sum::<u64>());
    assert_eq!(info.file_bytes, fs::metadata(file.path()).unwrap().len());
    assert!(info.file_bytes < info.raw_bytes / 2, "it is compressed");
    let (least, greatest) = info.times_ms.unwrap();
    let seconds = |lsn: Lsn| i64::try_from(lsn.0).unwrap() * 1_000;
    assert!((seconds(info.first)..=seconds(info.first) + 1_000).contains(&least));
    assert!((seconds(info.last) - 1_000..=seconds(info.last)).contains(&greatest));
}

#[test]
fn records_are_found_by_their_labels() {
    let dir = tempfile::tempdir().unwrap();
    let (_, frames) = three_files(dir.path());
    let archive = Archive::open(dir.path(), LOG).unwrap();
    let end = archive.end().lsn;
    let holding = |label: Label, from: Lsn| {
        archive.frames_with(label, from, &ByPosition).map(Result::unwrap).collect::<Vec<_>>()
    };
    for number in [0, 1, 77, 300, end.0 / 10] {
        let lsns = number * 10..number * 10 + 10;
        let holds = |frame: &&StoredFrame| frame.records().any(|(lsn, _)| lsns.contains(&lsn.0));
        let expected: Vec<_> = frames.iter().filter(holds).cloned().collect();
        assert_eq!(holding(order(number), Lsn::FIRST), expected);
        let from = expected.last().unwrap().last_lsn();
        assert_eq!(holding(order(number), from), expected[expected.len() - 1..]);
    }
    assert_eq!(holding(order(end.0), Lsn::FIRST), []);
    let blocks = archive.files()[1].blocks_with(customer(40)).unwrap();
    assert!(!blocks.is_empty() && blocks.len() < 3, "{blocks:?}");
}

#[test]
fn a_time_leads_to_the_last_record_that_is_not_later() {
    let dir = tempfile::tempdir().unwrap();
    let (_, frames) = three_files(dir.path());
    let archive = Archive::open(dir.path(), LOG).unwrap();
    let at = |seconds: i64| archive.lsn_at(seconds * 1_000, &ByPosition).unwrap();
    assert_eq!(at(-5), Lsn::ZERO);
    assert_eq!(at(0), Lsn::ZERO);
    // Every third record has no time and counts as one at the time of the record before it.
    assert_eq!((at(1), at(2), at(3), at(4)), (Lsn(1), Lsn(3), Lsn(3), Lsn(4)));
    let end = archive.end().lsn;
    assert_eq!(at(i64::try_from(end.0).unwrap()), end);
    assert_eq!(at(1 << 40), end);
    for frame in frames.iter().step_by(113) {
        let lsn = frame.last_lsn();
        let expected = if lsn.0 % 3 == 2 { lsn.next() } else { lsn };
        assert_eq!(at(i64::try_from(lsn.0).unwrap()), expected.min(end));
    }
}

/// The times of a clock that is an hour ahead now and then, and once far behind.
struct WrongClock;

impl Indexer for WrongClock {
    fn index(&self, record: &[u8], labels: &mut Vec<Label>) -> Option<i64> {
        let right = ByPosition.index(record, labels)?;
        Some(match right / 1_000 {
            10..40 | 4_000..4_700 | 9_000..9_002 => right + 3_600_000,
            7_000..7_900 => right - 6_500_000,
            _ => right,
        })
    }
}

#[test]
fn a_time_leads_to_the_last_record_that_is_not_later_although_times_fall_and_jump() {
    let dir = tempfile::tempdir().unwrap();
    let (_, frames) = three_files_by(&WrongClock, dir.path());
    let archive = Archive::open(dir.path(), LOG).unwrap();
    let mut times = Vec::new();
    for (lsn, record) in frames.iter().flat_map(StoredFrame::records) {
        let before = times.last().map_or(i64::MAX, |(_, at_ms)| *at_ms);
        times.push((lsn, WrongClock.index(record, &mut Vec::new()).unwrap_or(before)));
    }
    let last = i64::try_from(archive.end().lsn.0).unwrap() * 1_000;
    for time_ms in (-1..last + 4_000_000).step_by(77_777) {
        let expected = times.iter().rev().find(|(_, at_ms)| *at_ms <= time_ms);
        let expected = expected.map_or(Lsn::ZERO, |(lsn, _)| *lsn);
        assert_eq!(archive.lsn_at(time_ms, &WrongClock).unwrap(), expected, "{time_ms}");
    }
}

#[test]
fn labels_that_share_many_blocks_are_all_found() {
    struct Everything;
    impl Indexer for Everything {
        fn index(&self, record: &[u8], labels: &mut Vec<Label>) -> Option<i64> {
            ByPosition.index(record, labels);
            for number in 0..800 {
                labels.push(order(1 << 40 | number));
            }
            None
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::genesis(LOG);
    let mut writer = ArchiveWriter::create(dir.path(), chain.mark()).unwrap();
    for frame in frames_after(&mut chain, 2_000) {
        writer.push(&frame, &Everything).unwrap();
    }
    let file = writer.seal().unwrap();
    file.verify().unwrap();
    assert_eq!(file.info().times_ms, None);
    let all: Vec<_> = (0..file.frame_blocks_count()).collect();
    assert!(all.len() > 4);
    for number in 0..800 {
        assert_eq!(file.blocks_with(order(1 << 40 | number)).unwrap(), all, "{number}");
    }
}

#[test]
fn a_frame_that_does_not_follow_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let frames = frames_after(&mut Chain::genesis(LOG), 3);
    let mut writer = ArchiveWriter::create(dir.path(), ChainMark::genesis(LOG)).unwrap();
    assert!(matches!(writer.push(&frames[1], &ByPosition), Err(JournalError::Damaged(_))));
    writer.push(&frames[0], &ByPosition).unwrap();
    assert!(matches!(writer.push(&frames[2], &ByPosition), Err(JournalError::Damaged(_))));
    writer.push(&frames[1], &ByPosition).unwrap();
    assert_eq!(writer.mark(), frames[1].mark());
    writer.seal().unwrap().verify().unwrap();
}

#[test]
fn a_file_is_added_where_the_archive_ends_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::open(&dir.path().join("archive"), LOG).unwrap();
    let mut chain = Chain::genesis(LOG);
    let (one, two) = (frames_after(&mut chain, 20), frames_after(&mut chain, 20));
    let first = archived(archive.dir(), archive.end(), &one);
    let second = archived(archive.dir(), one[19].mark(), &two);
    let refused = archive.add(second.clone()).unwrap_err();
    let (expected, actual) = (Lsn(1), two[0].first_lsn());
    assert_eq!(refused, JournalError::OutOfSequence { expected, actual });
    let mut cursor = Cursor::new(&archive, Lsn::FIRST);
    assert_eq!(cursor.next_frame(), Ok(None));
    archive.add(first).unwrap();
    assert_eq!(cursor.next_frame(), Ok(Some(one[0].clone())), "a reader sees what is added");
    archive.add(second).unwrap();
    assert!(archive.frames(Lsn::FIRST).map(Result::unwrap).eq(one.into_iter().chain(two)));
}

#[test]
fn an_attempt_that_was_cut_off_is_no_part_of_it_and_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let (_, frames) = three_files(dir.path());
    let writer = ArchiveWriter::create(dir.path(), frames.last().unwrap().mark()).unwrap();
    std::mem::forget(writer);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
    assert_eq!(Archive::open(dir.path(), LOG).unwrap().files().len(), 3);
    Archive::sweep(dir.path()).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    Archive::sweep(&dir.path().join("none")).unwrap();
}
