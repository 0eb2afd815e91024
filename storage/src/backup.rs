//! A backup of a log: a directory that grows with each run and can be read at any moment.
//!
//! | file | what |
//! |---|---|
//! | `FORMAT` | the id of the log, as in the directory of a log |
//! | `archive/` | all records, in archive files; each run adds one for what is new |
//! | `vault` | the keys of personal data, replaced by each run, so that forgotten keys go |
//! | `head` | the end of the backup, in one line. Written last, when all has been read back |
//!
//! The frames are those of the log, so the chain proves that it is one backup of one log. Records
//! beyond the head are of a run that was stopped: the next one checks them and continues there.

mod keys;

use std::fs::{self, File};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::assembly::Assembly;
use crate::files::{self, is_unfinished};
use crate::frame::Hash;
use crate::sled_journal::write_identity;
use crate::{
    Archive, ArchiveFile, ChainMark, Damage, DamageKind, Head, Indexer, JournalError, LogId, Lsn,
    SignedHead, SledJournal, StoredFrame,
};

pub(crate) use keys::{check_no_fewer, copy_vault, read_vault};

/// The files and directories of a backup.
const PARTS: [&str; 5] = ["FORMAT", "LOCK", "archive", "head", "vault"];

/// A backup, opened to be read or to be continued.
#[derive(Debug)]
pub struct Backup {
    dir: PathBuf,
    /// The archive, and the head of the last finished run; `None` before the first run.
    log: Option<(Archive, Option<Head>)>,
    /// Held while the backup is open for writing.
    _lock: Option<File>,
}

impl Backup {
    /// Opens a backup to read it.
    ///
    /// # Errors
    /// [`JournalError::NotALog`] if there is none, or none that has been finished once;
    /// [`JournalError::Damaged`] if its files do not make one log up to its head;
    /// [`JournalError::Io`].
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let nothing = |reason: &str| JournalError::NotALog {
            path: dir.to_owned(),
            reason: reason.to_owned(),
        };
        if !dir.is_dir() {
            return Err(nothing("it does not exist"));
        }
        let log_id = SledJournal::log_id_in(dir)?;
        let log_id =
            log_id.ok_or_else(|| nothing("it holds no backup: there is no file FORMAT"))?;
        if dir.join("log").exists() {
            return Err(nothing("it is the directory of a log and not a backup; name the backup"));
        }
        let log = open_log(dir, log_id)?;
        if log.1.is_none() {
            return Err(nothing(
                "its first run was not finished: there is no file head; run it again",
            ));
        }
        Ok(Self { dir: dir.to_owned(), log: Some(log), _lock: None })
    }

    /// Opens a backup to continue it, or starts one in `dir`. Half-written files of a stopped run
    /// are removed.
    ///
    /// # Errors
    /// [`JournalError::Locked`] while another run goes on; [`JournalError::Io`] of the kind
    /// `AlreadyExists` if the directory holds something else; as [`Backup::open`].
    pub fn open_for_writing(dir: &Path) -> Result<Self, JournalError> {
        files::create_dir_durably(dir)?;
        refuse_other_things(dir)?;
        let lock = files::lock(&dir.join("LOCK"), dir)?;
        files::remove_unfinished(dir)?;
        let archive = dir.join("archive");
        Archive::sweep(&archive)?;
        let log = match SledJournal::log_id_in(dir)? {
            Some(log_id) => {
                let head = read_head(dir, log_id)?;
                discard_damaged(&archive, log_id, head.map_or(Lsn::ZERO, |head| head.lsn))?;
                Some(open_log(dir, log_id)?)
            }
            None => None,
        };
        Ok(Self { dir: dir.to_owned(), log, _lock: Some(lock) })
    }

    /// Returns the id of the log; `None` before the first run.
    pub fn log_id(&self) -> Option<LogId> {
        self.log.as_ref().map(|(archive, _)| archive.log_id())
    }

    /// Returns the head, which is the end of the last finished run; `None` before the first.
    pub fn head(&self) -> Option<&Head> {
        self.log.as_ref()?.1.as_ref()
    }

    /// Returns the mark at the end of its frames, also of those of a run that was not finished.
    pub fn end(&self) -> Option<ChainMark> {
        self.log.as_ref().map(|(archive, _)| archive.end())
    }

    /// Returns the archive.
    pub fn archive(&self) -> Option<&Archive> {
        self.log.as_ref().map(|(archive, _)| archive)
    }

    /// Returns the path of its keys, if it has any.
    pub fn vault(&self) -> Option<PathBuf> {
        Some(self.dir.join("vault")).filter(|path| path.exists())
    }

    /// Copies its keys to the file at `to`, durably, and returns whether it has any.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if they are not what was written; [`JournalError::Full`],
    /// [`JournalError::Io`].
    pub fn copy_keys(&self, to: &Path) -> Result<bool, JournalError> {
        match self.vault() {
            Some(from) => copy_vault(&from, to).map(|()| true),
            None => Ok(false),
        }
    }

    /// Starts a run. It takes frames from the one that holds the end on, or from the first.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Io`].
    pub fn run<'a>(&'a mut self, indexer: &'a dyn Indexer) -> Result<BackupRun<'a>, JournalError> {
        let mut assembly = None;
        if let Some((archive, _)) = &self.log {
            assembly = Some(Assembly::going_on(archive, indexer)?);
        }
        let before = assembly.as_ref().map_or(Lsn::ZERO, Assembly::lsn);
        let head = self.head().map_or(Lsn::ZERO, |head| head.lsn);
        assert!(before >= head, "`open_log` refuses files that end before the head");
        Ok(BackupRun { backup: self, indexer, assembly, before })
    }
}

