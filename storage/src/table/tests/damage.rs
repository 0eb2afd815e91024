//! A table that is not what was written: right answers or a name for the damage, nothing else.

use super::*;
use crate::table::layout::{FOOTER_BYTES, HEADER_BYTES};

/// A table of four blocks, small enough that every byte of it can be damaged.
fn sample() -> (TempDir, Rows, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let rows: Rows = (0_u8..32).map(|key| (vec![key, 1, 2], vec![key; 2_000])).collect();
    let table = sealed(dir.path(), 10, 20, &rows);
    assert_eq!(table.0.index.blocks_count(), 4);
    let path = table.path().to_owned();
    (dir, rows, path)
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

fn assert_is_named(error: &JournalError) {
    let JournalError::Damaged(damage) = error else { panic!("not damage: {error}") };
    assert_eq!((damage.kind, damage.lsn), (DamageKind::History, Lsn(11)));
    assert_eq!(damage.through, Some(Lsn(20)));
    assert!(damage.detail.contains("-00000000000000000020.ktb: bytes "), "{damage}");
}

/// Every answer is right or damage; answers whether there was damage anywhere.
fn check_answers(path: &Path, rows: &Rows) -> bool {
    let table = match Table::open(path, LOG) {
        Ok(table) => table,
        Err(error) => {
            assert_is_named(&error);
            return true;
        }
    };
    let mut found_damage = false;
    for (key, value) in rows {
        match table.get(key) {
            Ok(found) => assert_eq!(found.as_ref(), Some(value)),
            Err(error) => {
                assert_is_named(&error);
                found_damage = true;
            }
        }
    }
    if let Ok(found) = table.iter_from(b"").and_then(collect) {
        assert_eq!(found, *rows);
    }
    assert_eq!(table.verify().is_err(), found_damage);
    found_damage
}

#[test]
fn every_flipped_bit_is_found() {
    let (_dir, rows, path) = sample();
    let mut bytes = fs::read(&path).unwrap();
    assert!(!check_answers(&path, &rows));
    for at in 0..bytes.len() {
        let bit = 1 << (at % 8);
        bytes[at] ^= bit;
        fs::write(&path, &bytes).unwrap();
        assert!(check_answers(&path, &rows), "byte {at}");
        bytes[at] ^= bit;
    }
}

#[test]
fn every_cut_and_every_zeroed_stretch_is_found() {
    let (_dir, rows, path) = sample();
    let bytes = fs::read(&path).unwrap();
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len]).unwrap();
        assert!(check_answers(&path, &rows), "{len} bytes");
        let zeroed = [&bytes[..len], &vec![0; bytes.len() - len]].concat();
        fs::write(&path, &zeroed).unwrap();
        assert!(check_answers(&path, &rows), "zeros from {len}");
    }
}

#[test]
fn a_table_that_is_cut_while_it_is_open_is_damage_and_not_a_panic() {
    let (_dir, rows, path) = sample();
    let table = Table::open(&path, LOG).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let errors: Vec<_> = rows.keys().filter_map(|key| table.get(key).err()).collect();
    assert_eq!(errors.len(), rows.len());
    errors.iter().for_each(assert_is_named);
    assert_is_named(&table.verify().unwrap_err());
}

#[test]
fn blocks_that_changed_places_are_found() {
    let (_dir, rows, path) = sample();
    let table = Table::open(&path, LOG).unwrap();
    let (first, second) = (table.0.index.block_range(1), table.0.index.block_range(2));
    assert_eq!(first.end - first.start, second.end - second.start, "they could change places");
    let bytes = fs::read(&path).unwrap();
    let part = |range: Range<u64>| &bytes[place(range.start)..place(range.end)];
    let len = bytes.len() as u64;
    let swapped =
        [part(0..first.start), part(second.clone()), part(first), part(second.end..len)].concat();
    fs::write(&path, swapped).unwrap();
    assert!(check_answers(&path, &rows));
}

#[test]
fn a_table_under_another_name_is_refused() {
    let (dir, _, path) = sample();
    let other = dir.path().join(file_name(Lsn(20), Lsn(30)));
    fs::rename(&path, &other).unwrap();
    let message = Table::open(&other, LOG).unwrap_err().to_string();
    assert!(message.contains("not the one that its name says"), "{message}");
}

#[test]
fn a_later_version_asks_for_a_later_release() {
    let (_dir, _, path) = sample();
    let (_, footer, _, len) = layout::read(&File::open(&path).unwrap(), &path, LOG).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[4] = 2;
    let signed_end = place(len) - 36;
    let index = place(footer.index_offset)..place(len) - FOOTER_BYTES;
    let signed = place(len) - FOOTER_BYTES..signed_end;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..HEADER_BYTES]).update(&bytes[index]).update(&bytes[signed]);
    bytes[signed_end..signed_end + 32].copy_from_slice(hasher.finalize().as_bytes());
    fs::write(&path, &bytes).unwrap();
    let error = Table::open(&path, LOG).unwrap_err();
    assert_eq!(error, JournalError::NewerFormat { found: 2, known: 1 });
}

proptest! {
    #[test]
    fn no_bytes_in_a_block_make_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut rows = rows::Rows::new(bytes.into());
        while rows.advance().is_ok_and(|is_row| is_row) {}
    }
}
