//! Messages as JSON: CloudEvents 1.0.2 in their JSON format (CloudEvents JSON Event Format §3).
//!
//! The same fact goes to everybody who listens to its order, its store or its customer, and all of
//! them may see all of it. So it is rendered once: unsealing an address costs more than sending it.

use crate::http::json::point;
use crate::http::json::views::{OrderView, RiderView};
use crate::rfc3339::Rfc3339;
use axum::body::Bytes;
use kirana_domain::time::AtMs;
use kirana_domain::{Order, OrderId, StoreId};
use kirana_engine::{Engine, LiveEvent, OpenOrders, RiderLocation};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Facts that are kept rendered; a fact has its place by its position in the log.
const KEPT: usize = 1_024;
/// Time that they are kept. Not longer: a forgotten person's address must not be shown.
const KEPT_FOR: Duration = Duration::from_secs(2);

/// One message of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The position to resume after; none for what is no place to resume from.
    pub id: Option<u64>,
    /// Its name: `snapshot`, `resync`, `auth_expired`, `rider.location`, or `order.` and what
    /// happened.
    pub event: String,
    /// A CloudEvent, as JSON on one line.
    pub data: Bytes,
}

#[derive(Serialize)]
struct CloudEvent<'a, T> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: Rfc3339,
    datacontenttype: &'static str,
    data: &'a T,
}

/// Facts that were rendered a moment ago.
pub(crate) struct Rendered {
    slots: Vec<Mutex<Option<Slot>>>,
}

struct Slot {
    lsn: u64,
    at: Instant,
    message: Message,
}

impl Default for Rendered {
    fn default() -> Self {
        Self { slots: (0..KEPT).map(|_| Mutex::new(None)).collect() }
    }
}

impl Rendered {
    /// The message about a fact.
    pub(crate) fn fact(&self, engine: &Engine, fact: &LiveEvent) -> Message {
        let index = usize::try_from(fact.lsn.0 % KEPT as u64).unwrap_or_default();
        // Whoever comes second waits for the first rather than rendering too.
        let mut slot = self.slots[index].lock();
        if let Some(Slot { lsn, at, message }) = &*slot
            && *lsn == fact.lsn.0
            && at.elapsed() < KEPT_FOR
        {
            return message.clone();
        }
        let name = format!("order.{}", fact.what);
        let id = fact.lsn.0.to_string();
        let message = order_message(engine, name, (fact.lsn.0, &id), fact.at_ms, &fact.order);
        let kept = Slot { lsn: fact.lsn.0, at: Instant::now(), message: message.clone() };
        *slot = Some(kept);
        message
    }
}

/// The state of an order, as of its last fact.
pub(crate) fn order_now(engine: &Engine, event: &str, order: &Order) -> Message {
    let lsn = order.lsn().0;
    // A state is not the fact at the same position: (source, id) stands for one event.
    let id = format!("{lsn}-{event}");
    order_message(engine, event.to_owned(), (lsn, &id), engine.now_ms(), order)
}

fn order_message(
    engine: &Engine,
    event: String,
    (lsn, id): (u64, &str),
    at_ms: AtMs,
    order: &Order,
) -> Message {
    let (code, personal) = (store_code(engine, order.placed.store_id), engine.personal(order));
    let data = json(&CloudEvent {
        specversion: "1.0",
        id,
        source: &format!("/stores/{}/orders", order.placed.store_id),
        r#type: type_of(&event),
        subject: Some(order.placed.id.to_string()),
        time: Rfc3339(at_ms),
        datacontenttype: "application/json",
        data: &OrderView::new(order, &code, personal.as_deref())
            .with_rider(RiderView::of(engine, order)),
    });
    Message { id: Some(lsn), event, data }
}

#[derive(Serialize)]
struct OrdersView<'a> {
    orders: Vec<OrderView<'a>>,
    has_more: bool,
}

/// The open orders of a topic, as of one position. `source` names what they are orders of.
pub(crate) fn orders_now(engine: &Engine, event: &str, source: &str, open: &OpenOrders) -> Message {
    let parts = |order: &Order| (store_code(engine, order.placed.store_id), engine.personal(order));
    let parts: Vec<_> = open.orders.iter().map(|order| parts(order)).collect();
    let views = open.orders.iter().zip(&parts);
    let views = views.map(|(order, (code, personal))| {
        OrderView::new(order, code, personal.as_deref()).with_rider(RiderView::of(engine, order))
    });
    let data = OrdersView { orders: views.collect(), has_more: open.has_more };
    let data = json(&CloudEvent {
        specversion: "1.0",
        id: &format!("{}-{event}", open.lsn),
        source,
        r#type: type_of(event),
        subject: None,
        time: Rfc3339(engine.now_ms()),
        datacontenttype: "application/json",
        data: &data,
    });
    Message { id: Some(open.lsn.0), event: event.to_owned(), data }
}

#[derive(Serialize)]
struct Located {
    order_id: Uuid,
    lat: Box<RawValue>,
    lng: Box<RawValue>,
    /// In metres.
    accuracy: Option<u32>,
    at: Rfc3339,
}

/// The place of an order's rider: it has no position, as nobody resumes after it.
pub(crate) fn located(order_id: OrderId, location: &RiderLocation) -> Message {
    const EVENT: &str = "rider.location";
    let RiderLocation { point: at, accuracy_m, at_ms } = *location;
    let data = json(&CloudEvent {
        specversion: "1.0",
        id: &format!("{order_id}-{at_ms}"),
        source: "/riders",
        r#type: type_of(EVENT),
        subject: Some(order_id.to_string()),
        time: Rfc3339(at_ms),
        datacontenttype: "application/json",
        data: &Located {
            order_id: order_id.0,
            lat: point::number(at.lat_e7()),
            lng: point::number(at.lng_e7()),
            accuracy: accuracy_m,
            at: Rfc3339(at_ms),
        },
    });
    Message { id: None, event: EVENT.to_owned(), data }
}

/// The token of a stream has expired: its client comes again with a fresh one.
pub(crate) fn auth_expired() -> Message {
    Message { id: None, event: "auth_expired".to_owned(), data: Bytes::from_static(b"{}") }
}

fn type_of(event: &str) -> String {
    format!("com.kirana.{event}.v1")
}

/// The code of a store: it never changes.
fn store_code(engine: &Engine, store_id: StoreId) -> String {
    engine.catalogue(|catalogue| {
        catalogue.store(store_id).map_or_else(String::new, |store| store.code.to_string())
    })
}

fn json(value: &impl Serialize) -> Bytes {
    // Our own shapes always serialise: their keys are strings and nothing in them fails.
    serde_json::to_vec(value).expect("a message can be rendered").into()
}
