//! Text as glyphs of the fonts in `fonts/`: which font has a character, how wide a text is, and
//! its lines.
//!
//! The fonts are Noto Sans, Noto Sans Devanagari and Noto Sans Bengali, under the SIL Open Font
//! License 1.1 (`fonts/OFL.txt`), cut down to the characters of their scripts. HarfBuzz's rules
//! choose and place the glyphs, so that vowel signs and conjuncts stand as they are written.

use harfrust::{Buffer, Font, ShapeOptions, ShaperFont, shape};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The weight of a text. Devanagari and Bengali have one weight only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Noto Sans Regular.
    Regular,
    /// Noto Sans Bold.
    Bold,
}

/// A font that texts are drawn with.
pub(super) struct Typeface {
    /// Its PostScript name.
    pub(super) name: &'static str,
    /// The file.
    pub(super) bytes: &'static [u8],
    font: Font,
}

/// The place of Devanagari in [`TYPEFACES`]; this and all after it need their text beside their
/// glyphs, whose order is not that of the characters.
pub(super) const DEVANAGARI: usize = 2;
/// The count of fonts.
pub(super) const TYPEFACES_COUNT: usize = 4;

/// The fonts, those of [`Face`] first.
pub(super) static TYPEFACES: LazyLock<[Typeface; TYPEFACES_COUNT]> = LazyLock::new(|| {
    [
        typeface("NotoSans-Regular", include_bytes!("fonts/NotoSans-Regular.ttf")),
        typeface("NotoSans-Bold", include_bytes!("fonts/NotoSans-Bold.ttf")),
        typeface(
            "NotoSansDevanagari-Regular",
            include_bytes!("fonts/NotoSansDevanagari-Regular.ttf"),
        ),
        typeface("NotoSansBengali-Regular", include_bytes!("fonts/NotoSansBengali-Regular.ttf")),
    ]
});

fn typeface(name: &'static str, bytes: &'static [u8]) -> Typeface {
    let font = Font::new(bytes, 0).expect("a font of this program can be read");
    assert_eq!(font.units_per_em(), 1_000, "PDF counts glyph widths in thousandths");
    Typeface { name, bytes, font }
}

/// A glyph of a run. Lengths are thousandths of the font size.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    /// Its number in the font.
    pub(super) id: u16,
    /// Its width in the font.
    pub(super) width: i32,
    /// The way to the next glyph.
    pub(super) advance: i32,
    /// Its place, from the pen.
    pub(super) offset: (i32, i32),
    /// The byte of the run's text at which its characters begin.
    at: usize,
}

/// Glyphs of one font that follow each other, with their text.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The place of the font in [`TYPEFACES`].
    pub(super) typeface: usize,
    /// The characters that the glyphs show.
    pub(super) text: String,
    /// The glyphs, from left to right.
    pub(super) glyphs: Vec<Glyph>,
}

impl Run {
    /// Returns the text of the characters that begin with a glyph; empty for the further glyphs of
    /// the same characters.
    pub(super) fn text_of(&self, glyph: usize) -> &str {
        let at = self.glyphs[glyph].at;
        if glyph > 0 && self.glyphs[glyph - 1].at == at {
            return "";
        }
        let end = self.glyphs[glyph..].iter().map(|glyph| glyph.at).find(|next| *next > at);
        &self.text[at..end.unwrap_or(self.text.len())]
    }

    fn width(&self) -> i32 {
        self.glyphs.iter().map(|glyph| glyph.advance).sum()
    }

