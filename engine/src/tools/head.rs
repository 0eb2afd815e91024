//! The head of a log, which can be published, and proofs of what stands below it.

mod index;

use super::find::records_of;
use super::{Log, ToolError, Until};
use crate::codec::lsn::{domain_lsn, log_lsn};
use kirana_domain::time::AtMs;
use kirana_domain::{Lsn, OrderId};
use kirana_storage::frame::Hash;
use kirana_storage::merkle::{self, PathBuilder, Tree};
use kirana_storage::{Head, Older, Proof, ProvedRecord, SignedHead, StoredFrame, Subject};
use std::ops::ControlFlow;

pub(super) use index::index;

/// The claims that a proof shall show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claims {
    /// All that happened to an order.
    pub order: Option<OrderId>,
    /// A head that was published before, instead of the one that the log has now.
    pub head: Option<SignedHead>,
    /// An older head, from which the log has only grown.
    pub older: Option<SignedHead>,
}

/// Returns the head of the log. Reads all of it, and once more for the index of orders.
///
/// # Errors
/// As [`Log::records`]; [`ToolError::Unknown`] for an empty log.
pub fn head(log: &Log<'_>) -> Result<Head, ToolError> {
    let end = log.end();
    let mut tree = Tree::default();
    log.records(Lsn(1), Until::Lsn(end), &mut |lsn, bytes| {
        tree.push(merkle::leaf(log_lsn(lsn), bytes));
        Ok(ControlFlow::Continue(()))
    })?;
    let (index, _) = index::index(log, end, None)?;
    Ok(Head { index: Some(index), ..head_at(log, end, &tree)? })
}

/// Returns the time of the last record of a log, and the hash of its index of orders: what the head
/// of a backup says besides what storage knows. Reads the log once for each index pass.
///
/// # Errors
/// As [`head`].
pub fn time_and_index(log: &Log<'_>) -> Result<(AtMs, Hash), ToolError> {
    let end = log.end();
    let (index, _) = index::index(log, end, None)?;
    Ok((head_at(log, end, &Tree::default())?.at_ms, index))
}

/// Returns a proof, whose head has no signature unless it was published with one. At least one of
/// an order and an older head is claimed.
///
/// # Errors
/// As [`head`]; [`ToolError::Unknown`] when no record is about the order;
/// [`ToolError::OtherHistory`] for a head that is not of this log.
pub fn prove(log: &Log<'_>, claims: &Claims) -> Result<Proof, ToolError> {
    assert!(claims.order.is_some() || claims.older.is_some(), "something is claimed");
    let end = claims.head.map_or(log.end(), |head| domain_lsn(head.head().lsn));
    check(log, end, claims)?;
    let lsns = claims.order.map_or(Ok(Vec::new()), |id| positions(log, id, end))?;
    let older = claims.older.map(|older| (older, older.head().lsn));
    let mut seen = Seen {
        tree: Tree::default(),
        paths: PathBuilder::new(&lsns),
        records: Vec::with_capacity(lsns.len()),
        older: older.map(|(_, lsn)| (PathBuilder::new(&[lsn.0 - 1]), Tree::default())),
    };
    log.records(Lsn(1), Until::Lsn(end), &mut |lsn, bytes| {
        seen.record(lsn, bytes, &lsns);
        Ok(ControlFlow::Continue(()))
    })?;
    let mut head = head_at(log, end, &seen.tree)?;
    let mut subject = claims.order.map(|id| Subject { id: id.0.into_bytes(), place: None });
    if claims.head.is_none_or(|kept| kept.head().index.is_some()) {
        let (index, place) = index::index(log, end, claims.order)?;
        head.index = Some(index);
        subject = subject.map(|subject| Subject { place, ..subject });
    }
    if let Some(kept) = claims.head {
        same(kept.head(), &head)?;
    }
    let older = match (older, seen.older) {
        (Some((kept, lsn)), Some((path, tree))) => {
            same(kept.head(), &Head { index: None, ..head_at(log, domain_lsn(lsn), &tree)? })?;
            let path = tree.consistency(&path.finish(end.0)[0], end.0);
            Some(Older { head: kept, path })
        }
        _ => None,
    };
    let proved = seen.records.into_iter().zip(seen.paths.finish(end.0));
    let proved = proved.map(|(record, path)| ProvedRecord {
        lsn: kirana_storage::Lsn(path.index + 1),
        record,
        path,
    });
    Ok(Proof::new(claims.head.unwrap_or(head.into()), older, subject, proved.collect()))
}