/// A run: it takes the records that are new.
pub struct BackupRun<'a> {
    backup: &'a mut Backup,
    indexer: &'a dyn Indexer,
    /// `None` before the first frame of the first run.
    assembly: Option<Assembly<'a>>,
    /// The last record of the run before.
    before: Lsn,
}

/// The report of a finished run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// The end of the backup now.
    pub head: Head,
    /// Records that are new.
    pub records: u64,
    /// Bytes of the files with them.
    pub file_bytes: u64,
}

/// The choice whether a backup has the keys of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPolicy<'a> {
    /// The backup has the keys of this vault; none if there is no such file and it had none
    /// before.
    CopyFrom(&'a Path),
    /// The backup has no keys.
    LeaveOut,
}

impl BackupRun<'_> {
    /// Returns the record to push frames from: the last one that is there, so that its
    /// frame can be compared, or the first.
    pub fn from(&self) -> Lsn {
        self.lsn().max(Lsn::FIRST)
    }

    /// Returns the id of the log; `None` before the first frame of the first run.
    pub fn log_id(&self) -> Option<LogId> {
        self.assembly.as_ref().map(|assembly| assembly.end().log_id)
    }

    /// Returns the last record so far.
    pub fn lsn(&self) -> Lsn {
        self.assembly.as_ref().map_or(Lsn::ZERO, Assembly::lsn)
    }

    /// Takes the next frame. A frame that is there already is compared.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it does not follow or is another than before;
    /// [`JournalError::Io`] of the kind `AlreadyExists` if it is of another log;
    /// [`JournalError::Full`].
    pub fn push(&mut self, frame: &StoredFrame) -> Result<(), JournalError> {
        let log_id = frame.header().log_id;
        let assembly = if let Some(assembly) = &mut self.assembly {
            assembly
        } else {
            write_identity(&self.backup.dir.join("FORMAT"), log_id)?;
            let dir = self.backup.dir.join("archive");
            self.assembly.insert(Assembly::new(Some(&dir), log_id, self.indexer))
        };
        let end = assembly.end();
        if end.log_id != log_id {
            let detail = format!("it is of log {} and not of log {log_id}", end.log_id);
            let error = Error::new(ErrorKind::AlreadyExists, detail);
            return Err(JournalError::file(
                "going on with the backup in",
                &self.backup.dir,
                &error,
            ));
        }
        if frame.last_lsn() <= end.lsn {
            if frame.last_lsn() == end.lsn && frame.hash() != end.hash {
                return Err(diverged(end.lsn));
            }
            return Ok(());
        }
        assembly.take_frame(frame)?;
        debug_assert_eq!(self.lsn(), frame.last_lsn(), "the frame is taken whole");
        Ok(())
    }

    /// Makes everything durable, reads it back, and moves the head. `index` returns the time of the
    /// last record of an archive and the hash of its index of subjects; it is called unless the
    /// head that is there says both.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if something does not read back, [`JournalError::Full`],
    /// [`JournalError::Io`], the error of `index`: then the head stays where it was.
    /// [`JournalError::NotALog`] if there was no frame at all.
    pub fn finish<E: From<JournalError>>(
        mut self,
        keys: KeyPolicy<'_>,
        index: impl FnOnce(&Archive) -> Result<(i64, Hash), E>,
    ) -> Result<BackupReport, E> {
        let dir = self.backup.dir.clone();
        let Some(mut assembly) = self.assembly.take() else {
            let reason = "the log is empty, so there is nothing to back up".to_owned();
            return Err(JournalError::NotALog { path: dir, reason }.into());
        };
        assembly.seal()?;
        let end = assembly.end();
        let file_bytes = assembly.files().iter().map(|file| file.info().file_bytes).sum();
        let root = assembly.tree().root();
        // Read it back as a restore does: all files, one after the other.
        let archive = Archive::open(&dir.join("archive"), end.log_id)?;
        if archive.end() != end {
            return Err(diverged(end.lsn).into());
        }
        let known = self.backup.head().filter(|head| head.lsn == end.lsn);
        let known = known.and_then(|head| Some((head.at_ms, head.index?)));
        let (at_ms, index) = known.map_or_else(|| index(&archive), Ok)?;
        keys::put_keys(&dir, keys)?;
        let ChainMark { log_id, lsn, hash, .. } = end;
        assert!(lsn >= self.before, "a backup never gets shorter");
        let head = Head { log_id, lsn, hash, root, at_ms, index: Some(index) };
        files::write_durably(&dir.join("head"), format!("{head}\n").as_bytes())?;
        self.backup.log = Some((archive, Some(head)));
        Ok(BackupReport { head, records: lsn.records_since(self.before), file_bytes })
    }
}

