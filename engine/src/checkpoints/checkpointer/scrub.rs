//! The scrubber: reads a file of the archive, the history or the checkpoints now and then, so that
//! damage is found before somebody asks for what it touches.

use super::thread::{Priority, at};
use super::{CheckpointError, Checkpointer};
use crate::codec::OfRecords;
use kirana_storage::checkpoint::{self, ListedCheckpoint};
use kirana_storage::{ArchiveFile, CheckpointFile, Damage, DamageKind, JournalError, Lsn, Table};
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
    Checkpoint(Box<CheckpointFile>),
}

impl Checkable {
    /// Returns the first and the last record that the file is about.
    fn lsns(&self) -> (Lsn, Lsn) {
        match self {
            Self::Archived(file) => (file.info().first, file.info().last),
            Self::Table(table) => (table.after().next(), table.through()),
            Self::Checkpoint(file) => (file.head().mark.lsn, file.head().mark.lsn),
        }
    }

    /// Returns the kind of damage that the file can have.
    fn kind(&self) -> DamageKind {
        match self {
            Self::Archived(_) => DamageKind::Archive,
            Self::Table(_) => DamageKind::History,
            Self::Checkpoint(_) => DamageKind::Checkpoint,
        }
    }

    fn check(&self, stop: &AtomicBool) -> Result<(), JournalError> {
        match self {
            Self::Archived(file) => file.verify_each(&mut |_| {
                if stop.load(Ordering::Relaxed) { Err(JournalError::Closed) } else { Ok(()) }
            }),
            Self::Table(table) => table.verify(),
            Self::Checkpoint(file) => file.verify(),
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
        if self.last.elapsed() < checkpointer.scrub_pause {
            return;
        }
        let mut all: Vec<_> = files.chain(tables).chain(checkpointer.checkpoints()).collect();
        if all.is_empty() {
            return;
        }
        if self.next.is_multiple_of(all.len()) {
            // A file that is missing is in no round, and the backup may be there by now.
            checkpointer.damages.list().iter().for_each(|damage| _ = checkpointer.heal(damage));
        }
        let file = all.swap_remove(self.next % all.len());
        let checked = at(Priority::Low, || Ok::<_, CheckpointError>(file.check(stop)));
        (self.next, self.last) = (self.next + 1, Instant::now());
        match checked {
            Ok(Ok(())) => {
                checkpointer.damages.mended(file.kind(), file.lsns());
                metrics::counter!("kirana_scrubbed_files_total").increment(1);
            }
            Ok(Err(JournalError::Damaged(damage))) => match file {
                Checkable::Checkpoint(file) => give_up(*file, &damage),
                Checkable::Archived(_) | Checkable::Table(_) => checkpointer.met(&damage),
            },
            Ok(Err(JournalError::Closed)) => (),
            Ok(Err(error)) => tracing::warn!(%error, "a file cannot be checked"),
            Err(error) => tracing::warn!(%error, "a file cannot be checked"),
        }
    }
}

/// Removes a checkpoint that no start could use: the one before and the log lead to the same state.
fn give_up(file: CheckpointFile, damage: &Damage) {
    tracing::warn!(%damage, "a damaged checkpoint is removed: a start does without it");
    if let Err(error) = file.remove() {
        tracing::warn!(%error, "a damaged checkpoint cannot be removed");
    }
}

impl Checkpointer {
    /// Returns the checkpoints, as far as they can be opened; a start removes the others.
    fn checkpoints(&self) -> impl Iterator<Item = Checkable> + use<> {
        let listed = checkpoint::list(&self.dirs.checkpoints, self.log.log_id());
        let listed = listed.unwrap_or_else(|error| {
            tracing::warn!(%error, "checkpoints cannot be listed");
            Vec::new()
        });
        listed.into_iter().filter_map(|found| match found {
            ListedCheckpoint::Good(file) => Some(Checkable::Checkpoint(Box::new(file))),
            ListedCheckpoint::Damaged { .. } => None,
        })
    }

    /// Notes damage. A file of the archive is healed from the backup; a table loses its name, so
    /// that the next start makes it again.
    pub(super) fn met(&self, damage: &Damage) {
        if self.heal(damage) {
            return;
        }
        self.damages.note(damage);
        if damage.kind == DamageKind::History {
            crate::state::history::distrust(&self.history, damage);
        }
    }

    /// Heals the archive from the backup, if there is one. Returns whether it did.
    fn heal(&self, damage: &Damage) -> bool {
        let Some(backup) = &self.archive_backup else { return false };
        let is_healed = self.log.archive().heal_from(damage, backup, &OfRecords);
        if is_healed {
            self.damages.mended(damage.kind, (damage.lsn, damage.through.unwrap_or(damage.lsn)));
        }
        is_healed
    }
}
