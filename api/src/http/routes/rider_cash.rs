//! Cash that riders have collected: what they have in hand, and that they hand it over.

use super::orders::reason_of;
use crate::http::gateway::call::Call;
use crate::http::json::text::Str;
use crate::http::problem::{Problem, table};
use crate::http::{json, reply};
use crate::rfc3339::Rfc3339;
use axum::response::Response;
use kirana_domain::cash::InHand;
use kirana_domain::limits::PRICE_PAISE_MAX;
use kirana_domain::{Event, Paise, PersonCommand, PersonId, StoreId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Cash that one rider has of one store.
#[derive(Serialize)]
struct CashView {
    store_id: Uuid,
    rider_id: Uuid,
    cash_paise: i64,
    deliveries: u32,
    since: Rfc3339,
}

impl CashView {
    fn new(store_id: StoreId, rider_id: PersonId, in_hand: &InHand) -> Self {
        Self {
            store_id: store_id.0,
            rider_id: rider_id.0,
            cash_paise: in_hand.amount.0,
            deliveries: in_hand.deliveries,
            since: Rfc3339(in_hand.since_ms),
        }
    }
}

#[derive(Serialize)]
struct Riders {
    data: Vec<CashView>,
    total_paise: i64,
}

impl Riders {
    fn of(data: Vec<CashView>) -> Self {
        Self { total_paise: data.iter().map(|rider| rider.cash_paise).sum(), data }
    }
}

/// `GET /v1/stores/{store_id}/cash`: riders who have cash of the store.
pub(crate) async fn cash_of_store(call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let data = call.engine().people(|people| {
        let riders = people.cash.of_store(store_id);
        riders.map(|(rider_id, in_hand)| CashView::new(store_id, rider_id, &in_hand)).collect()
    });
    Ok(reply::json(200, &Riders::of(data)))
}

/// `GET /v1/riders/me/cash`: what the rider has, store by store.
pub(crate) async fn own_cash(call: Call) -> Result<Response, Problem> {
    let rider_id = call.person()?.person_id;
    let stores: Vec<StoreId> =
        call.engine().catalogue(|catalogue| catalogue.stores().map(|store| store.id).collect());
    let data = call.engine().people(|people| {
        let in_hand = |store_id: &StoreId| (*store_id, people.cash.in_hand(*store_id, rider_id));
        let has_some = |(_, in_hand): &(StoreId, InHand)| in_hand.amount > Paise::ZERO;
        let view = |(store_id, in_hand)| CashView::new(store_id, rider_id, &in_hand);
        stores.iter().map(in_hand).filter(has_some).map(view).collect()
    });
    Ok(reply::json(200, &Riders::of(data)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandOverRequest<'a> {
    rider_id: Uuid,
    counted_paise: i64,
    #[serde(borrow)]
    note: Option<Str<'a>>,
}

#[derive(Serialize)]
struct HandOver<'a> {
    store_id: Uuid,
    rider_id: Uuid,
    expected_paise: i64,
    counted_paise: i64,
    /// Counted less expected: negative when cash is missing.
    difference_paise: i64,
    note: Option<&'a str>,
    at: Rfc3339,
    lsn: u64,
}

/// `POST /v1/stores/{store_id}/cash/handovers`: what was counted is kept beside what it should be.
pub(crate) async fn hand_over(mut call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let body = call.json_body(&["application/json"]).await?;
    let request: HandOverRequest = json::parse(&body)?;
    if !(0..=PRICE_PAISE_MAX).contains(&request.counted_paise) {
        return Err(Problem::field("/counted_paise", "OUT_OF_RANGE", "is out of range"));
    }
    let note = request.note.as_ref().map(|note| reason_of("/note", note)).transpose()?;
    let (rider_id, counted) = (PersonId(request.rider_id), Paise(request.counted_paise));
    let command = PersonCommand::HandOverCash { store_id, rider_id, counted, note };
    let receipt = call.submit(command.into(), call.key(&body)?).await?;
    let record = receipt.record()?;
    let Event::CashHandedOver { expected, counted, note, .. } = &record.event else {
        return Err(Problem::new(&table::INTERNAL));
    };
    if !receipt.replayed && expected != counted {
        metrics::counter!("kirana_cash_handovers_differing_total").increment(1);
    }
    let answer = HandOver {
        store_id: store_id.0,
        rider_id: rider_id.0,
        expected_paise: expected.0,
        counted_paise: counted.0,
        difference_paise: counted.0 - expected.0,
        note: note.as_deref(),
        at: Rfc3339(record.at_ms),
        lsn: receipt.lsn.0,
    };
    let mut response = reply::json(201, &answer);
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}
