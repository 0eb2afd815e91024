//! A document as a PDF of one or several pages of A4.
//!
//! Latin, Devanagari and Bengali script are drawn with fonts that the file carries, cut down to the
//! glyphs that it shows. A character of another script is printed as a question mark, and the last
//! line names it; the HTML page shows every script.

mod canvas;
mod embed;
mod font;

use super::{Document, Rupees, SMALL_PRINT, words};
use crate::percent::PrintedPercent;
use canvas::{Canvas, LEFT, RIGHT, Style};
use kirana_domain::InvoiceLine;
use kirana_domain::tax::Amounts;

const CELL: Style = Style::regular(7.5);
const CELL_SOFT: Style = Style::soft(7.0);
const HEAD: Style = Style::bold(7.0);
const TEXT: Style = Style::regular(9.0);
const LABEL: Style = Style::soft(7.5);
/// Between a rule and the text beside it.
const PAD: f32 = 4.0;
const NAME_X: f32 = LEFT + 20.0;
const NAME_WIDTH: f32 = 138.0;
const CODE_X: f32 = NAME_X + NAME_WIDTH + 6.0;
/// Right edges of the figures: quantity, price, discount, taxable, rate, CGST, SGST, total.
const FIGURES_X: [f32; 8] = [262.0, 310.0, 354.0, 406.0, 434.0, 474.0, 514.0, RIGHT - PAD];
const FIGURES: [&str; 8] = ["Qty", "Price", "Discount", "Taxable", "GST", "CGST", "SGST", "Total"];
/// Right edges of the sums by rate, after the rate itself.
const RATES_X: [f32; 5] = [140.0, 180.0, 226.0, 266.0, 312.0];

/// Renders a document.
pub(crate) fn render(document: &Document<'_>) -> Vec<u8> {
    let mut canvas = Canvas::new();
    head(&mut canvas, document);
    parties(&mut canvas, document);
    table_head(&mut canvas);
    for (at, line) in (1..).zip(document.figures.all_lines()) {
        table_line(&mut canvas, at, line);
    }
    table_sums(&mut canvas, document);
    rates(&mut canvas, document);
    total(&mut canvas, document);
    small_print(&mut canvas);
    canvas.finish(&format!("{} {}", document.kind.title(), document.number))
}

fn head(canvas: &mut Canvas, document: &Document<'_>) {
    let seller = &document.seller;
    let (title, number) = (Style::bold(16.0), Style::soft(10.0));
    canvas.right(document.kind.title(), title, RIGHT, title.leading());
    canvas.right(document.number, number, RIGHT, title.leading() + number.leading());
    let gstin = format!("GSTIN: {}", seller.gstin.unwrap_or("not registered"));
    let state = format!("State: {}", seller.state);
    for (text, style) in
        [(seller.name, Style::bold(11.0)), (seller.address, TEXT), (&state, TEXT), (&gstin, TEXT)]
    {
        canvas.flow(text, style, LEFT, 270.0);
    }
    canvas.y -= 10.0;
    canvas.rule(true);
    canvas.y -= 6.0;
}

fn parties(canvas: &mut Canvas, document: &Document<'_>) {
    let (top, page) = (canvas.y, canvas.pages_count());
    facts(canvas, document);
    let facts_end = canvas.y;
    canvas.y = top;
    canvas.flow("Billed and delivered to", LABEL, LEFT, 240.0);
    let buyer = &document.buyer;
    if buyer.name.is_none() && buyer.address.is_empty() {
        canvas.flow("Customer, not registered", TEXT, LEFT, 240.0);
    }
    for line in buyer.name.iter().chain(&buyer.address) {
        canvas.flow(line, TEXT, LEFT, 240.0);
    }
    // On a page that the address went over to there are no facts to stay clear of.
    if canvas.pages_count() == page {
        canvas.y = canvas.y.min(facts_end);
    }
    canvas.y -= 14.0;
}

fn facts(canvas: &mut Canvas, document: &Document<'_>) {
    let date = document.date.to_string();
    let invoice =
        document.refers_to.map(|invoice| format!("{} of {}", invoice.number, invoice.date));
    let facts = [
        ("Date", Some(date.as_str())),
        ("Order", Some(document.order_number)),
        ("Place of supply", Some(document.place_of_supply)),
        ("For invoice", invoice.as_deref()),
    ];
    for (label, value) in facts.into_iter().filter_map(|(label, value)| Some((label, value?))) {
        canvas.left(label, LABEL, 320.0, TEXT.leading());
        canvas.y -= canvas.block(value, TEXT, 392.0, RIGHT - 392.0);
    }
}

fn table_head(canvas: &mut Canvas) {
    canvas.make_room(48.0);
    canvas.band(RIGHT, 16.0);
    canvas.left("#", HEAD, LEFT + PAD, 11.0);
    canvas.left("Description", HEAD, NAME_X, 11.0);
    canvas.left("HSN/SAC", HEAD, CODE_X, 11.0);
    for (label, x) in FIGURES.into_iter().zip(FIGURES_X) {
        canvas.right(label, HEAD, x, 11.0);
    }
    canvas.y -= 16.0;
}

