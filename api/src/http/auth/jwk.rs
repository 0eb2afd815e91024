//! Public keys as a sign-in service publishes them (RFC 7517): ES256 and RS256 (RFC 7518 §3).
//!
//! A key is for one algorithm, which follows from its own type and never from a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

/// Keys of one set; a service has two or three while it rotates them.
const KEYS_MAX: usize = 32;
/// Bytes of a coordinate of P-256.
const COORDINATE_BYTES: usize = 32;
/// First byte of a point that is written out (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The hash of a key: the same only for the same bytes under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyId([u8; 16]);

/// A key that verifies tokens.
#[derive(Debug)]
pub(super) struct PublicKey {
    pub(super) kid: String,
    pub(super) id: KeyId,
    material: Material,
}

#[derive(Debug)]
enum Material {
    /// A point of P-256.
    Es256(Vec<u8>),
    Rs256 {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Returns the name of the one algorithm that it is for.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.material {
            Material::Es256(_) => "ES256",
            Material::Rs256 { .. } => "RS256",
        }
    }

    /// Returns true when a signature over these bytes was made with the other half of this key.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.material {
            Material::Es256(point) => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(signed, signature)
            }
            Material::Rs256 { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
        };
        verified.is_ok()
    }
}

/// A set of keys (RFC 7517 §5).
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// A key of a set, of any kind.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// Reads the keys of a set that can verify tokens here. Others are passed over, as RFC 7517 §5 has
/// it; of two with one name the first counts.
///
/// # Errors
/// A sentence for what is no set of keys.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<PublicKey>, String> {
    let set: Set = serde_json::from_slice(bytes).map_err(|_| "it is no set of keys".to_owned())?;
    if set.keys.len() > KEYS_MAX {
        return Err(format!("it has more than {KEYS_MAX} keys"));
    }
    let mut keys: Vec<PublicKey> = Vec::new();
    for key in set.keys.into_iter().filter_map(usable) {
        if keys.iter().all(|known| known.kid != key.kid) {
            keys.push(key);
        }
    }
    Ok(keys)
}

fn usable(key: Value) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let may_verify = jwk.usage.as_ref().is_none_or(|usage| usage == "sig")
        && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !may_verify {
        return None;
    }
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes(jwk.x.as_deref())?, bytes(jwk.y.as_deref())?);
            if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
                return None;
            }
            Material::Es256([&[UNCOMPRESSED], x.as_slice(), &y].concat())
        }
        ("RSA", _) => Material::Rs256 { n: bytes(jwk.n.as_deref())?, e: bytes(jwk.e.as_deref())? },
        // A symmetric one above all: it would be a secret that anybody can read.
        _ => return None,
    };
    let id = key_id(&jwk.kid, &material);
    let key = PublicKey { kid: jwk.kid, id, material };
    jwk.alg.is_none_or(|alg| alg == key.algorithm()).then_some(key)
}

fn bytes(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

fn key_id(kid: &str, material: &Material) -> KeyId {
    let parts: [&[u8]; 2] = match material {
        Material::Es256(point) => [point, &[]],
        Material::Rs256 { n, e } => [n, e],
    };
    let mut hasher = blake3::Hasher::new();
    for part in [kid.as_bytes(), parts[0], parts[1]] {
        hasher.update(&part.len().to_le_bytes()).update(part);
    }
    let hash: [u8; 32] = hasher.finalize().into();
    KeyId(std::array::from_fn(|at| hash[at]))
}
