//! Text that people typed, checked once: trimmed, within its length, without control characters.
//!
//! Code behind [`Text::parse`] asks no more questions about a text.

use crate::limits::TEXT_BYTES_PER_CHAR;
use std::fmt;
use std::ops::Deref;

/// A non-empty text of at most `MAX` characters, and three bytes for each, without control
/// characters or white space at its ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(Box<str>);

/// The rule that a refused text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// Nothing, or only white space.
    Empty,
    /// More characters than `max`.
    TooLong {
        /// The most characters there may be.
        max: usize,
    },
    /// A control character (Unicode category Cc), a line break included.
    Control,
}

impl<const MAX: usize> Text<MAX> {
    /// Parses a text, the only way to have one: cuts off white space at both ends, then applies
    /// the rules.
    ///
    /// # Errors
    /// [`TextError`] names the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        const { assert!(MAX > 0, "a text has room for a character") };
        const { assert!(MAX <= usize::MAX / TEXT_BYTES_PER_CHAR, "its bytes can be counted") };
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MAX * TEXT_BYTES_PER_CHAR || text.chars().take(MAX + 1).count() > MAX {
            return Err(TextError::TooLong { max: MAX });
        }
        if text.chars().any(char::is_control) {
            return Err(TextError::Control);
        }
        debug_assert_eq!(text.trim(), text, "a text that is parsed again stays as it is");
        Ok(Self(text.into()))
    }

    /// Parses a text like [`Text::parse`]; an empty one is `None`.
    ///
    /// # Errors
    /// [`TextError::TooLong`] or [`TextError::Control`].
    pub fn parse_optional(text: Option<&str>) -> Result<Option<Self>, TextError> {
        match text.map(Self::parse) {
            None | Some(Err(TextError::Empty)) => Ok(None),
            Some(Err(error)) => Err(error),
            Some(Ok(text)) => Ok(Some(text)),
        }
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "must not be empty"),
            Self::TooLong { max } => write!(f, "must have at most {max} characters"),
            Self::Control => write!(f, "must not contain control characters or line breaks"),
        }
    }
}

/// Returns true for an Indian mobile number as the app sends it: `^(\+91)?[6-9]\d{9}$`. The
/// National Numbering Plan of India gives mobiles ten digits that start with 6, 7, 8 or 9.
pub fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix("+91").unwrap_or(text).as_bytes();
    digits.len() == 10 && digits.iter().all(u8::is_ascii_digit) && digits[0] >= b'6'
}

/// Returns true for a PIN code of India Post: `^[1-9]\d{5}$`.
pub fn is_pincode(text: &str) -> bool {
    let digits = text.as_bytes();
    digits.len() == 6 && digits.iter().all(u8::is_ascii_digit) && digits[0] >= b'1'
}

#[cfg(test)]
mod tests;
