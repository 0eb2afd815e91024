//! Commands about endpoints, decided one after the other.

use super::{Endpoints, seal};
use crate::admission::admit::Ticket;
use crate::admission::command::Outcome;
use kirana_domain::EndpointCommand;
use kirana_domain::webhook_endpoints::EndpointContext;
use std::sync::Arc;

/// Decides on an endpoint and records the outcome.
pub(crate) async fn change(endpoints: Arc<Endpoints>, command: EndpointCommand, ticket: Ticket) {
    let lock = Arc::clone(&endpoints.lane).lock_owned().await;
    let core = &endpoints.core;
    let is_open = |id| core.state.catalogue(|catalogue| catalogue.store(id).is_some());
    let has_store = command.store_id().is_none_or(is_open);
    let context = EndpointContext { at_ms: core.clock.now_ms(), has_store };
    let decided = core.state.people(|people| {
        people.hooks.decide(command, context, |id, secret| seal(core, id, secret))
    });
    match decided {
        Err(unfit) => ticket.answer(Err(unfit.into())),
        Ok(event) => core.record_all(event.into_iter().collect(), Outcome::Unchanged, ticket, lock),
    }
}
