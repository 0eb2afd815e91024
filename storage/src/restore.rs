//! Puts a backup into the archive of a new log: all of it, or up to a record or a moment.
//!
//! A batch is restored whole or not at all, since the log has taken it so. Files are copied as they
//! are; the one that is cut is written anew.

use crate::assembly::Assembly;
use crate::{ArchiveFile, Backup, DamageKind, Indexer, JournalError, Label, Lsn, StoredFrame};

/// How far to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreUntil {
    /// To the head.
    Head,
    /// To that record at most.
    Lsn(Lsn),
    /// To the last record before the first one that is later, in milliseconds since 1970.
    Time(i64),
}

/// Where a restored log ends, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// The last record.
    pub end: Lsn,
    /// The first and the last record of the batch that was left out, with all that comes after it;
    /// nothing if nothing was left out.
    pub left_out: Option<(Lsn, Lsn)>,
}

/// Puts what `backup` has into `assembly`, which is new, and tells `on_progress` how far it is.
///
/// # Errors
/// [`JournalError::Damaged`] if the backup is not what was written, [`JournalError::Full`],
/// [`JournalError::Io`].
pub fn restore(
    backup: &Backup,
    until: RestoreUntil,
    indexer: &dyn Indexer,
    assembly: &mut Assembly<'_>,
    on_progress: &dyn Fn(Lsn),
) -> Result<RestoreReport, JournalError> {
    assert_eq!(assembly.lsn(), Lsn::ZERO, "the log is new");
    let (Some(archive), Some(head)) = (backup.archive(), backup.head()) else {
        return Ok(RestoreReport { end: Lsn::ZERO, left_out: None });
    };
    let mut left_out = None;
    for file in archive.files() {
        // What lies beyond the head has not been read back.
        if file.before().lsn >= head.lsn {
            break;
        }
        if is_within(&file, until) {
            assembly.take_file(&file)?;
            on_progress(assembly.lsn());
            continue;
        }
        let mut last_ms = None;
        for frame in archive.frames(file.info().first) {
            let frame = frame?;
            if is_beyond(&frame, until, indexer, &mut last_ms) {
                left_out = Some((frame.first_lsn(), frame.last_lsn()));
                break;
            }
            assembly.take_frame(&frame)?;
            on_progress(assembly.lsn());
            if frame.last_lsn() >= file.after().lsn {
                break;
            }
        }
        if left_out.is_some() {
            break;
        }
    }
    assembly.seal()?;
    let end = assembly.end();
    if left_out.is_none() && (end.lsn, end.hash) != (head.lsn, head.hash) {
        let detail = "what was restored is not what the head of the backup says";
        return Err(JournalError::damaged(DamageKind::Diverged, head.lsn, detail));
    }
    Ok(RestoreReport { end: end.lsn, left_out })
}

/// Returns whether all of a file is wanted.
fn is_within(file: &ArchiveFile, until: RestoreUntil) -> bool {
    let info = file.info();
    match until {
        RestoreUntil::Head => true,
        RestoreUntil::Lsn(lsn) => info.last <= lsn,
        RestoreUntil::Time(ms) => info.times_ms.is_none_or(|(_, last)| last <= ms),
    }
}

/// Returns whether a frame has something that is not wanted. A record without a time is of the time
/// of the one before it.
fn is_beyond(
    frame: &StoredFrame,
    until: RestoreUntil,
    indexer: &dyn Indexer,
    last_ms: &mut Option<i64>,
) -> bool {
    match until {
        RestoreUntil::Head => false,
        RestoreUntil::Lsn(lsn) => frame.last_lsn() > lsn,
        RestoreUntil::Time(ms) => frame.records().any(|(_, record)| {
            let mut labels: Vec<Label> = Vec::new();
            *last_ms = indexer.index(record, &mut labels).or(*last_ms);
            last_ms.is_some_and(|last| last > ms)
        }),
    }
}
