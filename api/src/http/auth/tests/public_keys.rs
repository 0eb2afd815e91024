//! Tokens under public keys: good ones, every trick that is known, and keys that come and go.

use super::signer::{RSA_N, Signer};
use super::*;
use crate::outbound::receiver::{Receiver, answer};
use kirana_engine::ManualClock;
use parking_lot::Mutex;
use serde_json::Value;

const ISSUER: &str = "https://abc.supabase.co/auth/v1";
/// A moment of the tests' clock, in seconds since 1970.
const NOW_S: i64 = 1_796_000_000;
const MINUTE_MS: i64 = 60 * 1_000;

/// A sign-in service on loopback, and a gateway's tokens that take those of it.
struct Scene {
    tokens: Tokens,
    clock: Arc<ManualClock>,
    service: Receiver,
    /// The status and the body that the service answers with.
    answers: Arc<Mutex<(u16, String)>>,
}

impl Scene {
    async fn new(keys: &[&Signer]) -> Self {
        let answers = Arc::new(Mutex::new((200, set_of(keys))));
        let told = Arc::clone(&answers);
        let service = Receiver::start(move |_| {
            let (status, body) = &*told.lock();
            answer(*status, body)
        })
        .await;
        let clock = Arc::new(ManualClock::at(NOW_S * 1_000));
        let names = Names { issuer: Some(ISSUER.to_owned()), audience: AUDIENCE.to_owned() };
        let keys = Some(KeysAt::Url(service.url("/auth/v1/.well-known/jwks.json")));
        let tokens = Tokens::at(SECRET, Arc::<ManualClock>::clone(&clock));
        let tokens = tokens.with(SignIn { names, keys }, Revocations::default()).unwrap();
        Self { tokens, clock, service, answers }
    }

    async fn code(&self, token: &str) -> &'static str {
        self.tokens.verify(token).await.err().map_or("OK", |problem| problem.kind().code)
    }

    fn serve(&self, status: u16, keys: &[&Signer]) {
        *self.answers.lock() = (status, set_of(keys));
    }

    fn readings(&self) -> usize {
        self.service.seen().len()
    }
}

fn set_of(keys: &[&Signer]) -> String {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }).to_string()
}

/// The claims of a token as Supabase Auth makes it.
fn supabase() -> Value {
    json!({
        "iss": ISSUER, "aud": "authenticated", "sub": SUB, "role": "authenticated",
        "exp": NOW_S + 3_600, "iat": NOW_S, "aal": "aal1", "email": "", "phone": "919876543210",
        "session_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "is_anonymous": false,
        "amr": [{ "method": "otp", "timestamp": NOW_S }],
        "app_metadata": { "provider": "phone", "providers": ["phone"], "role": "customer" },
        "user_metadata": { "role": "admin" },
    })
}

fn supabase_with(name: &str, value: Value) -> Value {
    let mut claims = supabase();
    claims[name] = value;
    claims
}

