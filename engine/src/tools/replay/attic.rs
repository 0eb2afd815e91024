//! The store of ended orders during a replay, so that its memory does not grow with the log: sorted
//! tables, as those of the history, in a folder that is removed with the replay.

use crate::codec::lsn::log_lsn;
use crate::state::history::{self, History, Listing};
use crate::tools::ToolError;
use kirana_domain::order_book::EndedOrder;
use kirana_domain::time::AtMs;
use kirana_domain::{Event, Lsn, OrderId, PersonId, State, Status, StoreId};
use kirana_storage::{Access, LogId, Scratch, TableWriter};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Orders in memory up to which none are moved here.
pub(super) const ORDERS_MIN: usize = 200_000;

/// Ended orders of a replay, in temporary files.
#[derive(Debug)]
pub(super) struct Attic {
    log_id: LogId,
    parent: Option<PathBuf>,
    /// The tables and their folder; created with the first orders.
    tables: Option<(History, Scratch)>,
    /// Orders in memory from which on ended ones are looked for: no fewer than the second.
    orders_min: usize,
    floor: usize,
    /// The number of orders of each store that are here, by state.
    counts: BTreeMap<(StoreId, Status), u64>,
}

impl Attic {
    pub(super) fn new(log_id: LogId, parent: Option<&Path>, floor: usize) -> Self {
        let (parent, counts) = (parent.map(Path::to_owned), BTreeMap::new());
        Self { log_id, parent, tables: None, orders_min: floor, floor, counts }
    }

    /// Brings the order that a fact is about back to memory, if it is here.
    pub(super) fn recall(&mut self, state: &mut State, event: &Event) -> Result<(), ToolError> {
        if let Some(id) = state.orders.lacks(event)
            && let Some(ended) = self.get(id)?
        {
            if let Some(count) = self.counts.get_mut(&place_of(&ended)) {
                *count = count.saturating_sub(1);
            }
            state.orders.recall(id, ended);
        }
        Ok(())
    }

    /// Moves ended orders here, when enough orders are in memory.
    pub(super) fn tidy(&mut self, state: &mut State, now_ms: AtMs) -> Result<(), ToolError> {
        if state.orders.in_memory_count() < self.orders_min {
            return Ok(());
        }
        let mut settled = state.orders.ended();
        settled.retain(|(_, ended)| ended.may_be_forgotten(now_ms));
        if !settled.is_empty() {
            self.keep(state.lsn, &settled)?;
        }
        for (id, ended) in settled {
            *self.counts.entry(place_of(&ended)).or_default() += 1;
            state.orders.forget(id, ended.last_lsn());
        }
        // Orders that stay are open, or money may still turn up: they are not checked each time.
        self.orders_min = (state.orders.in_memory_count() * 2).max(self.floor);
        Ok(())
    }

    fn keep(&mut self, lsn: Lsn, settled: &[(OrderId, Arc<EndedOrder>)]) -> Result<(), ToolError> {
        let (tables, scratch) = match &mut self.tables {
            Some(tables) => tables,
            none => {
                let scratch = Scratch::create(self.parent.as_deref())?;
                let history = History::open(scratch.path(), self.log_id, Lsn(0), Access::Write)?;
                none.insert((history, scratch))
            }
        };
        let (after, end) = (log_lsn(tables.through()), log_lsn(lsn));
        let writer = TableWriter::create(scratch.path(), self.log_id, after, end)?;
        tables.tables().add(history::write_briefly(writer, settled)?);
        while tables.tables().merge_step(end)? {}
        Ok(())
    }

    /// Returns an order that is here.
    pub(super) fn get(&self, id: OrderId) -> Result<Option<Arc<EndedOrder>>, ToolError> {
        let Some((tables, _)) = &self.tables else { return Ok(None) };
        Ok(tables.get(id)?)
    }

    /// Returns the orders of a customer that are or were here, newest first.
    pub(super) fn of_customer(&self, id: PersonId) -> Result<Vec<OrderId>, ToolError> {
        let Some((tables, _)) = &self.tables else { return Ok(Vec::new()) };
        let all = tables.list(Listing::Customer(id), None)?;
        Ok(all.map(|found| found.map(|(_, id)| id)).collect::<Result<_, _>>()?)
    }

    /// Returns the number of orders of each store that are here, by state.
    pub(super) fn counts(&self) -> &BTreeMap<(StoreId, Status), u64> {
        &self.counts
    }
}

fn place_of(ended: &EndedOrder) -> (StoreId, Status) {
    (ended.parties.store_id, ended.status)
}
