//! Messages to the actor of an order.

use crate::admission::admit::Ticket;
use crate::admission::command::PlaceOrder;
use kirana_domain::order::OrderCommand;
use kirana_domain::{Event, OrderId, StockLine};
use ractor::{ActorRef, MessagingErr};
use tokio::sync::OwnedMutexGuard;

/// A message to the actor of an order.
pub(crate) enum OrderMsg {
    /// The command to place a new order.
    Place(OrderId, Box<PlaceOrder>, Ticket),
    /// The reservation has come back, with the lines that were short.
    Reserved(Vec<ShortLine>),
    /// A command for an order that exists.
    Work(Box<OrderWork>),
    /// The records of the command before have been applied.
    Applied,
}

/// The error that an actor is gone: the engine is failing or stopping.
#[derive(Debug)]
pub(crate) struct ActorGone;

impl std::fmt::Display for ActorGone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an actor that a message was for is gone")
    }
}

impl std::error::Error for ActorGone {}

impl<T> From<MessagingErr<T>> for ActorGone {
    fn from(_: MessagingErr<T>) -> Self {
        Self
    }
}

/// The actor of an order that waits for a message, and does nothing else before it comes.
///
/// If this is dropped untold, the message will never come: the actor is ended, and the commands
/// that wait in it are dropped with it, each of which is then answered as failed.
pub(crate) struct WaitingOrder(Option<ActorRef<OrderMsg>>);

impl WaitingOrder {
    pub(crate) fn new(actor: ActorRef<OrderMsg>) -> Self {
        Self(Some(actor))
    }

    /// Sends the message that the actor waits for.
    pub(crate) fn tell(mut self, message: OrderMsg) -> Result<(), ActorGone> {
        self.0.take().map_or(Ok(()), |actor| Ok(actor.cast(message)?))
    }
}

impl Drop for WaitingOrder {
    fn drop(&mut self) {
        if let Some(actor) = self.0.take() {
            actor.kill();
        }
    }
}

/// A command for an order that exists.
pub(crate) struct OrderWork {
    pub(crate) command: OrderCommand,
    /// The version of the order that the caller has seen, where it must not have changed.
    pub(crate) expected_version: Option<u64>,
    /// The provider's message that this is the outcome of: recorded in front of it.
    pub(crate) webhook: Option<Event>,
    /// The lock under which it was decided that it goes to this order, or that of the rider who is
    /// to be asked: what they have does not change before it is applied.
    pub(crate) lock: Option<OwnedMutexGuard<()>>,
    pub(crate) ticket: Ticket,
}

impl OrderWork {
    pub(crate) fn of(command: OrderCommand, ticket: Ticket) -> Self {
        Self { command, expected_version: None, webhook: None, lock: None, ticket }
    }
}

/// A line of a reservation that could not be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortLine {
    /// The units that were wanted.
    pub(crate) line: StockLine,
    /// The units that could be promised.
    pub(crate) available: u32,
}
