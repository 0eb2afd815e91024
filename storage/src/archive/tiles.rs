//! The choice of the files that make an archive: each goes on with the chain where the one before
//! ends.
//!
//! Files of one writer follow each other exactly. One that was copied back from a backup may have
//! other ends: it is of the same chain, so it fits at every frame.

use super::{ArchiveFile, damage};
use crate::{ChainMark, Damage, JournalError, LogId};

/// Returns those of the files, which ascend by their first record, that cover the log as far as
/// they can; of several that go on at a place, the one that reaches furthest. The damage of the
/// others, or between them, goes to `problems`.
///
/// # Errors
/// [`JournalError::Io`] and the like when a file that overlaps cannot be read.
pub(super) fn choose(
    files: &[ArchiveFile],
    log_id: LogId,
    problems: &mut Vec<Damage>,
) -> Result<Vec<ArchiveFile>, JournalError> {
    let mut chosen: Vec<ArchiveFile> = Vec::new();
    let mut end = ChainMark::genesis(log_id);
    loop {
        let mut next: Option<&ArchiveFile> = None;
        let reaches =
            |file: &&ArchiveFile| file.before().lsn <= end.lsn && end.lsn < file.after().lsn;
        for file in files.iter().filter(reaches) {
            let is_further = next.is_none_or(|next| file.after().lsn > next.after().lsn);
            if is_further && goes_on(file, &end)? {
                next = Some(file);
            }
        }
        // After a gap, the chain is the one that the first file beyond it says.
        let next = next.or_else(|| files.iter().find(|file| file.before().lsn > end.lsn));
        let Some(file) = next else { break };
        if file.before().lsn > end.lsn {
            note_gap(&end, file, problems);
        }
        assert!(file.after().lsn > end.lsn, "a file holds a record, so the choice ascends");
        end = file.after();
        chosen.push(file.clone());
    }
    for file in files {
        if !chosen.iter().any(|it| it.path() == file.path()) && !is_contained(file, &chosen)? {
            let at = file.path().display();
            let detail = format!(
                "{at}: it does not fit the files beside it, so it is of another history of this log; \
                 move it elsewhere"
            );
            problems.push(damage(file.lsns(), detail));
        }
    }
    Ok(chosen)
}

/// Returns whether a file goes on with the chain at `end`, which it starts at or before.
fn goes_on(file: &ArchiveFile, end: &ChainMark) -> Result<bool, JournalError> {
    if file.before().lsn == end.lsn {
        return Ok(file.before() == *end);
    }
    has(file, end)
}

/// Returns whether a file has the frame that ends at a mark.
fn has(file: &ArchiveFile, mark: &ChainMark) -> Result<bool, JournalError> {
    match file.frame_at(mark.lsn) {
        Ok(frame) => Ok(frame.is_some_and(|frame| frame.mark() == *mark)),
        // What is damaged is found where it is read; it does not go on with anything.
        Err(JournalError::Damaged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns whether the chosen files have the frame that a file ends with, so that they have the
/// whole file.
fn is_contained(file: &ArchiveFile, chosen: &[ArchiveFile]) -> Result<bool, JournalError> {
    let mark = file.after();
    for other in chosen.iter().filter(|it| it.before().lsn < mark.lsn && it.after().lsn >= mark.lsn)
    {
        if other.after() == mark || has(other, &mark)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Adds the records between `end` and a file to the problems, unless a problem names them already.
fn note_gap(end: &ChainMark, file: &ArchiveFile, problems: &mut Vec<Damage>) {
    let gap = (end.lsn.next(), file.before().lsn);
    let is_named =
        |it: &Damage| it.lsn <= gap.0 && it.through.is_some_and(|through| through >= gap.1);
    if !problems.iter().any(is_named) {
        let at = file.path().display();
        let detail = format!("the file with these records is missing before {at}");
        problems.push(damage(gap, detail));
    }
}
