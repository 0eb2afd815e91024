//! Text that people typed, checked once: trimmed, within its length, without control characters.

use crate::limits::TEXT_BYTES_PER_CHAR;
use std::fmt;
use std::ops::Deref;

/// A non-empty text of at most `MAX` characters, and three bytes for each, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(Box<str>);

/// Why a text was refused.
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
    /// The only way to have a `Text`: white space at both ends is cut off, then the rules apply.
    ///
    /// # Errors
    /// [`TextError`] names the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, TextError> {
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
        Ok(Self(text.into()))
    }

    /// As [`Text::parse`], where nothing at all is fine too.
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

/// True for an Indian mobile number as the app sends it: `^(\+91)?[6-9]\d{9}$`.
pub fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix("+91").unwrap_or(text).as_bytes();
    digits.len() == 10 && digits.iter().all(u8::is_ascii_digit) && digits[0] >= b'6'
}

/// True for an Indian PIN code: `^[1-9]\d{5}$`.
pub fn is_pincode(text: &str) -> bool {
    let digits = text.as_bytes();
    digits.len() == 6 && digits.iter().all(u8::is_ascii_digit) && digits[0] >= b'1'
}

#[cfg(test)]
mod tests;
