use super::*;
use proptest::prelude::*;

fn source(
    name: &'static str,
    quantity: u32,
    price: i64,
    discount: i64,
    rate: u16,
) -> InvoiceSource<'static> {
    InvoiceSource {
        name,
        hsn: Some("0401"),
        unit: Some("1 l"),
        quantity,
        unit_price: Paise(price),
        gross: Paise(price) * quantity,
        discount: Paise(discount),
        rate: Bps(rate),
    }
}

fn fee(amount: i64, discount: i64) -> Fee {
    Fee { amount: Paise(amount), discount: Paise(discount), gst: Bps(1_800) }
}

fn invoice<'a>(lines: &[InvoiceSource<'a>], delivery: Option<Fee>) -> Invoice<'a> {
    let fees: Vec<_> = delivery.iter().map(|fee| (FeeKind::Delivery, *fee)).collect();
    Invoice::of(&InvoiceInput { lines, fees: &fees, tax_rule: TaxRule::EqualHalves })
}

fn figures(amounts: Amounts) -> [i64; 4] {
    [amounts.taxable.0, amounts.cgst.0, amounts.sgst.0, amounts.total.0]
}

#[test]
fn an_invoice_says_what_is_taxed_and_how_much_line_by_line() {
    // A bill by hand: milk at nothing, butter at five with 3.00 off, cola at forty, the fee at 18.
    let lines = [
        source("Milk", 2, 3_300, 0, 0),
        source("Butter", 1, 6_200, 300, 500),
        source("Cola", 3, 4_000, 0, 4_000),
    ];
    let invoice = invoice(&lines, Some(fee(2_500, 500)));
    let of_lines: Vec<_> = invoice.all_lines().map(|line| figures(line.amounts)).collect();
    assert_eq!(
        of_lines,
        [
            [6_600, 0, 0, 6_600],
            [5_620, 140, 140, 5_900],      // 140.48 of each tax
            [8_572, 1_714, 1_714, 12_000], // 1,714.29
            [1_694, 153, 153, 2_000],      // 152.54
        ]
    );
    let delivery = invoice.fee(FeeKind::Delivery).unwrap();
    assert_eq!((delivery.name, delivery.code, delivery.quantity), ("Delivery", Some("9968"), 1));
    let rates: Vec<u16> = invoice.by_rate.iter().map(|(rate, _)| rate.0).collect();
    assert_eq!(rates, [0, 500, 1_800, 4_000]);
    assert_eq!(figures(invoice.amounts), [22_486, 2_007, 2_007, 26_500]);
    assert_eq!(invoice.discount(), Paise(800));
}

#[test]
fn the_table_by_rate_does_not_drift_however_many_lines_have_half_a_paisa() {
    let lines: Vec<_> = (0..50).map(|_| source("Coffee", 1, 105, 0, 500)).collect();
    let invoice = invoice(&lines, None);
    assert_eq!(figures(invoice.by_rate[0].1), [99 * 50, 3 * 50, 3 * 50, 105 * 50]);
}

#[test]
fn a_document_is_called_by_what_is_taxed_in_it() {
    use InvoiceKind::{BillOfSupply, InvoiceCumBillOfSupply, TaxInvoice};
    let (milk, butter) = (source("Milk", 1, 3_300, 0, 0), source("Butter", 1, 6_200, 0, 500));
    let free_milk = source("Milk", 1, 3_300, 3_300, 0);
    let no_butter = source("Butter", 0, 6_200, 0, 500);
    for (lines, delivery, kind) in [
        (vec![butter], None, TaxInvoice),
        (vec![butter], Some(fee(2_500, 0)), TaxInvoice),
        (vec![milk], None, BillOfSupply),
        (vec![milk, butter], None, InvoiceCumBillOfSupply),
        (vec![milk], Some(fee(2_500, 0)), InvoiceCumBillOfSupply),
        // A fee that is waived is not a taxed supply, and what costs nothing not an exempt one.
        (vec![milk], Some(fee(2_500, 2_500)), BillOfSupply),
        (vec![free_milk, butter], None, TaxInvoice),
        (vec![milk, no_butter], None, BillOfSupply),
        (vec![free_milk], None, BillOfSupply),
    ] {
        assert_eq!(invoice(&lines, delivery).kind(), kind, "{lines:?} {delivery:?}");
    }
    assert_eq!(InvoiceCumBillOfSupply.title(), "Invoice-cum-bill of supply");
}

#[test]
fn a_credit_note_has_what_is_gone_and_nothing_else() {
    let before = [
        source("Milk", 2, 3_300, 200, 0),
        source("Butter", 3, 6_200, 600, 500),
        source("Cola", 3, 4_000, 0, 4_000),
    ];
    // A packet of butter and all of the cola are gone; the milk and the fee stay.
    let after =
        [before[0], source("Butter", 2, 6_200, 400, 500), source("Cola", 0, 4_000, 0, 4_000)];
    let (before, after) =
        (invoice(&before, Some(fee(2_500, 0))), invoice(&after, Some(fee(2_500, 0))));
    let credit = before.credit_to(&after).unwrap();
    let lines: Vec<_> =
        credit.lines.iter().map(|l| (l.name, l.quantity, l.gross.0, l.discount.0)).collect();
    assert_eq!(lines, [("Butter", 1, 6_200, 200), ("Cola", 3, 12_000, 0)]);
    assert_eq!((credit.fee(FeeKind::Delivery), credit.amounts.total), (None, Paise(18_000)));
    // 428.57 and 285.71 of each tax in the butter, before and after.
    assert_eq!(credit.lines[0].amounts.cgst, Paise(429 - 286));
    assert_eq!(before.credit_to(&before).unwrap().lines, []);
}

