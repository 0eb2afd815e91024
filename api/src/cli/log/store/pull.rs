//! From the store to a directory.

use super::bucket::Bucket;
use super::{ARCHIVE, FORMAT, StoreArgs, check_identity};
use crate::cli::log::out;
use crate::cli::{Failure, Output};
use crate::output::{counted, say, versioned};
use clap::Args;
use kirana_domain::Lsn;
use kirana_storage::{Archive, ArchiveFile, LogId, SledJournal};
use serde_json::json;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The folder for what is not verified yet.
const WORK: &str = "pulling";

/// Copy an archive back from an object store: what is missing here.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kirana log pull --from s3://backups/kirana --data /restore/kirana\n  \
    kirana log pull --from s3://backups/kirana --data /var/lib/kirana\n\n\
    An empty directory becomes a backup without keys, which every kirana log tool reads and kirana\n\
    restore makes a data directory of. In a data directory, archive files that are gone come back;\n\
    its server must be stopped. Each file is verified before it gets its name."
)]
pub(in crate::cli::log) struct PullArgs {
    /// Bucket and, if need be, the prefix in it.
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    from: String,
    /// Target: an empty directory, or a data directory of the same log.
    #[arg(long, value_name = "DIR", env = "KIRANA_DATA", default_value = "data")]
    data: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

pub(super) async fn run(args: &PullArgs) -> Result<(), Failure> {
    let bucket = Bucket::open(&args.from, &args.store)?;
    let dir = &args.data;
    let _lock = lock(dir)?;
    let log_id = identity(&bucket, dir).await?;
    let mut names = bucket.list(ARCHIVE).await?;
    names.retain(|(name, _)| Path::new(name).extension().is_some_and(|it| it == "karc"));
    names.sort();
    let (archive, work) = (dir.join(ARCHIVE), dir.join(WORK));
    fs::create_dir_all(&archive).map_err(|error| failed("creating", &archive, &error))?;
    fs::create_dir_all(&work).map_err(|error| failed("creating", &work, &error))?;
    let total = names.iter().map(|(_, bytes)| bytes).sum();
    let bar = out::bytes_bar("fetching", total);
    let (mut fetched, mut fetched_bytes) = (0, 0);
    for (name, bytes) in &names {
        let to = archive.join(name);
        if !to.exists() {
            let at = work.join(name);
            fetch(&bucket, name, *bytes, &at, &bar).await?;
            ArchiveFile::open(&at, log_id).and_then(|file| file.verify()).map_err(|error| {
                Failure::Refused(format!("{bucket}{ARCHIVE}/{name} cannot be used: {error}"))
            })?;
            fs::rename(&at, &to).map_err(|error| failed("renaming", &at, &error))?;
            sync_dir(&archive)?;
            (fetched, fetched_bytes) = (fetched + 1, fetched_bytes + bytes);
        }
    }
    bar.finish_and_clear();
    fs::remove_dir_all(&work).map_err(|error| failed("removing", &work, &error))?;
    let whole = Archive::open(&archive, log_id)?;
    let end = Lsn(whole.end().lsn.0);
    say(&match args.output {
        Output::Json => versioned(json!({
            "store": bucket.to_string(), "archived_lsn": end.0, "files": whole.files().len(),
            "files_fetched": fetched, "bytes_fetched": fetched_bytes,
        }))
        .to_string(),
        Output::Text => format!(
            "records 1 to {end} are in {}: {}, {fetched} of them new ({fetched_bytes} bytes)",
            archive.display(),
            counted(whole.files().len() as u64, "file")
        ),
    });
    Ok(())
}

/// Nobody has the log open meanwhile.
fn lock(dir: &Path) -> Result<Option<File>, Failure> {
    let path = dir.join("LOCK");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("opening", &path, &error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            let shown = dir.display();
            Err(Failure::Refused(format!("a server has the log in {shown} open: stop it")))
        }
        Err(TryLockError::Error(error)) => Err(failed("locking", &path, &error)),
    }
}

/// Returns the id of the directory's log or, if that is empty, of the store's.
async fn identity(bucket: &Bucket, dir: &Path) -> Result<LogId, Failure> {
    let path = dir.join(FORMAT);
    if path.exists() {
        let ours = fs::read(&path).map_err(|error| failed("reading", &path, &error))?;
        if !check_identity(bucket, &ours).await? {
            return Err(nothing(bucket));
        }
    } else {
        let is_ours = |name: &std::ffi::OsStr| [ARCHIVE, WORK].iter().any(|it| name == *it);
        let mut entries = fs::read_dir(dir).into_iter().flatten().flatten();
        if let Some(other) = entries.find(|entry| !is_ours(&entry.file_name())) {
            let (shown, other) = (dir.display(), other.file_name());
            return Err(Failure::Refused(format!(
                "{shown} holds {} and no file FORMAT; name an empty directory",
                other.to_string_lossy()
            )));
        }
        let bytes = bucket.get_small(FORMAT).await?.ok_or_else(|| nothing(bucket))?;
        fs::create_dir_all(dir).map_err(|error| failed("creating", dir, &error))?;
        write(&path, &bytes)?;
        sync_dir(dir)?;
    }
    SledJournal::log_id_in(dir)?.ok_or_else(|| nothing(bucket))
}

fn nothing(bucket: &Bucket) -> Failure {
    Failure::Refused(format!("{bucket} has no archive of a log: there is no file FORMAT"))
}

async fn fetch(
    bucket: &Bucket,
    name: &str,
    bytes: u64,
    to: &Path,
    bar: &indicatif::ProgressBar,
) -> Result<(), Failure> {
    let mut file = File::create(to).map_err(|error| failed("creating", to, &error))?;
    let mut take = |part: &[u8]| {
        bar.inc(part.len() as u64);
        file.write_all(part).map_err(|error| failed("writing", to, &error))
    };
    bucket.get(&format!("{ARCHIVE}/{name}"), bytes, &mut take).await?;
    file.sync_all().map_err(|error| failed("syncing", to, &error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| failed("writing", path, &error))
}

fn sync_dir(dir: &Path) -> Result<(), Failure> {
    let synced = File::open(dir).and_then(|file| file.sync_all());
    synced.map_err(|error| failed("syncing", dir, &error))
}

fn failed(doing: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Refused(format!("{doing} {}: {error}", path.display()))
}
