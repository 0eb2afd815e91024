//! Tokens (RFC 7519): our own, signed with a secret (HS256), and those of the sign-in service,
//! signed with that secret too or with a private key (ES256, RS256).
//!
//! A token only chooses among the keys; the key decides the algorithm. What a token says is
//! believed only after its signature was checked, in constant time where it is a secret's.

mod cache;
mod claims;
mod jwk;
mod key_set;
mod revocations;
mod standing;
#[cfg(test)]
mod tests;

use crate::http::problem::{Problem, table};
use crate::outbound::{self, Outbound};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cache::TokenCache;
pub(crate) use claims::Names;
use claims::{Claims, Header};
use hmac::{Hmac, KeyInit, Mac};
use jwk::KeyId;
use key_set::{KeySet, Source};
use kirana_domain::Principal;
use kirana_engine::{Clock, SystemClock};
use revocations::Mark;
pub(crate) use revocations::{Revocation, Revocations, RevokeError, Subject};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
pub(crate) use standing::Pass;
use standing::Standing;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of a token; a Supabase one has about a thousand.
const TOKEN_BYTES_MAX: usize = 4_096;
/// The audience of tokens of Supabase Auth.
pub(crate) const AUDIENCE: &str = "authenticated";

/// The sign-in service: the names in its tokens, and the place of its public keys.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub(crate) names: Names,
    pub(crate) keys: Option<KeysAt>,
}

/// The place of a set of keys.
#[derive(Clone, Debug)]
pub(crate) enum KeysAt {
    /// An address, as [`outbound::address`] has checked it.
    Url(String),
    /// A file.
    File(PathBuf),
}

/// Signs and verifies tokens.
pub struct Tokens {
    mac: Hmac<Sha256>,
    /// For what only we must be able to make: cursors.
    cursor_key: [u8; 32],
    cache: TokenCache,
    clock: Arc<dyn Clock>,
    names: Names,
    standing: Arc<Standing>,
}

/// The holder of a token that was found good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    /// The person, as what they come here.
    pub(crate) principal: Principal,
    /// The end of the token, in seconds since 1970.
    until_s: i64,
    /// True for who has signed in without a name: a cart, and no order.
    pub(crate) is_anonymous: bool,
    /// The public key that it was found good by; `None` for our secret.
    key: Option<KeyId>,
    /// The person and the sign-in, as they may be revoked.
    marks: [Option<Mark>; 3],
}

impl Tokens {
    /// For a shared secret alone.
    pub fn new(secret: &[u8]) -> Self {
        Self::at(secret, Arc::new(SystemClock))
    }

    fn at(secret: &[u8], clock: Arc<dyn Clock>) -> Self {
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self {
            mac,
            cursor_key: blake3::derive_key("kirana gateway cursor v1", secret),
            cache: TokenCache::default(),
            clock,
            names: Names { issuer: None, audience: AUDIENCE.to_owned() },
            standing: Arc::default(),
        }
    }

