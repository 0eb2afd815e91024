//! One checkpoint on its way: the state as of the last one, and everything since.

use super::{ByOrderAndCustomer, KeepError, Keeper};
use crate::codec;
use crate::history;
use crate::recovery::Checkpoint;
use crate::snapshot;
use kirana_domain::{FastMap, Lsn, OrderId, ProductId, State, StoreId};
use kirana_storage::{ArchiveWriter, ChainMark, CheckpointWriter, StoredFrame, TableWriter};
use std::io::BufWriter;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of the state that are written at once.
const WRITE_BYTES: usize = 256 * 1_024;

/// See the module.
pub(super) struct Slice<'a> {
    keeper: &'a Keeper,
    /// The checkpoint that it started from.
    base: Lsn,
    state: State,
    mark: ChainMark,
    at_ms: i64,
    /// Products whose books have changed.
    moved: FastMap<(StoreId, ProductId), ()>,
    archive: Option<ArchiveWriter>,
}

/// What is safe on disk.
pub(super) struct Sealed {
    /// The record that the checkpoint is as of.
    pub(super) lsn: Lsn,
    /// Orders that the history has, each as of its last fact.
    pub(super) orders: Vec<(OrderId, Lsn)>,
}

impl<'a> Slice<'a> {
    pub(super) fn begin(keeper: &'a Keeper, base: Checkpoint) -> Self {
        let Checkpoint { state, mark, at_ms, .. } = base;
        let base = state.lsn;
        let mark = mark.unwrap_or_else(|| ChainMark::genesis(keeper.log.log_id()));
        Self { keeper, base, state, mark, at_ms, moved: FastMap::default(), archive: None }
    }

    /// Takes in the next frame: its records into the state, its bytes into the archive.
    pub(super) fn take(&mut self, frame: &StoredFrame) -> Result<(), KeepError> {
        let archived = self.keeper.log.archive().end().lsn;
        if frame.first_lsn() > archived {
            if self.archive.is_none() {
                let (dir, end) = (self.keeper.log.archive().dir(), self.keeper.log.archive().end());
                self.archive = Some(ArchiveWriter::create(dir, end)?);
            }
            if let Some(writer) = &mut self.archive {
                writer.push(frame, &ByOrderAndCustomer)?;
            }
        }
        let known = self.state.lsn.0;
        for (lsn, bytes) in frame.records().filter(|(lsn, _)| lsn.0 > known) {
            let record = codec::decode_sharing(bytes, &self.state.catalogue)
                .map_err(|error| KeepError::Failed(format!("record {lsn}: {error}")))?;
            self.keeper.history.recall(&mut self.state.orders, &record.event, self.base)?;
            record.event.for_stock(|store_id, product_id, _| {
                self.moved.insert((store_id, product_id), ());
            });
            self.state.evolve(Lsn(lsn.0), &record);
            self.at_ms = record.at_ms;
        }
        self.mark = frame.mark();
        Ok(())
    }

    /// Writes everything, each part durable before the next, the checkpoint last.
    pub(super) fn seal(mut self, stop: &AtomicBool) -> Result<Sealed, KeepError> {
        if let Some(writer) = self.archive.take() {
            self.keeper.log.archive().add(writer.seal()?)?;
        }
        let orders = self.write_history()?;
        if stop.load(Ordering::Relaxed) {
            return Err(KeepError::Stopped);
        }
        let lsn = Lsn(self.mark.lsn.0);
        self.write_checkpoint()?;
        Ok(Sealed { lsn, orders })
    }

    /// Writes what has ended and is settled, and forgets it here.
    fn write_history(&mut self) -> Result<Vec<(OrderId, Lsn)>, KeepError> {
        let through = Lsn(self.mark.lsn.0);
        let settled: Vec<_> = self.state.orders.ended();
        let settled: Vec<_> =
            settled.into_iter().filter(|(_, ended)| ended.is_settled(self.at_ms)).collect();
        let history = &self.keeper.history;
        // A table of an attempt that failed after it reaches further: it has all of these.
        let after = history.through();
        if after < through {
            let moved = self.moved.sorted().into_iter().map(|((store_id, product_id), ())| {
                ((*store_id, *product_id), self.state.stock.get(*store_id, *product_id))
            });
            let stocks: Vec<_> = moved.collect();
            let (after, end) = (kirana_storage::Lsn(after.0), self.mark.lsn);
            let dir = &self.keeper.dirs.history;
            let writer = TableWriter::create(dir, self.mark.log_id, after, end)?;
            history.tables().add(history::write(writer, through, &settled, &stocks)?);
        }
        let known: Vec<_> = settled.iter().map(|(id, ended)| (*id, ended.last_lsn())).collect();
        for (id, lsn) in &known {
            self.state.orders.forget(*id, *lsn);
        }
        Ok(known)
    }

    /// Writes the state, and reads it back to see that it is the same.
    fn write_checkpoint(self) -> Result<(), KeepError> {
        let Self { keeper, state, mark, at_ms, .. } = self;
        let dir = &keeper.dirs.checkpoints;
        let writer = CheckpointWriter::create(dir, mark, at_ms, snapshot::SCHEMA)?;
        let mut buffer = BufWriter::with_capacity(WRITE_BYTES, writer);
        let failed = |error: std::io::Error| KeepError::Failed(error.to_string());
        snapshot::encode(&state, &mut buffer).map_err(failed)?;
        let digest = state.digest();
        drop(state);
        let writer = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
        let file = writer.seal(digest.0)?;
        let read = Checkpoint::read(&file)?;
        if read.state.digest() != digest {
            file.remove()?;
            let lsn = mark.lsn;
            return Err(KeepError::Failed(format!("the checkpoint at {lsn} does not read back")));
        }
        Ok(())
    }
}
