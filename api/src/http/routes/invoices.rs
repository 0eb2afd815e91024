//! Invoices and credit notes: as JSON, as a page to print, as PDF.
//!
//! The figures are those of the order's lines: after packing, when the invoice is issued, they
//! change no more. What is given back after that is in credit notes, one for each reduction. The
//! names around them are those of today: the store's settings, and the address for as long as it
//! may be shown.

use super::orders::store_code;
use crate::http::accept;
use crate::http::gateway::call::Call;
use crate::http::problem::{Problem, table};
use crate::http::reply;
use crate::invoice::{Buyer, Document, DocumentKind, Reference, Seller, html, json, pdf};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::response::Response;
use kirana_domain::{CalendarDay, Order, Store};
use serde::Deserialize;
use std::sync::Arc;

/// Text for a state that the store's settings do not name.
const STATE_UNKNOWN: &str = "not stated";

/// The format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Html,
    Pdf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormatQuery {
    format: Option<String>,
}

/// `GET /v1/orders/{order_id}/invoice`
pub(crate) async fn invoice(call: Call) -> Result<Response, Problem> {
    let format = format_of(&call)?;
    let order = call.order(call.order_id().await?).await?;
    let issued = places(&order, false).next();
    let at = issued.ok_or_else(|| Problem::new(&table::INVOICE_NOT_ISSUED))?;
    document(&call, &order, at, format)
}

/// `GET /v1/orders/{order_id}/credit-notes/{n}`: the n-th credit note of the order, from 1.
pub(crate) async fn credit_note(call: Call) -> Result<Response, Problem> {
    let format = format_of(&call)?;
    let order = call.order(call.order_id().await?).await?;
    let index = call.segment("n").and_then(|n| n.parse::<usize>().ok()?.checked_sub(1));
    let issued = index.and_then(|index| places(&order, true).nth(index));
    let at = issued.ok_or_else(|| Problem::new(&table::CREDIT_NOTE_UNKNOWN))?;
    document(&call, &order, at, format)
}

/// The places of an order's documents of a kind among all of them.
fn places(order: &Order, is_credit_note: bool) -> impl Iterator<Item = usize> {
    let documents = order.documents().iter().enumerate();
    documents.filter(move |(_, it)| it.is_credit_note == is_credit_note).map(|(at, _)| at)
}

/// Reads `?format=`, then `Accept`; JSON by default.
fn format_of(call: &Call) -> Result<Format, Problem> {
    let asked: FormatQuery = call.query()?;
    match asked.format.as_deref() {
        Some("json") => return Ok(Format::Json),
        Some("html") => return Ok(Format::Html),
        Some("pdf") => return Ok(Format::Pdf),
        Some(_) => return Err(Problem::query("format", "must be json, html or pdf")),
        None => (),
    }
    let offers = const { &[accept::JSON, accept::HTML, accept::PDF] };
    Ok(match accept::preferred(call.headers(), offers) {
        Some(wanted) if *wanted == accept::HTML => Format::Html,
        Some(wanted) if *wanted == accept::PDF => Format::Pdf,
        _ => Format::Json,
    })
}

fn document(call: &Call, order: &Order, at: usize, format: Format) -> Result<Response, Problem> {
    let internal = || Problem::new(&table::INTERNAL);
    let issued = order.documents().get(at).ok_or_else(internal)?;
    let store: Arc<Store> = call
        .engine()
        .catalogue(|catalogue| catalogue.store(order.placed.store_id).cloned())
        .ok_or_else(internal)?;
    let code = &store.code;
    let number = issued.number_of(code).ok_or_else(internal)?.to_string();
    let reference = order.invoice().filter(|_| issued.is_credit_note);
    let reference =
        reference.and_then(|of| Some((of.number_of(code)?.to_string(), CalendarDay::of(of.at_ms))));
    let personal = call.engine().personal(order).unwrap_or_default();
    let address = serde_json::from_slice::<Personal<'_>>(&personal).ok();
    let figures = order.figures(at).ok_or_else(internal)?;
    let state = store.state.as_deref().unwrap_or(STATE_UNKNOWN);
    let order_number = format!("{}-{:06}", store_code(call, order), order.placed.number);
    let document = Document {
        number: &number,
        kind: if issued.is_credit_note {
            DocumentKind::CreditNote
        } else {
            DocumentKind::Invoice(figures.kind())
        },
        date: CalendarDay::of(issued.at_ms),
        seller: Seller {
            name: &store.name,
            address: &store.address,
            gstin: store.gstin.as_deref(),
            state,
        },
        buyer: address
            .as_ref()
            .map(|personal| personal.delivery_address.buyer())
            .unwrap_or_default(),
        place_of_supply: state,
        order_number: &order_number,
        figures: &figures,
        refers_to: reference.as_ref().map(|(number, date)| Reference { number, date: *date }),
    };
    Ok(rendered(&document, format))
}

fn rendered(document: &Document<'_>, format: Format) -> Response {
    let (media_type, extension, bytes) = match format {
        Format::Json => ("application/json; charset=utf-8", "json", json::render(document)),
        Format::Html => ("text/html; charset=utf-8", "html", html::render(document).into_bytes()),
        Format::Pdf => ("application/pdf", "pdf", pdf::render(document)),
    };
    let mut response = reply::text(media_type, bytes);
    reply::set(&mut response, CACHE_CONTROL, "no-store");
    let name = document.number.replace('/', "-");
    let disposition = format!("inline; filename=\"{name}.{extension}\"");
    reply::set(&mut response, CONTENT_DISPOSITION, &disposition);
    response
}

/// The sealed part of an order that a document shows.
#[derive(Deserialize)]
struct Personal<'a> {
    #[serde(borrow)]
    delivery_address: Address<'a>,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow)]
    name: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    line1: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    line2: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    landmark: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    city: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    pincode: std::borrow::Cow<'a, str>,
}

impl Address<'_> {
    fn buyer(&self) -> Buyer<'_> {
        let parts = [
            Some(&self.line1),
            self.line2.as_ref(),
            self.landmark.as_ref(),
            self.city.as_ref(),
            Some(&self.pincode),
        ];
        Buyer {
            name: self.name.as_deref(),
            address: parts.into_iter().flatten().map(|part| &**part).collect(),
        }
    }
}
