//! The state that a journal shares with its readers, which read while it appends.
//!
//! Readers borrow the store for one step at a time, so the journal can close meanwhile. They bound
//! every step by the durable end, so they never see a record that is not synced, and wait until the
//! settler has inserted all up to there. Records that were trimmed are read from the archive, even
//! if they are trimmed while they are read.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard};

use super::commit_tail::NewFrame;
use super::database::{Database, StoredEntry};
use super::databases::Place;
use super::store::Store;
use crate::archive::{Archive, Cursor, until_error};
use crate::chain::{ChainFollower, decode_at};
use crate::frame::FRAME_BYTES_MAX;
use crate::journal::{self, FrameIter};
use crate::{
    Batch, DamageKind, Indexer, JournalError, JournalReader, Label, LogId, Lsn, StoredFrame,
};

/// The batches that a reader takes from the store at a time: 1.4 MiB if all are full.
const BATCHES_PER_STEP: usize = 16;

const _: () = assert!(BATCHES_PER_STEP * FRAME_BYTES_MAX < 2 << 20);

/// The archive, the store while it is open, the durable end, and how far the store is behind it.
#[derive(Debug)]
pub(super) struct Shared {
    archive: Arc<Archive>,
    end: AtomicU64,
    store: RwLock<Option<Store>>,
    progress: Mutex<Progress>,
    /// Notified when the progress has changed.
    progressed: Condvar,
}

/// How far the store has what is durable in the commit tail.
#[derive(Debug)]
struct Progress {
    /// The last record that was inserted.
    inserted: Lsn,
    /// A record up to which the store has been synced.
    settled: Lsn,
    /// The first error, after which nothing is inserted any more.
    failed: Option<JournalError>,
}

impl Shared {
    /// Creates the state of a log that ends at `end` and is settled up to there.
    pub(super) fn new(archive: Arc<Archive>, store: Store, end: Lsn) -> Self {
        let progress = Mutex::new(Progress { inserted: end, settled: end, failed: None });
        let (store, end) = (RwLock::new(Some(store)), AtomicU64::new(end.0));
        Self { archive, end, store, progress, progressed: Condvar::new() }
    }

    /// Lets readers see up to `end`, which is durable.
    pub(super) fn publish(&self, end: Lsn) {
        let before = self.end.swap(end.0, Ordering::Release);
        assert!(before <= end.0, "readers have seen records up to the end of before");
    }

    /// Inserts the frames of a group that is durable and ends at `end`.
    pub(super) fn insert(&self, end: Lsn, frames: Vec<NewFrame>) -> Result<(), JournalError> {
        for (first_lsn, frame) in frames {
            self.borrowed()?.insert(first_lsn, frame)?;
        }
        let mut progress = self.progress.lock();
        assert!(progress.inserted < end, "groups are inserted in order");
        progress.inserted = end;
        self.progressed.notify_all();
        Ok(())
    }

    /// Syncs the store with all that is inserted. A failure is final.
    pub(super) fn settle(&self) -> Result<(), JournalError> {
        let inserted = self.progress.lock().inserted;
        let synced = self.borrowed().and_then(|store| store.sync(inserted.max(Lsn::FIRST)));
        if let Err(error) = &synced {
            self.fail(error.clone());
        } else {
            let mut progress = self.progress.lock();
            progress.settled = progress.settled.max(inserted);
        }
        synced
    }

    /// Waits until all up to `end` is settled.
    pub(super) fn settle_through(&self, end: Lsn) -> Result<(), JournalError> {
        self.wait_for(end)?;
        if self.settled() >= end { Ok(()) } else { self.settle() }
    }

    /// Returns a record up to which the databases have been synced.
    pub(super) fn settled(&self) -> Lsn {
        self.progress.lock().settled
    }

    /// Waits until all up to `end` is inserted.
    fn wait_for(&self, end: Lsn) -> Result<(), JournalError> {
        let mut progress = self.progress.lock();
        while progress.inserted < end {
            if let Some(error) = &progress.failed {
                return Err(error.clone());
            }
            self.progressed.wait(&mut progress);
        }
        Ok(())
    }

