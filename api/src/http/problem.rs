//! Refusals as `application/problem+json` (RFC 9457), made in one place.
//!
//! Texts carry no data: figures, ids and names travel in members of their own, because the app
//! sorts errors by substrings such as a status number. `detail` is a sentence for the person who
//! reads the phone, in their language; a remark for who writes the app is a `hint`.

pub(crate) mod sentences;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use crate::http::language::Language;
use crate::http::request_id::{RequestId, status_run};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, VARY};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use sentences::Sentence;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
pub(crate) use table::Kind;

/// The fault of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// Place: a JSON Pointer as a URI fragment, `#/items/0/quantity`.
    pub pointer: String,
    /// Code for programs.
    pub code: &'static str,
    /// The expectation, for people; no figures of the request in it.
    pub detail: Cow<'static, str>,
}

impl FieldError {
    /// One field's error; `pointer` without the `#`.
    pub(crate) fn new(
        pointer: impl std::fmt::Display,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { pointer: format!("#{pointer}"), code, detail: detail.into() }
    }
}

/// A refusal on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: &'static Kind,
    sentence: &'static Sentence,
    retryable: bool,
    hint: Option<&'static str>,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Rendered<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    code: &'a str,
    request_id: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl From<&'static Kind> for Problem {
    fn from(kind: &'static Kind) -> Self {
        Self::new(kind)
    }
}

impl Problem {
    /// A problem whose detail is the sentence of its kind.
    pub(crate) fn new(kind: &'static Kind) -> Self {
        let problem = Self(Box::new(Inner {
            kind,
            sentence: kind.sentence,
            retryable: kind.retryable,
            hint: None,
            errors: Vec::new(),
            members: Map::new(),
            headers: Vec::new(),
        }));
        match kind.status {
            // Clients that were turned away together should not come back together.
            429 | 503 => problem.header(RETRY_AFTER, retry_after()),
            409 if kind.retryable => problem.header(RETRY_AFTER, retry_after()),
            401 => problem.header(axum::http::header::WWW_AUTHENTICATE, challenge(kind)),
            _ => problem,
        }
    }

    /// Some fields are not right.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        Self::new(&table::INVALID).errors(errors)
    }

    /// One field is not right.
    pub(crate) fn field(
        pointer: impl std::fmt::Display,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// One parameter of the query is not right.
    pub(crate) fn query(name: &str, detail: &'static str) -> Self {
        let error = FieldError::new(format_args!("/{name}"), "PARAMETER_INVALID", detail);
        Self::new(&table::QUERY_INVALID).errors(vec![error])
    }

    /// Returns its kind.
    pub(crate) fn kind(&self) -> &'static Kind {
        self.0.kind
    }

    /// Returns the sentence for the person who reads the phone.
    pub(crate) fn sentence(&self) -> &'static Sentence {
        self.0.sentence
    }

    /// Says to the person more exactly what happened.
    #[must_use]
    pub(crate) fn say(mut self, sentence: &'static Sentence) -> Self {
        self.0.sentence = sentence;
        self
    }

    /// Tells who writes the app what is expected. No figures, ids or names.
    #[must_use]
    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    /// Adds the faults of fields.
    #[must_use]
    pub(crate) fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// A member of its own, such as `stock_issues`.
    #[must_use]
    pub(crate) fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// The text of a member, if it has one.
    pub(crate) fn member_text(&self, name: &str) -> Option<&str> {
        self.0.members.get(name)?.as_str()
    }

    /// The pointer of the first field that is wrong.
    #[cfg(test)]
    pub(crate) fn first_error(&self) -> Option<String> {
        self.0.errors.first().map(|error| error.pointer.clone())
    }

    /// A header of the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Says that this is the first answer again, given to a twin of the request: it is kept under
    /// the key, so that no retry can help.
    #[must_use]
    pub(crate) fn replayed(mut self) -> Self {
        self.0.retryable = false;
        self.header(crate::http::reply::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"))
    }

    /// The answer to a request at a path. The path is the caller's own, and is left out where the
    /// app would take an id in it for a status.
    pub(crate) fn respond(
        &self,
        request_id: &RequestId,
        path: &str,
        language: Language,
    ) -> Response<Body> {
        let Inner { kind, sentence, retryable, hint, errors, members, headers } = &*self.0;
        let rendered = Rendered {
            r#type: &kind.address(),
            title: kind.title,
            status: kind.status,
            detail: sentence.in_language(language),
            hint: *hint,
            instance: status_run(path.as_bytes()).is_none().then_some(path),
            code: kind.code,
            request_id: request_id.as_str(),
            retryable: *retryable,
            errors,
            members,
        };
        let body = serde_json::to_vec(&rendered).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(kind.status).unwrap_or_default();
        let known = response.headers_mut();
        known.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        known.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        known.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        known.insert(VARY, HeaderValue::from_static("accept-language"));
        for (name, value) in headers {
            known.insert(name, value.clone());
        }
        response
    }
}

/// Gathers what is wrong with the fields of one request: the first refusal, with the errors of all.
#[derive(Default)]
pub(crate) struct Gathered(Option<Problem>);

impl Gathered {
    /// Returns what a check has found good; a refusal is kept.
    pub(crate) fn check<T>(&mut self, checked: Result<T, Problem>) -> Option<T> {
        match (checked, &mut self.0) {
            (Ok(good), _) => return Some(good),
            (Err(problem), Some(first)) => first.0.errors.extend(problem.0.errors),
            (Err(problem), none) => *none = Some(problem),
        }
        None
    }

    /// Ends the checks.
    ///
    /// # Errors
    /// The refusal, if there was one.
    pub(crate) fn end(self) -> Result<(), Problem> {
        self.0.map_or(Ok(()), Err)
    }

    /// Returns the refusal behind a check that found nothing good.
    pub(crate) fn refusal(self) -> Problem {
        self.0.unwrap_or_else(|| Problem::new(&table::INTERNAL))
    }
}

/// One to three seconds, spread without asking for randomness.
fn retry_after() -> HeaderValue {
    use std::sync::atomic::{AtomicU8, Ordering};
    static TURN: AtomicU8 = AtomicU8::new(0);
    HeaderValue::from(1 + u16::from(TURN.fetch_add(1, Ordering::Relaxed) % 3))
}

/// `WWW-Authenticate` as RFC 6750 §3 has it: no error code when no token was sent.
fn challenge(kind: &Kind) -> HeaderValue {
    if kind.code == table::TOKEN_MISSING.code {
        return HeaderValue::from_static("Bearer realm=\"kirana\"");
    }
    HeaderValue::from_static("Bearer realm=\"kirana\", error=\"invalid_token\"")
}
