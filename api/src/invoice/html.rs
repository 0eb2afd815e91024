//! A document as one page of HTML: nothing to load, good to read on a phone, good to print on A4.
//!
//! Every text that came from outside goes through [`Escaped`].

use super::{Document, Rupees, SMALL_PRINT, words};
use crate::percent::PrintedPercent;
use kirana_domain::InvoiceLine;
use kirana_domain::invoice::Amounts;
use std::fmt::{self, Display, Formatter, Write as _};

const STYLE: &str = include_str!("invoice.css");

/// Renders a document.
pub(crate) fn render(document: &Document<'_>) -> String {
    Page(document).to_string()
}

/// A text with everything replaced that HTML would read as its own, in elements and in attributes.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaper(f), "{}", self.0)
    }
}

struct Escaper<'a, 'b>(&'a mut Formatter<'b>);

impl fmt::Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            '&' => self.0.write_str("&amp;"),
            '<' => self.0.write_str("&lt;"),
            '>' => self.0.write_str("&gt;"),
            '"' => self.0.write_str("&quot;"),
            '\'' => self.0.write_str("&#39;"),
            // Would turn the figures beside a name around: they are shown as what they are.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.0.write_str("\u{fffd}"),
            c => self.0.write_char(c),
        })
    }
}

struct Page<'a>(&'a Document<'a>);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (title, number) = (self.0.kind.title(), Escaped(self.0.number));
        write!(
            f,
            "<!doctype html>\n<html lang=\"en-IN\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} {number}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        )?;
        self.head(f)?;
        self.parties(f)?;
        self.lines(f)?;
        self.rates(f)?;
        self.total(f)?;
        f.write_str("<footer>\n")?;
        for sentence in SMALL_PRINT {
            writeln!(f, "<p>{sentence}</p>")?;
        }
        f.write_str("</footer>\n</body>\n</html>\n")
    }
}

impl Page<'_> {
    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seller = &self.0.seller;
        let (name, address) = (Escaped(seller.name), Escaped(seller.address));
        let gstin = Escaped(seller.gstin.unwrap_or("not registered"));
        writeln!(
            f,
            "<header>\n<div>\n<p><strong>{name}</strong></p>\n<p>{address}</p>\n\
             <p>State: {state}</p>\n<p>GSTIN: {gstin}</p>\n</div>\n\
             <div class=\"right\">\n<h1>{title}</h1>\n<p class=\"soft\">{number}</p>\n</div>\n\
             </header>",
            state = Escaped(seller.state),
            title = self.0.kind.title(),
            number = Escaped(self.0.number),
        )
    }

    fn parties(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Document { buyer, date, place_of_supply, order_number, refers_to, .. } = self.0;
        f.write_str("<section class=\"parties\">\n<div>\n<h2>Billed and delivered to</h2>\n")?;
        if buyer.name.is_none() && buyer.address.is_empty() {
            f.write_str("<p>Customer, not registered</p>\n")?;
        }
        for line in buyer.name.iter().chain(&buyer.address) {
            writeln!(f, "<p>{}</p>", Escaped(line))?;
        }
        writeln!(f, "</div>\n<dl>\n<dt>Date</dt><dd>{date}</dd>")?;
        writeln!(f, "<dt>Order</dt><dd>{}</dd>", Escaped(order_number))?;
        writeln!(f, "<dt>Place of supply</dt><dd>{}</dd>", Escaped(place_of_supply))?;
        if let Some(invoice) = refers_to {
            let (number, date) = (Escaped(invoice.number), invoice.date);
            writeln!(f, "<dt>For invoice</dt><dd>{number} of {date}</dd>")?;
        }
        f.write_str("</dl>\n</section>\n")
    }

    fn lines(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "<table>\n<thead><tr><th>#</th><th class=\"text\">Description</th>\
             <th class=\"text\">HSN/SAC</th><th>Qty</th><th>Price</th><th>Discount</th>\
             <th>Taxable</th><th>GST</th><th>CGST</th><th>SGST</th><th>Total</th></tr></thead>\n\
             <tbody>\n",
        )?;
        for (at, line) in (1..).zip(self.0.figures.all_lines()) {
            Self::line(f, at, line)?;
        }
        let Amounts { taxable, cgst, sgst, total } = self.0.figures.amounts;
        writeln!(
            f,
            "</tbody>\n<tfoot><tr><td></td><td class=\"text\" colspan=\"4\">Total</td>\
             <td>{}</td><td>{}</td><td></td><td>{}</td><td>{}</td><td>{}</td></tr></tfoot>\n\
             </table>",
            Rupees(self.0.figures.discount()),
            Rupees(taxable),
            Rupees(cgst),
            Rupees(sgst),
            Rupees(total),
        )
    }

    fn line(f: &mut Formatter<'_>, at: usize, line: &InvoiceLine<'_>) -> fmt::Result {
        write!(f, "<tr><td>{at}</td><td class=\"text\">{}", Escaped(line.name))?;
        if let Some(unit) = line.unit {
            write!(f, "<br><span class=\"soft\">{}</span>", Escaped(unit))?;
        }
        let code = Escaped(line.code.unwrap_or_default());
        write!(f, "</td><td class=\"text\">{code}</td><td>{}</td>", line.quantity)?;
        let Amounts { taxable, cgst, sgst, total } = line.amounts;
        writeln!(
            f,
            "<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            Rupees(line.unit_price),
            Rupees(line.discount),
            Rupees(taxable),
            PrintedPercent::of(line.rate),
            Rupees(cgst),
            Rupees(sgst),
            Rupees(total),
        )
    }

    fn rates(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "<table class=\"rates\">\n<thead><tr><th class=\"text\">GST</th><th>Taxable</th>\
             <th>CGST at</th><th>CGST</th><th>SGST at</th><th>SGST</th></tr></thead>\n<tbody>\n",
        )?;
        for (rate, sums) in &self.0.figures.by_rate {
            let half = PrintedPercent::half_of(*rate);
            writeln!(
                f,
                "<tr><td class=\"text\">{}</td><td>{}</td><td>{half}</td><td>{}</td>\
                 <td>{half}</td><td>{}</td></tr>",
                PrintedPercent::of(*rate),
                Rupees(sums.taxable),
                Rupees(sums.cgst),
                Rupees(sums.sgst),
            )?;
        }
        f.write_str("</tbody>\n</table>\n")
    }

    fn total(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let total = self.0.figures.amounts.total;
        let label = self.0.kind.total_label();
        writeln!(
            f,
            "<p class=\"total\"><span>{label}</span><span>₹ {}</span></p>\n\
             <p class=\"words\">{}</p>",
            Rupees(total),
            words::in_words(total)
        )
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
            assert!(!html.contains("<script") && !html.contains("'1'"), "{html}");
            assert!(!html.contains("\"Sons") && !html.contains('\u{202e}'), "{html}");
            let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;Sons&quot; ";
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
            assert!(html.contains("GSTIN: 17AAAAA0000A1Z5"));
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
