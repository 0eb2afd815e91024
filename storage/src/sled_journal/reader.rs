//! Reading while the writer appends: what the journal and its readers share.
//!
//! Readers take the store for one step at a time and keep nothing of it, so the journal can close
//! under them; they bound every step by the durable end, so they never see what is not synced. What
//! the store no longer has is read from the archive, also if it goes while somebody reads it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};

use super::database::StoredEntry;
use super::store::Store;
use crate::archive::{Archive, Cursor, until_error};
use crate::chain::{ChainFollower, decode_at};
use crate::journal::{self, FrameIter};
use crate::{
    Batch, DamageKind, Indexer, JournalError, JournalReader, Label, LogId, Lsn, StoredFrame,
};

/// How many batches a reader takes from the store at a time: about 1.4 MiB of full ones.
const BATCHES_PER_STEP: usize = 16;

/// The store, its durable end, what came before it, and whether it is still open.
#[derive(Debug)]
pub(super) struct Shared {
    archive: Arc<Archive>,
    end: AtomicU64,
    /// The end that a durable high-water mark is at, or an earlier one.
    marked: Arc<AtomicU64>,
    store: RwLock<Option<Store>>,
}

impl Shared {
    /// Of a log that ends at `end`, and whose high-water mark is durable there.
    pub(super) fn new(archive: Arc<Archive>, store: Store, end: Lsn) -> Self {
        let (marked, store) = (Arc::new(AtomicU64::new(end.0)), RwLock::new(Some(store)));
        Self { archive, end: AtomicU64::new(end.0), marked, store }
    }

    /// Lets readers see up to `end`, which is durable.
    pub(super) fn publish(&self, end: Lsn) {
        let before = self.end.swap(end.0, Ordering::Release);
        assert!(before <= end.0, "what is durable stays so");
    }

    /// For whoever writes high-water marks: the end that a durable one is at.
    pub(super) fn marked_end(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.marked)
    }

    /// Returns a record that is known to be covered by a durable high-water mark, with all before
    /// it.
    pub(super) fn marked(&self) -> Lsn {
        Lsn(self.marked.load(Ordering::Acquire))
    }

    /// What the store no longer has.
    pub(super) fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }

    /// Returns the store, while it is open.
    pub(super) fn store(&self) -> Result<MappedRwLockReadGuard<'_, Store>, JournalError> {
        RwLockReadGuard::try_map(self.store.read(), Option::as_ref)
            .map_err(|_| JournalError::Closed)
    }

    /// Changes what the store is made of, when nobody is at it.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Store) -> T,
    ) -> Result<T, JournalError> {
        self.store.write().as_mut().map(change).ok_or(JournalError::Closed)
    }

    /// Stops the store once readers have finished their step. They fail from now on.
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
        let first = store.first()?;
        Ok(ReadStep::Archived { through: first.map_or(end, Lsn::previous) })
    }

    /// Returns the last record that only the archive has.
    fn archived_only(&self) -> Result<Lsn, JournalError> {
        let first = self.store()?.first()?;
        Ok(first.map_or(self.end(), Lsn::previous))
    }
}

/// Where a reader goes on.
enum ReadStep {
    /// The log ends here.
    End,
    /// With these.
    Stored(VecDeque<StoredEntry>),
    /// With what the archive has, up to this record; the store has what comes then.
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
        let archived = self.archive.lsn_at(time_ms, indexer)?;
        if archived < through {
            return Ok(archived);
        }
        let stored = self.frames(through.next());
        journal::lsn_at(stored, time_ms, indexer).map(|lsn| lsn.unwrap_or(self.end()))
    }
}

fn missing(lsn: Lsn) -> JournalError {
    JournalError::damaged(DamageKind::Missing, lsn, "no stored batch holds it")
}

/// Verified frames in order; made by `frames`.
struct Frames<'a> {
    shared: &'a Shared,
    /// Any position inside the next batch; nothing after an error.
    next: Option<Lsn>,
    /// Where the frames so far end.
    chain: ChainFollower,
    fetched: VecDeque<StoredEntry>,
    /// A place in the archive, while it is read, and how far it is.
    archived: Option<(Cursor<'a>, Lsn)>,
}

impl Frames<'_> {
    fn read_at(&mut self, lsn: Lsn) -> Result<Option<StoredFrame>, JournalError> {
        self.archived.take_if(|(_, through)| lsn > *through);
        // What was fetched last may have a gap, if the log was trimmed at that moment.
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
            // The archive could be read, but who reads must know that the log is closed.
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
            // More may become durable; ask again then.
            Ok(None) => Some(lsn),
            Err(_) => None,
        };
        frame.transpose()
    }
}
