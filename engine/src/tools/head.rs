//! The head of a log, which can be published, and proofs that records stand below it.

use super::find::records_of;
use super::{Log, ToolError, Until};
use crate::codec::lsn::log_lsn;
use kirana_domain::time::AtMs;
use kirana_domain::{Lsn, OrderId};
use kirana_storage::merkle::{self, PathBuilder, Tree};
use kirana_storage::{Head, ProvedRecord};
use std::ops::ControlFlow;

/// Returns the head of the log, as of `at_ms`. Reads all of it.
///
/// # Errors
/// As [`Log::records`]; [`ToolError::Unknown`] for an empty log.
pub fn head(log: &Log<'_>, at_ms: AtMs) -> Result<Head, ToolError> {
    let mut tree = Tree::default();
    let end = log.end();
    log.records(Lsn(1), Until::Lsn(end), &mut |lsn, bytes| {
        tree.push(merkle::leaf(log_lsn(lsn), bytes));
        Ok(ControlFlow::Continue(()))
    })?;
    head_of(log, end, &tree, at_ms)
}

/// Returns the records about an order, with the path from each of them to the head.
///
/// # Errors
/// As [`head`]; [`ToolError::Unknown`] when no record is about the order.
pub fn prove(
    log: &Log<'_>,
    id: OrderId,
    at_ms: AtMs,
) -> Result<(Head, Vec<ProvedRecord>), ToolError> {
    let end = log.end();
    let mut lsns = Vec::new();
    records_of(log, id, Until::Lsn(end), &mut |lsn, _| {
        lsns.push(lsn.0 - 1);
        Ok(ControlFlow::Continue(()))
    })?;
    if lsns.is_empty() {
        return Err(ToolError::Unknown(format!("there is no order {id} in this log")));
    }
    let (mut tree, mut paths) = (Tree::default(), PathBuilder::new(&lsns));
    let mut records = Vec::with_capacity(lsns.len());
    log.records(Lsn(1), Until::Lsn(end), &mut |lsn, bytes| {
        let leaf = merkle::leaf(log_lsn(lsn), bytes);
        tree.push(leaf);
        paths.push(leaf);
        if lsns.get(records.len()) == Some(&(lsn.0 - 1)) {
            records.push(bytes.to_vec());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let head = head_of(log, end, &tree, at_ms)?;
    let proved = records.into_iter().zip(paths.finish(end.0));
    let proved = proved.map(|(record, path)| ProvedRecord {
        lsn: kirana_storage::Lsn(path.index + 1),
        record,
        path,
    });
    Ok((head, proved.collect()))
}

fn head_of(log: &Log<'_>, end: Lsn, tree: &Tree, at_ms: AtMs) -> Result<Head, ToolError> {
    let lsn = log_lsn(end);
    let Some(last) = log.reader().frames(lsn).next().transpose()? else {
        return Err(ToolError::Unknown("the log is empty: it has no head".to_owned()));
    };
    let log_id = log.reader().log_id();
    Ok(Head { log_id, lsn, hash: last.hash(), root: tree.root(), at_ms })
}

#[cfg(test)]
mod tests;
