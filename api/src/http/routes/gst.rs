//! Rates of GST by HSN code, each with the day from which it holds.

use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::stores::percent_of;
use crate::http::json::text::Str;
use crate::http::problem::{FieldError, Problem, table};
use crate::http::reply;
use crate::percent::Percent;
use axum::response::Response;
use kirana_domain::{CalendarDay, CatalogueCommand, GstIssue, GstRate, Text};
use serde::{Deserialize, Serialize};
use serde_json::Number;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRequest<'a> {
    #[serde(borrow)]
    rates: Vec<RateRequest<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateRequest<'a> {
    #[serde(borrow)]
    hsn: Str<'a>,
    #[serde(borrow)]
    from: Str<'a>,
    percent: Number,
}

#[derive(Serialize)]
struct RateView {
    hsn: String,
    from: String,
    percent: Percent,
}

impl From<GstRate> for RateView {
    fn from(rate: GstRate) -> Self {
        let GstRate { hsn, from, rate } = rate;
        Self { hsn: hsn.to_string(), from: from.to_string(), percent: Percent(rate) }
    }
}

#[derive(Serialize)]
struct Table {
    rates: Vec<RateView>,
    lsn: Option<u64>,
}

/// `GET /v1/gst-rates`: by code, and then by day.
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    Ok(reply::json(200, &table_of(&call, None)))
}

fn table_of(call: &Call, lsn: Option<u64>) -> Table {
    let rates =
        call.engine().catalogue(|catalogue| catalogue.gst.rates().map(RateView::from).collect());
    Table { rates, lsn }
}

/// `PUT /v1/gst-rates`: sets rates; those of other codes and days stay. Answers the whole table.
pub(crate) async fn set(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: SetRequest = json::parse(&body)?;
    let key = call.key(&body)?;
    let mut errors = Vec::new();
    let rates = request.rates.iter().enumerate();
    let rates: Vec<_> = rates.filter_map(|(at, rate)| rate_of(at, rate, &mut errors)).collect();
    if request.rates.is_empty() {
        errors.push(FieldError::new("/rates", "EMPTY", "must have at least one rate"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    call.engine().catalogue(|catalogue| catalogue.gst.validate(&rates)).map_err(refused)?;
    let receipt = call.submit(CatalogueCommand::SetGstRates { rates }.into(), key).await?;
    let mut response = reply::json(200, &table_of(&call, Some(receipt.lsn.0)));
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

fn rate_of(at: usize, rate: &RateRequest<'_>, errors: &mut Vec<FieldError>) -> Option<GstRate> {
    let mut wrong = |field, code, detail| {
        errors.push(FieldError::new(format_args!("/rates/{at}/{field}"), code, detail));
    };
    let hsn = Text::parse(&rate.hsn.0).ok();
    if hsn.is_none() {
        wrong("hsn", "HSN_INVALID", HSN_DETAIL);
    }
    let from = CalendarDay::parse(&rate.from.0);
    if from.is_none() {
        wrong("from", "DAY_INVALID", "must be a day such as 2025-09-22");
    }
    let percent = percent_of(&rate.percent.to_string());
    if percent.is_none() {
        wrong("percent", "GST_INVALID", json::products::GST_DETAIL);
    }
    Some(GstRate { hsn: hsn?, from: from?, rate: percent? })
}

const HSN_DETAIL: &str = "must be an HSN code of two, four, six or eight digits";

fn refused(issue: GstIssue) -> Problem {
    let at = |at: usize, field| format!("/rates/{at}/{field}");
    match issue {
        GstIssue::HsnInvalid { at: n } => Problem::field(at(n, "hsn"), "HSN_INVALID", HSN_DETAIL),
        GstIssue::RateTooHigh { at: n } => {
            Problem::field(at(n, "percent"), "GST_INVALID", json::products::GST_DETAIL)
        }
        GstIssue::TooMany => Problem::new(&table::TOO_MANY),
    }
}
