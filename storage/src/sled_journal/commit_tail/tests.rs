use super::*;
use crate::chain::Chain;
use crate::conformance::batch;
use crate::{Batch, Epoch};

const LOG: LogId = LogId([3; 16]);

#[test]
fn the_drawing_in_format_md_is_of_this_source() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let format = fs::read_to_string(package.join("FORMAT.md")).unwrap();
    let source = "sled_journal/commit_tail/layout.rs";
    let hash = blake3::hash(&fs::read(package.join("src").join(source)).unwrap());
    let line = format!("{source}: blake3 {hash}");
    assert!(format.contains(&line), "revisit FORMAT.md, then put this line into it:\n{line}");
}

/// A log whose groups go to a tail.
struct Log {
    _dir: tempfile::TempDir,
    path: PathBuf,
    chain: Chain,
    epoch: Epoch,
    tail: CommitTail,
}

impl Log {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tail");
        CommitTail::create(&path, &Mark::genesis(LOG)).unwrap();
        let (chain, epoch) = (Chain::genesis(LOG), Epoch(1));
        let content = TailContent::read(&path).unwrap();
        let tail = CommitTail::open(&path, &content, &mark(&chain, epoch)).unwrap();
        Self { _dir: dir, path, chain, epoch, tail }
    }

    /// Writes a group with these batches. Returns what had to be settled first.
    fn write(&mut self, batches: &[Batch]) -> Option<Lsn> {
        let (after, mut settled) = (self.chain.end(), None);
        let encode = |batch: &Batch| (batch.first_lsn(), self.chain.encode_next(self.epoch, batch));
        let frames: Vec<_> = batches.iter().map(encode).collect();
        let mark = mark(&self.chain, self.epoch);
        let settle = |end| {
            settled = Some(end);
            Ok(())
        };
        self.tail.write(&mark, after, &frames, settle).unwrap();
        settled
    }

    /// Writes a group of one batch with so many records of 1,000 bytes.
    fn grow(&mut self, records: usize) -> Option<Lsn> {
        let mut batch = Batch::new(self.chain.end().next());
        (0..records).for_each(|_| assert!(batch.try_push(&[7; 1_000]).is_ok()));
        self.write(&[batch])
    }

    fn content(&self) -> TailContent {
        TailContent::read(&self.path).unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut [u8])) {
        let mut bytes = fs::read(&self.path).unwrap();
        change(&mut bytes);
        fs::write(&self.path, bytes).unwrap();
    }
}

fn mark(chain: &Chain, epoch: Epoch) -> Mark {
    Mark { log_id: LOG, epoch, end: chain.end(), hash: chain.hash() }
}

fn damage(path: &Path) -> String {
    match TailContent::read(path) {
        Err(JournalError::Damaged(damage)) if damage.kind == DamageKind::HighWater => damage.detail,
        other => panic!("not damage: {other:?}"),
    }
}

#[test]
fn the_newest_group_is_the_mark_and_all_frames_are_there_in_order() {
    let mut log = Log::new();
    assert_eq!(log.content().newest, mark(&log.chain, Epoch(1)), "the claim of the opening");
    for records in [1, 2, 3, 4, 5, 40, 87] {
        let first = log.chain.end().next();
        log.write(&[batch(first, records), batch(first.plus(records), 3)]);
        assert_eq!(log.content().newest, mark(&log.chain, Epoch(1)));
    }
    let content = log.content();
    let mut chain = Chain::genesis(LOG);
    for frame in &content.frames {
        chain.follow(frame.header(), frame.hash()).unwrap();
    }
    assert_eq!((content.frames.len(), chain), (14, log.chain));
    assert!(content.broken.is_empty());
}

#[test]
fn groups_of_any_length_are_read_back_from_the_pages_that_they_take() {
    for bytes in (3_500..4_200).step_by(3).chain(7_700..8_200).chain([60_000, 65_536]) {
        let mut batch = Batch::new(Lsn(1));
        batch.try_push(&vec![b'K'; bytes]).unwrap();
        let mut chain = Chain::genesis(LOG);
        let frame = chain.encode_next(Epoch(1), &batch);
        let mut pages = Vec::new();
        let mark = mark(&chain, Epoch(1));
        layout::encode(&mut pages, &mark, Lsn(0), std::iter::once(&frame[..]));
        assert_eq!(pages.len(), pages_bytes(frame.len()), "{bytes}");
        let [group] = &layout::scan(&pages)[..] else { panic!("{bytes}") };
        assert!(group.is_whole && group.frames[0].bytes() == frame, "{bytes}");
        assert_eq!((group.mark, group.after, group.bytes.end), (mark, Lsn(0), pages.len()));
    }
}

