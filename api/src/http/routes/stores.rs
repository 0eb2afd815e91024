//! Stores: open, list, read, change.

use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::stores::{StoreRequest, StoreView};
use crate::http::json::unique::Unique;
use crate::http::problem::{Problem, table};
use crate::http::reply;
use axum::http::header::ETAG;
use axum::response::Response;
use kirana_domain::{CatalogueCommand, Lsn, Store, StoreId};
use kirana_engine::{Receipt, Request, SubmitError};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    store: StoreView<'a>,
    lsn: u64,
}

/// `POST /v1/stores`
pub(crate) async fn open(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let key = call.key(&body)?.ok_or_else(|| Problem::new(&table::KEY_MISSING))?;
    let request: StoreRequest = json::parse(&body)?;
    // Without an id of its own the store gets one made from the key, so that a retry means the
    // same store.
    let made = uuid::Builder::from_custom_bytes(key.id).into_uuid();
    let id = StoreId(request.store_id.unwrap_or(made));
    let charges_gst = request.charges_gst();
    let store = request.into_store(id).map_err(Problem::invalid)?;
    may_charge_gst(&store, charges_gst)?;
    code_is_free(&call, &store)?;
    let command = CatalogueCommand::OpenStore { store: store.clone() };
    let receipt = call.submit(command.into(), Some(key)).await.map_err(|problem| {
        let exists = *problem.kind() == table::STORE_CHANGED;
        if exists { Problem::new(&table::STORE_EXISTS) } else { problem }
    })?;
    let mut response = answer(201, &store, &receipt);
    reply::location(&mut response, &format!("/v1/stores/{id}"));
    Ok(response)
}

/// A seller who is not registered must not collect GST: section 32(1) of the CGST Act, 2017. A
/// store of which nothing is said charges none until it has a number.
fn may_charge_gst(store: &Store, wants_to: bool) -> Result<(), Problem> {
    if wants_to && store.gstin.is_none() {
        let detail = "a store that charges GST must have a GST number";
        return Err(Problem::field("/gstin", "GSTIN_MISSING", detail));
    }
    Ok(())
}

/// Two stores with one code would have order numbers that look the same.
fn code_is_free(call: &Call, store: &Store) -> Result<(), Problem> {
    let taken = call.engine().catalogue(|catalogue| {
        catalogue.stores().any(|other| other.code == store.code && other.id != store.id)
    });
    if taken { Err(Problem::new(&table::STORE_EXISTS)) } else { Ok(()) }
}

fn answer(status: u16, store: &Store, receipt: &Receipt) -> Response {
    let Receipt { lsn: Lsn(lsn), replayed, .. } = *receipt;
    let mut response = reply::json(status, &Changed { store: StoreView::from(store), lsn });
    reply::set(&mut response, ETAG, &tag_of(store));
    reply::mark_replayed(&mut response, replayed);
    response
}

/// A tag of everything that is shown of a store.
fn tag_of(store: &Store) -> String {
    reply::tag_of(&serde_json::to_vec(&StoreView::from(store)).unwrap_or_default())
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<StoreView<'a>>,
    next_cursor: Option<&'a str>,
    has_more: bool,
}

/// `GET /v1/stores`
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let stores: Vec<Arc<Store>> =
        call.engine().catalogue(|catalogue| catalogue.stores().cloned().collect());
    let data: Vec<_> = stores.iter().map(|store| StoreView::from(&**store)).collect();
    // A shop has a handful of stores: the list is whole, in the shape that every list has.
    let page = Page { data, next_cursor: None, has_more: false };
    Ok(reply::list(call.headers(), &page))
}

/// `GET /v1/stores/{store_id}`
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let store = current(&call, call.store_id()?)?;
    Ok(reply::cacheable(call.headers(), &StoreView::from(&*store)))
}

fn current(call: &Call, id: StoreId) -> Result<Arc<Store>, Problem> {
    let store = call.engine().catalogue(|catalogue| catalogue.store(id).cloned());
    store.ok_or_else(|| Problem::new(&table::STORE_UNKNOWN))
}

