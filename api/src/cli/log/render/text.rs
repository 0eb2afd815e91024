//! The same for people: one line that says who did what when, and below it the fields.

use serde_json::{Map, Value};

/// `    12  2026-11-26T06:11:00.000Z  order_placed  by customer 0198…  order 0198…`
pub(in crate::cli) fn headline(record: &Value) -> String {
    let text = |value: &Value| plain(value).unwrap_or_default();
    let by = &record["by"];
    let person = match text(&by["person_id"]) {
        id if id.is_empty() => String::new(),
        id => format!(" {id}"),
    };
    let step = match text(&record["fields"]["step"]) {
        step if step.is_empty() => String::new(),
        step => format!(" {step}"),
    };
    let order = match text(&record["fields"]["order_id"]) {
        id if id.is_empty() => String::new(),
        id => format!("  order {id}"),
    };
    format!(
        "{:>8}  {}  {}{step}  by {}{person}{order}",
        text(&record["lsn"]),
        text(&record["at"]),
        text(&record["event"]),
        text(&by["role"]),
    )
}

/// Every member on a line of its own, what is inside another one indented below it. What is null
/// or empty is left out.
pub(in crate::cli) fn lines(value: &Value, indent: usize) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(members) = value.as_object() {
        object(members, indent, &mut out);
    }
    out
}

fn object(members: &Map<String, Value>, indent: usize, out: &mut Vec<String>) {
    for (name, value) in members {
        match value {
            Value::Null => (),
            Value::Object(inner) => {
                out.push(format!("{:indent$}{name}", ""));
                object(inner, indent + 2, out);
            }
            Value::Array(items) => array(name, items, indent, out),
            value => {
                let value = plain(value).unwrap_or_default();
                out.push(format!("{:indent$}{name}: {value}", ""));
            }
        }
    }
}

fn array(name: &str, items: &[Value], indent: usize, out: &mut Vec<String>) {
    if items.is_empty() {
        return;
    }
    let short: Option<Vec<_>> = items.iter().map(plain).collect();
    if let Some(short) = short {
        out.push(format!("{:indent$}{name}: {}", "", short.join(", ")));
        return;
    }
    out.push(format!("{:indent$}{name}", ""));
    for item in items {
        let mut below = lines(item, indent + 4);
        match below.first_mut() {
            // The first member of an item carries its dash.
            Some(first) => first.replace_range(indent + 2..indent + 3, "-"),
            None => below.push(format!("{:width$}- {item}", "", width = indent + 2)),
        }
        out.append(&mut below);
    }
}

/// A value that fits behind its name.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) | Value::Array(_) => None,
        // A text never breaks the line that it stands in.
        Value::String(text) => Some(text.replace(char::is_control, " ")),
        value => Some(value.to_string()),
    }
}
