//! The journey of an order: its rider, its changed lines, its cash and its documents.

use crate::OrderLine;
use crate::facts::Proposal;
use crate::time::AtMs;
use crate::{Paise, PersonId};
use std::sync::Arc;

/// Who brings an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rider {
    /// Who.
    pub person_id: PersonId,
    /// True once they said that they will.
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
    /// When it was issued.
    pub at_ms: AtMs,
}

/// What an order has gone through since it was placed. Most orders at rest have none of it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    /// Who brings it.
    pub rider: Option<Rider>,
    /// Who was to bring it until the last fact.
    pub rider_before: Option<PersonId>,
    /// Its lines, where they are no longer those it was placed with.
    pub lines: Option<Arc<[OrderLine]>>,
    /// Substitutes that the customer is asked about.
    pub proposals: Vec<Proposal>,
    /// Cash that was collected at the door.
    pub cash: Option<Paise>,
    /// Its invoice and credit notes.
    pub documents: Vec<Issued>,
}
