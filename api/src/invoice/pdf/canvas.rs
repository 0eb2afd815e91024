//! Pages of A4 on which text and rules are put from top to bottom; a full page begins another.

use super::embed::{Embedded, RESOURCES};
use super::font::{DEVANAGARI, Face, Run, TYPEFACES_COUNT, shaped, width, wrapped};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::array::from_fn;
use std::collections::BTreeSet;

/// A4 in points, and its margins.
const PAGE: (f32, f32) = (595.0, 842.0);
pub(super) const LEFT: f32 = 36.0;
pub(super) const RIGHT: f32 = PAGE.0 - LEFT;
const TOP: f32 = PAGE.1 - 40.0;
/// Nothing but the number of the page stands below.
const BOTTOM: f32 = 52.0;
/// The grey of what is less important, and of rules; black is 0 and white is 1.
pub(super) const SOFT: f32 = 0.42;
const RULE: f32 = 0.8;
const TINT: f32 = 0.95;

/// The style of a text.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) gray: f32,
}

impl Style {
    pub(super) const fn regular(size: f32) -> Self {
        Self { face: Face::Regular, size, gray: 0.1 }
    }

    pub(super) const fn bold(size: f32) -> Self {
        Self { face: Face::Bold, size, gray: 0.1 }
    }

    pub(super) const fn soft(size: f32) -> Self {
        Self { face: Face::Regular, size, gray: SOFT }
    }

    /// From one line to the next, in points.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.32
    }
}

/// The pages so far, and where on the last one the next line goes.
pub(super) struct Canvas {
    pages: Vec<Content>,
    /// Points from the bottom of the page; falls.
    pub(super) y: f32,
    /// Characters that no font has.
    pub(super) missing: BTreeSet<char>,
    fonts: [Embedded; TYPEFACES_COUNT],
}

impl Canvas {
    pub(super) fn new() -> Self {
        let fonts = from_fn(|_| Embedded::default());
        Self { pages: vec![Content::new()], y: TOP, missing: BTreeSet::new(), fonts }
    }

    fn page(&mut self) -> &mut Content {
        self.pages.last_mut().expect("there is always a page")
    }

    /// Begins another page unless so many points are left. Answers whether it did.
    pub(super) fn make_room(&mut self, height: f32) -> bool {
        // On a page of its own whatever comes has to do with what there is.
        if self.y - height >= BOTTOM || self.y >= TOP {
            return false;
        }
        self.pages.push(Content::new());
        self.y = TOP;
        true
    }

    /// Breaks a text into lines that are at most so wide.
    pub(super) fn wrap(&mut self, text: &str, style: Style, width_max: f32) -> Vec<Vec<Run>> {
        wrapped(text, style.face, style.size, width_max, &mut self.missing)
    }

    /// Draws a line from `x` on, its foot `below` the present height.
    pub(super) fn left_line(&mut self, line: &[Run], style: Style, x: f32, below: f32) {
        let mut pen = (x, self.y - below);
        let content = self.pages.last_mut().expect("there is always a page");
        content.begin_text().set_fill_gray(style.gray);
        for run in line {
            content.set_font(RESOURCES[run.typeface], style.size);
            let needs_text = run.typeface >= DEVANAGARI;
            if needs_text {
                let mut span = content.begin_marked_content_with_properties(Name(b"Span"));
                span.properties().actual_text(TextStr(&run.text));
            }
            pen.0 = show(content, &mut self.fonts[run.typeface], run, style.size, pen);
            if needs_text {
                content.end_marked_content();
            }
        }
        content.end_text();
    }

    /// Draws a text from `x` on.
    pub(super) fn left(&mut self, text: &str, style: Style, x: f32, below: f32) {
        let line = shaped(text, style.face, &mut self.missing);
        self.left_line(&line, style, x, below);
    }

    /// Draws a text that ends at `x`.
    pub(super) fn right(&mut self, text: &str, style: Style, x: f32, below: f32) {
        let line = shaped(text, style.face, &mut self.missing);
        let start = x - width(&line, style.size);
        self.left_line(&line, style, start, below);
    }

    /// Lines of a text from `x` on, from the present height down; moves nothing. Answers how high
    /// they are.
    pub(super) fn block(&mut self, text: &str, style: Style, x: f32, width_max: f32) -> f32 {
        let mut height = 0.0;
        for line in self.wrap(text, style, width_max) {
            height += style.leading();
            self.left_line(&line, style, x, height);
        }
        height
    }

