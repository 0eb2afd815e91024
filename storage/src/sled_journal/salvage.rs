//! The readable frames of a damaged log, for repairs.
//!
//! A copy of each database is opened, and its frames are handed over one by one; unreadable ones
//! are reported and skipped. That a frame belongs to the chain is for the caller to check.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::commit_tail::TailContent;
use super::data_dir::DataDir;
use super::database::Database;
use super::read_only::{DatabaseCopy, EndMark, lock};
use super::watch::Watch;
use super::{Options, clean_marker, databases, panics};
use crate::chain::check_at;
use crate::{Damage, DamageKind, JournalError, LogId, Lsn, StoredFrame};

/// The most frames that wait for the caller.
const FRAMES_WAITING_MAX: usize = 64;

/// The most unreadable places after which a database is given up.
const DAMAGES_MAX: usize = 1_000;

/// The content of the small files in the directory of a log.
#[derive(Debug)]
pub(crate) struct LogMarks {
    /// The id of the log, if a file has it.
    pub(crate) log_id: Option<LogId>,
    /// The end that was acknowledged.
    pub(crate) high_water: Option<EndMark>,
    /// The end at which the log was closed.
    pub(crate) closed_at: Option<EndMark>,
    /// The damage of the files.
    pub(crate) problems: Vec<Damage>,
    /// Keeps writers from opening the log meanwhile.
    _lock: Option<File>,
}

/// Reads the small files.
pub(crate) fn read_marks(dir: &Path) -> Result<LogMarks, JournalError> {
    panics::silence_sled();
    let dir = DataDir::new(dir);
    let lock = lock(&dir)?;
    let mut problems = Vec::new();
    let identity = match dir.read_identity() {
        Ok(Some(identity)) => Some(identity),
        Ok(None) => {
            problems.push(Damage::new(DamageKind::Identity, Lsn::FIRST, "the file FORMAT is gone"));
            None
        }
        Err(JournalError::Damaged(damage)) => {
            problems.push(damage);
            None
        }
        Err(error) => return Err(error),
    };
    let newest = match dir.read_tail(identity) {
        Ok(tail) => Some(tail.newest),
        Err(JournalError::Damaged(damage)) => {
            problems.push(damage);
            None
        }
        Err(error) => return Err(error),
    };
    let closed_at = clean_marker::read(&dir)?;
    let log_id = identity.map(|identity| identity.log_id);
    let log_id = log_id.or(newest.map(|mark| mark.log_id)).or(closed_at.map(|it| it.log_id));
    let ours = |mark: &super::Mark| Some(mark.log_id) == log_id;
    if newest.is_some_and(|mark| !ours(&mark)) {
        let detail = "the marks are of another log than the file FORMAT";
        problems.push(Damage::new(DamageKind::HighWater, Lsn::FIRST, detail));
    }
    Ok(LogMarks {
        log_id,
        high_water: newest.filter(ours).map(EndMark::from),
        closed_at: closed_at.filter(ours).map(EndMark::from),
        problems,
        _lock: lock,
    })
}

/// A directory with databases that may have frames, or the commit tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The directory, or the file of the tail.
    pub(crate) path: PathBuf,
    /// Whether it is opened without sled's snapshots, which sled does not need.
    pub(crate) without_snapshots: bool,
    /// Whether it is the first source, which is always opened.
    pub(crate) is_first: bool,
}

/// Returns whether a directory has a database of its log.
pub(crate) fn has_database(dir: &Path) -> bool {
    databases::list(&DataDir::new(dir).log()).is_ok_and(|all| !all.is_empty())
}

/// Returns the directories with databases, the most likely one first, and the commit tail.
pub(crate) fn sources(dir: &Path) -> Vec<Source> {
    let dir = DataDir::new(dir);
    let mut sources = Vec::new();
    for path in [dir.log(), dir.kept_copy(), dir.restored_copy(), dir.fleeting_copy()] {
        if databases::list(&path).is_ok_and(|all| all.is_empty()) {
            continue;
        }
        let has_snapshots = databases::snapshots(&path).is_ok_and(|all| !all.is_empty());
        let is_first = sources.is_empty();
        sources.push(Source { path: path.clone(), without_snapshots: false, is_first });
        if has_snapshots {
            sources.push(Source { path, without_snapshots: true, is_first: false });
        }
    }
    if dir.tail().exists() {
        sources.push(Source { path: dir.tail(), without_snapshots: false, is_first: false });
    }
    debug_assert!(sources.iter().filter(|it| it.is_first).count() <= 1, "one source is the first");
    sources
}

/// The frames of a source, in order.
#[derive(Debug)]
pub(crate) struct Frames {
    messages: Receiver<Message>,
    watch: Watch,
    next: Option<StoredFrame>,
    is_over: bool,
    /// The damage so far.
    pub(crate) problems: Vec<Damage>,
    /// Removed when this is dropped, even if the thread hangs. The tail is read where it is.
    _copy: Option<DatabaseCopy>,
}

