//! The settings of the sign-in service.

use crate::http::auth::{KeysAt, Names, SignIn};
use crate::outbound;
use std::path::PathBuf;

/// The end of the address at which a service publishes its keys. Before it comes the name by which
/// its tokens call it (OpenID Connect Discovery 1.0 §4).
const WELL_KNOWN: &str = "/.well-known/";

/// Checks them and puts them together.
///
/// # Errors
/// A sentence that names the setting.
pub(super) fn resolve(
    url: Option<String>,
    file: Option<PathBuf>,
    issuer: Option<String>,
    audience: String,
) -> Result<SignIn, String> {
    let keys = match (url, file) {
        (Some(_), Some(_)) => return Err("give jwks_url or jwks_file, not both".to_owned()),
        (Some(url), None) => {
            outbound::address(&url).map_err(|error| format!("jwks_url: {error}"))?;
            Some(KeysAt::Url(url))
        }
        (None, file) => file.map(KeysAt::File),
    };
    let of_url = match &keys {
        Some(KeysAt::Url(url)) => url.split_once(WELL_KNOWN).map(|(before, _)| before.to_owned()),
        _ => None,
    };
    let issuer = issuer.or(of_url);
    if keys.is_some() && issuer.as_ref().is_none_or(String::is_empty) {
        return Err("token_issuer is missing: tokens under public keys must name theirs".to_owned());
    }
    if audience.is_empty() {
        return Err("token_audience must not be empty".to_owned());
    }
    Ok(SignIn { names: Names { issuer, audience }, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://abc.supabase.co/auth/v1/.well-known/jwks.json";

    fn resolved(
        url: Option<&str>,
        file: Option<&str>,
        issuer: Option<&str>,
    ) -> Result<SignIn, String> {
        let own = |text: &str| text.to_owned();
        resolve(url.map(own), file.map(PathBuf::from), issuer.map(own), own("authenticated"))
    }

    #[test]
    fn the_issuer_is_where_the_keys_come_from_unless_it_is_given() {
        let issuer = |url, file, issuer| resolved(url, file, issuer).unwrap().names.issuer;
        let of_url = issuer(Some(URL), None, None);
        assert_eq!(of_url.as_deref(), Some("https://abc.supabase.co/auth/v1"));
        assert_eq!(issuer(Some(URL), None, Some("us")).as_deref(), Some("us"));
        assert_eq!(issuer(None, Some("keys.json"), Some("us")).as_deref(), Some("us"));
        assert_eq!(issuer(None, None, None), None);
    }

    #[test]
    fn keys_without_an_issuer_or_from_two_places_or_over_plain_http_are_refused() {
        for (wrong, setting) in [
            (resolved(None, Some("keys.json"), None), "token_issuer"),
            (resolved(Some("https://a.example/keys"), None, None), "token_issuer"),
            (resolved(Some(URL), Some("keys.json"), None), "jwks_file"),
            (resolved(Some("http://a.example/.well-known/jwks.json"), None, None), "jwks_url"),
        ] {
            let error = wrong.unwrap_err();
            assert!(error.contains(setting), "{error}");
        }
    }
}
