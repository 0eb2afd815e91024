//! The verification of a log, from its archive to its last frame: it must be one chain, end where
//! it should, and be the log that was acknowledged.
//!
//! Once a log was trimmed, its databases start with any frame. That frame is not trusted: the chain
//! must pass through a mark that was stored elsewhere, in the archive or in a checkpoint.

use std::sync::Arc;

use super::commit_tail::TailContent;
use super::database::StoredEntry;
use super::mark::Mark;
use super::store::Store;
use crate::archive::{Archive, Cursor};
use crate::chain::{Chain, check_at};
use crate::frame::Hash;
use crate::{ChainMark, Damage, DamageKind, JournalError, LogId, Lsn, StoredFrame};

/// The expectations of a log that come from outside of its databases.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// The id that it must have.
    pub(super) log_id: LogId,
    /// The end that was acknowledged, which it must have at least.
    pub(super) high_water: Mark,
    /// The commit tail, with what the databases may lack.
    pub(super) tail: Arc<TailContent>,
    /// The end that it must have exactly, if it was closed.
    pub(super) closed_at: Option<Mark>,
    /// The archive, with the records that were trimmed.
    pub(super) archive: Arc<Archive>,
    /// The marks that the chain must pass through: those of checkpoints and of the archive.
    pub(super) vouchers: Vec<ChainMark>,
    /// The last record that the caller has; it has all before it, too.
    pub(super) after: Lsn,
}

/// The callback that takes each verified frame the caller does not have; `false` ends the walk.
pub(super) type FrameSink<'a> = &'a mut dyn FnMut(StoredFrame) -> bool;

/// Verifies all frames of `store`, and those of the archive that the caller needs, and returns the
/// chain at its end.
pub(super) fn verify(
    store: &Store,
    expected: &Expected,
    pass: FrameSink<'_>,
) -> Result<Chain, JournalError> {
    let mut stored = store.range(Lsn::ZERO);
    let high_water = expected.high_water.end;
    let mut next = stored.next().transpose().map_err(|error| extended(error, None, high_water))?;
    let start = match &next {
        Some(first) => start(first, expected)?,
        None => continued(expected),
    };
    let mut walk = Walk::new(start, expected);
    walk.look_at_start()?;
    if !walk.pass_archived(pass)? {
        return Ok(walk.chain);
    }
    while let Some((key, bytes)) = next {
        let frame = walk.chain.decode_next(key, bytes.to_vec()).map_err(|error| {
            let next_key = stored.next().and_then(Result::ok).map(|(key, _)| key);
            extended(error, next_key, high_water)
        })?;
        walk.look(frame.first_lsn())?;
        if frame.last_lsn() > expected.after && !pass(frame) {
            return Ok(walk.chain);
        }
        next = stored.next().transpose().map_err(|error| {
            // sled stops at a page that it cannot read, so the damage starts where the chain ends.
            extended(at_least(error, walk.chain.end().next()), None, high_water)
        })?;
    }
    if walk.pass_tail(store, pass)? {
        walk.finish()?;
    }
    Ok(walk.chain)
}

/// Returns the chain before the first frame of the databases.
fn start((key, bytes): &StoredEntry, expected: &Expected) -> Result<Chain, JournalError> {
    let genesis = Chain::genesis(expected.log_id);
    if *key <= Lsn::FIRST {
        return Ok(genesis);
    }
    let before = key.previous();
    let frame = check_at(*key, bytes.to_vec())
        .map_err(|error| extended(error, None, expected.high_water.end))?;
    let chain = Chain::before(expected.log_id, frame.header());
    let is_vouched = expected.vouchers.iter().any(|mark| mark.lsn >= before);
    if is_vouched || expected.after < before {
        return Ok(chain);
    }
    // No mark lies within the databases, so the archive must have the frame before them.
    match expected.archive.frame_at(before)? {
        Some(archived) if archived.mark() == without_epoch(&chain, &archived) => Ok(chain),
        Some(_) => Err(diverged(before, "the archive has another batch before it")),
        None => Err(gap(expected.archive.end().lsn.next(), *key)),
    }
}

