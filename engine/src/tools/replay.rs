//! The state as of then, from the log itself.

use super::{Log, ToolError, Until};
use kirana_domain::time::AtMs;
use kirana_domain::{Lsn, ProductId, Record, State, StoreId};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// What a replay has led to.
#[derive(Debug, Default)]
pub struct Replayed {
    /// The state after its last record.
    pub state: State,
    /// When that record was decided; nothing before the first.
    pub at_ms: Option<AtMs>,
    /// Products whose books broke the stock law, and the record at which each did.
    pub breaches: Vec<(Lsn, StoreId, ProductId)>,
}

impl Replayed {
    /// Applies the next record.
    ///
    /// # Errors
    /// [`ToolError::Contradiction`] for a record that cannot follow: nothing can be replayed after
    /// that.
    pub(crate) fn apply(&mut self, lsn: Lsn, record: &Record) -> Result<(), ToolError> {
        // The domain takes for granted that its own decisions are in the log, and stops if not.
        let breached = contain(|| self.state.evolve(lsn, record))
            .map_err(|detail| ToolError::Contradiction { lsn, detail })?;
        self.at_ms = Some(record.at_ms);
        self.breaches.extend(breached.into_iter().map(|(store, product)| (lsn, store, product)));
        Ok(())
    }
}

thread_local! {
    /// True while a panic of this thread is an answer, and nothing to print.
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
    /// As [`Log::records`], and [`ToolError::Contradiction`].
    pub fn replay(&self, until: Until) -> Result<Replayed, ToolError> {
        let mut replayed = Replayed::default();
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
            before(&replayed.state, record);
            replayed.apply(lsn, record)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