#[derive(Debug)]
enum Message {
    Frame(StoredFrame),
    Damage(Damage),
    Failed(JournalError),
    End,
}

impl Frames {
    /// Copies the databases of a source to `scratch` and starts to read the copy.
    pub(crate) fn open(source: &Source, scratch: Option<&Path>) -> Result<Self, JournalError> {
        let is_tail = source.path.is_file();
        let copy = if is_tail { None } else { Some(DatabaseCopy::of(&source.path, scratch)?) };
        let path = copy.as_ref().map_or_else(|| source.path.clone(), DatabaseCopy::log);
        if source.without_snapshots {
            databases::remove_snapshots(&path)?;
        }
        let watch = Watch::start(&path);
        let (sender, messages) = sync_channel(FRAMES_WAITING_MAX);
        let read = move || {
            let read = if is_tail { read_tail(&path, &sender) } else { read_all(&path, &sender) };
            let last = read.err().map_or(Message::End, Message::Failed);
            let _ = sender.send(last);
        };
        thread::Builder::new()
            .name("log-salvage".into())
            .spawn(read)
            .map_err(|error| JournalError::io("starting a thread", &error))?;
        let (next, is_over, problems) = (None, false, Vec::new());
        Ok(Self { messages, watch, next, is_over, problems, _copy: copy })
    }

    /// Returns the frame that starts at `lsn`, if it can be read. Frames before it are skipped.
    pub(crate) fn at(&mut self, lsn: Lsn) -> Result<Option<StoredFrame>, JournalError> {
        loop {
            match self.next.take().filter(|frame| frame.first_lsn() >= lsn) {
                Some(frame) if frame.first_lsn() == lsn => return Ok(Some(frame)),
                Some(later) => {
                    self.next = Some(later);
                    return Ok(None);
                }
                None => self.next = self.receive()?,
            }
            if self.next.is_none() {
                return Ok(None);
            }
        }
    }

    /// Returns the next frame, wherever it starts.
    pub(crate) fn next(&mut self) -> Result<Option<StoredFrame>, JournalError> {
        match self.next.take() {
            Some(frame) => Ok(Some(frame)),
            None => self.receive(),
        }
    }

    /// Receives the next frame, and notes damage before it; `None` at the end.
    fn receive(&mut self) -> Result<Option<StoredFrame>, JournalError> {
        while !self.is_over {
            match self.watch.receive(&self.messages) {
                Ok(Message::Frame(frame)) => return Ok(Some(frame)),
                Ok(Message::Damage(damage)) => self.problems.push(damage),
                Ok(Message::End) => self.is_over = true,
                // The thread hangs or has ended.
                Err(JournalError::Damaged(damage)) => {
                    self.problems.push(damage);
                    self.is_over = true;
                }
                Ok(Message::Failed(error)) | Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// Sends every readable frame of the commit tail, whose damage `read_marks` has named.
fn read_tail(path: &Path, sender: &SyncSender<Message>) -> Result<(), JournalError> {
    let frames = match TailContent::read(path) {
        Ok(tail) => tail.salvage(),
        Err(JournalError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    // Until the caller has stopped.
    frames.into_iter().map(Message::Frame).all(|frame| sender.send(frame).is_ok());
    Ok(())
}

/// Sends every readable frame, of one database after the other.
fn read_all(log: &Path, sender: &SyncSender<Message>) -> Result<(), JournalError> {
    for place in databases::list(log)? {
        match read(&place.dir, sender) {
            Err(JournalError::Damaged(damage)) => {
                let _ = sender.send(Message::Damage(damage));
            }
            read => read?,
        }
    }
    Ok(())
}

/// Sends every readable frame of a database, with ever larger leaps over unreadable pages.
fn read(dir: &Path, sender: &SyncSender<Message>) -> Result<(), JournalError> {
    let store = Database::open(dir, Options::default().cache_bytes)?;
    let (mut from, mut leap, mut damages) = (Lsn::ZERO, 1, 0);
    'again: loop {
        for stored in store.range(from) {
            let message = match stored {
                Ok((key, bytes)) => {
                    (from, leap) = (key.next(), 1);
                    match check_at(key, bytes.to_vec()) {
                        Ok(frame) => Message::Frame(frame),
                        Err(JournalError::Damaged(damage)) => Message::Damage(damage),
                        Err(error) => return Err(error),
                    }
                }
                Err(JournalError::Damaged(damage)) => {
                    damages += 1;
                    // A page that cannot be read has some keys; where it ends is not known.
                    assert!(leap > 0, "each attempt starts further on, so they end");
                    let Some(next) = from.0.checked_add(leap) else { return Ok(()) };
                    (from, leap) = (Lsn(next), leap.saturating_mul(2));
                    let is_gone = sender.send(Message::Damage(damage)).is_err();
                    if is_gone || damages > DAMAGES_MAX {
                        return Ok(());
                    }
                    continue 'again;
                }
                Err(error) => return Err(error),
            };
            if sender.send(message).is_err() {
                return Ok(());
            }
        }
        return store.stop();
    }
}