/// Returns the chain of empty databases: the end of the archive or of a checkpoint, if that is the
/// end that was acknowledged, or where the commit tail goes on.
pub(super) fn continued(expected: &Expected) -> Chain {
    let Mark { end, hash, .. } = expected.high_water;
    let goes_on = |mark: &ChainMark| {
        let follows = |frame: &StoredFrame| {
            (frame.first_lsn(), frame.header().previous_hash) == (mark.lsn.next(), mark.hash)
        };
        expected.tail.frames.iter().any(follows)
    };
    let archive_end = expected.archive.end();
    let mut marks = expected.vouchers.iter().rev().filter(|mark| mark.lsn >= archive_end.lsn);
    let found = marks.find(|mark| (mark.lsn, mark.hash) == (end, hash) || goes_on(mark));
    // Without such a mark this end is below the acknowledged one, and `finish` refuses it.
    Chain::after(found.unwrap_or(&archive_end))
}

/// A walk along the chain of the databases, which checks the marks that it reaches.
pub(super) struct Walk<'a> {
    expected: &'a Expected,
    pub(super) chain: Chain,
    /// The record before the databases.
    start: Lsn,
    /// The marks that the chain has not reached yet, ascending.
    ahead: std::iter::Peekable<std::vec::IntoIter<ChainMark>>,
    hash_at_mark: Option<Hash>,
}

impl<'a> Walk<'a> {
    /// Creates a walk before the first frame of the databases.
    pub(super) fn new(chain: Chain, expected: &'a Expected) -> Self {
        let start = chain.end();
        let mut marks = expected.vouchers.clone();
        marks.retain(|mark| mark.lsn >= start);
        marks.sort_by_key(|mark| mark.lsn);
        debug_assert!(marks.first().is_none_or(|mark| mark.lsn >= start), "each can be reached");
        Self { expected, chain, start, ahead: marks.into_iter().peekable(), hash_at_mark: None }
    }

    /// Checks the marks at the start of the walk.
    pub(super) fn look_at_start(&mut self) -> Result<(), JournalError> {
        let Expected { log_id, high_water, archive, .. } = self.expected;
        if high_water.end == Lsn::ZERO {
            self.hash_at_mark = Some(log_id.genesis_hash());
        } else if high_water.end < self.start {
            let frame = archive.frame_at(high_water.end)?;
            let frame = frame.filter(|frame| frame.last_lsn() == high_water.end);
            self.hash_at_mark = frame.map(|frame| frame.hash());
        }
        self.look(self.start.next())
    }

