//! Checks of all of a log: every frame and its place in the chain, every record, and the state that
//! they lead to. A damage is named and passed by, so that a second one is found as well.

mod after;
mod against;
mod walk;

use super::{Log, Replayed, ToolError};
use crate::checkpoints::keys::LostKeys;
use crate::codec::decode::Decoded;
use crate::codec::lsn::domain_lsn;
use after::Aftermath;
use against::Against;
use kirana_domain::time::AtMs;
use kirana_domain::{Digest, Lsn, Record};
use kirana_storage::frame::FrameHeader;
use kirana_storage::{Batch, Damage, DamageKind, Head, StoredFrame, Vault, hex};
use std::sync::Arc;
use walk::Met;

/// Findings that are kept; of further ones only the number.
pub const FINDINGS_MAX: usize = 1_000;
/// Records of a damaged place that are named one by one.
const NAMED_MAX: usize = 20;

/// The checks that are made beside those of frames.
#[derive(Clone, Debug)]
pub struct Checks {
    /// Decode every record and replay it.
    pub replay: bool,
    /// Digests that the state must have after some records, ascending, and their source.
    pub digests: Vec<(Lsn, Digest, String)>,
    /// A head that the log must have had.
    pub against: Option<Head>,
    /// The keys that open the sealed texts of the records, if those are to be checked: `Some(None)`
    /// where there is no vault.
    pub keys: Option<Option<Arc<Vault>>>,
}

/// A fault of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The part: `log`, `record`, `stock law`, `digest`, `head`, `replay`, `vault`, or a check of
    /// the caller.
    pub part: &'static str,
    /// The first record that it touches.
    pub lsn: Option<Lsn>,
    /// The last record that it touches, where that is known.
    pub through: Option<Lsn>,
    /// The fault, and the expectation.
    pub what: String,
    /// The lost content, as far as the records around it tell.
    pub held: Vec<String>,
    /// The state of the log after it.
    pub after: Option<String>,
}

impl Finding {
    /// Returns a fault of one part.
    pub fn new(part: &'static str, lsn: Option<Lsn>, what: impl Into<String>) -> Self {
        Self { part, lsn, through: None, what: what.into(), held: Vec::new(), after: None }
    }

    /// Returns a damage as a finding.
    pub fn of(damage: &Damage) -> Self {
        let what = format!("{}: {}", damage.kind, damage.detail);
        let lsn = (damage.kind != DamageKind::Vault).then_some(domain_lsn(damage.lsn));
        let through = damage.through.map(domain_lsn);
        Self { through, ..Self::new("log", lsn, what) }
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Records that were read and are whole.
    pub records: u64,
    /// Batches that they were in.
    pub batches: u64,
    /// Openings of the log that wrote to it.
    pub openings: u64,
    /// The last record.
    pub end: Lsn,
    /// The time when it was decided.
    pub at_ms: Option<AtMs>,
    /// The last record that the replay has reached.
    pub replayed: Lsn,
    /// The digest of the state after it.
    pub digest: Option<Digest>,
    /// Sealed texts that were looked at.
    pub sealed: u64,
    /// The faults, in the order of the log.
    pub findings: Vec<Finding>,
    /// Findings that were not kept.
    pub more: u64,
}

impl Report {
    /// Returns true when there is no fault.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.more == 0
    }

    /// Adds a fault.
    pub fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    fn extend(&mut self, findings: Option<Finding>) {
        findings.into_iter().for_each(|finding| self.add(finding));
    }

    fn last_of_log(&mut self) -> Option<&mut Finding> {
        self.findings.iter_mut().rev().find(|finding| finding.part == "log")
    }

    /// Returns the first record with a fault.
    pub fn first_bad(&self) -> Option<Lsn> {
        self.findings.iter().filter_map(|finding| finding.lsn).min()
    }
}

/// Checks a log from its first record to its last.
pub fn verify(log: &Log<'_>, checks: &Checks) -> Report {
    let mut check = Check {
        checks,
        report: Report { end: log.end(), ..Report::default() },
        replayed: Replayed::nothing(log),
        is_following: checks.replay,
        last: None,
        after_damage: false,
        aftermath: None,
        digests_checked: 0,
        against: checks.against.map(Against::new),
        lost: LostKeys::default(),
    };
    let other = check.against.as_mut().and_then(|it| it.log(log.reader().log_id()));
    check.report.extend(other);
    walk::walk(log, checks.replay, &mut |met| match met {
        Met::Frame(frame, records) => check.frame(frame, records),
        Met::Damage { damage, goes_on, readable } => check.damage(damage, goes_on, readable),
        Met::Stop(error) => check.report.add(Finding::new("log", None, error.to_string())),
    });
    let other = check.against.as_ref().and_then(|it| it.index(log));
    check.report.extend(other);
    check.finish()
}

struct Check<'a> {
    checks: &'a Checks,
    report: Report,
    replayed: Replayed,
    /// False once a record is missing, or cannot follow.
    is_following: bool,
    /// The last frame that was whole, and whether a damage was met since.
    last: Option<FrameHeader>,
    after_damage: bool,
    /// The traces of lost records in those after the last damage.
    aftermath: Option<Aftermath>,
    digests_checked: usize,
    against: Option<Against>,
    lost: LostKeys,
}

