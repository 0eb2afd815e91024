//! A block: a piece of a file, stored compressed, with its lengths and a checksum in front.
//!
//! The checksum is keyed by the header of the file and covers the number and the offset of the
//! block, so no block can be mistaken for another of this file or of a file beside it.

use std::io;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::compress_bound;

/// Bytes in front of the compressed ones: checksum, raw length, compressed length.
pub(crate) const PREFIX_BYTES: usize = SUM_BYTES + 4 + 4;

/// The most raw bytes of a block of any file.
pub(crate) const RAW_BYTES_MAX: usize = 1 << 20;

/// Bytes of the checksum that a stored block starts with.
pub(crate) const SUM_BYTES: usize = 16;

/// The most bytes of a stored block: nothing that compresses one makes it twice as long.
pub(crate) const STORED_BYTES_MAX: usize = 2 * RAW_BYTES_MAX;

// Lengths are stored as u32; zstd adds less than one byte in a hundred to bytes it cannot shrink.
const _: () = assert!(STORED_BYTES_MAX < u32::MAX as usize);

/// The key of the checksums of one file.
#[derive(Clone, Copy)]
pub(crate) struct BlockKey([u8; 32]);

/// The place of a block in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number of the block, counted from 0.
    pub(crate) number: u32,
    /// The bytes of the file before it.
    pub(crate) offset: u64,
}

impl BlockKey {
    /// Returns the key of the file that starts with `header`.
    pub(crate) fn of(header: &[u8]) -> Self {
        Self(blake3::derive_key("kirana block v1", header))
    }

    /// Overwrites `stored` with the stored form of `raw` at `place`, reusing its memory.
    pub(crate) fn seal(
        &self,
        place: Place,
        raw: &[u8],
        compressor: &mut Compressor<'_>,
        stored: &mut Vec<u8>,
    ) -> io::Result<()> {
        assert!(raw.len() <= RAW_BYTES_MAX, "a longer block would be refused by `open`");
        stored.resize(PREFIX_BYTES + compress_bound(raw.len()), 0);
        let data_bytes = compressor.compress_to_buffer(raw, &mut stored[PREFIX_BYTES..])?;
        stored.truncate(PREFIX_BYTES + data_bytes);
        stored[SUM_BYTES..][..4].copy_from_slice(&u32_of(raw.len()).to_le_bytes());
        stored[SUM_BYTES + 4..][..4].copy_from_slice(&u32_of(data_bytes).to_le_bytes());
        let sum = self.sum(place, &stored[SUM_BYTES..]);
        stored[..SUM_BYTES].copy_from_slice(&sum);
        // Pairs with the indexes of archives and tables, which refuse longer blocks.
        assert!(stored.len() < STORED_BYTES_MAX, "zstd adds little to bytes it cannot shrink");
        debug_assert_eq!(
            Self::stored_bytes(stored.first_chunk().expect("the prefix is there")),
            stored.len(),
            "a reader finds the end of the block by its prefix"
        );
        Ok(())
    }

    /// Returns the raw bytes of the block stored at `place`; `None` if `stored` is not exactly the
    /// bytes that were written there.
    pub(crate) fn open(&self, place: Place, stored: &[u8]) -> Option<Vec<u8>> {
        let (sum, signed) = stored.split_first_chunk::<SUM_BYTES>()?;
        if self.sum(place, signed) != *sum {
            return None;
        }
        let (raw_bytes, signed) = signed.split_first_chunk()?;
        let (data_bytes, data) = signed.split_first_chunk()?;
        let raw_bytes = u32::from_le_bytes(*raw_bytes) as usize;
        if raw_bytes > RAW_BYTES_MAX || u32::from_le_bytes(*data_bytes) as usize != data.len() {
            return None;
        }
        debug_assert!(data.len() < stored.len(), "the prefix lies in front of the data");
        let raw = decompress(data, raw_bytes)?;
        (raw.len() == raw_bytes).then_some(raw)
    }

    /// Returns the length of the stored block with this prefix, which is not checked yet.
    pub(crate) fn stored_bytes(prefix: &[u8; PREFIX_BYTES]) -> usize {
        let (_, data_bytes) = prefix.split_last_chunk().expect("the prefix is longer than that");
        PREFIX_BYTES + u32::from_le_bytes(*data_bytes) as usize
    }

    fn sum(&self, place: Place, signed: &[u8]) -> [u8; SUM_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&place.number.to_le_bytes());
        hasher.update(&place.offset.to_le_bytes());
        hasher.update(signed);
        let mut sum = [0; SUM_BYTES];
        hasher.finalize_xof().fill(&mut sum);
        sum
    }
}

fn u32_of(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("RAW_BYTES_MAX fits in u32 with room to spare")
}

/// Decompresses with the decompressor of this thread: making one costs more than a block does.
fn decompress(data: &[u8], raw_bytes: usize) -> Option<Vec<u8>> {
    use std::cell::RefCell;
    thread_local! {
        static KEPT: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    KEPT.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new().ok()?),
        };
        decompressor.decompress(data, raw_bytes).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { number: 3, offset: 77 };

    fn sealed(raw: &[u8]) -> Vec<u8> {
        // Whatever was in it before.
        let mut stored = vec![9; 1_000];
        let mut compressor = Compressor::new(1).unwrap();
        BlockKey::of(b"header").seal(PLACE, raw, &mut compressor, &mut stored).unwrap();
        stored
    }

    #[test]
    fn a_block_opens_where_it_was_put_and_nowhere_else() {
        let (key, stored) = (BlockKey::of(b"header"), sealed(b"some text, some text, some text"));
        assert_eq!(key.open(PLACE, &stored).unwrap(), b"some text, some text, some text");
        assert_eq!(BlockKey::stored_bytes(stored.first_chunk().unwrap()), stored.len());
        assert!(key.open(Place { number: 4, ..PLACE }, &stored).is_none());
        assert!(key.open(Place { offset: 78, ..PLACE }, &stored).is_none());
        assert!(BlockKey::of(b"another").open(PLACE, &stored).is_none());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let (key, mut stored) = (BlockKey::of(b"header"), sealed(&[7; 300]));
        for bit in 0..stored.len() * 8 {
            stored[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(PLACE, &stored).is_none(), "bit {bit}");
            stored[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..stored.len() {
            assert!(key.open(PLACE, &stored[..length]).is_none(), "{length} bytes");
        }
        assert_eq!(key.open(PLACE, &stored).unwrap(), [7; 300]);
    }
}
