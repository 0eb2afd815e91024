//! The pages at `/problems/<slug>`: what a problem means and what to do about it.

use crate::http::gateway::call::Call;
use crate::http::language::Language;
use crate::http::problem::{Kind, Problem, table};
use crate::http::reply;
use axum::response::Response;
use serde_json::json;

/// `GET /problems`: all of them, as JSON.
pub(crate) async fn list(_call: Call) -> Result<Response, Problem> {
    let entry = |kind: &&Kind| {
        json!({
            "type": kind.address(), "slug": kind.slug, "status": kind.status, "code": kind.code,
            "title": kind.title, "retryable": kind.retryable, "kept": kind.kept,
            "explanation": kind.explanation, "phrase": kind.sentence.phrase,
            "sentences": {
                "en": kind.sentence.in_language(Language::English),
                "hi": kind.sentence.in_language(Language::Hindi),
            },
        })
    };
    let problems: Vec<_> = table::ALL.iter().map(entry).collect();
    Ok(reply::json(200, &json!({ "data": problems })))
}

/// `GET /problems/{slug}`: a short page for people.
pub(crate) async fn page(call: Call) -> Result<Response, Problem> {
    let kind = table::ALL
        .iter()
        .find(|kind| Some(kind.slug) == call.segment("slug"))
        .ok_or(&table::ROUTE_UNKNOWN)?;
    let again = if kind.retryable { "may be sent again" } else { "will be refused again" };
    Ok(reply::text(
        "text/html; charset=utf-8",
        format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
             <h1>{title}</h1><p>{text}</p><p>Code <code>{code}</code>, HTTP status {status}. \
             The same request {again}.</p>",
            title = kind.title,
            text = kind.explanation,
            code = kind.code,
            status = kind.status,
        ),
    ))
}