    /// Lines of a text from `x` on, from the present height down and over to another page if need
    /// be: whoever writes at great length is printed at great length.
    pub(super) fn flow(&mut self, text: &str, style: Style, x: f32, width_max: f32) {
        for line in self.wrap(text, style, width_max) {
            self.make_room(style.leading());
            self.y -= style.leading();
            self.left_line(&line, style, x, 0.0);
        }
    }

    /// Returns the number of pages.
    pub(super) fn pages_count(&self) -> usize {
        self.pages.len()
    }

    /// A rule over the whole width at the present height.
    pub(super) fn rule(&mut self, is_strong: bool) {
        let (line_width, gray) = if is_strong { (1.2, 0.1) } else { (0.5, RULE) };
        let y = self.y;
        let page = self.page();
        page.set_line_width(line_width).set_stroke_gray(gray);
        page.move_to(LEFT, y).line_to(RIGHT, y).stroke();
    }

    /// A tinted band over a width, from the present height down.
    pub(super) fn band(&mut self, to: f32, height: f32) {
        let y = self.y - height;
        self.page().set_fill_gray(TINT).rect(LEFT, y, to - LEFT, height).fill_nonzero();
    }

    /// Returns the finished file; each page says at its foot what it belongs to.
    pub(super) fn finish(mut self, title: &str) -> Vec<u8> {
        let count = self.pages.len();
        let small = Style::soft(7.5);
        let pages = std::mem::take(&mut self.pages);
        let mut pdf = Pdf::new();
        let mut next = 1..;
        let mut id = || Ref::new(next.next().expect("a file has fewer objects than numbers"));
        let (catalog, tree, info) = (id(), id(), id());
        let fonts: [Ref; TYPEFACES_COUNT] = from_fn(|_| id());
        let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (id(), id())).collect();
        pdf.catalog(catalog).pages(tree).lang(TextStr("en-IN"));
        pdf.document_info(info).title(TextStr(title));
        let kids = i32::try_from(count).expect("a file has fewer pages than numbers");
        pdf.pages(tree).kids(ids.iter().map(|(page, _)| *page)).count(kids);
        for (at, (content, (page_id, content_id))) in (1..).zip(pages.into_iter().zip(ids)) {
            self.pages.push(content);
            self.y = BOTTOM;
            self.left(title, small, LEFT, 22.0);
            self.right(&format!("Page {at} of {count}"), small, RIGHT, 22.0);
            let mut page = pdf.page(page_id);
            page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content_id);
            let mut resources = page.resources();
            let shown = |at: &usize| self.fonts[*at].is_shown();
            let of_page = (0..TYPEFACES_COUNT).filter(shown);
            resources.fonts().pairs(of_page.map(|at| (RESOURCES[at], fonts[at])));
            resources.finish();
            page.finish();
            let content = self.pages.pop().expect("the page that was just put there");
            pdf.stream(content_id, &content.finish());
        }
        let shown = self.fonts.iter().enumerate().filter(|(_, font)| font.is_shown());
        for (typeface, font) in shown {
            font.write_to(&mut pdf, typeface, fonts[typeface], &mut id);
        }
        pdf.finish()
    }
}

/// Draws the glyphs of a run with the pen at a point. Returns the point that the pen comes to.
#[expect(clippy::cast_precision_loss, reason = "a glyph has fewer units than a float is exact for")]
fn show(
    content: &mut Content,
    font: &mut Embedded,
    run: &Run,
    size: f32,
    (start, bottom): (f32, f32),
) -> f32 {
    let points = |units: i32| units as f32 * size / 1_000.0;
    let (mut pen, mut drawn_to, mut codes) = (0, None, Vec::new());
    for (at, glyph) in run.glyphs.iter().enumerate() {
        let place = (pen + glyph.offset.0, glyph.offset.1);
        // A reader of the file advances by the width in the font; any other step is said.
        if drawn_to != Some(place) {
            if !codes.is_empty() {
                content.show(Str(&codes));
                codes.clear();
            }
            let (x, y) = (start + points(place.0), bottom + points(place.1));
            content.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]);
        }
        codes.extend(font.code_of(glyph, run.text_of(at)).to_be_bytes());
        drawn_to = Some((place.0 + glyph.width, place.1));
        pen += glyph.advance;
    }
    if !codes.is_empty() {
        content.show(Str(&codes));
    }
    start + points(pen)
}
