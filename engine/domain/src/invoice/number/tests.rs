use super::*;
use crate::samples::text;
use proptest::prelude::*;
use std::collections::BTreeSet;

use InvoiceSeries::{CreditNote, Invoice};

fn number(code: &str, first_year: i32, number: u64, series: InvoiceSeries) -> Option<String> {
    let year = FinancialYear::starting_in(first_year);
    InvoiceNumber::new(text(code), year, number, series).map(|number| number.to_string())
}

#[test]
fn a_number_is_written_in_sixteen_characters_however_long_the_code() {
    for (code, n, series, shown) in [
        ("TUR", 123, Invoice, "TUR/2526/0000123"),
        ("TUR", 123, CreditNote, "TUR/2526-0000123"),
        ("TUR", 9_999_999, Invoice, "TUR/2526/9999999"),
        ("TU", 1, Invoice, "TU/2526/0000001"),
        ("TU", 99_999_999, Invoice, "TU/2526/99999999"),
        ("TURA", 123, Invoice, "TURA25/0000123"),
        ("TURA", 999_999_999, Invoice, "TURA25/999999999"),
        ("DAYLIZ", 123, CreditNote, "DAYLIZ25-0000123"),
        ("DAYLIZT", 123, Invoice, "DAYLIZT25/000123"),
        ("DAYLIZTU", 123, Invoice, "DAYLIZTU25000123"),
        ("DAYLIZTU", 999_999, Invoice, "DAYLIZTU25999999"),
        ("DAYLIZTU", 99_999, CreditNote, "DAYLIZTU25-99999"),
    ] {
        assert_eq!(number(code, 2025, n, series).as_deref(), Some(shown));
    }
}

#[test]
fn a_number_past_the_room_of_its_code_is_refused() {
    let codes = ["T", "TU", "TUR", "TURA", "TURA1", "DAYLIZ", "DAYLIZT", "DAYLIZTU"];
    for (code, series) in codes.into_iter().flat_map(|code| [(code, Invoice), (code, CreditNote)]) {
        let highest = InvoiceNumber::highest(code, series);
        assert!(highest >= if code.len() <= 3 { 9_999_999 } else { 99_999 }, "{code}");
        let longest = number(code, 2025, highest, series).unwrap();
        assert_eq!(longest.len(), INVOICE_NUMBER_CHARS_MAX, "{longest}");
        assert_eq!(number(code, 2025, highest + 1, series), None);
        assert_eq!(number(code, 2025, 0, series), None);
    }
    for code in ["tur", "TU R", "TU-R", "TÜR"] {
        assert_eq!(number(code, 2025, 1, Invoice), None, "{code}");
    }
}

#[test]
fn codes_that_look_like_a_year_make_no_two_numbers_alike() {
    let codes = ["A25", "A2525", "AB25", "AB2525", "AB252525", "AB25252", "ABC", "A", "A2", "A252"];
    let mut seen = BTreeSet::new();
    for code in codes {
        for (series, year) in [(Invoice, 2025), (CreditNote, 2025), (Invoice, 2026)] {
            for n in [1, 25, 2_526, 25_000, 25_001, 25_123, 99_999, 252_500, 999_999] {
                if let Some(shown) = number(code, year, n, series) {
                    assert!(seen.insert(shown.clone()), "{shown} was there before");
                }
            }
        }
    }
    assert!(seen.len() > 200);
}

proptest! {
    #[test]
    fn what_rule_46_allows_is_all_that_is_written(
        code in "[A-Z0-9]{1,8}",
        first_year in 1990..2100_i32,
        part in 0..1_000_u64,
        is_credit: bool,
    ) {
        let series = if is_credit { CreditNote } else { Invoice };
        let n = 1 + (InvoiceNumber::highest(&code, series) - 1) * part / 999;
        let shown = number(&code, first_year, n, series).unwrap();
        prop_assert!(shown.len() <= 16, "{}", shown);
        let is_fine = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-/".contains(&b);
        prop_assert!(shown.bytes().all(is_fine), "{}", shown);
        prop_assert!(shown.starts_with(&code) && shown.ends_with(&n.to_string()));
    }
}
