//! Public addresses: anybody on the internet may reach them. Webhooks go only there, unless the
//! configuration says otherwise. The name is looked up once, every address of it is checked, and
//! the call goes to one of exactly these.
//!
//! The ranges are those of the IANA registries of special-purpose addresses (RFC 6890 and its
//! updates), and what clouds answer their machines from.

use hyper::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::lookup_host;

/// Addresses of one name that are looked at; a name with more of them is refused.
const ADDRESSES_MAX: usize = 64;

/// Networks of IPv4 that are not the public internet, with their prefix lengths.
const PRIVATE_V4: [([u8; 4], u8); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10), // Carrier-grade NAT; a cloud has its metadata here.
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32), // A cloud answers its own machines from here.
    ([169, 254, 0, 0], 16),   // Link-local, and the metadata of most clouds.
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4), // Multicast.
    ([240, 0, 0, 0], 4), // Reserved, and broadcast.
];

/// Networks inside 2000::/3, the global unicast of IPv6, that are not the public internet.
const PRIVATE_V6: [(u128, u8); 4] = [
    (0x2001_0000 << 96, 23), // Protocol assignments; Teredo carries IPv4 in it.
    (0x2001_0db8 << 96, 32),
    (0x2002_0000 << 96, 16), // 6to4 carries IPv4 in it.
    (0x3fff_0000 << 96, 20),
];

/// An address that messages may be sent to: `https`, or `http` to this machine where that is
/// allowed, and not the number of an address that strangers may not reach.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn address(url: &str, allow_private: bool) -> Result<Uri, String> {
    let uri = super::address(url)?;
    if !allow_private && uri.scheme_str() != Some("https") {
        return Err("webhooks go over https only".to_owned());
    }
    if !allow_private && literal(&uri).is_some_and(|ip| !is_public(ip)) {
        return Err("webhooks do not go to private addresses".to_owned());
    }
    Ok(uri)
}

/// True for an address that anybody on the internet may reach.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let bits = ip.to_bits();
    let is_in = |(network, length): &([u8; 4], u8)| {
        let shift = 32 - u32::from(*length);
        bits >> shift == u32::from_be_bytes(*network) >> shift
    };
    !PRIVATE_V4.iter().any(is_in)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let bits = ip.to_bits();
    let is_in = |(network, length): &(u128, u8)| {
        let shift = 128 - u32::from(*length);
        bits >> shift == network >> shift
    };
    // Whatever is not global unicast is local, multicast, carries IPv4, or is not given out.
    bits >> 125 == 0b001 && !PRIVATE_V6.iter().any(is_in)
}

/// The address in a URL whose host is a number.
pub(crate) fn literal(uri: &Uri) -> Option<IpAddr> {
    bare_host(uri).parse().ok()
}

fn bare_host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// The addresses that a URL leads to, IPv4 first.
///
/// # Errors
/// A sentence, when there is none, or when any of them is private and that is not allowed: a name
/// that leads to both is made to deceive.
pub(crate) async fn resolve(uri: &Uri, allow_private: bool) -> Result<Vec<SocketAddr>, String> {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let found = lookup_host((bare_host(uri), port)).await;
    let found = found.map_err(|_| "the name of the endpoint has no address".to_owned())?;
    check(found.take(ADDRESSES_MAX + 1).collect(), allow_private)
}

fn check(mut found: Vec<SocketAddr>, allow_private: bool) -> Result<Vec<SocketAddr>, String> {
    if found.is_empty() {
        return Err("the name of the endpoint has no address".to_owned());
    }
    if found.len() > ADDRESSES_MAX {
        return Err("the name of the endpoint has too many addresses".to_owned());
    }
    if !allow_private && !found.iter().all(|address| is_public(address.ip())) {
        return Err("the endpoint leads to a private address".to_owned());
    }
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_a_stranger_may_not_reach_are_private() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:1234::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "3fff:fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_beside_the_private_ones_are_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.114.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2400:cb00::1",
            "2606:4700:4700::1111",
            "3ffe::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_name_with_one_private_address_is_refused_and_ipv4_goes_first() {
        let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let (four, six, own) = (at("1.1.1.1:443"), at("[2606:4700::1]:443"), at("10.0.0.1:443"));
        assert_eq!(check(vec![six, four], false), Ok(vec![four, six]));
        assert!(check(vec![four, own], false).unwrap_err().contains("private"));
        assert_eq!(check(vec![four, own], true), Ok(vec![four, own]));
        assert!(check(Vec::new(), true).is_err());
        assert!(check(vec![four; ADDRESSES_MAX + 1], false).is_err());
    }

    #[tokio::test]
    async fn a_number_is_looked_up_as_itself_in_every_way_to_write_it() {
        for url in ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/"] {
            let uri: Uri = url.parse().unwrap();
            assert!(literal(&uri).is_some_and(|ip| !is_public(ip)), "{url}");
            assert!(resolve(&uri, false).await.unwrap_err().contains("private"), "{url}");
            assert_eq!(resolve(&uri, true).await.unwrap()[0].port(), 443, "{url}");
        }
        // A resolver takes these for 127.0.0.1 too, or knows no such name.
        for url in ["https://2130706433/", "https://0x7f.1/", "https://localhost/"] {
            assert!(resolve(&url.parse().unwrap(), false).await.is_err(), "{url}");
        }
    }

    #[test]
    fn an_address_is_https_and_public_unless_private_ones_are_allowed() {
        for url in ["https://erp.example/hook", "https://1.1.1.1:8443/"] {
            assert!(address(url, false).is_ok() && address(url, true).is_ok(), "{url}");
        }
        for url in
            ["http://127.0.0.1:9/", "https://10.0.0.1/", "https://[::1]/", "https://0.0.0.0/"]
        {
            assert!(address(url, false).is_err() && address(url, true).is_ok(), "{url}");
        }
        for url in ["http://erp.example/", "ftp://erp.example/", "https://a@erp.example/", "erp"] {
            assert!(address(url, false).is_err() && address(url, true).is_err(), "{url}");
        }
    }
}
