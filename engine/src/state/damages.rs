//! The damage on disk that the start, reads and the scrubber have met: what an operator is shown.

use kirana_storage::{Damage, DamageKind, Lsn};
use parking_lot::Mutex;

/// Damages that are kept; further ones are logged only.
const KEPT_MAX: usize = 1_000;

/// The damages met since the start, by their first record.
#[derive(Debug, Default)]
pub(crate) struct Damages(Mutex<Vec<Damage>>);

impl Damages {
    /// Notes a damage. Returns false when it was known.
    pub(crate) fn note(&self, damage: &Damage) -> bool {
        let mut known = self.0.lock();
        if known.iter().any(|it| it.kind == damage.kind && covers(it, damage)) {
            return false;
        }
        tracing::error!(%damage, "damage on disk: see kirana log verify and storage/RUNBOOK.md");
        if known.len() < KEPT_MAX {
            known.push(damage.clone());
            known.sort_by_key(|it| it.lsn);
        }
        true
    }

    /// Lets go of damages of a kind within these records: their file was read, and is whole.
    pub(crate) fn mended(&self, kind: DamageKind, (first, last): (Lsn, Lsn)) {
        let is_within = |it: &Damage| first <= it.lsn && it.through.unwrap_or(it.lsn) <= last;
        self.0.lock().retain(|it| it.kind != kind || !is_within(it));
    }

    /// Returns them, by their first record.
    pub(crate) fn list(&self) -> Vec<Damage> {
        self.0.lock().clone()
    }

    /// Returns their number.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }
}

fn covers(known: &Damage, damage: &Damage) -> bool {
    let end = |it: &Damage| it.through.unwrap_or(it.lsn);
    known.lsn <= damage.lsn && end(damage) <= end(known)
}