/// Tries of a change when somebody else changes the store in between.
const CHANGE_TRIES: usize = 3;

/// `PATCH /v1/stores/{store_id}`: a JSON Merge Patch (RFC 7396); null brings a default back.
pub(crate) async fn change(mut call: Call) -> Result<Response, Problem> {
    let id = call.store_id()?;
    let media_types = ["application/merge-patch+json", "application/json"];
    let body = call.json_body(&media_types).await?;
    let Unique(patch) = json::parse(&body)?;
    let Value::Object(_) = &patch else {
        return Err(Problem::field("", "WRONG_TYPE", "must be an object"));
    };
    let key = call.key(&body)?;
    for _ in 0..CHANGE_TRIES {
        let before = current(&call, id)?;
        if !reply::if_match(call.headers(), &tag_of(&before)) {
            return Err(Problem::new(&table::VERSION_MISMATCH));
        }
        let store = patched(&before, &patch)?;
        let command = CatalogueCommand::ChangeStore { before, store: store.clone() }.into();
        let (by, deadline) = (call.person()?, Some(call.deadline));
        match call.engine().submit(Request { by, key, command, deadline }).await {
            Err(SubmitError::Changed) => (),
            outcome => return Ok(answer(200, &store, &outcome?)),
        }
    }
    Err(Problem::new(&table::STORE_CHANGED))
}

/// The store with a patch merged into what is shown of it.
fn patched(before: &Store, patch: &Value) -> Result<Store, Problem> {
    let mut shown = serde_json::to_value(StoreView::from(before)).unwrap_or_default();
    merge(&mut shown, patch);
    let merged = serde_json::to_vec(&shown).unwrap_or_default();
    let request: StoreRequest = json::parse(&merged)?;
    let fixed = |pointer, detail| Problem::field(pointer, "CANNOT_CHANGE", detail);
    if request.store_id != Some(before.id.0) {
        return Err(fixed("/store_id", "the id of a store never changes"));
    }
    let charges_gst = patch.get("delivery_fee_gst_percent").is_some() && request.charges_gst();
    let store = request.into_store(before.id).map_err(Problem::invalid)?;
    may_charge_gst(&store, charges_gst)?;
    if store.code != before.code {
        return Err(fixed(
            "/code",
            "the code of a store never changes: order numbers begin with it",
        ));
    }
    Ok(store)
}

/// RFC 7396 §2. Lists are replaced whole.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in changes {
        match change {
            Value::Null => _ = fields.remove(name),
            change => merge(fields.entry(name.clone()).or_insert(Value::Null), change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_patch_changes_what_it_names_and_null_brings_the_default_back() {
        let request: StoreRequest = serde_json::from_str(
            r#"{"code":"TUR","name":"Tura","address":"Main Bazaar","hold_minutes":30,
                "location":{"lat":25.5,"lng":90.2}}"#,
        )
        .unwrap();
        let store = request.into_store(StoreId(Uuid::from_u128(7))).unwrap();
        let patch = json!({ "hold_minutes": null, "location": { "lat": 26 }, "name": "Dayliz" });
        let changed = patched(&store, &patch).unwrap();
        assert_eq!((changed.hold_minutes, &*changed.name), (15, "Dayliz"));
        assert_eq!(changed.location, (26_000_000, 90_200_000));
        assert_eq!(changed.address, store.address);
    }

    #[test]
    fn a_patch_cannot_change_id_or_code_or_name_unknown_fields() {
        let request: StoreRequest =
            serde_json::from_str(r#"{"code":"TUR","name":"Tura","address":"x"}"#).unwrap();
        let store = request.into_store(StoreId(Uuid::from_u128(7))).unwrap();
        for patch in [
            json!({ "code": "TUX" }),
            json!({ "store_id": Uuid::from_u128(8) }),
            json!({ "owner": "me" }),
            json!({ "name": null }),
        ] {
            assert!(patched(&store, &patch).is_err(), "{patch}");
        }
    }
}
