//! What a crash at any moment leaves behind, and who may clean it up.

use super::*;

/// Nine tables of which the first six have been merged, as if the old ones had not been removed.
fn interrupted_merge() -> (TempDir, Rows) {
    let (dir, set) = empty_set();
    (0..9).for_each(|number| add(&set, dir.path(), number + 1, &numbered(number * 20, 20)));
    let old: Vec<_> = set.tables()[..6].iter().map(|table| table.path().to_owned()).collect();
    let kept: Vec<_> = old.iter().map(|path| (path, fs::read(path).unwrap())).collect();
    assert!(set.merge_step(Lsn(6)).unwrap());
    for (path, bytes) in kept {
        fs::write(path, bytes).unwrap();
    }
    (dir, numbered(0, 180))
}

fn names(dir: &TempDir) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<_> = files::entries(dir.path()).unwrap().into_iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn what_a_merged_table_was_made_of_is_removed() {
    let (dir, rows) = interrupted_merge();
    assert_eq!(names(&dir).len(), 10);
    let set = open(&dir, 9).unwrap();
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), rows);
    assert_eq!(names(&dir).len(), 4);
}

#[test]
fn tables_of_a_checkpoint_that_was_never_finished_are_removed() {
    let (dir, _) = interrupted_merge();
    fs::write(dir.path().join("half a table.new"), "half").unwrap();
    let set = open(&dir, 7).unwrap();
    assert_eq!(set.through(), Lsn(7));
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), numbered(0, 140));
    assert_eq!(names(&dir), [file_name(Lsn(0), Lsn(6)), file_name(Lsn(6), Lsn(7))]);
    assert!(open(&dir, 9).is_err());
    drop(open(&dir, 0).unwrap());
    assert!(names(&dir).is_empty(), "the whole log is read again, and makes its tables again");
}

#[test]
fn a_reader_changes_nothing() {
    let (dir, _) = interrupted_merge();
    fs::write(dir.path().join("half a table.new"), "half").unwrap();
    let before = names(&dir);
    let set = TableSet::open(dir.path(), LOG, Lsn(7), Access::Read).unwrap();
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), numbered(0, 140));
    assert_eq!(names(&dir), before);
    let nowhere = dir.path().join("nowhere");
    assert!(TableSet::open(&nowhere, LOG, Lsn(0), Access::Read).unwrap().tables().is_empty());
    assert!(!nowhere.exists());
    assert!(TableSet::open(&nowhere, LOG, Lsn(1), Access::Read).is_err());
}

#[test]
fn what_is_not_ours_stays() {
    let (dir, _) = interrupted_merge();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    open(&dir, 9).unwrap();
    assert!(names(&dir).contains(&"notes.txt".to_owned()));
}

#[test]
fn tables_of_another_log_are_named_and_never_removed() {
    let (dir, _) = interrupted_merge();
    let before = names(&dir);
    let other = TableSet::open(dir.path(), LogId([8; 16]), Lsn(9), Access::Write);
    let message = other.unwrap_err().to_string();
    assert!(message.contains("is of log 0707"), "{message}");
    assert_eq!(names(&dir), before);
    // Whoever makes the tables anew finds them out of the way, and nobody has lost any.
    TableSet::open(dir.path(), LogId([8; 16]), Lsn::ZERO, Access::Write).unwrap();
    let tables =
        before.iter().filter(|name| name.rsplit_once('.').is_some_and(|(_, ext)| ext == "ktb"));
    let aside: Vec<_> = tables.map(|name| format!("{name}.foreign")).collect();
    assert!(aside.iter().all(|name| names(&dir).contains(name)), "{:?}", names(&dir));
}

#[test]
fn a_table_that_is_set_aside_is_read_on_and_missing_for_the_next_opening() {
    let (dir, set) = empty_set();
    (0..3).for_each(|number| add(&set, dir.path(), number + 1, &numbered(number * 20, 20)));
    let table = set.tables()[1].clone();
    let mut damage = Damage::new(DamageKind::History, table.after().next(), "a block");
    damage.through = Some(table.through());
    assert!(set.set_aside(&damage).unwrap());
    assert!(!set.set_aside(&damage).unwrap(), "once");
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), numbered(0, 60));
    let Err(JournalError::Damaged(missing)) = open(&dir, 3) else { panic!("not damage") };
    assert_eq!(missing.lsn, damage.lsn);
}

#[test]
fn a_missing_table_is_named_with_its_records() {
    let (dir, _) = interrupted_merge();
    open(&dir, 9).unwrap();
    fs::remove_file(dir.path().join(file_name(Lsn(6), Lsn(7)))).unwrap();
    let Err(JournalError::Damaged(damage)) = open(&dir, 9) else { panic!("not damage") };
    assert_eq!(damage.kind, DamageKind::History);
    assert_eq!((damage.lsn, damage.through), (Lsn(7), Some(Lsn(7))));
    assert_eq!(names(&dir).len(), 3, "nothing is removed where something is missing");
}

#[test]
fn a_merge_that_fails_changes_nothing() {
    let (dir, set) = empty_set();
    (0..6).for_each(|number| add(&set, dir.path(), number + 1, &numbered(number * 20, 20)));
    let path = set.tables()[3].path().to_owned();
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[60] ^= 1;
    fs::write(&path, bad).unwrap();
    assert!(matches!(set.merge_step(Lsn(6)), Err(JournalError::Damaged(_))));
    assert_eq!((names(&dir).len(), set.tables().len()), (6, 6));
    fs::write(&path, good).unwrap();
    assert!(set.merge_step(Lsn(6)).unwrap());
    assert_eq!(collect(set.iter_from(b"").unwrap()).unwrap(), numbered(0, 120));
}
