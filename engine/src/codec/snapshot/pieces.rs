//! Single rows for the tables of history: an ended order, the ledger of a product. Each says in its
//! first byte which version of its shape follows.

use super::rows::{put, shape};
use super::v1::orders::Ended as EndedShape;
use super::v1::shop::Stock as StockShape;
use crate::codec::CodecError;
use kirana_domain::Stock;
use kirana_domain::order_book::EndedOrder;

/// The version that rows are written in.
const VERSION: u8 = 1;

/// Returns the bytes behind the version.
fn body(bytes: &[u8]) -> Result<&[u8], CodecError> {
    match bytes.split_first().ok_or(CodecError::Empty)? {
        (&VERSION, body) => Ok(body),
        (other, _) => Err(CodecError::UnknownSchema((*other).into())),
    }
}

/// Appends the bytes of an ended order.
pub(crate) fn encode_ended(ended: &EndedOrder, out: &mut Vec<u8>) {
    out.push(VERSION);
    put(&EndedShape::from(ended), out);
}

/// Reads an ended order.
///
/// # Errors
/// [`CodecError`] says what the bytes are instead.
pub(crate) fn decode_ended(bytes: &[u8]) -> Result<EndedOrder, CodecError> {
    Ok(shape::<EndedShape<'_>>(body(bytes)?)?.parse()?)
}

/// Appends the bytes of a ledger.
pub(crate) fn encode_stock(stock: &Stock, out: &mut Vec<u8>) {
    out.push(VERSION);
    put(&StockShape::from(stock), out);
}

/// Reads a ledger.
///
/// # Errors
/// [`CodecError`] says what the bytes are instead.
pub(crate) fn decode_stock(bytes: &[u8]) -> Result<Stock, CodecError> {
    Ok(shape::<StockShape>(body(bytes)?)?.parse()?)
}
