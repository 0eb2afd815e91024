//! Revoked people and sign-ins: staff end what a token would still allow.

use crate::http::auth::{Revocation, RevokeError, Subject};
use crate::http::gateway::call::Call;
use crate::http::problem::{Problem, table};
use crate::http::reply;
use crate::rfc3339::Rfc3339;
use axum::response::Response;
use kirana_domain::PersonId;
use serde::Serialize;
use uuid::Uuid;

/// Characters of the id of a sign-in.
const SESSION_CHARS_MAX: usize = 128;

/// A person or a sign-in, and whether its tokens are good.
#[derive(Serialize)]
struct RevocationView {
    person_id: Option<Uuid>,
    session_id: Option<Box<str>>,
    revoked: bool,
    revoked_at: Option<Rfc3339>,
    revoked_by: Option<Uuid>,
    /// Always `null`: it is no fact of the log.
    lsn: Option<u64>,
}

impl RevocationView {
    fn new(subject: Subject, revocation: Option<&Revocation>) -> Self {
        let (person_id, session_id) = match subject {
            Subject::Person(id) => (Some(id.0), None),
            Subject::Session(id) => (None, Some(id)),
        };
        Self {
            person_id,
            session_id,
            revoked: revocation.is_some(),
            revoked_at: revocation.map(|it| Rfc3339(it.at_ms)),
            revoked_by: revocation.map(|it| it.by.0),
            lsn: None,
        }
    }
}

#[derive(Serialize)]
struct Page {
    data: Vec<RevocationView>,
    next_cursor: Option<&'static str>,
    has_more: bool,
}

/// `GET /v1/revocations`: people first. There is a bounded number, so the list is whole.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let all = call.gateway.tokens().revoked();
    let view = |it: &Revocation| RevocationView::new(it.subject.clone(), Some(it));
    let data = all.iter().map(view).collect();
    Ok(reply::json(200, &Page { data, next_cursor: None, has_more: false }))
}

/// `PUT /v1/revocations/persons/{person_id}`, `PUT /v1/revocations/sessions/{session_id}`: no token
/// of theirs is good from now on. Once more changes nothing.
pub(crate) async fn revoke(call: Call) -> Result<Response, Problem> {
    let (subject, by) = (subject_of(&call)?, call.person()?);
    if subject == Subject::Person(by.person_id) {
        return Err(Problem::new(&table::FORBIDDEN).hint("nobody revokes themselves"));
    }
    let revoked = call.gateway.tokens().revoke(subject, &by).await.map_err(problem_of)?;
    Ok(reply::json(200, &RevocationView::new(revoked.subject.clone(), Some(&revoked))))
}

/// `DELETE` of the same: their tokens are good again, as long as they last.
pub(crate) async fn lift(call: Call) -> Result<Response, Problem> {
    let (subject, by) = (subject_of(&call)?, call.person()?);
    call.gateway.tokens().lift(subject.clone(), &by).await.map_err(problem_of)?;
    Ok(reply::json(200, &RevocationView::new(subject, None)))
}

fn subject_of(call: &Call) -> Result<Subject, Problem> {
    let person = call.segment("person_id").and_then(|id| Uuid::try_parse(id).ok());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_session = |id: &&str| id.len() <= SESSION_CHARS_MAX && id.chars().all(is_plain);
    let session = || call.segment("session_id").filter(is_session);
    let person = person.map(|id| Subject::Person(PersonId(id)));
    let subject = person.or_else(|| session().map(|id| Subject::Session(id.into())));
    subject.ok_or_else(|| {
        Problem::new(&table::ROUTE_UNKNOWN).hint("the path ends with the id of a person or sign-in")
    })
}

fn problem_of(error: RevokeError) -> Problem {
    match error {
        RevokeError::Full => Problem::new(&table::TOO_MANY).hint("lift an old revocation first"),
        RevokeError::OfAdmin => Problem::new(&table::FORBIDDEN).hint("an admin revoked them"),
        RevokeError::Io(error) => {
            tracing::error!(%error, "a revocation cannot be kept");
            Problem::new(&table::INTERNAL)
        }
    }
}
