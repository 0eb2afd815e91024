//! The words that all shapes are written in, and the checks of those that are read.

use kirana_domain::Text;
use kirana_domain::time::MinuteOfDay;

/// A value of the domain, or the rule of it that the bytes break.
pub(crate) type Result<T> = std::result::Result<T, &'static str>;

/// Returns the text of a field, if it keeps the field's rules.
pub(crate) fn text<const MAX: usize>(stored: &str) -> Result<Text<MAX>> {
    Text::from_stored(stored).map_err(|_| "a text breaks the rules of its field")
}

/// Returns the text of a field that may be left out.
pub(crate) fn optional<const MAX: usize>(stored: Option<&str>) -> Result<Option<Text<MAX>>> {
    stored.map(text).transpose()
}

/// Returns a time of day.
pub(super) fn minute(stored: u16) -> Result<MinuteOfDay> {
    MinuteOfDay::new(stored).ok_or("a time of day past midnight")
}

/// Turns each item into another type: lines of the domain into shapes, and back.
pub(super) fn each<T, U: From<T>>(items: impl IntoIterator<Item = T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}
