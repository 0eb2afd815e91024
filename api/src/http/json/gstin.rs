//! GST numbers of shops: two digits of the state, the ten characters of a PAN, a digit for the
//! registration, one more, and a check character.
//!
//! The check character is that of the GST portal: the values of the first 14 characters (0-9, A-Z
//! as 0 to 35), every second one doubled; of each product the quotient and the rest by 36 are added
//! up; what is missing to the next multiple of 36 is the value of the check character.

use kirana_domain::Text;

/// The form of a GST number, for people.
pub(crate) const DETAIL: &str =
    "must be a GST number of fifteen characters with a right check character";

/// The number, in capitals; `None` for what is none.
pub(crate) fn parse(text: &str) -> Option<Text<15>> {
    let text = text.to_ascii_uppercase();
    let bytes: &[u8; 15] = text.as_bytes().try_into().ok()?;
    let is_digit = |at: usize| bytes[at].is_ascii_digit();
    let is_letter = |at: usize| bytes[at].is_ascii_uppercase();
    let has_form = (0..2).all(is_digit)
        && (2..7).all(is_letter)
        && (7..11).all(is_digit)
        && is_letter(11)
        && (12..15).all(|at| is_digit(at) || is_letter(at))
        && bytes[12] != b'0';
    (has_form && check_value(&bytes[..14]) == value(bytes[14])).then(|| Text::parse(&text).ok())?
}

fn value(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or_default()
}

fn check_value(bytes: &[u8]) -> u32 {
    let part = |(at, byte): (usize, &u8)| {
        let product = value(*byte) * if at % 2 == 0 { 1 } else { 2 };
        product / 36 + product % 36
    };
    let sum: u32 = bytes.iter().enumerate().map(part).sum();
    (36 - sum % 36) % 36
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gst_number_has_a_form_and_a_check_character() {
        assert_eq!(parse("27AAPFU0939F1ZV").as_deref(), Some("27AAPFU0939F1ZV"));
        assert_eq!(parse("27aapfu0939f1zv").as_deref(), Some("27AAPFU0939F1ZV"));
        for wrong in [
            "",
            "27AAPFU0939F1Z",
            "27AAPFU0939F1ZVV",
            "27AAPFU0939F1ZW",
            "72AAPFU0939F1ZV",
            "27AAPFU9039F1ZV",
            "2AAAPFU0939F1ZV",
            "27AAPFU0939F0ZV",
            "27AAPFU0939F1Z-",
            "27AAPFU0939F1Zé",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_single_slip_of_the_hand_goes_unseen() {
        let good = "27AAPFU0939F1ZV";
        for at in 0..15 {
            for other in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars() {
                let mut text: Vec<char> = good.chars().collect();
                if text[at] != other {
                    text[at] = other;
                    let text: String = text.into_iter().collect();
                    assert_eq!(parse(&text), None, "{text}");
                }
            }
        }
    }
}
