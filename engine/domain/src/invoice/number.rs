//! The number of an invoice: at most 16 of letters, digits, `-` and `/`, consecutive, and unique in
//! its financial year (rule 46(b) of the CGST Rules, 2017; rule 53(1A)(c) for credit notes).
//!
//! The code of the store is its series, so it stands in the number whole: two codes cut to the same
//! letters would share a series. A long code leaves less room, and takes it from the year first:
//!
//! | letters of the code | invoice | credit note | highest number |
//! |---|---|---|---|
//! | 1 to 3 | `TUR/2526/0000123` | `TUR/2526-0000123` | 9,999,999 at three, 99,999,999 at two |
//! | 4 to 7 | `TURA25/0000123` | `TURA25-0000123` | 999,999,999 at four, to 999,999 at seven |
//! | 8 | `DAYLIZTU25000123` | `DAYLIZTU25-00123` | 999,999; 99,999 of credit notes |
//!
//! With three letters or fewer the year is that of [`FinancialYear`]'s `Display`, else the last two
//! digits of the year in which it starts. Codes have no `/` and no `-`, so the first of these ends
//! the code and its year, and no two numbers of different codes, years or kinds look alike.

use crate::limits::INVOICE_NUMBER_CHARS_MAX;
use crate::{FinancialYear, Text};
use std::fmt;

/// Letters of a code that leave room for both years.
const SHORT_CODE_LETTERS: usize = 3;
/// Letters of the longest code.
const LONGEST_CODE_LETTERS: usize = 8;
/// Digits of a number, with zeros in front, where there is room for them.
const DIGITS: usize = 7;

/// Which of a store's two series a number belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvoiceSeries {
    /// Invoices and bills of supply.
    Invoice,
    /// Credit notes.
    CreditNote,
}

/// The number of an invoice or of a credit note.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceNumber {
    store_code: Text<8>,
    year: FinancialYear,
    number: u64,
    series: InvoiceSeries,
}

impl InvoiceNumber {
    /// A number of a store's series. `None` for zero, for one above [`InvoiceNumber::highest`], and
    /// for a code that is not 1 to 8 of `A-Z0-9`.
    ///
    /// ```
    /// use kirana_domain::{FinancialYear, InvoiceNumber, Text, invoice::InvoiceSeries};
    /// let (code, year) = (Text::parse("TUR").unwrap(), FinancialYear::starting_in(2025));
    /// let number = InvoiceNumber::new(code, year, 123, InvoiceSeries::Invoice).unwrap();
    /// assert_eq!(number.to_string(), "TUR/2526/0000123");
    /// ```
    pub fn new(
        store_code: Text<8>,
        year: FinancialYear,
        number: u64,
        series: InvoiceSeries,
    ) -> Option<Self> {
        let is_fine = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        let is_code = store_code.len() <= LONGEST_CODE_LETTERS && store_code.bytes().all(is_fine);
        let in_range = is_code && (1..=Self::highest(&store_code, series)).contains(&number);
        in_range.then_some(Self { store_code, year, number, series })
    }

    /// The highest number that a store's series may have in one financial year.
    pub fn highest(store_code: &str, series: InvoiceSeries) -> u64 {
        10_u64.pow(u32::try_from(room(store_code.len(), series)).expect("at most 16")) - 1
    }

    /// The number without the series and the year.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The series.
    pub fn series(&self) -> InvoiceSeries {
        self.series
    }

    /// The financial year.
    pub fn year(&self) -> FinancialYear {
        self.year
    }
}

/// Characters that are left for digits behind a code of so many letters.
fn room(code_letters: usize, series: InvoiceSeries) -> usize {
    let around = match code_letters {
        ..=SHORT_CODE_LETTERS => "/2526/".len(),
        LONGEST_CODE_LETTERS.. if series == InvoiceSeries::Invoice => "25".len(),
        _ => "25/".len(),
    };
    INVOICE_NUMBER_CHARS_MAX.saturating_sub(code_letters + around)
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = self.store_code.len();
        f.write_str(&self.store_code)?;
        if letters <= SHORT_CODE_LETTERS {
            write!(f, "/{}", self.year)?;
        } else {
            write!(f, "{:02}", self.year.first_year().rem_euclid(100))?;
        }
        f.write_str(match self.series {
            InvoiceSeries::CreditNote => "-",
            InvoiceSeries::Invoice if letters < LONGEST_CODE_LETTERS => "/",
            InvoiceSeries::Invoice => "",
        })?;
        let digits = room(letters, self.series).min(DIGITS);
        write!(f, "{:0digits$}", self.number)
    }
}

#[cfg(test)]
mod tests;
