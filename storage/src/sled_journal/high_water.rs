//! The high-water mark: how far the log was acknowledged, kept where sled cannot lose it.
//!
//! Two slots of one sector-aligned page each are written in turn, so a torn write costs the newer
//! mark and never both. A helper thread writes them, so that the sync of a mark and the sync of the
//! next group run side by side.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::mark::{MARK_BYTES, Mark};
use crate::files;
use crate::{DamageKind, JournalError, LogId, Lsn};

/// Bytes from one slot to the next.
const SLOT_BYTES: usize = 4_096;
const SLOTS_COUNT: usize = 2;
const FILE_BYTES: usize = SLOT_BYTES * SLOTS_COUNT;
const MAGIC: [u8; 4] = *b"KHWM";

const _: () = assert!(MARK_BYTES <= SLOT_BYTES);
// A write that a power cut tears leaves the mark in the other slot.
const _: () = assert!(SLOTS_COUNT >= 2);

/// The file with the two slots.
#[derive(Debug)]
pub(super) struct HighWaterFile {
    file: File,
    path: PathBuf,
    newest: Mark,
    /// The slot that the next mark goes to: not that of the newest.
    next_slot: usize,
}

impl HighWaterFile {
    /// Makes the file of a new log. Durable when its directory is synced.
    pub(super) fn create(path: &Path, log_id: LogId) -> Result<(), JournalError> {
        let mark = Mark::genesis(log_id).encode(MAGIC);
        let mut bytes = vec![0; FILE_BYTES];
        for slot in bytes.chunks_exact_mut(SLOT_BYTES) {
            slot[..MARK_BYTES].copy_from_slice(&mark);
        }
        debug_assert!(
            (0..SLOTS_COUNT).all(|slot| read_slot(&bytes, slot).is_some()),
            "a new log can lose one slot like any other"
        );
        files::write_durably(path, &bytes)
    }

    /// Opens the file and finds the newest mark. One unreadable slot is what a power cut may leave.
    pub(super) fn open(path: &Path, log_id: LogId) -> Result<Self, JournalError> {
        let (newest_slot, newest) = newest_in(path)?;
        if newest.log_id != log_id {
            let detail = format!("the marks are of log {} and this is {log_id}", newest.log_id);
            return Err(damaged(detail));
        }
        let file = OpenOptions::new().write(true).open(path);
        let file = file.map_err(|error| JournalError::file("opening", path, &error))?;
        let next_slot = (newest_slot + 1) % SLOTS_COUNT;
        assert_ne!(next_slot, newest_slot, "a torn write must not destroy the newest mark");
        Ok(Self { file, path: path.to_owned(), newest, next_slot })
    }

    /// Returns the newest durable mark.
    pub(super) fn newest(&self) -> Mark {
        self.newest
    }

    /// Writes a mark and waits for the disk.
    pub(super) fn write(&mut self, mark: Mark) -> Result<(), JournalError> {
        assert!(mark.epoch >= self.newest.epoch, "epochs never fall");
        assert!(mark.end >= self.newest.end, "what was acknowledged stays so");
        let offset = (self.next_slot * SLOT_BYTES) as u64;
        self.file
            .write_all_at(&mark.encode(MAGIC), offset)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| JournalError::file("writing", &self.path, &error))?;
        self.newest = mark;
        self.next_slot = (self.next_slot + 1) % SLOTS_COUNT;

        Ok(())
    }
}

/// Returns the newest mark in the file at `path`, of whichever log, and its slot.
pub(super) fn newest_in(path: &Path) -> Result<(usize, Mark), JournalError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(damaged("the file high-water is missing".to_owned()));
        }
        Err(error) => return Err(JournalError::file("reading", path, &error)),
    };
    (0..SLOTS_COUNT)
        .filter_map(|slot| Some((slot, read_slot(&bytes, slot)?)))
        .max_by_key(|(_, mark)| (mark.epoch, mark.end))
        .ok_or_else(|| damaged(format!("bytes 0..{FILE_BYTES} hold no readable mark")))
}

fn damaged(detail: String) -> JournalError {
    JournalError::damaged(DamageKind::HighWater, Lsn::FIRST, detail)
}

fn read_slot(bytes: &[u8], slot: usize) -> Option<Mark> {
    let start = slot * SLOT_BYTES;
    let bytes = bytes.get(start..start + MARK_BYTES)?;
    Mark::decode(MAGIC, bytes.try_into().ok()?)
}

/// Writes marks on a thread of its own, one at a time.
#[derive(Debug)]
pub(super) struct HighWater {
    /// `None` while it is being dropped.
    marks: Option<SyncSender<Mark>>,
    written: Receiver<Result<(), JournalError>>,
    is_writing: bool,
    /// `None` once it has been waited for.
    thread: Option<JoinHandle<()>>,
}

impl HighWater {
    /// Starts the thread. It ends when this value is dropped, after the mark that it is writing.
    /// `marked` follows the end that a durable mark is at.
    pub(super) fn start(
        mut file: HighWaterFile,
        marked: Arc<AtomicU64>,
    ) -> Result<Self, JournalError> {
        let (marks, to_write) = sync_channel::<Mark>(1);
        let (report, written) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("high-water".into())
            .spawn(move || {
                for mark in to_write {
                    let written = file.write(mark);
                    if written.is_ok() {
                        marked.store(mark.end.0, Ordering::Release);
                    }
                    if report.send(written).is_err() {
                        return;
                    }
                }
            })
            .map_err(|error| JournalError::io("starting the high-water thread", &error))?;
        Ok(Self { marks: Some(marks), written, is_writing: false, thread: Some(thread) })
    }

    /// Starts to write a mark. The one before must have been waited for.
    pub(super) fn start_write(&mut self, mark: Mark) {
        assert!(!self.is_writing, "marks are written one at a time");
        self.is_writing = true;
        // A dead thread shows in `wait`.
        let _ = self.marks.as_ref().map(|marks| marks.send(mark));
    }

    /// Waits until the mark that was started last is durable.
    pub(super) fn wait(&mut self) -> Result<(), JournalError> {
        if !self.is_writing {
            return Ok(());
        }
        let written = self.written.recv().unwrap_or_else(|_| {
            let error = std::io::Error::other("the thread has ended");
            Err(JournalError::io("writing the high-water mark", &error))
        });
        // After a failure the mark on disk is not known: this stays "writing" and fails again.
        self.is_writing = written.is_err();
        written
    }
}

impl Drop for HighWater {
    /// Waits for the thread, so that it never writes into a file that has been opened again.
    fn drop(&mut self) {
        self.marks = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests;
