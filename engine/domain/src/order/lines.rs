//! Decisions on lines: short units, substitutes, and the customer's answer to them.
//!
//! An order never becomes dearer on the way: a substitute costs at most the price of the product
//! that it replaces, and the difference is refunded in the same decision.

use super::decision::{Context, Decision, Otherwise, Substitute};
use super::money::Draft;
use super::{Journey, Order};
use crate::facts::{LinesChange, Preference, Proposal, Reason, RefundReason};
use crate::limits::BASKET_LINES_MAX;
use crate::moves::Move;
use crate::{Event, Item, OrderLine, Paise, Principal, ProductId, Rejection, Status, StockLine};
use std::sync::Arc;

impl Order {
    fn changed(&self, change: LinesChange, reason: Option<Reason>) -> Event {
        let (order_id, store_id) = (self.placed.id, self.placed.store_id);
        Event::LinesChanged { order_id, store_id, change: Box::new(change), reason }
    }

    /// Returns the lines without the missing units.
    ///
    /// # Errors
    /// [`Rejection::LineUnknown`] for a product that is not in the order, and
    /// [`Rejection::QuantityOutOfRange`] for none of its units or more than it has.
    pub(super) fn without(&self, missing: &[StockLine]) -> Result<Vec<OrderLine>, Rejection> {
        let mut lines = self.lines().to_vec();
        for gone in missing {
            let product_id = gone.product_id;
            let line = lines.iter_mut().find(|line| line.item.id == product_id);
            let line = line.ok_or(Rejection::LineUnknown { product_id })?;
            if gone.units == 0 || gone.units > line.quantity {
                let quantity = gone.units.into();
                return Err(Rejection::QuantityOutOfRange { product_id, quantity });
            }
            *line = line.with_quantity(line.quantity - gone.units);
        }
        lines.retain(|line| line.quantity > 0);
        let units =
            |lines: &[OrderLine]| lines.iter().map(|it| u64::from(it.quantity)).sum::<u64>();
        debug_assert_eq!(
            units(&lines) + missing.iter().map(|gone| u64::from(gone.units)).sum::<u64>(),
            units(self.lines()),
            "each unit is left or missing"
        );
        Ok(lines)
    }

    /// Decides on missing units: they leave the order and the ledger. An order that loses its last
    /// line is cancelled.
    pub(super) fn decide_short_pick(
        &self,
        missing: &[StockLine],
        reason: Option<Reason>,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        Move::ShortPick.check(self, by, reason.is_some())?;
        if missing.is_empty() {
            return Err(Rejection::BasketEmpty);
        }
        if self.proposals().iter().any(|p| missing.iter().any(|m| m.product_id == p.missing)) {
            return Err(Rejection::ProposalOpen);
        }
        if missing.len() > BASKET_LINES_MAX {
            return Err(Rejection::TooManyLines { lines: missing.len() });
        }
        let lines = self.without(missing)?;
        Ok(Decision::Now(self.short(lines, missing.to_vec(), None, reason, context)))
    }

    /// Returns the facts of lines that became shorter, with the refund and, if no line is left, the
    /// cancellation that follow.
    fn short(
        &self,
        lines: Vec<OrderLine>,
        missing: Vec<StockLine>,
        answered: Option<&Proposal>,
        reason: Option<Reason>,
        context: &Context,
    ) -> Vec<Event> {
        debug_assert!(!missing.is_empty(), "lines change because units are missing");
        let is_empty = lines.is_empty();
        let back = answered
            .map(|proposal| StockLine { product_id: proposal.item.id, units: proposal.units });
        let mut draft = Draft::of(self, context.at_ms);
        draft.push(self.changed(
            LinesChange {
                lines: Some(lines.into()),
                missing,
                back: back.into_iter().collect(),
                answered: answered.map(|proposal| proposal.missing),
                ..LinesChange::default()
            },
            reason,
        ));
        if is_empty {
            let cancelled = draft.order().cancelled(Reason::parse("nothing of it was there").ok());
            draft.push(cancelled);
        }
        draft.settle_refunds(RefundReason::LineChanged);
        assert!(
            draft.order().lines().is_empty() == draft.order().status.is_end(),
            "none: no order"
        );
        draft.events()
    }

