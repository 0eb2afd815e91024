//! Whatever happens to a file is named, with the records that it touches; the rest is still read.

use super::*;

fn damage_of<T: fmt::Debug>(result: Result<T, JournalError>) -> Damage {
    match result {
        Err(JournalError::Damaged(damage)) => damage,
        other => panic!("not damage: {other:?}"),
    }
}

/// One file with one block, for what is tried bit by bit.
fn small(dir: &Path) -> (PathBuf, Vec<u8>, Vec<StoredFrame>) {
    let frames = frames_after(&mut Chain::genesis(LOG), 2);
    let file = archived(dir, ChainMark::genesis(LOG), &frames);
    let bytes = fs::read(file.path()).unwrap();
    (file.path().to_owned(), bytes, frames)
}

/// Everything that can be asked of an archive. Answers what was found wrong.
fn ask_all(dir: &Path, frames: &[StoredFrame]) -> Result<(), JournalError> {
    let archive = Archive::open(dir, LOG)?;
    for (read, frame) in archive.frames(Lsn::FIRST).zip(frames) {
        assert_eq!(read?, *frame, "no wrong answer");
    }
    for frame in frames {
        assert_eq!(archive.frame_at(frame.last_lsn())?.as_ref(), Some(frame), "no wrong answer");
    }
    for number in 0..5 {
        for frame in archive.frames_with(order(number), Lsn::FIRST, &ByPosition) {
            assert!(frames.contains(&frame?));
        }
    }
    archive.lsn_at(2_000, &ByPosition)?;
    archive.files().iter().try_for_each(ArchiveFile::verify)
}

#[test]
fn every_flipped_bit_is_found_and_is_never_a_wrong_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mut bytes, frames) = small(dir.path());
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        let damage = damage_of(ask_all(dir.path(), &frames));
        assert_eq!(damage.kind, DamageKind::Archive, "bit {bit}: {damage}");
        assert!(damage.detail.contains("00001-"), "bit {bit}: it names the file: {damage}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    fs::write(&path, &bytes).unwrap();
    ask_all(dir.path(), &frames).unwrap();
}

#[test]
fn every_cut_and_anything_appended_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes, frames) = small(dir.path());
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let damage = damage_of(Archive::open(dir.path(), LOG));
        assert_eq!((damage.lsn, damage.through), (Lsn(1), Some(frames[1].last_lsn())));
    }
    fs::write(&path, [&bytes[..], &[0]].concat()).unwrap();
    damage_of(Archive::open(dir.path(), LOG));
}

#[test]
fn a_file_that_is_gone_is_named_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let (paths, frames) = three_files(dir.path());
    let archive = Archive::open(dir.path(), LOG).unwrap();
    let gone = archive.files()[1].info();
    fs::remove_file(&paths[1]).unwrap();
    // An archive that is open finds out when it reads.
    assert_eq!(archive.frames(Lsn::FIRST).take(700).flatten().count(), 700);
    let damage = damage_of(archive.frames(Lsn::FIRST).nth(700).unwrap());
    assert_eq!((damage.lsn, damage.through), (gone.first, Some(gone.last)));

    let damage = damage_of(Archive::open(dir.path(), LOG));
    assert_eq!((damage.lsn, damage.through), (gone.first, Some(gone.last)));
    let archive = Archive::scan(dir.path(), LOG).unwrap();
    assert_eq!(archive.problems(), std::slice::from_ref(&damage));
    assert_eq!(archive.end(), frames.last().unwrap().mark());
    assert_eq!(archive.frames(gone.last.next()).count(), 900);
    assert!(archive.frames(gone.last.next()).all(|frame| frame.is_ok()));
    let read: Vec<_> = archive.frames(Lsn::FIRST).collect();
    assert_eq!(read.len(), 701, "it ends with the damage");
    let named = damage_of(read[700].clone());
    assert_eq!((named.kind, named.lsn, named.through), (damage.kind, gone.first, damage.through));
    assert_eq!(damage_of(archive.frame_at(gone.last)).lsn, gone.last);
    assert!(archive.covers(Lsn::FIRST, gone.first.previous()).is_ok());
    assert!(archive.covers(Lsn::FIRST, gone.first).is_err());
    assert!(archive.covers(gone.last.next(), archive.end().lsn).is_ok());
}