    /// Notes that the store cannot be written to or synced any more.
    pub(super) fn fail(&self, error: JournalError) {
        self.progress.lock().failed.get_or_insert(error);
        self.progressed.notify_all();
    }

    /// Returns the first error of inserting or syncing.
    pub(super) fn failure(&self) -> Result<(), JournalError> {
        self.progress.lock().failed.clone().map_or(Ok(()), Err)
    }

    /// Directs all later frames to `database`, once the one before has been synced for good.
    pub(super) fn go_on_in(&self, place: Place, database: Database) -> Result<(), JournalError> {
        // Most of it before readers have to wait.
        self.settle()?;
        let gone_on: Result<_, JournalError> = self.change(|store| {
            store.sync(Lsn::FIRST)?;
            store.go_on_in(place, database);
            Ok(())
        })?;
        if let Err(error) = &gone_on {
            self.fail(error.clone());
        }
        gone_on
    }

    /// Returns the archive, which has the records that were trimmed.
    pub(super) fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }

    /// Borrows the store, while it is open, once it has all that is durable now.
    pub(super) fn store(&self) -> Result<MappedRwLockReadGuard<'_, Store>, JournalError> {
        self.wait_for(self.end())?;
        self.borrowed()
    }

    fn borrowed(&self) -> Result<MappedRwLockReadGuard<'_, Store>, JournalError> {
        RwLockReadGuard::try_map(self.store.read(), Option::as_ref)
            .map_err(|_| JournalError::Closed)
    }

    /// Changes the databases of the store, once no reader has borrowed it.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Store) -> T,
    ) -> Result<T, JournalError> {
        self.store.write().as_mut().map(change).ok_or(JournalError::Closed)
    }

    /// Stops the store once readers have finished their step. Their later steps fail.
    pub(super) fn shut(&self) -> Result<(), JournalError> {
        let store = self.store.write().take();
        store.map_or(Ok(()), Store::stop)
    }

    /// Returns the next few stored batches from the one that holds `from`, up to the durable end.
    fn step(&self, from: Lsn) -> Result<ReadStep, JournalError> {
        let end = self.end();
        if from > end {
            return Ok(ReadStep::End);
        }
        let store = self.store()?;
        if let Some((first_lsn, _)) = store.at_or_before(from)? {
            let stored = store.range(first_lsn).take_while(|stored| {
                stored.as_ref().is_ok_and(|(key, _)| *key <= end) || stored.is_err()
            });
            let fetched: VecDeque<_> = stored.take(BATCHES_PER_STEP).collect::<Result<_, _>>()?;
            // It may have been trimmed meanwhile.
            if fetched.front().is_some_and(|(key, _)| *key <= from) {
                return Ok(ReadStep::Stored(fetched));
            }
        }
        // The record was trimmed, so the archive has it: records leave the store for no other
        // reason.
        let first = store.first()?;
        Ok(ReadStep::Archived { through: first.map_or(end, Lsn::previous) })
    }

    /// Returns the last record that only the archive has.
    fn archived_only(&self) -> Result<Lsn, JournalError> {
        let first = self.store()?.first()?;
        Ok(first.map_or(self.end(), Lsn::previous))
    }
}

/// The source of the next frames of a reader.
enum ReadStep {
    /// The log ends here.
    End,
    /// These stored batches.
    Stored(VecDeque<StoredEntry>),
    /// The archive, up to this record; the store has the records after it.
    Archived { through: Lsn },
}

impl JournalReader for Shared {
    fn end(&self) -> Lsn {
        Lsn(self.end.load(Ordering::Acquire))
    }

    fn log_id(&self) -> LogId {
        self.archive.log_id()
    }

