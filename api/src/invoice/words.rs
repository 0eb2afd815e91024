//! An amount in words, as invoices in India say it: English, counted in lakh and crore.

use kirana_domain::Paise;

const ONES: [&str; 20] = [
    "",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const TENS: [&str; 10] =
    ["", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];
/// Units with their names, the largest first; what is above a crore is counted in crores again.
const UNITS: [(u64, &str); 4] =
    [(10_000_000, "Crore"), (100_000, "Lakh"), (1_000, "Thousand"), (100, "Hundred")];

/// Returns the amount in words, such as "Rupees Ten and Fifty Paise Only".
pub(crate) fn in_words(amount: Paise) -> String {
    let (rupees, paise) = (amount.0.unsigned_abs() / 100, amount.0.unsigned_abs() % 100);
    let mut words = vec!["Rupees"];
    if amount < Paise::ZERO {
        words.insert(0, "Minus");
    }
    if rupees == 0 {
        words.push("Zero");
    }
    push(&mut words, rupees);
    if paise > 0 {
        words.push("and");
        push(&mut words, paise);
        words.push("Paise");
    }
    words.push("Only");
    words.join(" ")
}

/// Counts a number out; nothing for zero. It calls itself for what a unit is counted by, which is
/// a hundred thousand times smaller or less, so at most a few times.
fn push(words: &mut Vec<&str>, number: u64) {
    let mut rest = number;
    for (unit, name) in UNITS {
        if rest >= unit {
            push(words, rest / unit);
            words.push(name);
            rest %= unit;
        }
    }
    let of = |table: &[&'static str], at: u64| table[usize::try_from(at).unwrap_or_default()];
    let (tens, ones) = if rest < 20 { (0, rest) } else { (rest / 10, rest % 10) };
    let small = [of(&TENS, tens), of(&ONES, ones)];
    words.extend(small.into_iter().filter(|word| !word.is_empty()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_counted_in_lakh_and_crore() {
        for (paise, words) in [
            (0, "Rupees Zero Only"),
            (1, "Rupees Zero and One Paise Only"),
            (100, "Rupees One Only"),
            (1_050, "Rupees Ten and Fifty Paise Only"),
            (11_200, "Rupees One Hundred Twelve Only"),
            (1_999, "Rupees Nineteen and Ninety Nine Paise Only"),
            (2_000, "Rupees Twenty Only"),
            (10_000, "Rupees One Hundred Only"),
            (100_100, "Rupees One Thousand One Only"),
            (
                12_345_678,
                "Rupees One Lakh Twenty Three Thousand Four Hundred Fifty Six and Seventy Eight \
                 Paise Only",
            ),
            (2_000_000_000, "Rupees Two Crore Only"),
            (1_000_000_000_000_000, "Rupees Ten Lakh Crore Only"),
            (-11_000, "Minus Rupees One Hundred Ten Only"),
        ] {
            assert_eq!(in_words(Paise(paise)), words);
        }
        assert!(
            in_words(Paise(i64::MIN)).starts_with("Minus Rupees Nine Hundred Twenty Two Crore")
        );
    }
}
