//! Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 of id, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `webhook-signature`: one signature for each secret, with spaces between.
pub fn header(secrets: &[Vec<u8>], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let signed = |secret: &Vec<u8>| signature(secret, id, timestamp_s, body);
    secrets.iter().map(signed).collect::<Vec<_>>().join(" ")
}

fn signature(secret: &[u8], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp_s}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP_S: i64 = 1_614_265_330;
    const BODY: &[u8] = b"{\"test\": 2432232314}";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> Vec<u8> {
        STANDARD.decode(SECRET).unwrap()
    }

    #[test]
    fn the_vector_of_the_standard_is_signed_as_it_says() {
        assert_eq!(header(&[secret()], ID, TIMESTAMP_S, BODY), SIGNATURE);
    }

    #[test]
    fn both_secrets_sign_while_one_follows_the_other() {
        let new = vec![7; 32];
        let both = header(&[new.clone(), secret()], ID, TIMESTAMP_S, BODY);
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(second, SIGNATURE);
        assert_eq!(first, header(&[new], ID, TIMESTAMP_S, BODY));
        assert_ne!(first, second);
    }

    #[test]
    fn a_signature_is_of_one_id_one_time_and_one_body() {
        let sign = |id: &str, at_s: i64, body: &[u8]| header(&[secret()], id, at_s, body);
        assert_ne!(sign("msg_other", TIMESTAMP_S, BODY), SIGNATURE);
        assert_ne!(sign(ID, TIMESTAMP_S + 1, BODY), SIGNATURE);
        assert_ne!(sign(ID, TIMESTAMP_S, b"{\"test\":2432232314}"), SIGNATURE);
    }
}
