//! The caller behind proxies: as a trusted one tells, and nobody else.
//!
//! A proxy appends the address that called it to `Forwarded` (RFC 7239) or to `X-Forwarded-For`, so
//! the last entries are of our own proxies and the first that is none of them is the caller. A
//! caller can send the header that its proxy does not know: where the two differ neither is
//! believed.

use super::{Caller, Networks};
use axum::http::{HeaderMap, HeaderName, header};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Returns the caller of a request that came from `peer`.
pub(crate) fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> Caller {
    let itself = Caller { address: peer, is_secure: false };
    if !trusted.have(peer) {
        return itself;
    }
    let standard: Vec<_> = members(headers, &header::FORWARDED).collect();
    let usual: Vec<_> = members(headers, &X_FORWARDED_FOR).collect();
    let by_standard = nearest(peer, standard.iter().map(|member| pair(member, "for")), trusted);
    let by_usual = nearest(peer, usual.iter().copied().map(Some), trusted);
    let address = match (standard.is_empty(), usual.is_empty()) {
        (false, true) => by_standard,
        (true, false) => by_usual,
        (false, false) if by_standard == by_usual => by_usual,
        _ => return itself,
    };
    let scheme = match standard.last() {
        Some(member) => pair(member, "proto"),
        None => members(headers, &X_FORWARDED_PROTO).last(),
    };
    Caller { address, is_secure: scheme.is_some_and(|it| it.eq_ignore_ascii_case("https")) }
}

/// Returns the members of a list that may stand in several lines.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// Returns the value of a pair of a member of `Forwarded`.
fn pair<'a>(member: &'a str, name: &str) -> Option<&'a str> {
    let pairs = member.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.trim().trim_matches('"'))
}

/// Returns the last address that is no trusted proxy, or the last that is known.
fn nearest<'a>(
    peer: IpAddr,
    told: impl DoubleEndedIterator<Item = Option<&'a str>>,
    trusted: &Networks,
) -> IpAddr {
    let mut nearest = peer;
    for told in told.rev() {
        let Some(address) = told.and_then(address) else { break };
        nearest = address;
        if !trusted.have(address) {
            break;
        }
    }
    nearest
}

/// Reads an address as either header has it, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[(&'static str, &str)]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let trusted = Networks::parse("10.0.0.0/8").unwrap();
        let caller = caller("10.0.0.1".parse().unwrap(), &headers, &trusted);
        (caller.address.to_string(), caller.is_secure)
    }

    #[test]
    fn the_last_address_that_is_no_proxy_of_ours_is_the_caller() {
        for (lines, address) in [
            (&[][..], "10.0.0.1"),
            (&[("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            (&[("x-forwarded-for", "198.51.100.9, 192.0.2.1, 10.0.0.7")], "192.0.2.1"),
            (&[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.0.0.7")], "192.0.2.1"),
            (&[("x-forwarded-for", "192.0.2.1:4711")], "192.0.2.1"),
            (&[("x-forwarded-for", "192.0.2.1, unknown")], "10.0.0.1"),
            (&[("x-forwarded-for", "unknown, 10.0.0.7")], "10.0.0.7"),
            (&[("forwarded", "for=192.0.2.1;proto=https")], "192.0.2.1"),
            (&[("forwarded", "For=\"[2001:db8::1]:4711\"")], "2001:db8::1"),
            (&[("forwarded", "for=\"192.0.2.9, for=192.0.2.1")], "192.0.2.1"),
            (&[("forwarded", "by=10.0.0.1")], "10.0.0.1"),
            (&[("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            // One of the two is the caller's own, and nobody knows which.
            (&[("forwarded", "for=192.0.2.9"), ("x-forwarded-for", "192.0.2.1")], "10.0.0.1"),
        ] {
            assert_eq!(told(lines).0, address, "{lines:?}");
        }
    }

    #[test]
    fn the_nearest_proxy_says_whether_the_caller_came_by_tls() {
        assert!(told(&[("forwarded", "for=192.0.2.1;proto=http, for=10.0.0.7;proto=https")]).1);
        assert!(!told(&[("forwarded", "for=192.0.2.1;proto=https, for=10.0.0.7")]).1);
        let usual = ("x-forwarded-for", "192.0.2.1");
        assert!(told(&[usual, ("x-forwarded-proto", "https")]).1);
        assert!(!told(&[usual]).1);
    }

    #[test]
    fn nobody_else_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, "192.0.2.1".parse().unwrap());
        let stranger: IpAddr = "203.0.113.5".parse().unwrap();
        let trusted = Networks::parse("10.0.0.0/8").unwrap();
        assert_eq!(caller(stranger, &headers, &trusted).address, stranger);
        assert_eq!(caller(stranger, &headers, &Networks::default()).address, stranger);
    }
}
