//! A log in memory, on a simulated disk that can lose power.
//!
//! It serves simulations with thousands of seeds: written frames wait for the sync, a crash drops
//! those that wait, and the next opening verifies the same frames as on a real disk. Nothing here
//! is random, so one seed gives one run.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::chain::{Chain, ChainFollower, decode_at};
use crate::journal::{FrameIter, check_sequence};
use crate::{
    Batch, DamageKind, Epoch, Journal, JournalError, JournalReader, LogId, Lsn, StoredFrame,
};

/// A disk in memory. Clones are the same disk; it outlives the journals opened on it.
#[derive(Clone, Debug)]
pub struct MemoryDisk {
    state: Arc<Mutex<DiskState>>,
}

#[derive(Debug)]
struct DiskState {
    log_id: LogId,
    /// Frames that survive a crash, by first position, in order.
    durable: Vec<StoredBatch>,
    /// Frames that are written and not yet synced.
    pending: Vec<StoredBatch>,
    end: Lsn,
    epoch: Epoch,
    /// Raised by each opening and each crash; a journal of an earlier one is dead.
    generation: u64,
    sync_fails: bool,
}

/// The bytes of a frame as they lie on the disk, and where it starts.
#[derive(Clone, Debug)]
struct StoredBatch {
    first_lsn: Lsn,
    bytes: Arc<[u8]>,
}

impl Default for MemoryDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryDisk {
    /// Creates an empty disk. Its log id is always the same, so that runs can be repeated.
    pub fn new() -> Self {
        Self::with_log_id(LogId(*b"a log in memory."))
    }

    /// Creates an empty disk for the log `log_id`.
    pub fn with_log_id(log_id: LogId) -> Self {
        let state = DiskState {
            log_id,
            durable: Vec::new(),
            pending: Vec::new(),
            end: Lsn::ZERO,
            epoch: Epoch(0),
            generation: 0,
            sync_fails: false,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Cuts the power: frames that wait for their sync are gone, and open journals are dead.
    pub fn crash(&self) {
        self.crash_keeping(0);
    }

    /// Cuts the power when the disk had already stored the first `batches` of those that wait for
    /// their sync, as a real disk may.
    pub fn crash_keeping(&self, batches: usize) {
        let mut state = self.state.lock();
        state.pending.truncate(batches);
        state.make_durable();
        assert!(state.pending.is_empty(), "after a power cut no frame waits for its sync");
        state.generation += 1;
        state.sync_fails = false;
    }

    /// Fails every sync until the next crash; the batches of the failed groups stay waiting.
    pub fn fail_syncs(&self) {
        self.state.lock().sync_fails = true;
    }

    /// Returns the number of durable batches.
    pub fn batches_count(&self) -> usize {
        self.state.lock().durable.len()
    }

    /// Flips one bit of a durable batch, for tests of what damage does. `batch` counts from 0;
    /// `bit` wraps around the length of its frame.
    pub fn flip_bit(&self, batch: usize, bit: usize) {
        let mut state = self.state.lock();
        assert!(batch < state.durable.len(), "only a durable batch can be damaged");
        let stored = &mut state.durable[batch];
        let mut bytes = stored.bytes.to_vec();
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        stored.bytes = bytes.into();
    }
}

impl DiskState {
    fn make_durable(&mut self) {
        let last = self.durable.last().map(|stored| stored.first_lsn);
        let next = self.pending.first().map(|stored| stored.first_lsn);
        assert!(next.is_none() || last < next, "`index_of` finds batches by their order");
        self.durable.append(&mut self.pending);
    }

    /// Returns the index of the batch that holds `lsn`, which is durable.
    fn index_of(&self, lsn: Lsn) -> Option<usize> {
        if lsn > self.end || lsn < Lsn::FIRST {
            return None;
        }
        self.durable.partition_point(|stored| stored.first_lsn <= lsn).checked_sub(1)
    }
}

/// A log on a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryJournal {
    disk: MemoryDisk,
    chain: Chain,
    epoch: Epoch,
    generation: u64,
    poisoned: bool,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::open(&MemoryDisk::new()).expect("an empty disk has no damage")
    }
}