    /// Cuts the run before the last glyph at which its text may be cut so that the front is at most
    /// so wide; at least one character stays in front, if it must.
    fn cut(mut self, width_max: i32, must: bool) -> (Option<Self>, Option<Self>) {
        let (mut wide, mut fits) = (0, 0);
        for (n, glyph) in self.glyphs.iter().enumerate() {
            let begins = n == 0 || self.glyphs[n - 1].at != glyph.at;
            if begins && n > 0 && (wide <= width_max || (must && fits == 0)) {
                fits = n;
            }
            wide += glyph.advance;
        }
        if wide <= width_max || (must && fits == 0) {
            return (Some(self), None);
        }
        if fits == 0 {
            return (None, Some(self));
        }
        let mut glyphs = self.glyphs.split_off(fits);
        let at = glyphs[0].at;
        let text = self.text.split_off(at);
        glyphs.iter_mut().for_each(|glyph| glyph.at -= at);
        let rest = Self { typeface: self.typeface, text, glyphs };
        (Some(self), Some(rest))
    }
}

/// Returns the width of a line at a font size, in points.
#[expect(clippy::cast_precision_loss, reason = "a line has fewer units than a float is exact for")]
pub(super) fn width(line: &[Run], size: f32) -> f32 {
    line.iter().map(Run::width).sum::<i32>() as f32 * size / 1_000.0
}

/// Returns the glyphs of a text. A character that no font has is a question mark, and is put into
/// `missing`.
pub(super) fn shaped(text: &str, face: Face, missing: &mut BTreeSet<char>) -> Vec<Run> {
    let mut parts: Vec<(usize, String)> = Vec::new();
    for c in text.chars() {
        let current = parts.last().map(|part| part.0);
        let found = typeface_of(c, face, current);
        if found.is_none() {
            missing.insert(c);
        }
        let (typeface, c) = found.map_or((face as usize, '?'), |typeface| (typeface, c));
        match parts.last_mut() {
            Some(part) if part.0 == typeface => part.1.push(c),
            _ => parts.push((typeface, c.to_string())),
        }
    }
    parts.into_iter().map(|(typeface, text)| run(typeface, text)).collect()
}

/// Returns the font of a character, after one of the font `current`.
fn typeface_of(c: char, face: Face, current: Option<usize>) -> Option<usize> {
    let latin = face as usize;
    if is_invisible(c) {
        return Some(current.unwrap_or(latin));
    }
    let has = |at: &usize| TYPEFACES[*at].font.charmap().map_unicode(c).is_some();
    // Signs that scripts share, such as the danda, stay with the script that they stand in.
    [Some(latin), current].into_iter().flatten().chain(DEVANAGARI..TYPEFACES_COUNT).find(has)
}

/// True for characters that only steer how others are shown; shaping gives them no width (Unicode
/// Standard, 5.21, default-ignorable code points).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn run(typeface: usize, text: String) -> Run {
    let font = ShaperFont::new(&TYPEFACES[typeface].font);
    let mut buffer = Buffer::new();
    buffer.push_str(&text);
    buffer.guess_segment_properties();
    // The three scripts run from left to right, also behind a character that asks for the other
    // way.
    buffer.set_direction(harfrust::Direction::LeftToRight);
    shape(&font, &mut buffer, ShapeOptions::new()).expect("a buffer with a direction is shaped");
    let glyph = |(info, place): (&harfrust::GlyphInfo, &harfrust::GlyphPosition)| Glyph {
        id: u16::try_from(info.glyph_id).expect("a TrueType font has at most 65,535 glyphs"),
        width: font.glyph_h_advance(info.glyph_id.into()),
        advance: place.x_advance,
        offset: (place.x_offset, place.y_offset),
        at: info.cluster as usize,
    };
    let glyphs = buffer.glyph_infos().iter().zip(buffer.glyph_positions()).map(glyph).collect();
    Run { typeface, text, glyphs }
}