    /// Takes the tokens of a sign-in service as well, whose keys are kept from now on, and none of
    /// those who were revoked.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn with(
        mut self,
        sign_in: SignIn,
        revocations: Revocations,
    ) -> Result<Self, String> {
        self.names = sign_in.names;
        let source = match sign_in.keys {
            None => None,
            Some(KeysAt::Url(url)) => {
                Some(Source::Url(outbound::address(&url)?, Box::new(Outbound::new()?)))
            }
            Some(KeysAt::File(path)) => Some(Source::file(path)?),
        };
        let keys = source.map(|source| Arc::new(KeySet::new(source, Arc::clone(&self.clock))));
        let standing = Standing { keys: keys.clone(), revocations, ..Standing::default() };
        if let Some(keys) = keys {
            let changes = standing.changes.clone();
            tokio::spawn(async move { keys.keep_fresh(|| changes.send_replace(())).await });
        }
        self.standing = Arc::new(standing);
        Ok(self)
    }

    /// The key that authenticates our cursors.
    pub(crate) fn cursor_key(&self) -> &[u8; 32] {
        &self.cursor_key
    }

    /// Returns the holder of a token.
    ///
    /// # Errors
    /// [`table::TOKEN_INVALID`], [`table::TOKEN_EXPIRED`], [`table::TOKEN_REVOKED`],
    /// [`table::KEYS_UNAVAILABLE`].
    pub(crate) async fn verify(&self, token: &str) -> Result<Holder, Problem> {
        let holder = self.authentic(token).await?;
        if self.standing.revocations.hold_for(&holder) {
            return Err(Problem::new(&table::TOKEN_REVOKED));
        }
        Ok(holder)
    }

    /// Returns the holder of a token that somebody has made who may.
    async fn authentic(&self, token: &str) -> Result<Holder, Problem> {
        let now_s = self.now_s();
        let known = self.cache.get(token, now_s);
        if let Some(holder) = known.filter(|holder| self.standing.knows_key_of(holder)) {
            return Ok(holder);
        }
        let (claims, key) = self.signed(token).await?;
        claims.check(&self.names, key.is_some(), now_s)?;
        let holder = claims.holder(key)?;
        self.cache.insert(token, holder, now_s);
        Ok(holder)
    }

    /// Returns the claims of a token with a good signature, and the public key that it is by.
    async fn signed(&self, token: &str) -> Result<(Claims, Option<KeyId>), Problem> {
        let malformed = || invalid("the token is malformed");
        if token.len() > TOKEN_BYTES_MAX {
            return Err(malformed());
        }
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
        let header: Header = decode(header).ok_or_else(malformed)?;
        header.check()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        let not_ours = || invalid("the token is not signed by us");
        let key = match (header.alg.as_str(), &self.standing.keys) {
            // The secret is for this algorithm only, and no public key is for it.
            ("HS256", _) => {
                let mac = self.mac.clone().chain_update(signed);
                mac.verify_slice(&signature).map_err(|_| not_ours())?;
                None
            }
            ("ES256" | "RS256", Some(keys)) => {
                let kid = header.kid.as_deref();
                let kid = kid.ok_or_else(|| invalid("the token does not name its key"))?;
                let key = keys.find(kid).await?;
                if key.algorithm() != header.alg || !key.verifies(signed.as_bytes(), &signature) {
                    return Err(not_ours());
                }
                Some(key.id)
            }
            _ => return Err(invalid("the algorithm of the token is not used here")),
        };
        let claims = decode(payload);
        let claims = claims.ok_or_else(|| invalid("the token lacks a UUID as subject, or an end"));
        Ok((claims?, key))
    }

    /// Returns the right of a holder to a stream.
    pub(crate) fn pass(&self, holder: Holder) -> Pass {
        let seconds = holder.until_s.saturating_sub(self.now_s());
        // Far enough for ever, and near enough for the clock.
        let seconds = u64::try_from(seconds).unwrap_or(0).min(10 * 365 * 24 * 3_600);
        Pass::new(holder, &self.standing, Instant::now() + Duration::from_secs(seconds))
    }

    /// Revokes a person or a sign-in, and returns the revocation that holds.
    ///
    /// # Errors
    /// [`RevokeError`]; then nothing has changed.
    pub(crate) async fn revoke(
        &self,
        subject: Subject,
        by: &Principal,
    ) -> Result<Revocation, RevokeError> {
        let (at_ms, role) = (self.clock.wall_ms(), by.role);
        let new = Revocation { subject, at_ms, by: by.person_id, role };
        self.standing.change(move |revocations| revocations.revoke(new)).await
    }

    /// Takes a revocation back, if there is one.
    ///
    /// # Errors
    /// [`RevokeError`]; then nothing has changed.
    pub(crate) async fn lift(&self, subject: Subject, by: &Principal) -> Result<(), RevokeError> {
        let role = by.role;
        self.standing.change(move |revocations| revocations.lift(&subject, role)).await
    }

    /// Returns all revocations.
    pub(crate) fn revoked(&self) -> Vec<Revocation> {
        self.standing.revocations.all()
    }

    /// A token for development and tests.
    pub fn sign(&self, principal: &Principal, ttl_s: i64) -> String {
        let now_s = self.now_s();
        let mut given = json!({ "role": principal.role.name() });
        if let Some(store_id) = principal.store_id {
            given["store_id"] = json!(store_id.0);
        }
        let claims = json!({
            "sub": principal.person_id.0,
            "exp": now_s.saturating_add(ttl_s),
            "iat": now_s,
            "app_metadata": given,
        });
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mac = self.mac.clone().chain_update(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// Returns the time of the wall clock, which those who make tokens go by.
    fn now_s(&self) -> i64 {
        self.clock.wall_ms().div_euclid(1_000)
    }
}

fn decode<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(&table::TOKEN_INVALID).hint(detail)
}
