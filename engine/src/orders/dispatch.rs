//! Ways of a command to the actor of its order: a new order gets an actor that rests or a new one,
//! an order that exists is woken if it sleeps.

use crate::admission::admit::Ticket;
use crate::admission::command::PlaceOrder;
use crate::admission::message::{OrderMsg, OrderWork};
use crate::orders::core::Core;
use crate::orders::order_actor::OrderActor;
use kirana_domain::OrderId;
use ractor::{ActorRef, ActorRuntime};
use std::sync::Arc;

/// Places a new order, in an actor that rests or in a new one.
pub(crate) fn place(core: &Arc<Core>, order_id: OrderId, wanted: PlaceOrder, ticket: Ticket) {
    let actor = core.registry.take_resting().unwrap_or_else(|| spawn(core, order_id));
    // A dead letter drops the ticket, which fails the engine: nothing to handle here.
    _ = actor.cast(OrderMsg::Place(order_id, Box::new(wanted), ticket));
}

/// Gives a command to an order, and wakes it if it sleeps.
pub(crate) fn tell(core: &Arc<Core>, order_id: OrderId, work: OrderWork) {
    core.registry.tell(order_id, work, || spawn(core, order_id));
}

/// Spawns the actor of an order. It has no supervisor: however it ends, the drop of its command's
/// ticket reports it.
fn spawn(core: &Arc<Core>, order_id: OrderId) -> ActorRef<OrderMsg> {
    let arguments = (Arc::clone(core), order_id);
    let (actor, _) = ActorRuntime::spawn_instant(None, OrderActor, arguments)
        .expect("an actor without a name can always be spawned");
    actor
}
