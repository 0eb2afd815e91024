//! The rule by which frames follow each other: same log, next number, next position, the hash of
//!
//! the frame before, and an epoch that is not less.
//!
//! One type serves both sides: the writer encodes the next frame with it, and a reader checks with
//! it that a frame follows. So a reader takes exactly what a writer writes.

use crate::frame::{self, Frame, FrameError, FrameHeader, Hash, LogId};
use crate::{Batch, ChainMark, Damage, DamageKind, Epoch, JournalError, Lsn, StoredFrame};

/// The end of a chain of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    log_id: LogId,
    epoch: Epoch,
    batch_number: u64,
    end: Lsn,
    hash: Hash,
}

impl Chain {
    /// Returns the chain of a log without a frame.
    pub(crate) fn genesis(log_id: LogId) -> Self {
        let hash = log_id.genesis_hash();
        Self { log_id, epoch: Epoch(0), batch_number: 0, end: Lsn::ZERO, hash }
    }

    /// Returns the chain right before the frame of `header`, trusting what it says of the one
    /// before.
    pub(crate) fn before(log_id: LogId, header: &FrameHeader) -> Self {
        let FrameHeader { epoch, batch_number, first_lsn, previous_hash, .. } = *header;
        // Pairs with `Frame::decode`, which refuses the number 0 and the position 0.
        debug_assert!(batch_number > 0 && first_lsn >= Lsn::FIRST, "frames count from 1");
        let (batch_number, end) = (batch_number - 1, first_lsn.previous());
        Self { log_id, epoch, batch_number, end, hash: previous_hash }
    }

    /// Returns the chain that continues after `mark`.
    pub(crate) fn after(mark: &ChainMark) -> Self {
        let ChainMark { log_id, epoch, batch_number, lsn, hash } = *mark;
        Self { log_id, epoch, batch_number, end: lsn, hash }
    }

    /// Returns the mark of its end.
    pub(crate) fn mark(&self) -> ChainMark {
        let Self { log_id, epoch, batch_number, end, hash } = *self;
        ChainMark { log_id, epoch, batch_number, lsn: end, hash }
    }

    /// Returns the position of the last record.
    pub(crate) fn end(&self) -> Lsn {
        self.end
    }

    /// Returns the hash of the last frame.
    pub(crate) fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns the epoch of the last frame.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Encodes the next frame and advances to it.
    pub(crate) fn encode_next(&mut self, epoch: Epoch, batch: &Batch) -> Vec<u8> {
        // Pairs with `follow`, which refuses what these rule out.
        assert_eq!(batch.first_lsn(), self.end.next(), "positions have no gaps");
        assert!(epoch >= self.epoch, "a reader refuses an epoch that falls");
        let header = FrameHeader {
            log_id: self.log_id,
            epoch,
            batch_number: self.batch_number + 1,
            first_lsn: batch.first_lsn(),
            count: batch.count(),
            previous_hash: self.hash,
        };
        let (bytes, hash) = frame::encode(&header, batch);
        self.move_to(&header, hash);
        debug_assert_eq!(self.end, batch.last_lsn(), "the chain ends with the batch it encoded");
        bytes
    }

    /// Decodes the bytes stored at `key` and advances to that frame, if it is the next.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first position that cannot be served.
    pub(crate) fn decode_next(
        &mut self,
        key: Lsn,
        bytes: Vec<u8>,
    ) -> Result<StoredFrame, JournalError> {
        let expected = self.end.next();
        if key != expected {
            return Err(self.missing_before(key));
        }
        let frame = check_at(key, bytes)?;
        self.follow(frame.header(), frame.hash())?;
        debug_assert_eq!(self.mark(), frame.mark(), "the chain ends with the frame it decoded");
        Ok(frame)
    }

    /// Advances to the frame of `header` and `hash`, if it is the next.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the position that should follow.
    pub(crate) fn follow(&mut self, header: &FrameHeader, hash: Hash) -> Result<(), JournalError> {
        let FrameHeader { log_id, epoch, batch_number, first_lsn, previous_hash, .. } = *header;
        let broken =
            |detail: String| Err(JournalError::damaged(DamageKind::Chain, self.end.next(), detail));
        if log_id != self.log_id {
            return broken(format!("the batch is of log {log_id} and this is {}", self.log_id));
        }
        if first_lsn != self.end.next() {
            return broken(format!("the batch says it starts at record {first_lsn}"));
        }
        if batch_number != self.batch_number + 1 {
            let expected = self.batch_number + 1;
            return broken(format!("it is batch {batch_number} and should be batch {expected}"));
        }
        if epoch < self.epoch {
            return broken(format!("its epoch {epoch} is below {} before it", self.epoch));
        }
        if previous_hash != self.hash {
            return broken("it carries the hash of another batch".to_owned());
        }
        self.move_to(header, hash);
        Ok(())
    }

