//! One checkpoint in the making: the state as of the last one, and all records since.

use super::{CheckpointError, Checkpointer};
use crate::checkpoints::recovery::Checkpoint;
use crate::codec;
use crate::codec::labels;
use crate::codec::lsn::{domain_lsn, log_lsn};
use crate::codec::snapshot;
use crate::state::history;
use kirana_domain::{Digest, FastMap, Lsn, OrderId, ProductId, Record, State, StoreId};
use kirana_storage::{ArchiveWriter, ChainMark, CheckpointWriter, StoredFrame, TableWriter};
use std::io::BufWriter;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of the state that are written at once.
const WRITE_BYTES: usize = 256 * 1_024;

/// A checkpoint in the making.
pub(super) struct Slice<'a> {
    checkpointer: &'a Checkpointer,
    /// The position that it started from.
    base: Lsn,
    state: State,
    mark: ChainMark,
    at_ms: i64,
    /// Products whose books have changed.
    moved: FastMap<(StoreId, ProductId), ()>,
    archive: Option<ArchiveWriter>,
}

/// A checkpoint that is safe on disk.
pub(super) struct Sealed {
    /// The record that the checkpoint is as of.
    pub(super) lsn: Lsn,
    /// Orders that the history has, each as of its last fact.
    pub(super) orders: Vec<(OrderId, Lsn)>,
    /// The digest of the state, which does not depend on what was forgotten.
    pub(super) digest: Digest,
}

impl<'a> Slice<'a> {
    pub(super) fn begin(checkpointer: &'a Checkpointer, base: Checkpoint) -> Self {
        let Checkpoint { state, mark, at_ms, .. } = base;
        let base = state.lsn;
        let mark = mark.unwrap_or_else(|| ChainMark::genesis(checkpointer.log.log_id()));
        Self { checkpointer, base, state, mark, at_ms, moved: FastMap::default(), archive: None }
    }

    /// Takes in the next frame: its records into the state, its bytes into the archive.
    pub(super) fn take(&mut self, frame: &StoredFrame) -> Result<(), CheckpointError> {
        let decoded = frame.records().map(|(lsn, bytes)| {
            codec::decode_sharing(bytes, &self.state.catalogue)
                .map_err(|error| CheckpointError::Failed(format!("record {lsn}: {error}")))
        });
        let records: Vec<Record> = decoded.collect::<Result<_, _>>()?;
        self.put_into_archive(frame, &records)?;
        for (lsn, record) in (frame.first_lsn().0..).map(Lsn).zip(&records) {
            if lsn <= self.state.lsn {
                continue;
            }
            self.checkpointer.history.recall(&mut self.state.orders, &record.event, self.base)?;
            record.event.for_stock(|store_id, product_id, _| {
                self.moved.insert((store_id, product_id), ());
            });
            self.state.evolve(lsn, record);
            self.at_ms = record.at_ms;
        }
        self.mark = frame.mark();
        Ok(())
    }

    /// Adds the frame to the archive, unless it is there.
    fn put_into_archive(
        &mut self,
        frame: &StoredFrame,
        records: &[Record],
    ) -> Result<(), CheckpointError> {
        let archive = self.checkpointer.log.archive();
        let end = archive.end();
        if frame.first_lsn() <= end.lsn {
            return Ok(());
        }
        let writer = match &mut self.archive {
            Some(writer) => writer,
            none => none.insert(ArchiveWriter::create(archive.dir(), end)?),
        };
        let mut records = records.iter();
        writer.push_with(frame, |_, found| {
            let record = records.next()?;
            found.extend(labels::of_event(&record.event).into_iter().flatten());
            Some(record.at_ms)
        })?;
        Ok(())
    }

    /// Writes everything, each part durable before the next, the checkpoint last.
    pub(super) fn seal(mut self, stop: &AtomicBool) -> Result<Sealed, CheckpointError> {
        if let Some(writer) = self.archive.take() {
            self.checkpointer.log.archive().add(writer.seal()?)?;
        }
        let orders = self.write_history()?;
        if stop.load(Ordering::Relaxed) {
            return Err(CheckpointError::Stopped);
        }
        let lsn = domain_lsn(self.mark.lsn);
        let digest = self.write_checkpoint()?;
        Ok(Sealed { lsn, orders, digest })
    }

    /// Writes the orders that have ended and are settled, and forgets them here.
    fn write_history(&mut self) -> Result<Vec<(OrderId, Lsn)>, CheckpointError> {
        let through = domain_lsn(self.mark.lsn);
        let settled: Vec<_> = self.state.orders.ended();
        let settled: Vec<_> =
            settled.into_iter().filter(|(_, ended)| ended.may_be_forgotten(self.at_ms)).collect();
        let history = &self.checkpointer.history;
        // A table of an attempt that failed after it reaches further: it has all of these.
        let after = history.through();
        if after < through {
            let moved = self.moved.sorted().into_iter().map(|((store_id, product_id), ())| {
                ((*store_id, *product_id), self.state.stock.get(*store_id, *product_id))
            });
            let stocks: Vec<_> = moved.collect();
            let (after, end) = (log_lsn(after), self.mark.lsn);
            let dir = &self.checkpointer.dirs.history;
            let writer = TableWriter::create(dir, self.mark.log_id, after, end)?;
            history.tables().add(history::write(writer, through, &settled, &stocks)?);
        }
        let known: Vec<_> = settled.iter().map(|(id, ended)| (*id, ended.last_lsn())).collect();
        for (id, lsn) in &known {
            self.state.orders.forget(*id, *lsn);
        }
        Ok(known)
    }

    /// Writes the state, reads it back to see that it is the same, and returns its digest.
    fn write_checkpoint(self) -> Result<Digest, CheckpointError> {
        let Self { checkpointer, state, mark, at_ms, .. } = self;
        let dir = &checkpointer.dirs.checkpoints;
        let writer = CheckpointWriter::create(dir, mark, at_ms, snapshot::SCHEMA)?;
        let mut buffer = BufWriter::with_capacity(WRITE_BYTES, writer);
        let failed = |error: std::io::Error| CheckpointError::Failed(error.to_string());
        snapshot::encode(&state, &mut buffer).map_err(failed)?;
        let digest = state.digest();
        drop(state);
        let writer = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
        let file = writer.seal(digest.0)?;
        let read = Checkpoint::read(&file)?;
        if read.state.digest() != digest {
            file.remove()?;
            let lsn = mark.lsn;
            return Err(CheckpointError::Failed(format!(
                "the checkpoint at {lsn} does not read back"
            )));
        }
        Ok(digest)
    }
}