    /// Hands over the frames that the caller needs and only the archive has. Returns whether the
    /// caller wants more.
    fn pass_archived(&mut self, pass: FrameSink<'_>) -> Result<bool, JournalError> {
        let mut next = self.expected.after.next();
        let mut cursor = Cursor::new(&self.expected.archive, next);
        while next <= self.start {
            let Some(frame) = cursor.next_frame()? else {
                return Err(gap(next, self.start.next()));
            };
            next = frame.last_lsn().next();
            let meets = frame.mark() == without_epoch(&self.chain, &frame);
            if next > self.start && !meets {
                return Err(diverged(self.start, "the archive ends with another batch before it"));
            }
            if !pass(frame) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the frames that the databases lack from the commit tail, and inserts them there.
    /// Returns whether the caller wants more.
    pub(super) fn pass_tail(
        &mut self,
        store: &Store,
        pass: FrameSink<'_>,
    ) -> Result<bool, JournalError> {
        let tail = &self.expected.tail;
        for frame in &tail.frames {
            if frame.last_lsn() <= self.chain.end() {
                continue;
            }
            let (first, bytes) = (frame.first_lsn(), frame.bytes().to_vec());
            let frame = self.chain.decode_next(first, bytes).map_err(|error| match error {
                JournalError::Damaged(mut damage) => {
                    damage.detail.extend(tail.damage_at(damage.lsn).map(|why| format!("; {why}")));
                    JournalError::Damaged(damage)
                }
                other => other,
            })?;
            self.look(first)?;
            store.insert(first, frame.bytes().to_vec())?;
            if frame.last_lsn() > self.expected.after && !pass(frame) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the last record that was acknowledged, as far as is known.
    pub(super) fn high_water(&self) -> Lsn {
        self.expected.high_water.end
    }

    /// Checks the marks that the last frame, which starts at `first`, has reached.
    pub(super) fn look(&mut self, first: Lsn) -> Result<(), JournalError> {
        let (end, hash) = (self.chain.end(), self.chain.hash());
        debug_assert!(end >= self.start, "a walk never goes back");
        while let Some(mark) = self.ahead.next_if(|mark| mark.lsn <= end) {
            if mark.lsn != end || mark.hash != hash {
                let detail = "the batch here is not the one that the archive or a checkpoint says";
                return Err(diverged(mark.lsn.max(first), detail));
            }
        }
        if end == self.expected.high_water.end {
            self.hash_at_mark = Some(hash);
        }
        Ok(())
    }

    /// Checks that the walk has ended where the log should end.
    pub(super) fn finish(&mut self) -> Result<(), JournalError> {
        let Expected { high_water, closed_at, after, .. } = self.expected;
        check_end(&self.chain, high_water, self.hash_at_mark)?;
        let ahead = self.ahead.by_ref().map(|mark| mark.lsn).last().max(Some(*after));
        if let Some(known) = ahead.filter(|known| *known > self.chain.end()) {
            let end = self.chain.end();
            let detail =
                format!("the log ends at record {end}, and what was made of record {known} exists");
            let error = JournalError::damaged(DamageKind::Behind, end.next(), detail);
            return Err(extended(error, None, known));
        }
        closed_at.map_or(Ok(()), |closed_at| check_closed_end(&self.chain, &closed_at))
    }
}

/// Returns the mark of `chain`. The end before a frame is known from that frame, and it does not
/// say of which epoch that was.
pub(super) fn without_epoch(chain: &Chain, before: &StoredFrame) -> ChainMark {
    ChainMark { epoch: before.header().epoch, ..chain.mark() }
}

/// Makes the error of records that neither the archive nor the databases have.
pub(super) fn gap(first: Lsn, key: Lsn) -> JournalError {
    let detail = format!("the archive does not have them and the log starts at record {key}");
    let damage = Damage::new(DamageKind::Missing, first, detail);
    JournalError::Damaged(Damage { through: Some(key.previous()), ..damage })
}

/// Makes the error of a log that is another one than expected.
pub(super) fn diverged(lsn: Lsn, detail: &str) -> JournalError {
    JournalError::damaged(DamageKind::Diverged, lsn.max(Lsn::FIRST), detail)
}

/// Adds the end of damage: the next batch that has a key, or the acknowledged end.
pub(super) fn extended(
    error: JournalError,
    next_key: Option<Lsn>,
    high_water: Lsn,
) -> JournalError {
    let JournalError::Damaged(damage) = error else { return error };
    let known = next_key.filter(|key| *key > damage.lsn).map(Lsn::previous);
    let through = damage.through.or(known).or(Some(high_water).filter(|end| *end >= damage.lsn));
    JournalError::Damaged(Damage { through, ..damage })
}

/// Moves the start of damage up to the end of the chain.
pub(super) fn at_least(error: JournalError, lsn: Lsn) -> JournalError {
    let JournalError::Damaged(damage) = error else { return error };
    JournalError::Damaged(Damage { lsn: damage.lsn.max(lsn), ..damage })
}

/// Checks that the acknowledged records are there, and are the same.
fn check_end(chain: &Chain, mark: &Mark, hash_at_mark: Option<Hash>) -> Result<(), JournalError> {
    if chain.end() < mark.end {
        let detail = format!(
            "the log ends at record {} and record {} was acknowledged",
            chain.end(),
            mark.end
        );
        let error = JournalError::damaged(DamageKind::Behind, chain.end().next(), detail);
        return Err(extended(error, None, mark.end));
    }
    if hash_at_mark != Some(mark.hash) {
        return Err(diverged(
            mark.end,
            "the batch that ends here is not the one that was acknowledged",
        ));
    }
    Ok(())
}

/// Checks that a closed log ends exactly where it was closed.
fn check_closed_end(chain: &Chain, closed_at: &Mark) -> Result<(), JournalError> {
    if chain.end() < closed_at.end {
        return check_end(chain, closed_at, None);
    }
    if chain.end() > closed_at.end || chain.hash() != closed_at.hash {
        let (was, is) = (closed_at.end, chain.end());
        let detail = format!("the log was closed at record {was} and now ends at {is}");
        return Err(diverged(was, &detail));
    }
    Ok(())
}
