//! Orders: their contents at placing, the states of their life, and the steps between them.

use super::{Bucket, PaymentMethod};
use crate::bill::{OrderLine, Sums};
use crate::time::AtMs;
use crate::{CouponCode, OrderId, Paise, PersonId, StoreId, ZoneId};

/// An order as it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Its id.
    pub id: OrderId,
    /// Its number in the store: 1, 2, 3 and on.
    pub number: u64,
    /// The store that serves it.
    pub store_id: StoreId,
    /// The customer.
    pub customer_id: PersonId,
    /// `PendingPayment` or `Placed`.
    pub status: Status,
    /// The way it is paid.
    pub payment_method: PaymentMethod,
    /// Its lines, each product once, in the order in which they were sent. In orders
    /// of the first releases they are sorted by product.
    pub lines: Vec<OrderLine>,
    /// Its fees and sums.
    pub sums: Sums,
    /// End of the hold of an unpaid order; then it gives its units back.
    pub hold_expires_at_ms: Option<AtMs>,
    /// The customer's choice for missing units.
    pub preference: Preference,
    /// True when it was made of the customer's cart, which loses these lines with it.
    pub from_cart: bool,
    /// The coupon that takes the discount off.
    pub coupon: Option<CouponCode>,
    /// The zone that it is delivered to, where the store has zones.
    pub zone_id: Option<ZoneId>,
    /// Minutes from and to which delivery was promised.
    pub promise: (u16, u16),
    /// Delivery address and notes, sealed with the customer's key: the domain never reads them.
    pub sealed: Box<[u8]>,
}

numbered! {
    /// A customer's choice for missing units. The numbers are on disk: add, never change.
    Preference {
        /// Leave it out, give the money back.
        Refund = 1 "refund",
        /// Take something like it.
        Swap = 2 "swap",
        /// Ask first.
        Ask = 3 "ask",
    }
}

numbered! {
    /// A state in the life of an order. The numbers are on disk: add, never change.
    Status {
        /// Holds its units until it is paid or its time is over.
        PendingPayment = 1 "pending_payment",
        /// Confirmed: the units are its own.
        Placed = 2 "placed",
        /// Ended by a person or the system; what was in the store went back on the shelves.
        Cancelled = 3 "cancelled",
        /// Never paid; its units went back.
        Expired = 4 "expired",
        /// The store has taken it on and picks.
        Accepted = 5 "accepted",
        /// Picked and packed; waits for a rider.
        Packed = 6 "packed",
        /// Packed, and a rider is asked or on the way.
        Assigned = 7 "assigned",
        /// With the rider: its units have left the store.
        PickedUp = 8 "picked_up",
        /// On the way to the door.
        OutForDelivery = 9 "out_for_delivery",
        /// At the door, and paid.
        Delivered = 10 "delivered",
        /// Brought back to the store: for another rider, or to be cancelled.
        DeliveryFailed = 11 "delivery_failed",
    }
}

impl Status {
    /// The states in which an order ends.
    pub const ENDS: [Self; 3] = [Self::Cancelled, Self::Expired, Self::Delivered];

    /// Returns the term of the stock ledger that counts the units of an order in this state;
    /// `None` when it has none in the store.
    pub fn bucket(self) -> Option<Bucket> {
        match self {
            Self::PendingPayment => Some(Bucket::Held),
            Self::Placed
            | Self::Accepted
            | Self::Packed
            | Self::Assigned
            | Self::DeliveryFailed => Some(Bucket::Allocated),
            Self::PickedUp
            | Self::OutForDelivery
            | Self::Delivered
            | Self::Cancelled
            | Self::Expired => None,
        }
    }

    /// Returns true when no step of the shop is left to do for the order. Money may still move: a
    /// refund, or a payment that arrives late and brings an expired order back.
    pub fn is_end(self) -> bool {
        let is_end = Self::ENDS.contains(&self);
        debug_assert!(
            !is_end || self.bucket().is_none(),
            "an ended order has no units in the store"
        );
        is_end
    }
}

/// A step on the way through the store and to the door.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are what the variant's line speaks of")]
pub enum Step {
    /// The store has taken it on.
    Accepted,
    /// It is packed.
    Packed,
    /// A rider is asked.
    Assigned { rider_id: PersonId },
    /// The rider agreed.
    AssignmentAccepted,
    /// The rider declined.
    AssignmentDeclined,
    /// The rider has it: its units left the store.
    PickedUp,
    /// It is on the way.
    OutForDelivery,
    /// It was handed over; `cash` was collected by `rider_id`.
    Delivered { rider_id: Option<PersonId>, cash: Paise },
    /// It came back to the store.
    DeliveryFailed,
}

macro_rules! step_names {
    ($($step:ident $name:literal,)*) => {
        impl Step {
            /// The name of every step.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Returns the name in messages and histories.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$step { .. } => $name,)* }
            }
        }
    };
}

step_names! {
    Accepted "accepted",
    Packed "packed",
    Assigned "assigned",
    AssignmentAccepted "assignment_accepted",
    AssignmentDeclined "assignment_declined",
    PickedUp "picked_up",
    OutForDelivery "out_for_delivery",
    Delivered "delivered",
    DeliveryFailed "delivery_failed",
}
