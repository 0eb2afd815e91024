//! From the data directory to the store.

use super::bucket::Bucket;
use super::{ARCHIVE, FORMAT, StoreArgs, check_identity};
use crate::cli::log::out;
use crate::cli::{Failure, Output};
use crate::output::{counted, say, versioned};
use axum::body::Bytes;
use clap::Args;
use kirana_domain::Lsn;
use kirana_storage::{Archive, ArchiveFile, SledJournal};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Copy the archive to an object store that speaks S3: what is not there yet.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  kirana log push --to s3://backups/kirana --data /var/lib/kirana\n\n\
    The server may run: the files of its archive never change. Each is verified before it is sent.\n\
    Nothing in the store is replaced or removed. The newest records are not in the archive yet: a\n\
    running server archives 200,000 at a time, kirana log archive all of a stopped one's.\n\n\
    The key comes from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if need be, AWS_SESSION_TOKEN."
)]
pub(in crate::cli::log) struct PushArgs {
    /// Bucket and, if wanted, a prefix in it.
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    to: String,
    /// Data directory of a server, or a backup.
    #[arg(long, value_name = "DIR", env = "KIRANA_DATA", default_value = "data")]
    data: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

pub(super) async fn run(args: &PushArgs) -> Result<(), Failure> {
    let bucket = Bucket::open(&args.to, &args.store)?;
    let files = archive(&args.data)?;
    let identity = read(&args.data.join(FORMAT))?;
    if !check_identity(&bucket, &identity).await? {
        bucket.put(FORMAT, identity).await?;
    }
    let end = files.last().map_or(Lsn(0), |file| Lsn(file.after().lsn.0));
    let bar = out::bar("sending", end);
    let (mut sent, mut bytes) = (0, 0);
    for file in &files {
        bytes += send(&bucket, file, &mut sent).await?;
        bar.set_position(file.after().lsn.0);
    }
    bar.finish_and_clear();
    say(&match args.output {
        Output::Json => versioned(json!({
            "store": bucket.to_string(), "archived_lsn": end.0, "files": files.len(),
            "files_sent": sent, "bytes_sent": bytes,
        }))
        .to_string(),
        Output::Text => format!(
            "records 1 to {end} are in {bucket}: {}, {sent} of them new ({bytes} bytes)",
            counted(files.len() as u64, "file")
        ),
    });
    Ok(())
}

fn archive(data: &Path) -> Result<Vec<ArchiveFile>, Failure> {
    let log_id = SledJournal::log_id_in(data)?.ok_or_else(|| {
        let shown = data.display();
        Failure::Refused(format!("{shown} is not the directory of a log: it has no file FORMAT"))
    })?;
    let files = Archive::open(&data.join(ARCHIVE), log_id)?.files();
    if files.is_empty() {
        let why = "nothing is archived yet: a running server archives now and then, and kirana log \
                   archive does it for one that is stopped";
        return Err(Failure::Refused(why.to_owned()));
    }
    Ok(files)
}

/// Sends a file if it is not there. Answers how many bytes that took.
async fn send(bucket: &Bucket, file: &ArchiveFile, sent: &mut u64) -> Result<u64, Failure> {
    let name = file.path().file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{ARCHIVE}/{name}");
    let there = bucket.bytes_of(&name).await?;
    let metadata = std::fs::metadata(file.path());
    let here = metadata.map_err(|error| failed("looking at", file.path(), &error))?.len();
    match there {
        Some(there) if there == here => return Ok(0),
        Some(there) => {
            let why = format!(
                "{bucket}{name} has {there} bytes and not {here}: it is not ours, or was not sent \
                 whole; look at it and remove it there"
            );
            return Err(Failure::Refused(why));
        }
        None => (),
    }
    file.verify()?;
    bucket.put(&name, read(file.path())?).await?;
    match bucket.bytes_of(&name).await? {
        Some(there) if there == here => (),
        _ => return Err(Failure::Refused(format!("{bucket}{name} is not there as it was sent"))),
    }
    *sent += 1;
    Ok(here)
}

fn read(path: &Path) -> Result<Bytes, Failure> {
    let bytes = std::fs::read(path);
    bytes.map(Bytes::from).map_err(|error| failed("reading", path, &error))
}

fn failed(doing: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Refused(format!("{doing} {}: {error}", path.display()))
}
