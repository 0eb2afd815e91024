//! A log for tools, which read it without writing a byte to its directory.
//!
//! sled writes as it opens, so tools open a copy of the database, which is small once its older
//! part is in the archive; the archive is read in place. A backup has an archive and no database.
//! Damage is reported and the rest can be read, since that is when tools are needed.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::commit_tail::TailContent;
use super::data_dir::{DataDir, Identity};
use super::mark::Mark;
use super::reader::Shared;
use super::store::Store;
use super::survey::{Survey, survey};
use super::verify::Expected;
use super::{Options, clean_marker, databases, panics, watch};
use crate::files;
use crate::frame::Hash;
use crate::journal::FrameIter;
use crate::{
    Archive, Batch, Damage, DamageKind, Epoch, Indexer, JournalError, JournalReader, Label, LogId,
    Lsn, Scratch,
};

/// An end that a log had, as a mark outside of its records remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMark {
    /// The opening that wrote the mark.
    pub epoch: Epoch,
    /// The last record.
    pub lsn: Lsn,
    /// The hash of the frame that ends with it.
    pub hash: Hash,
}

impl From<Mark> for EndMark {
    fn from(Mark { epoch, end, hash, .. }: Mark) -> Self {
        Self { epoch, lsn: end, hash }
    }
}

/// A log, or a backup of one, that is only read.
#[derive(Debug)]
pub struct ReadOnlyLog {
    log_id: LogId,
    archive: Arc<Archive>,
    /// The databases; `None` if the archive has all readable records.
    log: Option<Shared>,
    first: Lsn,
    end: Lsn,
    high_water: Option<EndMark>,
    closed_at: Option<EndMark>,
    problems: Vec<Damage>,
    /// Removed after everything else.
    _copy: Option<DatabaseCopy>,
}

impl ReadOnlyLog {
    /// Opens the log in `dir`, which no process may have open for writing, or the backup there.
    /// A copy of its database is made in `scratch` (or where the system keeps temporary files) and
    /// removed in the end.
    ///
    /// Damage does not stop it where anything can be read: see [`ReadOnlyLog::problems`]. Blocks of
    /// the archive are checked only as they are read.
    ///
    /// # Errors
    /// [`JournalError::Locked`] while a process has the log open; [`JournalError::NotALog`] that
    /// names the content that is there instead; [`JournalError::Damaged`] if no record can be read;
    /// [`JournalError::NewerFormat`], [`JournalError::Full`], [`JournalError::Io`].
    pub fn open(dir: &Path, scratch: Option<&Path>) -> Result<Self, JournalError> {
        panics::silence_sled();
        refuse_other_things(dir)?;
        let dir = DataDir::new(dir);
        // Released when the databases are copied: archive files, which are read in place, never
        // change.
        let _lock = lock(&dir)?;
        let mut problems = Vec::new();
        let (log_id, identity) = identity(&dir, &mut problems)?;
        let source = [dir.log(), dir.kept_copy()].into_iter().find(|path| path.exists());
        let tail = tail(&dir, log_id, identity, source.is_some(), &mut problems)?;
        let high_water = tail.as_ref().map(|tail| tail.newest);
        let tail = tail.unwrap_or_else(|| TailContent::none(Mark::genesis(log_id)));
        let closed_at = clean_marker::read(&dir)?.filter(|mark| mark.log_id == log_id);
        let archive = Arc::new(Archive::scan(&dir.archive(), log_id)?);
        problems.extend(archive.problems());
        let expected = Expected {
            log_id,
            high_water: tail.newest,
            tail: Arc::new(tail),
            closed_at: closed_at.filter(|_| source.is_some()),
            vouchers: archive.marks(),
            archive: Arc::clone(&archive),
            after: Lsn::ZERO,
        };
        let attempt = match source {
            Some(source) => Attempt::best(&source, scratch, &expected)?,
            None => Attempt::without_database(&expected)?,
        };
        let Attempt { survey, store, copy } = attempt;
        problems.extend(survey.problems);
        let archive_end = archive.end().lsn;
        let (store, unused) = if survey.end >= archive_end && survey.first.is_some() {
            (store, None)
        } else {
            (None, store)
        };
        give_up(unused);
        let end = survey.end.max(archive_end);
        assert!(store.is_none() || survey.end == end, "the store has the end");
        if let (Lsn::ZERO, Some(problem)) = (end, problems.first()) {
            return Err(JournalError::Damaged(problem.clone()));
        }
        let archived = archive.files().first().map(|file| file.info().first);
        let first = archived.or(survey.first).unwrap_or(end.next());
        let log = store.map(|store| Shared::new(Arc::clone(&archive), store, end));
        Ok(Self {
            log_id,
            archive,
            log,
            first,
            end,
            high_water: high_water.map(EndMark::from),
            closed_at: closed_at.map(EndMark::from),
            problems,
            _copy: copy,
        })
    }

