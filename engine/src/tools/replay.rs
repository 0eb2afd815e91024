//! The state as of a record or a time, replayed from the log.

mod attic;

use super::{Log, ToolError, Until};
use attic::Attic;
use kirana_domain::time::AtMs;
use kirana_domain::{
    Lsn, OrderEntry, OrderId, PersonId, ProductId, Record, State, Status, StoreId,
};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// The outcome of a replay.
///
/// Orders that have ended leave the order book now and then for a folder of temporary files; they
/// are not in `state.orders`, and [`Replayed::order`] and the like find them.
#[derive(Debug)]
pub struct Replayed {
    /// The state after its last record.
    pub state: State,
    /// The time when that record was decided; `None` before the first.
    pub at_ms: Option<AtMs>,
    /// Products whose books broke the stock law, and the record at which each did.
    pub breaches: Vec<(Lsn, StoreId, ProductId)>,
    attic: Attic,
}

impl Replayed {
    /// Returns the replay of a log before its first record.
    pub(crate) fn nothing(log: &Log<'_>) -> Self {
        let attic = Attic::new(log.reader().log_id(), log.scratch(), attic::ORDERS_MIN);
        Self { state: State::default(), at_ms: None, breaches: Vec::new(), attic }
    }

    /// Applies the next record; `before` sees the state before it.
    ///
    /// # Errors
    /// [`ToolError::Contradiction`] for a record that cannot follow: nothing can be replayed after
    /// that. [`ToolError::Journal`] or [`ToolError::Temporary`] if temporary files fail.
    pub(crate) fn apply(
        &mut self,
        lsn: Lsn,
        record: &Record,
        before: &mut dyn FnMut(&State, &Record),
    ) -> Result<(), ToolError> {
        self.attic.recall(&mut self.state, &record.event)?;
        before(&self.state, record);
        // The domain takes for granted that its own decisions are in the log, and stops if not.
        let breached = contain(|| self.state.evolve(lsn, record))
            .map_err(|detail| ToolError::Contradiction { lsn, detail })?;
        self.at_ms = Some(record.at_ms);
        self.breaches.extend(breached.into_iter().map(|(store, product)| (lsn, store, product)));
        self.attic.tidy(&mut self.state, record.at_ms)
    }

    /// Returns an order, from memory or from a file.
    ///
    /// # Errors
    /// [`ToolError::Temporary`].
    pub fn order(&self, id: OrderId) -> Result<Option<OrderEntry>, ToolError> {
        match self.state.orders.get(id) {
            Some(entry) => Ok(Some(entry.clone())),
            None => Ok(self.attic.get(id)?.map(OrderEntry::Ended)),
        }
    }

    /// Returns the orders of a customer, newest first.
    ///
    /// # Errors
    /// As [`Replayed::order`].
    pub fn of_customer(&self, id: PersonId) -> Result<Vec<(OrderId, OrderEntry)>, ToolError> {
        let in_memory = self.state.orders.of_customer(id).iter().copied();
        let ids: BTreeSet<_> = in_memory.chain(self.attic.of_customer(id)?).collect();
        let mut orders = Vec::new();
        for id in ids {
            orders.extend(self.order(id)?.map(|entry| (id, entry)));
        }
        orders.sort_by_key(|(_, entry)| Reverse(entry.placed_lsn()));
        Ok(orders)
    }

    /// Returns the number of orders of each store in each state.
    pub fn counts(&self) -> BTreeMap<(StoreId, Status), u64> {
        let mut counts = self.attic.counts().clone();
        for store in self.state.catalogue.stores() {
            let entries = self.state.orders.of_store(store.id);
            for entry in entries.filter_map(|id| self.state.orders.get(id)) {
                *counts.entry((store.id, entry.status())).or_default() += 1;
            }
        }
        counts.retain(|_, count| *count > 0);
        counts
    }
}

thread_local! {
    /// True while a panic of this thread is a result, and not printed.
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic in it becomes its message, on one line, and is not printed.
pub(super) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_CONTAINED.get() {
                before(info);
            }
        }));
    });
    IS_CONTAINED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_CONTAINED.set(false);
    done.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("no reason given").lines().next().unwrap_or_default().to_owned()
    })
}

impl Log<'_> {
    /// Replays the log from its beginning.
    ///
    /// # Errors
    /// As [`Log::records`], [`ToolError::Contradiction`], and [`ToolError::Temporary`].
    pub fn replay(&self, until: Until) -> Result<Replayed, ToolError> {
        let mut replayed = Replayed::nothing(self);
        self.replay_on(&mut replayed, until, &mut |_, _| ())?;
        Ok(replayed)
    }

    /// Replays on from where `replayed` stands; `before` sees each record, and the state before it.
    ///
    /// # Errors
    /// As [`Log::replay`].
    pub(crate) fn replay_on(
        &self,
        replayed: &mut Replayed,
        until: Until,
        before: &mut dyn FnMut(&State, &Record),
    ) -> Result<(), ToolError> {
        let (from, known) = (Lsn(replayed.state.lsn.0 + 1), replayed.state.catalogue.clone());
        self.decoded(from, until, &known, &mut |lsn, record| {
            replayed.apply(lsn, record, before)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