#[test]
fn every_problem_is_answered_and_not_only_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let (paths, frames) = three_files(dir.path());
    fs::remove_file(&paths[0]).unwrap();
    fs::write(&paths[2], "no archive").unwrap();
    fs::write(dir.path().join("log-x.karc"), "?").unwrap();
    fs::write(dir.path().join("notes.txt"), "not ours").unwrap();
    let archive = Archive::scan(dir.path(), LOG).unwrap();
    let lsns: Vec<_> = archive.problems().iter().map(|it| (it.lsn.0, it.through)).collect();
    let last = frames.last().unwrap().last_lsn();
    let (one, three) = (frames[699].last_lsn(), frames[1_800].first_lsn());
    assert_eq!(lsns, [(1, None), (1, Some(one)), (three.0, Some(last))]);
    assert_eq!(archive.end().lsn, three.previous());
    assert_eq!(damage_of(archive.frame_at(last)).kind, DamageKind::Archive, "it is known to exist");
    assert_eq!(archive.frame_at(last.next()), Ok(None));
}

#[test]
fn a_damaged_block_costs_its_own_records_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let (paths, frames) = three_files(dir.path());
    let archive = Archive::open(dir.path(), LOG).unwrap();
    let file = archive.files()[1].clone();
    let index = file.index().unwrap();
    let mut bytes = fs::read(&paths[1]).unwrap();
    let at = usize::try_from(index.range(1).start).unwrap() + 100;
    bytes[at] ^= 1;
    fs::write(&paths[1], bytes).unwrap();

    let (first, next) = (index.frames[1].first_lsn, index.frames[2].first_lsn);
    let damage = damage_of(archive.frame_at(first));
    assert_eq!((damage.lsn, damage.through), (first, Some(next.previous())));
    assert!(damage.detail.contains("block 1: it has a wrong checksum"), "{damage}");
    assert_eq!(damage_of(file.verify()), damage);
    for frame in frames.iter().filter(|it| it.last_lsn() < first || it.first_lsn() >= next) {
        assert_eq!(archive.frame_at(frame.first_lsn()).unwrap().as_ref(), Some(frame));
    }
}

#[test]
fn files_of_another_log_or_another_history_are_no_part_of_it() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (paths, _) = three_files(ours.path());
    let other_log = LogId([4; 16]);
    assert_eq!(Archive::scan(ours.path(), other_log).unwrap().problems().len(), 3);

    // The same records, but the chain before them is another.
    let mut chain = Chain::genesis(LOG);
    let first = chain.end().next();
    chain.encode_next(Epoch(7), &batch(first, 1));
    let before = chain.mark();
    let foreign = frames_after(&mut chain, 20);
    let file = archived(theirs.path(), before, &foreign);
    fs::copy(file.path(), ours.path().join(file.path().file_name().unwrap())).unwrap();
    let archive = Archive::scan(ours.path(), LOG).unwrap();
    assert_eq!(archive.files().len(), 3);
    assert!(archive.problems()[0].detail.contains("another history"));
    fs::remove_file(&paths[0]).unwrap();
    let archive = Archive::scan(ours.path(), LOG).unwrap();
    let details: Vec<_> = archive.problems().iter().map(|it| it.detail.clone()).collect();
    assert!(details.iter().any(|it| it.contains("missing before")), "{details:?}");
}

#[test]
fn an_archive_of_a_later_release_is_refused_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mut bytes, _) = small(dir.path());
    bytes[4] = 9;
    fs::write(&path, &bytes).unwrap();
    // The version is sealed, too, so this is damage.
    damage_of(Archive::open(dir.path(), LOG));
    let (before, footer) = (&bytes[..layout::HEADER_BYTES], bytes.len() - layout::FOOTER_BYTES);
    let sealed = bytes.len() - 4 - 32;
    let seal = blake3::Hasher::new().update(before).update(&bytes[footer..sealed]).finalize();
    bytes[sealed..sealed + 32].copy_from_slice(seal.as_bytes());
    fs::write(&path, &bytes).unwrap();
    let refused = Archive::scan(dir.path(), LOG).unwrap_err();
    assert_eq!(refused, JournalError::NewerFormat { found: 9, known: 2 });
}

