//! The invoice and the credit notes of an order.

use super::walk::{Walk, reason, refund};
use super::*;
use crate::facts::{Credit, Credited};
use crate::invoice::InvoiceKind;
use crate::payment::RefundStatus;
use crate::{Role, StockLine};

fn refund_of(of: RefundOf) -> OrderCommand {
    OrderCommand::Refund { of, reason: reason() }
}

fn notes(walk: &Walk) -> Vec<i64> {
    let documents = 0..walk.order.documents().len();
    let notes = documents.filter(|at| walk.order.documents()[*at].is_credit_note);
    notes.map(|at| walk.order.figures(at).unwrap().amounts.total.0).collect()
}

/// The invoice less all of its credit notes, by CGST, SGST and total.
fn left(walk: &Walk) -> [i64; 3] {
    let figures = (0..walk.order.documents().len()).map(|at| walk.order.figures(at).unwrap());
    let sums = figures.map(|it| [it.amounts.cgst.0, it.amounts.sgst.0, it.amounts.total.0]);
    sums.reduce(|invoice, note| [0, 1, 2].map(|at| invoice[at] - note[at])).unwrap()
}

#[test]
fn every_part_of_the_money_that_goes_back_after_the_invoice_has_a_credit_note() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::Delivered);
    assert!(notes(&walk).is_empty());
    for amount in [2_500, 1_001] {
        walk.does(Role::Support, &refund_of(RefundOf::Amount(Paise(amount))));
    }
    assert_eq!(notes(&walk), [2_500, 1_001]);
    walk.does(Role::Support, &refund_of(RefundOf::All));
    assert_eq!((notes(&walk).len(), left(&walk)), (3, [0, 0, 0]));
    assert!(walk.order.is_finished() || walk.payment().kept() == Paise::ZERO);
    let at = walk.order.documents().len() - 1;
    assert_eq!(walk.order.figures(at).unwrap().kind(), InvoiceKind::TaxInvoice);
}

#[test]
fn units_that_are_refunded_stand_in_the_credit_note_by_their_line() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::Delivered);
    let line = walk.order.lines()[0].clone();
    let units = vec![StockLine { product_id: line.item.id, units: 1 }];
    walk.does(Role::Support, &refund_of(RefundOf::Units(units)));
    let amount = line.net() - line.with_quantity(line.quantity - 1).net();
    let note = walk.order.documents().last().unwrap();
    let of = Credited::Product(line.item.id);
    assert_eq!(*note.credits, [Credit { of, units: 1, amount }]);
    let figures = walk.order.figures(1).unwrap();
    let shown: Vec<_> = figures.all_lines().map(|it| (it.quantity, it.amounts.total)).collect();
    assert_eq!(shown, [(1, amount)]);
}

#[test]
fn an_amount_that_was_refunded_before_the_invoice_is_credited_with_it() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::Accepted);
    walk.does(Role::Support, &refund_of(RefundOf::Amount(Paise(700))));
    assert_eq!(walk.order.documents(), []);
    walk.goes_to(Status::Packed);
    assert_eq!(notes(&walk), [700]);
}

#[test]
fn money_that_was_given_back_at_the_provider_has_a_credit_note_too_and_only_one() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::Delivered);
    for status in [RefundStatus::Accepted, RefundStatus::Processed] {
        walk.hears(refund("rfnd_1", None, Paise(900), status));
    }
    assert_eq!(notes(&walk), [900]);
}

#[test]
fn a_cancelled_order_credits_what_its_earlier_notes_left() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::DeliveryFailed);
    walk.does(Role::Support, &refund_of(RefundOf::Amount(Paise(900))));
    walk.does(Role::Support, &OrderCommand::Cancel { reason: Some(reason()) });
    let total = walk.order.sums().total.0;
    assert_eq!((notes(&walk), left(&walk)), (vec![900, total - 900], [0, 0, 0]));
    assert!(walk.order.documents().last().unwrap().is_whole_credit());
}
