//! The scrubber: reads a file of the archive or the history now and then, so that damage is found
//! before somebody asks for what it touches.

use super::thread::{Priority, at};
use super::{CheckpointError, Checkpointer};
use kirana_storage::{ArchiveFile, DamageKind, JournalError, Lsn, Table};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The place of the scrubber in its round.
pub(super) struct Scrub {
    next: usize,
    last: Instant,
}

/// A file that can be checked whole.
enum Checkable {
    Archived(ArchiveFile),
    Table(Table),
}

impl Checkable {
    /// Returns the first and the last record that the file is about.
    fn lsns(&self) -> (Lsn, Lsn) {
        match self {
            Self::Archived(file) => (file.info().first, file.info().last),
            Self::Table(table) => (table.after().next(), table.through()),
        }
    }

    /// Returns the kind of damage that the file can have.
    fn kind(&self) -> DamageKind {
        match self {
            Self::Archived(_) => DamageKind::Archive,
            Self::Table(_) => DamageKind::History,
        }
    }

    fn check(&self, stop: &AtomicBool) -> Result<(), JournalError> {
        match self {
            Self::Archived(file) => file.verify_each(&mut |_| {
                if stop.load(Ordering::Relaxed) { Err(JournalError::Closed) } else { Ok(()) }
            }),
            Self::Table(table) => table.verify(),
        }
    }
}

impl Scrub {
    pub(super) fn new() -> Self {
        Self { next: 0, last: Instant::now() }
    }

    /// Checks the next file at low priority, unless the last one was checked a moment ago.
    pub(super) fn step(&mut self, checkpointer: &Checkpointer, stop: &AtomicBool) {
        let files = checkpointer.log.archive().files().into_iter().map(Checkable::Archived);
        let tables = checkpointer.history.tables().tables();
        let tables = tables.iter().cloned().map(Checkable::Table);
        let mut all: Vec<_> = files.chain(tables).collect();
        if all.is_empty() || self.last.elapsed() < checkpointer.scrub_pause {
            return;
        }
        let file = all.swap_remove(self.next % all.len());
        let checked = at(Priority::Low, || Ok::<_, CheckpointError>(file.check(stop)));
        (self.next, self.last) = (self.next + 1, Instant::now());
        match checked {
            Ok(Ok(())) => {
                checkpointer.damages.mended(file.kind(), file.lsns());
                metrics::counter!("kirana_scrubbed_files_total").increment(1);
            }
            Ok(Err(JournalError::Damaged(damage))) => checkpointer.met(&damage),
            Ok(Err(JournalError::Closed)) => (),
            Ok(Err(error)) => tracing::warn!(%error, "a file cannot be checked"),
            Err(error) => tracing::warn!(%error, "a file cannot be checked"),
        }
    }
}

impl Checkpointer {
    /// Notes damage. A table that has it loses its name, so that the next start makes it again.
    pub(super) fn met(&self, damage: &kirana_storage::Damage) {
        self.damages.note(damage);
        if damage.kind == DamageKind::History {
            crate::state::history::distrust(&self.history, damage);
        }
    }
}