#[test]
fn files_that_overlap_are_read_as_one_log_if_they_are_of_one_chain() {
    let dir = tempfile::tempdir().unwrap();
    let (paths, frames) = three_files(dir.path());
    let again = |from: usize, to: usize| {
        let before = match from {
            0 => ChainMark::genesis(LOG),
            from => frames[from - 1].mark(),
        };
        archived(dir.path(), before, &frames[from..to])
    };
    let check = |what: &str| {
        ask_all(dir.path(), &frames).unwrap_or_else(|error| panic!("{what}: {error}"));
        let archive = Archive::open(dir.path(), LOG).unwrap();
        assert!(
            archive.frames(Lsn::FIRST).map(Result::unwrap).eq(frames.iter().cloned()),
            "{what}"
        );
        let found = |label| archive.frames_with(label, Lsn::FIRST, &ByPosition);
        let lsns: Vec<_> = found(order(3)).map(|frame| frame.unwrap().first_lsn()).collect();
        assert!(lsns.is_sorted_by(|one, next| one < next), "{what}: each frame once");
        archive.files().len()
    };
    assert_eq!(check("three that follow each other"), 3);
    // From a backup, whose files end elsewhere.
    let copied = again(0, 900);
    assert_eq!(check("one that reaches into the second"), 3);
    fs::remove_file(&paths[0]).unwrap();
    assert_eq!(check("it stands in for the first"), 3);
    again(100, 300);
    assert_eq!(check("one that others have whole"), 3);
    let whole = again(0, frames.len());
    assert_eq!(check("the longest is used"), 1);
    fs::remove_file(whole.path()).unwrap();
    fs::remove_file(copied.path()).unwrap();
    let archive = Archive::scan(dir.path(), LOG).unwrap();
    assert_eq!(archive.problems().len(), 2, "{:?}", archive.problems());
}

#[test]
fn a_file_that_is_gone_or_damaged_is_made_anew_from_a_backup_with_other_files() {
    let backup_dir = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (paths, frames) = three_files(dir.path());
    let mut before = ChainMark::genesis(LOG);
    for piece in frames.chunks(1_000) {
        before = archived(backup_dir.path(), before, piece).after();
    }
    let backup = Archive::open(backup_dir.path(), LOG).unwrap();
    // That the last one is gone only the log knows, which goes on after it.
    for path in &paths[..2] {
        for spoil in [|path: &Path| fs::remove_file(path).unwrap(), cut, flip] {
            let live = Archive::open(dir.path(), LOG).unwrap();
            live.frames(Lsn::FIRST).for_each(|frame| drop(frame.unwrap()));
            spoil(path);
            let scanned = Archive::scan(dir.path(), LOG).unwrap();
            // Of those of the live archive, some blocks are still in memory.
            let met = damage_of(scanned.frames(Lsn::FIRST).find(Result::is_err).unwrap());
            let at_start = scanned.problems().into_iter().next().unwrap_or_else(|| met.clone());
            for (archive, met) in [(live, met), (scanned, at_start)] {
                let healed = archive.heal(&met, &backup, &ByPosition).unwrap();
                assert!(healed.is_none_or(|file| file.path() == path));
                assert!(archive.frames(Lsn::FIRST).map(Result::unwrap).eq(frames.iter().cloned()));
                assert_eq!(archive.problems(), []);
            }
            ask_all(dir.path(), &frames).unwrap();
        }
    }
}

#[test]
fn a_backup_of_another_history_or_with_too_little_heals_nothing() {
    let (dir, shorter, other) = (tempdir(), tempdir(), tempdir());
    let (paths, frames) = three_files(dir.path());
    archived(shorter.path(), ChainMark::genesis(LOG), &frames[..1_000]);
    let mut chain = Chain::genesis(LOG);
    frames_after(&mut chain, 1);
    let mut others = frames_after(&mut Chain::genesis(LOG), 1);
    let next = chain.encode_next(Epoch(7), &batch(chain.end().next(), 3));
    others.push(StoredFrame::check(next).unwrap());
    others.extend(frames_after(&mut chain, 2_000));
    archived(other.path(), ChainMark::genesis(LOG), &others);
    fs::remove_file(&paths[1]).unwrap();
    for backup in [shorter.path(), other.path()] {
        let archive = Archive::scan(dir.path(), LOG).unwrap();
        let backup = Archive::open(backup, LOG).unwrap();
        let damage = archive.problems().remove(0);
        let refused = damage_of(archive.heal(&damage, &backup, &ByPosition));
        assert!(refused.detail.contains("cannot help"), "{refused}");
        assert_eq!(archive.problems(), [damage]);
        assert!(!paths[1].exists());
    }
}

fn tempdir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}
