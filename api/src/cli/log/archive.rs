//! `kirana log archive`: everything into archive files, a checkpoint, and a small log, with the
//! server stopped. A running server does the same by itself, now and then.

use crate::cli::{Failure, Output};
use crate::output::{say, versioned};
use clap::Args;
use kirana_engine::{Rebuilt, rebuild};
use serde_json::json;
use std::path::PathBuf;

/// Move all of the log into the archive, and take a checkpoint; the server is stopped.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kirana log archive --data /var/lib/kirana\n\n\
    A running server does this by itself. Nothing is dropped: the tools read archive and log as one.\n\
    If it is stopped, start it again.")]
pub(super) struct ArchiveArgs {
    /// Data directory of a stopped server.
    #[arg(long, value_name = "DIR", env = "KIRANA_DATA", default_value = "data")]
    data: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

pub(super) fn run(args: &ArchiveArgs) -> Result<(), Failure> {
    let shown = args.data.display();
    if !args.data.join("FORMAT").is_file() {
        let why = format!("{shown} is not the directory of a log: it has no file FORMAT");
        return Err(Failure::Refused(why));
    }
    if !args.data.join("log").exists() {
        let why = format!("{shown} has no log: if it is a backup, all of it is archived already");
        return Err(Failure::Refused(why));
    }
    let Rebuilt { lsn, digest, archived, log_starts_at } = rebuild(&args.data, None, &|_| ())?;
    say(&match args.output {
        Output::Json => versioned(json!({
            "lsn": lsn.0,
            "digest": digest.to_string(),
            "archived_lsn": archived.0,
            "log_starts_at_lsn": log_starts_at.0,
        }))
        .to_string(),
        Output::Text => format!(
            "records 1 to {archived} are archived, the log starts at record {log_starts_at}; \
             digest {digest} at record {lsn}"
        ),
    });
    Ok(())
}
