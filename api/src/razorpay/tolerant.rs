//! JSON of the provider in which a text, a number or a depth is wrong.
//!
//! The words of a customer, a bank or a shop stand in a message about money as free text. It may
//! have half of a surrogate pair, a byte that is not UTF-8, a number beyond any range, or notes
//! within notes a hundred times; RFC 8259 (sections 8.2, 6 and 9) leaves it to the reader what
//! becomes of those. Here they become U+FFFD and `null`, and the rest of the message is read: no
//! payment is lost by a text. The signature is proved over the bytes as they came, before anything
//! is read.

use serde_json::Value;

/// Arrays and objects within each other that are read; deeper ones are `null`.
const DEPTH_MAX: usize = 32;

/// Returns the content of a JSON text; `None` when it is none, whatever is tolerated.
pub(crate) fn parse(raw: &[u8]) -> Option<Value> {
    let strict = serde_json::from_slice(raw).ok();
    strict.or_else(|| serde_json::from_str(&mended(&String::from_utf8_lossy(raw))).ok())
}

/// Returns the same JSON text with U+FFFD for what is no character, and `null` for what is no value
/// or too deep.
fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut depth = 0_usize;
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_length(rest, first));
        rest = after;
        if matches!(first, '{' | '[') {
            depth += 1;
            if depth == DEPTH_MAX + 1 {
                mended.push_str("null");
            }
        }
        if depth <= DEPTH_MAX {
            match first {
                '"' => mend_string(token, &mut mended),
                _ if is_mark(first) => mended.push_str(token),
                _ if serde_json::from_str::<Value>(token).is_ok() => mended.push_str(token),
                _ => mended.push_str("null"),
            }
        }
        if matches!(first, '}' | ']') {
            depth = depth.saturating_sub(1);
        }
    }
    mended
}

fn is_mark(sign: char) -> bool {
    sign.is_ascii_whitespace() || matches!(sign, '{' | '}' | '[' | ']' | ':' | ',')
}

/// Returns the bytes of the token at the start: a string, a mark, or all up to the next of those.
fn token_length(text: &str, first: char) -> usize {
    if first != '"' {
        let ends = |sign: char| sign == '"' || is_mark(sign);
        return if is_mark(first) { 1 } else { text.find(ends).unwrap_or(text.len()) };
    }
    let mut signs = text.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return at + 1,
            '\\' => _ = signs.next(),
            _ => (),
        }
    }
    text.len()
}

/// Adds a string, its quotes included.
fn mend_string(token: &str, mended: &mut String) {
    let mut rest = token;
    while let Some(first) = rest.chars().next() {
        let (is_good, length) = match first {
            '\\' => escape(rest),
            _ => (first >= ' ', first.len_utf8()),
        };
        mended.push_str(if is_good { &rest[..length] } else { "\u{fffd}" });
        rest = &rest[length..];
    }
}

/// Returns whether the escape at the start stands for a character, and its bytes.
fn escape(text: &str) -> (bool, usize) {
    match (text.as_bytes().get(1), code_unit(text)) {
        (_, Some(0xd800..=0xdbff)) => match text.get(6..).and_then(code_unit) {
            Some(0xdc00..=0xdfff) => (true, 12),
            _ => (false, 6),
        },
        (_, Some(0xdc00..=0xdfff)) => (false, 6),
        (_, Some(_)) => (true, 6),
        (Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'), None) => (true, 2),
        _ => (false, 1),
    }
}

/// Returns the UTF-16 code unit of the escape at the start.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_that_is_none_is_mended_and_the_rest_is_read() {
        let read = |text: &[u8]| parse(text).map(|value| value["t"].clone());
        for (text, expected) in [
            (br#"{"t":"a \ud83d"}"#.as_slice(), json!("a \u{fffd}")),
            (br#"{"t":"\udc00\ud83d\ude00"}"#, json!("\u{fffd}\u{1f600}")),
            (br#"{"t":"\ud83d\ud83d\ude00"}"#, json!("\u{fffd}\u{1f600}")),
            (b"{\"t\":\"a\xff\xfeb\"}", json!("a\u{fffd}\u{fffd}b")),
            (b"{\"t\":\"a\x00\nb\"}", json!("a\u{fffd}\u{fffd}b")),
            (br#"{"t":"\x \u12 \" \\"}"#, json!("\u{fffd}x \u{fffd}u12 \" \\")),
            ("{\"t\":\"\\é\"}".as_bytes(), json!("\u{fffd}é")),
            ("\u{feff}{\"t\":1}".as_bytes(), json!(1)),
            (br#"{"t":1e400}"#, json!(null)),
            (br#"{"t":-1e400,"u":1}"#, json!(null)),
            (br#"{"t":NaN}"#, json!(null)),
            (br#"{"a":[1e400,{"b":"\ud800"}],"t":7}"#, json!(7)),
            (br#"{"\ud800":1,"t":"plain"}"#, json!("plain")),
        ] {
            assert_eq!(read(text), Some(expected), "{}", String::from_utf8_lossy(text));
        }
        let digits = format!(r#"{{"x":{},"t":2}}"#, "9".repeat(400));
        assert_eq!(read(digits.as_bytes()), Some(json!(2)));
    }

    #[test]
    fn what_is_too_deep_is_left_out_and_the_rest_is_read() {
        for depth in [DEPTH_MAX - 1, DEPTH_MAX, 130, 20_000] {
            let (open, close) = (r#"{"n":["#.repeat(depth), "]}".repeat(depth));
            let text = format!(r#"{{"notes":{open}"}}\"]"{close},"t":"ok"}}"#);
            assert_eq!(parse(text.as_bytes()).unwrap()["t"], "ok", "{depth}");
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        let open = "[".repeat(20_000);
        for text in ["", "{", "]", "}}", r#"{"t"}"#, r#"{"t":"a"#, r#"{"t":1,}"#, "{}{}", &open] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
