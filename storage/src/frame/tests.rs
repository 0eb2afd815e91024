use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// The frame whose bytes are kept in `golden/`. Its content never changes.
fn golden_parts() -> (FrameHeader, Batch) {
    let mut batch = Batch::new(Lsn(41));
    batch.try_push(b"").unwrap();
    batch.try_push(b"namaste").unwrap();
    batch.try_push(&[0xff; 200]).unwrap();
    let header = FrameHeader {
        log_id: LogId(*b"golden log no. 1"),
        epoch: Epoch(7),
        batch_number: 12,
        first_lsn: Lsn(41),
        count: 3,
        previous_hash: [0xab; HASH_BYTES],
    };
    (header, batch)
}

fn package_file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_golden_frame_of_version_1_is_still_read() {
    let bytes = package_file("golden/frame-v1.bin");
    let frame = Frame::decode(&bytes).unwrap();
    let (header, batch) = golden_parts();
    assert_eq!((frame.header, frame.to_batch()), (header, batch));
    assert_eq!(frame.header.last_lsn(), Lsn(43));
}

#[test]
fn the_encoder_still_makes_exactly_the_golden_bytes() {
    let (header, batch) = golden_parts();
    assert_eq!(encode(&header, &batch).0, package_file("golden/frame-v1.bin"));
}

#[test]
fn the_drawing_in_format_md_is_of_this_source() {
    let format = String::from_utf8(package_file("FORMAT.md")).unwrap();
    let hash = blake3::hash(&package_file("src/frame.rs"));
    let line = format!("frame.rs: blake3 {hash}");
    assert!(format.contains(&line), "revisit FORMAT.md, then put this line into it:\n{line}");
}

#[test]
fn the_chain_of_each_log_starts_elsewhere() {
    let (one, other) = (LogId([1; 16]), LogId([2; 16]));
    assert_ne!(one.genesis_hash(), other.genesis_hash());
    assert_eq!(one.to_string(), "01".repeat(16));
}

#[test]
fn a_frame_cut_short_or_longer_is_refused() {
    let (header, batch) = golden_parts();
    let (bytes, _) = encode(&header, &batch);
    for length in 0..bytes.len() {
        assert!(Frame::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
    let longer = [&bytes[..], &[0]].concat();
    let (actual, expected) = (bytes.len() + 1, bytes.len());
    assert_eq!(Frame::decode(&longer), Err(FrameError::WrongLength { actual, expected }));
}

#[test]
fn every_flipped_bit_is_found() {
    let (header, batch) = golden_parts();
    let (mut bytes, _) = encode(&header, &batch);
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Frame::decode(&bytes).is_err(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(Frame::decode(&bytes).is_ok());
}

/// A frame with one field overwritten and the checksum made right again.
fn forged(at: usize, field: &[u8]) -> Vec<u8> {
    let (header, batch) = golden_parts();
    let (mut bytes, _) = encode(&header, &batch);
    bytes[at..at + field.len()].copy_from_slice(field);
    let signed = bytes.len() - HASH_BYTES;
    let hash = blake3::hash(&bytes[..signed]);
    bytes[signed..].copy_from_slice(hash.as_bytes());
    bytes
}

#[test]
fn what_a_faulty_program_wrote_is_refused_by_name() {
    let refused = |at, field: &[u8]| Frame::decode(&forged(at, field)).unwrap_err();
    assert_eq!(refused(0, b"LOG?"), FrameError::WrongMagic);
    assert_eq!(refused(4, &[2, 0, 0, 0]), FrameError::UnknownVersion { found: 2 });
    let wrong_records = |count, actual| FrameError::WrongRecords { count, actual };
    assert_eq!(refused(28, &[0, 0, 0, 0]), wrong_records(0, Some(3)));
    assert_eq!(refused(28, &[4, 0, 0, 0]), wrong_records(4, Some(3)));
    assert_eq!(refused(HEADER_BYTES, &[1, 0, 0, 0]), wrong_records(3, None));
    assert_eq!(refused(32, &[0; 8]), FrameError::WrongNumbers);
    assert_eq!(refused(40, &[0; 8]), FrameError::WrongNumbers);
    assert_eq!(refused(40, &[0xff; 8]), FrameError::WrongNumbers);
    assert!(matches!(refused(48, &[0xff; 4]), FrameError::TooLarge { .. }));
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..40),
        (first, number) in (1..u64::MAX / 2, 1..u64::MAX),
        (id, epoch, previous_hash) in (any::<[u8; 16]>(), any::<u32>(), any::<[u8; 32]>()),
    ) {
        let mut batch = Batch::new(Lsn(first));
        for record in &records {
            batch.try_push(record).unwrap();
        }
        let header = FrameHeader {
            log_id: LogId(id),
            epoch: Epoch(epoch),
            batch_number: number,
            first_lsn: Lsn(first),
            count: batch.count(),
            previous_hash,
        };
        let (bytes, hash) = encode(&header, &batch);
        let frame = Frame::decode(&bytes).unwrap();
        prop_assert_eq!((frame.header, frame.hash, frame.to_batch()), (header, hash, batch));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let _ = Frame::decode(&bytes);
        let mut framed = bytes;
        framed.splice(..0, MAGIC.into_iter().chain([1, 0, 0, 0]));
        let _ = Frame::decode(&framed);
    }
}