impl MemoryJournal {
    /// Opens the log on `disk` and verifies every frame. A journal that was open on it is dead.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if a frame is not what was written.
    pub fn open(disk: &MemoryDisk) -> Result<Self, JournalError> {
        let mut state = disk.state.lock();
        let mut chain = Chain::genesis(state.log_id);
        for stored in &state.durable {
            chain.decode_next(stored.first_lsn, stored.bytes.to_vec())?;
        }
        if chain.end() < state.end {
            let detail = format!("the log ends at record {}", chain.end());
            return Err(JournalError::damaged(DamageKind::Behind, chain.end().next(), detail));
        }
        state.pending.clear();
        state.end = chain.end();
        state.epoch = state.epoch.max(chain.epoch()).next();
        state.generation += 1;
        assert!(state.epoch > chain.epoch(), "each opening has an epoch of its own");
        let (epoch, generation) = (state.epoch, state.generation);
        Ok(Self { disk: disk.clone(), chain, epoch, generation, poisoned: false })
    }

    fn write_and_sync(&mut self, group: &[Batch]) -> Result<(), JournalError> {
        let mut state = self.disk.state.lock();
        if state.generation != self.generation {
            return Err(JournalError::Poisoned);
        }
        assert!(state.pending.is_empty(), "a failed sync poisons, so no earlier frame waits");
        for batch in group.iter().filter(|batch| !batch.is_empty()) {
            let bytes = self.chain.encode_next(self.epoch, batch).into();
            state.pending.push(StoredBatch { first_lsn: batch.first_lsn(), bytes });
        }
        if state.sync_fails {
            let error = std::io::Error::other("the sync failed");
            return Err(JournalError::io("syncing the log", &error));
        }
        state.make_durable();
        assert!(self.chain.end() >= state.end, "durable records stay durable");
        state.end = self.chain.end();
        Ok(())
    }
}

impl Journal for MemoryJournal {
    fn end(&self) -> Lsn {
        self.disk.state.lock().end
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn append(&mut self, group: &[Batch]) -> Result<Lsn, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        check_sequence(self.chain.end(), group)?;
        let written = self.write_and_sync(group);
        self.poisoned = written.is_err();
        written.map(|()| self.chain.end())
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::new(MemoryReader { disk: self.disk.clone(), generation: self.generation })
    }

    fn close(self: Box<Self>) -> Result<(), JournalError> {
        let mut state = self.disk.state.lock();
        if self.poisoned || state.generation != self.generation {
            return Err(JournalError::Poisoned);
        }
        state.generation += 1;
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryReader {
    disk: MemoryDisk,
    generation: u64,
}

impl MemoryReader {
    /// Returns the stored batch that holds `lsn`, and the log that it is of.
    fn stored_at(&self, lsn: Lsn) -> Result<Option<(LogId, StoredBatch)>, JournalError> {
        let state = self.disk.state.lock();
        if state.generation != self.generation {
            return Err(JournalError::Closed);
        }
        let stored = state.index_of(lsn).map(|index| state.durable[index].clone());
        Ok(stored.map(|stored| (state.log_id, stored)))
    }
}

impl JournalReader for MemoryReader {
    fn end(&self) -> Lsn {
        self.disk.state.lock().end
    }

    fn log_id(&self) -> LogId {
        self.disk.state.lock().log_id
    }

    fn frames(&self, from: Lsn) -> FrameIter<'_> {
        Box::new(MemoryFrames { reader: self, next: Some(from.max(Lsn::FIRST)), chain: None })
    }

    fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError> {
        let Some((_, stored)) = self.stored_at(lsn)? else { return Ok(None) };
        decode_at(stored.first_lsn, &stored.bytes).map(|frame| Some(frame.to_batch()))
    }
}

struct MemoryFrames<'a> {
    reader: &'a MemoryReader,
    /// Any position inside the next batch; nothing after an error.
    next: Option<Lsn>,
    chain: Option<ChainFollower>,
}

impl MemoryFrames<'_> {
    fn read_at(&mut self, lsn: Lsn) -> Result<Option<StoredFrame>, JournalError> {
        let Some((log_id, stored)) = self.reader.stored_at(lsn)? else { return Ok(None) };
        let chain = self.chain.get_or_insert_with(|| ChainFollower::new(log_id));
        chain.decode_next(stored.first_lsn, stored.bytes.to_vec()).map(Some)
    }
}

impl Iterator for MemoryFrames<'_> {
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

#[cfg(test)]
mod tests;
