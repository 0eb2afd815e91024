//! Printing that never panics: a reader that went away is no error of ours.

use serde_json::Value;
use std::io::Write as _;

/// Prints a line to standard output.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    _ = writeln!(out, "{text}");
    _ = out.flush();
}

/// The version of the shapes that `--output json` prints. Members are added under the same version;
/// a member that goes or changes its meaning makes another.
const JSON_VERSION: u64 = 1;

/// Returns an object of `--output json` with the version of its shape.
pub(crate) fn versioned(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.insert("json_version".to_owned(), JSON_VERSION.into());
    }
    value
}

/// Prints an object for programs.
pub(crate) fn say_json(value: Value) {
    say(&versioned(value).to_string());
}

/// Returns a number of things in words: `1 record`, `2 records`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    let ending = match (count, thing.strip_suffix('y'), thing.ends_with("ch")) {
        (1, _, _) => return format!("1 {thing}"),
        (_, Some(stem), _) => return format!("{count} {stem}ies"),
        (_, _, true) => "es",
        _ => "s",
    };
    format!("{count} {thing}{ending}")
}

/// Prints one sentence to standard error.
pub(crate) fn complain(sentence: &str) {
    _ = writeln!(std::io::stderr().lock(), "kirana: {sentence}");
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_thing_is_not_many() {
        assert_eq!(counted(1, "finding"), "1 finding");
        assert_eq!(counted(0, "finding"), "0 findings");
        assert_eq!(counted(2, "batch"), "2 batches");
        assert_eq!(counted(3, "history"), "3 histories");
    }
}
