//! The shape of the sources: short files and functions, plain first words, assertions.
//!
//! Measured as text that rustfmt has laid out. Tests and what only serves them are left out.

use crate::tidy_imports::{sources, top};
use std::path::PathBuf;

/// Lines of a file.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function, from its first to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// The one function that may be longer: a match with an arm for every fact and none for the rest,
/// so that a fact without a stored shape does not compile.
const ONE_ARM_A_FACT: (&str, &str) = ("engine/src/codec/stored/v1/record.rs", "fn from(event: &");
/// Columns of a comment. rustfmt keeps code within it and leaves comments alone.
const COMMENT_COLUMNS_MAX: usize = 100;
/// Lines of documentation of all crates that open with a pronoun.
const RIDDLES_MAX: usize = 50;
/// Openings that make a sentence whose subject has no name.
const RIDDLES: [&str; 6] = ["What", "Who", "Where", "When", "Why", "How"];
/// Crates whose functions assert what must be true.
const ASSERTING: [&str; 2] = ["engine/domain/src", "storage/src"];
/// Assertions for a hundred functions in each of them.
const ASSERTIONS_PERCENT_MIN: usize = 30;

const SOURCES: [&str; 4] = ["engine/domain/src", "storage/src", "engine/src", "api/src"];

/// Returns the sources of a folder, without what only serves tests.
fn code_of(src: &str) -> Vec<(PathBuf, Vec<String>)> {
    let serves_tests = |path: &PathBuf| {
        path.ends_with("conformance.rs")
            || path.starts_with("state/lives")
            || path.ends_with("lives.rs")
    };
    let sources = sources(&top().join(src)).into_iter();
    sources
        .filter(|(path, _)| !serves_tests(path))
        .map(|(path, text)| (PathBuf::from(src).join(path), without_tests(&text)))
        .collect()
}

/// Returns the lines of a source without the items behind `#[cfg(test)]`.
fn without_tests(text: &str) -> Vec<String> {
    let (mut kept, mut lines) = (Vec::new(), text.lines());
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push(line.to_owned());
            continue;
        }
        let indent = indent_of(line);
        let ends_item = |line: &str| {
            indent_of(line) == indent
                && (line.ends_with(';') || line.trim() == "}" || line.ends_with("{}"))
        };
        lines.by_ref().find(|line| ends_item(line));
    }
    kept
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Returns the first line and the length of every function that has a body.
fn functions_of(lines: &[String]) -> Vec<(usize, usize)> {
    let begins = |line: &str| {
        let code = line.trim_start();
        !is_comment(code)
            && code.split("fn ").next().is_some_and(|before| {
                before.len() < code.len()
                    && before.split_whitespace().all(|word| {
                        word.starts_with("pub")
                            || matches!(word, "async" | "const" | "(super)" | "in" | "extern")
                            || word.ends_with(')')
                    })
            })
    };
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate().filter(|(_, line)| begins(line)) {
        let indent = indent_of(line);
        let last = lines[first..].iter().position(|line| {
            indent_of(line) == indent && (line.ends_with('}') || line.ends_with(';'))
        });
        let last = last.expect("every function ends");
        if !lines[first + last].ends_with(';') {
            found.push((first, last + 1));
        }
    }
    found
}

#[test]
fn files_and_functions_are_short_and_comments_fit_the_page() {
    let mut wrong = Vec::new();
    for (path, lines) in SOURCES.into_iter().flat_map(code_of) {
        if lines.len() > FILE_LINES_MAX {
            wrong.push(format!("{} has {} lines", path.display(), lines.len()));
        }
        for (first, length) in functions_of(&lines) {
            let is_the_one = path.ends_with(ONE_ARM_A_FACT.0)
                && lines[first].trim().starts_with(ONE_ARM_A_FACT.1);
            if length > FUNCTION_LINES_MAX && !is_the_one {
                let name = lines[first].trim();
                wrong.push(format!("{}: {name} has {length} lines", path.display()));
            }
        }
        let wide = |line: &&String| is_comment(line) && line.chars().count() > COMMENT_COLUMNS_MAX;
        // A link and a row of a table cannot be broken.
        let can_break = |line: &&String| !line.contains("://") && !line.contains(" | ");
        let wide = lines.iter().filter(wide).filter(can_break);
        let said = |line: &String| format!("{}: a wide comment: {}", path.display(), line.trim());
        wrong.extend(wide.map(said));
    }
    assert!(wrong.is_empty(), "{} places:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn documentation_opens_with_a_noun_or_a_verb() {
    let opens_with_a_riddle = |line: &&String| {
        let text = line.trim_start();
        let said = text.strip_prefix("///").or_else(|| text.strip_prefix("//!"));
        let first = said.and_then(|said| said.split_whitespace().next()).unwrap_or_default();
        RIDDLES.contains(&first) || said.is_some_and(|said| said.trim() == "See the module.")
    };
    let riddles: Vec<String> = SOURCES
        .into_iter()
        .flat_map(code_of)
        .flat_map(|(path, lines)| {
            let riddles = lines.iter().filter(opens_with_a_riddle);
            let said = |line: &String| format!("{}: {}", path.display(), line.trim());
            riddles.map(said).collect::<Vec<_>>()
        })
        .collect();
    assert!(riddles.len() < RIDDLES_MAX, "{} lines:\n{}", riddles.len(), riddles.join("\n"));
}

#[test]
fn the_domain_and_the_log_assert_what_must_be_true() {
    for src in ASSERTING {
        let (mut functions, mut assertions) = (0, 0);
        for (_, lines) in code_of(src) {
            functions += functions_of(&lines).len();
            let code = lines.iter().filter(|line| !is_comment(line));
            assertions += code
                .filter(|line| line.contains("assert"))
                .filter(|line| {
                    ["assert!(", "assert_eq!(", "assert_ne!("]
                        .iter()
                        .any(|call| line.contains(call))
                })
                .count();
        }
        assert!(
            assertions * 100 >= functions * ASSERTIONS_PERCENT_MIN,
            "{src}: {assertions} assertions in {functions} functions"
        );
    }
}

#[test]
fn the_measure_sees_functions_and_leaves_tests_out() {
    let text = "fn one() {}\n\n/// Says fn.\npub(crate) async fn two(\n    a: u8,\n) {\n    a\n}\n\
                trait T {\n    fn three(&self);\n}\n#[cfg(test)]\nmod tests {\n    fn four() {}\n}\n";
    let lines = without_tests(text);
    let lengths: Vec<usize> = functions_of(&lines).into_iter().map(|(_, length)| length).collect();
    assert_eq!(lengths, [1, 5], "a declaration and a test are not counted");
}
