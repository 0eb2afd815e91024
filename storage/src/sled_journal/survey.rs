//! A survey checks a log as `verify` does, and continues after damage: for tools, which serve the
//! readable records and report the rest.

use super::store::Store;
use super::verify::{Expected, Walk, at_least, continued, diverged, extended, gap, without_epoch};
use crate::chain::{Chain, check_at};
use crate::{Damage, JournalError, Lsn};

/// The readable range of a log, and its damage.
#[derive(Debug)]
pub(super) struct Survey {
    /// The first readable record of the databases, if they have one.
    pub(super) first: Option<Lsn>,
    /// The last record up to which every record from the first on can be read.
    pub(super) end: Lsn,
    /// The damage of the databases, in the order in which it was found.
    pub(super) problems: Vec<Damage>,
}

/// Checks all records of `store`, or the marks alone if there is no store.
///
/// # Errors
/// [`JournalError::Io`] and the like; damage is no error but a problem of the survey.
pub(super) fn survey(store: Option<&Store>, expected: &Expected) -> Result<Survey, JournalError> {
    let mut problems = Vec::new();
    let start = note(&mut problems, store.map_or(Ok(None), |store| start(store, expected)))?;
    let (store, start) = (store.filter(|_| start.is_some()), start.flatten());
    let mut first = start.map(|(first, _)| first);
    let chain = start.map_or_else(|| continued(expected), |(_, chain)| chain);
    let mut walk = Walk::new(chain, expected);
    note(&mut problems, walk.look_at_start())?;
    let before = walk.chain.end();
    if let Some(store) = store {
        if first.is_some() {
            note(&mut problems, joins_archive(expected, &walk.chain))?;
        }
        let read = note_all(&mut walk, store, &mut problems)
            .and_then(|()| walk.pass_tail(store, &mut |_| true));
        first = first.or((walk.chain.end() > before).then(|| before.next()));
        if note(&mut problems, read)?.is_none() {
            // The damage that ended the walk also names the records after it.
            return Ok(Survey { first, end: walk.chain.end(), problems });
        }
    }
    note(&mut problems, walk.finish())?;
    debug_assert!(first.is_none_or(|first| first <= walk.chain.end().next()), "the range ascends");
    Ok(Survey { first, end: walk.chain.end(), problems })
}

/// Returns the first record of the databases, and the chain before it; `None` if they are empty.
fn start(store: &Store, expected: &Expected) -> Result<Option<(Lsn, Chain)>, JournalError> {
    let Some((key, bytes)) = store.range(Lsn::ZERO).next().transpose()? else { return Ok(None) };
    if key <= Lsn::FIRST {
        return Ok(Some((Lsn::FIRST, Chain::genesis(expected.log_id))));
    }
    let frame = check_at(key, bytes.to_vec())
        .map_err(|error| extended(error, None, expected.high_water.end))?;
    Ok(Some((key, Chain::before(expected.log_id, frame.header()))))
}

/// Walks to the end of the databases, or to the first damage, which is the error.
fn note_all(
    walk: &mut Walk<'_>,
    store: &Store,
    problems: &mut Vec<Damage>,
) -> Result<(), JournalError> {
    let mut stored = store.range(Lsn::ZERO);
    while let Some(next) = stored.next() {
        let expected = walk.chain.end().next();
        let frame = next.map_err(|error| at_least(error, expected));
        let frame = frame.and_then(|(key, bytes)| walk.chain.decode_next(key, bytes.to_vec()));
        let frame = frame.map_err(|error| {
            let next_key = stored.next().and_then(Result::ok).map(|(key, _)| key);
            extended(error, next_key, walk.high_water())
        })?;
        note(problems, walk.look(frame.first_lsn()))?;
    }
    Ok(())
}

/// Checks that the databases start where the archive ends, or within it.
fn joins_archive(expected: &Expected, chain: &Chain) -> Result<(), JournalError> {
    if chain.end() == Lsn::ZERO {
        return Ok(());
    }
    match expected.archive.frame_at(chain.end()) {
        Ok(Some(frame)) if frame.mark() == without_epoch(chain, &frame) => Ok(()),
        Ok(Some(_)) => Err(diverged(chain.end(), "the archive has another batch before the log")),
        Ok(None) => Err(gap(expected.archive.end().lsn.next(), chain.end().next())),
        Err(error) => Err(error),
    }
}

/// Turns damage into a problem and `None`; passes other errors on.
fn note<T>(
    problems: &mut Vec<Damage>,
    result: Result<T, JournalError>,
) -> Result<Option<T>, JournalError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(JournalError::Damaged(damage)) => {
            problems.push(damage);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}
