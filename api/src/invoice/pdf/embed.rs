//! Fonts inside a file: of each only the glyphs that the file shows.

use super::font::{Glyph, TYPEFACES, TYPEFACES_COUNT};
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;

/// The names of the fonts on a page.
pub(super) const RESOURCES: [Name<'static>; TYPEFACES_COUNT] =
    [Name(b"F1"), Name(b"F2"), Name(b"F3"), Name(b"F4")];
const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
/// A mark that the font is a part of the one named (ISO 32000-1, 9.6.4).
const PART_OF: &str = "KIRANA+";

/// The glyphs of one font that a file shows.
#[derive(Default)]
pub(super) struct Embedded {
    glyphs: GlyphRemapper,
    /// The width and the characters of each, from code 1 on; code 0 is the missing glyph.
    shown: Vec<(i32, String)>,
}

impl Embedded {
    /// Returns the code that shows a glyph in the file. The first characters that it stands for are
    /// those that a reader of the file copies.
    pub(super) fn code_of(&mut self, glyph: &Glyph, text: &str) -> u16 {
        let code = self.glyphs.remap(glyph.id);
        let count = usize::from(code);
        if count > self.shown.len() {
            self.shown.push((glyph.width, text.to_owned()));
        }
        assert!((1..=self.shown.len()).contains(&count), "codes are given out one by one");
        code
    }

    /// True when the file shows a glyph of the font.
    pub(super) fn is_shown(&self) -> bool {
        !self.shown.is_empty()
    }

    /// Writes the font to a file, with more objects from `next`.
    #[expect(clippy::cast_precision_loss, reason = "widths are below a few thousand")]
    pub(super) fn write_to(
        &self,
        pdf: &mut Pdf,
        typeface: usize,
        id: Ref,
        next: &mut impl FnMut() -> Ref,
    ) {
        let typeface = &TYPEFACES[typeface];
        let name = format!("{PART_OF}{}", typeface.name);
        let name = Name(name.as_bytes());
        let (cid, descriptor, file, map) = (next(), next(), next(), next());
        pdf.type0_font(id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(map);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY);
        font.font_descriptor(descriptor).default_width(0.0);
        font.cid_to_gid_map_predefined(Name(b"Identity"));
        font.widths().consecutive(1, self.shown.iter().map(|(width, _)| *width as f32));
        font.finish();
        let mut describes = pdf.font_descriptor(descriptor);
        describes.name(name).flags(FontFlags::SYMBOLIC).italic_angle(0.0).stem_v(80.0);
        // Of the tallest of the four, so that no reader of the file cuts a sign.
        describes.bbox(Rect::new(-600.0, -500.0, 2_000.0, 1_100.0));
        describes.ascent(1_069.0).descent(-408.0).cap_height(714.0).font_file2(file);
        describes.finish();
        let part = subsetter::subset(typeface.bytes, 0, &self.glyphs)
            .expect("a font of this program can be cut down");
        let length = i32::try_from(part.len()).expect("a font is a few hundred kilobytes");
        pdf.stream(file, &part).pair(Name(b"Length1"), length);
        let mut unicode = UnicodeCmap::new(Name(b"Kirana"), IDENTITY);
        for (code, (_, text)) in (1_u16..).zip(&self.shown) {
            if !text.is_empty() {
                unicode.pair_with_multiple(code, text.chars());
            }
        }
        pdf.cmap(map, &unicode.finish());
    }
}
