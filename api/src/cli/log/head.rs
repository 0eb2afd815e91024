//! `kirana log head`, `keygen` and `prove`: what a shop can publish, and what follows from it.

use super::out::Out;
use super::{LogOf, order_ref, render, with_bar};
use crate::cli::Failure;
use clap::Args;
use kirana_engine::tools::find::{self, OrderRef};
use kirana_engine::tools::head;
use kirana_storage::{Head, Proof, PublicKey, SignedHead, SigningKey, hex};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

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
#[command(after_help = "Examples:\n  kirana log prove --order TUR-000002 -o order.proof\n  \
    kirana-proof order.proof\n\n\
    The proof shows the records as they are in the log; what is sealed in them stays sealed.")]
pub(super) struct ProveArgs {
    /// The order, by its id or number.
    #[arg(long, value_name = "ID|NUMBER", value_parser = order_ref)]
    order: OrderRef,
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
    let head = with_bar(&opened, "hashing", |log| head::head(log, now_ms()))?;
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
    let (head, records) = with_bar(&opened, "hashing", |log| {
        let id = find::order(log, &args.order)?;
        head::prove(log, id, now_ms())
    })?;
    let count = records.len();
    let proof = Proof::new(signed(head, key.as_ref()), records);
    write_new(&args.out, proof.encode().as_bytes())?;
    let mut out = Out::new();
    if args.of.is_json() {
        _ = out.json(&json!({ "records": count, "head": proof.head().to_string() }));
    } else {
        let file = args.out.display();
        _ = out.line(format!("{count} records are proved in {file}, below the head"));
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

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A head from the line itself, or from a file that begins with it.
pub(super) fn parse(text: &str) -> Result<SignedHead, String> {
    let line = match fs::read_to_string(text) {
        Ok(content) => content.lines().next().unwrap_or_default().to_owned(),
        Err(_) => text.to_owned(),
    };
    line.trim()
        .parse()
        .map_err(|error| format!("this is neither a head nor a file with one: {error}"))
}

/// A public key.
pub(super) fn public_key(text: &str) -> Result<PublicKey, String> {
    text.parse().map_err(|_| "give a public key as kirana log keygen prints it".to_owned())
}
