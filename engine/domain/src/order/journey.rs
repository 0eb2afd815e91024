//! The journey of an order: its rider, its changed lines, its cash and its documents.

use crate::OrderLine;
use crate::facts::{Credit, Proposal};
use crate::invoice::{InvoiceNumber, InvoiceSeries};
use crate::time::AtMs;
use crate::{FinancialYear, Paise, PersonId, Text};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// True for a credit note.
    pub is_credit_note: bool,
    /// First calendar year of its financial year.
    pub year: u16,
    /// Its number in the store, the year and the kind.
    pub number: u64,
    /// Time of issue.
    pub at_ms: AtMs,
    /// The parts of a credit note; none for an invoice, and for a note of all that is left.
    pub credits: Arc<[Credit]>,
}

impl Issued {
    /// Returns its number in the series of a store; `None` for a code that no store has.
    pub fn number_of(&self, store_code: &str) -> Option<InvoiceNumber> {
        let year = FinancialYear::starting_in(self.year.into());
        let series =
            if self.is_credit_note { InvoiceSeries::CreditNote } else { InvoiceSeries::Invoice };
        InvoiceNumber::new(Text::parse(store_code).ok()?, year, self.number, series)
    }

    /// Returns true for a credit note of all that is left of the invoice.
    pub fn is_whole_credit(&self) -> bool {
        self.is_credit_note && self.credits.is_empty()
    }
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