/// Opens the archive, and returns it with the head of the last finished run.
fn open_log(dir: &Path, log_id: LogId) -> Result<(Archive, Option<Head>), JournalError> {
    let archive = Archive::open(&dir.join("archive"), log_id)?;
    let Some(head) = read_head(dir, log_id)? else { return Ok((archive, None)) };
    let is_there = |mark: &ChainMark| mark.lsn == head.lsn && mark.hash == head.hash;
    if !archive.marks().iter().any(is_there) {
        let end = archive.end().lsn;
        return Err(bad_head(dir, &format!("it says record {} and the files {end}", head.lsn)));
    }
    Ok((archive, Some(head)))
}

/// Reads the head; `None` if no run has been finished.
fn read_head(dir: &Path, log_id: LogId) -> Result<Option<Head>, JournalError> {
    let path = dir.join("head");
    let line = match fs::read_to_string(&path) {
        Ok(line) => line,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => String::new(),
        Err(error) => return Err(JournalError::file("reading", &path, &error)),
    };
    let head: Result<SignedHead, _> = line.trim_end().parse();
    let head = *head.map_err(|error| bad_head(dir, &error.to_string()))?.head();
    if head.log_id != log_id {
        return Err(bad_head(dir, &format!("it is of log {} and not {log_id}", head.log_id)));
    }
    Ok(Some(head))
}

/// Makes the error of a damaged head.
fn bad_head(dir: &Path, what: &str) -> JournalError {
    let detail = format!("{}: {what}", dir.join("head").display());
    JournalError::Damaged(Damage::new(DamageKind::HighWater, Lsn::FIRST, detail))
}

/// Removes the first damaged file beyond the head, and the files after it. They are of a run that
/// was stopped, so the log still has their records.
fn discard_damaged(archive: &Path, log_id: LogId, head: Lsn) -> Result<(), JournalError> {
    let mut paths = files::entries_if_any(archive)?;
    // The order of the names is that of their records.
    paths.sort_unstable();
    let is_beyond = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let first = name.strip_prefix("log-").and_then(|rest| rest.get(..20)?.parse().ok());
        first.is_some_and(|first: u64| first > head.0)
    };
    let beyond: Vec<_> = paths.into_iter().filter(is_beyond).collect();
    debug_assert!(beyond.is_sorted(), "a damaged file makes later ones useless");
    for (number, path) in beyond.iter().enumerate() {
        let checked = ArchiveFile::open(path, log_id).and_then(|file| file.verify());
        match checked {
            Ok(()) => (),
            Err(JournalError::Damaged(_)) => return files::remove_all(archive, &beyond[number..]),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Refuses a directory with files that are no part of a backup.
fn refuse_other_things(dir: &Path) -> Result<(), JournalError> {
    let is_log = dir.join("log").exists();
    for path in files::entries(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if PARTS.contains(&&*name) && !is_log || name == "lost+found" || is_unfinished(&path) {
            continue;
        }
        let detail = if is_log {
            "it is the directory of a log; name another one".to_owned()
        } else {
            format!("it holds {name}, which is no part of a backup; name an empty directory")
        };
        let error = Error::new(ErrorKind::AlreadyExists, detail);
        return Err(JournalError::file("making a backup in", dir, &error));
    }
    Ok(())
}

fn diverged(lsn: Lsn) -> JournalError {
    // A log that was restored to an earlier point and then grew has another batch here.
    let detail = "the backup has another batch there: it is of another history of this log, such \
                  as before it was restored to an earlier point; back up into a new directory";
    JournalError::damaged(DamageKind::Diverged, lsn.max(Lsn::FIRST), detail)
}

#[cfg(test)]
pub(crate) mod tests;
