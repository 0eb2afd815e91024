//! An id as it is stored: its 16 bytes and nothing else.
//!
//! bincode goes through an array byte by byte, which was a sixth of the time that decoding took. A
//! float is what it copies as it is, eight bytes at once, so an id goes as two of them. No
//! arithmetic is done with them, and [`f64::from_bits`] and [`f64::to_bits`] keep every bit; only
//! old 32-bit x86 is known to change some, so this does not compile for it.

use kirana_domain::{AddressId, EndpointId, OrderId, PersonId, ProductId, StoreId, ZoneId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

#[cfg(target_arch = "x86")]
compile_error!("the x87 unit may change the bits of a stored id");

/// The 16 bytes of an id of the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) [u8; 16]);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (halves, _) = self.0.as_chunks::<8>();
        let half = |at: usize| f64::from_bits(u64::from_le_bytes(halves[at]));
        (half(0), half(1)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, second) = <(f64, f64)>::deserialize(deserializer)?;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&first.to_bits().to_le_bytes());
        bytes[8..].copy_from_slice(&second.to_bits().to_le_bytes());
        Ok(Self(bytes))
    }
}

/// Makes ids of the domain into stored ones and back.
macro_rules! ids {
    ($($id:ty),*) => { $(
        impl From<$id> for Id {
            fn from(id: $id) -> Self {
                Self(id.0.into_bytes())
            }
        }
        impl From<&$id> for Id {
            fn from(id: &$id) -> Self {
                Self(id.0.into_bytes())
            }
        }
        impl From<Id> for $id {
            fn from(stored: Id) -> Self {
                Self(Uuid::from_bytes(stored.0))
            }
        }
    )* };
}

ids!(OrderId, PersonId, ProductId, StoreId, ZoneId, AddressId, EndpointId);

#[cfg(test)]
mod tests {
    use super::*;
    use bincode::Options;
    use proptest::prelude::*;

    /// As an array and as an id, which must be the same, there and back.
    fn must_be_as_an_array(bytes: [u8; 16]) {
        let options = bincode::DefaultOptions::new().with_varint_encoding();
        let stored = options.serialize(&Id(bytes)).unwrap();
        assert_eq!(stored, options.serialize(&bytes).unwrap());
        assert_eq!(stored, bytes);
        assert_eq!(options.deserialize::<Id>(&stored).unwrap(), Id(bytes));
        assert!(options.deserialize::<Id>(&stored[..15]).is_err(), "cut short");
    }

    #[test]
    fn bits_that_are_no_number_stay_as_they_are() {
        // Both infinities, zeros, and what is no number: quiet and signalling, with either sign.
        for high in [0x7ff0, 0xfff0, 0x0000, 0x8000, 0x7ff8, 0xfff8, 0x7ff4, 0xfff4_u64] {
            for low in [0, 1, 0xdead_beef, (1 << 48) - 1] {
                let half = (high << 48 | low).to_le_bytes();
                must_be_as_an_array([half, half].concat().try_into().unwrap());
            }
        }
    }

    proptest! {
        #[test]
        fn an_id_is_stored_as_its_bytes(bytes: [u8; 16]) {
            must_be_as_an_array(bytes);
        }
    }
}