impl Check<'_> {
    fn frame(&mut self, frame: &StoredFrame, records: Vec<Decoded>) {
        let header = frame.header();
        self.report.batches += 1;
        self.report.records += u64::from(header.count);
        if let Some(before) = &self.last
            && let Some(finding) = self.after_damage.then(|| self.report.last_of_log()).flatten()
        {
            let lost = header.batch_number.saturating_sub(before.batch_number + 1);
            if lost > 0 {
                let hash = hex::encode(&header.previous_hash);
                finding.held.push(format!("{lost} batches, the last one with the hash {hash}"));
            }
        }
        self.after_damage = false;
        if self.last.as_ref().is_none_or(|before| before.epoch != header.epoch) {
            self.report.openings += 1;
        }
        self.last = Some(*header);
        let other = self.against.as_mut().and_then(|against| against.frame(frame));
        self.report.extend(other);
        for (lsn, record) in records {
            match record {
                Ok(record) => self.record(lsn, &record),
                Err(error) => {
                    self.is_following = false;
                    let error = ToolError::Unreadable { lsn, error };
                    self.report.add(Finding::new("record", Some(lsn), error.to_string()));
                }
            }
        }
    }

    fn record(&mut self, lsn: Lsn, record: &Record) {
        self.report.at_ms = Some(record.at_ms);
        if let Some(vault) = &self.checks.keys {
            self.lost.see(vault.as_deref(), lsn, record);
        }
        if let Some(aftermath) = &mut self.aftermath {
            aftermath.see(&self.replayed, record);
        }
        if !self.is_following {
            return;
        }
        match self.replayed.apply(lsn, record, &mut |_, _| ()) {
            Ok(()) => self.digests(lsn),
            Err(error) => {
                self.is_following = false;
                self.report.add(match error {
                    ToolError::Contradiction { .. } => {
                        Finding::new("record", Some(lsn), error.to_string())
                    }
                    // Not a fault of the log, and yet the records after it cannot be checked.
                    other => Finding::new("replay", None, format!("at record {lsn}: {other}")),
                });
            }
        }
        for (lsn, store_id, product_id) in self.replayed.breaches.drain(..) {
            let what = format!("the books of product {product_id} in store {store_id} break it");
            self.report.add(Finding::new("stock law", Some(lsn), what));
        }
    }

    fn digests(&mut self, lsn: Lsn) {
        while let Some((at, expected, who)) = self.checks.digests.get(self.digests_checked)
            && *at <= lsn
        {
            self.digests_checked += 1;
            if *at < lsn {
                continue;
            }
            let actual = self.replayed.state.digest();
            if actual != *expected {
                let what = format!("{who} says {expected}, and the records lead to {actual}");
                self.report.add(Finding::new("digest", Some(lsn), what));
            }
        }
    }

    fn damage(&mut self, damage: &Damage, goes_on: Option<Lsn>, readable: Option<&Batch>) {
        self.settle();
        let mut finding = Finding::of(damage);
        let last_missing = goes_on.map(|lsn| Lsn(lsn.0.max(damage.lsn.0 + 1) - 1));
        finding.through = finding.through.or(last_missing);
        finding.after = Some(match goes_on {
            Some(lsn) => format!("records from {lsn} on can be read again"),
            None => "nothing after it can be read".to_owned(),
        });
        for (lsn, bytes) in readable.iter().flat_map(|batch| batch.records()).take(NAMED_MAX) {
            let lsn = domain_lsn(lsn);
            finding.held.push(match super::scan::decode(lsn, bytes) {
                Ok(record) => named(lsn, &record),
                Err(error) => error.to_string(),
            });
        }
        self.report.add(finding);
        self.after_damage = true;
        if self.checks.replay && goes_on.is_some() {
            self.aftermath = Some(Aftermath::default());
        }
        self.is_following = false;
    }

    /// Adds the traces of lost records to the last damage.
    fn settle(&mut self) {
        if let Some(aftermath) = self.aftermath.take()
            && let Some(finding) = self.report.last_of_log()
        {
            finding.held.extend(aftermath.told());
        }
    }

    fn finish(mut self) -> Report {
        self.settle();
        let missed = self.against.as_mut().and_then(Against::end);
        self.report.extend(missed);
        self.report.sealed = self.lost.texts;
        if !self.lost.is_empty() {
            let what = match &self.checks.keys {
                Some(Some(_)) => self.lost.to_string(),
                _ => format!(
                    "it is missing, and personal data of {} persons or endpoints cannot be opened",
                    self.lost.count()
                ),
            };
            self.report.add(Finding::new("vault", self.lost.first, what));
        }
        if self.checks.replay {
            self.report.replayed = self.replayed.state.lsn;
            self.report.digest = Some(self.replayed.state.digest());
        }
        self.report
    }
}

/// Returns the kind of a record and its order, in one line.
fn named(lsn: Lsn, record: &Record) -> String {
    let kind = record.event.kind();
    match record.event.order_id() {
        Some(id) => format!("record {lsn}: {kind} of order {id}"),
        None => format!("record {lsn}: {kind}"),
    }
}

/// For callers that have a [`ToolError`] where a finding is wanted.
impl From<&ToolError> for Finding {
    fn from(error: &ToolError) -> Self {
        Self::new("log", None, error.to_string())
    }
}

#[cfg(test)]
mod tests;
