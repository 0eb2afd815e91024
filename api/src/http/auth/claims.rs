//! The parts of a token (RFC 7519) that are read, and what they must say.

use super::jwk::KeyId;
use super::revocations::Subject;
use super::{Holder, invalid};
use crate::http::problem::{Problem, table};
use kirana_domain::{PersonId, Principal, Role, StoreId};
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use uuid::Uuid;

/// Clocks may differ by this much.
pub(super) const LEEWAY_S: i64 = 30;
/// The role in the database of somebody who has signed in, in tokens of Supabase Auth.
const SIGNED_IN: &str = "authenticated";

/// The issuer and the audience that tokens must name.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The sign-in service (`iss`); `None` where none was configured.
    pub issuer: Option<String>,
    /// This shop (`aud`).
    pub audience: String,
}

/// The head of a token.
#[derive(serde::Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default)]
    pub(super) kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    /// True when it is there, whatever it says: no extension is known here.
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

impl Header {
    /// Refuses what is no JWT, and what says that more must be understood than is (RFC 7515
    /// §4.1.9 and §4.1.11).
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.crit {
            return Err(invalid("the token needs an extension that is not known here"));
        }
        match &self.typ {
            Some(typ) if !typ.eq_ignore_ascii_case("JWT") => Err(invalid("the token is no JWT")),
            _ => Ok(()),
        }
    }
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// The claims that are read in a token. It may have more.
#[derive(serde::Deserialize)]
pub(super) struct Claims {
    sub: Uuid,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    iss: Option<String>,
    aud: Option<OneOrMany>,
    role: Option<String>,
    session_id: Option<String>,
    jti: Option<String>,
    is_anonymous: Option<bool>,
    app_metadata: Option<AppMetadata>,
}

/// Seconds since 1970 (RFC 7519 §2). A fraction of one, and an exponent, may be sent; whole seconds
/// count here.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(from = "f64")]
struct NumericDate(i64);

impl From<f64> for NumericDate {
    #[allow(clippy::cast_possible_truncation, reason = "ends at the last second that there is")]
    fn from(seconds: f64) -> Self {
        Self(seconds.floor() as i64)
    }
}

/// One text, or several (RFC 7519 §4.1.3).
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(text) => text == wanted,
            Self::Many(texts) => texts.iter().any(|text| text == wanted),
        }
    }
}

/// The claims that only the shop can set. A user's own metadata is never read.
#[derive(serde::Deserialize)]
struct AppMetadata {
    role: Option<String>,
    store_id: Option<Uuid>,
}

impl Claims {
    /// Returns the last second in which the token is good.
    pub(super) fn until_s(&self) -> i64 {
        self.exp.0.saturating_add(LEEWAY_S)
    }

    /// Checks when, by whom and for whom the token was made. One under a public key must name its
    /// issuer and its audience; one under our secret may leave out both, as our own do.
    ///
    /// # Errors
    /// [`table::TOKEN_EXPIRED`] or [`table::TOKEN_INVALID`].
    pub(super) fn check(
        &self,
        names: &Names,
        by_public_key: bool,
        now_s: i64,
    ) -> Result<(), Problem> {
        let is_later = |date: Option<NumericDate>| {
            date.is_some_and(|date| now_s.saturating_add(LEEWAY_S) < date.0)
        };
        if self.until_s() <= now_s {
            return Err(Problem::new(&table::TOKEN_EXPIRED));
        }
        if is_later(self.nbf) || is_later(self.iat) {
            return Err(invalid("the token is not valid yet"));
        }
        let is_ours = match (&self.iss, &names.issuer) {
            (Some(issuer), Some(wanted)) => issuer == wanted,
            _ => !by_public_key,
        };
        if !is_ours {
            return Err(invalid("the token was issued by somebody else"));
        }
        if !self.aud.as_ref().map_or(!by_public_key, |aud| aud.has(&names.audience)) {
            return Err(invalid("the token was issued for somebody else"));
        }
        Ok(())
    }

    /// Returns the holder.
    ///
    /// # Errors
    /// [`table::TOKEN_INVALID`] without a role that is known here, or with one of the staff and
    /// without a name.
    pub(super) fn holder(&self, key: Option<KeyId>) -> Result<Holder, Problem> {
        let principal = self.principal()?;
        let is_anonymous = self.is_anonymous == Some(true);
        if is_anonymous && principal.role != Role::Customer {
            return Err(invalid("nobody works here without a name"));
        }
        let person = Subject::Person(principal.person_id).mark();
        let sign_in =
            |id: &Option<String>| id.as_deref().map(|id| Subject::Session(id.into()).mark());
        let marks = [Some(person), sign_in(&self.session_id), sign_in(&self.jti)];
        Ok(Holder { principal, until_s: self.until_s(), is_anonymous, key, marks })
    }

    /// Returns the person with the role and the store that the shop gave them, or else as a
    /// customer, if the sign-in service knows them.
    fn principal(&self) -> Result<Principal, Problem> {
        let given = self.app_metadata.as_ref();
        let role = match given.and_then(|given| given.role.as_deref()) {
            // The engine's own role is nobody's to claim.
            Some(role) => Role::parse(role).filter(|role| *role != Role::System),
            None => (self.role.as_deref() == Some(SIGNED_IN)).then_some(Role::Customer),
        };
        let role = role.ok_or_else(|| invalid("the token has no role that is known here"))?;
        let store_id = given.and_then(|given| given.store_id).map(StoreId);
        Ok(Principal { role, person_id: PersonId(self.sub), store_id })
    }
}
