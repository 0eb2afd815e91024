//! `kirana log repair`: what could be done about a damaged log and what it costs, and doing it on a
//! copy. The directory itself is never written to.

use crate::cli::backup::bar;
use crate::cli::restore::{give_up_lost_keys, rebuilt};
use crate::cli::{Failure, Output};
use crate::output::{say, say_json};
use clap::Args;
use kirana_engine::{Rebuilt, decode, indexer};
use kirana_storage::{
    Damage, KeySource, Lsn, NewLog, Piece, PieceKind, RepairPlan, Salvage, StoredFrame,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Orders that are named one by one.
const NAMED_MAX: usize = 100;

/// Say what can be done about a damaged log and what it costs; do it on a copy.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log repair --plan --data /var/lib/kirana\n  \
    kirana log repair --plan --data /var/lib/kirana --from-backup /backup/kirana\n  \
    kirana log repair --apply --into /var/lib/kirana.repaired --data /var/lib/kirana\n\n\
    A copy is made of all records that follow each other, wherever they can be had: from the log,\n\
    with or without the snapshots of its database, from its archive, from what earlier recoveries\n\
    have kept, and from a backup. Marks, identity, checkpoint and history are made anew. What was\n\
    acknowledged beyond that is the cost, and is named.\n\n\
    Exit code 1 with --plan if acknowledged records would be lost.")]
#[group(id = "mode", required = true, args = ["plan", "apply"])]
pub(super) struct RepairArgs {
    /// Only say what could be done.
    #[arg(long, group = "mode")]
    plan: bool,
    /// Do it, on a copy.
    #[arg(long, group = "mode", requires = "into")]
    apply: bool,
    /// Directory of the repaired copy: empty, or not there yet.
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    into: Option<PathBuf>,
    /// Data directory of a stopped server.
    #[arg(long, value_name = "DIR", env = "KIRANA_DATA", default_value = "data")]
    data: PathBuf,
    /// A backup that fills in what is gone.
    #[arg(long, value_name = "DIR")]
    from_backup: Option<PathBuf>,
    /// Directory for copies of the newest part of the log while it is looked at.
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

/// Orders that records speak of which can be read and cannot be had.
#[derive(Default)]
struct Named {
    orders: BTreeSet<String>,
    more: bool,
}

impl Named {
    fn see(&mut self, frame: &StoredFrame) {
        for (_, bytes) in frame.records() {
            let Some(id) = decode(bytes).ok().and_then(|record| record.event.order_id()) else {
                continue;
            };
            if self.orders.len() < NAMED_MAX {
                self.orders.insert(id.to_string());
            } else {
                self.more |= !self.orders.contains(&id.to_string());
            }
        }
    }
}

/// The outcome of a repair that was carried out.
struct Applied {
    rebuilt: Rebuilt,
    /// Persons and endpoints whose keys no source had.
    keys_given_up: usize,
}

pub(super) fn run(args: &RepairArgs) -> Result<(), Failure> {
    let scratch = args.scratch.as_deref();
    let salvage = Salvage::open(&args.data, args.from_backup.as_deref(), scratch)?;
    let new = args.into.as_deref().map(NewLog::begin).transpose()?;
    let mut named = Named::default();
    let progress = bar("looking for records", Lsn(0));
    let watch = |lsn: Lsn| progress.set_position(lsn.0);
    let plan = salvage.run(new.as_ref(), indexer(), &watch, &mut |frame| named.see(frame))?;
    progress.finish_and_clear();
    let applied = match new {
        Some(new) if plan.end.lsn > Lsn::ZERO => {
            let rebuilt = rebuilt(&new.work(), plan.end.lsn)?;
            let keys_given_up = give_up_lost_keys(&new.work())?;
            new.publish()?;
            Some(Applied { rebuilt, keys_given_up })
        }
        _ => None,
    };
    match args.output {
        Output::Json => say_json(as_json(&plan, &named, applied.as_ref())),
        Output::Text => as_text(args, &plan, &named, applied.as_ref()),
    }
    if plan.end.lsn == Lsn::ZERO {
        let why = "no record can be had from the first one on: name a backup with --from-backup";
        return Err(Failure::Refused(why.to_owned()));
    }
    if args.plan && plan.lost() > 0 {
        let lost = plan.lost();
        let why = format!("a repair would cost {lost} acknowledged records");
        return Err(Failure::Refused(why));
    }
    Ok(())
}

fn as_text(args: &RepairArgs, plan: &RepairPlan, named: &Named, applied: Option<&Applied>) {
    if plan.problems.is_empty() {
        say("nothing is wrong");
    }
    for problem in &plan.problems {
        say(&format!("found: {problem}"));
    }
    for piece in &plan.pieces {
        say(&piece_text(piece));
    }
    let end = plan.end.lsn;
    say("made anew: identity, mark of the acknowledged end, checkpoint and history");
    match &plan.keys {
        KeySource::Absent => say("keys: there are none"),
        KeySource::Log(path) => say(&format!("keys: from {}", path.display())),
        KeySource::Backup(path) => {
            say(&format!("keys: from the backup, {}: those made since are lost", path.display()));
        }
        KeySource::Lost => say("keys: lost, so names and addresses cannot be read any more"),
    }
    say(&cost(plan));
    for order in &named.orders {
        say(&format!("  touched: order {order}"));
    }
    if named.more {
        say("  and more");
    }
    match (applied, &args.into) {
        (Some(Applied { rebuilt, keys_given_up }), Some(into)) => {
            let (into, digest) = (into.display(), rebuilt.digest);
            say(&format!("{into} is the log up to record {end}, digest {digest}"));
            if *keys_given_up > 0 {
                say(&format!("given up: the keys of {keys_given_up} persons or endpoints"));
            }
        }
        _ => say("nothing has been done: kirana log repair --apply --into DIR does it on a copy"),
    }
}

fn piece_text(piece: &Piece) -> String {
    let Piece { first, last, source, kind, is_backup, without_snapshots } = piece;
    let what = match kind {
        PieceKind::File => "the archive file",
        PieceKind::Frames if *without_snapshots => "the database, without its snapshots:",
        PieceKind::Frames => "what can be read of",
    };
    let of = if *is_backup { " of the backup" } else { "" };
    format!("records {first} to {last}: {what} {}{of}", source.display())
}

/// Returns the losses of a repair in one sentence.
fn cost(plan: &RepairPlan) -> String {
    let (end, known) = (plan.end.lsn, plan.acknowledged);
    let mut text = match plan.lost() {
        0 if end > known => format!(
            "no acknowledged record is lost; records {} to {end} were written and perhaps not \
             acknowledged, and are kept",
            known.next()
        ),
        0 => "no acknowledged record is lost".to_owned(),
        1 => format!("1 acknowledged record is lost: {known}"),
        lost => format!("{lost} acknowledged records are lost: {} to {known}", end.next()),
    };
    if !plan.is_exact {
        text.push_str(
            ", as far as can be known without the mark of the acknowledged end: there may be more",
        );
    }
    if plan.unusable > 0 {
        _ = write!(text, "; {} of those can be read, but some before them are gone", plan.unusable);
    }
    text
}

fn as_json(plan: &RepairPlan, named: &Named, applied: Option<&Applied>) -> Value {
    let problem = |it: &Damage| {
        json!({
            "lsn": it.lsn.0, "through_lsn": it.through.map(|lsn| lsn.0),
            "kind": it.kind.to_string(), "detail": it.detail,
        })
    };
    let piece = |it: &Piece| {
        json!({
            "first_lsn": it.first.0, "last_lsn": it.last.0, "source": it.source,
            "whole_file": it.kind == PieceKind::File, "backup": it.is_backup,
            "without_snapshots": it.without_snapshots,
        })
    };
    let keys = match &plan.keys {
        KeySource::Absent => "none",
        KeySource::Log(_) => "log",
        KeySource::Backup(_) => "backup",
        KeySource::Lost => "lost",
    };
    json!({
        "log_id": plan.log_id.to_string(),
        "whole": plan.is_whole(),
        "problems": plan.problems.iter().map(problem).collect::<Vec<_>>(),
        "pieces": plan.pieces.iter().map(piece).collect::<Vec<_>>(),
        "end_lsn": plan.end.lsn.0,
        "acknowledged_lsn": plan.acknowledged.0,
        "acknowledged_is_exact": plan.is_exact,
        "lost_records": plan.lost(),
        "unusable_records": plan.unusable,
        "touched_orders": named.orders,
        "more_orders": named.more,
        "keys": keys,
        "applied": applied.is_some(),
        "keys_given_up": applied.map(|applied| applied.keys_given_up),
        "digest": applied.map(|applied| applied.rebuilt.digest.to_string()),
    })
}
