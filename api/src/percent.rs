//! Rates in percent, as programs read them and as people do.

use kirana_domain::Bps;
use serde::{Serialize, Serializer};

/// A rate in percent: `5`, or `0.25` where it is no whole number.
#[derive(Clone, Copy)]
pub(crate) struct Percent(pub Bps);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.0 {
            bps if bps % 100 == 0 => serializer.serialize_u16(bps / 100),
            bps => serializer.serialize_f64(f64::from(bps) / 100.0),
        }
    }
}

/// A rate as it is printed: `18%`, `2.5%`.
#[derive(Clone, Copy)]
pub(crate) struct PrintedPercent {
    thousandths: u32,
}

impl PrintedPercent {
    /// The whole rate.
    pub(crate) fn of(rate: Bps) -> Self {
        Self { thousandths: u32::from(rate.0) * 10 }
    }

    /// The half of it that CGST and SGST are each.
    pub(crate) fn half_of(rate: Bps) -> Self {
        Self { thousandths: u32::from(rate.0) * 5 }
    }
}

impl std::fmt::Display for PrintedPercent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:03}", self.thousandths / 1_000, self.thousandths % 1_000);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_as_many_decimals_as_they_need() {
        for (bps, whole, half) in
            [(0, "0%", "0%"), (500, "5%", "2.5%"), (1_800, "18%", "9%"), (25, "0.25%", "0.125%")]
        {
            assert_eq!(PrintedPercent::of(Bps(bps)).to_string(), whole);
            assert_eq!(PrintedPercent::half_of(Bps(bps)).to_string(), half);
        }
        assert_eq!(PrintedPercent::of(Bps(10_000)).to_string(), "100%");
    }
}
