//! `kirana backup`: what is new in the log since the last run, into a directory that is a backup.
//!
//! The frames come from the running server, or from the directory of a stopped one. They are
//! checked one after the other as they come, and read back when they are written.

mod remote;

use super::log::out::records_bar;
use super::{ConfigArgs, Failure, Output};
use crate::output::{say, say_json};
use clap::Args;
use indicatif::ProgressBar;
use kirana_engine::tools::Log;
use kirana_engine::tools::head::time_and_index;
use kirana_storage::{
    Archive, Backup, BackupReport, BackupRun, JournalReader as _, KeyPolicy, Lsn, ReadOnlyLog,
    SledJournal,
};
use remote::Remote;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Back up a running server, or the directory of a stopped one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana backup --to /backup/kirana --data /var/lib/kirana\n  \
    kirana backup --to /backup/kirana --server http://10.0.0.5:8080 --no-keys\n  \
    kirana backup --to /backup/kirana --from /var/lib/kirana\n\n\
    Each run adds what is new since the last one, reads it back, and then moves the file head. A run\n\
    that was stopped is gone on with. The keys of personal data are replaced with each run, so that\n\
    what the shop has forgotten is forgotten here, too; with --no-keys they are left out: then names\n\
    and addresses cannot be read after a restore, and everything else can.\n\n\
    kirana restore makes a data directory of it, and kirana log looks into it as it is.")]
pub(super) struct BackupArgs {
    /// The backup: a directory of its own, which is made if it is not there.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The server.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        env = "KIRANA_SERVER"
    )]
    server: String,
    /// The data directory of a stopped server, instead of a running one; --server does not count.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// An admin's or a service's token; without one it is signed with the secret of the data
    /// directory.
    #[arg(long, value_name = "TOKEN", env = "KIRANA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Leave out the keys of personal data: without them names and addresses cannot be read.
    #[arg(long)]
    no_keys: bool,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &BackupArgs) -> Result<(), Failure> {
    let data = match &args.from {
        Some(from) => from.clone(),
        None => args.config.load()?.data,
    };
    // Whoever gives a wrong address is told so before a directory is made.
    let source = Source::open(args)?;
    let mut backup = Backup::open_for_writing(&args.to)?;
    if !args.no_keys {
        find_keys(&data)?;
    }
    let mut taking = backup.run(kirana_engine::indexer())?;
    source.pull(&mut taking)?;
    let vault = SledJournal::vault_path(&data);
    let keys = if args.no_keys { KeyPolicy::LeaveOut } else { KeyPolicy::CopyFrom(&vault) };
    if !args.no_keys {
        check_keys(&data, &taking)?;
    }
    // The keys come last: each is durable before a record that needs it.
    let index = |archive: &Archive| Ok::<_, Failure>(time_and_index(&Log::new(archive))?);
    let taken = taking.finish(keys, index)?;
    print(args, &taken, backup.vault().is_some());
    Ok(())
}

/// The source of the frames.
enum Source {
    Server(Remote),
    Directory(Box<ReadOnlyLog>),
}

impl Source {
    fn open(args: &BackupArgs) -> Result<Self, Failure> {
        let Some(from) = &args.from else {
            let remote = Remote::open(&args.server, args.token.as_deref(), &args.config)?;
            return Ok(Self::Server(remote));
        };
        let log = ReadOnlyLog::open(from, None)?;
        if let Some(problem) = log.problems().first() {
            let why = format!("{problem}; see what kirana log repair --plan can do");
            return Err(Failure::Refused(why));
        }
        Ok(Self::Directory(Box::new(log)))
    }

    fn pull(&self, taking: &mut BackupRun<'_>) -> Result<(), Failure> {
        match self {
            Self::Server(remote) => remote.pull(taking),
            Self::Directory(log) => {
                let (ours, theirs) = (taking.log_id(), log.log_id());
                if let Some(ours) = ours.filter(|ours| *ours != theirs) {
                    return Err(Failure::Refused(format!(
                        "the backup cannot go on: it is of log {ours} and not of log {theirs}; \
                         back up into a new directory"
                    )));
                }
                let bar = bar("backing up", log.end());
                if taking.lsn() > log.end() {
                    return Err(behind(taking.lsn(), log.end()));
                }
                for frame in log.frames(taking.from()) {
                    taking.push(&frame?)?;
                    bar.set_position(taking.lsn().0);
                }
                bar.finish_and_clear();
                Ok(())
            }
        }
    }
}

fn behind(ours: Lsn, end: Lsn) -> Failure {
    Failure::Refused(format!(
        "the backup goes to record {ours} and the log ends at record {end}: it is of another \
         log, or of another history of this one, such as before it was restored to an earlier \
         point; back up into a new directory"
    ))
}

/// Makes sure that there are keys to be copied before all the rest is.
fn find_keys(data: &Path) -> Result<(), Failure> {
    let vault = SledJournal::vault_path(data);
    std::fs::File::open(&vault).map(|_| ()).map_err(|error| {
        Failure::Refused(format!(
            "the keys of personal data are in {}, which cannot be read: {error}; say with --data \
             where the server has its data, or leave them out with --no-keys",
            vault.display()
        ))
    })
}

/// Keys of another log would open nothing.
fn check_keys(data: &Path, taking: &BackupRun<'_>) -> Result<(), Failure> {
    let there = SledJournal::log_id_in(data)?;
    if taking.log_id().is_none() || there == taking.log_id() {
        return Ok(());
    }
    let data = data.display();
    Err(Failure::Refused(format!(
        "the keys in {data} are those of another log: say with --data where this server has its \
         data, or leave them out with --no-keys"
    )))
}

fn print(args: &BackupArgs, taken: &BackupReport, has_keys: bool) {
    let BackupReport { head, records, file_bytes } = taken;
    if args.output == Output::Json {
        say_json(json!({
            "head": head.to_string(),
            "log_id": head.log_id.to_string(),
            "lsn": head.lsn.0,
            "records": records,
            "bytes": file_bytes,
            "keys": has_keys,
        }));
        return;
    }
    let to = args.to.display();
    let lsn = head.lsn;
    say(&match records {
        0 => format!("nothing is new: {to} goes to record {lsn}"),
        1 => format!("1 record is new: {to} goes to record {lsn}"),
        _ => format!("{records} records are new, in {file_bytes} bytes: {to} goes to record {lsn}"),
    });
    if !has_keys {
        say("it has no keys: names and addresses cannot be read after a restore");
    }
    say(&head.to_string());
}

/// A bar up to the last record, on a terminal, and nothing anywhere else.
pub(super) fn bar(what: &'static str, end: Lsn) -> ProgressBar {
    records_bar(what, end.0)
}
