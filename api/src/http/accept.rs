//! The `Accept` header (RFC 9110 §12.5.1): the media type that a caller wants most.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use mediatype::names::Q;
use mediatype::{MediaType, MediaTypeList, ReadParams as _, media_type};

/// JSON.
pub(crate) const JSON: MediaType<'_> = media_type!(APPLICATION / JSON);
/// Server-sent events.
pub(crate) const EVENT_STREAM: MediaType<'_> = media_type!(TEXT / EVENT_STREAM);
/// A page.
pub(crate) const HTML: MediaType<'_> = media_type!(TEXT / HTML);
/// A document to print.
pub(crate) const PDF: MediaType<'_> = media_type!(APPLICATION / PDF);

/// Returns the offer that the caller wants most, or `None` if it wants none. Of equals it is the
/// one whose range comes first in the header, then the one that comes first among the offers;
/// without ranges in the header it is the first offer.
pub(crate) fn preferred<'a>(
    headers: &HeaderMap,
    offers: &'a [MediaType<'a>],
) -> Option<&'a MediaType<'a>> {
    let lines = || headers.get_all(ACCEPT).iter();
    if lines().all(|line| line.as_bytes().trim_ascii().is_empty()) {
        return offers.first();
    }
    // Members that are no ranges say nothing.
    let texts = lines().filter_map(|line| line.to_str().ok());
    let ranges: Vec<_> = texts.flat_map(MediaTypeList::new).flatten().collect();
    let mut best: Option<(&MediaType<'_>, f32, usize)> = None;
    for offer in offers {
        let Some((weight, place)) = weight(&ranges, offer) else { continue };
        let is_better =
            best.is_none_or(|(_, most, first)| weight > most || (weight >= most && place < first));
        if weight > 0.0 && is_better {
            best = Some((offer, weight, place));
        }
    }
    best.map(|(offer, ..)| offer)
}

/// Returns the weight of an offer by the most specific range that it is in, and where that stands.
fn weight(ranges: &[MediaType<'_>], offer: &MediaType<'_>) -> Option<(f32, usize)> {
    let specific = |range: &MediaType<'_>| {
        if range.ty == "*" && range.subty == "*" {
            Some(0)
        } else if range.ty == offer.ty && range.subty == "*" {
            Some(1)
        } else if range.essence() == offer.essence() {
            Some(2)
        } else {
            None
        }
    };
    let found = ranges.iter().enumerate();
    let found = found.filter_map(|(place, range)| Some((specific(range)?, place, range)));
    // Of equals the first: the order of the caller.
    let (_, place, range) = found.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    let weight = range.get_param(Q).and_then(|weight| weight.as_str().parse().ok());
    Some((weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0), place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    /// The preferred of JSON, a page and a PDF.
    fn of(lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, HeaderValue::from_static(line));
        }
        preferred(&headers, const { &[JSON, HTML, PDF] }).map(ToString::to_string)
    }

    #[test]
    fn the_heaviest_and_then_the_first_is_preferred() {
        for (accept, wanted) in [
            ("*/*", "application/json"),
            ("text/*", "text/html"),
            ("application/*", "application/json"),
            ("text/html, application/json", "text/html"),
            ("application/json;q=0.5, text/html;q=0.4", "application/json"),
            ("application/json;q=0.5, text/html", "text/html"),
            ("*/*, application/json;q=0.1", "text/html"),
            ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
            ("APPLICATION/PDF;Q=1.0", "application/pdf"),
            ("application/json; charset=utf-8", "application/json"),
            ("nonsense, application/pdf", "application/pdf"),
        ] {
            assert_eq!(of(&[accept]).as_deref(), Some(wanted), "{accept}");
        }
    }

    #[test]
    fn a_weight_of_zero_refuses() {
        assert_eq!(of(&["application/json;q=0"]), None);
        assert_eq!(of(&["*/*;q=0.0"]), None);
        assert_eq!(of(&["*/*, application/json;q=0"]).as_deref(), Some("text/html"));
        assert_eq!(of(&["text/*;q=0, text/html"]).as_deref(), Some("text/html"));
        let refused = "application/json;q=0, */*";
        assert_eq!(of(&[refused]).as_deref(), Some("text/html"));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(refused));
        assert_eq!(preferred(&headers, const { &[JSON] }), None, "the most specific range counts");
    }

    #[test]
    fn a_header_that_says_nothing_wants_anything_and_one_of_other_types_none_of_ours() {
        for lines in [&[][..], &[""], &["  ", ""]] {
            assert_eq!(of(lines).as_deref(), Some("application/json"), "{lines:?}");
        }
        assert_eq!(of(&["image/png"]), None);
        assert_eq!(of(&["nonsense"]), None);
        assert_eq!(of(&["image/png", "application/pdf"]).as_deref(), Some("application/pdf"));
    }
}
