//! Checks a proof of records, without the log and without trust in the maker of the proof.
//!
//! It is small on purpose: it relies on `proof.rs`, `head.rs` and `merkle.rs` of this crate alone.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use kirana_storage::head::HeadError;
use kirana_storage::{Proof, ProofBasis, ProvedRecord, PublicKey, SignedHead, VerifiedProof};

const USAGE: &str = "\
usage: kirana-proof check FILE [--head HEAD_LINE_OR_FILE] [--key PUBLIC_KEY]

Checks that the records in FILE are in the log that has the head in FILE.
  --head  the head as you know it from elsewhere, as a line or in a file
  --key   the public key of the shop, 64 hexadecimal digits, if its heads are signed

Exit codes: 0 proved, 1 refused, 2 the question was not understood.
";

/// The arguments of the command.
struct Arguments {
    file: String,
    head: Option<SignedHead>,
    key: Option<PublicKey>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    if matches!(arguments.first().map(String::as_str), Some("--help" | "-h" | "help")) {
        return say(USAGE, 0);
    }
    let question = match parse(&arguments) {
        Ok(question) => question,
        Err(reason) => return complain(&format!("{reason}\n\n{USAGE}"), 2),
    };
    let text = match fs::read(&question.file) {
        // Bytes that are no text are no proof either, and are refused as such.
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return complain(&format!("cannot read {}: {error}\n", question.file), 2),
    };
    let checked = Proof::parse(&text).and_then(|proof| {
        let head = question.head.as_ref().map(SignedHead::head);
        proof.verify(head, question.key.as_ref()).map(|verified| report(&verified))
    });
    match checked {
        Ok(report) => say(&report, 0),
        Err(error) => complain(&format!("refused: {error}\n"), 1),
    }
}

fn parse(arguments: &[String]) -> Result<Arguments, String> {
    let [command, rest @ ..] = arguments else { return Err("nothing was asked".into()) };
    if command != "check" {
        return Err(format!("there is no command {command:?}"));
    }
    let (mut file, mut head, mut key) = (None, None, None);
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        let (taken, value) = match argument.as_str() {
            "--head" => (&mut head, rest.next().ok_or("--head needs a head")?),
            "--key" => (&mut key, rest.next().ok_or("--key needs a public key")?),
            option if option.starts_with("--") => return Err(format!("there is no {option:?}")),
            _ => (&mut file, argument),
        };
        if taken.replace(value.clone()).is_some() {
            return Err(format!("there is one too many: {value:?}"));
        }
    }
    Ok(Arguments {
        file: file.ok_or("check needs a FILE")?,
        head: head.map(|head| read_head(&head)).transpose()?,
        key: key.map(|key| key.parse().map_err(|error| format!("--key: {error}"))).transpose()?,
    })
}

/// Parses a head line, or the first line of a file.
fn read_head(argument: &str) -> Result<SignedHead, String> {
    match argument.trim().parse() {
        Err(HeadError::NotAHead) => (),
        parsed => return parsed.map_err(|error| format!("--head: {error}")),
    }
    let text = fs::read_to_string(argument)
        .map_err(|error| format!("--head: {argument} is no head, nor a file: {error}"))?;
    let line = text.lines().next().unwrap_or_default();
    line.trim().parse().map_err(|error| format!("--head: {argument}: {error}"))
}

fn report(verified: &VerifiedProof<'_>) -> String {
    let head = verified.head.head();
    let mut lines: Vec<String> = verified.records.iter().map(proved).collect();
    lines.push(format!("head     log {}  record {}", head.log_id, head.lsn));
    let basis = match verified.basis {
        ProofBasis::Itself => {
            "the head in the proof itself, which anybody could have made: compare it with one \
             from elsewhere (--head), or check who signed it (--key)"
        }
        ProofBasis::GivenHead => "the head that you gave",
        ProofBasis::GivenKey => "the signature of the key that you gave",
        ProofBasis::GivenHeadAndKey => {
            "the head that you gave, and the signature of the key that you gave"
        }
    };
    lines.push(format!("rests on {basis}"));
    if let (ProofBasis::Itself, Some(key)) = (verified.basis, verified.head.signed_by()) {
        lines.push(format!("signed by {key}, which may be anybody's"));
    }
    lines.join("\n") + "\n"
}

fn proved(record: &ProvedRecord) -> String {
    let (bytes, hash) = (record.record.len(), blake3::hash(&record.record));
    format!("proved   record {}  {bytes} bytes  blake3 {hash}", record.lsn)
}

/// Prints `text` and returns `code`. A reader that has closed the pipe wants no more.
fn say(text: &str, code: u8) -> ExitCode {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write: {error}\n"), 2)
        }
        _ => ExitCode::from(code),
    }
}

fn complain(text: &str, code: u8) -> ExitCode {
    // There is nowhere left to complain if this fails.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(code)
}