    fn move_to(&mut self, header: &FrameHeader, hash: Hash) {
        // Pairs with `encode_next` and `follow`: both have checked before they come here.
        assert_eq!(header.first_lsn, self.end.next(), "positions have no gaps");
        assert_eq!(header.batch_number, self.batch_number + 1, "batch numbers have no gaps");
        debug_assert!(header.count > 0, "a frame without a record would not move the end");
        self.epoch = header.epoch;
        self.batch_number = header.batch_number;
        self.end = header.last_lsn();
        self.hash = hash;
    }

    fn missing_before(&self, key: Lsn) -> JournalError {
        let first = self.end.next();
        if key < first {
            let detail = format!("a batch is stored at {key}, inside the one before it");
            return JournalError::damaged(DamageKind::Chain, first, detail);
        }
        let detail = format!("the next stored batch starts at record {key}");
        let damage = Damage::new(DamageKind::Missing, first, detail);
        JournalError::Damaged(Damage { through: Some(key.previous()), ..damage })
    }
}

/// A chain that starts with any first frame, trusting what it says of the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainFollower {
    log_id: LogId,
    /// `None` before the first frame.
    chain: Option<Chain>,
}

impl ChainFollower {
    pub(crate) fn new(log_id: LogId) -> Self {
        Self { log_id, chain: None }
    }

    /// Decodes and advances as [`Chain::decode_next`], or takes any first frame of this log.
    ///
    /// # Errors
    /// As [`Chain::decode_next`].
    pub(crate) fn decode_next(
        &mut self,
        key: Lsn,
        bytes: Vec<u8>,
    ) -> Result<StoredFrame, JournalError> {
        if let Some(chain) = &mut self.chain {
            return chain.decode_next(key, bytes);
        }
        let frame = check_at(key, bytes)?;
        self.follow(&frame)?;
        Ok(frame)
    }

    /// Advances to `frame`, if it is the next or the first.
    ///
    /// # Errors
    /// As [`Chain::follow`].
    pub(crate) fn follow(&mut self, frame: &StoredFrame) -> Result<(), JournalError> {
        let before = || Chain::before(self.log_id, frame.header());
        let mut chain = self.chain.unwrap_or_else(before);
        chain.follow(frame.header(), frame.hash())?;
        self.chain = Some(chain);
        Ok(())
    }
}

/// Checks the bytes stored for the batch that starts at `key`, and returns them as a frame.
///
/// # Errors
/// [`JournalError::Damaged`].
pub(crate) fn check_at(key: Lsn, bytes: Vec<u8>) -> Result<StoredFrame, JournalError> {
    let length = bytes.len();
    check_key(key, length, StoredFrame::check(bytes), StoredFrame::first_lsn)
}

/// Checks the bytes stored for the batch that starts at `key` without copying them.
///
/// # Errors
/// [`JournalError::Damaged`].
pub(crate) fn decode_at(key: Lsn, bytes: &[u8]) -> Result<Frame<'_>, JournalError> {
    check_key(key, bytes.len(), Frame::decode(bytes), |frame| frame.header.first_lsn)
}

fn check_key<F>(
    key: Lsn,
    bytes_len: usize,
    frame: Result<F, FrameError>,
    first_lsn: impl Fn(&F) -> Lsn,
) -> Result<F, JournalError> {
    match frame {
        Ok(frame) if first_lsn(&frame) == key => Ok(frame),
        Ok(frame) => {
            let detail = format!("the batch says it starts at record {}", first_lsn(&frame));
            Err(JournalError::damaged(DamageKind::Chain, key, detail))
        }
        Err(error) => {
            let detail = format!("in its frame of {bytes_len} bytes {error}");
            Err(JournalError::damaged(DamageKind::Frame, key, detail))
        }
    }
}

#[cfg(test)]
mod tests;
