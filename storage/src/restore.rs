//! The restore of a backup into the archive of a new log: whole, or up to a record or a time.
//!
//! A batch is restored whole or not at all, as it was appended. Files are copied as they are; the
//! one that is cut is written anew.

use crate::assembly::Assembly;
use crate::{Backup, DamageKind, Indexer, JournalError, Lsn};

/// The end of a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreUntil {
    /// The head of the backup.
    Head,
    /// That record at most.
    Lsn(Lsn),
    /// The last record that is not later, in milliseconds since 1970.
    Time(i64),
}

/// The report of a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// The last record.
    pub end: Lsn,
    /// The first and the last record of the batch that was left out with all later ones; `None` if
    /// everything was restored.
    pub left_out: Option<(Lsn, Lsn)>,
}

/// Restores `backup` into `assembly`, which is new, and reports the last record to `on_progress`.
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
    assert_eq!(assembly.lsn(), Lsn::ZERO, "records of another source would not be checked again");
    let (Some(archive), Some(head)) = (backup.archive(), backup.head()) else {
        return Ok(RestoreReport { end: Lsn::ZERO, left_out: None });
    };
    let last = match until {
        RestoreUntil::Head => Lsn(u64::MAX),
        RestoreUntil::Lsn(lsn) => lsn,
        RestoreUntil::Time(time_ms) => archive.lsn_at(time_ms, indexer)?,
    };
    let mut left_out = None;
    for file in archive.files() {
        // Records beyond the head have not been read back.
        if file.before().lsn >= head.lsn {
            break;
        }
        if file.after().lsn <= last && file.before() == assembly.end() {
            assembly.take_file(&file)?;
            on_progress(assembly.lsn());
            continue;
        }
        for frame in archive.frames(assembly.lsn().next()) {
            let frame = frame?;
            if frame.last_lsn() > last {
                left_out = Some((frame.first_lsn(), frame.last_lsn()));
                break;
            }
            assembly.take_frame(&frame)?;
            debug_assert!(frame.first_lsn() <= head.lsn, "it is of a finished run");
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
        let detail = "the restored records do not end as the head of the backup says";
        return Err(JournalError::damaged(DamageKind::Diverged, head.lsn, detail));
    }
    assert!(
        left_out.is_none_or(|(first, _)| first == end.lsn.next()),
        "the restored log ends right before the batch that was left out"
    );
    Ok(RestoreReport { end: end.lsn, left_out })
}
