//! Rules that retries at the payment provider and of webhooks share.

use kirana_domain::payment::ErrorText;

/// Returns the reason of a failure as it is recorded: at most `chars_max` characters, none of them
/// a control character.
pub(super) fn error_text(reason: &str, chars_max: usize) -> ErrorText {
    let clean: String = reason.chars().filter(|c| !c.is_control()).take(chars_max).collect();
    let parsed = ErrorText::parse(&clean).or_else(|_| ErrorText::parse("no reason was given"));
    parsed.expect("a short text without control characters")
}

/// Returns a random byte for [`jitter_ms`].
pub(super) fn random_byte() -> u8 {
    // The end of a version 7 UUID is random; its beginning is the time.
    uuid::Uuid::now_v7().as_bytes()[15]
}

/// Returns the share of `span_ms` that `byte` stands for, from nothing to all of it. It is added to
/// a distance between two tries, so that calls that failed together are not repeated together.
pub(super) fn jitter_ms(span_ms: i64, byte: u8) -> i64 {
    span_ms * i64::from(byte) / i64::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_kept_short_and_clean() {
        assert_eq!(&*error_text("a\nb\u{7}c", 150), "abc");
        assert_eq!(&*error_text("\n", 150), "no reason was given");
        assert_eq!(error_text(&"x".repeat(900), 150).len(), 150);
    }

    #[test]
    fn jitter_is_between_nothing_and_the_whole_span() {
        assert_eq!([0, 51, 255].map(|byte| jitter_ms(500, byte)), [0, 100, 500]);
    }
}
