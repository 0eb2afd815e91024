//! A database: sled with the settings and the sync that a log needs, and its failures as ours.
//!
//! One key per batch: its first position, big-endian so that order is preserved. The value is the
//! frame. Only `insert`, `flush`, `range` and `get_lt` are used; the rest of sled has surprises.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{databases, panics};
use crate::frame::FRAME_BYTES_MAX;
use crate::{DamageKind, JournalError, Lsn};

/// The bytes of a segment: so many that sled never puts a frame into a file of its own, unsynced.
/// sled fixes it when it creates a database; see FORMAT.md.
const SEGMENT_BYTES: usize = 8 << 20;

/// The bytes of frames between two syncs. sled writes over a segment when what replaces it is in a
/// full one and the next one is full, too; it writes at most four bytes for each of a frame. So
/// before a segment is written over, what replaces it has been synced, and a power cut costs at
/// most what the commit tail has.
const UNSYNCED_BYTES_MAX: usize = SEGMENT_BYTES / 8;

/// sled's own flusher reuses space; durability does not depend on it.
const FLUSH_EVERY_MS: u64 = 1_000;

/// The longest time that a database may take to stop.
const STOP_MAX: Duration = Duration::from_secs(30);

/// The longest time that a stopped database may keep its lock, and the pause between two attempts.
const LET_GO_MAX: Duration = Duration::from_secs(10);
const LET_GO_LOOK_EVERY: Duration = Duration::from_millis(5);

// A stopped database is waited for by many attempts, not by one.
const _: () = assert!(LET_GO_LOOK_EVERY.as_millis() * 100 < LET_GO_MAX.as_millis());
// A segment holds many frames of any length.
const _: () = assert!(SEGMENT_BYTES > 16 * FRAME_BYTES_MAX);

/// An open database, and our own handle on its file.
#[derive(Debug)]
pub(super) struct Database {
    db: sled::Db,
    file: File,
    unsynced_bytes: AtomicUsize,
    /// The first failure of a sync, after which nobody knows what is on disk. Locked by each sync:
    /// the system tells a failure to one of them only.
    failed: Mutex<Option<JournalError>>,
}

/// The first record and the bytes of a stored batch.
pub(super) type StoredEntry = (Lsn, sled::IVec);

impl Database {
    /// Opens or creates the database in `dir`. sled recovers it, which may destroy what it cannot
    /// read.
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, JournalError> {
        let config = sled::Config::new()
            .path(dir)
            .mode(sled::Mode::HighThroughput)
            .cache_capacity(cache_bytes)
            .segment_size(SEGMENT_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MS))
            .use_compression(false);
        let begun = Instant::now();
        // We hold the lock of the log, so sled's lock is held by a database that we have stopped,
        // and whose thread has not released it yet.
        let db = loop {
            match panics::contain(|| config.open()) {
                Ok(Err(sled::Error::Io(error)))
                    if is_locked(&error) && begun.elapsed() < LET_GO_MAX =>
                {
                    thread::sleep(LET_GO_LOOK_EVERY);
                }
                opened => break contained(Lsn::FIRST, "opening the database", opened)?,
            }
        };
        let path = databases::file_in(dir);
        let file = File::options().write(true).open(&path);
        let file = file.map_err(|error| JournalError::file("opening", &path, &error))?;
        Ok(Self { db, file, unsynced_bytes: AtomicUsize::new(0), failed: Mutex::new(None) })
    }

    /// Writes a batch; durable after the next [`Database::sync`]. Now and then it syncs itself.
    pub(super) fn insert(&self, first_lsn: Lsn, frame: Vec<u8>) -> Result<(), JournalError> {
        assert!(frame.len() <= FRAME_BYTES_MAX, "sled would not sync a longer one with the rest");
        let frame_bytes = frame.len();
        let before = contain(first_lsn, "writing a batch", || {
            self.db.insert(first_lsn.0.to_be_bytes(), frame)
        })?;
        assert!(before.is_none(), "a batch that overwrites another one would break the chain");
        let before = self.unsynced_bytes.fetch_add(frame_bytes, Ordering::Relaxed);
        if before + frame_bytes < UNSYNCED_BYTES_MAX { Ok(()) } else { self.sync(first_lsn) }
    }

    /// Makes the bytes of a stored batch other than they were.
    #[cfg(test)]
    pub(super) fn harm(&self, first_lsn: Lsn) {
        let key = first_lsn.0.to_be_bytes();
        let mut frame = self.db.get(key).unwrap().unwrap().to_vec();
        frame[100] ^= 1;
        self.db.insert(key, frame).unwrap();
    }

    /// Waits until the disk has all that was inserted; `end` is its last record. After a failure
    /// every call fails.
    pub(super) fn sync(&self, end: Lsn) -> Result<(), JournalError> {
        let mut failed = self.failed.lock();
        if let Some(error) = &*failed {
            return Err(error.clone());
        }
        self.unsynced_bytes.store(0, Ordering::Relaxed);
        let synced = contain(end, "handing batches to the system", || self.db.flush());
        let synced = synced.and_then(|_| {
            self.file.sync_data().map_err(|error| JournalError::io("syncing the log", &error))
        });
        *failed = synced.clone().err();
        synced
    }

    /// Stops the database. sled waits forever for its own thread if that has panicked, so it is
    /// given up after a while.
    pub(super) fn stop(self) -> Result<(), JournalError> {
        let (report, stopped) = mpsc::sync_channel(1);
        let stop = move || {
            let dropped = panics::contain(|| drop(self));
            let _ = report.send(dropped);
        };
        let failed = |detail: &str| {
            JournalError::io("stopping the database", &std::io::Error::other(detail))
        };
        let thread = thread::Builder::new().name("log-stop".into()).spawn(stop);
        thread.map_err(|error| JournalError::io("stopping the database", &error))?;
        match stopped.recv_timeout(STOP_MAX) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(failed(&message)),
            Err(_) => Err(failed("it does not stop")),
        }
    }

    /// Returns the stored batches that start at `from` or later, in order.
    pub(super) fn range(&self, from: Lsn) -> StoredIter {
        StoredIter { iter: self.db.range(from.0.to_be_bytes()..), next_lsn: from }
    }

    /// Returns the bytes of its file. It grows by whole segments, and may lack the latest writes.
    pub(super) fn file_bytes(&self) -> Result<u64, JournalError> {
        let metadata = self.file.metadata();
        metadata.map(|it| it.len()).map_err(|error| JournalError::io("looking at the log", &error))
    }

    /// Returns the stored batch that starts at `lsn` or, if none does, the last that starts before
    /// it.
    pub(super) fn at_or_before(&self, lsn: Lsn) -> Result<Option<StoredEntry>, JournalError> {
        let after = lsn.next().0.to_be_bytes();
        let found = contain(lsn, "reading a batch", || self.db.get_lt(after))?;
        found.map(|(key, value)| Ok((parse_key(lsn, &key)?, value))).transpose()
    }
}

