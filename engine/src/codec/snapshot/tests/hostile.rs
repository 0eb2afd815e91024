//! Bytes that are no state: an error each, never a panic, and nothing is reserved for what is not
//! there. A change that makes another whole state is for checksum and digest to find.

use super::*;
use crate::codec::snapshot::rows::{Kind, put};
use proptest::prelude::*;

/// Another whole state, or an error.
fn must_be_sound(bytes: &[u8]) -> bool {
    let Ok(state) = decode(bytes) else { return false };
    let again = decode(&encoded(&state)).unwrap();
    assert_eq!(again.digest(), state.digest());
    true
}

fn with_rows(rows: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = SCHEMA.to_le_bytes().to_vec();
    let mut begin = Vec::new();
    put(&7_u64, &mut begin);
    let mut end = Vec::new();
    put(&(rows.len() as u64 + 1), &mut end);
    let (begin, end) = [(Kind::Begin as u8, begin), (Kind::End as u8, end)].into();
    for (kind, body) in [&[begin], rows, &[end]].concat() {
        bytes.push(kind);
        bytes.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&body);
    }
    bytes
}

fn row(kind: Kind, shape: &impl serde::Serialize) -> (u8, Vec<u8>) {
    let mut body = Vec::new();
    put(shape, &mut body);
    (kind as u8, body)
}

#[test]
fn a_state_that_was_cut_short_or_goes_on_is_refused() {
    let mut bytes = encoded(&everything());
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    bytes.push(0);
    assert!(decode(&bytes).is_err());
}

#[test]
fn a_row_that_is_lost_or_comes_twice_is_missed() {
    let bytes = encoded(&everything());
    let (mut at, mut rows) = (2, Vec::new());
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 1..at + 5].try_into().unwrap());
        let end = at + 5 + usize::try_from(length).unwrap();
        rows.push(at..end);
        at = end;
    }
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let lost = [&bytes[..row.start], &bytes[row.end..]].concat();
        assert!(decode(&lost).is_err());
        let twice = [&bytes[..row.end], &bytes[row.start..]].concat();
        assert!(decode(&twice).is_err());
    }
}

#[test]
fn a_changed_bit_is_refused_or_makes_another_whole_state() {
    let bytes = encoded(&everything());
    let mut refused = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[at] ^= 1 << bit;
            refused += usize::from(!must_be_sound(&other));
        }
    }
    assert!(refused > bytes.len(), "{refused} of {}", bytes.len() * 8);
}

#[test]
fn other_schemas_and_kinds_are_refused() {
    let mut bytes = encoded(&State::default());
    bytes[0] = 2;
    assert_eq!(decode(&bytes).err(), Some(CodecError::UnknownSchema(2)));
    assert_eq!(decode(&[1]).err(), Some(CodecError::Empty));
    assert!(decode(&with_rows(&[])).is_ok(), "two rows are a state of nothing");
    assert!(decode(&with_rows(&[(200, Vec::new())])).is_err());
    assert!(decode(&with_rows(&[row(Kind::Begin, &7_u64)])).is_err(), "it begins once");
}

#[test]
fn rows_without_what_they_belong_to_are_refused() {
    let retry = (7_u64, 1_u16, None::<i64>, "gone");
    assert!(decode(&with_rows(&[row(Kind::Retry, &retry)])).is_err());
    assert!(decode(&with_rows(&[row(Kind::CouponUser, &([1_u8; 16], 1_u32))])).is_err());
    let number = |n: u8| row(Kind::LastNumber, &([n; 16], 7_u64));
    assert!(decode(&with_rows(&[number(1), number(2)])).is_ok());
    assert!(decode(&with_rows(&[number(2), number(1)])).is_err(), "in their order");
    assert!(decode(&with_rows(&[number(1), number(1)])).is_err(), "each once");
}

#[test]
fn a_length_that_promises_more_than_there_is_reserves_nothing() {
    // A cart with no end of lines, and a rider with no end of orders.
    let cart = ([1_u8; 16], [2_u8; 16], 7_u64, 7_i64, u64::MAX);
    assert!(decode(&with_rows(&[row(Kind::Cart, &cart)])).is_err());
    let rider = ([1_u8; 16], u64::MAX - 7);
    assert!(decode(&with_rows(&[row(Kind::RiderOrders, &rider)])).is_err());
    let mut bytes = with_rows(&[]);
    bytes[3..7].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(decode(&bytes).is_err());
}

proptest! {
    #[test]
    fn no_rows_make_the_reader_panic(
        rows in prop::collection::vec((1..26_u8, prop::collection::vec(any::<u8>(), 0..90)), 0..6),
    ) {
        must_be_sound(&with_rows(&rows));
    }

    #[test]
    fn no_bytes_make_the_readers_of_rows_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let body = [&[1], &*bytes].concat();
        _ = decode_stock(&body).map(|stock| stock.law_holds());
        _ = decode_ended(&body);
        _ = decode(&bytes);
    }
}
