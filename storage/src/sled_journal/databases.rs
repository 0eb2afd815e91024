//! The databases of a log, as files: the first in `log/` itself, where the first release had its
//! only one, each later one in a folder there that is named by its number.
//!
//! A database continues where the one before it ends. Records are trimmed by whole databases,
//! because the file of a database never gets smaller. A directory is a database if it has the file
//! `db`, so that file is created last and removed first.

use std::fs;
use std::path::{Path, PathBuf};

use super::database::Database;
use crate::files;
use crate::{JournalError, Lsn};

/// The number of the database in `log/` itself.
const FIRST: u32 = 1;

/// The folder in which a database is created.
const UNBORN: &str = "new";

/// The number and the directory of a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) number: u32,
    pub(super) dir: PathBuf,
}

/// Returns the file of the database in `dir`.
pub(super) fn file_in(dir: &Path) -> PathBuf {
    dir.join("db")
}

/// Returns the databases in `log`, the oldest first.
///
/// # Errors
/// [`JournalError::Io`]; a missing directory is no error.
pub(super) fn list(log: &Path) -> Result<Vec<Place>, JournalError> {
    let mut places = folders(log)?;
    places.push(Place { number: FIRST, dir: log.to_owned() });
    places.retain(|place| file_in(&place.dir).exists());
    places.sort();
    assert!(
        places.is_sorted_by(|one, next| one.number < next.number),
        "a number has one folder, or records would have two places"
    );
    Ok(places)
}

/// Returns the folders for databases, whether there is one in them or not.
fn folders(log: &Path) -> Result<Vec<Place>, JournalError> {
    let number = |dir: &PathBuf| {
        let number: u32 = dir.file_name()?.to_str()?.parse().ok()?;
        (number > FIRST && *dir == folder(log, number)).then_some(number)
    };
    let entries = files::entries_if_any(log)?.into_iter();
    Ok(entries.filter_map(|dir| Some(Place { number: number(&dir)?, dir })).collect())
}

/// Returns the folder of the database with that number.
fn folder(log: &Path, number: u32) -> PathBuf {
    assert!(number > FIRST, "the first database is in `log/` itself");
    log.join(format!("{number:08}"))
}

/// Returns the bytes of all databases together.
pub(super) fn bytes(log: &Path) -> Result<u64, JournalError> {
    list(log)?.iter().try_fold(0, |sum, place| {
        let file = file_in(&place.dir);
        let metadata = fs::metadata(&file);
        let metadata = metadata.map_err(|error| JournalError::file("looking at", &file, &error))?;
        Ok(sum + metadata.len())
    })
}

/// Returns the snapshots of all databases, which sled can make again.
pub(super) fn snapshots(log: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let mut all = Vec::new();
    for place in list(log)? {
        let is_snapshot = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."))
        };
        all.extend(files::entries(&place.dir)?.into_iter().filter(is_snapshot));
    }
    Ok(all)
}

/// Removes their snapshots. Not durable: only for copies.
pub(super) fn remove_snapshots(log: &Path) -> Result<(), JournalError> {
    snapshots(log)?.iter().try_for_each(|path| files::remove_file(path))
}

/// Creates the first database in `log`, empty and durable.
pub(super) fn create_first(log: &Path, cache_bytes: u64) -> Result<(), JournalError> {
    let database = Database::open(log, cache_bytes)?;
    database.sync(Lsn::FIRST)?;
    database.stop()?;
    files::sync_all_in(log)
}

/// Creates the database with that number, empty and durable.
pub(super) fn create(log: &Path, number: u32, cache_bytes: u64) -> Result<Place, JournalError> {
    let (unborn, dir) = (log.join(UNBORN), folder(log, number));
    files::remove_dir(&unborn)?;
    files::remove_dir(&dir)?;
    create_first(&unborn, cache_bytes)?;
    files::rename_durably(&unborn, &dir)?;

    Ok(Place { number, dir })
}

/// Removes a database that has been stopped.
pub(super) fn remove(place: &Place) -> Result<(), JournalError> {
    files::remove_file(&file_in(&place.dir))?;
    files::sync_dir(&place.dir)?;
    if place.number == FIRST {
        remove_remains_of_first(&place.dir)
    } else {
        files::remove_dir(&place.dir)
    }
}

/// Removes incomplete databases, whose creation or removal a crash has stopped.
pub(super) fn sweep(log: &Path) -> Result<(), JournalError> {
    files::remove_dir(&log.join(UNBORN))?;
    for place in folders(log)?.iter().filter(|place| !file_in(&place.dir).exists()) {
        files::remove_dir(&place.dir)?;
    }
    if file_in(log).exists() { Ok(()) } else { remove_remains_of_first(log) }
}

/// Removes the other files of the first database, once its file `db` is gone.
fn remove_remains_of_first(log: &Path) -> Result<(), JournalError> {
    files::remove_dir(&log.join("blobs"))?;
    for path in files::entries(log)?.iter().filter(|path| path.is_file()) {
        files::remove_file(path)?;
    }
    Ok(())
}
