//! `kirana log push` and `kirana log pull` of a build without the feature `s3`: they say so.

use super::super::Failure;
use clap::Args;

/// Copy the archive to an object store that speaks S3 (not in this build).
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    #[command(flatten)]
    any: Any,
}

/// Copy an archive back from an object store (not in this build).
#[derive(Debug, Args)]
pub(super) struct PullArgs {
    #[command(flatten)]
    any: Any,
}

#[derive(Debug, Args)]
struct Any {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    any: Vec<String>,
}

pub(super) fn push(args: &PushArgs) -> Result<(), Failure> {
    absent(&args.any)
}

pub(super) fn pull(args: &PullArgs) -> Result<(), Failure> {
    absent(&args.any)
}

fn absent(Any { any }: &Any) -> Result<(), Failure> {
    Err(Failure::Refused(format!(
        "this kirana was built without object stores, so `{}` goes nowhere; build it with cargo \
         build --release --features s3",
        any.join(" ")
    )))
}
