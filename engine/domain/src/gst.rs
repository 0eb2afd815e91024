//! GST rates by HSN code, each with the day from which it holds.
//!
//! The rates are data that the shop brings in: the law changes them by notification, so no rate
//! stands in code. A rate holds for all codes that begin with its own digits, until another one
//! for the same digits follows it; the longest digits that have a rate win.

use crate::digest::Digester;
use crate::limits::{GST_RATE_BPS_MAX, GST_RATES_MAX};
use crate::{Bps, CalendarDay, Item, Store, Text};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Digits of a chapter, a heading, a subheading and a tariff item, the longest first.
const DIGITS: [usize; 4] = [8, 6, 4, 2];

/// One rate: it holds for an HSN code, and all codes that begin with it, from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GstRate {
    /// The code: 2, 4, 6 or 8 digits.
    pub hsn: Text<8>,
    /// The first day that it holds.
    pub from: CalendarDay,
    /// The whole rate, CGST and SGST together.
    pub rate: Bps,
}

/// A reason to refuse rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GstIssue {
    /// The code of the rate at this place is not 2, 4, 6 or 8 digits.
    HsnInvalid {
        /// Its place among the rates, from zero.
        at: usize,
    },
    /// The rate at this place is above [`GST_RATE_BPS_MAX`].
    RateTooHigh {
        /// Its place among the rates, from zero.
        at: usize,
    },
    /// The table would have more than [`GST_RATES_MAX`] rates.
    TooMany,
}

impl fmt::Display for GstIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HsnInvalid { .. } => write!(f, "an HSN code must have 2, 4, 6 or 8 digits"),
            Self::RateTooHigh { .. } => {
                write!(f, "a rate must be at most {GST_RATE_BPS_MAX} basis points")
            }
            Self::TooMany => write!(f, "the table may have at most {GST_RATES_MAX} rates"),
        }
    }
}

/// The digits of a code in ASCII, zeros of the machine behind them: a key without an allocation.
type Key = [u8; 8];

/// Returns the key of the first `digits` bytes; bytes past the eighth do not count.
fn key_of(code: &[u8], digits: usize) -> Key {
    let mut key = Key::default();
    key.iter_mut().zip(code).take(digits).for_each(|(to, from)| *to = *from);
    key
}

fn is_digits(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_digit())
}

impl GstRate {
    fn has_valid_hsn(&self) -> bool {
        DIGITS.contains(&self.hsn.len()) && is_digits(&self.hsn)
    }
}

/// All rates that were ever set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GstTable {
    rates: BTreeMap<(Key, CalendarDay), Bps>,
}

impl GstTable {
    /// Checks rates that are to be set.
    ///
    /// # Errors
    /// [`GstIssue`] names the first rule that they break.
    pub fn validate(&self, rates: &[GstRate]) -> Result<(), GstIssue> {
        if let Some(at) = rates.iter().position(|rate| !rate.has_valid_hsn()) {
            return Err(GstIssue::HsnInvalid { at });
        }
        if let Some(at) = rates.iter().position(|rate| rate.rate.0 > GST_RATE_BPS_MAX) {
            return Err(GstIssue::RateTooHigh { at });
        }
        // A list that is too long by itself is not worth a copy of the table.
        if rates.len() > GST_RATES_MAX {
            return Err(GstIssue::TooMany);
        }
        let mut merged = self.clone();
        merged.merge(rates);
        if merged.len() > GST_RATES_MAX { Err(GstIssue::TooMany) } else { Ok(()) }
    }

    /// Sets rates. One for the same code and day replaces the earlier one; the others stay, so a
    /// rate ends only by another one that follows it.
    pub fn set(&mut self, rates: &[GstRate]) {
        self.merge(rates);
        assert!(self.len() <= GST_RATES_MAX, "pairs with `validate`: the table has a bound");
    }

    fn merge(&mut self, rates: &[GstRate]) {
        for rate in rates {
            assert!(rate.has_valid_hsn(), "pairs with `validate`: a code is 2, 4, 6 or 8 digits");
            self.rates.insert((key_of(rate.hsn.as_bytes(), 8), rate.from), rate.rate);
        }
    }

    /// Returns the rate of a code on a day: of the longest 8, 6, 4 or 2 digits that have one in
    /// force. `None` when the table has no rate, and the product's own counts.
    pub fn rate(&self, hsn: Option<&str>, day: CalendarDay) -> Option<Bps> {
        let hsn = hsn.filter(|hsn| is_digits(hsn))?;
        DIGITS.iter().filter(|digits| **digits <= hsn.len()).find_map(|digits| {
            let key = key_of(hsn.as_bytes(), *digits);
            let in_force = (key, CalendarDay(i32::MIN))..=(key, day);
            self.rates.range(in_force).next_back().map(|(_, rate)| *rate)
        })
    }

    /// Returns the rate of a product that is defined on a day: the given one, or else that of its
    /// code. `None` when neither is known: a product is never exempt because nobody said its rate.
    pub fn rate_of_new(
        &self,
        given: Option<Bps>,
        hsn: Option<&str>,
        day: CalendarDay,
    ) -> Option<Bps> {
        given.or_else(|| self.rate(hsn, day))
    }

    /// Returns an item as a store sells it on a day: with the rate of the table, else its own, and
    /// with none where the store is not registered. It is shared where that changes nothing.
    pub fn taxed(&self, store: &Store, item: &Arc<Item>, day: CalendarDay) -> Arc<Item> {
        let gst = store.charged(self.rate(item.hsn.as_deref(), day).unwrap_or(item.gst));
        if gst == item.gst {
            return Arc::clone(item);
        }
        Arc::new(Item { gst, ..(**item).clone() })
    }

    /// Returns all rates, by code and then by day.
    pub fn rates(&self) -> impl Iterator<Item = GstRate> {
        self.rates.iter().map(|((key, from), rate)| {
            let digits: String = key.iter().filter(|b| **b != 0).copied().map(char::from).collect();
            let hsn = Text::parse(&digits).expect("a code is two to eight digits");
            GstRate { hsn, from: *from, rate: *rate }
        })
    }

    /// Returns the number of rates.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// Returns true when there are none.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.rates.len());
        for ((key, from), rate) in &self.rates {
            digest.bytes(key).numbers(&[from.0.into(), rate.0.into()]);
        }
    }
}

#[cfg(test)]
mod tests;
