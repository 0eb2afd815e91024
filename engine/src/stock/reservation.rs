//! A basket on its way past the stock.
//!
//! It visits the stock actors of its lines one after the other, in the order of product ids, and
//! goes back to whoever sent it. At the first shelf that is short, the units taken so far are given
//! back and the rest is only asked, so that the refusal names every short line.

use crate::admission::message::{OrderMsg, ShortLine};
use kirana_domain::{Lsn, StockLine};
use ractor::{ActorRef, MessagingErr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::oneshot;

/// One product of a basket.
pub(crate) struct ReservationLine {
    pub(crate) stock: StockRef,
    pub(crate) line: StockLine,
}

/// Who is told how it went.
pub(crate) enum Sender {
    Order(ActorRef<OrderMsg>),
    Task(oneshot::Sender<Vec<ShortLine>>),
}

/// See the module.
pub(crate) struct Reservation {
    lines: Vec<ReservationLine>,
    next: usize,
    short: Vec<ShortLine>,
    sender: Sender,
}

/// An actor that should be there is gone: the engine is failing or stopping.
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

impl Reservation {
    /// Sends a basket on its way. Its lines are sorted by product, each product once.
    pub(crate) fn send(lines: Vec<ReservationLine>, sender: Sender) -> Result<(), ActorGone> {
        Box::new(Self { lines, next: 0, short: Vec::new(), sender }).go_on()
    }

    /// Units wanted of the product whose shelf it is at.
    pub(crate) fn units(&self) -> u32 {
        self.lines[self.next].line.units
    }

    /// True while every shelf so far had enough.
    pub(crate) fn is_whole(&self) -> bool {
        self.short.is_empty()
    }

    /// True at the shelf that decides: what is taken here is not undecided.
    pub(crate) fn is_at_last(&self) -> bool {
        self.next + 1 == self.lines.len()
    }

    /// The shelf had enough; on to the next.
    pub(crate) fn taken(mut self: Box<Self>) -> Result<(), ActorGone> {
        self.next += 1;
        if self.next == self.lines.len() {
            let last = self.next - 1;
            self.settle(last, true)?;
        }
        self.go_on()
    }

    /// The shelf has only `available`; what was taken goes back, the rest is only asked.
    pub(crate) fn short(mut self: Box<Self>, available: u32) -> Result<(), ActorGone> {
        if self.is_whole() {
            self.settle(self.next, false)?;
        }
        self.short.push(ShortLine { line: self.lines[self.next].line, available });
        self.next += 1;
        self.go_on()
    }

    /// The shelf was only asked and has enough.
    pub(crate) fn passed(mut self: Box<Self>) -> Result<(), ActorGone> {
        assert!(!self.is_whole(), "a basket that is whole takes, it does not pass");
        self.next += 1;
        self.go_on()
    }

    fn settle(&self, count: usize, kept: bool) -> Result<(), ActorGone> {
        for ReservationLine { stock, line: StockLine { units, .. } } in &self.lines[..count] {
            if kept {
                stock.settle(*units)?;
            } else {
                stock.actor.cast(StockMsg::GiveBack { units: *units })?;
            }
        }
        Ok(())
    }

    fn go_on(self: Box<Self>) -> Result<(), ActorGone> {
        if let Some(line) = self.lines.get(self.next) {
            let actor = line.stock.actor.clone();
            return Ok(actor.cast(StockMsg::Take(self))?);
        }
        match self.sender {
            Sender::Order(order) => Ok(order.cast(OrderMsg::Reserved(self.short))?),
            // Whoever asked waits in a task of the engine; if that is gone, so is its ticket.
            Sender::Task(task) => task.send(self.short).map_err(|_| ActorGone),
        }
    }
}

/// What a shelf is told.
pub(crate) enum StockMsg {
    /// A basket wants units.
    Take(Box<Reservation>),
    /// A basket that took units here was refused elsewhere: they come back.
    GiveBack {
        /// How many.
        units: u32,
    },
    /// A basket that took units here was decided, and somebody waits to hear of it.
    Settled,
    /// Units came in or came back; the record of that is durable.
    Put {
        /// How many.
        units: u32,
        /// The record.
        lsn: Lsn,
    },
    /// The product's books broke the stock law: sell no more of it.
    Stop,
}

/// How a shelf is reached.
#[derive(Clone)]
pub(crate) struct StockRef {
    pub(crate) actor: ActorRef<StockMsg>,
    pub(crate) settled: Arc<Settled>,
}

/// Units whose baskets were decided since the actor last looked.
///
/// Nearly always nobody waits for that, so it is a counter and not a message for each line of each
/// basket. The actor says that somebody waits *before* it reads the counter for the last time, and
/// a basket counts *before* it looks whether somebody waits: one of the two sees the other.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) units: AtomicU32,
    pub(crate) is_awaited: AtomicBool,
}

impl StockRef {
    /// A basket that took units here was decided: they are its own.
    pub(crate) fn settle(&self, units: u32) -> Result<(), ActorGone> {
        self.settled.units.fetch_add(units, Ordering::SeqCst);
        if self.settled.is_awaited.load(Ordering::SeqCst) {
            self.actor.cast(StockMsg::Settled)?;
        }
        Ok(())
    }
}
