//! The documents speak of files that are there.

use crate::tidy_imports::{sources, top};
use kirana_engine::{KeysError, LostKeys, OpenError};
use kirana_storage::{DamageKind, JournalError, Lsn};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

const DOCUMENTS: [&str; 6] = [
    "README.md",
    "engine/ARCHITECTURE.md",
    "storage/FORMAT.md",
    "storage/RUNBOOK.md",
    "benches/RESULTS.md",
    "tests/README.md",
];

/// Endings of names that are files of the project when they stand in a document with a folder.
const ENDINGS: [&str; 5] = [".rs", ".md", ".sh", ".toml", ".json"];

/// Folders of the project; another folder in a document is one of a data directory.
const FOLDERS: [&str; 5] = ["engine/", "api/", "storage/", "tests/", "benches/"];

/// Returns the words of a text that stand between backticks, or behind the text of a link.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let ticked = text.split('`').skip(1).step_by(2).flat_map(str::split_whitespace);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    ticked.chain(linked.filter(|link| !link.contains("://")))
}

/// Returns the names that `a/{b,c}.rs` stands for.
fn expanded(word: &str) -> Vec<String> {
    match word.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?))) {
        None => vec![word.to_owned()],
        Some((head, (names, tail))) => {
            names.split(',').map(|name| format!("{head}{name}{tail}")).collect()
        }
    }
}

/// Returns the files that a document names and that are neither below the project nor beside it.
fn missing_in(top: &Path, document: &str, text: &str) -> Vec<String> {
    let beside = top.join(document);
    let beside = beside.parent().expect("a document lies in a folder");
    let is_file = |word: &&str| {
        let word = word.trim_end_matches(['.', ',', ';', ':']);
        word.contains('/') && !word.starts_with(['/', '$', '<', '.']) && {
            let of_ours = word.ends_with('/') && FOLDERS.iter().any(|top| word.starts_with(top));
            of_ours || ENDINGS.iter().any(|ending| word.ends_with(ending))
        }
    };
    let words = words_of(text).filter(is_file).flat_map(expanded);
    words.filter(|word| !top.join(word).exists() && !beside.join(word).exists()).collect()
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let mut named = 0;
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(top().join(document)).unwrap();
        named += words_of(&text).count();
        let missing = missing_in(top(), document, &text);
        assert!(missing.is_empty(), "{document} names what is not there: {missing:#?}");
    }
    assert!(named > 100, "the documents name files");
}

#[test]
fn the_check_sees_a_name_of_a_file_that_is_gone() {
    let text =
        "See `tests/it/{main,gone}.rs`, [it](it/gone.md) and `GET /v1/x.json`; `it/main.rs`.";
    let missing = missing_in(top(), "tests/README.md", text);
    assert_eq!(missing, ["tests/it/gone.rs", "it/gone.md"]);
}

/// Returns the kind after this one; a new kind does not compile until it has its place here.
fn kind_after(kind: DamageKind) -> Option<DamageKind> {
    Some(match kind {
        DamageKind::Identity => DamageKind::HighWater,
        DamageKind::HighWater => DamageKind::Missing,
        DamageKind::Missing => DamageKind::Frame,
        DamageKind::Frame => DamageKind::Chain,
        DamageKind::Chain => DamageKind::Behind,
        DamageKind::Behind => DamageKind::Diverged,
        DamageKind::Diverged => DamageKind::Store,
        DamageKind::Store => DamageKind::Archive,
        DamageKind::Archive => DamageKind::Vault,
        DamageKind::Vault => DamageKind::History,
        DamageKind::History => DamageKind::Checkpoint,
        DamageKind::Checkpoint => return None,
    })
}

/// Returns the words of a sentence that its entry is headed with.
fn heading_of(error: &JournalError) -> String {
    match error {
        JournalError::Damaged(damage) => damage.kind.to_string(),
        JournalError::Poisoned => "the journal failed earlier".to_owned(),
        JournalError::Closed => "the journal has been closed".to_owned(),
        JournalError::Full { .. } => "the disk is full".to_owned(),
        JournalError::Io { .. } => "failed while".to_owned(),
        JournalError::OutOfSequence { .. } => "the batch starts at record".to_owned(),
        JournalError::Locked { .. } => "another process has the log".to_owned(),
        JournalError::NewerFormat { .. } => "has format version".to_owned(),
        JournalError::NotALog { .. } => "is not the directory of a log".to_owned(),
    }
}

#[test]
fn the_runbook_has_an_entry_for_every_sentence_of_a_refused_start_and_of_verify() {
    let runbook = std::fs::read_to_string(top().join("storage/RUNBOOK.md")).unwrap();
    let headings: BTreeSet<_> =
        runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut wanted = BTreeSet::new();
    let mut kind = Some(DamageKind::Identity);
    while let Some(known) = kind {
        wanted.insert(known.to_string());
        kind = kind_after(known);
    }
    let (doing, detail, path) = (String::from("x"), String::from("x"), Path::new("x").to_owned());
    let errors = [
        JournalError::Poisoned,
        JournalError::Closed,
        JournalError::Full { doing: doing.clone() },
        JournalError::Io { doing, kind: ErrorKind::Other, detail: detail.clone() },
        JournalError::OutOfSequence { expected: Lsn(1), actual: Lsn(2) },
        JournalError::Locked { path: path.clone() },
        JournalError::NewerFormat { found: 9, known: 1 },
        JournalError::NotALog { path, reason: detail },
    ];
    for error in &errors {
        let heading = heading_of(error);
        assert!(error.to_string().contains(&heading), "{error}: {heading}");
        wanted.insert(heading);
    }
    let of_start = [
        ("the vault is missing", OpenError::Keys(KeysError::Missing(LostKeys::default()))),
        ("the vault cannot be used", OpenError::Keys(KeysError::Lacking(LostKeys::default()))),
        ("the engine did not start", OpenError::Start("x".to_owned())),
    ];
    for (heading, error) in of_start {
        assert!(error.to_string().starts_with(heading), "{error}");
        wanted.insert(heading.to_owned());
    }
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    assert_eq!(headings, wanted, "the headings, and the sentences");
}

#[test]
fn the_runbook_has_a_row_for_every_part_that_verify_names() {
    let runbook = std::fs::read_to_string(top().join("storage/RUNBOOK.md")).unwrap();
    let mut parts = BTreeSet::new();
    for folder in ["engine/src/tools", "api/src/cli/log"] {
        for (_, text) in sources(&top().join(folder)) {
            for call in ["Finding::new(\"", ".note(\""] {
                let named = text.split(call).skip(1).filter_map(|rest| rest.split('"').next());
                parts.extend(named.map(str::to_owned));
            }
        }
    }
    assert!(parts.len() >= 10, "{parts:?}");
    for part in parts {
        assert!(runbook.contains(&format!("\n| `{part}` |")), "no row for {part}");
    }
}
