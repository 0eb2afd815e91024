//! A document as one page of HTML: nothing to load, good to read on a phone, good to print on A4.
//!
//! The template escapes every text; those that came from outside go through [`Plain`] before.

use super::{Document, Rupees, SMALL_PRINT, words};
use crate::percent::PrintedPercent;
use kirana_domain::InvoiceLine;
use kirana_domain::tax::Amounts;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::fmt::{self, Display, Formatter, Write as _};

const STYLE: &str = include_str!("invoice.css");

const CODE: &str = "HSN/SAC";
const QUANTITY: &str = "Qty";
const PRICE: &str = "Price";
const DISCOUNT: &str = "Discount";
const TAXABLE: &str = "Taxable";
const GST: &str = "GST";
const CGST: &str = "CGST";
const SGST: &str = "SGST";
const TOTAL: &str = "Total";

/// The columns of figures of a line.
const FIGURES: [&str; 8] = [QUANTITY, PRICE, DISCOUNT, TAXABLE, GST, CGST, SGST, TOTAL];

/// Renders a document.
pub(crate) fn render(document: &Document<'_>) -> String {
    page(document).into_string()
}

/// A text from outside without the marks that would turn the figures beside it around.
struct Plain<'a>(&'a str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => f.write_str("\u{fffd}"),
            c => f.write_char(c),
        })
    }
}

fn page(document: &Document<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-IN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (document.kind.title()) " " (Plain(document.number)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(document))
                (parties(document))
                (lines(document))
                (rates(document))
                (total(document))
                footer { @for sentence in SMALL_PRINT { p { (sentence) } } }
            }
        }
    }
}

fn head(document: &Document<'_>) -> Markup {
    let seller = &document.seller;
    html! {
        header {
            div {
                p { strong { (Plain(seller.name)) } }
                p { (Plain(seller.address)) }
                p { "State: " (Plain(seller.state)) }
                p { "GSTIN: " (Plain(seller.gstin.unwrap_or("not registered"))) }
            }
            div class="right" {
                h1 { (document.kind.title()) }
                p class="soft" { (Plain(document.number)) }
            }
        }
    }
}

fn parties(document: &Document<'_>) -> Markup {
    let Document { buyer, date, place_of_supply, order_number, refers_to, .. } = document;
    html! {
        section class="parties" {
            div {
                h2 { "Billed and delivered to" }
                @if buyer.name.is_none() && buyer.address.is_empty() {
                    p { "Customer, not registered" }
                }
                @for line in buyer.name.iter().chain(&buyer.address) { p { (Plain(line)) } }
            }
            dl {
                dt { "Date" } dd { (date) }
                dt { "Order" } dd { (Plain(order_number)) }
                dt { "Place of supply" } dd { (Plain(place_of_supply)) }
                @if let Some(invoice) = refers_to {
                    dt { "For invoice" } dd { (Plain(invoice.number)) " of " (invoice.date) }
                }
            }
        }
    }
}

fn lines(document: &Document<'_>) -> Markup {
    let Amounts { taxable, cgst, sgst, total } = document.figures.amounts;
    html! {
        table {
            thead {
                tr {
                    th { "#" } th class="text" { "Description" } th class="text" { (CODE) }
                    @for name in FIGURES { th { (name) } }
                }
            }
            tbody {
                @for (at, of) in (1..).zip(document.figures.all_lines()) { (line(at, of)) }
            }
            tfoot {
                tr {
                    td {} td class="text" colspan="4" { "Total" }
                    (labelled(DISCOUNT, Rupees(document.figures.discount())))
                    (labelled(TAXABLE, Rupees(taxable))) td {}
                    (labelled(CGST, Rupees(cgst))) (labelled(SGST, Rupees(sgst)))
                    (labelled(TOTAL, Rupees(total)))
                }
            }
        }
    }
}

/// Returns a cell that names its column: on a narrow screen a row is a list, and the head is gone.
fn labelled(label: &str, value: impl Display) -> Markup {
    html! { td data-label=(label) { (value.to_string()) } }
}

