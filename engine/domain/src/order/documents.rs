//! The documents of an order: its invoice, and a credit note for every reduction after it.
//!
//! Section 34(1) of the CGST Act, 2017: where the value in an invoice turns out to be too high, or
//! goods come back, the supplier issues a credit note. So whatever a decision gives back once the
//! invoice stands has its note in the same decision: the units of a refund by their lines, any
//! other amount shared out among all that is left of the invoice.

use super::decision::{Context, Decision, OrderCommand, RefundOf};
use super::money::Draft;
use super::{Issued, Order};
use crate::bill::{Fee, FeeKind, OrderLine};
use crate::facts::{Credit, Credited, PaymentMethod, Step, StockLine};
use crate::money::share_out;
use crate::{Event, Invoice, InvoiceInput, InvoiceSource, Paise, Status};

/// The rest of an invoice after some of its credit notes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rest {
    /// Units and amount of each line, in the order of the lines.
    lines: Vec<(u32, Paise)>,
    /// The amount of each fee.
    fees: Vec<Paise>,
}

impl Rest {
    fn amounts(&self) -> impl Iterator<Item = Paise> {
        self.lines.iter().map(|(_, amount)| *amount).chain(self.fees.iter().copied())
    }

    fn total(&self) -> Paise {
        self.amounts().sum()
    }
}

impl Order {
    /// Returns a decision with the documents that follow from it.
    pub(super) fn with_documents(
        &self,
        decision: Decision,
        command: &OrderCommand,
        context: &Context,
    ) -> Decision {
        // Units are taken for orders that are not packed yet: no invoice stands.
        let Decision::Now(events) = decision else { return decision };
        let is_step = |event: &Event| matches!(event, Event::OrderMoved { step: Step::Packed, .. });
        let is_packed = events.iter().any(is_step);
        if events.is_empty() || !(is_packed || self.invoice().is_some()) {
            return Decision::Now(events);
        }
        let mut draft = Draft::of(self, context.at_ms);
        events.into_iter().for_each(|event| draft.push(event));
        if is_packed {
            draft.push(draft.order().document(None, context));
        }
        if let Some(credits) = draft.order().due_credits(command) {
            draft.push(draft.order().document(Some(credits), context));
        }
        Decision::Now(draft.events())
    }

    /// Returns its invoice, once it is packed.
    pub fn invoice(&self) -> Option<&Issued> {
        self.documents().iter().find(|issued| !issued.is_credit_note)
    }

    /// Returns true once a credit note took back all of the invoice.
    pub(super) fn is_credited_whole(&self) -> bool {
        self.documents().iter().any(Issued::is_whole_credit)
    }

    /// Returns the fact of an invoice, or of a credit note with its parts.
    fn document(&self, credits: Option<Vec<Credit>>, context: &Context) -> Event {
        Event::InvoiceIssued {
            order_id: self.placed.id,
            store_id: self.placed.store_id,
            is_credit_note: credits.is_some(),
            year: context.financial_year,
            // Given out by the engine when the record takes its place in the queue of the log.
            number: 0,
            credits: credits.unwrap_or_default().into(),
        }
    }

    /// Returns the parts of the credit note that is due: none of them for all that is left of an
    /// order that was cancelled. `None` while no note is due.
    fn due_credits(&self, command: &OrderCommand) -> Option<Vec<Credit>> {
        self.invoice()?;
        if self.is_credited_whole() {
            return None;
        }
        if self.status == Status::Cancelled {
            return Some(Vec::new());
        }
        let rest = self.rest_after(self.documents());
        let amount = (rest.total() - self.worth_of_invoice()).max(Paise::ZERO);
        let units: &[StockLine] = match command {
            OrderCommand::Refund { of: RefundOf::Units(units), .. } => units,
            _ => &[],
        };
        (amount > Paise::ZERO).then(|| self.credits_of(amount, units, &rest))
    }

    /// Returns the amount that the shop may keep for the invoiced goods. Cash that was given back
    /// is not recorded, so an order that is paid in cash is worth its total.
    fn worth_of_invoice(&self) -> Paise {
        match (&self.payment, self.placed.payment_method) {
            (Some(payment), PaymentMethod::Razorpay) => self.worth(payment),
            _ => self.sums().total,
        }
    }

