//! Faults, and how often they happen.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Milliseconds of the longest delay that may be asked for: a day.
const DELAY_MS_MAX: u64 = 86_400_000;
/// Everything at once, for those who want to see what holds.
const NASTY: &str = "slow=10,slow_ms=20-400,fail_before=5,fail_after=5,drop_after=5,burst=1,\
    burst_length=5,webhook_duplicate=20,webhook_reorder=20,webhook_late=10,webhook_lost=5,\
    pay_amount=2,pay_currency=1,pay_twice=3,refund_fails=5";

/// Faults. Those without a unit are percentages: in how many of a hundred cases it happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The answer takes long; the work is done in the middle of that time.
    pub slow: u8,
    /// Delay in milliseconds, from and to.
    pub slow_ms: (u64, u64),
    /// 5xx, and the work is not done.
    pub fail_before: u8,
    /// 5xx, and the work is done.
    pub fail_after: u8,
    /// The connection ends without an answer, and the work is done.
    pub drop_after: u8,
    /// A burst of 429 begins.
    pub burst: u8,
    /// Requests of such a burst.
    pub burst_length: u32,
    /// A webhook is sent twice, with the same event id.
    pub webhook_duplicate: u8,
    /// The webhooks of one step are sent the last one first.
    pub webhook_reorder: u8,
    /// A webhook waits.
    pub webhook_late: u8,
    /// Delay in milliseconds of the provider's time, from and to.
    pub webhook_late_ms: (u64, u64),
    /// A webhook is never sent.
    pub webhook_lost: u8,
    /// A customer pays one rupee less than was asked.
    pub pay_amount: u8,
    /// A customer pays in dollars.
    pub pay_currency: u8,
    /// A customer pays a second time, and the provider captures it.
    pub pay_twice: u8,
    /// A refund is accepted and fails later.
    pub refund_fails: u8,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            slow: 0,
            slow_ms: (50, 500),
            fail_before: 0,
            fail_after: 0,
            drop_after: 0,
            burst: 0,
            burst_length: 10,
            webhook_duplicate: 0,
            webhook_reorder: 0,
            webhook_late: 0,
            webhook_late_ms: (1_000, 60_000),
            webhook_lost: 0,
            pay_amount: 0,
            pay_currency: 0,
            pay_twice: 0,
            refund_fails: 0,
        }
    }
}

impl Faults {
    /// Reads `name=number,name=from-to,…`, or `none`, or `nasty` for everything at once.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn parse(spec: &str) -> Result<Self, String> {
        let spec = match spec.trim() {
            "none" => "",
            "nasty" => NASTY,
            other => other,
        };
        let mut fields = Map::new();
        for part in spec.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = || format!("`{part}` is not name=number or name=from-to");
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
            let value = match value.split_once('-') {
                Some((from, to)) => json!([number(from)?, number(to)?]),
                None => json!(number(value)?),
            };
            fields.insert(name.trim().to_owned(), value);
        }
        Self::from_json(Value::Object(fields))
    }

    /// Reads an object of the same names; what is not in it is as it was in the beginning.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn from_json(value: Value) -> Result<Self, String> {
        let faults: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let percents = [
            faults.slow,
            faults.fail_before,
            faults.fail_after,
            faults.drop_after,
            faults.burst,
            faults.webhook_duplicate,
            faults.webhook_reorder,
            faults.webhook_late,
            faults.webhook_lost,
            faults.pay_amount,
            faults.pay_currency,
            faults.pay_twice,
            faults.refund_fails,
        ];
        if percents.iter().any(|percent| *percent > 100) {
            return Err("a fault happens in at most 100 of a hundred cases".to_owned());
        }
        for (from, to) in [faults.slow_ms, faults.webhook_late_ms] {
            if from > to || to > DELAY_MS_MAX {
                return Err(format!("a delay goes from less to more, at most {DELAY_MS_MAX} ms"));
            }
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_faults_is_read_and_a_wrong_one_is_named() {
        let faults = Faults::parse("slow=5, slow_ms=10-20,drop_after=100").unwrap();
        let expected = Faults { slow: 5, slow_ms: (10, 20), drop_after: 100, ..Faults::default() };
        assert_eq!(faults, expected);
        assert_eq!(Faults::parse("none").unwrap(), Faults::default());
        assert_eq!(Faults::parse("").unwrap(), Faults::default());
        assert!(Faults::parse("nasty").unwrap().webhook_lost > 0);
        for (spec, part) in [
            ("slo=5", "slo"),
            ("slow", "`slow`"),
            ("slow=x", "slow=x"),
            ("slow=101", "100"),
            ("slow=300", "300"),
            ("slow_ms=9-3", "less to more"),
            ("slow_ms=3", "invalid type"),
        ] {
            let error = Faults::parse(spec).unwrap_err();
            assert!(error.contains(part), "{spec}: {error}");
        }
        let json = serde_json::to_value(Faults::parse("nasty").unwrap()).unwrap();
        assert_eq!(Faults::from_json(json).unwrap(), Faults::parse("nasty").unwrap());
    }
}
