//! Paths in one spelling: `%2D` is `-` (RFC 3986 §6.2.2.2), so that routes, ids and the keys of
//! requests see the same path however a client escapes it.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Returns the address with each escape of an unreserved character in its path taken out; `None`
/// when there is none.
pub(super) fn plain(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        if let Some(letter) = unreserved(after) {
            plain.push(letter);
            rest = &after[2..];
        } else {
            plain.push('%');
            rest = after;
        }
    }
    plain.push_str(rest);
    if plain.len() == path.len() {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(plain + &query).ok()?);
    Uri::from_parts(parts).ok()
}

/// Returns the unreserved character (RFC 3986 §2.3) that a text begins with as two hex digits.
fn unreserved(text: &str) -> Option<char> {
    let digits = text.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)).then_some(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_escapes_that_say_nothing_are_taken_out() {
        for (given, wanted) in [
            ("/v1/orders/0198%2Dd0e0", Some("/v1/orders/0198-d0e0")),
            ("/v1/orders/%30198%2dd0e0?q=%2D", Some("/v1/orders/0198-d0e0?q=%2D")),
            ("/v1/a%2Fb%20c%7E", Some("/v1/a%2Fb%20c~")),
            ("/v1/a%2", None),
            ("/v1/a%zz%", None),
            ("/v1/%E0%A4%A6%2", None),
            ("/v1/orders", None),
        ] {
            let plain = plain(&given.parse().unwrap());
            assert_eq!(plain.map(|uri| uri.to_string()).as_deref(), wanted, "{given}");
        }
    }
}