/// An iterator over batches as sled has them; made by [`Database::range`].
pub(super) struct StoredIter {
    iter: sled::Iter,
    /// The expected start of the next batch, which names the loss if it cannot be read.
    next_lsn: Lsn,
}

impl Iterator for StoredIter {
    type Item = Result<StoredEntry, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let lsn = self.next_lsn;
        let found = contain(lsn, "reading a batch", || self.iter.next().transpose());
        let stored = found.transpose()?.and_then(|(key, value)| {
            let key = parse_key(lsn, &key)?;
            self.next_lsn = key.next();
            Ok((key, value))
        });
        Some(stored)
    }
}

/// Returns the position in a key; a key of another length is damage near `near`.
fn parse_key(near: Lsn, key: &[u8]) -> Result<Lsn, JournalError> {
    let key = key.try_into().map(u64::from_be_bytes).map(Lsn);
    key.map_err(|_| {
        JournalError::damaged(DamageKind::Store, near, "the database holds a key of another kind")
    })
}

/// Runs a step of sled. Panics and errors about its bytes become damage at `lsn`.
fn contain<T>(
    lsn: Lsn,
    doing: &str,
    step: impl FnOnce() -> sled::Result<T>,
) -> Result<T, JournalError> {
    contained(lsn, doing, panics::contain(step))
}

/// Turns the outcome of a step of sled into ours.
fn contained<T>(
    lsn: Lsn,
    doing: &str,
    done: Result<sled::Result<T>, String>,
) -> Result<T, JournalError> {
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(from_sled(lsn, doing, &error)),
        Err(message) if is_of_memory(&message) => {
            Err(JournalError::io(doing, &std::io::ErrorKind::OutOfMemory.into()))
        }
        Err(message) => {
            let detail = format!("{doing} broke off ({message})");
            Err(JournalError::damaged(DamageKind::Store, lsn, detail))
        }
    }
}

/// Returns whether sled broke off because the system gave it no memory, or no thread. sled gives
/// only a text.
fn is_of_memory(message: &str) -> bool {
    let signs = ["Cannot allocate memory", "OutOfMemory", "out of memory", "WouldBlock"];
    signs.iter().any(|sign| message.contains(sign))
}

/// Returns whether sled failed because another database has its lock. sled gives only a text.
fn is_locked(error: &std::io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// Turns an error of sled into ours: about bytes into damage at `lsn`, about the system into Io.
fn from_sled(lsn: Lsn, doing: &str, error: &sled::Error) -> JournalError {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    let damaged = |detail: String| {
        JournalError::damaged(DamageKind::Store, lsn, format!("{doing} failed: {detail}"))
    };
    match error {
        sled::Error::Io(io) if is_locked(io) => JournalError::io(doing, io),
        // sled reports bad bytes as errors of reading, too; the system's own are none of these.
        sled::Error::Io(io)
            if matches!(io.kind(), InvalidData | InvalidInput | UnexpectedEof | Other) =>
        {
            damaged(io.to_string())
        }
        sled::Error::Io(io) => JournalError::io(doing, io),
        sled::Error::Corruption { at: Some(at), .. } => damaged(format!("bad bytes at {at}")),
        sled::Error::Corruption { at: None, .. } => damaged("bad bytes".to_owned()),
        sled::Error::Unsupported(why) | sled::Error::ReportableBug(why) => damaged(why.clone()),
        sled::Error::CollectionNotFound(_) => damaged("a collection is missing".to_owned()),
    }
}
