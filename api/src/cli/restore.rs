//! `kirana restore`: a data directory out of a backup, whole or as of a record or a moment.
//!
//! Everything is prepared inside the directory and gets its place when all of it is there. What an
//! attempt that was stopped has left is refused by `kirana serve`, and removed by the next attempt.

use super::backup::bar;
use super::log::where_times_fall;
use super::{Failure, Output};
use crate::output::{complain, say, say_json};
use crate::rfc3339::{self, Rfc3339};
use clap::Args;
use kirana_engine::tools::{Log, keys};
use kirana_engine::{RebuildError, Rebuilt, indexer, rebuild};
use kirana_storage::{
    Assembly, Backup, Head, Lsn, NewLog, ReadOnlyLog, RestoreReport, RestoreUntil, SledJournal,
    restore,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Make a data directory out of a backup.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kirana restore --from /backup/kirana --data /var/lib/kirana\n  \
    kirana restore --from /backup/kirana --data /tmp/then --until 2026-11-26T06:00:00Z\n\n\
    The directory must be empty or not there. If a restore is stopped, start it again: what it has\n\
    left is removed, and no server starts on it. A point in time is cut at a whole batch of the\n\
    log, and it is said where: after the last record that is not later. Where a clock was wrong and\n\
    times fall, records before it may be later. The secret that tokens are signed with is not in a backup."
)]
pub(super) struct RestoreArgs {
    /// The backup.
    #[arg(long, value_name = "BACKUP")]
    from: PathBuf,
    /// The data directory to make.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The last record that counts, or a time: then the last record that is not later; all of the
    /// backup unless told otherwise.
    #[arg(long, value_name = "LSN|TIME", value_parser = until)]
    until: Option<RestoreUntil>,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

/// The number of a record, or a time.
fn until(text: &str) -> Result<RestoreUntil, String> {
    if let Ok(lsn @ 1..) = text.parse() {
        return Ok(RestoreUntil::Lsn(Lsn(lsn)));
    }
    rfc3339::parse(text).map(RestoreUntil::Time).ok_or_else(|| {
        "give the number of a record, or a time such as 2026-11-26T06:00:00Z".to_owned()
    })
}

impl From<RebuildError> for Failure {
    fn from(error: RebuildError) -> Self {
        Self::Refused(error.to_string())
    }
}

pub(super) fn run(args: &RestoreArgs) -> Result<(), Failure> {
    let until = args.until.unwrap_or(RestoreUntil::Head);
    let backup = Backup::open(&args.from)?;
    let Some(head) = backup.head().copied() else {
        return Err(Failure::Refused("the backup is empty".to_owned()));
    };
    if let RestoreUntil::Lsn(lsn) = until
        && lsn > head.lsn
    {
        let from = args.from.display();
        let why = format!("there is no record {lsn}: {from} goes to record {}", head.lsn);
        return Err(Failure::Refused(why));
    }
    let new = NewLog::begin(&args.data)?;
    let progress = bar("restoring", head.lsn);
    let mut assembly = Assembly::new(Some(&new.archive()), head.log_id, indexer());
    let watch = |lsn: Lsn| progress.set_position(lsn.0);
    let restored = restore(&backup, until, indexer(), &mut assembly, &watch)?;
    progress.finish_and_clear();
    if restored.end == Lsn::ZERO {
        let why = "the first batch of the log is later than that: nothing would be restored";
        return Err(Failure::Refused(why.to_owned()));
    }
    let has_keys = backup.copy_keys(&new.work().join("vault"))?;
    new.end_at(&assembly.end())?;
    let rebuilt = rebuilt(&new.work(), restored.end)?;
    let lost = give_up_lost_keys(&new.work())?;
    let moment = moment(&new.work(), until)?;
    new.publish()?;
    print(args, &head, &restored, &rebuilt, (has_keys, lost));
    moment.iter().for_each(|said| complain(said));
    Ok(())
}

/// Makes checkpoint and history, so that the first start is a quick one.
pub(super) fn rebuilt(work: &Path, end: Lsn) -> Result<Rebuilt, Failure> {
    let progress = bar("making checkpoint and history", end);
    let watch = |lsn: kirana_domain::Lsn| progress.set_position(lsn.0);
    let rebuilt = rebuild(work, Some(kirana_domain::Lsn(end.0)), &watch)?;
    progress.finish_and_clear();
    Ok(rebuilt)
}

/// Gives up the keys that the records need and the vault in `work` lacks, so that the log can be
/// served without them. Returns the number of persons and endpoints.
pub(super) fn give_up_lost_keys(work: &Path) -> Result<usize, Failure> {
    let log = ReadOnlyLog::open(work, None)?;
    Ok(keys::give_up(&Log::new(&log), &SledJournal::vault_path(work))?)
}

/// Returns what is to be said of the moment that was asked for, where times of the log fall.
fn moment(work: &Path, until: RestoreUntil) -> Result<Option<String>, Failure> {
    let RestoreUntil::Time(at_ms) = until else { return Ok(None) };
    Ok(where_times_fall(&Log::new(&ReadOnlyLog::open(work, None)?), at_ms)?)
}

fn print(
    args: &RestoreArgs,
    head: &Head,
    cut: &RestoreReport,
    rebuilt: &Rebuilt,
    (has_keys, lost): (bool, usize),
) {
    let RestoreReport { end, left_out } = *cut;
    if args.output == Output::Json {
        say_json(json!({
            "log_id": head.log_id.to_string(),
            "lsn": end.0,
            "digest": rebuilt.digest.to_string(),
            "backup_lsn": head.lsn.0,
            "left_out_from": left_out.map_or(Value::Null, |(first, _)| json!(first.0)),
            "keys": has_keys,
            "keys_given_up": lost,
        }));
        return;
    }
    let data = args.data.display();
    say(&format!("{data} is the log up to record {end}, digest {}", rebuilt.digest));
    if let Some((first, last)) = left_out {
        say(&cut_at(args.until, first, last, head.lsn));
    }
    if !has_keys {
        say("the backup has no keys: names and addresses cannot be read");
    } else if lost > 0 {
        say(&format!("the backup lacks the keys of {lost}: their data cannot be read"));
    }
}

/// Says at which record the log was cut, and for which limit.
fn cut_at(until: Option<RestoreUntil>, first: Lsn, last: Lsn, head: Lsn) -> String {
    let batch = match (until, first == last) {
        (Some(RestoreUntil::Time(ms)), true) => {
            format!("record {first} is later than {}", Rfc3339(ms))
        }
        (Some(RestoreUntil::Time(ms)), false) => format!(
            "records {first} to {last} are one batch that ends later than {}, and a batch is \
             restored whole or not at all",
            Rfc3339(ms)
        ),
        (Some(RestoreUntil::Lsn(lsn)), _) if first <= lsn => format!(
            "records {first} to {last} are one batch, and a batch is restored whole or not at all"
        ),
        _ => "that is what was asked for".to_owned(),
    };
    format!("cut before record {first}: {batch}; records {first} to {head} are left out")
}
