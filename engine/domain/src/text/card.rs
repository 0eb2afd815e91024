//! Card numbers in free text: found and masked, so that none is ever kept (PCI DSS 4.0.1, 3.4 and
//! 3.5: a number that is kept is unreadable but for its last four digits).
//!
//! A card number has 13 to 19 digits, begins as those of its brand do (ISO/IEC 7812-1) and ends
//! with a check digit (Luhn, annex B there). People write it in groups, with spaces or dashes, and
//! what follows it may be digits, too: an expiry date, a code. So each row of whole groups counts.

use std::ops::RangeInclusive;

/// Digits of the shortest and the longest card number.
const DIGITS: RangeInclusive<usize> = 13..=19;
/// Digits that stay, as on a receipt.
const DIGITS_SHOWN: usize = 4;
/// Spaces and dashes between two groups of one number.
const SEPARATORS_MAX: usize = 3;

/// The first six digits of each brand's numbers, from and to, and how many digits those have.
const BRANDS: [(u32, u32, RangeInclusive<usize>); 13] = [
    (222_100, 272_099, 16..=16), // Mastercard
    (300_000, 305_999, 14..=19), // Diners Club
    (309_500, 309_599, 14..=19), // Diners Club
    (340_000, 349_999, 15..=15), // American Express
    (352_800, 358_999, 16..=19), // JCB, RuPay
    (360_000, 369_999, 14..=19), // Diners Club
    (370_000, 379_999, 15..=15), // American Express
    (380_000, 399_999, 14..=19), // Diners Club
    (400_000, 499_999, 13..=19), // Visa; of 13, 16 or 19
    (500_000, 509_999, 16..=19), // Maestro, RuPay
    (510_000, 559_999, 16..=16), // Mastercard
    (560_000, 699_999, 16..=19), // Maestro, UnionPay, Discover, RuPay
    (810_000, 829_999, 16..=19), // RuPay, UnionPay
];
/// Digits of a number of Visa's range.
const VISA_DIGITS: [usize; 3] = [13, 16, 19];

/// Returns the text with every card number masked but for its last digits; `None` for a text
/// without one. It never grows.
pub(super) fn masked(text: &str) -> Option<String> {
    if text.chars().filter(|c| digit(*c).is_some()).count() < *DIGITS.start() {
        return None;
    }
    let mut chars: Vec<char> = text.chars().collect();
    let mut was_found = false;
    let groups = groups_of(&chars);
    let mut first = 0;
    while first < groups.len() {
        let Some(count) = card_at(&chars, &groups[first..]) else {
            first += 1;
            continue;
        };
        let places = groups[first..first + count].iter().flat_map(|group| group.start..group.end);
        let places: Vec<_> = places.collect();
        for place in &places[..places.len() - DIGITS_SHOWN] {
            chars[*place] = '*';
        }
        was_found = true;
        first += count;
    }
    was_found.then(|| chars.into_iter().collect())
}

/// A row of digits.
struct Group {
    start: usize,
    end: usize,
    /// True when it may go on with the group before it.
    follows: bool,
}

fn groups_of(chars: &[char]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        while at < chars.len() && digit(chars[at]).is_some() {
            at += 1;
        }
        if at == start {
            at += 1;
            continue;
        }
        let between = groups.last().map(|last| &chars[last.end..start]);
        let follows = between.is_some_and(|between| {
            between.len() <= SEPARATORS_MAX && between.iter().copied().all(is_separator)
        });
        groups.push(Group { start, end: at, follows });
    }
    groups
}

/// Returns how many of the first groups are a card number: the longest that there is.
fn card_at(chars: &[char], groups: &[Group]) -> Option<usize> {
    let (mut digits, mut found) = (Vec::new(), None);
    for (index, group) in groups.iter().enumerate() {
        let is_longer = digits.len() + (group.end - group.start) > *DIGITS.end();
        if is_longer || index > 0 && !group.follows {
            break;
        }
        digits.extend(chars[group.start..group.end].iter().filter_map(|c| digit(*c)));
        if is_card(&digits) {
            found = Some(index + 1);
        }
    }
    found
}

fn is_card(digits: &[u32]) -> bool {
    let count = digits.len();
    if !DIGITS.contains(&count) {
        return false;
    }
    let first = digits[..6].iter().fold(0, |number, digit| number * 10 + digit);
    let is_visa = digits[0] == 4;
    let brand = BRANDS.iter().find(|(from, to, _)| (*from..=*to).contains(&first));
    brand.is_some_and(|(_, _, counts)| counts.contains(&count))
        && (!is_visa || VISA_DIGITS.contains(&count))
        && has_check_digit(digits)
}

