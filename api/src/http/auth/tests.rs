//! Tokens that are good, and every way we know in which one is not.

mod public_keys;
mod revoked;
mod signer;

use super::claims::LEEWAY_S;
use super::*;
use futures_util::FutureExt as _;
use kirana_domain::{PersonId, Role, StoreId};
use uuid::Uuid;

const SECRET: &[u8] = b"a secret that is long enough for HS256";

fn customer() -> Principal {
    Principal { role: Role::Customer, person_id: PersonId(Uuid::from_u128(7)), store_id: None }
}

/// A token of any header and claims, signed with any secret.
fn forge(header: &str, claims: &str, secret: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(&signed);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn verify(tokens: &Tokens, token: &str) -> Result<Principal, Problem> {
    holder_of(tokens, token).map(|holder| holder.principal)
}

/// Nothing is waited for where there is no service.
fn holder_of(tokens: &Tokens, token: &str) -> Result<Holder, Problem> {
    tokens.verify(token).now_or_never().unwrap()
}

fn now_s() -> i64 {
    Tokens::new(SECRET).now_s()
}

fn refusal(token: &str) -> Option<&'static str> {
    verify(&Tokens::new(SECRET), token).err().map(|problem| problem.kind().code)
}

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const SUB: &str = "00000000-0000-7000-8000-000000000001";

fn claims(exp: i64, role: &str) -> String {
    format!(r#"{{"sub":"{SUB}","exp":{exp},"app_metadata":{{"role":"{role}"}}}}"#)
}

#[test]
fn a_signed_token_says_who_it_is_the_second_time_from_memory() {
    let tokens = Tokens::new(SECRET);
    let packer =
        Principal { role: Role::Packer, store_id: Some(StoreId(Uuid::from_u128(9))), ..customer() };
    let token = tokens.sign(&packer, 60);
    assert_eq!(verify(&tokens, &token).unwrap(), packer);
    assert_eq!(verify(&tokens, &token).unwrap(), packer);
}

#[test]
fn a_supabase_token_with_more_claims_is_good() {
    let claims = format!(
        r#"{{"iss":"https://x.supabase.co/auth/v1","aud":"authenticated","role":"authenticated",
            "sub":"{SUB}","exp":{},"iat":1,"user_metadata":{{"role":"admin"}},
            "app_metadata":{{"provider":"phone","role":"customer"}}}}"#,
        now_s() + 60
    );
    let principal = verify(&Tokens::new(SECRET), &forge(HS256, &claims, SECRET)).unwrap();
    assert_eq!(principal.role, Role::Customer, "user_metadata is never believed");
}

#[test]
fn times_with_a_fraction_or_an_exponent_are_times() {
    let verified = |times: &str| {
        let claims = format!(r#"{{"sub":"{SUB}",{times},"app_metadata":{{"role":"customer"}}}}"#);
        let token = forge(HS256, &claims, SECRET);
        holder_of(&Tokens::new(SECRET), &token).map(|holder| holder.until_s - LEEWAY_S).ok()
    };
    for (times, until_s) in [
        (r#""exp":4102444800.25"#, Some(4_102_444_800)),
        (r#""exp":4102444800,"iat":1796014566.123456,"nbf":1.5e9"#, Some(4_102_444_800)),
        (r#""exp":4.1e9"#, Some(4_100_000_000)),
        (r#""exp":9223372036854775807"#, Some(i64::MAX - LEEWAY_S)),
        (r#""exp":1.9e8"#, None),
        (r#""exp":4102444800,"nbf":4102444799.5"#, None),
        (r#""exp":"4102444800""#, None),
        (r#""exp":1e400"#, None),
    ] {
        assert_eq!(verified(times), until_s, "{times}");
    }
}

#[test]
fn a_token_of_another_secret_is_refused() {
    let token =
        forge(HS256, &claims(now_s() + 60, "admin"), b"another secret, just as long as ours");
    assert_eq!(refusal(&token), Some("TOKEN_INVALID"));
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let good = forge(HS256, &claims(now_s() + 60, "admin"), SECRET);
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(refusal(&format!("{signed}.")), Some("TOKEN_INVALID"));
    let none = forge(r#"{"alg":"none"}"#, &claims(now_s() + 60, "admin"), SECRET);
    assert_eq!(refusal(&none), Some("TOKEN_INVALID"));
}

#[test]
fn another_algorithm_is_refused_even_with_a_good_signature() {
    for header in [r#"{"alg":"HS384"}"#, r#"{"alg":"hs256"}"#, r#"{"alg":"RS256"}"#, "{}"] {
        let token = forge(header, &claims(now_s() + 60, "admin"), SECRET);
        assert_eq!(refusal(&token), Some("TOKEN_INVALID"), "{header}");
    }
}

#[test]
fn a_changed_payload_is_refused() {
    let good = forge(HS256, &claims(now_s() + 60, "customer"), SECRET);
    let (header, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let payload = URL_SAFE_NO_PAD.encode(claims(now_s() + 60, "admin"));
    assert_eq!(refusal(&format!("{header}.{payload}.{signature}")), Some("TOKEN_INVALID"));
}

#[test]
fn an_expired_token_is_refused_after_the_leeway() {
    let within = forge(HS256, &claims(now_s() - LEEWAY_S + 5, "customer"), SECRET);
    assert_eq!(refusal(&within), None);
    let after = forge(HS256, &claims(now_s() - LEEWAY_S - 1, "customer"), SECRET);
    assert_eq!(refusal(&after), Some("TOKEN_EXPIRED"));
}

#[test]
fn a_token_for_later_is_refused() {
    let claims = format!(
        r#"{{"sub":"{SUB}","exp":{},"nbf":{},"app_metadata":{{"role":"customer"}}}}"#,
        now_s() + 900,
        now_s() + 600
    );
    assert_eq!(refusal(&forge(HS256, &claims, SECRET)), Some("TOKEN_INVALID"));
}

#[test]
fn a_token_without_expiry_subject_or_a_known_role_is_refused() {
    let soon = now_s() + 60;
    for claims in [
        format!(r#"{{"sub":"{SUB}","app_metadata":{{"role":"customer"}}}}"#),
        format!(r#"{{"exp":{soon},"app_metadata":{{"role":"customer"}}}}"#),
        format!(r#"{{"sub":"asha","exp":{soon},"app_metadata":{{"role":"customer"}}}}"#),
        format!(r#"{{"sub":"{SUB}","exp":{soon}}}"#),
        claims(soon, "owner"),
        claims(soon, "system"),
        claims(soon, ""),
    ] {
        assert_eq!(refusal(&forge(HS256, &claims, SECRET)), Some("TOKEN_INVALID"), "{claims}");
    }
}

#[test]
fn what_is_no_token_at_all_is_refused() {
    let long = "a".repeat(TOKEN_BYTES_MAX + 1);
    for token in ["", ".", "..", "...", "a.b.c", "\u{fc}.\u{fc}.\u{fc}", &long] {
        assert_eq!(refusal(token), Some("TOKEN_INVALID"), "{token:.20}");
    }
}
