use std::io::Write;

use tempfile::TempDir;

use super::*;
use crate::Epoch;

const LOG: LogId = LogId([7; 16]);

fn read_all(file: &CheckpointFile) -> Result<Vec<u8>, JournalError> {
    let mut state = Vec::new();
    file.read(&mut |block| state.extend_from_slice(block))?;
    Ok(state)
}

fn mark(lsn: u64) -> ChainMark {
    let (epoch, batch_number) = (Epoch(3), lsn / 2);
    ChainMark { log_id: LOG, epoch, batch_number, lsn: Lsn(lsn), hash: [5; 32] }
}

fn write(dir: &Path, lsn: u64, state: &[u8]) -> CheckpointFile {
    let mut writer = CheckpointWriter::create(dir, mark(lsn), -9, 4).unwrap();
    writer.write_all(state).unwrap();
    writer.flush().unwrap();
    writer.seal([8; 32]).unwrap()
}

/// Bytes that hardly shrink.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    noise
}

fn sample(state: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), 70, state).path().to_owned();
    (dir, path)
}

fn assert_is_named(error: &JournalError) {
    let JournalError::Damaged(damage) = error else { panic!("not damage: {error}") };
    assert_eq!((damage.kind, damage.lsn), (DamageKind::Checkpoint, Lsn(70)));
    assert!(damage.detail.contains("00000000000000000070.kcp: bytes "), "{damage}");
}

/// Whether damage is found, by name, wherever it is; a state that is read is the right one.
fn finds_damage(path: &Path, state: &[u8]) -> bool {
    match CheckpointFile::open(path, LOG).and_then(|file| read_all(&file)) {
        Ok(read) => {
            assert_eq!(read, state);
            false
        }
        Err(error) => {
            assert_is_named(&error);
            true
        }
    }
}

#[test]
fn a_state_of_any_length_is_read_as_it_was_written() {
    for bytes in [0, 1, 524_287, 524_288, 524_289, 3_000_000] {
        let dir = tempfile::tempdir().unwrap();
        let state = noise(bytes);
        let file = write(dir.path(), 70, &state);
        let head = CheckpointHead { mark: mark(70), at_ms: -9, digest: [8; 32], schema: 4 };
        assert_eq!(*file.head(), head);
        assert_eq!(file.raw_bytes(), bytes as u64);
        assert_eq!(file.file_bytes(), fs::metadata(file.path()).unwrap().len());
        assert!(read_all(&file).unwrap() == state);
        file.verify().unwrap();
    }
}

#[test]
fn a_checkpoint_of_the_empty_log_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = CheckpointWriter::create(dir.path(), ChainMark::genesis(LOG), 0, 1).unwrap();
    writer.write_all(b"nothing yet").unwrap();
    writer.seal([0; 32]).unwrap();
    let found = list(dir.path(), LOG).unwrap();
    assert!(matches!(&found[..], [ListedCheckpoint::Good(file)] if file.head().mark.lsn == Lsn(0)));
}

#[test]
fn the_newest_comes_first_and_damage_is_told() {
    let dir = tempfile::tempdir().unwrap();
    assert!(list(&dir.path().join("nowhere"), LOG).unwrap().is_empty());
    for lsn in [900, 70, 10_000_000_000] {
        write(dir.path(), lsn, b"state");
    }
    fs::write(dir.path().join(file_name(Lsn(900))), "bad").unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let found = list(dir.path(), LOG).unwrap();
    let [
        ListedCheckpoint::Good(newest),
        ListedCheckpoint::Damaged { lsn, why, .. },
        ListedCheckpoint::Good(oldest),
    ] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!((newest.head().mark, oldest.head().mark), (mark(10_000_000_000), mark(70)));
    assert_eq!((*lsn, why.to_string().contains("the file is cut")), (Lsn(900), true));
}

#[test]
fn leftovers_are_swept_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    sweep(&dir.path().join("nowhere")).unwrap();
    write(dir.path(), 70, b"state");
    let writer = CheckpointWriter::create(dir.path(), mark(80), 0, 1).unwrap();
    std::mem::forget(writer); // As if the process had been killed.
    assert_eq!(files::entries(dir.path()).unwrap().len(), 2);
    assert_eq!(list(dir.path(), LOG).unwrap().len(), 1);
    sweep(dir.path()).unwrap();
    assert_eq!(files::entries(dir.path()).unwrap(), [dir.path().join(file_name(Lsn(70)))]);
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = CheckpointWriter::create(dir.path(), mark(80), 0, 1).unwrap();
    writer.write_all(&noise(2_000_000)).unwrap();
    drop(writer);
    assert!(files::entries(dir.path()).unwrap().is_empty());
}

#[test]
fn a_checkpoint_can_be_read_while_it_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), 70, b"state");
    let reader = CheckpointFile::open(file.path(), LOG).unwrap();
    file.remove().unwrap();
    assert!(list(dir.path(), LOG).unwrap().is_empty());
    assert_eq!(read_all(&reader).unwrap(), b"state");
}

#[test]
fn a_checkpoint_of_another_log_or_under_another_name_is_refused() {
    let (dir, path) = sample(b"state");
    let message = CheckpointFile::open(&path, LogId([1; 16])).unwrap_err().to_string();
    assert!(message.contains("is of log 0707"), "{message}");
    let other = dir.path().join(file_name(Lsn(71)));
    fs::rename(&path, &other).unwrap();
    let message = CheckpointFile::open(&other, LOG).unwrap_err().to_string();
    assert!(message.contains("not the one that its name says"), "{message}");
}

#[test]
fn every_flipped_bit_is_found() {
    let state = noise(700);
    let (_dir, path) = sample(&state);
    let mut bytes = fs::read(&path).unwrap();
    assert!(!finds_damage(&path, &state));
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        assert!(finds_damage(&path, &state), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn every_cut_and_every_zeroed_stretch_is_found() {
    let state = noise(700);
    let (_dir, path) = sample(&state);
    let bytes = fs::read(&path).unwrap();
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len]).unwrap();
        assert!(finds_damage(&path, &state), "{len} bytes");
        fs::write(&path, [&bytes[..len], &vec![0; bytes.len() - len]].concat()).unwrap();
        assert!(finds_damage(&path, &state), "zeros from {len}");
    }
}

#[test]
fn damage_that_comes_after_the_opening_is_found() {
    let state = noise(1_200_000);
    let (_dir, path) = sample(&state);
    let file = CheckpointFile::open(&path, LOG).unwrap();
    let bytes = fs::read(&path).unwrap();
    for at in [20, 100, 600_000, bytes.len() - 100, bytes.len() - 20] {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        fs::write(&path, bad).unwrap();
        assert_is_named(&file.verify().unwrap_err());
    }
    fs::write(&path, &bytes[..600_000]).unwrap();
    assert_is_named(&file.verify().unwrap_err());
    fs::write(&path, &bytes).unwrap();
    file.verify().unwrap();
}

#[test]
fn a_later_version_asks_for_a_later_release() {
    let (_dir, path) = sample(b"state");
    let file = CheckpointFile::open(&path, LOG).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[4] = 2;
    let at = bytes.len() - layout::FOOTER_BYTES;
    let footer = file.footer.encode(bytes.first_chunk().unwrap());
    bytes[at..].copy_from_slice(&footer);
    fs::write(&path, &bytes).unwrap();
    let error = CheckpointFile::open(&path, LOG).unwrap_err();
    assert_eq!(error, JournalError::NewerFormat { found: 2, known: 1 });
}