    /// Returns all damage, in the order in which it was found. That a log was not closed is none.
    pub fn problems(&self) -> &[Damage] {
        &self.problems
    }

    /// Returns the first record that can be read; of an empty log, the one that will be.
    pub fn first(&self) -> Lsn {
        self.first
    }

    /// Returns the end that was acknowledged at least, if the commit tail can be read.
    pub fn high_water(&self) -> Option<EndMark> {
        self.high_water
    }

    /// Returns the end at which the log was closed; `None` if it was not.
    pub fn closed_at(&self) -> Option<EndMark> {
        self.closed_at
    }

    /// Returns the archive, which has the older part of the log.
    pub fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }
}

impl JournalReader for ReadOnlyLog {
    fn end(&self) -> Lsn {
        self.end
    }

    fn log_id(&self) -> LogId {
        self.log_id
    }

    fn frames(&self, from: Lsn) -> FrameIter<'_> {
        match &self.log {
            Some(log) => log.frames(from),
            None => self.archive.frames(from),
        }
    }

    fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError> {
        match &self.log {
            Some(log) => log.batch_at(lsn),
            None => self.archive.batch_at(lsn),
        }
    }

    fn frames_with<'a>(
        &'a self,
        label: Label,
        from: Lsn,
        indexer: &'a dyn Indexer,
    ) -> FrameIter<'a> {
        match &self.log {
            Some(log) => log.frames_with(label, from, indexer),
            None => self.archive.frames_with(label, from, indexer),
        }
    }

    fn lsn_at(&self, time_ms: i64, indexer: &dyn Indexer) -> Result<Lsn, JournalError> {
        match &self.log {
            Some(log) => log.lsn_at(time_ms, indexer),
            None => self.archive.lsn_at(time_ms, indexer),
        }
    }
}

impl Drop for ReadOnlyLog {
    /// Stops the databases before their copy is removed.
    fn drop(&mut self) {
        if let Some(Err(error)) = self.log.take().map(|log| log.shut()) {
            tracing::debug!(%error, "the copy of the log did not stop in order");
        }
    }
}

/// An opened copy of the databases, and the survey of it.
struct Attempt {
    survey: Survey,
    store: Option<Store>,
    copy: Option<DatabaseCopy>,
}

impl Attempt {
    /// Opens the databases as they are or, if there is damage and they have snapshots, without
    /// them, whichever can be read further.
    fn best(
        source: &Path,
        scratch: Option<&Path>,
        expected: &Expected,
    ) -> Result<Self, JournalError> {
        let copy = DatabaseCopy::of(source, scratch)?;
        let has_snapshots = !databases::snapshots(&copy.log())?.is_empty();
        let first = Self::with(copy, expected)?;
        if first.survey.problems.is_empty() || !has_snapshots {
            return Ok(first);
        }
        let copy = DatabaseCopy::of(source, scratch)?;
        databases::remove_snapshots(&copy.log())?;
        let second = Self::with(copy, expected)?;
        let is_better = second.survey.problems.is_empty() || second.survey.end > first.survey.end;
        let (best, other) = if is_better { (second, first) } else { (first, second) };
        give_up(other.store);
        Ok(best)
    }

    /// Opens and surveys a copy; damage that prevents it becomes a problem.
    fn with(copy: DatabaseCopy, expected: &Expected) -> Result<Self, JournalError> {
        let (log, ours) = (copy.log(), expected.clone());
        let read = watch::run(&copy.log(), move || {
            let store = Store::open(&log, Options::default().cache_bytes)?;
            let survey = survey(Some(&store), &ours)?;
            Ok((survey, store))
        });
        match read.and_then(|read| read) {
            Ok((survey, store)) => Ok(Self { survey, store: Some(store), copy: Some(copy) }),
            Err(JournalError::Damaged(damage)) => {
                let mut without = Self::without_database(expected)?;
                // Records after the archive cannot be read, so the damage starts there.
                let lsn = damage.lsn.max(expected.archive.end().lsn.next());
                let through = Some(expected.high_water.end).filter(|end| *end >= lsn);
                without.survey.problems = vec![Damage { lsn, through, ..damage }];
                Ok(without)
            }
            Err(error) => Err(error),
        }
    }

