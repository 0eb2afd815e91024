//! The one table of moves: the states that each is legal from, and the person who makes it.

pub use crate::facts::Status;

use crate::facts::{Preference, Step};
use crate::{Order, Principal, Rejection, Role};

/// A move: a change of an order that a person makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table below explains each")]
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
    TurnToCash,
}

/// The person whose own order a move is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The customer who placed it.
    Customer,
    /// A packer of its store.
    Store,
    /// The rider it is assigned to.
    Rider,
    /// None: only the back office makes the move.
    Nobody,
}

/// A row of the table: the states that a move is legal from, and the person who makes it besides
/// the back office, which may make every legal move with a written reason.
#[derive(Debug)]
pub struct Rule {
    /// The move.
    pub what: Move,
    /// Its name in the API and the log.
    pub name: &'static str,
    /// The person who makes it.
    pub own: Own,
    /// States that it is legal from.
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
    rule(Move::TurnToCash, "payment-method", Own::Customer, &[S::PendingPayment], &[]),
];

// `Move::rule` finds a row by the number of its move.
const _: () = {
    let mut at = 0;
    while at < MOVES.len() {
        assert!(MOVES[at].what as usize == at, "rows stand in the order of `Move`");
        assert!(!MOVES[at].name.is_empty(), "a move has a name in the API");
        assert!(MOVES[at].from.len() + MOVES[at].from_back_office.len() > 0, "a move can be made");
        at += 1;
    }
    assert!(at == Move::TurnToCash as usize + 1, "every move has a row");
};

impl Move {
    /// Returns its row in the table.
    pub fn rule(self) -> &'static Rule {
        let rule = &MOVES[self as usize];
        debug_assert_eq!(rule.what, self, "rows stand in the order of `Move`");
        rule
    }

    /// Returns its name in the API and the log.
    pub fn name(self) -> &'static str {
        self.rule().name
    }

    /// Returns the move of that name.
    pub fn parse(name: &str) -> Option<Self> {
        MOVES.iter().find(|rule| rule.name == name).map(|rule| rule.what)
    }

    /// Returns the move that a step was decided by.
    pub(crate) fn of_step(step: &Step) -> Self {
        match step {
            Step::Accepted => Self::Accept,
            Step::Packed => Self::Pack,
            Step::Assigned { .. } => Self::Assign,
            Step::AssignmentAccepted => Self::AcceptAssignment,
            Step::AssignmentDeclined => Self::DeclineAssignment,
            Step::PickedUp => Self::PickUp,
            Step::OutForDelivery => Self::SetOut,
            Step::Delivered { .. } => Self::Deliver,
            Step::DeliveryFailed => Self::Fail,
        }
    }

    /// Returns true if the back office may make the move from that state: the most that the table
    /// allows, whoever made it.
    pub(crate) fn may_be_from(self, status: Status) -> bool {
        self.is_legal(status, true)
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

    /// Returns true when the order has everything that a move needs beside the state.
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
        debug_assert!(!from.is_end() || !rule.from.contains(&from), "an ended order is at rest");
        rule.from.contains(&from) || (is_back_office && rule.from_back_office.contains(&from))
    }

    /// Returns the names of the moves that a person may make now.
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