/// Breaks a text into lines of at most a width: between words, and inside one that is too long for
/// a line. There is always at least one line, and each has at least one character if any.
pub(super) fn wrapped(
    text: &str,
    face: Face,
    size: f32,
    width_max: f32,
    missing: &mut BTreeSet<char>,
) -> Vec<Vec<Run>> {
    #[expect(clippy::cast_possible_truncation, reason = "a page is narrower than two billion")]
    let units_max = (width_max * 1_000.0 / size) as i32;
    let units = |line: &[Run]| line.iter().map(Run::width).sum::<i32>();
    let space = shaped(" ", face, missing);
    let mut lines: Vec<Vec<Run>> = vec![Vec::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = shaped(word, face, missing);
        let line = lines.last_mut().expect("there is always a line");
        let gap = if line.is_empty() { 0 } else { units(&space) };
        if units(line) + gap + units(&word) <= units_max {
            if gap > 0 {
                line.extend(space.iter().cloned());
            }
            line.extend(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(Vec::new());
        }
        for mut left in word.into_iter().map(Some) {
            while let Some(run) = left {
                let line = lines.last_mut().expect("there is always a line");
                let (front, rest) = run.cut(units_max - units(line), line.is_empty());
                line.extend(front);
                if rest.is_some() {
                    lines.push(Vec::new());
                }
                left = rest;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Vec<Run>, BTreeSet<char>) {
        let mut missing = BTreeSet::new();
        (shaped(text, Face::Regular, &mut missing), missing)
    }

    #[test]
    fn three_scripts_the_rupee_sign_and_odd_spaces_are_all_drawn() {
        for (text, typefaces) in [
            ("Milk 1 l", &[0][..]),
            ("₹ 5 – “x”… Ž", &[0]),
            ("cafe\u{301}", &[0]),
            ("Amul\u{200b}Gold", &[0]),
            ("Co\u{2011}op", &[0]),
            ("दूध", &[2]),
            ("दूध 1 l", &[2, 0]),
            ("हिन्\u{200d}दी।", &[2]),
            ("ক্ষীর", &[3]),
            ("দুধ দूध", &[3, 0, 3, 2]),
        ] {
            let (runs, missing) = of(text);
            assert_eq!(missing, BTreeSet::new(), "{text}");
            assert!(runs.iter().all(|run| run.glyphs.iter().all(|glyph| glyph.id != 0)), "{text}");
            let of_runs: Vec<_> = runs.iter().map(|run| run.typeface).collect();
            assert_eq!(of_runs, typefaces, "{text}");
        }
        let width_of = |text: &str| width(&of(text).0, 10.0);
        let same = |one: &str, other: &str| (width_of(one) - width_of(other)).abs() < 0.01;
        assert!(same("cafe\u{301}", "café"), "composed or not, the same glyphs");
        assert!(same("Amul\u{200b}Gold", "AmulGold"), "an invisible character takes no room");
        assert!(!same("क्ष", "कष"), "a conjunct is one sign");
    }

    #[test]
    fn a_character_that_no_font_has_is_a_question_mark_and_is_named() {
        let (runs, missing) = of("a🥛b猫");
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].text, "a?b?");
        assert_eq!(missing, BTreeSet::from(['🥛', '猫']));
    }

    #[test]
    fn lines_are_broken_between_words_and_inside_one_that_is_too_long() {
        let lines = |text: &str, width_max| -> Vec<String> {
            let lines = wrapped(text, Face::Regular, 10.0, width_max, &mut BTreeSet::new());
            let text_of = |line: Vec<Run>| line.into_iter().map(|run| run.text).collect();
            lines.into_iter().map(text_of).collect()
        };
        assert_eq!(lines("", 50.0), [""]);
        assert_eq!(lines("whole wheat bread", 65.0), ["whole wheat", "bread"]);
        assert_eq!(lines("0123456789", 20.0), ["012", "345", "678", "9"]);
        assert_eq!(lines("a 0123456789", 30.0), ["a", "01234", "56789"]);
        // Narrower than a character: one on each line, and no end without one.
        assert_eq!(lines("abc", 1.0), ["a", "b", "c"]);
        assert_eq!(lines("दूध", 1.0), ["दू", "ध"], "a vowel sign stays with its consonant");
        assert_eq!(lines("abदूध", 1.0), ["a", "b", "दू", "ध"]);
    }
}
