//! The address book of a customer. What an address says is sealed with the customer's key; nobody
//! else reads it, and an id that is not in one's own book is unknown.

use crate::http::gateway::call::Call;
use crate::http::json::address::AddressShown;
use crate::http::json::book;
use crate::http::json::service::{self, Serviceability};
use crate::http::problem::{Problem, table};
use crate::http::reply;
use axum::response::Response;
use kirana_domain::record::Event;
use kirana_domain::{AddressCommand, AddressId, PersonCommand, PersonId};
use kirana_engine::{Command, Outcome, Receipt};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// An address as answers show it.
#[derive(Serialize)]
struct AddressView<'a> {
    address_id: Uuid,
    address: AddressShown<'a>,
    /// The service at it now; `null` while it has no place.
    serviceability: Option<Serviceability>,
    lsn: Option<u64>,
}

/// The address of that id in somebody's book, in clear.
pub(super) fn kept(call: &Call, customer_id: PersonId, id: AddressId) -> Option<Box<RawValue>> {
    let bytes = call.engine().address(customer_id, id)?;
    RawValue::from_string(String::from_utf8(bytes).ok()?).ok()
}

/// The refusal of an id that is not in the book.
pub(super) fn unknown() -> Problem {
    Problem::new(&table::ADDRESS_UNKNOWN)
}

fn id_of(call: &Call) -> Result<AddressId, Problem> {
    let id = call.segment("address_id").and_then(|id| Uuid::try_parse(id).ok());
    id.map(AddressId).ok_or_else(unknown)
}

fn view<'a>(
    call: &Call,
    id: AddressId,
    address: &'a RawValue,
    lsn: Option<u64>,
) -> Result<AddressView<'a>, Problem> {
    let shown = serde_json::from_str(address.get()).map_err(|error| {
        tracing::error!(%error, "an address that was checked cannot be read");
        Problem::new(&table::INTERNAL)
    })?;
    let now_ms = call.engine().now_ms();
    let serviceability = book::point_of(address.get().as_bytes()).map(|point| {
        call.engine().catalogue(|catalogue| service::anywhere(catalogue, point, now_ms).view)
    });
    Ok(AddressView { address_id: id.0, address: shown, serviceability, lsn })
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<AddressView<'a>>,
    next_cursor: Option<&'a str>,
    has_more: bool,
}

/// `GET /v1/addresses`: oldest first. A book is small, so the list is whole.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let customer_id = call.person()?.person_id;
    let ids: Vec<_> =
        call.engine().people(|people| people.addresses.of(customer_id).map(|(id, _)| id).collect());
    let clear = |id: AddressId| Some((id, kept(&call, customer_id, id)?));
    let kept: Vec<_> = ids.into_iter().filter_map(clear).collect();
    let data = kept.iter().map(|(id, address)| view(&call, *id, address, None));
    let data = data.collect::<Result<_, _>>()?;
    Ok(reply::json(200, &Page { data, next_cursor: None, has_more: false }))
}

/// `GET /v1/addresses/{address_id}`
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let id = id_of(&call)?;
    let address = kept(&call, call.person()?.person_id, id).ok_or_else(unknown)?;
    Ok(reply::json(200, &view(&call, id, &address, None)?))
}

/// `POST /v1/addresses`
pub(crate) async fn add(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let key = call.key(&body)?;
    let personal = book::sealed(&body)?;
    let command = save(&call, AddressId(Uuid::now_v7()), false, &personal)?;
    let receipt = call.submit(command, key).await?;
    let id = saved(&receipt)?;
    let mut response = answer(&call, 201, id, personal, &receipt)?;
    reply::location(&mut response, &format!("/v1/addresses/{id}"));
    Ok(response)
}

/// `PATCH /v1/addresses/{address_id}`: a JSON Merge Patch.
pub(crate) async fn change(mut call: Call) -> Result<Response, Problem> {
    let media_types = ["application/merge-patch+json", "application/json"];
    let body = call.json_body(&media_types).await?;
    let (id, key) = (id_of(&call)?, call.key(&body)?);
    let before = call.engine().address(call.person()?.person_id, id).ok_or_else(unknown)?;
    let personal = book::sealed(&book::patched(&before, &body)?)?;
    let receipt = call.submit(save(&call, id, true, &personal)?, key).await?;
    answer(&call, 200, id, personal, &receipt)
}

fn save(
    call: &Call,
    address_id: AddressId,
    must_exist: bool,
    personal: &[u8],
) -> Result<Command, Problem> {
    let customer_id = call.person()?.person_id;
    let personal = personal.to_vec();
    let command = AddressCommand::Save { address_id, must_exist, personal };
    Ok(PersonCommand::Address { customer_id, command }.into())
}

/// The address that a receipt is about: a twin's is the one of the first request.
fn saved(receipt: &Receipt) -> Result<AddressId, Problem> {
    let record = receipt.record()?;
    match &record.event {
        Event::AddressSaved { address_id, .. } => Ok(*address_id),
        _ => Err(Problem::new(&table::INTERNAL)),
    }
}

fn answer(
    call: &Call,
    status: u16,
    id: AddressId,
    personal: Vec<u8>,
    receipt: &Receipt,
) -> Result<Response, Problem> {
    // The request's own words, so that a twin reads the same whatever happened to it since.
    let address =
        String::from_utf8(personal).ok().and_then(|text| RawValue::from_string(text).ok());
    let address = address.ok_or_else(|| Problem::new(&table::INTERNAL))?;
    let mut response = reply::json(status, &view(call, id, &address, Some(receipt.lsn.0))?);
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

#[derive(Serialize)]
struct Removed {
    address_id: Uuid,
    lsn: u64,
}

/// `DELETE /v1/addresses/{address_id}`: an id that is not in the book, or no longer, is unknown.
pub(crate) async fn remove(call: Call) -> Result<Response, Problem> {
    let (id, customer_id) = (id_of(&call)?, call.person()?.person_id);
    let key = call.key(&[])?;
    let command = AddressCommand::Remove { address_id: id };
    let command = PersonCommand::Address { customer_id, command };
    let receipt = call.submit(command.into(), key).await?;
    if matches!(receipt.outcome, Outcome::Unchanged) {
        return Err(unknown());
    }
    let mut response = reply::json(200, &Removed { address_id: id.0, lsn: receipt.lsn.0 });
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}