/// The facts of the records that a proof needs.
struct Seen {
    tree: Tree,
    paths: PathBuilder,
    records: Vec<Vec<u8>>,
    /// The way of the last record of the older log, and the tree of that log.
    older: Option<(PathBuilder, Tree)>,
}

impl Seen {
    fn record(&mut self, lsn: Lsn, bytes: &[u8], wanted: &[u64]) {
        let leaf = merkle::leaf(log_lsn(lsn), bytes);
        self.tree.push(leaf);
        self.paths.push(leaf);
        if wanted.get(self.records.len()) == Some(&(lsn.0 - 1)) {
            self.records.push(bytes.to_vec());
        }
        if let Some((path, tree)) = &mut self.older {
            path.push(leaf);
            if path.has_met_all() && tree.size() == 0 {
                *tree = self.tree.clone();
            }
        }
    }
}

/// Checks that the given heads are of this log and not beyond its end.
fn check(log: &Log<'_>, end: Lsn, claims: &Claims) -> Result<(), ToolError> {
    for kept in [claims.head, claims.older].iter().flatten().map(SignedHead::head) {
        let (lsn, log_id) = (domain_lsn(kept.lsn), log.reader().log_id());
        if kept.log_id != log_id {
            let what = format!("it is of log {}, and this is log {log_id}", kept.log_id);
            return Err(ToolError::OtherHistory { lsn, what });
        }
        log.check(lsn)?;
        if lsn > end {
            return Err(ToolError::BeyondEnd { wanted: lsn, end });
        }
    }
    Ok(())
}

/// Returns the leaves of the records about an order, from 0.
fn positions(log: &Log<'_>, id: OrderId, end: Lsn) -> Result<Vec<u64>, ToolError> {
    let mut lsns = Vec::new();
    records_of(log, id, Until::Lsn(end), &mut |lsn, _| {
        lsns.push(lsn.0 - 1);
        Ok(ControlFlow::Continue(()))
    })?;
    if lsns.is_empty() {
        let what = format!("there is no order {id} in this log up to record {end}");
        return Err(ToolError::Unknown(what));
    }
    Ok(lsns)
}

/// Returns the head that the log had when `lsn` was its end, without the index of orders.
fn head_at(log: &Log<'_>, lsn: Lsn, tree: &Tree) -> Result<Head, ToolError> {
    let Some(last) = log.reader().frames(log_lsn(lsn)).next().transpose()? else {
        return Err(ToolError::Unknown("the log is empty: it has no head".to_owned()));
    };
    if last.last_lsn() != log_lsn(lsn) {
        return Err(ToolError::OtherHistory { lsn, what: NO_END.to_owned() });
    }
    head_of(log.reader().log_id(), &last, tree)
}

/// Returns the head of the log that ends with a frame, without the index of orders.
pub(super) fn head_of(
    log_id: kirana_storage::LogId,
    last: &StoredFrame,
    tree: &Tree,
) -> Result<Head, ToolError> {
    let (lsn, hash) = (last.last_lsn(), last.hash());
    let (_, bytes) = last.records().last().expect("a frame has at least one record");
    let front = crate::codec::front(bytes)
        .map_err(|error| ToolError::Unreadable { lsn: domain_lsn(lsn), error })?;
    Ok(Head { log_id, lsn, hash, root: tree.root(), at_ms: front.at_ms, index: None })
}

pub(super) const NO_END: &str = "no batch ends where it was taken";

/// Returns how a head that was kept differs from the one that the log had there, of which the index
/// may not be known.
pub(super) fn difference(kept: &Head, ours: &Head) -> Option<&'static str> {
    if kept.hash != ours.hash {
        Some("the batch that ends there is another one: history was changed")
    } else if kept.root != ours.root {
        Some("the records up to there are others: history was changed")
    } else if kept.index.is_some() && kept.at_ms != ours.at_ms {
        Some("the last record there is of another time")
    } else if ours.index.is_some() && kept.index != ours.index {
        Some("the index is another: it was not made of the orders of this log")
    } else {
        None
    }
}

fn same(kept: &Head, ours: &Head) -> Result<(), ToolError> {
    let what = difference(kept, ours).map(str::to_owned);
    let lsn = domain_lsn(kept.lsn);
    what.map_or(Ok(()), |what| Err(ToolError::OtherHistory { lsn, what }))
}

#[cfg(test)]
mod tests;
