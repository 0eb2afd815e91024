//! `kirana-proof`: checks a proof without the log, and without trust in its maker.
//!
//! The checks are in `proof.rs`, `head.rs`, `merkle.rs` and `subject_index.rs` of the storage;
//! here it is said in words.

use super::log::out::Out;
use super::log::render::{headline, lines};
use super::log::{head, proved};
use super::{Failure, Output, complain};
use clap::{Parser, Subcommand};
use kirana_storage::{Proof, PublicKey, SignedHead};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a proof that `kirana log prove` has made. No log is needed.
#[derive(Debug, Parser)]
#[command(name = "kirana-proof", version, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(CheckArgs),
}

/// Check that what is in a proof is in the log that has its head, and say what it shows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  kirana-proof check order.proof --head head.txt\n  \
    kirana-proof check order.proof --key 1751dd05…\n\n\
    The head is what the shop has published, or printed on a receipt.\n\n\
    Exit codes: 0 proved, 1 refused, 2 wrong usage.")]
struct CheckArgs {
    /// The proof.
    file: PathBuf,
    /// The head as you know it from elsewhere, as a line or in a file.
    #[arg(long, value_name = "HEAD|FILE", value_parser = head::parse)]
    head: Option<SignedHead>,
    /// The public key of the shop, 64 hexadecimal digits, if its heads are signed.
    #[arg(long, value_name = "KEY", value_parser = head::public_key)]
    key: Option<PublicKey>,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

/// Runs the program with the arguments of this process.
pub(crate) fn run() -> ExitCode {
    let Command::Check(args) = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => {
            // Help goes to standard output with 0, complaints to standard error with 2.
            _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match check(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(sentence)) => complain(&sentence, 1),
        Err(Failure::Usage(sentence)) => complain(&sentence, 2),
    }
}

fn check(args: &CheckArgs) -> Result<(), Failure> {
    let file = args.file.display();
    let bytes = fs::read(&args.file)
        .map_err(|error| Failure::Usage(format!("{file} cannot be read: {error}")))?;
    let refused = |why: &dyn std::fmt::Display| Failure::Refused(format!("refused: {why}"));
    // Bytes that are no text are no proof either, and are refused as such.
    let proof = Proof::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| refused(&error))?;
    let known = args.head.as_ref().map(SignedHead::head);
    let verified = proof.verify(known, args.key.as_ref()).map_err(|error| refused(&error))?;
    // Nothing in a head of an earlier release says whose the records are: they do themselves.
    if let Some(order) = proved::order_of(&verified)
        && let Some(other) = verified.records.iter().find(|it| {
            kirana_engine::decode(&it.record)
                .is_ok_and(|record| record.event.mentioned_order() != Some(order))
        })
    {
        return Err(refused(&format!("record {} is not about order {order}", other.lsn)));
    }
    let mut out = Out::new();
    if args.output == Output::Json {
        let mut shown = proved::json(&verified);
        shown["rests_on"] = json!(proved::basis(&verified));
        _ = out.json(&shown);
    } else {
        for record in verified.records {
            _ = print(&mut out, &proved::record(record));
        }
        for line in proved::claims(&verified) {
            _ = out.line(line);
        }
        for line in proved::basis(&verified) {
            _ = out.line(line);
        }
    }
    _ = out.flush();
    Ok(())
}

fn print(out: &mut Out, record: &Value) -> std::ops::ControlFlow<()> {
    if let Some(why) = record["unreadable"].as_str() {
        let (lsn, bytes, hash) = (&record["lsn"], &record["bytes"], &record["hash"]);
        return out
            .line(format!("{lsn:>8}  {bytes} bytes, blake3 {hash}, not readable here: {why}"));
    }
    out.line(headline(record))?;
    lines(&record["fields"], 12).into_iter().try_for_each(|line| out.line(line))
}
