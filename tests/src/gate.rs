//! A journal with a gate: while it is closed, an append waits in front of it. So a test decides how
//! long something is in flight, whatever the load of the machine.

use crate::shop::{Shop, Town};
use kirana_storage::{
    Batch, Epoch, Journal, JournalError, JournalReader, Lsn, MemoryJournal, Vault,
};
use std::sync::{Arc, Condvar, Mutex};

/// The gate. Open at first; dropping it opens it for good.
#[derive(Debug, Default)]
pub struct Gate(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_closed: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    /// Lets no append pass from now on.
    pub fn close(&self) {
        self.set(true);
    }

    /// Lets all appends pass.
    pub fn open(&self) {
        self.set(false);
    }

    fn set(&self, is_closed: bool) {
        // A poisoned lock is one of a test that has failed already.
        if let Ok(mut state) = self.0.is_closed.lock() {
            *state = is_closed;
        }
        self.0.changed.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

struct Gated {
    journal: MemoryJournal,
    state: Arc<State>,
}

impl Journal for Gated {
    fn end(&self) -> Lsn {
        self.journal.end()
    }

    fn epoch(&self) -> Epoch {
        self.journal.epoch()
    }

    fn append(&mut self, group: &[Batch]) -> Result<Lsn, JournalError> {
        let is_closed = self.state.is_closed.lock().map_err(|_| JournalError::Poisoned)?;
        let passed = self.state.changed.wait_while(is_closed, |is_closed| *is_closed);
        drop(passed.map_err(|_| JournalError::Poisoned)?);
        self.journal.append(group)
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.journal.reader()
    }

    fn close(self: Box<Self>) -> Result<(), JournalError> {
        Box::new(self.journal).close()
    }
}

impl Town {
    /// A start on a journal with a gate, which is open.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_gated(&self) -> (Shop, Gate) {
        let gate = Gate::default();
        let journal = MemoryJournal::open(&self.disk).expect("the disk has no damage");
        let journal = Box::new(Gated { journal, state: Arc::clone(&gate.0) });
        let shop = Shop::over(journal, Vault::memory_seeded(1), self).await;
        shop.settled().await; // A command is counted as in flight until just after its answer.
        (shop, gate)
    }
}
