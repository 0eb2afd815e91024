use super::*;
use crate::Lsn;
use crate::{Journal as _, LogId, SledJournal};

const LOG: LogId = LogId([5; 16]);

fn begun(root: &Path) -> NewLog {
    let new = NewLog::begin(root).unwrap();
    new.end_at(&ChainMark::genesis(LOG)).unwrap();
    new
}

/// What a kill leaves: the attempt does not get to clear up.
fn killed(mut new: NewLog) {
    new.is_moving = true;
}

#[test]
fn it_is_a_log_once_it_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("data");
    begun(&root).publish().unwrap();
    assert!(!root.join(WORK).exists() && !root.join(WAITING).exists());
    let journal = SledJournal::open(&root, &Options::default()).unwrap();
    assert_eq!((journal.end(), journal.log_id()), (Lsn::ZERO, LOG));
}

#[test]
fn before_that_no_server_takes_it_and_the_next_attempt_clears_it() {
    let dir = tempfile::tempdir().unwrap();
    let refused = || {
        let error = SledJournal::open(dir.path(), &Options::default()).unwrap_err();
        assert!(matches!(error, JournalError::NotALog { .. }), "{error}");
    };
    killed(begun(dir.path()));
    refused();
    // Some parts have their places.
    let new = begun(dir.path());
    fs::create_dir(new.archive()).unwrap();
    for part in ["archive", "log"] {
        fs::rename(new.work().join(part), dir.path().join(part)).unwrap();
    }
    killed(new);
    refused();
    // All of them, and the folder has gone.
    let new = begun(dir.path());
    for part in PARTS.into_iter().filter(|part| new.work().join(part).exists()) {
        fs::rename(new.work().join(part), dir.path().join(part)).unwrap();
    }
    fs::rename(new.work().join("FORMAT"), dir.path().join(WAITING)).unwrap();
    fs::remove_dir_all(new.work()).unwrap();
    killed(new);
    refused();
    begun(dir.path()).publish().unwrap();
    SledJournal::open(dir.path(), &Options::default()).unwrap();
}

#[test]
fn an_attempt_that_fails_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    drop(begun(dir.path()));
    assert_eq!(files::entries(dir.path()).unwrap(), [dir.path().join("LOCK")]);
}

#[test]
fn a_directory_with_anything_in_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("archive"), "mine").unwrap();
    let error = NewLog::begin(dir.path()).unwrap_err().to_string();
    assert!(error.contains("it holds archive"), "{error}");
    let log = tempfile::tempdir().unwrap();
    drop(SledJournal::open(log.path(), &Options::default()).unwrap());
    let error = NewLog::begin(log.path()).unwrap_err().to_string();
    assert!(error.contains("it holds a log already"), "{error}");
    let busy = tempfile::tempdir().unwrap();
    let _first = NewLog::begin(busy.path()).unwrap();
    assert!(matches!(NewLog::begin(busy.path()), Err(JournalError::Locked { .. })));
}
