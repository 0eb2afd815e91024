//! Query parameters: typed, and refused by name when they are unknown or wrong.

use crate::http::problem::Problem;
use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;

/// Parses a query string.
///
/// # Errors
/// [`crate::http::problem::table::QUERY_INVALID`] with the parameter's name.
pub(crate) fn parse<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    Query::<T>::try_from_uri(uri).map(|Query(parsed)| parsed).map_err(|rejection| {
        let message =
            std::error::Error::source(&rejection).map_or_else(String::new, ToString::to_string);
        let quoted =
            |intro: &str| message.split(intro).nth(1)?.split('`').next().map(str::to_owned);
        if let Some(name) = quoted("unknown field `") {
            return Problem::query(&name, "this parameter is not known here");
        }
        if let Some(name) = quoted("duplicate field `") {
            return Problem::query(&name, "this parameter may stand there once");
        }
        let name = message.split(':').next().unwrap_or_default();
        Problem::query(name, "this value cannot be used here")
    })
}

/// `limit`: 1 to 100, 20 unless told otherwise.
///
/// # Errors
/// [`crate::http::problem::table::QUERY_INVALID`].
pub(crate) fn limit(limit: Option<u32>) -> Result<usize, Problem> {
    match limit.unwrap_or(20) {
        limit @ 1..=100 => Ok(limit as usize),
        _ => Err(Problem::query("limit", "must be from 1 to 100")),
    }
}