fn table_line(canvas: &mut Canvas, at: usize, line: &InvoiceLine<'_>) {
    let name = canvas.wrap(line.name, CELL, NAME_WIDTH);
    let unit = line.unit.map(|unit| canvas.wrap(unit, CELL_SOFT, NAME_WIDTH)).unwrap_or_default();
    let rows = name.iter().map(|row| (row, CELL)).chain(unit.iter().map(|row| (row, CELL_SOFT)));
    let height: f32 = rows.clone().map(|(_, style)| style.leading()).sum::<f32>() + 2.0 * PAD;
    if canvas.make_room(height) {
        table_head(canvas);
    }
    let first = PAD + CELL.size;
    canvas.left(&at.to_string(), CELL_SOFT, LEFT + PAD, first);
    let mut below = first;
    for (row, style) in rows {
        canvas.left_line(row, style, NAME_X, below);
        below += style.leading();
    }
    canvas.left(line.code.unwrap_or_default(), CELL, CODE_X, first);
    let Amounts { taxable, cgst, sgst, total } = line.amounts;
    let amounts =
        [line.unit_price, line.discount, taxable].map(|amount| Rupees(amount).to_string());
    let figures = std::iter::once(line.quantity.to_string())
        .chain(amounts)
        .chain([PrintedPercent::of(line.rate).to_string()])
        .chain([cgst, sgst, total].map(|amount| Rupees(amount).to_string()));
    for (text, x) in figures.zip(FIGURES_X) {
        canvas.right(&text, CELL, x, first);
    }
    canvas.y -= height;
    canvas.rule(false);
}

fn table_sums(canvas: &mut Canvas, document: &Document<'_>) {
    canvas.make_room(20.0);
    let Amounts { taxable, cgst, sgst, total } = document.figures.amounts;
    let bold = Style::bold(CELL.size);
    canvas.left("Total", bold, NAME_X, PAD + CELL.size);
    let [_, _, discount_x, taxable_x, _, cgst_x, sgst_x, total_x] = FIGURES_X;
    let discount = document.figures.discount();
    for (amount, x) in [
        (discount, discount_x),
        (taxable, taxable_x),
        (cgst, cgst_x),
        (sgst, sgst_x),
        (total, total_x),
    ] {
        canvas.right(&Rupees(amount).to_string(), bold, x, PAD + CELL.size);
    }
    canvas.y -= 30.0;
}

fn rates(canvas: &mut Canvas, document: &Document<'_>) {
    let by_rate = &document.figures.by_rate;
    let row = 13.0;
    // Few enough for any page: a table of rates is as long as the law has rates.
    let rows = u16::try_from(by_rate.len()).unwrap_or(u16::MAX);
    canvas.make_room(row * f32::from(rows) + 16.0);
    canvas.band(RATES_X[4] + PAD, 16.0);
    canvas.left("GST", HEAD, LEFT + PAD, 11.0);
    for (label, x) in ["Taxable", "CGST at", "CGST", "SGST at", "SGST"].into_iter().zip(RATES_X) {
        canvas.right(label, HEAD, x, 11.0);
    }
    canvas.y -= 16.0;
    for (rate, sums) in by_rate {
        canvas.make_room(row);
        canvas.left(&PrintedPercent::of(*rate).to_string(), CELL, LEFT + PAD, 10.0);
        let half = PrintedPercent::half_of(*rate).to_string();
        let [taxable, cgst, sgst] =
            [sums.taxable, sums.cgst, sums.sgst].map(|amount| Rupees(amount).to_string());
        for (text, x) in [&taxable, &half, &cgst, &half, &sgst].into_iter().zip(RATES_X) {
            canvas.right(text, CELL, x, 10.0);
        }
        canvas.y -= row;
    }
    canvas.y -= 12.0;
}

fn total(canvas: &mut Canvas, document: &Document<'_>) {
    let amount = document.figures.amounts.total;
    let style = Style::bold(12.0);
    canvas.make_room(60.0);
    canvas.rule(true);
    canvas.band(RIGHT, 26.0);
    canvas.left(document.kind.total_label(), style, LEFT + PAD, 18.0);
    canvas.right(&format!("₹ {}", Rupees(amount)), style, RIGHT - PAD, 18.0);
    canvas.y -= 28.0;
    canvas.y -= canvas.block(&words::in_words(amount), TEXT, LEFT + PAD, RIGHT - LEFT - 2.0 * PAD);
    canvas.y -= 16.0;
}

fn small_print(canvas: &mut Canvas) {
    let replaced = replaced(canvas);
    for sentence in SMALL_PRINT.into_iter().chain(replaced.as_deref()) {
        canvas.make_room(2.0 * LABEL.leading());
        canvas.y -= canvas.block(sentence, LABEL, LEFT, RIGHT - LEFT);
    }
}

/// Returns a sentence that names the characters that could not be drawn, if any.
fn replaced(canvas: &Canvas) -> Option<String> {
    let codes: Vec<_> = canvas.missing.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect();
    (!codes.is_empty()).then(|| {
        let codes = codes.join(", ");
        format!(
            "Printed as ?, for want of a font: {codes}. The web page of this document shows all."
        )
    })
}

#[cfg(test)]
mod tests;
