//! The documents speak of files that are there.

use crate::tidy_imports::top;
use std::path::Path;

const DOCUMENTS: [&str; 5] = [
    "README.md",
    "engine/ARCHITECTURE.md",
    "storage/FORMAT.md",
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
