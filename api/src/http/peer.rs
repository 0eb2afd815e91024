//! Callers by the network that they come from.

mod forwarded;

pub(crate) use forwarded::caller;
use std::net::{IpAddr, Ipv6Addr};

/// Returns the address by which callers are counted: an IPv4 address however it is written, and of
/// an IPv6 address the 64 bits of its network, which one household has (RFC 6177 §2).
pub(crate) fn counted_by(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// The sender of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The address, as near as it is known.
    pub(crate) address: IpAddr,
    /// True when a trusted proxy says that the request came by TLS.
    pub(crate) is_secure: bool,
}

/// Networks of a setting, each with the bits that its addresses share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks(Vec<(u128, u32)>);

impl Networks {
    /// Reads addresses and networks such as `10.0.0.0/8`, separated by commas.
    ///
    /// # Errors
    /// A sentence that names the one that is none.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        let network = |name: &str| {
            network(name).ok_or_else(|| format!("`{name}` is not an address or a network"))
        };
        names.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Returns true when one of them has the address.
    pub(crate) fn have(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|(network, shared)| {
            (bits ^ network).checked_shr(128 - shared).unwrap_or_default() == 0
        })
    }
}

/// Returns the bits of an address, of IPv4 as IPv6 writes them (RFC 4291 §2.5.5.2).
fn bits(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn network(name: &str) -> Option<(u128, u32)> {
    let (address, length) = name.split_once('/').unwrap_or((name, ""));
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let length: u32 = if name.contains('/') { length.parse().ok()? } else { all };
    (length <= all).then_some((bits(address), 128 - all + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_own_addresses_and_no_other() {
        let networks = Networks::parse("10.0.0.0/8, 192.0.2.7,2001:db8::/32").unwrap();
        for (address, is_in) in [
            ("10.255.0.1", true),
            ("::ffff:10.1.1.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(networks.have(address.parse().unwrap()), is_in, "{address}");
        }
        assert!(!Networks::parse("").unwrap().have("127.0.0.1".parse().unwrap()));
        let all = Networks::parse("0.0.0.0/0").unwrap();
        assert!(all.have("203.0.113.1".parse().unwrap()) && !all.have("::1".parse().unwrap()));
        assert!(Networks::parse("::/0").unwrap().have("::1".parse().unwrap()));
        for wrong in ["10.0.0.0/33", "10.0.0", "proxy", "::/129", "10.0.0.0/"] {
            assert!(Networks::parse(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn one_household_is_counted_once() {
        let counted = |address: &str| counted_by(address.parse().unwrap()).to_string();
        assert_eq!(counted("2001:db8:0:1::5"), counted("2001:db8:0:1:ffff::9"));
        assert_ne!(counted("2001:db8:0:1::5"), counted("2001:db8:0:2::5"));
        assert_eq!(counted("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
