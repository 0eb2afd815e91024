//! HS256 tokens (RFC 7519), written out by hand because it is thirty lines and every
//! one of them matters.
//!
//! The algorithm is pinned, not read from the token. What a token says is believed only after its
//! signature was compared in constant time.

mod cache;
#[cfg(test)]
mod tests;

use crate::http::problem::{Problem, table};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cache::TokenCache;
use hmac::{Hmac, KeyInit, Mac};
use kirana_domain::{PersonId, Principal, Role, StoreId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Clocks may differ by this much.
const LEEWAY_S: i64 = 30;
/// Bytes of a token; a Supabase one has about a thousand.
const TOKEN_BYTES_MAX: usize = 4_096;

/// Signs and verifies tokens.
pub struct Tokens {
    mac: Hmac<Sha256>,
    /// For what only we must be able to make: cursors.
    cursor_key: [u8; 32],
    cache: TokenCache,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// The claims that we read in a token. It may have more.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    exp: NumericDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<NumericDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<NumericDate>,
    app_metadata: AppMetadata,
}

/// Seconds since 1970 (RFC 7519 §2). A fraction of one, and an exponent, may be sent; whole seconds
/// count here.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(from = "f64", into = "i64")]
struct NumericDate(i64);

impl From<f64> for NumericDate {
    #[allow(clippy::cast_possible_truncation, reason = "ends at the last second that there is")]
    fn from(seconds: f64) -> Self {
        Self(seconds.floor() as i64)
    }
}

impl From<NumericDate> for i64 {
    fn from(date: NumericDate) -> Self {
        date.0
    }
}

#[derive(Serialize, Deserialize)]
struct AppMetadata {
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store_id: Option<Uuid>,
}

impl Tokens {
    /// For a shared secret.
    pub fn new(secret: &[u8]) -> Self {
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self {
            mac,
            cursor_key: blake3::derive_key("kirana gateway cursor v1", secret),
            cache: TokenCache::default(),
        }
    }

    /// The key that authenticates our cursors.
    pub(crate) fn cursor_key(&self) -> &[u8; 32] {
        &self.cursor_key
    }

    /// Returns the holder of a token, and when it stops being good, in seconds since 1970.
    ///
    /// # Errors
    /// [`table::TOKEN_INVALID`] or [`table::TOKEN_EXPIRED`].
    pub(crate) fn verify_until(&self, token: &str) -> Result<(Principal, i64), Problem> {
        let now_s = now_s();
        if let Some(known) = self.cache.get(token, now_s) {
            return Ok(known);
        }
        let claims = self.claims(token)?;
        if claims.exp.0.saturating_add(LEEWAY_S) <= now_s {
            return Err(Problem::new(&table::TOKEN_EXPIRED));
        }
        if claims.nbf.is_some_and(|nbf| now_s.saturating_add(LEEWAY_S) < nbf.0) {
            return Err(invalid("the token is not valid yet"));
        }
        let principal = principal_of(&claims)?;
        let until_s = claims.exp.0.saturating_add(LEEWAY_S);
        self.cache.insert(token, principal, until_s, now_s);
        Ok((principal, until_s))
    }

    fn claims(&self, token: &str) -> Result<Claims, Problem> {
        let malformed = || invalid("the token is malformed");
        if token.len() > TOKEN_BYTES_MAX {
            return Err(malformed());
        }
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
        let header: Header = decode(header).ok_or_else(malformed)?;
        if header.alg != "HS256" || header.crit.is_some() {
            return Err(invalid("tokens are signed with HS256 here"));
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        let mac = self.mac.clone().chain_update(signed);
        mac.verify_slice(&signature).map_err(|_| invalid("the token is not signed by us"))?;
        decode(payload)
            .ok_or_else(|| invalid("the token lacks a UUID as subject, an expiry or a role"))
    }

    /// A token for development and tests.
    pub fn sign(&self, principal: &Principal, ttl_s: i64) -> String {
        let now_s = now_s();
        let claims = Claims {
            sub: principal.person_id.0,
            exp: NumericDate(now_s.saturating_add(ttl_s)),
            nbf: None,
            iat: Some(NumericDate(now_s)),
            app_metadata: AppMetadata {
                role: principal.role.name().to_owned(),
                store_id: principal.store_id.map(|store| store.0),
            },
        };
        let payload = serde_json::to_vec(&claims).expect("claims can be rendered");
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
        let mac = self.mac.clone().chain_update(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
    }
}

fn decode<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn principal_of(claims: &Claims) -> Result<Principal, Problem> {
    let role = Role::parse(&claims.app_metadata.role)
        // The engine's own role is nobody's to claim.
        .filter(|role| *role != Role::System)
        .ok_or_else(|| invalid("the token has no role that is known here"))?;
    let store_id = claims.app_metadata.store_id.map(StoreId);
    Ok(Principal { role, person_id: PersonId(claims.sub), store_id })
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(&table::TOKEN_INVALID).hint(detail)
}

pub(crate) fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