#[test]
fn a_group_with_any_bit_flipped_is_not_whole() {
    let mut chain = Chain::genesis(LOG);
    let frame = chain.encode_next(Epoch(1), &batch(Lsn(1), 30));
    let mut pages = Vec::new();
    layout::encode(&mut pages, &mark(&chain, Epoch(1)), Lsn(0), std::iter::once(&frame[..]));
    let used = pages.iter().rposition(|byte| *byte != 0).unwrap();
    for at in 0..=used {
        pages[at] ^= 1 << (at % 8);
        assert!(layout::scan(&pages).iter().all(|group| !group.is_whole), "byte {at}");
        pages[at] ^= 1 << (at % 8);
    }
    assert!(layout::scan(&pages)[0].is_whole);
}

#[test]
fn a_record_that_looks_like_a_group_is_not_taken_for_one() {
    let forged = {
        let mark = Mark { log_id: LOG, epoch: Epoch(9), end: Lsn(999), hash: [1; 32] };
        let mut pages = Vec::new();
        layout::encode(&mut pages, &mark, mark.end, std::iter::empty());
        pages.truncate(200);
        pages
    };
    let mut log = Log::new();
    let mut record = vec![0; 65_000];
    for at in (0..=record.len() - 200).step_by(4_092) {
        record[at..at + 200].copy_from_slice(&forged);
    }
    // Wherever a page of the group may start, there is once what looks like a group.
    for padding in 210..240 {
        let mut batch = Batch::new(log.chain.end().next());
        batch.try_push(&record[padding..]).unwrap();
        log.write(&[batch]);
    }
    let content = log.content();
    assert_eq!((content.newest.end, content.broken.len()), (log.chain.end(), 0));
}

#[test]
fn a_half_is_written_over_only_when_all_in_it_is_settled_and_the_other_keeps_the_newest() {
    let mut log = Log::new();
    let (mut ends, mut turns) = (vec![Lsn(0)], 0);
    for _ in 0..700 {
        let before = log.chain.end();
        if let Some(settled) = log.grow(80) {
            turns += 1;
            // What the half holds that is now written over: all up to the turn before this one.
            assert_eq!(settled, ends[turns - 1]);
            ends.push(before);
            log.change(|bytes| bytes[log.tail.half * HALF_BYTES] ^= 1);
            assert_eq!(log.content().newest.end, before, "the torn group was never acknowledged");
            log.change(|bytes| bytes[log.tail.half * HALF_BYTES] ^= 1);
        }
    }
    assert!(turns > 5);
    let content = log.content();
    assert_eq!(content.newest, mark(&log.chain, Epoch(1)));
    let kept = content.frames.iter().filter(|frame| frame.first_lsn() > ends[turns - 1]);
    assert_eq!(
        kept.map(|frame| u64::from(frame.header().count)).sum::<u64>() + ends[turns - 1].0,
        log.chain.end().0
    );
}

#[test]
fn an_opening_claims_its_epoch_in_the_half_without_the_newest_group() {
    let mut log = Log::new();
    for epoch in 2..6 {
        log.grow(3);
        let (content, end) = (log.content(), log.chain.end());
        log.epoch = Epoch(epoch);
        log.tail = CommitTail::open(&log.path, &content, &mark(&log.chain, log.epoch)).unwrap();
        assert_ne!(log.tail.half, content.half);
        assert_eq!((log.content().newest.epoch, log.content().newest.end), (Epoch(epoch), end));
    }
}

#[test]
fn a_torn_group_is_no_damage_and_one_before_others_has_a_name() {
    let mut log = Log::new();
    let start = HALF_BYTES + PAGE_BYTES;
    log.grow(1);
    log.grow(20);
    log.grow(1);
    // The group in the middle, on its last page.
    log.change(|bytes| bytes[start + PAGE_BYTES * 6 - 900] ^= 1);
    let content = log.content();
    assert_eq!((content.newest.end, content.damage_at(Lsn(22))), (Lsn(22), None));
    let range = format!("bytes {}..{} of tail", start + PAGE_BYTES, start + PAGE_BYTES * 6);
    assert!(content.damage_at(Lsn(2)).unwrap().starts_with(&range), "{content:?}");
    assert_eq!(content.frames.len(), 2);
}

#[test]
fn a_tail_that_is_missing_cut_empty_or_of_another_log_is_damage() {
    let log = Log::new();
    assert!(log.content().of(LOG).is_ok());
    assert!(log.content().of(LogId([4; 16])).is_err());
    log.change(|bytes| {
        let mut pages = Vec::new();
        let mark = Mark::genesis(LogId([4; 16]));
        layout::encode(&mut pages, &mark, mark.end, std::iter::empty());
        bytes[..PAGE_BYTES].copy_from_slice(&pages);
    });
    assert!(damage(&log.path).contains("another") || damage(&log.path).contains("of log"));
    log.change(|bytes| bytes.fill(0));
    assert!(damage(&log.path).contains("no whole group"));
    File::options().write(true).open(&log.path).unwrap().set_len(5_000).unwrap();
    assert!(damage(&log.path).contains("5000 bytes"));
    fs::remove_file(&log.path).unwrap();
    assert!(damage(&log.path).contains("missing"));
}
