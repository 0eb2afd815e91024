use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::files;

mod crash;
mod damage;

const LOG: LogId = LogId([7; 16]);

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Writes and adds the table with these rows that goes on where the set ends.
fn add(set: &TableSet, dir: &Path, through: u64, rows: &Rows) {
    set.add(sealed(dir, set.through().0, through, rows));
}

fn sealed(dir: &Path, after: u64, through: u64, rows: &Rows) -> Table {
    let mut writer = TableWriter::create(dir, LOG, Lsn(after), Lsn(through)).unwrap();
    rows.iter().for_each(|(key, value)| writer.push(key, value).unwrap());
    assert_eq!(writer.rows(), rows.len() as u64);
    writer.seal().unwrap()
}

fn open(dir: &TempDir, through: u64) -> Result<TableSet, JournalError> {
    TableSet::open(dir.path(), LOG, Lsn(through), Access::Write)
}

fn empty_set() -> (TempDir, TableSet) {
    let dir = tempfile::tempdir().unwrap();
    let set = open(&dir, 0).unwrap();
    (dir, set)
}

/// `count` rows of about 150 bytes, some thirty blocks for 3,000 of them.
fn numbered(first: u64, count: u64) -> Rows {
    let value = |number: u64| {
        let mut value = number.to_le_bytes().repeat(4);
        blake3::Hasher::new().update(&value).finalize_xof().fill(&mut value[8..]);
        [value, vec![0xee; 100]].concat()
    };
    let key = |number: u64| format!("order {number:012}").into_bytes();
    (first..first + count).map(|number| (key(number), value(number))).collect()
}

fn collect(rows: TableIter) -> Result<Rows, JournalError> {
    rows.collect()
}

#[test]
fn what_was_written_is_found_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let rows = numbered(0, 3_000);
    let table = sealed(dir.path(), 0, 9, &rows);
    assert!(table.0.index.blocks_count() > 20, "{}", table.0.index.blocks_count());
    assert_eq!((table.after(), table.through(), table.rows()), (Lsn(0), Lsn(9), 3_000));
    for (key, value) in &rows {
        assert_eq!(table.get(key).unwrap().as_ref(), Some(value));
        assert_eq!(table.get(&[key, &b"x"[..]].concat()).unwrap(), None);
    }
    for other in [&b""[..], b"a", b"order ", b"order 999999999999", b"z"] {
        assert_eq!(table.get(other).unwrap(), None);
    }
    assert_eq!(collect(table.iter_from(b"").unwrap()).unwrap(), rows);
    table.verify().unwrap();
}

#[test]
fn an_index_of_a_long_table_is_small() {
    let dir = tempfile::tempdir().unwrap();
    let table = sealed(dir.path(), 0, 9, &numbered(0, 3_000));
    // A sixteen-thousandth of the raw bytes, about; 17 bytes for each block.
    assert!(table.0.footer.index_bytes < 24 * u64::from(table.0.footer.blocks));
    assert!(table.0.footer.raw_bytes > 300_000);
}

#[test]
fn a_table_without_rows_is_a_table() {
    let (dir, set) = empty_set();
    add(&set, dir.path(), 5, &Rows::new());
    add(&set, dir.path(), 6, &numbered(0, 1));
    let set = open(&dir, 6).unwrap();
    assert_eq!(set.get(b"order").unwrap(), None);
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), numbered(0, 1));
    set.verify().unwrap();
}

#[test]
fn the_longest_keys_and_values_fit() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = Rows::new();
    let mut noise = vec![0; VALUE_BYTES_MAX];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    for last in 0..5 {
        rows.insert([&[9; KEY_BYTES_MAX - 1][..], &[last]].concat(), noise.clone());
        rows.insert([&[9; KEY_BYTES_MAX - 2][..], &[last]].concat(), Vec::new());
    }
    let table = sealed(dir.path(), 0, 1, &rows);
    assert_eq!(collect(table.iter_from(b"").unwrap()).unwrap(), rows);
    table.verify().unwrap();
}

