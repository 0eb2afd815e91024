//! The findings of a repair: the damage, the sources that fill in, and the loss that remains.

use std::path::PathBuf;

use crate::{ChainMark, Damage, LogId, Lsn};

/// The form in which a source has its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// A whole archive file.
    File,
    /// The readable frames of a damaged archive file, or frames of a database.
    Frames,
}

/// Consecutive records that come from one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first record.
    pub first: Lsn,
    /// The last record.
    pub last: Lsn,
    /// The file or directory that has them.
    pub source: PathBuf,
    /// The form in which the source has them.
    pub kind: PieceKind,
    /// Whether the source is part of the backup.
    pub is_backup: bool,
    /// Whether the source is a database that was opened without its snapshots.
    pub without_snapshots: bool,
}

/// The source of the keys of personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// There are no keys, and never were.
    Absent,
    /// The log's own vault.
    Log(PathBuf),
    /// The vault of the backup, since the log's own is damaged or missing.
    Backup(PathBuf),
    /// The keys are damaged, and no backup has them.
    Lost,
}

/// A plan for the repair of a log, or the report of one that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairPlan {
    /// The id of the log.
    pub log_id: LogId,
    /// All damage, in the order in which it was found.
    pub problems: Vec<Damage>,
    /// The sources of the repaired log's records, in order.
    pub pieces: Vec<Piece>,
    /// The end of the repaired log.
    pub end: ChainMark,
    /// The last record that is known to have been acknowledged.
    pub acknowledged: Lsn,
    /// Whether `acknowledged` comes from the log's own marks, and not only from its checkpoints
    /// and its archive.
    pub is_exact: bool,
    /// Records beyond the end that are readable but useless, since records before them are gone.
    pub unusable: u64,
    /// The source of the keys.
    pub keys: KeySource,
}

impl RepairPlan {
    /// Returns the number of acknowledged records that are gone.
    pub fn lost(&self) -> u64 {
        self.acknowledged.records_since(self.end.lsn)
    }

    /// Returns whether there is nothing to repair.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.lost() == 0
    }
}
