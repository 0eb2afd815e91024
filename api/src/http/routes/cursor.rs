//! Cursors: where a list goes on, sealed so that only we can make one.
//!
//! `base64url(payload | hash of the list and its filters | MAC)`. A cursor of another list, of
//! other filters or of another person does not verify.

use crate::http::problem::{Problem, table};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const MAC_BYTES: usize = 16;
/// Characters of a cursor: a product's name, with room.
const CHARS_MAX: usize = 2_048;

/// Makes a cursor for a list; `scope` says which list, for whom, with which filters.
pub(crate) fn seal(key: &[u8; 32], scope: &str, payload: &[u8]) -> String {
    let mut bytes = payload.to_vec();
    bytes.extend_from_slice(&mac(key, scope, payload));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the content of a cursor of that list.
///
/// # Errors
/// [`table::CURSOR_INVALID`].
pub(crate) fn open(key: &[u8; 32], scope: &str, cursor: &str) -> Result<Vec<u8>, Problem> {
    let invalid = || Problem::new(&table::CURSOR_INVALID);
    if cursor.len() > CHARS_MAX {
        return Err(invalid());
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    let payload_bytes = bytes.len().checked_sub(MAC_BYTES).ok_or_else(invalid)?;
    let given = bytes.split_off(payload_bytes);
    // blake3 compares hashes in constant time; ours is the first half of one.
    let expected = mac(key, scope, &bytes);
    let same = given.iter().zip(expected).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0;
    same.then_some(bytes).ok_or_else(invalid)
}

fn mac(key: &[u8; 32], scope: &str, payload: &[u8]) -> [u8; MAC_BYTES] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&(scope.len() as u64).to_le_bytes()).update(scope.as_bytes()).update(payload);
    let mut half = [0; MAC_BYTES];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..MAC_BYTES]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_in_its_own_list_only() {
        let key = [7; 32];
        let cursor = seal(&key, "orders of asha", b"after 17");
        assert_eq!(open(&key, "orders of asha", &cursor).unwrap(), b"after 17");
        assert!(open(&key, "orders of ravi", &cursor).is_err());
        assert!(open(&[8; 32], "orders of asha", &cursor).is_err());
        for broken in ["", "AAAA", &cursor[1..], "no base64!", &"A".repeat(CHARS_MAX + 1)] {
            assert!(open(&key, "orders of asha", broken).is_err(), "{broken:.20}");
        }
    }
}
