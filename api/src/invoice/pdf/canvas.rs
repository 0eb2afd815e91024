//! Pages of A4 on which text and rules are put from top to bottom; a full page begins another.

use super::font::{Face, encoded, width, wrapped};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// A4 in points, and its margins.
const PAGE: (f32, f32) = (595.0, 842.0);
pub(super) const LEFT: f32 = 36.0;
pub(super) const RIGHT: f32 = PAGE.0 - LEFT;
const TOP: f32 = PAGE.1 - 40.0;
/// Nothing but the number of the page stands below.
const BOTTOM: f32 = 52.0;
const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");
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
    /// True once a character was replaced.
    pub(super) has_replaced: bool,
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self { pages: vec![Content::new()], y: TOP, has_replaced: false }
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

    /// Encodes a text and remembers whether that lost something.
    pub(super) fn encode(&mut self, text: &str) -> Vec<u8> {
        let (bytes, has_replaced) = encoded(text);
        self.has_replaced |= has_replaced;
        bytes
    }

    /// A text whose lines are at most so wide.
    pub(super) fn wrap(&mut self, text: &str, style: Style, width_max: f32) -> Vec<Vec<u8>> {
        wrapped(&self.encode(text), style.face, style.size, width_max)
    }

    fn show(&mut self, bytes: &[u8], style: Style, x: f32, y: f32) {
        let font = if style.face == Face::Bold { BOLD } else { REGULAR };
        let page = self.page();
        page.begin_text().set_fill_gray(style.gray).set_font(font, style.size);
        page.next_line(x, y).show(Str(bytes)).end_text();
    }

    /// Encoded text from `x` on, its foot `below` the present height.
    pub(super) fn left_bytes(&mut self, bytes: &[u8], style: Style, x: f32, below: f32) {
        self.show(bytes, style, x, self.y - below);
    }

    /// Text from `x` on.
    pub(super) fn left(&mut self, text: &str, style: Style, x: f32, below: f32) {
        let bytes = self.encode(text);
        self.left_bytes(&bytes, style, x, below);
    }

    /// Text that ends at `x`.
    pub(super) fn right(&mut self, text: &str, style: Style, x: f32, below: f32) {
        let bytes = self.encode(text);
        let start = x - width(&bytes, style.face, style.size);
        self.left_bytes(&bytes, style, start, below);
    }

    /// Lines of a text from `x` on, from the present height down; moves nothing. Answers how high
    /// they are.
    pub(super) fn block(&mut self, text: &str, style: Style, x: f32, width_max: f32) -> f32 {
        let mut height = 0.0;
        for line in self.wrap(text, style, width_max) {
            height += style.leading();
            self.left_bytes(&line, style, x, height);
        }
        height
    }

    /// Lines of a text from `x` on, from the present height down and over to another page if need
    /// be: whoever writes at great length is printed at great length.
    pub(super) fn flow(&mut self, text: &str, style: Style, x: f32, width_max: f32) {
        for line in self.wrap(text, style, width_max) {
            self.make_room(style.leading());
            self.y -= style.leading();
            self.left_bytes(&line, style, x, 0.0);
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

    /// The finished file; each page says at its foot what it belongs to.
    pub(super) fn finish(mut self, title: &str) -> Vec<u8> {
        let count = self.pages.len();
        let name = self.encode(title);
        let small = Style::soft(7.5);
        let pages = std::mem::take(&mut self.pages);
        let mut pdf = Pdf::new();
        let mut next = 1..;
        let mut id = || Ref::new(next.next().expect("a file has fewer objects than numbers"));
        let (catalog, tree, regular, bold, info) = (id(), id(), id(), id(), id());
        let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (id(), id())).collect();
        pdf.catalog(catalog).pages(tree).lang(TextStr("en-IN"));
        pdf.document_info(info).title(TextStr(title));
        let kids = i32::try_from(count).expect("a file has fewer pages than numbers");
        pdf.pages(tree).kids(ids.iter().map(|(page, _)| *page)).count(kids);
        for (at, (content, (page_id, content_id))) in (1..).zip(pages.into_iter().zip(ids)) {
            self.pages.push(content);
            self.y = BOTTOM;
            self.left_bytes(&name, small, LEFT, 22.0);
            self.right(&format!("Page {at} of {count}"), small, RIGHT, 22.0);
            let mut page = pdf.page(page_id);
            page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content_id);
            page.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
            page.finish();
            let content = self.pages.pop().expect("the page that was just put there");
            pdf.stream(content_id, &content.finish());
        }
        for (id, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold")] {
            let mut font = pdf.type1_font(id);
            font.base_font(Name(name.as_bytes()));
            font.encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        pdf.finish()
    }
}
