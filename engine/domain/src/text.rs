//! Text that people typed, checked once: in one form, trimmed, within its length, without control
//! characters, without characters that nobody sees, and without card numbers.
//!
//! Code behind [`Text::parse`] asks no more questions about a text. Two texts that look the same
//! are the same: they are normalised to NFC (Unicode Standard Annex 15).

mod card;

use crate::limits::TEXT_BYTES_PER_CHAR;
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use unicode_normalization::UnicodeNormalization;

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
    /// A control character (Unicode category Cc) or a line break.
    Control,
}

impl<const MAX: usize> Text<MAX> {
    /// Parses a text that somebody sent: as [`clean`].
    ///
    /// # Errors
    /// [`TextError`] names the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        const { assert!(MAX > 0, "a text has room for a character") };
        const { assert!(MAX <= usize::MAX / TEXT_BYTES_PER_CHAR, "its bytes can be counted") };
        clean(text, MAX).map(|text| Self(text.into()))
    }

    /// Parses a code: a text that stands for a thing, such as a SKU, a barcode or an address on the
    /// web. It keeps all its digits, for it is no place for a card number.
    ///
    /// # Errors
    /// [`TextError`] names the rule that the code breaks.
    pub fn code(text: &str) -> Result<Self, TextError> {
        clean_code(text, MAX).map(|text| Self(text.into()))
    }

    /// Returns a text that was parsed before, by this release or an earlier one, as it was then:
    /// earlier ones kept characters that nobody sees, and a log means what it meant.
    ///
    /// # Errors
    /// [`TextError`] names the rule of every release that the text breaks.
    pub fn from_stored(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        check(text, MAX)?;
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

/// Returns a text in the one form that texts are kept in: NFC, without characters that nobody sees,
/// without white space at its ends; if it then has 1 to `chars_max` characters, three bytes for
/// each, and no control character. A card number in it is masked.
///
/// # Errors
/// [`TextError`] names the rule that the text breaks.
pub fn clean(text: &str, chars_max: usize) -> Result<Cow<'_, str>, TextError> {
    let text = clean_code(text, chars_max)?;
    Ok(card::masked(&text).map_or(text, Cow::Owned))
}

fn clean_code(text: &str, chars_max: usize) -> Result<Cow<'_, str>, TextError> {
    if text.is_ascii() {
        let text = text.trim();
        check(text, chars_max)?;
        return Ok(Cow::Borrowed(text));
    }
    let visible: String = visible(text).trim().nfc().collect();
    if visible.contains(['\u{2028}', '\u{2029}']) {
        return Err(TextError::Control);
    }
    check(&visible, chars_max)?;
    Ok(Cow::Owned(visible))
}

fn check(text: &str, chars_max: usize) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let bytes_max = chars_max * TEXT_BYTES_PER_CHAR;
    if text.len() > bytes_max || text.chars().take(chars_max + 1).count() > chars_max {
        return Err(TextError::TooLong { max: chars_max });
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(())
}

/// Returns a text without the characters that nobody sees. Joiners and variation selectors stay
/// where they change what is seen: within the scripts of India, and within emoji.
fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut last = None;
    let mut chars = text.nfc().peekable();
    while let Some(c) = chars.next() {
        let after = last.is_some_and(|last| is_shaped(last) || is_selector(last));
        let stays = match c {
            '\u{200C}' | '\u{200D}' => after && chars.peek().copied().is_some_and(is_shaped),
            c if is_selector(c) => last.is_some_and(is_shaped),
            c => !is_invisible(c),
        };
        if stays {
            seen.push(c);
            last = Some(c);
        }
    }
    seen
}

/// Returns true for a character whose look may depend on a joiner or selector beside it.
fn is_shaped(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !is_invisible(c)
}

/// Returns true for a variation selector.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}')
}

/// Returns true for a character that shows nothing: the property `Default_Ignorable_Code_Point` of
/// the Unicode Character Database, interlinear annotations, and the empty braille pattern.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
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
