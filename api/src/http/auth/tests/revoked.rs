//! People and sign-ins that were revoked, now and after a restart.

use super::*;
use crate::http::auth::revocations::{Revocation, RevokeError, Subject};
use std::path::Path;

const ADMIN: Principal =
    Principal { role: Role::Admin, person_id: PersonId(Uuid::from_u128(0xad)), store_id: None };
const SUPPORT: Principal =
    Principal { role: Role::Support, person_id: PersonId(Uuid::from_u128(0x5)), store_id: None };

fn tokens_of(data: &Path) -> Tokens {
    let names = Names { issuer: None, audience: AUDIENCE.to_owned() };
    let revocations = Revocations::open(data).unwrap();
    Tokens::new(SECRET).with(SignIn { names, keys: None }, revocations).unwrap()
}

fn code(tokens: &Tokens, token: &str) -> &'static str {
    verify(tokens, token).err().map_or("OK", |problem| problem.kind().code)
}

fn person(principal: &Principal) -> Subject {
    Subject::Person(principal.person_id)
}

fn token_of(session: &str) -> String {
    let exp = now_s() + 600;
    let claims =
        format!(r#"{{"sub":"{SUB}","exp":{exp},{session},"app_metadata":{{"role":"customer"}}}}"#);
    forge(HS256, &claims, SECRET)
}

#[tokio::test]
async fn a_revoked_person_is_out_at_once_and_after_a_restart_until_let_in_again() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = tokens_of(dir.path());
    let token = tokens.sign(&customer(), 600);
    let mut pass = tokens.pass(holder_of(&tokens, &token).unwrap());
    assert!(!pass.is_over());
    let first = tokens.revoke(person(&customer()), &ADMIN).await.unwrap();
    assert_eq!(code(&tokens, &token), "TOKEN_REVOKED", "also one that is known");
    assert_eq!(code(&tokens, &tokens.sign(&customer(), 60)), "TOKEN_REVOKED", "also a new one");
    pass.changed().await;
    assert!(pass.is_over(), "an open stream ends");
    let again = tokens.revoke(person(&customer()), &ADMIN).await.unwrap();
    assert_eq!(first, again, "the first time counts");

    let restarted = tokens_of(dir.path());
    assert_eq!(code(&restarted, &token), "TOKEN_REVOKED");
    assert_eq!(restarted.revoked(), [first]);
    restarted.lift(person(&customer()), &ADMIN).await.unwrap();
    restarted.lift(person(&customer()), &ADMIN).await.unwrap();
    assert_eq!(code(&restarted, &token), "OK");
    assert_eq!(code(&tokens_of(dir.path()), &token), "OK");
}

#[tokio::test]
async fn a_revoked_sign_in_takes_no_other_with_it() {
    let tokens = Tokens::new(SECRET);
    let (one, other) = (token_of(r#""session_id":"s-1""#), token_of(r#""session_id":"s-2""#));
    let named = token_of(r#""jti":"s-1""#);
    tokens.revoke(Subject::Session("s-1".into()), &ADMIN).await.unwrap();
    assert_eq!(code(&tokens, &one), "TOKEN_REVOKED");
    assert_eq!(code(&tokens, &named), "TOKEN_REVOKED");
    assert_eq!(code(&tokens, &other), "OK");
}

#[tokio::test]
async fn support_locks_no_admin_out_and_undoes_nothing_of_theirs() {
    let tokens = Tokens::new(SECRET);
    let admin = tokens.sign(&ADMIN, 600);
    tokens.revoke(person(&ADMIN), &SUPPORT).await.unwrap();
    assert_eq!(code(&tokens, &admin), "OK");
    let other = Principal { person_id: PersonId(Uuid::from_u128(9)), ..ADMIN };
    tokens.revoke(person(&ADMIN), &other).await.unwrap();
    assert_eq!(code(&tokens, &admin), "TOKEN_REVOKED", "an admin's is the stronger one");
    let kept = tokens.revoke(person(&ADMIN), &SUPPORT).await.unwrap();
    assert_eq!(kept.role, Role::Admin);
    let refused = tokens.lift(person(&ADMIN), &SUPPORT).await;
    assert!(matches!(refused, Err(RevokeError::OfAdmin)));
    tokens.lift(person(&ADMIN), &other).await.unwrap();
    assert_eq!(code(&tokens, &admin), "OK");
}

/// The file as its first version was written; every later release reads it.
const FIRST: &str = concat!(
    "kirana-revocations 1 ",
    "bb1d917a7b3717727fc3a97fe6f7ed9e8f90756d198abeb22e063c8cecd53597\n",
    r#"{"person_id":"00000000-0000-7000-8000-000000000001","session_id":null,"at_ms":1796000000000,"by":"00000000-0000-0000-0000-0000000000ad","role":"admin"}"#,
    "\n",
    r#"{"person_id":null,"session_id":"s-1","at_ms":1796000000001,"by":"00000000-0000-0000-0000-000000000005","role":"support"}"#,
    "\n",
);

#[test]
fn the_file_of_the_first_version_is_read_and_a_damaged_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("revocations");
    std::fs::write(&file, FIRST).unwrap();
    let all = Revocations::open(dir.path()).unwrap().all();
    let subject = Subject::Person(PersonId(Uuid::parse_str(SUB).unwrap()));
    let (at_ms, by, role) = (1_796_000_000_000, ADMIN.person_id, Role::Admin);
    assert_eq!(all[0], Revocation { subject, at_ms, by, role });
    let (subject, by) = (Subject::Session("s-1".into()), SUPPORT.person_id);
    assert_eq!(all[1], Revocation { subject, at_ms: at_ms + 1, by, role: Role::Support });
    let refused = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        Revocations::open(dir.path()).err().is_some_and(|error| error.contains("revocations"))
    };
    for at in 0..FIRST.len() {
        let mut bytes = FIRST.as_bytes().to_vec();
        bytes[at] ^= 1;
        assert!(refused(&bytes), "byte {at}");
        assert!(refused(&FIRST.as_bytes()[..at]), "cut to {at}");
    }
}
