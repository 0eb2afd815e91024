//! `kirana log push` and `kirana log pull`: the archive in an object store that speaks S3.
//!
//! Archive files never change and say themselves which log they are of, what they follow and
//! whether they are whole. So a store is a folder of them and the file FORMAT: what is missing is
//! copied, nothing is ever replaced or removed there, and a file counts when it has been verified.

mod bucket;
mod pull;
mod push;

use super::super::Failure;
use bucket::Bucket;
use clap::Args;
pub(super) use pull::PullArgs;
pub(super) use push::PushArgs;
use std::future::Future;

/// The file that says which log it is.
const FORMAT: &str = "FORMAT";
/// Folder of archive files, here and in the store.
const ARCHIVE: &str = "archive";

/// The address and the keys of a store.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// The address of the store, if it is not that of Amazon in the region: https, or http on this
    /// machine.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    /// The region of the bucket.
    #[arg(long, value_name = "REGION", env = "AWS_REGION", default_value = "us-east-1")]
    region: String,
}

pub(super) fn push(args: &PushArgs) -> Result<(), Failure> {
    block_on(push::run(args))
}

pub(super) fn pull(args: &PullArgs) -> Result<(), Failure> {
    block_on(pull::run(args))
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Refused(format!("no runtime: {error}")))?;
    runtime.block_on(work)
}

/// The store has the archive of the log whose identity is in `ours`, or nothing yet.
async fn check_identity(bucket: &Bucket, ours: &[u8]) -> Result<bool, Failure> {
    let Some(theirs) = bucket.get_small(FORMAT).await? else { return Ok(false) };
    if log_id_of(&theirs) == log_id_of(ours) && log_id_of(ours).is_some() {
        return Ok(true);
    }
    Err(Failure::Refused(format!(
        "{bucket} has the archive of another log; name another bucket or prefix"
    )))
}

/// The id in the bytes of a file FORMAT: it has the same place in every version.
fn log_id_of(format: &[u8]) -> Option<&[u8]> {
    format.get(8..24)
}
