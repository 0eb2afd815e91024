//! Rows one after the other. All numbers are little-endian.
//!
//! ```text
//! ┌────────┬──────┬────────┬──────┬─────┬──────┬────────┬──────┬─────┬────────┬────────────┐
//! │ schema │ kind │ length │ body │ ... │ kind │ length │ body │ End │ length │ rows so far│
//! │   2    │  1   │   4    │      │     │  1   │   4    │      │  1  │   4    │            │
//! └────────┴──────┴────────┴──────┴─────┴──────┴────────┴──────┴─────┴────────┴────────────┘
//! ```
//!
//! A body is bincode with the options of records: variable-length integers, nothing left over. It
//! needs no limit of its own, because it is read from bytes that are there.

use crate::codec::CodecError;
use bincode::Options;
use serde::{Deserialize, Serialize};
use std::io;

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 64 * 1_024;

/// Bytes before a body: kind and length.
const HEAD_BYTES: usize = 1 + 4;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal,)*) => {
        /// A kind of row. The numbers are on disk: add to the end, never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Kind { $($(#[$doc])* $kind = $number,)* }
        impl Kind {
            /// Returns the kind of that number.
            fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// The first: as of which record.
    Begin = 1,
    /// The last: how many rows there are before it.
    End = 2,
    /// A store of the first snapshots.
    Store = 3,
    /// A product of the first snapshots, as [`Kind::ProductV2`].
    Product = 4,
    /// A zone with its weather.
    Zone = 5,
    /// Rates of GST.
    Rates = 6,
    /// A coupon and what it took off in all.
    Coupon = 7,
    /// A customer who used the coupon before it.
    CouponUser = 8,
    /// A cart; those of one customer in the order of their last changes.
    Cart = 9,
    /// An address.
    Address = 10,
    /// The counts of a customer.
    Customer = 11,
    /// Cash of one delivery that a rider has.
    Cash = 12,
    /// An endpoint of webhooks and how far it has been told.
    Hook = 13,
    /// A failed delivery to the endpoint before it.
    Retry = 14,
    /// A request key, in the order of the log.
    Key = 15,
    /// The ledger of a product.
    Stock = 16,
    /// An item of an order line that no product and no row before it is equal to: the next of the
    /// numbered items.
    Item = 17,
    /// An order that something may still happen to; with the ended ones in the order of their ids.
    Order = 18,
    /// An order that has ended.
    Ended = 19,
    /// Orders that a rider was asked to bring, or more of them.
    RiderOrders = 20,
    /// The highest order number of a store.
    LastNumber = 21,
    /// The highest number of a series of documents.
    LastDocument = 22,
    /// The count of ended orders, and the hash over them.
    EndedChain = 23,
    /// The rule of tax of the order before it. An order without one is of an older release.
    TaxRule = 24,
    /// A store.
    StoreV3 = 25,
    /// Times of the steps of the open order before it, if it has any.
    Stamps = 26,
    /// Since when times never fall, and the starts with time that is not counted.
    Time = 27,
    /// The parts of a credit note of the order before it, and the note's place among its documents.
    Credits = 28,
    /// A product of a store before it; its item is the next of the numbered items.
    ProductV2 = 29,
    /// The causes of failed charges and the disputes of the order before it, open or ended, if it
    /// has any.
    PaymentRest = 30,
    /// A rider of a store.
    Rider = 31,
    /// Captured money that named no order.
    Loose = 32,
    /// A request key with its caller, among those without one in the order of the log.
    KeyOf = 33,
    /// The last holds of a customer that led to nothing.
    Lapses = 34,
}

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_varint_encoding().with_no_limit().reject_trailing_bytes()
}

/// Appends the bytes of a shape.
pub(super) fn put(shape: &impl Serialize, out: &mut Vec<u8>) {
    options().serialize_into(out, shape).expect("memory takes every shape");
}

/// Reads a shape: all of the bytes are its own.
pub(super) fn shape<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, CodecError> {
    options().deserialize(bytes).map_err(|error| CodecError::Malformed(error.to_string()))
}

/// Writes rows.
pub(super) struct RowWriter<'a> {
    out: &'a mut dyn io::Write,
    buffer: Vec<u8>,
    rows: u64,
}

impl<'a> RowWriter<'a> {
    pub(super) fn new(out: &'a mut dyn io::Write) -> Self {
        Self { out, buffer: Vec::with_capacity(2 * BUFFER_BYTES), rows: 0 }
    }

    /// Writes one more row.
    pub(super) fn push(&mut self, kind: Kind, shape: &impl Serialize) -> io::Result<()> {
        let at = self.buffer.len();
        self.buffer.extend_from_slice(&[kind as u8, 0, 0, 0, 0]);
        put(shape, &mut self.buffer);
        let length = self.buffer.len() - at - HEAD_BYTES;
        let length = u32::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.buffer[at + 1..at + HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        self.rows += 1;
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the last row.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.push(Kind::End, &self.rows.clone())?;
        self.flush()
    }
}

/// Reads rows up to the last one, which it keeps to itself.
#[derive(Default)]
pub(super) struct RowReader {
    count: u64,
    is_over: bool,
}

impl RowReader {
    /// Takes the next row off the front of `left`; nothing if it is not whole there, or was the
    /// last.
    pub(super) fn next<'a>(
        &mut self,
        left: &mut &'a [u8],
    ) -> Result<Option<(Kind, &'a [u8])>, CodecError> {
        if self.is_over && !left.is_empty() {
            return Err("it goes on after its end".into());
        }
        let Some((head, rest)) = left.split_first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let [kind, length @ ..] = head;
        let kind = Kind::from_number(*kind).ok_or("unknown kind of row")?;
        let Some((body, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) else {
            return Ok(None);
        };
        *left = rest;
        if kind != Kind::End {
            self.count += 1;
            return Ok(Some((kind, body)));
        }
        if shape::<u64>(body)? != self.count {
            return Err("rows are missing".into());
        }
        self.is_over = true;
        if rest.is_empty() { Ok(None) } else { Err("it goes on after its end".into()) }
    }

    /// Returns true after the last row.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }
}
