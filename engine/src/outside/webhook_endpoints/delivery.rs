//! One delivery: a fact about an order becomes a message to one endpoint.

use super::{Endpoints, HookAnswer, HookContent, send};
use crate::orders::core::Core;
use crate::state::feed::LiveEvent;
use crate::state::read_error::ReadError;
use kirana_domain::{Endpoint, EndpointId, Lsn};
use std::sync::Arc;

/// Reads a fact from the log, with the order as it was right after it.
pub(super) async fn read(core: &Arc<Core>, lsn: Lsn) -> Result<LiveEvent, String> {
    let reads = Arc::clone(&core.reads);
    let read = tokio::task::spawn_blocking(move || {
        let record = reads.record(lsn)?;
        let Some(order_id) = record.event.order_id() else { return Ok(None) };
        let order = reads.order_as_of(order_id, lsn)?;
        Ok(LiveEvent::new(lsn, record.at_ms, &record.event, order))
    });
    let read: Result<_, ReadError> = read.await.map_err(|error| error.to_string())?;
    let event = read.map_err(|error| error.to_string())?;
    event.ok_or_else(|| format!("record {lsn} is about no order"))
}

/// Sends an endpoint a fact about an order, with the order's personal part in clear.
pub(super) async fn deliver(
    endpoints: &Endpoints,
    endpoint: &Endpoint,
    event: LiveEvent,
    tries: u16,
) -> HookAnswer {
    let LiveEvent { lsn, at_ms, what, order, .. } = event;
    let placed = &order.placed;
    let store_code = endpoints.core.state.catalogue(|catalogue| {
        catalogue.store(placed.store_id).map_or_else(String::new, |store| store.code.to_string())
    });
    let (subject, aad) = (placed.customer_id.0.into_bytes(), *placed.id.0.as_bytes());
    let personal = endpoints.core.vault.unseal(subject, &aad, &placed.sealed).ok();
    let about = (message_id(endpoint.id, lsn), format!("order.{what}"), Some(lsn));
    let content = HookContent::Order { order, store_code, personal };
    send(endpoints, endpoint, about, (at_ms, content), tries).await.1
}

/// Returns the id of a message: the same for every try and every replay.
fn message_id(id: EndpointId, lsn: Lsn) -> String {
    format!("msg_{}_{lsn}", id.0.simple())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_id_of_a_message_is_its_endpoint_and_its_position() {
        let id = EndpointId(Uuid::from_u128(0xab));
        assert_eq!(message_id(id, Lsn(42)), "msg_000000000000000000000000000000ab_42");
    }
}
