//! Query parameters: typed, and refused by name when they are unknown, wrong or repeated.

use crate::http::problem::Problem;
use axum::http::Uri;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use std::collections::BTreeSet;

/// Parses a query string.
///
/// # Errors
/// [`crate::http::problem::table::QUERY_INVALID`] with the parameter's name.
pub(crate) fn parse<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let parsed = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
    parsed.map_err(|error| {
        if let Some(Segment::Map { key }) = error.path().iter().next() {
            let detail = "this parameter is not known here, or its value cannot be used";
            return Problem::query(key, detail);
        }
        // The error of a repeated parameter has no place.
        let mut seen = BTreeSet::new();
        let repeated = pairs.map(|(name, _)| name).find(|name| !seen.insert(name.clone()));
        Problem::query(&repeated.unwrap_or_default(), "this parameter may stand there once")
    })
}

/// Returns the bound of a page: 1 to 100, 20 by default.
///
/// # Errors
/// [`crate::http::problem::table::QUERY_INVALID`].
pub(crate) fn limit(limit: Option<u32>) -> Result<usize, Problem> {
    match limit.unwrap_or(20) {
        limit @ 1..=100 => Ok(limit as usize),
        _ => Err(Problem::query("limit", "must be from 1 to 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: Option<u32>,
        after: Option<String>,
    }

    fn asked(query: &str) -> Result<Asked, Problem> {
        parse(&format!("/v1/orders?{query}").parse().unwrap())
    }

    #[test]
    fn parameters_are_read_with_their_escapes() {
        let Asked { limit, after } = asked("limit=7&after=a%20b+c").unwrap();
        assert_eq!((limit, after.as_deref()), (Some(7), Some("a b c")));
        assert!(asked("").unwrap().limit.is_none());
    }

    #[test]
    fn a_parameter_that_is_not_right_is_named() {
        for (query, name) in [
            ("colour=red", "#/colour"),
            ("limit=many", "#/limit"),
            ("limit=-1&after=x", "#/limit"),
            ("after=x&limit=1&after=y", "#/after"),
        ] {
            let problem = format!("{:?}", asked(query).unwrap_err());
            assert!(problem.contains(name), "{query}: {problem}");
        }
    }
}