/// Returns true when the last digit is the one that follows from the others: from the right, every
/// second one counts double, and the digits of all that add up to a multiple of ten.
fn has_check_digit(digits: &[u32]) -> bool {
    let from_right = digits.iter().rev().enumerate();
    let sum: u32 = from_right
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The zeros of the digits that are typed here: ASCII, Arabic, the scripts of India, full width.
const ZEROS: [u32; 14] = [
    0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xABF0,
    0xFF10,
];

fn digit(c: char) -> Option<u32> {
    ZEROS.iter().map(|zero| (c as u32).wrapping_sub(*zero)).find(|digit| *digit < 10)
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Text, clean};
    use proptest::prelude::*;

    /// Numbers that the brands and the payment providers publish for tests.
    const CARDS: [&str; 18] = [
        "4111111111111111",
        "4012888888881881",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "378282246310005",
        "371449635398431",
        "30569309025904",
        "38520000023237",
        "36227206271667",
        "6011111111111117",
        "6011000990139424",
        "3530111333300000",
        "3566002020360505",
        "6200000000000005",
        "6759649826438453",
        "5019717010103742",
    ];

    #[test]
    fn a_card_number_in_a_free_text_keeps_its_last_four_digits_only() {
        for card in CARDS {
            let (hidden, shown) = card.split_at(card.len() - 4);
            let stars = "*".repeat(hidden.len());
            let kept = clean(&format!("card {card}, ring twice"), 200).unwrap().into_owned();
            assert_eq!(kept, format!("card {stars}{shown}, ring twice"), "{card}");
            assert_eq!(&*Text::<80>::parse(card).unwrap(), format!("{stars}{shown}"));
        }
    }

    #[test]
    fn a_card_number_is_found_however_it_is_written() {
        for (text, kept) in [
            ("4111 1111 1111 1111", "**** **** **** 1111"),
            ("4111-1111-1111-1111", "****-****-****-1111"),
            ("4111 - 1111 - 1111 - 1111", "**** - **** - **** - 1111"),
            ("3782 822463 10005", "**** ****** *0005"),
            ("411111 1111111111", "****** ******1111"),
            ("4111\u{a0}1111\u{2013}1111\u{2212}1111", "****\u{a0}****\u{2013}****\u{2212}1111"),
            ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "* * * * * * * * * * * * 1 1 1 1"),
            ("4111 1111 1111 1111 12/27 123", "**** **** **** 1111 12/27 123"),
            ("4111 1111 1111 1111 123", "**** **** **** 1111 123"),
            ("12 4111 1111 1111 1111", "12 **** **** **** 1111"),
            ("card4111111111111111exp1227", "card************1111exp1227"),
            ("4111111111111111 5555555555554444", "************1111 ************4444"),
            ("\u{96a}१११११११११११११११", "************११११"),
            ("４１１１ １１１１ １１１１ １１１１", "**** **** **** １１１１"),
        ] {
            assert_eq!(clean(text, 200).unwrap(), kept, "{text}");
        }
    }

    #[test]
    fn what_is_no_card_number_stays_as_it_was_typed() {
        for text in [
            "9876543210",
            "+91 98765 43210",
            "+919876543210 or +919876543211",
            "98765 43210 98765 43211",
            "9876543210 9876543211",
            "63000 12345 63000 12346",
            "TUR-000002",
            "KRN-20261130-000123",
            "8901030865305 8901030865305",
            "IMEI 356938035643809",
            "Aadhaar 2345 6789 0124",
            "UTR 412345678901",
            "17AAAAA0000A1Z3",
            "pay_29QQoUBi66xm2f",
            "2026-11-30 19 18 21",
            "4111111111111112",
            "4111 1111 1111 1112",
            "41111111111111111",
            "4111.1111, 1111 1111",
            "9999999999999995",
            "0000000000000000",
            "41111111111111114111111111111111",
            "0198d0e0-7e57-7000-8000-0000000000c1",
        ] {
            assert_eq!(clean(text, 200).unwrap(), text);
        }
    }

    #[test]
    fn a_code_is_no_free_text() {
        // A barcode with its own check digit (EAN-13) that is a number of Visa's, too.
        let barcode = "4000000000006";
        assert_eq!(&*Text::<80>::code(barcode).unwrap(), barcode);
        assert_eq!(&*Text::<80>::parse(barcode).unwrap(), "*********0006");
        let stored = Text::<80>::from_stored("4111111111111111").unwrap();
        assert_eq!(&*stored, "4111111111111111", "an earlier release's log means what it meant");
    }

    proptest! {
        #[test]
        fn masking_hides_digits_only_and_leaves_nothing_to_hide(text in "[0-9 a-]{0,80}") {
            if let Some(masked) = masked(&text) {
                prop_assert_eq!(masked.len(), text.len());
                for (before, after) in text.chars().zip(masked.chars()) {
                    prop_assert!(before == after || after == '*' && before.is_ascii_digit());
                }
                prop_assert_eq!(super::masked(&masked), None);
            }
        }
    }
}
