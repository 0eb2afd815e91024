//! `kirana log verify`: all that can be checked, and everything that is wrong.

mod beside;

use super::open::OpenLog;
use super::out::{Out, bar};
use super::{LogOf, head, render};
use crate::cli::Failure;
use crate::output::counted;
use crate::rfc3339::Rfc3339;
use beside::Beside;
use clap::Args;
use kirana_domain::Lsn;
use kirana_engine::tools::verify::{Checks, Finding, Report, verify};
use kirana_storage::{PublicKey, SignedHead};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::time::Instant;

/// Check a log: checksums, chain, gaps, epochs, marks, keys, and the state that the records lead
/// to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log verify --data /var/lib/kirana\n  \
    kirana log verify --data /backup/2026-11-26 --output json\n  \
    kirana log verify --against head.txt\n\n\
    Exit code 1 if anything is wrong. Everything that is found is listed, the first one first.")]
pub(super) struct VerifyArgs {
    /// A head that was kept: prove that history up to there was not changed.
    #[arg(long, value_name = "HEAD|FILE", value_parser = head::parse)]
    against: Option<SignedHead>,
    /// The public key that must have signed that head.
    #[arg(long, value_name = "KEY", requires = "against", value_parser = head::public_key)]
    signed_by: Option<PublicKey>,
    /// Check the bytes only; do not decode the records and replay them.
    #[arg(long)]
    no_replay: bool,
    #[command(flatten)]
    of: LogOf,
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    if let (Some(head), Some(key)) = (&args.against, &args.signed_by)
        && head.signed_by() != Some(key)
    {
        let why = format!("the head is not signed by {key}, so it says nothing");
        return Err(Failure::Refused(why));
    }
    let opened = args.of.open()?;
    let begun = Instant::now();
    let (report, beside) = check(args, &opened);
    let mut out = Out::new();
    if args.of.is_json() {
        let mut shown = report_json(&report);
        shown["beside"] = beside.json();
        _ = out.json(&shown);
    } else {
        _ = report_text(&mut out, &report, begun.elapsed().as_secs_f64());
        _ = out.line(format!(
            "{}, {}, {} looked at",
            counted(beside.archive_files, "archive file"),
            counted(beside.checkpoints, "checkpoint"),
            counted(beside.tables, "table") + " of ended orders",
        ));
        _ = out.line(if beside.leaves_out_keys {
            "it has no keys: names and addresses cannot be read after a restore".to_owned()
        } else {
            counted(report.sealed, "sealed text") + " looked at"
        });
        for missing in &beside.missing {
            _ = out.line(format!("not there: {missing}"));
        }
        if let (Some(head), true) = (&args.against, report.is_good()) {
            let lsn = head.head().lsn;
            _ = out
                .line(format!("history up to record {lsn} is what it was when the head was taken"));
        }
    }
    _ = out.flush();
    if report.is_good() {
        return Ok(());
    }
    let count = counted(report.findings.len() as u64 + report.more, "finding");
    Err(Failure::Refused(match report.first_bad() {
        Some(lsn) => format!("{count}; the first bad record is {lsn}"),
        None => count,
    }))
}

fn check(args: &VerifyArgs, opened: &OpenLog) -> (Report, Beside) {
    let mut beside = Beside::of(opened);
    let log = opened.for_tools();
    let bar = bar("verifying", log.end());
    let watch = |lsn: Lsn| bar.set_position(lsn.0);
    let checks = Checks {
        replay: !args.no_replay,
        digests: std::mem::take(&mut beside.digests),
        against: args.against.map(|head| *head.head()),
        keys: beside.keys.take(),
    };
    let mut report = verify(&log.watched(&watch), &checks);
    bar.finish_and_clear();
    // What was seen when the log was opened, as far as reading it has not met it again.
    for damage in opened.log().problems() {
        let finding = Finding::of(damage);
        let kind = damage.kind.to_string();
        let is_it = |known: &Finding| known.lsn == finding.lsn && known.what.starts_with(&kind);
        if !report.findings.iter().any(is_it) {
            report.add(finding);
        }
    }
    beside.findings.drain(..).for_each(|finding| {
        let is_it = |known: &Finding| known.lsn == finding.lsn && known.what == finding.what;
        if !report.findings.iter().any(is_it) {
            report.add(finding);
        }
    });
    report.findings.sort_by_key(|finding| finding.lsn);
    (report, beside)
}

fn report_json(report: &Report) -> Value {
    let finding = |it: &Finding| {
        json!({
            "part": it.part, "lsn": it.lsn.map(|lsn| lsn.0),
            "through_lsn": it.through.map(|lsn| lsn.0), "what": it.what, "held": it.held,
            "after": it.after,
        })
    };
    json!({
        "good": report.is_good(),
        "records": report.records,
        "batches": report.batches,
        "openings": report.openings,
        "sealed_texts": report.sealed,
        "end_lsn": report.end.0,
        "end_at": report.at_ms.map(render::time),
        "replayed_lsn": report.digest.map(|_| report.replayed.0),
        "digest": report.digest.map(|digest| digest.to_string()),
        "first_bad_lsn": report.first_bad().map(|lsn| lsn.0),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "findings_not_listed": report.more,
    })
}

fn report_text(out: &mut Out, report: &Report, seconds: f64) -> ControlFlow<()> {
    for finding in &report.findings {
        let place = match (finding.lsn, finding.through) {
            (Some(lsn), Some(through)) if through > lsn => format!("records {lsn} to {through}: "),
            (Some(lsn), _) => format!("record {lsn}: "),
            (None, _) => String::new(),
        };
        out.line(format!("{place}{}: {}", finding.part, finding.what))?;
        for held in &finding.held {
            out.line(format!("    held: {held}"))?;
        }
        if let Some(after) = &finding.after {
            out.line(format!("    after it: {after}"))?;
        }
    }
    if report.more > 0 {
        out.line(format!("and {} more", report.more))?;
    }
    let at = report.at_ms.map(|at_ms| format!(" of {}", Rfc3339(at_ms))).unwrap_or_default();
    out.line(format!(
        "whole: {} in {} of {}, up to record {}{at}",
        counted(report.records, "record"),
        counted(report.batches, "batch"),
        counted(report.openings, "opening"),
        report.end
    ))?;
    if let Some(digest) = report.digest {
        out.line(format!("replayed to record {}: digest {digest}", report.replayed))?;
    }
    if seconds >= 1.0 {
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let speed = report.records as f64 / seconds;
        out.line(format!("{speed:.0} records a second"))?;
    }
    out.line(if report.is_good() { "nothing is wrong" } else { "the log is damaged" })
}
