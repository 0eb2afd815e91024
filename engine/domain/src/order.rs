//! The life of an order.
//!
//! So far `pending_payment`, `placed` and the ends `cancelled` and `expired`. The way through the
//! store and to the door (`accepted … delivered`) comes between `placed` and the ends: a new state
//! gets the next number, a row in [`Status::NAMES`] and its moves in [`Order::decide_cancel`] and
//! its siblings.

use crate::digest::Digester;
use crate::record::Reason;
use crate::stock::Bucket;
use crate::time::AtMs;
use crate::{
    Event, Item, Lsn, OrderId, Paise, PersonId, Principal, Quote, Record, Rejection, Role,
    StockLine, Store, StoreId,
};
use std::sync::Arc;

/// Where an order is in its life. The numbers are on disk: add, never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Holds its units until it is paid or its time is over.
    PendingPayment = 1,
    /// Confirmed: the units are its own.
    Placed = 2,
    /// Ended by a person or the system; its units went back.
    Cancelled = 3,
    /// Never paid; its units went back.
    Expired = 4,
}

impl Status {
    /// Every state with its name in answers.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::PendingPayment, "pending_payment"),
        (Self::Placed, "placed"),
        (Self::Cancelled, "cancelled"),
        (Self::Expired, "expired"),
    ];

    /// The name in answers.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize - 1].1
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(status, _)| *status)
    }

    /// The state of that number on disk.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::NAMES.iter().find(|(status, _)| *status as u8 == number).map(|(status, _)| *status)
    }

    /// Where the units of an order in this state are; `None` once it has none.
    pub fn bucket(self) -> Option<Bucket> {
        match self {
            Self::PendingPayment => Some(Bucket::Held),
            Self::Placed => Some(Bucket::Allocated),
            Self::Cancelled | Self::Expired => None,
        }
    }

    /// True when nothing can happen to the order any more.
    pub fn is_end(self) -> bool {
        self.bucket().is_none()
    }
}

/// How an order is paid. The numbers are on disk: add, never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PaymentMethod {
    /// Cash on delivery.
    Cod = 1,
    /// Online, through Razorpay.
    Razorpay = 2,
}

impl PaymentMethod {
    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cod => "cod",
            Self::Razorpay => "razorpay",
        }
    }

    /// The method of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Cod, Self::Razorpay].into_iter().find(|method| method.name() == name)
    }

    /// The method of that number on disk.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Cod, Self::Razorpay].into_iter().find(|method| *method as u8 == number)
    }
}

/// What is known of the money. Follows from the order until payments have a life of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Cash is due at the door.
    CodPending,
    /// Waiting for an online payment.
    Pending,
    /// The time to pay ran out.
    TimedOut,
    /// The order ended before any money moved.
    Failed,
}

impl PaymentStatus {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::CodPending => "cod_pending",
            Self::Pending => "pending",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
        }
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The product as it was defined when the order was placed.
    pub item: Arc<Item>,
    /// Units.
    pub quantity: u32,
}

/// An order as it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Its id.
    pub id: OrderId,
    /// Its number in the store: 1, 2, 3 and on.
    pub number: u64,
    /// The store that serves it.
    pub store_id: StoreId,
    /// Who ordered.
    pub customer_id: PersonId,
    /// `PendingPayment` or `Placed`.
    pub status: Status,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Its lines, sorted by product.
    pub lines: Vec<OrderLine>,
    /// Sum of the lines.
    pub subtotal: Paise,
    /// Delivery fee.
    pub delivery_fee: Paise,
    /// What was taken off.
    pub discount: Paise,
    /// Tax inside the total.
    pub tax: Paise,
    /// What is to be paid.
    pub total: Paise,
    /// When an unpaid order gives its units back.
    pub hold_expires_at_ms: Option<AtMs>,
    /// Delivery address and notes, sealed with the customer's key: the domain never reads them.
    pub sealed: Box<[u8]>,
}

/// What a customer sends to place an order, parsed.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The id that the order will have.
    pub order_id: OrderId,
    /// The number that the order will have.
    pub number: u64,
    /// Who orders.
    pub customer_id: PersonId,
    /// How it will be paid.
    pub payment_method: PaymentMethod,
    /// Delivery address and notes, sealed.
    pub sealed: Box<[u8]>,
}

/// Decides on an order whose units are off the shelves and whose quote was checked.
pub fn place(placement: Placement, quote: Quote, store: &Store, at_ms: AtMs) -> Event {
    let (status, hold_expires_at_ms) = match placement.payment_method {
        PaymentMethod::Cod => (Status::Placed, None),
        PaymentMethod::Razorpay => {
            (Status::PendingPayment, Some(at_ms + i64::from(store.hold_minutes) * 60_000))
        }
    };
    let line = |line: crate::QuoteLine| OrderLine { item: line.item, quantity: line.quantity };
    let order = NewOrder {
        id: placement.order_id,
        number: placement.number,
        store_id: store.id,
        customer_id: placement.customer_id,
        status,
        payment_method: placement.payment_method,
        lines: quote.lines.into_iter().map(line).collect(),
        subtotal: quote.subtotal,
        delivery_fee: quote.delivery_fee,
        discount: quote.discount,
        tax: quote.tax,
        total: quote.total,
        hold_expires_at_ms,
        sealed: placement.sealed,
    };
    Event::OrderPlaced { order: Arc::new(order) }
}

