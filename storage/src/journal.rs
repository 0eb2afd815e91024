//! The promises of a durable log, few enough that a disk, memory or a cluster can keep them.
//!
//! The traits block on purpose: a sync blocks anyway, so the writer has its own thread and tests
//! need no runtime. `conformance.rs` checks every implementation against these promises.

use std::sync::Arc;

use crate::label::holds;
use crate::{Batch, Epoch, Indexer, JournalError, Label, LogId, Lsn, StoredFrame};

/// Batches in order, each verified; ends after the first error.
pub type BatchIter<'a> = Box<dyn Iterator<Item = Result<Batch, JournalError>> + Send + 'a>;

/// Frames in order, each verified; ends after the first error.
pub type FrameIter<'a> = Box<dyn Iterator<Item = Result<StoredFrame, JournalError>> + Send + 'a>;

/// An append-only log with one writer.
///
/// - **Durable on return**: `append` returns only when every record of the group would survive a
///   power cut, and the position that it returns is of such a record.
/// - **Whole batches**: after a crash a batch is there with all its records or not at all.
/// - **Prefix order**: if a batch is there, so is every batch before it.
/// - **No gaps**: positions start at 1; each batch starts right after the one before.
/// - **Epochs**: each opening has an epoch one above the opening before it, written or not.
/// - **Poisoned after an error**: when `append` has failed, other than by
///   [`JournalError::OutOfSequence`], each later call fails until the log is reopened. The
///   records of the failed group may or may not be there then, as a prefix of whole batches.
/// - **A drop is not a close**: a dropped journal is recovered like that of a killed process.
pub trait Journal: Send {
    /// Returns the position of the last durable record; 0 of an empty log.
    fn end(&self) -> Lsn;

    /// Returns the epoch of this opening.
    fn epoch(&self) -> Epoch;

    /// Makes all batches durable with one sync and returns the new end. An empty batch takes no
    /// position and leaves no trace; an empty group returns the end as it is.
    ///
    /// # Errors
    /// [`JournalError::OutOfSequence`] if a batch does not start right after the one before it, in
    /// which case nothing is written and the journal stays usable. Any other error poisons.
    fn append(&mut self, group: &[Batch]) -> Result<Lsn, JournalError>;

    /// Returns a handle for reading while this one writes. It reads what is durable, never more.
    fn reader(&self) -> Arc<dyn JournalReader>;

    /// Closes the log, so that the next opening need not recover. Readers fail from now on.
    ///
    /// # Errors
    /// [`JournalError::Poisoned`] after a failed append; [`JournalError::Io`] or
    /// [`JournalError::Full`] if the end could not be noted. Nothing durable is lost in either.
    fn close(self: Box<Self>) -> Result<(), JournalError>;
}

/// Reads a log, from any thread, while its writer appends.
pub trait JournalReader: Send + Sync {
    /// Returns the last durable record as this reader sees it: never beyond what `append` has made
    /// durable.
    fn end(&self) -> Lsn;

    /// Returns the id of the log.
    fn log_id(&self) -> LogId;

    /// Returns the frames from the one that holds `from` to the durable end, each verified:
    /// checksum, chain and continuity. Frames that become durable meanwhile may be included. None
    /// if `from` lies beyond the end. The first error is the last item.
    fn frames(&self, from: Lsn) -> FrameIter<'_>;

    /// Returns the batches of [`JournalReader::frames`].
    fn read(&self, from: Lsn) -> BatchIter<'_> {
        Box::new(self.frames(from).map(|frame| frame.map(StoredFrame::into_batch)))
    }

    /// Returns the batch that holds `lsn`, verified on its own; `None` if no durable one does.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it should be there and is not, or is not what was written.
    fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError>;

    /// Returns the frames from record `from` on that hold a record with `label`, ascending, each
    /// verified on its own. Where there is an index, the others are not read. The first error is
    /// the last item.
    fn frames_with<'a>(
        &'a self,
        label: Label,
        from: Lsn,
        indexer: &'a dyn Indexer,
    ) -> FrameIter<'a> {
        Box::new(frames_with(self.frames(from), label, indexer))
    }

    /// Returns the last record that is not later than `time_ms` (milliseconds since 1970), and
    /// those without a time behind it; 0 if all are later. Where times fall, because a clock was
    /// wrong, records before it may be later.
    ///
    /// # Errors
    /// As the frames that are read.
    fn lsn_at(&self, time_ms: i64, indexer: &dyn Indexer) -> Result<Lsn, JournalError> {
        let lsn = lsn_at(self.frames(Lsn::FIRST), time_ms, Lsn(u64::MAX), indexer)?;
        Ok(lsn.unwrap_or(Lsn::ZERO))
    }
}

/// Returns those of the frames that hold a record with `label`.
pub(crate) fn frames_with<'a>(
    frames: FrameIter<'a>,
    label: Label,
    indexer: &'a dyn Indexer,
) -> impl Iterator<Item = Result<StoredFrame, JournalError>> + Send + 'a {
    frames.filter(move |frame| frame.as_ref().map_or(true, |frame| holds(frame, label, indexer)))
}

/// Returns the last of these records that is not later than `time_ms`, or the last of those
/// without a time behind it; `None` if all are later, or none has a time. Behind `through`, all
/// that have a time are known to be later.
pub(crate) fn lsn_at(
    frames: impl Iterator<Item = Result<StoredFrame, JournalError>>,
    time_ms: i64,
    through: Lsn,
    indexer: &dyn Indexer,
) -> Result<Option<Lsn>, JournalError> {
    let (mut labels, mut last, mut is_within) = (Vec::new(), None, false);
    for frame in frames {
        for (lsn, record) in frame?.records() {
            labels.clear();
            let at_ms = indexer.index(record, &mut labels);
            if lsn > through && at_ms.is_some() {
                return Ok(last);
            }
            is_within = at_ms.map_or(is_within, |at_ms| at_ms <= time_ms);
            last = if is_within { Some(lsn) } else { last };
        }
    }
    Ok(last)
}

impl<J: Journal + ?Sized> Journal for Box<J> {
    fn end(&self) -> Lsn {
        (**self).end()
    }

    fn epoch(&self) -> Epoch {
        (**self).epoch()
    }

    fn append(&mut self, group: &[Batch]) -> Result<Lsn, JournalError> {
        (**self).append(group)
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        (**self).reader()
    }

    fn close(self: Box<Self>) -> Result<(), JournalError> {
        (*self).close()
    }
}

/// Checks that each batch starts right after the one before it, from `end` on.
///
/// # Errors
/// [`JournalError::OutOfSequence`] for the first that does not.
pub(crate) fn check_sequence(end: Lsn, group: &[Batch]) -> Result<(), JournalError> {
    let mut expected = end.next();
    for batch in group.iter().filter(|batch| !batch.is_empty()) {
        let actual = batch.first_lsn();
        if actual != expected {
            return Err(JournalError::OutOfSequence { expected, actual });
        }
        expected = batch.last_lsn().next();
        debug_assert!(expected > actual, "a batch that is not empty moves the end");
    }
    Ok(())
}