fn line(at: usize, line: &InvoiceLine<'_>) -> Markup {
    let Amounts { taxable, cgst, sgst, total } = line.amounts;
    html! {
        tr {
            td { (at) }
            td class="text" {
                (Plain(line.name))
                @if let Some(unit) = line.unit { br; span class="soft" { (Plain(unit)) } }
            }
            td class="text" data-label=(CODE) { (Plain(line.code.unwrap_or_default())) }
            (labelled(QUANTITY, line.quantity)) (labelled(PRICE, Rupees(line.unit_price)))
            (labelled(DISCOUNT, Rupees(line.discount))) (labelled(TAXABLE, Rupees(taxable)))
            (labelled(GST, PrintedPercent::of(line.rate)))
            (labelled(CGST, Rupees(cgst))) (labelled(SGST, Rupees(sgst)))
            (labelled(TOTAL, Rupees(total)))
        }
    }
}

fn rates(document: &Document<'_>) -> Markup {
    html! {
        table class="rates" {
            thead {
                tr {
                    th class="text" { (GST) }
                    @for name in [TAXABLE, "CGST at", CGST, "SGST at", SGST] { th { (name) } }
                }
            }
            tbody {
                @for (rate, sums) in &document.figures.by_rate {
                    @let half = PrintedPercent::half_of(*rate);
                    tr {
                        td class="text" data-label=(GST) { (PrintedPercent::of(*rate)) }
                        (labelled(TAXABLE, Rupees(sums.taxable)))
                        (labelled("CGST at", half)) (labelled(CGST, Rupees(sums.cgst)))
                        (labelled("SGST at", half)) (labelled(SGST, Rupees(sums.sgst)))
                    }
                }
            }
        }
    }
}

fn total(document: &Document<'_>) -> Markup {
    let total = document.figures.amounts.total;
    html! {
        p class="total" {
            span { (document.kind.total_label()) }
            span { "₹ " (Rupees(total)) }
        }
        p class="words" { (words::in_words(total)) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{credit_note, invoice, named};
    use super::*;

    #[test]
    fn a_hostile_name_is_only_a_name() {
        let name = "<script>alert('1')</script> & \"Sons\" \u{202e}00.1";
        named(name, |document| {
            let html = render(document);
            assert!(!html.contains("<script"), "{html}");
            assert!(!html.contains("\"Sons") && !html.contains('\u{202e}'), "{html}");
            let escaped = "&lt;script&gt;alert('1')&lt;/script&gt; &amp; &quot;Sons&quot; ";
            // Seller's name, address and state; buyer's name and address; order, place, line, unit.
            assert_eq!(html.matches(escaped).count(), 9);
            let tags = |html: &str| html.matches('<').count();
            named("milk", |plain| assert_eq!(tags(&html), tags(&render(plain))));
        });
    }

    #[test]
    fn a_page_has_every_line_the_sums_and_the_words() {
        invoice(7, |document| {
            let html = render(document);
            assert_eq!(html.matches("<tr><td>").count(), 8 + 1);
            for line in document.figures.all_lines() {
                assert!(html.contains(line.name));
                let total = Rupees(line.amounts.total);
                assert!(html.contains(&format!("<td data-label=\"Total\">{total}</td></tr>")));
            }
            let total = document.figures.amounts.total;
            assert!(html.contains(&format!("<span>₹ {}</span>", Rupees(total))));
            assert!(html.contains(&words::in_words(total)));
            assert!(html.contains("<h1>Invoice-cum-bill of supply</h1>"));
            assert!(html.contains("GSTIN: 17AAAAA0000A1Z3"));
            assert!(!html.contains("http"), "nothing is loaded from elsewhere");
        });
    }

    #[test]
    fn a_credit_note_says_what_it_is_and_for_which_invoice() {
        credit_note(|document| {
            let html = render(document);
            assert!(html.contains("<h1>Credit note</h1>"));
            assert!(html.contains("<dd>TUR/2627/0000123 of 2026-11-22</dd>"));
            assert!(html.contains("<span>Credited</span>"));
        });
    }

    #[test]
    fn on_a_narrow_screen_every_figure_says_its_column_and_no_row_is_a_row_of_columns() {
        invoice(7, |document| {
            let html = render(document);
            let rows = html.matches("<tr><td>").count();
            assert_eq!(html.matches("<td data-label=\"Total\">").count(), rows);
            for column in FIGURES {
                let label = format!("<td data-label=\"{column}\">");
                assert!(html.matches(&label).count() >= rows - 1, "{column}");
            }
            let narrow = STYLE.split_once("@media screen and (max-width: 48rem)").unwrap().1;
            assert!(
                narrow.contains("content: attr(data-label)") && narrow.contains("display: grid")
            );
        });
    }

    #[test]
    fn texts_of_any_script_are_shown_as_they_are() {
        named("दूध", |document| assert!(render(document).contains("<strong>दूध</strong>")));
    }
}
