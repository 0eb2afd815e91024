//! Versions as entity tags: `"17"` is what the log said at position 17, `"0"` is nothing yet.

use crate::http::problem::{Problem, table};
use axum::http::{HeaderMap, header};
use kirana_domain::Lsn;

/// The tag of a version.
pub(crate) fn tag(version: Lsn) -> String {
    format!("\"{version}\"")
}

/// The version that `If-Match` names (RFC 9110 §13.1.1); `None` without one, and for `*`, which is
/// content with any. A weak tag never matches, so it names a version that never is.
///
/// # Errors
/// [`table::HEADER_INVALID`] for what is not one version in double quotes.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Lsn>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" && values.next().is_none() {
        return Ok(None);
    }
    let (is_weak, text) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let version = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok());
    match (version, values.next()) {
        (Some(_), None) if is_weak => Ok(Some(Lsn(u64::MAX))),
        (Some(version), None) => Ok(Some(Lsn(version))),
        _ => Err(Problem::new(&table::HEADER_INVALID)
            .hint("If-Match must be one version in double quotes, as the ETag had it, or *")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn parse(values: &[&'static str]) -> Result<Option<u64>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        let version = if_match(&headers).map_err(|problem| problem.kind().code)?;
        Ok(version.map(|version| version.0))
    }

    #[test]
    fn if_match_names_one_version_or_nothing() {
        assert_eq!(tag(Lsn(17)), "\"17\"");
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(parse(&["*"]), Ok(None));
        assert_eq!(parse(&["\"17\""]), Ok(Some(17)));
        assert_eq!(parse(&["\"0\""]), Ok(Some(0)));
        assert_eq!(parse(&["W/\"17\""]), Ok(Some(u64::MAX)), "a weak tag never matches");
        for garbage in
            ["", "17", "\"\"", "\"a\"", "\"-1\"", "\"1\", \"2\"", "\"99999999999999999999\""]
        {
            assert!(parse(&[garbage]).is_err(), "{garbage}");
        }
        assert!(parse(&["\"1\"", "\"2\""]).is_err());
    }
}