    /// Divides an amount that is credited: first to the lines of units that go back, then to all
    /// lines and fees by what is left of them.
    fn credits_of(&self, amount: Paise, units: &[StockLine], rest: &Rest) -> Vec<Credit> {
        assert!(amount > Paise::ZERO && amount <= rest.total(), "a part of what is left");
        let mut after = rest.clone();
        let mut to_share = amount;
        for gone in units {
            let mut lines = self.lines().iter().zip(&mut after.lines);
            let found = lines.find(|(line, _)| line.item.id == gone.product_id);
            let Some((line, left)) = found else { continue };
            let fewer = line.with_quantity(line.quantity.saturating_sub(gone.units));
            let paid = (line.net() - fewer.net()).min(left.1).min(to_share);
            let left_units = left.0.saturating_sub(gone.units);
            left.1 = left.1 - paid;
            // Units that are still paid for in part are not gone from the invoice.
            if left.1 <= line.item.price * left_units {
                left.0 = left_units;
            }
            to_share = to_share - paid;
        }
        let weights: Vec<Paise> = after.amounts().collect();
        let shares = share_out(to_share, &weights);
        let (of_lines, of_fees) = shares.split_at(after.lines.len());
        after.lines.iter_mut().zip(of_lines).for_each(|(left, share)| left.1 = left.1 - *share);
        after.fees.iter_mut().zip(of_fees).for_each(|(left, share)| *left = *left - *share);
        let credit = |of, units, amount| Credit { of, units, amount };
        let lines = self.lines().iter().zip(rest.lines.iter().zip(&after.lines));
        let lines = lines.map(|(line, (was, is))| {
            credit(Credited::Product(line.item.id), was.0 - is.0, was.1 - is.1)
        });
        let fees = FeeKind::ALL.iter().zip(rest.fees.iter().zip(&after.fees));
        let fees = fees.map(|(kind, (was, is))| credit(Credited::Fee(*kind), 0, *was - *is));
        let credits = lines.chain(fees).filter(|it| it.units > 0 || it.amount > Paise::ZERO);
        let credits: Vec<_> = credits.collect();
        assert_eq!(credits.iter().map(|it| it.amount).sum::<Paise>(), amount, "all is credited");
        credits
    }

    /// Returns the rest of the invoice after these documents.
    fn rest_after(&self, documents: &[Issued]) -> Rest {
        let fees = self.placed.sums.fees();
        if documents.iter().any(Issued::is_whole_credit) {
            let lines = vec![(0, Paise::ZERO); self.lines().len()];
            return Rest { lines, fees: vec![Paise::ZERO; fees.len()] };
        }
        let mut rest = Rest {
            lines: self.lines().iter().map(|line| (line.quantity, line.net())).collect(),
            fees: fees.iter().map(|(_, fee)| fee.net()).collect(),
        };
        for Credit { of, units, amount } in documents.iter().flat_map(|it| it.credits.iter()) {
            match of {
                Credited::Product(id) => {
                    let mut lines = self.lines().iter().zip(&mut rest.lines);
                    if let Some((_, left)) = lines.find(|(line, _)| line.item.id == *id) {
                        *left = (left.0.saturating_sub(*units), left.1 - *amount);
                    }
                }
                Credited::Fee(kind) => {
                    let mut kinds = FeeKind::ALL.iter().zip(&mut rest.fees);
                    if let Some((_, left)) = kinds.find(|(known, _)| *known == kind) {
                        *left = *left - *amount;
                    }
                }
            }
        }
        rest
    }

    /// Returns the figures of one of its documents, by its place among them.
    pub fn figures(&self, at: usize) -> Option<Invoice<'_>> {
        let issued = self.documents().get(at)?;
        let before = self.invoice_of(&self.rest_after(&self.documents()[..at]));
        if !issued.is_credit_note {
            return Some(before);
        }
        let after = self.invoice_of(&self.rest_after(&self.documents()[..=at]));
        before.credit_to(&after).ok()
    }

    /// Returns the invoice of a rest of its lines and fees.
    fn invoice_of(&self, rest: &Rest) -> Invoice<'_> {
        let lines = self.lines().iter().zip(&rest.lines);
        let lines: Vec<_> = lines.map(|(line, left)| source(line, *left)).collect();
        let fee = |((kind, fee), net): ((FeeKind, Fee), &Paise)| {
            (kind, Fee { amount: fee.amount - (fee.net() - *net), ..fee })
        };
        let fees: Vec<_> = self.placed.sums.fees().into_iter().zip(&rest.fees).map(fee).collect();
        let tax_rule = self.placed.sums.tax_rule;
        Invoice::of(&InvoiceInput { lines: &lines, fees: &fees, tax_rule })
    }
}

/// Returns a line of which so many units and this amount are left: the rest is a discount.
fn source(line: &OrderLine, (quantity, net): (u32, Paise)) -> InvoiceSource<'_> {
    let gross = line.item.price * quantity;
    InvoiceSource {
        name: &line.item.name,
        hsn: line.item.hsn.as_deref(),
        unit: line.item.unit.as_deref(),
        quantity,
        unit_price: line.item.price,
        gross,
        discount: gross - net,
        rate: line.item.gst,
    }
}