    /// Surveys the archive alone.
    fn without_database(expected: &Expected) -> Result<Self, JournalError> {
        Ok(Self { survey: survey(None, expected)?, store: None, copy: None })
    }
}

/// Stops databases that are of no use. A failure costs nothing, since the copy is removed.
fn give_up(store: Option<Store>) {
    if let Some(Err(error)) = store.map(Store::stop) {
        tracing::debug!(%error, "a copy of the log did not stop in order");
    }
}

/// A copy of the databases of a log, removed when this is dropped.
#[derive(Debug)]
pub(super) struct DatabaseCopy(Scratch);

impl DatabaseCopy {
    /// Copies the databases in `source`.
    pub(super) fn of(source: &Path, scratch: Option<&Path>) -> Result<Self, JournalError> {
        let copy = Self(Scratch::create(scratch)?);
        files::copy_dir_anew(source, &copy.log())?;
        Ok(copy)
    }

    /// Returns the directory of the copied databases.
    pub(super) fn log(&self) -> PathBuf {
        self.0.path().join("log")
    }
}

/// Refuses a directory that is no log, and names its content.
fn refuse_other_things(dir: &Path) -> Result<(), JournalError> {
    let other = |reason: &str| {
        Err(JournalError::NotALog { path: dir.to_owned(), reason: reason.to_owned() })
    };
    match fs::metadata(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return other("it does not exist"),
        Err(error) => return Err(JournalError::file("looking at", dir, &error)),
        Ok(metadata) if !metadata.is_dir() => return other("it is a file"),
        Ok(_) => (),
    }
    if dir.join("FORMAT").exists() {
        return Ok(());
    }
    let entries = files::entries(dir)?;
    let Some(some) = entries.iter().min() else { return other("it is empty") };
    if dir.join("FORMAT.new").exists() {
        return other("the creation of a log has been started here and not finished");
    }
    if dir.join("db").exists() && dir.join("conf").exists() {
        return other("it holds a sled database that is not the log of a shop");
    }
    let name = some.file_name().unwrap_or_default().to_string_lossy();
    other(&files::no_identity(&name))
}

/// Locks the log against writers, as long as the returned file is open. Creates
/// nothing: a backup has no lock.
pub(super) fn lock(dir: &DataDir) -> Result<Option<File>, JournalError> {
    let path = dir.lock_file();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JournalError::file("opening", &path, &error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: dir.root().to_owned() }),
        Err(TryLockError::Error(error)) => Err(JournalError::file("locking", &path, &error)),
    }
}

/// Returns the id of the log, from the identity file or, if that is damaged, the commit tail.
fn identity(
    dir: &DataDir,
    problems: &mut Vec<Damage>,
) -> Result<(LogId, Option<Identity>), JournalError> {
    let damage = match dir.read_identity() {
        Ok(Some(identity)) => return Ok((identity.log_id, Some(identity))),
        Ok(None) => Damage::new(DamageKind::Identity, Lsn::FIRST, "the file FORMAT is gone"),
        Err(JournalError::Damaged(damage)) => damage,
        Err(error) => return Err(error),
    };
    let Ok(tail) = dir.read_tail(None) else { return Err(JournalError::Damaged(damage)) };
    problems.push(damage);
    Ok((tail.newest.log_id, None))
}

/// Returns the commit tail, or what earlier versions had. A backup without a database has none and
/// needs none.
fn tail(
    dir: &DataDir,
    log_id: LogId,
    identity: Option<Identity>,
    has_database: bool,
    problems: &mut Vec<Damage>,
) -> Result<Option<TailContent>, JournalError> {
    if !has_database && !dir.tail().exists() && !dir.high_water().exists() {
        return Ok(None);
    }
    match dir.read_tail(identity).and_then(|tail| tail.of(log_id)) {
        Ok(tail) => Ok(Some(tail)),
        Err(JournalError::Damaged(damage)) => {
            problems.push(damage);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
