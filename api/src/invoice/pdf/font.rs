//! Text in the two fonts that every PDF reader has: how wide it is, and which bytes it is.
//!
//! Helvetica and Helvetica-Bold are of the fourteen standard fonts (ISO 32000-1, 9.6.2.2), so
//! nothing is embedded; what they can show is WinAnsiEncoding (annex D). They have no rupee sign:
//! it becomes `Rs.`, and every other character that they have not becomes `?`.

/// One of the two fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Helvetica.
    Regular,
    /// Helvetica-Bold.
    Bold,
}

/// Widths of the characters 32 to 126 in thousandths of the font size, as Adobe published them
/// with the fonts.
const REGULAR: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];
/// For every other character: no letter of Latin script is wider, so text never runs over.
const OTHER: u16 = 1_000;

/// The characters that WinAnsiEncoding has at 0x80 to 0x9F; a blank where it has none.
const FROM_0X80: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// A text in bytes of WinAnsiEncoding, and whether a character was replaced by `?`.
pub(super) fn encoded(text: &str) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut has_replaced = false;
    for c in text.chars() {
        match c {
            ' '..='~' | '\u{a0}'..='\u{ff}' => bytes.push(u8::try_from(c).unwrap_or(b'?')),
            '₹' => bytes.extend(b"Rs."),
            other => {
                let known = (0x80..).zip(FROM_0X80.chars()).find(|(_, known)| *known == other);
                has_replaced |= known.is_none();
                bytes.push(known.map_or(b'?', |(byte, _)| byte));
            }
        }
    }
    (bytes, has_replaced)
}

/// Returns the width of encoded text at a font size, in points.
pub(super) fn width(bytes: &[u8], face: Face, size: f32) -> f32 {
    let table = if face == Face::Bold { &BOLD } else { &REGULAR };
    let of = |byte: &u8| {
        let at = usize::from(*byte).wrapping_sub(32);
        f32::from(table.get(at).copied().unwrap_or(OTHER))
    };
    bytes.iter().map(of).sum::<f32>() * size / 1_000.0
}

/// Breaks encoded text into lines of at most a width: between words, and inside one that is too
/// long for a line. There is always at least one line, and each has at least one character if any.
pub(super) fn wrapped(bytes: &[u8], face: Face, size: f32, width_max: f32) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    for word in bytes.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        let line = lines.last_mut().expect("there is always a line");
        let mut longer = line.clone();
        if !line.is_empty() {
            longer.push(b' ');
        }
        longer.extend(word);
        if width(&longer, face, size) <= width_max {
            *line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(Vec::new());
        }
        for byte in word {
            let line = lines.last_mut().expect("there is always a line");
            let is_full = width(line, face, size) + width(&[*byte], face, size) > width_max;
            if is_full && !line.is_empty() {
                lines.push(Vec::new());
            }
            lines.last_mut().expect("there is always a line").push(*byte);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_bytes_of_the_encoding_or_a_question_mark() {
        for (text, bytes, has_replaced) in [
            ("Milk 1 l", &b"Milk 1 l"[..], false),
            ("₹ 5", b"Rs. 5", false),
            ("Café – “x”…", b"Caf\xe9 \x96 \x93x\x94\x85", false),
            ("€ŸŽ", b"\x80\x9f\x8e", false),
            ("दूध", b"???", true),
            ("a\u{81}b", b"a?b", true),
        ] {
            assert_eq!(encoded(text), (bytes.to_vec(), has_replaced), "{text}");
        }
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "sums of whole numbers, exact in binary")]
    fn widths_are_those_of_the_published_metrics() {
        assert_eq!(width(b"1,234.50", Face::Regular, 1_000.0), 6.0 * 556.0 + 2.0 * 278.0);
        assert_eq!(width(b"Total", Face::Bold, 1_000.0), 611.0 + 611.0 + 333.0 + 556.0 + 278.0);
        assert_eq!(width(b"@", Face::Regular, 1_000.0), 1_015.0);
        assert_eq!(width(b"~ ", Face::Bold, 1_000.0), 584.0 + 278.0);
    }

    #[test]
    fn lines_are_broken_between_words_and_inside_one_that_is_too_long() {
        let lines = |text: &str, width_max| -> Vec<String> {
            let lines = wrapped(text.as_bytes(), Face::Regular, 10.0, width_max);
            lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect()
        };
        assert_eq!(lines("", 50.0), [""]);
        assert_eq!(lines("whole wheat bread", 60.0), ["whole wheat", "bread"]);
        assert_eq!(lines("0123456789", 20.0), ["012", "345", "678", "9"]);
        assert_eq!(lines("a 0123456789", 30.0), ["a", "01234", "56789"]);
        // Narrower than a character: one on each line, and no end without one.
        assert_eq!(lines("abc", 1.0), ["a", "b", "c"]);
    }
}
