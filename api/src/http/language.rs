//! The `Accept-Language` header (RFC 9110 §12.5.4): the language that a reader wants most.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// A language that people are written to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    #[default]
    English,
    /// Hindi.
    Hindi,
}

impl Language {
    /// Every language; of equals the first is preferred.
    const ALL: [Self; 2] = [Self::English, Self::Hindi];

    /// Returns the tag of the language (RFC 5646).
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Hindi => "hi",
        }
    }

    /// Returns the language that the reader wants most: of equal weights it is the one that comes
    /// first in the header. Without a wish that can be met it is English.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let ranges: Vec<_> = lines.flat_map(|line| line.split(',')).map(range).collect();
        let mut best: Option<(Self, f32, usize)> = None;
        for language in Self::ALL {
            let Some((weight, place)) = language.weight(&ranges) else { continue };
            let is_better = best
                .is_none_or(|(_, most, first)| weight > most || (weight >= most && place < first));
            if weight > 0.0 && is_better {
                best = Some((language, weight, place));
            }
        }
        best.map_or_else(Self::default, |(language, ..)| language)
    }

    /// Returns the weight of the first range that names the language, or else of `*`, and where it
    /// stands. A range of a region, `hi-IN`, names its language too: lookup, RFC 4647 §3.4.
    fn weight(self, ranges: &[(&str, f32)]) -> Option<(f32, usize)> {
        let find = |wanted: &str| {
            let place = ranges.iter().position(|(range, _)| range.eq_ignore_ascii_case(wanted))?;
            Some((ranges[place].1, place))
        };
        find(self.tag()).or_else(|| find("*"))
    }
}

/// Returns the language of a range, without its region, and its weight; one that cannot be read
/// weighs as much as none, which is 1.
fn range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.and_then(|weight| weight.trim().parse().ok());
    let language = tag.split('-').next().unwrap_or_default();
    (language, weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_language_with_the_greatest_weight_is_spoken() {
        for (lines, wanted) in [
            (&[][..], "en"),
            (&[""], "en"),
            (&["hi"], "hi"),
            (&["HI-in"], "hi"),
            (&["hi-IN,hi;q=0.9,en;q=0.8"], "hi"),
            (&["en-IN,hi;q=0.9"], "en"),
            (&["en;q=0.5, hi;q=0.7"], "hi"),
            (&["hi, en"], "hi"),
            (&["en, hi"], "en"),
            (&["ta, hi;q=0.1"], "hi"),
            (&["ta, bn"], "en"),
            (&["*"], "en"),
            (&["en;q=0, *"], "hi"),
            (&["hi;q=0"], "en"),
            (&["en;q=0.3", "hi;q=0.4"], "hi"),
            (&["hindi"], "en"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(ACCEPT_LANGUAGE, HeaderValue::from_static(line));
            }
            assert_eq!(Language::of(&headers).tag(), wanted, "{lines:?}");
        }
    }
}