#[test]
fn the_newest_table_speaks() {
    let (dir, set) = empty_set();
    let (old, new) = (numbered(0, 500), numbered(400, 500));
    let new: Rows = new.into_keys().map(|key| (key, b"new".to_vec())).collect();
    add(&set, dir.path(), 10, &old);
    add(&set, dir.path(), 20, &new);
    let both: Rows = old.into_iter().chain(new).collect();
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), both);
    for (key, value) in &both {
        assert_eq!(set.get(key).unwrap().as_ref(), Some(value));
    }
}

#[test]
fn reading_goes_on_while_tables_are_added_and_merged() {
    let (dir, set) = empty_set();
    let rows: Vec<Rows> = (0..36).map(|number| numbered(number * 200, 200)).collect();
    (1..).zip(&rows[..6]).for_each(|(through, rows)| add(&set, dir.path(), through, rows));
    let mut early = set.iter_from(b"").unwrap();
    let first = early.next().unwrap().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (through, rows) in (7..).zip(&rows[6..]) {
                add(&set, dir.path(), through, rows);
                while set.merge_step(Lsn(through - 1)).unwrap() {}
            }
        });
        while set.through() < Lsn(36) {
            let end = usize::try_from(set.through().0).unwrap();
            for rows in &rows[..end] {
                let (key, value) = rows.iter().nth(end).unwrap();
                assert_eq!(set.get(key).unwrap().as_ref(), Some(value));
            }
            assert!(set.iter_from(b"").unwrap().count() >= end * 200);
        }
    });
    // The tables that this one reads have lost their names long ago.
    let rest: Rows = early.map(Result::unwrap).chain([first]).collect();
    assert_eq!(rest, numbered(0, 1_200));
    assert!(set.tables().len() < 12, "{set:?}");
    assert_eq!(files::entries(dir.path()).unwrap().len(), set.tables().len());
    assert_eq!(collect(open(&dir, 36).unwrap().iter_from(b"").unwrap()).unwrap().len(), 7_200);
}

#[test]
fn tables_beyond_the_bound_are_not_merged() {
    let (dir, set) = empty_set();
    (0..9).for_each(|number| add(&set, dir.path(), number + 1, &numbered(number, 10)));
    assert!(!set.merge_step(Lsn(5)).unwrap());
    assert!(set.merge_step(Lsn(6)).unwrap());
    assert!(!set.merge_step(Lsn(6)).unwrap());
    assert_eq!(set.tables().len(), 4);
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), numbered(0, 18));
}

fn small_rows() -> impl Strategy<Value = Rows> {
    let key = prop::collection::vec(0_u8..4, 1..6);
    let value = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (any::<u8>(), 0_usize..9_000).prop_map(|(byte, len)| vec![byte; len]),
    ];
    prop::collection::btree_map(key, value, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_set_reads_like_one_sorted_map(
        tables in prop::collection::vec(small_rows(), 0..14),
        merge_upto in 0_u64..15,
        probes in prop::collection::vec(prop::collection::vec(0_u8..5, 0..6), 20),
    ) {
        let (dir, set) = empty_set();
        let mut map = Rows::new();
        for rows in &tables {
            add(&set, dir.path(), set.through().0 + 1, rows);
            map.extend(rows.clone());
            while set.merge_step(Lsn(merge_upto)).unwrap() {}
        }
        let reopened = open(&dir, tables.len() as u64).unwrap();
        for set in [set, reopened] {
            set.verify().unwrap();
            for key in map.keys().chain(&probes) {
                prop_assert_eq!(set.get(key).unwrap(), map.get(key).cloned());
            }
            for probe in &probes {
                let rows = collect(set.iter_from(probe).unwrap()).unwrap();
                let expected: Rows =
                    map.range(probe.clone()..).map(|(k, v)| (k.clone(), v.clone())).collect();
                prop_assert_eq!(rows, expected);
            }
        }
    }
}
