//! Single rows for the tables of history: an ended order, the ledger of a product. Each says in its
//! first byte which version of its shape follows.

use super::rows::{put, shape};
use super::v1::money::PaymentRest;
use super::v1::orders::Ended as EndedShape;
use super::v1::shop::Stock as StockShape;
use crate::codec::CodecError;
use kirana_domain::Stock;
use kirana_domain::order_book::EndedOrder;

/// The version that rows are written in.
const VERSION: u8 = 1;
/// The version of an ended order whose payment says more than the first has place for.
const VERSION_WITH_REST: u8 = 2;

/// Returns the bytes behind the version.
fn body(bytes: &[u8]) -> Result<&[u8], CodecError> {
    match bytes.split_first().ok_or(CodecError::Empty)? {
        (&VERSION, body) => Ok(body),
        (other, _) => Err(CodecError::UnknownSchema((*other).into())),
    }
}

/// Appends the bytes of an ended order.
pub(crate) fn encode_ended(ended: &EndedOrder, out: &mut Vec<u8>) {
    let shape = EndedShape::from(ended);
    match PaymentRest::of(ended.payment.as_deref()) {
        None => {
            out.push(VERSION);
            put(&shape, out);
        }
        Some(rest) => {
            out.push(VERSION_WITH_REST);
            put(&(shape, rest), out);
        }
    }
}

/// Reads an ended order.
///
/// # Errors
/// [`CodecError`] says what the bytes are instead.
pub(crate) fn decode_ended(bytes: &[u8]) -> Result<EndedOrder, CodecError> {
    let Some((&VERSION_WITH_REST, body)) = bytes.split_first() else {
        return Ok(shape::<EndedShape<'_>>(body(bytes)?)?.parse()?);
    };
    let (stored, rest): (EndedShape<'_>, PaymentRest<'_>) = shape(body)?;
    let mut ended = stored.parse()?;
    rest.add_to(ended.payment.as_deref_mut().ok_or("a part without its payment")?)?;
    Ok(ended)
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
