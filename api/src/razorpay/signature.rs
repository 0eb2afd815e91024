//! Razorpay's signatures: HMAC-SHA256 in lower-case hex, compared in constant time.
//!
//! The result of a checkout is signed with the key secret; a webhook of Razorpay
//! is signed with the webhook secret, over the body byte by byte as it came.

#[cfg(test)]
mod tests;

use crate::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a signature before it is written as hex.
const SIGNATURE_BYTES: usize = 32;

/// True when `signature` proves that the payment is one of this order. The order id has to be the
/// one of our own record: a customer could bring the signature of another, cheaper order.
pub(crate) fn checkout(
    order_id: &str,
    payment_id: &str,
    key_secret: &Secret,
    signature: &str,
) -> bool {
    is_of(&[order_id, payment_id], key_secret, signature)
}

/// True when `signature`, of the header `X-Razorpay-Signature`, is of these bytes and one of these
/// secrets. There are two for a day after a change: what is sent again is signed with the old one.
pub(crate) fn webhook(raw_body: &[u8], secrets: &[Secret], signature: &str) -> bool {
    // Every secret is tried, so that the time does not tell which one it was.
    secrets.iter().fold(false, |is_true, secret| is_true | verify(raw_body, secret, signature))
}

/// Signs bytes the way Razorpay does: 64 characters of lower-case hex. For the stand-in and for
/// tests.
pub fn sign(message: &[u8], secret: &Secret) -> String {
    let mut bytes = [0; SIGNATURE_BYTES];
    bytes.copy_from_slice(&mac(message, secret).finalize().into_bytes());
    blake3::Hash::from_bytes(bytes).to_hex().to_string()
}

/// True when `signature` is of the parts with a bar between them. No part may have a bar itself:
/// the same bytes would then be signed for another division into parts.
fn is_of(parts: &[&str], secret: &Secret, signature: &str) -> bool {
    !parts.iter().any(|part| part.contains('|'))
        && verify(parts.join("|").as_bytes(), secret, signature)
}

fn verify(message: &[u8], secret: &Secret, signature: &str) -> bool {
    bytes(signature).is_some_and(|bytes| mac(message, secret).verify_slice(&bytes).is_ok())
}

fn mac(message: &[u8], secret: &Secret) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.bytes()) else {
        unreachable!("HMAC takes a key of any length (RFC 2104, 3)");
    };
    mac.update(message);
    mac
}

/// The bytes behind exactly 64 characters of lower-case hex.
fn bytes(hex: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let is_digit = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if hex.len() != 2 * SIGNATURE_BYTES || !hex.as_bytes().iter().all(is_digit) {
        return None;
    }
    blake3::Hash::from_hex(hex).ok().map(|hash| *hash.as_bytes())
}
