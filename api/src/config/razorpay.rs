//! The settings of Razorpay: all of them or none.

use super::table::Hidden;
use crate::outbound;
use crate::razorpay::Settings;
use crate::razorpay::client::Access;
use crate::secret::Secret;
use std::time::Duration;

/// The longest time that a call may be given: a minute.
const TIMEOUT_MS_MAX: u64 = 60_000;

/// The keys, as they were given.
#[derive(Debug)]
#[cfg_attr(test, derive(Default))]
pub(super) struct Given {
    pub(super) key_id: Option<String>,
    pub(super) key_secret: Option<Hidden>,
    pub(super) webhook_secret: Option<Hidden>,
    pub(super) webhook_secret_previous: Option<Hidden>,
    pub(super) url: String,
    pub(super) timeout_ms: u64,
}

impl Given {
    /// Checks them and puts them together; `None` where none of the three that are needed is there.
    pub(super) fn resolve(self) -> Result<Option<Settings>, String> {
        let (key_id, key_secret, webhook_secret) =
            match (self.key_id, self.key_secret, self.webhook_secret) {
                (None, None, None) => return Ok(None),
                (Some(id), Some(secret), Some(webhook)) => (id, secret, webhook),
                _ => {
                    return Err("Razorpay needs razorpay_key_id, razorpay_key_secret and \
                                razorpay_webhook_secret, all three"
                        .to_owned());
                }
            };
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if key_id.is_empty() || key_id.len() > 64 || !key_id.bytes().all(is_id) {
            return Err("razorpay_key_id is not one, such as rzp_live_…".to_owned());
        }
        let secret = |name: &str, hidden: Hidden| {
            Secret::short(hidden.0.into_bytes()).map_err(|error| format!("{name}: {error}"))
        };
        let mut webhook_secrets = vec![secret("razorpay_webhook_secret", webhook_secret)?];
        if let Some(previous) = self.webhook_secret_previous {
            webhook_secrets.push(secret("razorpay_webhook_secret_previous", previous)?);
        }
        let url = self.url;
        outbound::address(&url).map_err(|error| format!("razorpay_url: {error}"))?;
        let timeout = match self.timeout_ms {
            ms @ 1..=TIMEOUT_MS_MAX => Duration::from_millis(ms),
            _ => return Err(format!("razorpay_timeout_ms is 1 to {TIMEOUT_MS_MAX}")),
        };
        let key_secret = secret("razorpay_key_secret", key_secret)?;
        let access = Access { key_id, key_secret, url, timeout };
        Ok(Some(Settings { access, webhook_secrets }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::razorpay::client;

    fn given() -> Given {
        let hidden = |text: &str| Some(Hidden(text.to_owned()));
        Given {
            key_id: Some("rzp_test_1".to_owned()),
            key_secret: hidden("tell_nobody_1"),
            webhook_secret: hidden("tell_nobody_2"),
            url: client::URL.to_owned(),
            timeout_ms: 10_000,
            ..Given::default()
        }
    }

    #[test]
    fn razorpay_is_configured_whole_or_not_at_all() {
        assert!(Given::default().resolve().unwrap().is_none());
        let razorpay = given().resolve().unwrap().unwrap();
        assert_eq!(razorpay.access.url, "https://api.razorpay.com/v1");
        assert_eq!(razorpay.access.timeout, Duration::from_secs(10));
        assert_eq!(razorpay.webhook_secrets.len(), 1);
        let error = Given { webhook_secret: None, ..given() }.resolve().unwrap_err();
        assert!(error.contains("razorpay_webhook_secret"), "{error}");
        let previous = Some(Hidden("old".to_owned()));
        let both = Given { webhook_secret_previous: previous, ..given() };
        let secrets = both.resolve().unwrap().unwrap().webhook_secrets;
        assert_eq!(secrets[0].bytes(), b"tell_nobody_2");
        assert_eq!(secrets[1].bytes(), b"old");
    }

    #[test]
    fn a_razorpay_setting_that_is_not_right_is_named() {
        let url = |url: &str| Given { url: url.to_owned(), ..given() };
        let timeout = |ms| Given { timeout_ms: ms, ..given() };
        let key = Given { key_id: Some("a b".to_owned()), ..given() };
        let empty = Given { key_secret: Some(Hidden(String::new())), ..given() };
        for (given, name) in [
            (url("http://api.razorpay.com/v1"), "razorpay_url"),
            (url("ftp://127.0.0.1"), "razorpay_url"),
            (timeout(0), "razorpay_timeout_ms"),
            (timeout(60_001), "razorpay_timeout_ms"),
            (key, "razorpay_key_id"),
            (empty, "razorpay_key_secret"),
        ] {
            let error = given.resolve().unwrap_err();
            assert!(error.contains(name), "{error}");
            assert!(!error.contains("tell_nobody"), "{error}");
        }
        assert!(url("http://127.0.0.1:8090/v1").resolve().is_ok());
    }

    #[test]
    fn no_razorpay_secret_is_ever_printed() {
        let printed = format!("{:?} {:?}", given(), given().resolve());
        assert!(!printed.contains("tell_nobody"), "{printed}");
        assert!(printed.contains("rzp_test_1"), "{printed}");
    }
}
