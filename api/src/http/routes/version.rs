//! Versions as entity tags: `"17"` is version 17 of an order, or what the log said of a cart at
//! position 17; `"0"` is nothing yet.

use crate::http::problem::{Problem, table};
use axum::http::{HeaderMap, header};
use kirana_domain::Lsn;

/// A version that nothing ever has.
const NEVER: u64 = u64::MAX;

/// The tag of a version.
pub(crate) fn tag(version: Lsn) -> String {
    format!("\"{version}\"")
}

/// The versions that `If-Match` names in all its lines (RFC 9110 §13.1.1); `None` without one, and
/// for `*`, which is content with any. A weak tag never matches, nor does one that is none of ours.
///
/// # Errors
/// [`table::HEADER_INVALID`] for what is no list of tags in double quotes.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Vec<u64>>, Problem> {
    let mut lines = headers.get_all(header::IF_MATCH).iter().peekable();
    if lines.peek().is_none() {
        return Ok(None);
    }
    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap_or_default().trim()).collect();
    if lines == ["*"] {
        return Ok(None);
    }
    let mut versions = Vec::new();
    for line in lines {
        tags(line, &mut versions).ok_or_else(|| {
            Problem::new(&table::HEADER_INVALID)
                .hint("If-Match must be versions in double quotes, as the ETag had them, or *")
        })?;
    }
    Ok(Some(versions))
}

/// Adds the versions of a list of tags; `None` when it is no such list.
fn tags(mut list: &str, versions: &mut Vec<u64>) -> Option<()> {
    loop {
        let (is_weak, tag) = match list.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, list),
        };
        let (tag, rest) = tag.strip_prefix('"')?.split_once('"')?;
        let is_ours = !is_weak && tag.bytes().all(|byte| byte.is_ascii_digit());
        versions.extend(tag.parse::<u64>().ok().filter(|_| is_ours));
        let rest = rest.trim_start();
        if rest.is_empty() {
            return Some(());
        }
        list = rest.strip_prefix(',')?.trim_start();
    }
}

/// Returns the version, of those that a caller has seen, that must still be the one of now: that of
/// now if it is among them.
pub(crate) fn expected(seen: &[u64], now: u64) -> u64 {
    if seen.contains(&now) { now } else { seen.first().copied().unwrap_or(NEVER) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn parse(values: &[&'static str]) -> Result<Option<Vec<u64>>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        if_match(&headers).map_err(|problem| problem.kind().code)
    }

    #[test]
    fn if_match_names_versions_or_nothing() {
        assert_eq!(tag(Lsn(17)), "\"17\"");
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(parse(&["*"]), Ok(None));
        for (lines, versions) in [
            (&["\"17\""][..], &[17][..]),
            (&["\"0\""], &[0]),
            (&["\"999\", \"7\""], &[999, 7]),
            (&["\"999\",\"7\""], &[999, 7]),
            (&["\"999\"", "\"7\""], &[999, 7]),
            (&["W/\"17\""], &[]),
            (&["W/\"17\", \"18\""], &[18]),
            (&["\"a,b\", \"\", \"-1\", \"3\""], &[3]),
            (&["\"99999999999999999999\""], &[]),
        ] {
            assert_eq!(parse(lines), Ok(Some(versions.to_vec())), "{lines:?}");
        }
        for garbage in ["", "17", "\"17", "\"1\" \"2\"", "\"1\",", "yesterday", "\"1\", *"] {
            assert!(parse(&[garbage]).is_err(), "{garbage}");
        }
        assert!(parse(&["*", "\"1\""]).is_err());
    }

    #[test]
    fn one_of_several_versions_is_enough() {
        assert_eq!(expected(&[999, 7], 7), 7);
        assert_eq!(expected(&[999, 7], 8), 999);
        assert_eq!(expected(&[], 7), NEVER, "a weak tag never matches");
    }
}
