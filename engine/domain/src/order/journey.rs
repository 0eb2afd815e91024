//! The journey of an order: its rider, its changed lines, its cash and its documents.

use crate::OrderLine;
use crate::facts::Proposal;
use crate::time::AtMs;
use crate::{Paise, PersonId};
use std::sync::Arc;

/// The rider of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rider {
    /// The person.
    pub person_id: PersonId,
    /// True once the rider accepted the assignment.
    pub accepted: bool,
}

/// A document of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// True for a credit note.
    pub is_credit_note: bool,
    /// First calendar year of its financial year.
    pub year: u16,
    /// Its number in the store, the year and the kind.
    pub number: u64,
    /// Time of issue.
    pub at_ms: AtMs,
}

/// The way of an order since it was placed. Most unpaid orders have none of it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    /// The rider that it is assigned to.
    pub rider: Option<Rider>,
    /// The rider until the last fact, if that took the order away.
    pub rider_before: Option<PersonId>,
    /// Its lines, once they are no longer those it was placed with.
    pub lines: Option<Arc<[OrderLine]>>,
    /// Substitutes that the customer is asked about.
    pub proposals: Vec<Proposal>,
    /// Cash that was collected at the door.
    pub cash: Option<Paise>,
    /// Its invoice and credit notes.
    pub documents: Vec<Issued>,
}
