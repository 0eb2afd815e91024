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
                    th { "#" } th class="text" { "Description" } th class="text" { "HSN/SAC" }
                    @for name in ["Qty", "Price", "Discount", "Taxable", "GST", "CGST", "SGST"] {
                        th { (name) }
                    }
                    th { "Total" }
                }
            }
            tbody {
                @for (at, of) in (1..).zip(document.figures.all_lines()) { (line(at, of)) }
            }
            tfoot {
                tr {
                    td {} td class="text" colspan="4" { "Total" }
                    td { (Rupees(document.figures.discount())) } td { (Rupees(taxable)) } td {}
                    td { (Rupees(cgst)) } td { (Rupees(sgst)) } td { (Rupees(total)) }
                }
            }
        }
    }
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
            td class="text" { (Plain(line.code.unwrap_or_default())) }
            td { (line.quantity) } td { (Rupees(line.unit_price)) } td { (Rupees(line.discount)) }
            td { (Rupees(taxable)) } td { (PrintedPercent::of(line.rate)) }
            td { (Rupees(cgst)) } td { (Rupees(sgst)) } td { (Rupees(total)) }
        }
    }
}

fn rates(document: &Document<'_>) -> Markup {
    html! {
        table class="rates" {
            thead {
                tr {
                    th class="text" { "GST" }
                    @for name in ["Taxable", "CGST at", "CGST", "SGST at", "SGST"] { th { (name) } }
                }
            }
            tbody {
                @for (rate, sums) in &document.figures.by_rate {
                    @let half = PrintedPercent::half_of(*rate);
                    tr {
                        td class="text" { (PrintedPercent::of(*rate)) } td { (Rupees(sums.taxable)) }
                        td { (half) } td { (Rupees(sums.cgst)) }
                        td { (half) } td { (Rupees(sums.sgst)) }
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
                assert!(html.contains(&format!("<td>{}</td></tr>", Rupees(line.amounts.total))));
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
    fn texts_of_any_script_are_shown_as_they_are() {
        named("दूध", |document| assert!(render(document).contains("<strong>दूध</strong>")));
    }
}