#[test]
fn a_fee_is_credited_by_what_it_fell() {
    let lines = [source("Milk", 1, 3_300, 0, 0)];
    let with = |delivery| invoice(&lines, delivery);
    let credit = with(Some(fee(2_500, 0))).credit_to(&with(Some(fee(2_000, 0)))).unwrap();
    let line = credit.fee(FeeKind::Delivery).unwrap();
    assert_eq!((line.quantity, line.unit_price, line.amounts.total), (1, Paise(500), Paise(500)));
    for gone in [None, Some(fee(0, 0))] {
        let credit = with(Some(fee(2_500, 500))).credit_to(&with(gone)).unwrap();
        assert_eq!(figures(credit.amounts), [1_694, 153, 153, 2_000]);
    }
    let unchanged = with(Some(fee(2_500, 0)));
    assert_eq!(unchanged.credit_to(&unchanged).unwrap().fees, []);
}

#[test]
fn what_a_credit_note_cannot_say_is_refused() {
    let lines = [source("Milk", 2, 3_300, 0, 0), source("Butter", 2, 6_200, 600, 500)];
    let before = invoice(&lines, None);
    let changed = |at: usize, line| {
        let mut changed = lines;
        changed[at] = line;
        before.credit_to(&invoice(&changed, None)).err()
    };
    assert_eq!(changed(0, lines[0]), None);
    assert_eq!(changed(0, source("Milk", 3, 3_300, 3_300, 0)), Some(CreditIssue::Rises));
    assert_eq!(changed(1, source("Butter", 2, 6_200, 599, 500)), Some(CreditIssue::Rises));
    for other in [
        source("Curd", 2, 3_300, 0, 0),
        source("Milk", 2, 3_200, 0, 0),
        source("Milk", 2, 3_300, 0, 500),
    ] {
        assert_eq!(changed(0, other), Some(CreditIssue::OtherLines), "{other:?}");
    }
    assert_eq!(before.credit_to(&invoice(&lines[..1], None)), Err(CreditIssue::OtherLines));
    let with_fee = invoice(&lines, Some(fee(2_500, 0)));
    assert_eq!(before.credit_to(&with_fee), Err(CreditIssue::Rises));
}

#[test]
#[should_panic(expected = "a discount is part of its line")]
fn a_discount_above_its_line_is_a_mistake_of_ours() {
    _ = invoice(&[source("Milk", 1, 3_300, 3_301, 0)], None);
}

/// Lines with a share of their discount in per mille, and how many units are left after each of
/// two partial cancellations.
type Row = (u32, i64, i64, u16, u32, u32);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let rate = prop_oneof![Just(0), Just(500), Just(1_800), Just(4_000), 0..=10_000_u16];
    let row = (1..=99_u32, 1..1_000_000_i64, 0..=1_000_i64, rate, 0..=99_u32, 0..=99_u32);
    prop::collection::vec(row, 1..50)
}

fn sources(rows: &[Row], left: impl Fn(&Row) -> u32) -> Vec<InvoiceSource<'static>> {
    rows.iter()
        .map(|row| {
            let quantity = left(row);
            // So much off each unit that a line never becomes dearer with fewer of them.
            let discount = row.1 * row.2 / 1_000 * i64::from(quantity);
            source("x", quantity, row.1, discount, row.3)
        })
        .collect()
}

fn check_sums(invoice: &Invoice) -> Result<(), TestCaseError> {
    let mut sum = Amounts::default();
    for line in invoice.all_lines() {
        let Amounts { taxable, cgst, sgst, total } = line.amounts;
        prop_assert_eq!(taxable + cgst + sgst, total);
        prop_assert_eq!(line.gross - line.discount, total);
        prop_assert!(taxable.0 >= 0 && cgst.0 >= 0 && sgst.0 >= 0);
        sum = sum + line.amounts;
    }
    prop_assert_eq!(sum, invoice.amounts);
    let by_rate =
        invoice.by_rate.iter().fold(Amounts::default(), |sum, (_, of_rate)| sum + *of_rate);
    prop_assert_eq!(by_rate, invoice.amounts);
    prop_assert!(invoice.by_rate.iter().all(|(_, of_rate)| of_rate.cgst == of_rate.sgst));
    prop_assert!(invoice.by_rate.is_sorted_by(|left, right| left.0 < right.0));
    Ok(())
}

proptest! {
    #[test]
    fn every_sum_agrees_to_the_paisa(rows in rows(), fees in (0..10_000_i64, 0..=1_000_i64)) {
        let delivery = fee(fees.0, fees.0 * fees.1 / 1_000);
        let lines = sources(&rows, |row| row.0);
        let invoice = invoice(&lines, Some(delivery));
        check_sums(&invoice)?;
        for line in invoice.all_lines() {
            prop_assert_eq!(line.amounts.sgst, line.amounts.cgst);
        }
    }

    #[test]
    fn credit_notes_and_what_is_left_make_up_the_invoice(rows in rows(), keeps_fee: bool) {
        let first = |row: &Row| row.4.min(row.0);
        let second = |row: &Row| row.5.min(first(row));
        let lines = [sources(&rows, |row| row.0), sources(&rows, first), sources(&rows, second)];
        let delivery = fee(2_500, 499);
        let placed = invoice(&lines[0], Some(delivery));
        let between = invoice(&lines[1], Some(delivery));
        let left = invoice(&lines[2], keeps_fee.then_some(delivery));
        let notes = [placed.credit_to(&between).unwrap(), between.credit_to(&left).unwrap()];
        for note in &notes {
            check_sums(note)?;
        }
        prop_assert_eq!(notes[0].amounts + notes[1].amounts + left.amounts, placed.amounts);
        let whole = placed.credit_to(&left).unwrap();
        prop_assert_eq!(whole.amounts, notes[0].amounts + notes[1].amounts);
    }
}