    /// Decides on a substitute by the customer's preference: leave out, swap at once, or ask.
    pub(super) fn decide_substitute(
        &self,
        substitute: &Substitute,
        item: &Arc<Item>,
        reason: Option<Reason>,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        Move::Substitute.check(self, by, reason.is_some())?;
        let gone = StockLine { product_id: substitute.missing, units: substitute.missing_units };
        let instead = substitute.instead;
        let line = self.line(substitute.missing)?;
        let mut lines = self.without(&[gone])?;
        let is_there = |id| self.lines().iter().any(|line| line.item.id == id);
        if is_there(instead) || self.proposals().iter().any(|p| p.item.id == instead) {
            return Err(Rejection::AlreadyInOrder { product_id: instead });
        }
        if self.proposals().iter().any(|proposal| proposal.missing == substitute.missing) {
            return Err(Rejection::ProposalOpen);
        }
        // Every proposal may still become a line, and all lines fit in one record.
        let after = lines.len() + self.proposals().len() + 1;
        if after > BASKET_LINES_MAX {
            return Err(Rejection::TooManyLines { lines: after });
        }
        if !(1..=substitute.missing_units).contains(&substitute.units) {
            let quantity = substitute.units.into();
            return Err(Rejection::QuantityOutOfRange { product_id: instead, quantity });
        }
        // The dearer one is the store's loss: it could not deliver what it sold.
        let price = item.price.min(line.item.price);
        let item = Arc::new(Item { price, ..(**item).clone() });
        assert!(item.price * substitute.units <= line.item.price * gone.units, "never dearer");
        let taken = StockLine { product_id: instead, units: substitute.units };
        let proposal = Proposal {
            missing: substitute.missing,
            missing_units: substitute.missing_units,
            item,
            units: substitute.units,
        };
        let mut draft = Draft::of(self, context.at_ms);
        let change = match self.placed.preference {
            Preference::Refund => return Err(Rejection::NoSubstitutes),
            Preference::Ask => {
                let taken = vec![taken];
                LinesChange { taken, proposed: Some(proposal), ..LinesChange::default() }
            }
            Preference::Swap => {
                self.replace(&mut lines, substitute.missing, replacement(line, &proposal));
                LinesChange {
                    lines: Some(lines.into()),
                    missing: vec![gone],
                    taken: vec![taken],
                    ..LinesChange::default()
                }
            }
        };
        draft.push(self.changed(change, reason));
        draft.settle_refunds(RefundReason::LineChanged);
        Ok(Decision::IfTaken {
            lines: vec![taken],
            then: draft.events(),
            otherwise: Otherwise::Refuse,
        })
    }

    /// Decides on the customer's answer: the substitute becomes a line, or can be promised again.
    pub(super) fn decide_answer(
        &self,
        product_id: ProductId,
        agree: bool,
        reason: Option<Reason>,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        Move::AnswerSubstitution.check(self, by, reason.is_some())?;
        let proposal = self.proposals().iter().find(|p| p.missing == product_id);
        let proposal = proposal.ok_or(Rejection::LineUnknown { product_id })?;
        let gone = StockLine { product_id, units: proposal.missing_units };
        let mut lines = self.without(&[gone])?;
        if !agree {
            return Ok(Decision::Now(self.short(
                lines,
                vec![gone],
                Some(proposal),
                reason,
                context,
            )));
        }
        self.replace(&mut lines, product_id, replacement(self.line(product_id)?, proposal));
        let mut draft = Draft::of(self, context.at_ms);
        draft.push(self.changed(
            LinesChange {
                lines: Some(lines.into()),
                missing: vec![gone],
                answered: Some(product_id),
                ..LinesChange::default()
            },
            reason,
        ));
        draft.settle_refunds(RefundReason::LineChanged);
        Ok(Decision::Now(draft.events()))
    }

    /// Inserts the line of a substitute behind the missing product, or in its place when none of
    /// it is left.
    fn replace(&self, lines: &mut Vec<OrderLine>, missing: ProductId, line: OrderLine) {
        debug_assert!(lines.iter().all(|known| known.item.id != line.item.id), "a product once");
        let before = self.lines().iter().take_while(|known| known.item.id != missing);
        let is_left = |known: &&OrderLine| lines.iter().any(|it| it.item.id == known.item.id);
        let at = before.filter(is_left).count();
        let has_rest = lines.get(at).is_some_and(|known| known.item.id == missing);
        lines.insert(at + usize::from(has_rest), line);
    }

    /// Applies a change of lines and proposals.
    pub(super) fn change_lines(&mut self, change: &LinesChange) {
        debug_assert_eq!(self.status, Status::Accepted, "lines change while the order is picked");
        let total_before = self.sums().total;
        let journey: &mut Journey = self.journey_mut();
        if let Some(lines) = &change.lines {
            debug_assert!(lines.iter().all(|line| line.quantity > 0), "an empty line is left out");
            debug_assert!(lines.len() <= BASKET_LINES_MAX, "all lines fit in one record");
            journey.lines = Some(Arc::clone(lines));
        }
        if let Some(missing) = change.answered {
            let before = journey.proposals.len();
            journey.proposals.retain(|proposal| proposal.missing != missing);
            debug_assert_eq!(journey.proposals.len() + 1, before, "one answer for one proposal");
        }
        if let Some(proposed) = &change.proposed {
            let is_open = journey.proposals.iter().any(|known| known.missing == proposed.missing);
            debug_assert!(!is_open, "a product has one open proposal");
            journey.proposals.push(proposed.clone());
        }
        debug_assert!(self.sums().total <= total_before, "an order never becomes dearer");
    }
}

/// Returns the line of a substitute: it carries the discount that the missing units had.
fn replacement(line: &OrderLine, proposal: &Proposal) -> OrderLine {
    // Pairs with the checks in `decide_substitute`.
    debug_assert!(proposal.units <= proposal.missing_units, "no more units than are missing");
    debug_assert!(proposal.item.price <= line.item.price, "never dearer than the missing product");
    let left = line.with_quantity(line.quantity - proposal.missing_units);
    let gross = proposal.item.price * proposal.units;
    let discount = (line.discount - left.discount).min(gross).max(Paise::ZERO);
    OrderLine { item: Arc::clone(&proposal.item), quantity: proposal.units, discount }
}
