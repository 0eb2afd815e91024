//! Secrets of endpoints, as Standard Webhooks 1.0.0 has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a secret that we make; the standard wants 24 to 64.
const SECRET_BYTES: usize = 32;
/// The beginning of a secret where people see it.
const PREFIX: &str = "whsec_";

/// Makes a new secret.
///
/// # Errors
/// An error of the system's source of randomness.
pub(super) fn random() -> Result<Vec<u8>, getrandom::Error> {
    let mut secret = vec![0; SECRET_BYTES];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

/// Returns a secret as its owner is shown it, once.
pub(super) fn shown(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_as_the_vector_of_the_standard_is() {
        const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let bytes = STANDARD.decode(SECRET.trim_start_matches(PREFIX)).unwrap();
        assert_eq!(shown(&bytes), SECRET);
    }

    #[test]
    fn every_new_secret_is_another_of_the_size_that_the_standard_wants() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one, other);
        assert!((24..=64).contains(&one.len()));
    }
}
