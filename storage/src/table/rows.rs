//! The rows in a block. A key is stored as the length that it shares with the key before, and the
//! rest.

use std::ops::Range;
use std::sync::Arc;

use super::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

/// Bytes in front of each row: shared, rest of key, value.
pub(super) const PREFIX_BYTES: usize = 1 + 1 + 4;

/// Appends a row to a block. `last_key` is empty for its first row.
pub(super) fn push(raw: &mut Vec<u8>, last_key: &[u8], key: &[u8], value: &[u8]) {
    // Pairs with `Rows::advance`, which refuses what these rule out.
    debug_assert!((1..=KEY_BYTES_MAX).contains(&key.len()), "a key is within its bounds");
    debug_assert!(value.len() <= VALUE_BYTES_MAX, "a value is within its bound");
    let shared = last_key.iter().zip(key).take_while(|(one, other)| one == other).count();
    let rest = &key[shared..];
    raw.push(u8::try_from(shared).expect("KEY_BYTES_MAX fits in u8"));
    raw.push(u8::try_from(rest.len()).expect("KEY_BYTES_MAX fits in u8"));
    let value_bytes = u32::try_from(value.len()).expect("VALUE_BYTES_MAX fits in u32");
    raw.extend_from_slice(&value_bytes.to_le_bytes());
    raw.extend_from_slice(rest);
    raw.extend_from_slice(value);
}

/// The error of bytes that are no rows though their checksum holds: a faulty program wrote them.
#[derive(Debug)]
pub(super) struct MalformedRows;

/// The rows of a block, read one after the other.
pub(super) struct Rows {
    raw: Arc<[u8]>,
    key: Vec<u8>,
    value: Range<usize>,
}

impl Rows {
    /// Creates a reader before the first row.
    pub(super) fn new(raw: Arc<[u8]>) -> Self {
        Self { raw, key: Vec::with_capacity(KEY_BYTES_MAX), value: 0..0 }
    }

    /// Moves to the next row, if there is one.
    pub(super) fn advance(&mut self) -> Result<bool, MalformedRows> {
        let start = self.value.end;
        let rest = &self.raw[start..];
        if rest.is_empty() {
            return Ok(false);
        }
        let (prefix, rest) = rest.split_first_chunk::<PREFIX_BYTES>().ok_or(MalformedRows)?;
        let [shared, rest_of_key, value_bytes @ ..] = *prefix;
        let (shared, rest_of_key) = (usize::from(shared), usize::from(rest_of_key));
        let value_bytes = u32::from_le_bytes(value_bytes) as usize;
        let is_within = shared <= self.key.len()
            && (1..=KEY_BYTES_MAX).contains(&(shared + rest_of_key))
            && value_bytes <= VALUE_BYTES_MAX
            && rest_of_key + value_bytes <= rest.len();
        if !is_within {
            return Err(MalformedRows);
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(&rest[..rest_of_key]);
        let value_start = start + PREFIX_BYTES + rest_of_key;
        self.value = value_start..value_start + value_bytes;
        debug_assert!(self.value.end > start, "each step moves on, or reading would not end");
        Ok(true)
    }

    /// Returns the key of the present row.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Returns the value of the present row.
    pub(super) fn value(&self) -> &[u8] {
        &self.raw[self.value.clone()]
    }
}
