//! Where an order is in its life, and the one table of moves: what may be done from where, by whom.

use crate::order::Preference;
use crate::stock::Bucket;
use crate::{Order, Principal, Rejection, Role};

/// Where an order is in its life. The numbers are on disk: add, never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Holds its units until it is paid or its time is over.
    PendingPayment = 1,
    /// Confirmed: the units are its own.
    Placed = 2,
    /// Ended by a person or the system; what was in the store went back on the shelves.
    Cancelled = 3,
    /// Never paid; its units went back.
    Expired = 4,
    /// The store has taken it on and picks.
    Accepted = 5,
    /// Picked and packed; waits for a rider.
    Packed = 6,
    /// Packed, and a rider is asked or on the way.
    Assigned = 7,
    /// With the rider: its units have left the store.
    PickedUp = 8,
    /// On the way to the door.
    OutForDelivery = 9,
    /// At the door, and paid.
    Delivered = 10,
    /// Brought back to the store: for another rider, or to be cancelled.
    DeliveryFailed = 11,
}

impl Status {
    /// The states in which an order ends.
    pub const ENDS: [Self; 3] = [Self::Cancelled, Self::Expired, Self::Delivered];

    /// Every state with its name in answers.
    pub const NAMES: [(Self, &'static str); 11] = [
        (Self::PendingPayment, "pending_payment"),
        (Self::Placed, "placed"),
        (Self::Cancelled, "cancelled"),
        (Self::Expired, "expired"),
        (Self::Accepted, "accepted"),
        (Self::Packed, "packed"),
        (Self::Assigned, "assigned"),
        (Self::PickedUp, "picked_up"),
        (Self::OutForDelivery, "out_for_delivery"),
        (Self::Delivered, "delivered"),
        (Self::DeliveryFailed, "delivery_failed"),
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

    /// Where in the store the units of an order in this state are; `None` when it has none there.
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

    /// True when nobody in the shop has anything left to do with the order. Money may still move:
    /// a refund, or a payment that arrives late and brings an expired order back.
    pub fn is_end(self) -> bool {
        Self::ENDS.contains(&self)
    }
}

/// Something that a person does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table below says what each is")]
pub enum Move {
    Cancel,
    Pay,
    Accept,
    Reject,
    ShortPick,
    Substitute,
    AnswerSubstitution,
    Pack,
    Assign,
    AcceptAssignment,
    DeclineAssignment,
    PickUp,
    SetOut,
    Deliver,
    Fail,
}

/// Whose order it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The customer who placed it.
    Customer,
    /// A packer of its store.
    Store,
    /// The rider it is assigned to.
    Rider,
    /// Only the back office.
    Nobody,
}

/// One row: from which states a move is legal, and who makes it besides the back office, which may
/// make every legal move with a written reason.
#[derive(Debug)]
pub struct Rule {
    /// The move.
    pub what: Move,
    /// Its name in addresses, answers and the log.
    pub name: &'static str,
    /// Who makes it.
    pub own: Own,
    /// From which states.
    pub from: &'static [Status],
    /// States from which only the back office may make it.
    pub from_back_office: &'static [Status],
}

use Status as S;

const fn rule(
    what: Move,
    name: &'static str,
    own: Own,
    from: &'static [Status],
    from_back_office: &'static [Status],
) -> Rule {
    Rule { what, name, own, from, from_back_office }
}

/// The table, in the order of [`Move`].
pub static MOVES: &[Rule] = &[
    rule(
        Move::Cancel,
        "cancel",
        Own::Customer,
        &[S::PendingPayment, S::Placed, S::Accepted],
        &[S::Packed, S::Assigned, S::DeliveryFailed],
    ),
    rule(Move::Pay, "pay", Own::Customer, &[S::PendingPayment], &[]),
    rule(Move::Accept, "accept", Own::Store, &[S::Placed], &[]),
    rule(Move::Reject, "reject", Own::Store, &[S::Placed, S::Accepted], &[]),
    rule(Move::ShortPick, "short-pick", Own::Store, &[S::Accepted], &[]),
    rule(Move::Substitute, "substitute", Own::Store, &[S::Accepted], &[]),
    rule(Move::AnswerSubstitution, "answer-substitution", Own::Customer, &[S::Accepted], &[]),
    rule(Move::Pack, "pack", Own::Store, &[S::Accepted], &[]),
    rule(
        Move::Assign,
        "assign",
        Own::Nobody,
        &[],
        &[S::Accepted, S::Packed, S::Assigned, S::DeliveryFailed],
    ),
    rule(Move::AcceptAssignment, "accept-assignment", Own::Rider, &[S::Accepted, S::Assigned], &[]),
    rule(
        Move::DeclineAssignment,
        "decline-assignment",
        Own::Rider,
        &[S::Accepted, S::Assigned],
        &[],
    ),
    rule(Move::PickUp, "picked-up", Own::Rider, &[S::Assigned], &[]),
    rule(Move::SetOut, "out-for-delivery", Own::Rider, &[S::PickedUp], &[]),
    rule(Move::Deliver, "delivered", Own::Rider, &[S::OutForDelivery], &[]),
    rule(Move::Fail, "failed", Own::Rider, &[S::PickedUp, S::OutForDelivery], &[]),
];

impl Move {
    /// Its row in the table.
    pub fn rule(self) -> &'static Rule {
        &MOVES[self as usize]
    }

