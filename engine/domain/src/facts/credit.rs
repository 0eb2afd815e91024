//! The parts of a credit note.

use crate::digest::Digester;
use crate::{FeeKind, Paise, ProductId};

/// The part of an invoice that a credit note lowers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credited {
    /// The line of a product.
    Product(ProductId),
    /// A fee.
    Fee(FeeKind),
}

/// A part of a credit note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The part of the invoice.
    pub of: Credited,
    /// Units that are gone; zero where the same units are only paid less for.
    pub units: u32,
    /// The amount that is given back, tax included.
    pub amount: Paise,
}

impl Credit {
    /// Writes all of it to a digest.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        match self.of {
            Credited::Product(id) => digest.id(id.0),
            Credited::Fee(kind) => digest.count(kind as usize),
        };
        digest.numbers(&[self.units.into(), self.amount.0]);
    }
}
