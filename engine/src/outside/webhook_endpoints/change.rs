//! Commands about endpoints, decided one after the other.

use super::{Endpoints, seal};
use crate::admission::admit::Ticket;
use crate::admission::command::{Outcome, SubmitError};
use crate::admission::endpoint_command::{EndpointCommand, ROTATION_MS};
use crate::orders::core::Core;
use kirana_domain::webhook_endpoints::Hook;
use kirana_domain::{Endpoint, Event};
use std::sync::Arc;

/// Decides on endpoints, one command after the other.
pub(crate) async fn decide_and_record(
    endpoints: Arc<Endpoints>,
    command: EndpointCommand,
    ticket: Ticket,
) {
    let lane = Arc::clone(&endpoints.lane).lock_owned().await;
    let core = &endpoints.core;
    match decide(core, command) {
        Err(refusal) => ticket.answer(Err(refusal)),
        Ok(None) => core.answer_unchanged(Outcome::Unchanged, ticket),
        Ok(Some(event)) => core.record(event, ticket, Some(lane)),
    }
}

fn decide(core: &Core, command: EndpointCommand) -> Result<Option<Event>, SubmitError> {
    let hook = core.state.people(|people| people.hooks.get(command.endpoint_id()).cloned());
    let known = || hook.clone().ok_or(SubmitError::EndpointUnknown);
    let defined = |endpoint| Ok(Some(Event::EndpointDefined { endpoint: Arc::new(endpoint) }));
    match command {
        EndpointCommand::Define { endpoint_id: id, store_id, url, events, active, secret } => {
            let has_store = |id| core.state.catalogue(|catalogue| catalogue.store(id).is_some());
            match () {
                () if !store_id.is_none_or(has_store) => Err(SubmitError::StoreUnknown),
                () if hook.is_some() => Err(SubmitError::Changed),
                () if !core.state.people(|people| people.hooks.has_room()) => {
                    Err(SubmitError::TooMany)
                }
                () => {
                    let secret = seal(core, id, &secret);
                    defined(Endpoint { id, store_id, url, events, active, secret, previous: None })
                }
            }
        }
        EndpointCommand::Change { url, events, active, .. } => {
            let Hook { endpoint, disabled, .. } = known()?;
            let changed = Endpoint {
                url: url.unwrap_or_else(|| endpoint.url.clone()),
                events: events.unwrap_or_else(|| endpoint.events.clone()),
                active: active.unwrap_or(endpoint.active),
                ..Endpoint::clone(&endpoint)
            };
            // Whatever is changed of a disabled endpoint, it is mended by it.
            let is_mended = disabled.is_some() && active == Some(true);
            if changed == *endpoint && !is_mended { Ok(None) } else { defined(changed) }
        }
        EndpointCommand::Rotate { endpoint_id, secret } => {
            let endpoint = known()?.endpoint;
            let until_ms = core.clock.now_ms() + ROTATION_MS;
            let previous = Some((Arc::clone(&endpoint.secret), until_ms));
            let secret = seal(core, endpoint_id, &secret);
            defined(Endpoint { secret, previous, ..Endpoint::clone(&endpoint) })
        }
        EndpointCommand::Remove { endpoint_id } => {
            Ok(hook.is_some().then_some(Event::EndpointRemoved { endpoint_id }))
        }
        EndpointCommand::Replay { endpoint_id, from } => {
            known()?;
            Ok(Some(Event::EndpointReplayed { endpoint_id, from }))
        }
    }
}
