//! The host that a request names.

use crate::http::problem::{Problem, table};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Version, header};

/// Checks that the request names one host, as each of HTTP/1.1 must (RFC 9112 §3.2).
///
/// # Errors
/// [`table::HEADER_INVALID`].
pub(super) fn check(parts: &Parts) -> Result<(), Problem> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let is_good = match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host.as_bytes()),
        (None, _) => parts.version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    if is_good {
        return Ok(());
    }
    Err(Problem::new(&table::HEADER_INVALID)
        .hint("a request has one Host header: a host, with or without a port"))
}

/// True for nothing, and for a host with or without a port: no user, no path (RFC 9110 §7.2).
fn is_host(host: &[u8]) -> bool {
    let host = host.strip_suffix(b":").unwrap_or(host);
    let is_one = |host: Authority| {
        let port = host.port().map_or(0, |port| 1 + port.as_str().len());
        host.host().len() + port == host.as_str().len()
    };
    host.is_empty() || Authority::try_from(host).is_ok_and(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_a_port() {
        for good in ["x", "shop.example:8080", "[::1]:8080", "127.0.0.1", "", "x:"] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for wrong in ["a b", "user@x", "user@x:80", "x/path", "x:port", "x:99999", "x?y"] {
            assert!(!is_host(wrong.as_bytes()), "{wrong}");
        }
    }
}
