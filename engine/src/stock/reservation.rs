//! A reservation: a basket on its way past the stock actors of its products.
//!
//! It visits them one after the other, in the order of product ids, and goes back to its sender. At
//! the first product that is short, the units taken so far are given back and the others are only
//! asked, so that the refusal names every short line.

use crate::admission::message::{ActorGone, OrderMsg, ShortLine, WaitingOrder};
use kirana_domain::{Lsn, StockLine};
use ractor::ActorRef;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::oneshot;

/// One product of a basket.
pub(crate) struct ReservationLine {
    pub(crate) stock: StockRef,
    pub(crate) line: StockLine,
}

/// The sender of a reservation, which receives the lines that were short.
pub(crate) enum Sender {
    Order(WaitingOrder),
    Task(oneshot::Sender<Vec<ShortLine>>),
}

/// A basket on its way past the stock actors of its products.
pub(crate) struct Reservation {
    lines: Vec<ReservationLine>,
    next: usize,
    short: Vec<ShortLine>,
    sender: Sender,
}

impl Reservation {
    /// Sends a reservation on its way. Its lines are sorted by product, each product once.
    pub(crate) fn send(lines: Vec<ReservationLine>, sender: Sender) -> Result<(), ActorGone> {
        debug_assert!(
            lines.is_sorted_by(|one, next| one.line.product_id < next.line.product_id),
            "all reservations go by product, so no two wait for each other"
        );
        Box::new(Self { lines, next: 0, short: Vec::new(), sender }).go_on()
    }

    /// Returns the units that are wanted of the product it is at.
    pub(crate) fn units(&self) -> u32 {
        self.lines[self.next].line.units
    }

    /// Returns true while every product so far had enough.
    pub(crate) fn is_whole(&self) -> bool {
        self.short.is_empty()
    }

    /// Returns true at the last product: units that are taken there are decided at once.
    pub(crate) fn is_at_last(&self) -> bool {
        self.next + 1 == self.lines.len()
    }

    /// Goes on after a product that had enough.
    pub(crate) fn taken(mut self: Box<Self>) -> Result<(), ActorGone> {
        self.next += 1;
        if self.next == self.lines.len() {
            let last = self.next - 1;
            self.settle(last, true)?;
        }
        self.go_on()
    }

    /// Goes on after a product that has only `available` units. The units taken so far go back.
    pub(crate) fn short(mut self: Box<Self>, available: u32) -> Result<(), ActorGone> {
        if self.is_whole() {
            self.settle(self.next, false)?;
        }
        self.short.push(ShortLine { line: self.lines[self.next].line, available });
        self.next += 1;
        self.go_on()
    }

    /// Goes on after a product that was only asked and has enough.
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
            Sender::Order(order) => order.tell(OrderMsg::Reserved(self.short)),
            // The sender waits in a task of the engine; if that is gone, so is its ticket.
            Sender::Task(task) => task.send(self.short).map_err(|_| ActorGone),
        }
    }
}

/// A message to a stock actor.
pub(crate) enum StockMsg {
    /// A reservation wants units.
    Take(Box<Reservation>),
    /// A reservation that took units here was refused elsewhere: they come back.
    GiveBack {
        /// The units.
        units: u32,
    },
    /// A reservation that took units here was decided, and another one waits for that.
    Settled,
    /// Units came in or came back; the record of that is durable.
    Put {
        /// The units.
        units: u32,
        /// The record.
        lsn: Lsn,
    },
    /// The product's books broke the stock law: sell no more of it.
    Stop,
}

/// The address of a stock actor.
#[derive(Clone)]
pub(crate) struct StockRef {
    pub(crate) actor: ActorRef<StockMsg>,
    pub(crate) settled: Arc<Settled>,
}

/// Units whose reservations were decided since the actor last looked.
///
/// Another reservation rarely waits for that, so it is a counter and not a message for each line of
/// each basket. The actor sets `is_awaited` *before* it reads the counter for the last time, and a
/// reservation counts *before* it reads `is_awaited`: one of the two sees the other.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) units: AtomicU32,
    pub(crate) is_awaited: AtomicBool,
}

impl StockRef {
    /// Reports that a reservation was decided which took units here: they are its own.
    pub(crate) fn settle(&self, units: u32) -> Result<(), ActorGone> {
        self.settled.units.fetch_add(units, Ordering::SeqCst);
        if self.settled.is_awaited.load(Ordering::SeqCst) {
            self.actor.cast(StockMsg::Settled)?;
        }
        Ok(())
    }
}
