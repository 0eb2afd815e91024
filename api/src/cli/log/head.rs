//! `kirana log head`, `keygen` and `prove`: what a shop can publish, and what follows from it.

use super::out::Out;
use super::{LogOf, order_ref, proved, render, with_bar};
use crate::cli::Failure;
use clap::Args;
use kirana_engine::tools::find::{self, OrderRef};
use kirana_engine::tools::head::{self, Claims};
use kirana_storage::{Head, PublicKey, SignedHead, SigningKey, hex};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Print the head of the log in one line, to be published or printed on receipts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log head --data /var/lib/kirana\n  \
    kirana log head --sign /etc/kirana/head.key > head.txt\n\n\
    Whoever keeps the line can have the log checked against it: kirana log verify --against.")]
pub(super) struct HeadArgs {
    /// Sign it with the key in this file (kirana log keygen makes one).
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
    #[command(flatten)]
    of: LogOf,
}

/// Make a key that heads are signed with, and print its public part.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kirana log keygen /etc/kirana/head.key\n\n\
    The file is readable for its owner only, and is never overwritten.")]
pub(super) struct KeygenArgs {
    /// The file that the key is written to.
    #[arg(value_name = "KEYFILE")]
    file: PathBuf,
}

/// Write a proof of all that happened to an order, to be checked without the log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log head > head.txt\n  \
    kirana log prove --order TUR-000002 --head head.txt -o order.proof\n  \
    kirana-proof check order.proof --head head.txt\n\n  \
    kirana log prove --older head.txt -o growth.proof\n  \
    kirana-proof check growth.proof --head head.txt\n\n\
    A proof holds below the head that the log has now, or below --head, which the log had before.\n\
    With --older it shows that the log has grown from that head and that nothing was changed.\n\
    The proof shows the records as they are in the log; what is sealed in them stays sealed.")]
#[group(id = "claim", required = true, multiple = true, args = ["order", "older"])]
pub(super) struct ProveArgs {
    /// The order, by its id or number.
    #[arg(long, value_name = "ID|NUMBER", value_parser = order_ref)]
    order: Option<OrderRef>,
    /// A head that was published: the proof holds below it.
    #[arg(long, value_name = "HEAD|FILE", value_parser = parse, conflicts_with = "sign")]
    head: Option<SignedHead>,
    /// A head that somebody kept: show that the log has only grown since.
    #[arg(long, value_name = "HEAD|FILE", value_parser = parse)]
    older: Option<SignedHead>,
    /// The file that the proof is written to; it must not be there yet.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: PathBuf,
    /// Sign the head in it with the key in this file.
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
    #[command(flatten)]
    of: LogOf,
}

pub(super) fn run(args: &HeadArgs) -> Result<(), Failure> {
    // A key that cannot be read is said before a long look at the log.
    let key = key(args.sign.as_deref())?;
    let opened = args.of.open()?;
    let head = with_bar(&opened, "hashing", head::head)?;
    let signed = signed(head, key.as_ref());
    let mut out = Out::new();
    if args.of.is_json() {
        _ = out.json(&json!({
            "head": signed.to_string(),
            "log_id": head.log_id.to_string(),
            "lsn": head.lsn.0,
            "at": render::time(head.at_ms),
            "hash": hex::encode(&head.hash),
            "root": hex::encode(&head.root),
            "index": head.index.map(|index| hex::encode(&index)),
            "signed_by": signed.signed_by().map(ToString::to_string),
        }));
    } else {
        _ = out.line(signed.to_string());
    }
    _ = out.flush();
    Ok(())
}

pub(super) fn keygen(args: &KeygenArgs) -> Result<(), Failure> {
    let key = SigningKey::generate(&args.file).map_err(|error| refused(&error))?;
    let mut out = Out::new();
    _ = out.line(key.public_key().to_string());
    _ = out.flush();
    Ok(())
}

pub(super) fn prove(args: &ProveArgs) -> Result<(), Failure> {
    let key = key(args.sign.as_deref())?;
    let opened = args.of.open()?;
    let proof = with_bar(&opened, "hashing", |log| {
        let order = args.order.as_ref().map(|order| find::order(log, order)).transpose()?;
        head::prove(log, &Claims { order, head: args.head, older: args.older })
    })?;
    let proof = match &key {
        Some(key) => proof.sign(key),
        None => proof,
    };
    write_new(&args.out, proof.encode().as_bytes())?;
    // What was written is read as its receiver reads it.
    let verified = proof.verify(None, None).map_err(|error| refused(&error))?;
    let mut out = Out::new();
    if args.of.is_json() {
        _ = out.json(&proved::json(&verified));
    } else {
        for line in proved::claims(&verified) {
            _ = out.line(line);
        }
        _ = out.line(format!("the proof is in {}, below the head", args.out.display()));
        _ = out.line(proof.head().to_string());
    }
    _ = out.flush();
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let file = fs::File::options().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|error| Failure::Refused(format!("{} cannot be written: {error}", path.display())))
}

fn signed(head: Head, key: Option<&SigningKey>) -> SignedHead {
    match key {
        Some(key) => head.sign(key),
        None => head.into(),
    }
}

fn key(path: Option<&Path>) -> Result<Option<SigningKey>, Failure> {
    path.map(SigningKey::load).transpose().map_err(|error| refused(&error))
}

fn refused(error: &impl std::fmt::Display) -> Failure {
    Failure::Refused(error.to_string())
}

/// A head from the line itself, or from a file that begins with it.
pub(in crate::cli) fn parse(text: &str) -> Result<SignedHead, String> {
    let line = match fs::read_to_string(text) {
        Ok(content) => content.lines().next().unwrap_or_default().to_owned(),
        Err(_) => text.to_owned(),
    };
    line.trim()
        .parse()
        .map_err(|error| format!("this is neither a head nor a file with one: {error}"))
}

/// A public key.
pub(in crate::cli) fn public_key(text: &str) -> Result<PublicKey, String> {
    text.parse().map_err(|_| "give a public key as kirana log keygen prints it".to_owned())
}
