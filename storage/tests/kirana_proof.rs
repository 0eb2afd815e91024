//! The stand-alone verifier as its users run it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kirana_storage::merkle::{self, PathBuilder, Tree};
use kirana_storage::{Head, LogId, Lsn, Proof, ProvedRecord, SignedHead, SigningKey};

const RECORDS: [&[u8]; 5] = [b"started", b"order 1 placed", b"", b"order 1 packed", b"closed"];

fn head() -> Head {
    let mut tree = Tree::default();
    (1..).zip(RECORDS).for_each(|(lsn, record)| tree.push(merkle::leaf(Lsn(lsn), record)));
    Head { log_id: LogId([7; 16]), lsn: Lsn(5), hash: [1; 32], root: tree.root(), at_ms: 5 }
}

/// A proof of records 2 and 4 in a file.
fn write_proof(dir: &Path, head: SignedHead) -> PathBuf {
    let mut builder = PathBuilder::new(&[1, 3]);
    (1..).zip(RECORDS).for_each(|(lsn, record)| builder.push(merkle::leaf(Lsn(lsn), record)));
    let proved = |(lsn, path)| {
        let record = RECORDS[usize::try_from(lsn - 1).unwrap()].to_vec();
        ProvedRecord { lsn: Lsn(lsn), record, path }
    };
    let proof = Proof::new(head, [2, 4].into_iter().zip(builder.finish(5)).map(proved).collect());
    let path = dir.join("order-1.proof");
    fs::write(&path, proof.encode()).unwrap();
    path
}

/// The exit code, and what was said.
fn run(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kirana-proof")).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn a_good_proof_is_accepted_and_says_what_it_rests_on() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(&dir.path().join("key")).unwrap();
    let signed = head().sign(&key);
    let proof = write_proof(dir.path(), signed);
    let (proof, public) = (proof.to_str().unwrap(), key.public_key().to_string());
    let (code, said) = run(&["check", proof]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("proved   record 2  14 bytes") && said.contains("record 4"), "{said}");
    assert!(said.contains("anybody could have made"), "{said}");

    let head_file = dir.path().join("head.txt");
    fs::write(&head_file, format!("{}\n", head())).unwrap();
    for given in [&head().to_string(), &signed.to_string(), head_file.to_str().unwrap()] {
        let (code, said) = run(&["check", "--head", given, proof]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("rests on the head that you gave\n"), "{said}");
    }
    let (code, said) = run(&["check", proof, "--key", &public]);
    assert_eq!((code, said.contains("the signature of the key that you gave")), (0, true));
}

#[test]
fn a_bad_proof_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(&dir.path().join("key")).unwrap();
    let path = write_proof(dir.path(), head().into());
    let proof = path.to_str().unwrap();
    let other = Head { hash: [2; 32], ..head() }.to_string();
    let (code, said) = run(&["check", proof, "--head", &other]);
    assert_eq!((code, said.starts_with("refused: its head is another")), (1, true), "{said}");
    let (code, said) = run(&["check", proof, "--key", &key.public_key().to_string()]);
    assert_eq!((code, said.starts_with("refused: its head is not signed")), (1, true), "{said}");
    let text = fs::read_to_string(&path).unwrap();
    let (packed, stolen) = ("7061636b6564", "73746f6c656e");
    assert!(text.contains(packed));
    fs::write(&path, text.replace(packed, stolen)).unwrap();
    let (code, said) = run(&["check", proof]);
    assert_eq!((code, said.starts_with("refused: record 4 is different")), (1, true), "{said}");
    fs::write(&path, [0xff; 10]).unwrap();
    assert_eq!(run(&["check", proof]).0, 1);
    fs::write(&path, "holiday pictures").unwrap();
    assert_eq!(run(&["check", proof]).0, 1);
}

#[test]
fn a_question_that_makes_no_sense_is_answered_with_the_usage() {
    let questions: [&[&str]; 9] = [
        &[],
        &["prove"],
        &["check"],
        &["check", "one", "two"],
        &["check", "--head"],
        &["check", "file", "--key", "abc"],
        &["check", "file", "--head", "nowhere"],
        &["check", "file", "--head", "kirana-head:v1:"],
        &["check", "--loud", "file"],
    ];
    for question in questions {
        let (code, said) = run(question);
        assert_eq!((code, said.contains("usage: kirana-proof")), (2, true), "{question:?} {said}");
    }
    let (code, said) = run(&["check", "nowhere"]);
    assert_eq!((code, said.contains("cannot read nowhere")), (2, true), "{said}");
    assert_eq!(run(&["--help"]).0, 0);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_kirana-proof"))
        .arg("--help")
        .stdout(Stdio::from(writer))
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
}