    fn frames(&self, from: Lsn) -> FrameIter<'_> {
        let chain = ChainFollower::new(self.log_id());
        let (next, fetched, archived) = (Some(from.max(Lsn::FIRST)), VecDeque::new(), None);
        Box::new(Frames { shared: self, next, chain, fetched, archived })
    }

    fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError> {
        if lsn < Lsn::FIRST || lsn > self.end() {
            return Ok(None);
        }
        let stored = self.store()?.at_or_before(lsn)?;
        let Some((key, bytes)) = stored else {
            let archived = self.archive.batch_at(lsn)?;
            return archived.ok_or_else(|| missing(lsn)).map(Some);
        };
        let frame = decode_at(key, &bytes)?;
        if frame.header.log_id != self.log_id() {
            let detail = format!("the batch is of log {}", frame.header.log_id);
            return Err(JournalError::damaged(DamageKind::Chain, lsn, detail));
        }
        if frame.header.last_lsn() < lsn {
            return Err(missing(lsn));
        }
        Ok(Some(frame.to_batch()))
    }

    fn frames_with<'a>(
        &'a self,
        label: Label,
        from: Lsn,
        indexer: &'a dyn Indexer,
    ) -> FrameIter<'a> {
        let through = match self.archived_only() {
            Ok(through) => through,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        let is_before = move |frame: &Result<StoredFrame, _>| {
            frame.as_ref().map_or(true, |frame| frame.last_lsn() <= through)
        };
        let archived = (from <= through).then(|| self.archive.frames_with(label, from, indexer));
        let archived = archived.into_iter().flatten().take_while(is_before);
        let stored = self.frames(from.max(through.next()));
        Box::new(until_error(archived.chain(journal::frames_with(stored, label, indexer))))
    }

    fn lsn_at(&self, time_ms: i64, indexer: &dyn Indexer) -> Result<Lsn, JournalError> {
        let through = self.archived_only()?;
        let stored = self.frames(through.next());
        if let Some(lsn) = journal::lsn_at(stored, time_ms, Lsn(u64::MAX), indexer)? {
            return Ok(lsn);
        }
        let Some((first, last)) = self.archive.block_at(time_ms)? else { return Ok(Lsn::ZERO) };
        let lsn = journal::lsn_at(self.frames(first), time_ms, last, indexer)?;
        Ok(lsn.unwrap_or(Lsn::ZERO))
    }
}

/// Makes the error of a record that neither the store nor the archive has.
fn missing(lsn: Lsn) -> JournalError {
    JournalError::damaged(DamageKind::Missing, lsn, "no stored batch holds it")
}

/// An iterator over verified frames in order; made by `frames`.
struct Frames<'a> {
    shared: &'a Shared,
    /// Any position inside the next batch; nothing after an error.
    next: Option<Lsn>,
    /// The chain at the end of the frames so far.
    chain: ChainFollower,
    fetched: VecDeque<StoredEntry>,
    /// A cursor in the archive, and the last record to read with it; `None` while the store is
    /// read.
    archived: Option<(Cursor<'a>, Lsn)>,
}

impl Frames<'_> {
    /// Reads the frame that holds `lsn`, which is the next one.
    fn read_at(&mut self, lsn: Lsn) -> Result<Option<StoredFrame>, JournalError> {
        self.archived.take_if(|(_, through)| lsn > *through);
        // The fetched batches may have a gap, if the log was trimmed at that moment.
        let is_at_hand = self.fetched.front().is_some_and(|(key, _)| *key <= lsn);
        if self.archived.is_none() && !is_at_hand {
            match self.shared.step(lsn)? {
                ReadStep::End => return Ok(None),
                ReadStep::Stored(fetched) => self.fetched = fetched,
                ReadStep::Archived { through } => {
                    self.archived = Some((Cursor::new(&self.shared.archive, lsn), through));
                }
            }
        }
        let frame = if let Some((cursor, _)) = &mut self.archived {
            // The archive could be read on, but readers are promised to fail once the log is
            // closed.
            drop(self.shared.store()?);
            let frame = cursor.next_frame()?.ok_or_else(|| missing(lsn))?;
            self.chain.follow(&frame)?;
            frame
        } else {
            let (key, bytes) = self.fetched.pop_front().expect("it has just been fetched");
            self.chain.decode_next(key, bytes.to_vec())?
        };
        if frame.last_lsn() < lsn {
            return Err(missing(lsn));
        }
        Ok(Some(frame))
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<StoredFrame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let lsn = self.next.take()?;
        let frame = self.read_at(lsn);
        self.next = match &frame {
            Ok(Some(frame)) => Some(frame.last_lsn().next()),
            // More may become durable, and the next call reads it.
            Ok(None) => Some(lsn),
            Err(_) => None,
        };
        frame.transpose()
    }
}
