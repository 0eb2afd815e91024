//! `kirana token`: a signed token for development and tests.

use super::{Failure, Output, TokenArgs};
use crate::config::Config;
use crate::http::auth::Tokens;
use crate::output::{say, say_json};
use crate::secret;
use kirana_domain::{PersonId, Principal, Role, StoreId};
use serde_json::json;
use uuid::Uuid;

pub(super) fn run(args: &TokenArgs) -> Result<(), Failure> {
    if args.role == Role::Packer && args.store.is_none() {
        return Err(Failure::Usage("a packer works in one store: give --store".to_owned()));
    }
    let tokens = tokens(&args.config.load()?)?;
    let sub = args.sub.unwrap_or_else(Uuid::now_v7);
    let principal =
        Principal { role: args.role, person_id: PersonId(sub), store_id: args.store.map(StoreId) };
    let token = tokens.sign(&principal, args.ttl);
    match args.output {
        Output::Text => say(&token),
        Output::Json => say_json(json!({
            "token": token,
            "sub": sub,
            "role": args.role.name(),
            "store_id": args.store,
            "ttl_seconds": args.ttl,
        })),
    }
    Ok(())
}

/// The signer with the configured secret, or the one of the data directory.
pub(super) fn tokens(config: &Config) -> Result<Tokens, Failure> {
    let secret = match &config.hs256_secret {
        Some(secret) => secret.clone(),
        None => secret::of_data_dir(&config.data).map_err(Failure::Refused)?.ok_or_else(|| {
            let data = config.data.display();
            Failure::Refused(format!(
                "no server has run on {data} yet, so there is no secret to sign with: run `kirana \
                 serve` there once, or configure hs256_secret"
            ))
        })?,
    };
    Ok(Tokens::new(secret.bytes()))
}

/// Longest life of a token, in seconds: ten years.
const TTL_S_MAX: i64 = 10 * 365 * 24 * 60 * 60;

/// `90s`, `30m`, `1h`, `7d`
pub(super) fn seconds(text: &str) -> Result<i64, String> {
    let unit = text.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60 * 60),
        _ => None,
    });
    let number = text.get(..text.len().saturating_sub(1)).and_then(|n| n.parse::<i64>().ok());
    let seconds = unit.zip(number).and_then(|(unit, number)| number.checked_mul(unit));
    match seconds {
        Some(seconds @ 1..=TTL_S_MAX) => Ok(seconds),
        _ => Err("give a number with s, m, h or d, such as 1h, up to ten years".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_number_with_a_unit() {
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("30m"), Ok(1_800));
        assert_eq!(seconds("1h"), Ok(3_600));
        assert_eq!(seconds("7d"), Ok(604_800));
        for text in ["", "h", "1", "-1h", "0s", "1.5h", "1w", "é", "9999999999999999999h"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
