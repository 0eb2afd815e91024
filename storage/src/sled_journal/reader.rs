//! Reading while the writer appends: what the journal and its readers share.
//!
//! Readers take the store for one step at a time and keep nothing of it, so the journal can close
//! under them; they bound every step by the durable end, so they never see what is not synced.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};

use super::store::{Store, Stored};
use crate::chain::{Following, decode_at};
use crate::journal::FrameIter;
use crate::{Batch, DamageKind, JournalError, JournalReader, LogId, Lsn, StoredFrame};

/// How many batches a reader takes from the store at a time: about 1.4 MiB of full ones.
const BATCHES_PER_STEP: usize = 16;

/// The store, its durable end, and whether it is still open.
#[derive(Debug)]
pub(super) struct Shared {
    log_id: LogId,
    end: AtomicU64,
    store: RwLock<Option<Store>>,
}

impl Shared {
    pub(super) fn new(log_id: LogId, store: Store, end: Lsn) -> Self {
        Self { log_id, end: AtomicU64::new(end.0), store: RwLock::new(Some(store)) }
    }

    /// Lets readers see up to `end`, which is durable.
    pub(super) fn publish(&self, end: Lsn) {
        let before = self.end.swap(end.0, Ordering::Release);
        assert!(before <= end.0, "what is durable stays so");
    }

    /// The store, while it is open.
    pub(super) fn store(&self) -> Result<MappedRwLockReadGuard<'_, Store>, JournalError> {
        RwLockReadGuard::try_map(self.store.read(), Option::as_ref)
            .map_err(|_| JournalError::Closed)
    }

    /// Stops the store once readers have finished their step. They fail from now on.
    pub(super) fn shut(&self) -> Result<(), JournalError> {
        let store = self.store.write().take();
        store.map_or(Ok(()), Store::stop)
    }

    /// The next few stored batches from the one that holds `from`, up to the durable end.
    fn step(&self, from: Lsn) -> Result<VecDeque<Stored>, JournalError> {
        let end = self.end();
        if from > end {
            return Ok(VecDeque::new());
        }
        let store = self.store()?;
        let Some((first_lsn, _)) = store.at_or_before(from)? else {
            return Err(missing(from));
        };
        store
            .range(first_lsn)
            .take_while(|stored| {
                stored.as_ref().is_ok_and(|(key, _)| *key <= end) || stored.is_err()
            })
            .take(BATCHES_PER_STEP)
            .collect()
    }
}

impl JournalReader for Shared {
    fn end(&self) -> Lsn {
        Lsn(self.end.load(Ordering::Acquire))
    }

    fn log_id(&self) -> LogId {
        self.log_id
    }

    fn frames(&self, from: Lsn) -> FrameIter<'_> {
        let next = Some(from.max(Lsn::FIRST));
        Box::new(Frames {
            shared: self,
            next,
            chain: Following::new(self.log_id),
            fetched: VecDeque::new(),
        })
    }

    fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError> {
        if lsn < Lsn::FIRST || lsn > self.end() {
            return Ok(None);
        }
        let stored = self.store()?.at_or_before(lsn)?;
        let (key, bytes) = stored.ok_or_else(|| missing(lsn))?;
        let frame = decode_at(key, &bytes)?;
        if frame.header.log_id != self.log_id {
            let detail = format!("the batch is of log {}", frame.header.log_id);
            return Err(JournalError::damaged(DamageKind::Chain, lsn, detail));
        }
        if frame.header.last_lsn() < lsn {
            return Err(missing(lsn));
        }
        Ok(Some(frame.to_batch()))
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
    chain: Following,
    fetched: VecDeque<Stored>,
}

impl Frames<'_> {
    fn read_at(&mut self, lsn: Lsn) -> Result<Option<StoredFrame>, JournalError> {
        if self.fetched.is_empty() {
            self.fetched = self.shared.step(lsn)?;
        }
        let Some((key, bytes)) = self.fetched.pop_front() else { return Ok(None) };
        let frame = self.chain.decode_next(key, bytes.to_vec())?;
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
