//! Bytes as lower-case hexadecimal digits, and exactly back.
//!
//! Upper-case digits are refused, so that a text has one spelling and can be compared as it is.

use std::fmt::Write;

/// Returns the digits of `bytes`, two for each, most significant first.
///
/// ```
/// assert_eq!(kirana_storage::hex::encode(&[0x0a, 0xf0]), "0af0");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("a String takes everything");
    }
    debug_assert_eq!(digits.len(), 2 * bytes.len(), "each byte has two digits, also a small one");
    digits
}

/// Returns the bytes of these digits; `None` if there is anything but pairs of lower-case digits.
pub fn decode(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let bytes: Vec<u8> = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect::<Option<_>>()?;
    // Pairs with `encode`: bytes have one spelling.
    debug_assert_eq!(encode(&bytes), digits, "decoded digits are encoded the same");
    Some(bytes)
}

/// Returns the `N` bytes of these digits; as [`decode`], and `None` if there are more or fewer.
pub fn decode_array<const N: usize>(digits: &str) -> Option<[u8; N]> {
    decode(digits)?.try_into().ok()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else_is() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&bytes)), Some(bytes));
        assert_eq!(encode(&[0x0a, 0xf0]), "0af0");
        assert_eq!(decode(""), Some(Vec::new()));
        for other in ["0", "0A", "0g", "+1", " 0", "0x00", "é"] {
            assert_eq!(decode(other), None, "{other}");
        }
        assert_eq!(decode_array::<2>("0a"), None);
        assert_eq!(decode_array::<1>("0a"), Some([10]));
    }
}
