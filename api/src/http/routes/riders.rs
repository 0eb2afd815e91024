//! Riders: who rides for a store, who is at work, and where they are.

use crate::http::gateway::call::Call;
use crate::http::json::text::{Str, clean, out_of_range, text_error};
use crate::http::json::views::Contact;
use crate::http::json::{self, point};
use crate::http::problem::{FieldError, Problem, table};
use crate::http::reply;
use crate::rfc3339::Rfc3339;
use axum::response::Response;
use kirana_domain::limits::{ADDRESS_FIELD_CHARS_MAX, RIDER_ORDERS_MAX};
use kirana_domain::text::is_phone;
use kirana_domain::{Event, PersonCommand, PersonId, RiderCommand, StoreRider};
use kirana_engine::{Engine, Outcome, Receipt};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

/// A phone that is farther off than this knows nothing of where it is, in metres.
const ACCURACY_M_MAX: f64 = 100_000.0;

/// A rider as staff see them.
#[derive(Serialize)]
struct RiderView {
    rider_id: Uuid,
    store_id: Uuid,
    /// Name and phone; `null` once they were forgotten.
    name: Option<String>,
    phone: Option<String>,
    capacity: u32,
    on_shift: bool,
    /// Orders that the rider has now.
    orders: usize,
    lsn: Option<u64>,
}

impl RiderView {
    fn new(engine: &Engine, rider_id: PersonId, rider: &StoreRider, lsn: Option<u64>) -> Self {
        let sealed = engine.rider_personal(rider_id, rider);
        let contact: Option<Contact> =
            sealed.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
        let (name, phone) = contact.map(|it| (it.name.into_owned(), it.phone.into_owned())).unzip();
        Self {
            rider_id: rider_id.0,
            store_id: rider.store_id.0,
            name,
            phone,
            capacity: rider.capacity,
            on_shift: rider.on_shift,
            orders: engine.orders_of_rider(rider_id),
            lsn,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaveRequest<'a> {
    rider_id: Uuid,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    phone: Str<'a>,
    capacity: Option<i64>,
    on_shift: Option<bool>,
}

/// `POST /v1/stores/{store_id}/riders {rider_id, name, phone, capacity?, on_shift?}`: makes a rider
/// known to the store, or changes what it knows. A rider of another store rides for this one then.
pub(crate) async fn save(mut call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let body = call.json_body(&["application/json"]).await?;
    let request: SaveRequest = json::parse(&body)?;
    let mut errors = Vec::new();
    let name = clean(&request.name.0, ADDRESS_FIELD_CHARS_MAX).unwrap_or_else(|error| {
        errors.push(text_error("/name", error));
        Cow::default()
    });
    let phone = request.phone.0.trim();
    if !is_phone(phone) {
        let detail = "must be an Indian mobile number";
        errors.push(FieldError::new("/phone", "PHONE_INVALID", detail));
    }
    let capacity = request.capacity.map(|orders| {
        let orders = u32::try_from(orders).ok();
        let orders = orders.filter(|orders| (1..=RIDER_ORDERS_MAX).contains(orders));
        if orders.is_none() {
            errors.push(out_of_range("/capacity"));
        }
        orders.unwrap_or(1)
    });
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let personal = rider_contact(&name, phone);
    let on_shift = request.on_shift;
    let command = RiderCommand::Save { store_id, capacity, on_shift, personal };
    change(&call, PersonId(request.rider_id), command, &body).await
}

/// Returns the bytes of a rider's name and phone, to be sealed.
pub(crate) fn rider_contact(name: &str, phone: &str) -> Vec<u8> {
    let contact = Contact { name: name.into(), phone: phone.into() };
    serde_json::to_vec(&contact).expect("two texts can be rendered")
}

#[derive(Serialize)]
struct Page {
    data: Vec<RiderView>,
    next_cursor: Option<&'static str>,
    has_more: bool,
}

/// `GET /v1/stores/{store_id}/riders`: by id. A store knows a bounded number, so the list is whole.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let riders: Vec<_> = call.engine().people(|people| {
        people.riders.of_store(store_id).map(|(id, rider)| (id, rider.clone())).collect()
    });
    let view =
        |(id, rider): &(PersonId, StoreRider)| RiderView::new(call.engine(), *id, rider, None);
    let data = riders.iter().map(view).collect();
    Ok(reply::json(200, &Page { data, next_cursor: None, has_more: false }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShiftRequest {
    on_shift: bool,
}

/// `POST /v1/riders/me/shift {on_shift}`: begins or ends the rider's own shift.
pub(crate) async fn shift(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let ShiftRequest { on_shift } = json::parse(&body)?;
    let rider_id = call.person()?.person_id;
    change(&call, rider_id, RiderCommand::Shift { on_shift }, &body).await
}

/// Has a rider changed; answers the rider as they are after it.
async fn change(
    call: &Call,
    rider_id: PersonId,
    command: RiderCommand,
    body: &[u8],
) -> Result<Response, Problem> {
    let command = PersonCommand::Rider { rider_id, command };
    let receipt = call.submit(command.into(), call.key(body)?).await?;
    let rider = rider_after(call, rider_id, &receipt)?;
    let view = RiderView::new(call.engine(), rider_id, &rider, Some(receipt.lsn.0));
    let mut response = reply::json(200, &view);
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

/// Returns the rider of a receipt: as recorded, or as they were already.
fn rider_after(call: &Call, rider_id: PersonId, receipt: &Receipt) -> Result<StoreRider, Problem> {
    let known = match &receipt.outcome {
        Outcome::Recorded(record) => match &record.event {
            Event::RiderSaved { rider, .. } => Some(rider.clone()),
            _ => None,
        },
        _ => call.engine().people(|people| people.riders.get(rider_id).cloned()),
    };
    known.ok_or_else(|| Problem::new(&table::INTERNAL))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LocationRequest<'a> {
    #[serde(borrow)]
    lat: Option<&'a RawValue>,
    #[serde(borrow)]
    lng: Option<&'a RawValue>,
    /// In metres.
    accuracy: Option<f64>,
}

#[derive(Serialize)]
struct Located {
    /// Orders whose customers see it.
    orders: usize,
    at: Rfc3339,
}

/// `POST /v1/riders/me/location {lat, lng, accuracy?}`: told to the customers of the orders that
/// the rider is bringing, and kept nowhere else. It may come as often as the phone likes.
pub(crate) async fn locate(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let LocationRequest { lat, lng, accuracy } = json::parse(&body)?;
    let mut errors = Vec::new();
    let found = point::optional(lat, lng, "", &mut errors);
    if found.is_none() && errors.is_empty() {
        errors.push(FieldError::new("/lat", "MISSING", "this field is required"));
    }
    if accuracy.is_some_and(|metres| !(0.0..=ACCURACY_M_MAX).contains(&metres)) {
        errors.push(out_of_range("/accuracy"));
    }
    let (Some(found), true) = (found, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "its range is checked"
    )]
    let accuracy_m = accuracy.map(|metres| metres.round() as u32);
    let rider_id = call.person()?.person_id;
    let located = call.engine().locate_rider(rider_id, found, accuracy_m);
    let (location, orders) = located.map_err(|rejection| Problem::from(&rejection))?;
    Ok(reply::json(200, &Located { orders, at: Rfc3339(location.at_ms) }))
}