fn supabase_without(name: &str) -> Value {
    let mut claims = supabase();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[test]
fn the_examples_of_rfc_7515_verify_and_no_other_bytes_do() {
    let ec = json!({
        "kty": "EC", "crv": "P-256", "kid": "a3",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let rsa = json!({ "kty": "RSA", "kid": "a2", "n": RSA_N, "e": "AQAB" });
    let keys = jwk::parse(json!({ "keys": [ec, rsa] }).to_string().as_bytes()).unwrap();
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    for (key, header, signature) in [
        (
            &keys[0],
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            &keys[1],
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
    ] {
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let signed = format!("{header}.{payload}");
        assert!(key.verifies(signed.as_bytes(), &signature), "{}", key.algorithm());
        assert!(!key.verifies(format!("{signed}A").as_bytes(), &signature));
        for at in 0..signature.len() {
            let mut other = signature.clone();
            other[at] ^= 1;
            assert!(!key.verifies(signed.as_bytes(), &other), "{} {at}", key.algorithm());
        }
        assert!(!key.verifies(signed.as_bytes(), &vec![0; signature.len()]));
        assert!(!key.verifies(signed.as_bytes(), &[]));
    }
}

#[test]
fn keys_that_cannot_verify_here_are_passed_over_and_spoil_no_other() {
    let good = Signer::es256("good").jwk();
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        (key["kid"], key[name]) = (json!("odd"), value);
        key
    };
    for odd in [
        json!({ "kty": "oct", "kid": "odd", "alg": "HS256", "k": "c2VjcmV0" }),
        json!({ "kty": "OKP", "kid": "odd", "crv": "Ed25519", "x": "AA" }),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("ES384")),
        with("alg", json!("HS256")),
        with("crv", json!("P-384")),
        with("x", json!("AAAA")),
        with("y", json!("not base64 at all!")),
        with("kid", json!(7)),
        with("kid", Value::Null),
        json!("no object"),
    ] {
        let keys = jwk::parse(json!({ "keys": [odd, good] }).to_string().as_bytes()).unwrap();
        let names: Vec<_> = keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(names, ["good"], "{odd}");
    }
    assert!(jwk::parse(br#"{"keys":[]}"#).unwrap().is_empty(), "a project with a secret alone");
    for no_set in ["", "[]", "{}", "<html>", r#"{"keys":{}}"#] {
        assert!(jwk::parse(no_set.as_bytes()).is_err(), "{no_set}");
    }
    assert!(jwk::parse(json!({ "keys": vec![good; 33] }).to_string().as_bytes()).is_err());
}

#[tokio::test]
async fn tokens_as_supabase_makes_them_are_good_under_either_kind_of_key_and_the_secret() {
    let (es, rs) = (Signer::es256("es-1"), Signer::rs256("rs-1"));
    let scene = Scene::new(&[&es, &rs]).await;
    let shared = forge(HS256, &supabase().to_string(), SECRET);
    for token in [es.token(&supabase()), rs.token(&supabase()), shared] {
        for _ in 0..2 {
            let holder = scene.tokens.verify(&token).await.unwrap();
            assert_eq!(holder.principal.person_id.0.to_string(), SUB);
            assert_eq!(holder.principal.role, Role::Customer, "a user's own metadata is not read");
        }
    }
    assert_eq!(scene.readings(), 1, "one reading for all of them");
    let many = supabase_with("aud", json!(["another", "authenticated"]));
    assert_eq!(scene.code(&es.token(&many)).await, "OK");
    let own = scene.tokens.sign(&customer(), 60);
    assert_eq!(scene.code(&own).await, "OK", "our own tokens name nobody");
}

#[tokio::test]
async fn who_signed_in_is_a_customer_unless_the_shop_gave_them_a_role() {
    let es = Signer::es256("es-1");
    let scene = Scene::new(&[&es]).await;
    let store = Uuid::from_u128(9);
    let packer = json!({ "role": "packer", "store_id": store });
    for (role, given, wanted) in [
        (json!("authenticated"), json!({ "provider": "phone" }), Some(Role::Customer)),
        (json!("authenticated"), Value::Null, Some(Role::Customer)),
        (json!("authenticated"), json!({ "role": null }), Some(Role::Customer)),
        (json!("authenticated"), packer, Some(Role::Packer)),
        (json!("authenticated"), json!({ "role": "admin" }), Some(Role::Admin)),
        (json!("authenticated"), json!({ "role": "" }), None),
        (json!("authenticated"), json!({ "role": "owner" }), None),
        (json!("authenticated"), json!({ "role": "system" }), None),
        (json!("authenticated"), json!({ "role": ["admin"] }), None),
        (json!("anon"), json!({}), None),
        (json!("service_role"), json!({}), None),
        (json!("admin"), json!({}), None),
        (Value::Null, json!({}), None),
    ] {
        let mut claims = supabase_with("role", role);
        claims["app_metadata"] = given;
        let principal = scene.tokens.verify(&es.token(&claims)).await.ok().map(|it| it.principal);
        assert_eq!(principal.map(|it| it.role), wanted, "{claims}");
        let packs = wanted == Some(Role::Packer);
        let works_in = principal.and_then(|it| it.store_id).map(|it| it.0);
        assert_eq!(works_in, packs.then_some(store), "{claims}");
    }
    let without_name = supabase_with("is_anonymous", json!(true));
    assert!(scene.tokens.verify(&es.token(&without_name)).await.unwrap().is_anonymous);
    let mut staff = without_name;
    staff["app_metadata"]["role"] = json!("admin");
    assert_eq!(scene.code(&es.token(&staff)).await, "TOKEN_INVALID", "nobody works without a name");
}

#[tokio::test]
async fn no_algorithm_is_the_tokens_choice() {
    let (es, rs) = (Signer::es256("es-1"), Signer::rs256("rs-1"));
    let scene = Scene::new(&[&es, &rs]).await;
    let claims = supabase();
    let (es_jwk, rs_jwk) = (es.jwk(), rs.jwk());
    let mut tokens = Vec::new();
    // A public key as the secret of HS256, in each form in which somebody might have it.
    let es_bytes: Vec<u8> = ["x", "y"]
        .iter()
        .flat_map(|name| URL_SAFE_NO_PAD.decode(es_jwk[name].as_str().unwrap()).unwrap())
        .collect();
    for secret in [
        es_jwk.to_string().as_bytes(),
        rs_jwk.to_string().as_bytes(),
        es_bytes.as_slice(),
        &[&[4], es_bytes.as_slice()].concat(),
        RSA_N.as_bytes(),
        &URL_SAFE_NO_PAD.decode(RSA_N).unwrap(),
        b"",
    ] {
        for kid in ["es-1", "rs-1"] {
            let header = json!({ "alg": "HS256", "typ": "JWT", "kid": kid }).to_string();
            tokens.push(forge(&header, &claims.to_string(), secret));
        }
    }
    // The secret's signature under another name, and another key's.
    for alg in ["none", "None", "", "ES256", "RS256", "HS384", "PS256", "ES384", "es256", "EdDSA"] {
        for kid in ["es-1", "rs-1"] {
            let header = json!({ "alg": alg, "typ": "JWT", "kid": kid });
            let token = forge(&header.to_string(), &claims.to_string(), SECRET);
            let (signed, _) = token.rsplit_once('.').unwrap();
            tokens.extend([format!("{signed}."), signed.to_owned(), token]);
            let fits = (alg, kid) == ("ES256", "es-1");
            if !fits {
                tokens.push(es.token_with(&header, &claims));
            }
            if (alg, kid) != ("RS256", "rs-1") {
                tokens.push(rs.token_with(&header, &claims));
            }
        }
    }
    // A key that the token brings along, and none at all.
    let stranger = Signer::es256("es-1");
    let bring = json!({ "alg": "ES256", "kid": "es-1", "jwk": stranger.jwk(), "jku": "http://127.0.0.1:1/" });
    tokens.extend([stranger.token(&claims), stranger.token_with(&bring, &claims)]);
    tokens.push(es.token_with(&json!({ "alg": "ES256", "typ": "JWT" }), &claims));
    for token in tokens {
        assert_eq!(scene.code(&token).await, "TOKEN_INVALID", "{token}");
    }
    assert_eq!(scene.readings(), 1);
}

#[tokio::test]
async fn a_head_that_asks_for_more_or_is_of_something_else_is_refused() {
    let es = Signer::es256("es-1");
    let scene = Scene::new(&[&es]).await;
    let head = |name: &str, value: Value| {
        let mut header = json!({ "alg": "ES256", "kid": "es-1" });
        header[name] = value;
        es.token_with(&header, &supabase())
    };
    for good in [head("typ", json!("JWT")), head("typ", json!("jwt")), head("cty", json!("x"))] {
        assert_eq!(scene.code(&good).await, "OK");
    }
    for bad in [
        head("typ", json!("at+jwt")),
        head("typ", json!("dpop+jwt")),
        head("typ", json!("")),
        head("crit", json!(["b64"])),
        head("crit", json!([])),
        head("crit", Value::Null),
        head("kid", json!(["es-1"])),
    ] {
        assert_eq!(scene.code(&bad).await, "TOKEN_INVALID", "{bad}");
    }
}

#[tokio::test]
async fn a_token_is_of_our_issuer_for_us_and_of_now() {
    let es = Signer::es256("es-1");
    let scene = Scene::new(&[&es]).await;
    let (early, late) = (NOW_S - LEEWAY_S, NOW_S + LEEWAY_S);
    let others = "https://xyz.supabase.co/auth/v1";
    for (claims, code) in [
        (supabase_with("iss", json!(others)), "TOKEN_INVALID"),
        (supabase_with("iss", json!(format!("{ISSUER}/"))), "TOKEN_INVALID"),
        (supabase_without("iss"), "TOKEN_INVALID"),
        (supabase_with("aud", json!("anon")), "TOKEN_INVALID"),
        (supabase_with("aud", json!(["anon", "x"])), "TOKEN_INVALID"),
        (supabase_with("aud", json!([])), "TOKEN_INVALID"),
        (supabase_without("aud"), "TOKEN_INVALID"),
        (supabase_with("exp", json!(early)), "TOKEN_EXPIRED"),
        (supabase_with("exp", json!(early + 1)), "OK"),
        (supabase_without("exp"), "TOKEN_INVALID"),
        (supabase_with("nbf", json!(late + 1)), "TOKEN_INVALID"),
        (supabase_with("nbf", json!(late)), "OK"),
        (supabase_with("iat", json!(late + 1)), "TOKEN_INVALID"),
        (supabase_with("iat", json!(late)), "OK"),
        (supabase_with("iat", json!("yesterday")), "TOKEN_INVALID"),
    ] {
        assert_eq!(scene.code(&es.token(&claims)).await, code, "{claims}");
    }
    for (claims, code) in [
        (supabase_with("iss", json!(others)), "TOKEN_INVALID"),
        (supabase_with("aud", json!("anon")), "TOKEN_INVALID"),
        (supabase_without("iss"), "OK"),
        (supabase_without("aud"), "OK"),
    ] {
        let token = forge(HS256, &claims.to_string(), SECRET);
        assert_eq!(scene.code(&token).await, code, "under the secret: {claims}");
    }
}

#[tokio::test]
async fn a_wall_clock_that_jumps_moves_tokens_and_no_key() {
    let es = Signer::es256("es-1");
    let scene = Scene::new(&[&es]).await;
    assert_eq!(scene.code(&es.token(&supabase())).await, "OK");
    scene.clock.move_wall_ms(2 * 60 * MINUTE_MS);
    assert_eq!(scene.code(&es.token(&supabase())).await, "TOKEN_EXPIRED");
    let claims = supabase_with("exp", json!(NOW_S + 9_000));
    assert_eq!(scene.code(&es.token(&claims)).await, "OK");
    assert_eq!(scene.readings(), 1, "the keys are as old as they were");
}

#[tokio::test]
async fn a_key_that_is_rotated_in_costs_one_reading_however_many_tokens_wait_for_it() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let scene = Scene::new(&[&old]).await;
    assert_eq!(scene.code(&old.token(&supabase())).await, "OK");
    scene.serve(200, &[&new, &old]);
    scene.clock.advance_ms(MINUTE_MS);
    let tokens: Vec<_> =
        (0..64).map(|n| new.token(&supabase_with("session_id", json!(format!("s{n}"))))).collect();
    let codes = tokens.iter().map(|token| scene.code(token));
    let codes = futures_util::future::join_all(codes).await;
    assert!(codes.iter().all(|code| *code == "OK"), "{codes:?}");
    assert_eq!(scene.readings(), 2);
    assert_eq!(scene.code(&old.token(&supabase())).await, "OK", "both while they overlap");
}

#[tokio::test]
async fn names_of_keys_that_nobody_has_cause_a_reading_now_and_then() {
    let es = Signer::es256("es-1");
    let scene = Scene::new(&[&es]).await;
    assert_eq!(scene.code(&es.token(&supabase())).await, "OK");
    for n in 0..50 {
        let stranger = Signer::es256(&format!("stranger-{n}"));
        assert_eq!(scene.code(&stranger.token(&supabase())).await, "TOKEN_INVALID");
    }
    assert_eq!(scene.readings(), 1, "it was read a moment ago");
    scene.clock.advance_ms(10_000);
    for n in 0..50 {
        let stranger = Signer::es256(&format!("stranger-{n}"));
        assert_eq!(scene.code(&stranger.token(&supabase())).await, "TOKEN_INVALID");
    }
    assert_eq!(scene.readings(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_good_for_ten_minutes_at_most_also_for_known_tokens() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let scene = Scene::new(&[&old]).await;
    let token = old.token(&supabase());
    assert_eq!(scene.code(&token).await, "OK");
    let holder = scene.tokens.verify(&token).await.unwrap();
    let mut pass = scene.tokens.pass(holder);
    assert!(!pass.is_over());
    scene.serve(200, &[&new]);
    scene.clock.advance_ms(10 * MINUTE_MS - 1);
    assert_eq!(scene.code(&token).await, "OK");
    scene.clock.advance_ms(1);
    assert_eq!(scene.code(&token).await, "TOKEN_INVALID");
    pass.changed().await;
    assert!(pass.is_over(), "an open stream ends with its key");
    assert_eq!(scene.code(&new.token(&supabase())).await, "OK");
    // The same name for other bytes is another key.
    let again = Signer::es256("new");
    scene.serve(200, &[&again]);
    scene.clock.advance_ms(10 * MINUTE_MS);
    assert_eq!(scene.code(&new.token(&supabase())).await, "TOKEN_INVALID");
    assert_eq!(scene.code(&again.token(&supabase())).await, "OK");
}

#[tokio::test]
async fn keys_are_good_for_an_hour_when_the_service_is_down_and_unknown_ones_are_nobodys_fault() {
    let (es, new) = (Signer::es256("es-1"), Signer::es256("new"));
    let scene = Scene::new(&[&es]).await;
    let claims = |session: &str| {
        let mut claims = supabase_with("session_id", json!(session));
        claims["exp"] = json!(NOW_S + 9_000);
        claims
    };
    assert_eq!(scene.code(&es.token(&claims("a"))).await, "OK");
    scene.serve(503, &[&es]);
    scene.clock.advance_ms(10 * MINUTE_MS);
    assert_eq!(scene.code(&es.token(&claims("b"))).await, "OK", "stale");
    assert_eq!(scene.code(&new.token(&claims("b"))).await, "SIGN_IN_KEYS_UNAVAILABLE");
    scene.clock.advance_ms(50 * MINUTE_MS - 1);
    assert_eq!(scene.code(&es.token(&claims("c"))).await, "OK");
    scene.clock.advance_ms(1);
    assert_eq!(scene.code(&es.token(&claims("a"))).await, "SIGN_IN_KEYS_UNAVAILABLE");
    let own = scene.tokens.sign(&customer(), 60);
    assert_eq!(scene.code(&own).await, "OK", "the secret needs no service");
    for body in ["<html>", "{}"] {
        *scene.answers.lock() = (200, body.to_owned());
        scene.clock.advance_ms(10_000);
        assert_eq!(scene.code(&es.token(&claims("d"))).await, "SIGN_IN_KEYS_UNAVAILABLE");
    }
    scene.serve(200, &[&es]);
    scene.clock.advance_ms(10_000);
    assert_eq!(scene.code(&es.token(&claims("e"))).await, "OK");
}

#[tokio::test]
async fn keys_in_a_file_are_taken_and_a_file_without_any_is_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    let names = Names { issuer: Some(ISSUER.to_owned()), audience: AUDIENCE.to_owned() };
    let sign_in = SignIn { names, keys: Some(KeysAt::File(file.clone())) };
    let clock = Arc::new(ManualClock::at(NOW_S * 1_000));
    let tokens = || Tokens::at(SECRET, Arc::<ManualClock>::clone(&clock));
    let error = tokens().with(sign_in.clone(), Revocations::default()).err().unwrap();
    assert!(error.contains("keys.json"), "{error}");
    let es = Signer::es256("es-1");
    std::fs::write(&file, set_of(&[&es])).unwrap();
    let tokens = tokens().with(sign_in, Revocations::default()).unwrap();
    assert!(tokens.verify(&es.token(&supabase())).await.is_ok());
}
