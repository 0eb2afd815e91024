//! The statements of a proof, in words and as JSON: for who makes it and for who checks it.

use super::render;
use crate::output::counted;
use crate::rfc3339::Rfc3339;
use kirana_domain::{Lsn, OrderId};
use kirana_storage::{GivenHead, ProvedRecord, VerifiedProof, hex};
use serde_json::{Value, json};
use uuid::Uuid;

/// Returns a sentence for each claim that holds below the head, and for what is not shown.
pub(in crate::cli) fn claims(proof: &VerifiedProof<'_>) -> Vec<String> {
    let head = proof.head.head();
    let (log_id, end) = (head.log_id, head.lsn);
    let at = match head.index {
        Some(_) => format!(" of {}", Rfc3339(head.at_ms)),
        None => String::new(),
    };
    let mut said = Vec::new();
    let records = counted(proof.records.len() as u64, "record");
    match (order_of(proof), proof.is_complete) {
        (Some(order), true) => said.push(format!(
            "proved: {records}, all that log {log_id} has about order {order}, up to its record {end}{at}"
        )),
        (Some(order), false) => {
            said.push(format!("proved: {records} of log {log_id}, said to be about order {order}"));
            said.push(NOT_COMPLETE.to_owned());
        }
        (None, _) if proof.records.is_empty() => (),
        (None, _) => {
            said.push(format!("proved: {records} of log {log_id}"));
            said.push(NOT_COMPLETE.to_owned());
        }
    }
    if let Some(older) = proof.older {
        let older = older.head().lsn;
        said.push(format!(
            "proved: log {log_id} has grown from record {older} to record {end}{at}, and nothing up to \
             record {older} was changed"
        ));
    }
    said
}

const NOT_COMPLETE: &str = "not shown: that these are all. The head is of an earlier release and does \
                            not say which records there are about an order";

/// Returns a sentence for what the claims rest on.
pub(in crate::cli) fn basis(proof: &VerifiedProof<'_>) -> Vec<String> {
    let by_key = "the signature of the key that you gave";
    let newer = "For what came after it the proof alone speaks";
    let basis = match (proof.basis.head, proof.basis.has_key) {
        (None, false) => "the head in the proof itself, which anybody could have made: compare it \
             with one from elsewhere (--head), or check who signed it (--key)"
            .to_owned(),
        (Some(GivenHead::Same), false) => "the head that you gave".to_owned(),
        (Some(GivenHead::Older), false) => format!("the older head that you gave. {newer}"),
        (None, true) => by_key.to_owned(),
        (Some(_), true) => format!("the head that you gave, and {by_key}"),
    };
    let mut said = vec![format!("rests on {basis}")];
    if let (None, false, Some(key)) =
        (proof.basis.head, proof.basis.has_key, proof.head.signed_by())
    {
        said.push(format!("signed by {key}, which may be anybody's"));
    }
    said
}

/// Returns the order that a proof names.
pub(in crate::cli) fn order_of(proof: &VerifiedProof<'_>) -> Option<OrderId> {
    proof.subject.map(|id| OrderId(Uuid::from_bytes(id)))
}

/// Returns a record of a proof as the log's tools show it; one that this program cannot read, by
/// its length and hash.
pub(in crate::cli) fn record(proved: &ProvedRecord) -> Value {
    match kirana_engine::decode(&proved.record) {
        Ok(record) => render::record(Lsn(proved.lsn.0), &record),
        Err(error) => json!({
            "lsn": proved.lsn.0,
            "unreadable": error.to_string(),
            "bytes": proved.record.len(),
            "hash": blake3::hash(&proved.record).to_string(),
        }),
    }
}

/// Returns all of it for programs.
pub(in crate::cli) fn json(proof: &VerifiedProof<'_>) -> Value {
    let head = proof.head.head();
    json!({
        "head": proof.head.to_string(),
        "log_id": head.log_id.to_string(),
        "lsn": head.lsn.0,
        "at": head.index.map(|_| render::time(head.at_ms)),
        "root": hex::encode(&head.root),
        "order_id": order_of(proof).map(|id| id.to_string()),
        "complete": proof.is_complete,
        "older_lsn": proof.older.map(|older| older.head().lsn.0),
        "records": proof.records.iter().map(record).collect::<Vec<_>>(),
    })
}