    /// Its name in addresses, answers and the log.
    pub fn name(self) -> &'static str {
        self.rule().name
    }

    /// The move of that name.
    pub fn parse(name: &str) -> Option<Self> {
        MOVES.iter().find(|rule| rule.name == name).map(|rule| rule.what)
    }

    /// Checks role, ownership and state, in this order: a stranger learns nothing of the state.
    ///
    /// # Errors
    /// [`Rejection::NotYours`], [`Rejection::IllegalMove`], or [`Rejection::ReasonMissing`] for
    /// the back office without a written reason.
    pub fn check(self, order: &Order, by: &Principal, has_reason: bool) -> Result<(), Rejection> {
        self.check_whose(order, by)?;
        let (rule, is_back_office) = (self.rule(), by.role.is_back_office());
        if !self.is_legal(order.status, is_back_office) {
            return Err(Rejection::IllegalMove { from: order.status, wanted: rule.name });
        }
        if is_back_office && !has_reason {
            return Err(Rejection::ReasonMissing);
        }
        Ok(())
    }

    /// Checks role and ownership alone.
    ///
    /// # Errors
    /// [`Rejection::NotYours`].
    pub fn check_whose(self, order: &Order, by: &Principal) -> Result<(), Rejection> {
        let may = by.role.is_back_office() || self.rule().own.is(order, by);
        if may { Ok(()) } else { Err(Rejection::NotYours) }
    }

    /// What a move needs beside the state.
    fn has_what_it_needs(self, order: &Order) -> bool {
        match self {
            Self::Pay => order.payment.as_ref().is_none_or(|payment| payment.may_try_again()),
            Self::Substitute => order.placed.preference != Preference::Refund,
            Self::AnswerSubstitution => !order.proposals().is_empty(),
            Self::Pack => order.proposals().is_empty(),
            Self::AcceptAssignment | Self::DeclineAssignment => order.rider().is_some(),
            _ => true,
        }
    }

    fn is_legal(self, from: Status, is_back_office: bool) -> bool {
        let rule = self.rule();
        rule.from.contains(&from) || (is_back_office && rule.from_back_office.contains(&from))
    }

    /// What somebody may do to an order now, by its names.
    pub fn possible(order: &Order, by: &Principal) -> Vec<&'static str> {
        let is_back_office = by.role.is_back_office();
        MOVES
            .iter()
            .filter(|rule| is_back_office || rule.own.is(order, by))
            .filter(|rule| rule.what.is_legal(order.status, is_back_office))
            .filter(|rule| rule.what.has_what_it_needs(order))
            .map(|rule| rule.name)
            .collect()
    }
}

impl Own {
    fn is(self, order: &Order, by: &Principal) -> bool {
        match self {
            Self::Customer => by.role == Role::Customer && by.person_id == order.placed.customer_id,
            Self::Store => by.role == Role::Packer && by.store_id == Some(order.placed.store_id),
            Self::Rider => {
                by.role == Role::Rider
                    && order.rider().is_some_and(|rider| rider.person_id == by.person_id)
            }
            Self::Nobody => false,
        }
    }
}
