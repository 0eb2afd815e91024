use super::super::Buyer;
use super::super::samples::{credit_note, invoice, named};
use super::*;
use std::process::Command;

/// Reads a file with `pdftotext` of poppler, page by page; `None`, and a line in the output,
/// where it is not installed.
fn pages_of(pdf: &[u8]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("invoice.pdf");
    std::fs::write(&path, pdf).unwrap();
    let Ok(output) = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output() else {
        println!("pdftotext is not installed: the file is not read back");
        return None;
    };
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.split_terminator('\u{c}').map(str::to_owned).collect())
}

/// Texts of the lines that a page has for a product, their words joined by one blank.
fn has_words(pages: &[String], words: &str) -> bool {
    let joined = pages.concat().split_whitespace().collect::<Vec<_>>().join(" ");
    joined.contains(words)
}

#[test]
fn a_file_has_every_line_and_the_total() {
    invoice(7, |document| {
        let pdf = render(document);
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF"));
        assert_eq!(pdf, render(document), "the same document gives the same bytes");
        let Some(pages) = pages_of(&pdf) else { return };
        assert_eq!(pages.len(), 1);
        for line in document.figures.all_lines() {
            let Amounts { taxable, cgst, sgst, total } = line.amounts;
            let rate = PrintedPercent::of(line.rate);
            let [taxable, cgst, sgst, total] = [taxable, cgst, sgst, total].map(Rupees);
            let figures = format!("{taxable} {rate} {cgst} {sgst} {total}");
            assert!(has_words(&pages, &figures), "{figures}\n{}", pages[0]);
            let first_word = line.name.split(' ').next().unwrap();
            assert!(has_words(&pages, first_word), "{first_word}");
        }
        let total = document.figures.amounts.total;
        assert!(has_words(&pages, &format!("Total, tax included ₹ {}", Rupees(total))));
        assert!(has_words(&pages, &words::in_words(total)));
        assert!(has_words(&pages, "GSTIN: 17AAAAA0000A1Z3"));
        assert!(has_words(&pages, "Invoice-cum-bill of supply TUR/2627/0000123 Page 1 of 1"));
    });
}

#[test]
fn fifty_lines_make_a_second_page_with_a_head_of_its_own() {
    invoice(50, |document| {
        let Some(pages) = pages_of(&render(document)) else { return };
        assert!(pages.len() >= 2);
        for (at, page) in (1..).zip(&pages) {
            let page = std::slice::from_ref(page);
            assert!(has_words(page, "HSN/SAC Qty Price Discount Taxable GST CGST SGST Total"));
            assert!(has_words(page, &format!("Page {at} of {}", pages.len())));
        }
        assert_eq!(pages.concat().matches("100 g").count(), 7, "each good stands there");
        assert!(has_words(&pages, &format!("₹ {}", Rupees(document.figures.amounts.total))));
    });
}

#[test]
fn any_number_of_lines_makes_pages_that_are_counted() {
    for lines in 1..=50 {
        invoice(lines, |document| {
            let pdf = render(document);
            let text = String::from_utf8_lossy(&pdf);
            let pages = text.matches("/Type /Page\n").count();
            assert!((1..=4).contains(&pages), "{lines} lines on {pages} pages");
            assert!(text.contains(&format!("/Count {pages}")), "{lines}");
        });
    }
}

#[test]
fn a_credit_note_says_for_which_invoice() {
    credit_note(|document| {
        let Some(pages) = pages_of(&render(document)) else { return };
        assert!(has_words(&pages, "Credit note"));
        assert!(has_words(&pages, "For invoice TUR/2627/0000123 of 2026-11-22"));
        assert!(has_words(&pages, "Salted butter"));
        assert!(!has_words(&pages, "Cola"), "what stays is not credited");
    });
}

#[test]
fn names_in_hindi_and_bengali_are_drawn_and_can_be_read_back() {
    for name in ["हिन्दी दूध (1) \\", "ক্ষীর দুধ", "Café – ₹ 5", "शुद्ध घी"]
    {
        named(name, |document| {
            let pdf = render(document);
            let Some(pages) = pages_of(&pdf) else { return };
            assert!(has_words(&pages, name), "{name}: {}", pages[0]);
            assert!(!has_words(&pages, "Printed as ?"), "{name}");
            assert!(pdf.len() < 120_000, "only the glyphs that are shown: {} bytes", pdf.len());
        });
    }
}

#[test]
fn a_character_without_a_font_is_a_question_mark_and_is_named() {
    named("Milk 🥛", |document| {
        let Some(pages) = pages_of(&render(document)) else { return };
        assert!(has_words(&pages, "Milk ?"), "{}", pages[0]);
        assert!(has_words(&pages, "Printed as ?, for want of a font: U+1F95B."), "{}", pages[0]);
    });
}

#[test]
fn however_long_the_names_nothing_runs_off_a_page() {
    let name = "W".repeat(200);
    named(&name, |document| {
        // As long as an address may be: name, two lines, landmark and city.
        let buyer = Buyer { name: Some(&name), address: vec![&name; 4] };
        let document = Document { buyer, order_number: "TUR-1", ..document.clone() };
        let Some(pages) = pages_of(&render(&document)) else { return };
        // pdftotext leaves out what is not on the page. Seller, address, state, place, line, unit.
        let shown = pages.concat().matches('W').count();
        assert_eq!(shown, (5 + 6) * 200, "on {} pages", pages.len());
    });
}