/// An order as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// As it was placed.
    pub placed: Arc<NewOrder>,
    /// Where it is in its life.
    pub status: Status,
    /// When it was placed.
    pub created_at_ms: AtMs,
    /// When something last happened to it.
    pub updated_at_ms: AtMs,
    /// Where in the log its facts are, first to last.
    pub lsns: Vec<Lsn>,
}

impl Order {
    /// The order that a record began; `None` for any other record.
    pub fn begin(lsn: Lsn, record: &Record) -> Option<Self> {
        let Event::OrderPlaced { order } = &record.event else { return None };
        Some(Self {
            placed: Arc::clone(order),
            status: order.status,
            created_at_ms: record.at_ms,
            updated_at_ms: record.at_ms,
            lsns: vec![lsn],
        })
    }

    /// Applies a fact about this order.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) {
        assert_eq!(record.event.order_id(), Some(self.placed.id), "a fact about another order");
        self.status = match &record.event {
            Event::OrderCancelled { .. } => Status::Cancelled,
            Event::OrderExpired { .. } => Status::Expired,
            _ => self.status,
        };
        self.updated_at_ms = record.at_ms;
        self.lsns.push(lsn);
    }

    /// Counts the facts about the order: 1 when it is placed, and one more with each.
    pub fn version(&self) -> u64 {
        self.lsns.len() as u64
    }

    /// The last fact about it.
    pub fn lsn(&self) -> Lsn {
        *self.lsns.last().expect("an order has at least the fact that placed it")
    }

    /// What is known of the money.
    pub fn payment_status(&self) -> PaymentStatus {
        match (self.status, self.placed.payment_method) {
            (Status::Placed, PaymentMethod::Cod) => PaymentStatus::CodPending,
            (Status::PendingPayment | Status::Placed, _) => PaymentStatus::Pending,
            (Status::Expired, _) => PaymentStatus::TimedOut,
            (Status::Cancelled, _) => PaymentStatus::Failed,
        }
    }

    /// True while the customer may cancel.
    pub fn can_cancel(&self) -> bool {
        !self.status.is_end()
    }

    fn lines_back(&self) -> Vec<StockLine> {
        let back = |line: &OrderLine| StockLine { product_id: line.item.id, units: line.quantity };
        self.placed.lines.iter().map(back).collect()
    }

    /// Decides on a cancellation. Cancelling what is already cancelled is `Ok(None)`: nothing new.
    ///
    /// # Errors
    /// [`Rejection::IllegalMove`] after another end; [`Rejection::ReasonMissing`] for the back
    /// office without a reason.
    pub fn decide_cancel(
        &self,
        by: &Principal,
        reason: Option<Reason>,
    ) -> Result<Option<Event>, Rejection> {
        if self.status == Status::Cancelled {
            return Ok(None);
        }
        let Some(from) = self.status.bucket() else {
            return Err(Rejection::IllegalMove { from: self.status, wanted: "cancel" });
        };
        if by.role != Role::Customer && reason.is_none() {
            return Err(Rejection::ReasonMissing);
        }
        Ok(Some(Event::OrderCancelled {
            order_id: self.placed.id,
            store_id: self.placed.store_id,
            reason,
            lines: self.lines_back(),
            from,
        }))
    }

    /// Decides on the end of the time to pay. An order that is no longer unpaid stays as it is.
    ///
    /// # Errors
    /// [`Rejection::HoldNotOver`] for a timer that fired early.
    pub fn decide_expire(&self, at_ms: AtMs) -> Result<Option<Event>, Rejection> {
        if self.status != Status::PendingPayment {
            return Ok(None);
        }
        if self.placed.hold_expires_at_ms.is_none_or(|deadline| at_ms < deadline) {
            return Err(Rejection::HoldNotOver);
        }
        Ok(Some(Event::OrderExpired {
            order_id: self.placed.id,
            store_id: self.placed.store_id,
            lines: self.lines_back(),
        }))
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        let placed = &*self.placed;
        digest.id(placed.id.0).id(placed.store_id.0).id(placed.customer_id.0);
        digest.unsigned(placed.number).numbers(&[
            self.status as i64,
            placed.status as i64,
            placed.payment_method as i64,
            placed.subtotal.0,
            placed.delivery_fee.0,
            placed.discount.0,
            placed.tax.0,
            placed.total.0,
            placed.hold_expires_at_ms.unwrap_or(-1),
            self.created_at_ms,
            self.updated_at_ms,
        ]);
        digest.bytes(&placed.sealed).count(placed.lines.len());
        for line in &placed.lines {
            line.item.write_to(digest);
            digest.numbers(&[line.quantity.into()]);
        }
        digest.count(self.lsns.len());
        for lsn in &self.lsns {
            digest.unsigned(lsn.0);
        }
    }
}

#[cfg(test)]
mod tests;
