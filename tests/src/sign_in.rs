//! A sign-in service as Supabase Auth is one: it signs tokens with ES256 and publishes its keys on
//! loopback.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Seconds for which its tokens are good.
const TOKEN_S: u64 = 3_600;

/// A key of the service, both halves of it.
pub struct SigningKey {
    kid: String,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Panics
    /// When the system has no random bytes.
    pub fn new(kid: &str) -> Self {
        let (curve, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(curve, &random).expect("random bytes");
        let pair = EcdsaKeyPair::from_pkcs8(curve, pkcs8.as_ref(), &random).expect("a new key");
        Self { kid: kid.to_owned(), pair }
    }

    /// The half that is published.
    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "alg": "ES256", "crv": "P-256", "ext": true, "key_ops": ["verify"], "kid": self.kid,
            "kty": "EC", "use": "sig",
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        })
    }

    /// A token with the head that the service gives it.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({ "alg": "ES256", "kid": self.kid, "typ": "JWT" }), claims)
    }

    /// A token with any head.
    ///
    /// # Panics
    /// When the system has no random bytes.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.expect("random bytes");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Head and claims of a token, as they are signed.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The service. It ends with the test's process.
#[derive(Clone)]
pub struct SignIn {
    address: SocketAddr,
    /// The status and the body of its answers.
    answer: Arc<Mutex<(u16, String)>>,
}

impl SignIn {
    /// Publishes these keys.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let this = Self { address, answer: Arc::default() };
        this.publish(keys);
        let answer = Arc::clone(&this.answer);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head = BufReader::new(&stream).lines().map_while(Result::ok);
                head.take_while(|line| !line.is_empty()).for_each(drop);
                let (status, body) = &*answer.lock().unwrap_or_else(PoisonError::into_inner);
                _ = write!(
                    stream,
                    "HTTP/1.1 {status} .\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        this
    }

    /// Publishes these keys from now on, and no other.
    pub fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.set(200, json!({ "keys": keys }).to_string());
    }

    /// Publishes nothing any more: it is down.
    pub fn go_down(&self) {
        self.set(503, String::new());
    }

    fn set(&self, status: u16, body: String) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = (status, body);
    }

    /// Its name in tokens.
    pub fn issuer(&self) -> String {
        format!("http://{}/auth/v1", self.address)
    }

    /// Where its keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.issuer())
    }

    /// The claims of somebody who has signed in with a phone. The shop has given them no role.
    pub fn claims(&self, person: Uuid) -> Value {
        let now_s = now_s();
        json!({
            "aal": "aal1", "amr": [{ "method": "otp", "timestamp": now_s }],
            "app_metadata": { "provider": "phone", "providers": ["phone"] },
            "aud": "authenticated", "email": "", "exp": now_s + TOKEN_S, "iat": now_s,
            "is_anonymous": false, "iss": self.issuer(), "phone": "919876543210",
            "role": "authenticated", "session_id": Uuid::now_v7(), "sub": person,
            "user_metadata": { "role": "admin" },
        })
    }
}

/// The time now, in seconds since 1970.
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
