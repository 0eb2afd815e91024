use super::{Cli, check_proof};
use clap::{CommandFactory as _, Parser as _};
use kirana_storage::{Head, LogId, Lsn, SigningKey};

/// Collects the examples of a command and of those below it: indented lines with the program.
fn examples(command: &clap::Command, found: &mut Vec<Vec<String>>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_one = |line: &&str| line.starts_with("  kirana ") || line.starts_with("  kirana-proof ");
    found.extend(help.replace("\\\n", " ").lines().filter(is_one).map(|line| {
        let words = line.split_whitespace().take_while(|word| ![">", "|", "&&"].contains(word));
        words.map(|word| word.trim_matches(['\'', '"']).to_owned()).collect()
    }));
    command.get_subcommands().for_each(|below| examples(below, found));
}

#[test]
fn every_example_in_a_help_text_is_taken_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(&dir.path().join("key")).unwrap().public_key().to_string();
    let (log_id, hash) = (LogId([1; 16]), [2; 32]);
    let head = Head { log_id, lsn: Lsn(7), hash, root: hash, at_ms: 1, index: Some(hash) };
    // What a reader has and the test has not.
    let head = head.to_string();
    let given = |word: &String| match word.as_str() {
        "head.txt" => head.clone(),
        "ID" => uuid::Uuid::nil().to_string(),
        cut if cut.ends_with('…') => key.clone(),
        _ => word.clone(),
    };
    let mut found = Vec::new();
    examples(&Cli::command(), &mut found);
    examples(&check_proof::Cli::command(), &mut found);
    assert!(found.len() > 20, "{found:?}");
    for example in found {
        let words: Vec<_> = example.iter().map(given).collect();
        let taken = match words[0].as_str() {
            "kirana" => Cli::try_parse_from(&words).map(drop),
            _ => check_proof::Cli::try_parse_from(&words).map(drop),
        };
        if let Err(error) = taken {
            panic!("{}: {error}", example.join(" "));
        }
    }
}
