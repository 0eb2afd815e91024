//! The durable log of opaque records, and the vault of personal keys.
//!
//! `storage` knows nothing of shops and orders: it takes bytes, makes them durable together or not
//! at all, and returns them in order or an error that names the damage. `FORMAT.md` draws the
//! bytes.
//!
//! | to read about | open |
//! |---|---|
//! | positions: [`Lsn`], [`Epoch`] | `lsn.rs` |
//! | records that are appended as a whole: [`Batch`] | `batch.rs` |
//! | the promises: [`Journal`], [`JournalReader`] | `journal.rs` |
//! | labels by which records are found: [`Label`], [`Indexer`] | `label.rs` |
//! | errors: [`JournalError`], [`Damage`] | `error.rs` |
//! | a batch as bytes: [`StoredFrame`] | [`frame`] and its folder |
//! | the rule by which frames follow each other: [`ChainMark`] | `chain.rs`, `chain_mark.rs` |
//! | the log on disk: [`SledJournal`] | `sled_journal.rs` and its folder |
//! | the older part of the log: [`Archive`] | `archive.rs` and its folder |
//! | trimming the log: [`LogTrimmer`] | `sled_journal/trim.rs` |
//! | a log that tools read: [`ReadOnlyLog`] | `sled_journal/read_only.rs` |
//! | the log in memory, with power cuts: [`MemoryJournal`] | `memory_journal.rs` |
//! | a log that fails on purpose: [`FaultyJournal`] | `faulty_journal.rs` |
//! | one test suite for all of them | `conformance.rs` |
//! | sorted immutable tables: [`TableSet`] | `table.rs` and its folder |
//! | logs that are put together from pieces: [`Assembly`], [`NewLog`] | `assembly.rs` |
//! | backup and restore: [`Backup`], [`restore()`] | `backup.rs`, `restore.rs` |
//! | the repair of a damaged log: [`Salvage`] | `repair.rs` and its folder |
//! | the state as of a record: [`CheckpointFile`] | `checkpoint.rs` and its folder |
//! | one hash for all records, and paths to it | [`merkle`] |
//! | the end of a log, published and signed: [`Head`] | `head.rs` and its folder |
//! | a proof of some records: [`Proof`] | `proof.rs` and its folder |
//! | all records about a subject, under one hash | `subject_index.rs` |
//! | small durable steps on files | `files.rs` |
//! | bytes as digits | [`hex`] |
//! | files of blocks, written once | `growing_file.rs`, `block.rs`, `sealed_file.rs` |
//! | keys that can be forgotten: [`Vault`] | `vault.rs` |

mod archive;
mod assembly;
mod backup;
mod batch;
mod block;
mod block_cache;
mod chain;
mod chain_mark;
pub mod checkpoint;
#[cfg(test)]
mod conformance;
mod error;
mod faulty_journal;
mod files;
pub mod frame;
mod growing_file;
pub mod head;
pub mod hex;
mod journal;
mod label;
mod lsn;
mod memory_journal;
pub mod merkle;
pub mod proof;
mod random;
mod repair;
mod restore;
mod scratch;
mod sealed_file;
mod sled_journal;
pub mod subject_index;
mod table;
mod vault;

pub use archive::{Archive, ArchiveFile, ArchiveInfo, ArchiveWriter};
pub use assembly::Assembly;
pub use backup::{Backup, BackupReport, BackupRun, KeyPolicy};
pub use batch::{BATCH_BYTES_MAX, Batch, PushError, RECORD_BYTES_MAX, Records};
pub use chain_mark::{CHAIN_MARK_BYTES, ChainMark};
pub use checkpoint::{CheckpointFile, CheckpointHead, CheckpointWriter};
pub use error::{Damage, DamageKind, JournalError};
pub use faulty_journal::{Fault, FaultyJournal};
pub use frame::{LogId, StoredFrame};
pub use head::{Head, PublicKey, SignedHead, SigningKey};
pub use journal::{BatchIter, FrameIter, Journal, JournalReader};
pub use label::{Indexer, Label};
pub use lsn::{Epoch, Lsn};
pub use memory_journal::{MemoryDisk, MemoryJournal};
pub use proof::{
    GivenHead, Older, Proof, ProofBasis, ProofError, ProvedRecord, Subject, VerifiedProof,
};
pub use repair::{KeySource, Piece, PieceKind, RepairPlan, Salvage};
pub use restore::{RestoreReport, RestoreUntil, restore};
pub use scratch::Scratch;
pub use sled_journal::{EndMark, LogTrimmer, NewLog, Options, Progress, ReadOnlyLog, SledJournal};
pub use table::{Access, KEY_BYTES_MAX, Table, TableIter, TableSet, TableWriter, VALUE_BYTES_MAX};
pub use vault::{SEAL_BYTES, Vault, VaultError};
