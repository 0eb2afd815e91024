//! The records, one after the other, in both worlds.
//!
//! Only `available` matters: a unit that left it is sold, held or gone, wherever it lies. In
//! reality a shelf runs ahead of the log, so a refusal may stand before the order that took the
//! last unit. It says how many units there were; the other world is taken to have had those, and
//! the difference of the two (`refused.rs`).

use super::books::{Books, Course, OfProduct, Units};
use super::shadow::{Hold, Outcome, Shadow};
use super::{Answer, Rule, Scope};
use kirana_domain::limits::PAYMENT_WATCH_MS;
use kirana_domain::order::{LinesChange, NewOrder, Step};
use kirana_domain::stock::StockMove;
use kirana_domain::time::AtMs;
use kirana_domain::{
    Catalogue, Event, FastMap, Lsn, OrderId, OrderLine, Paise, ProductId, Record, Role, StockLine,
    StoreId,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The units of a product that can be promised.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shelf {
    pub(super) actual: i64,
    pub(super) what_if: i64,
}

/// A rule and the demand of a log, met under it.
pub(super) struct Scenario {
    pub(super) rule: Rule,
    pub(super) scope: Scope,
    pub(super) catalogue: Catalogue,
    shelves: FastMap<(StoreId, ProductId), Shelf>,
    /// The one store that a product is of; `None` where it is of several.
    pub(super) store_of: FastMap<ProductId, Option<StoreId>>,
    shadows: FastMap<OrderId, Shadow>,
    /// The moments at which an order is looked at again.
    timers: BinaryHeap<Reverse<(AtMs, OrderId)>>,
    pub(super) books: Books,
    counted_open: usize,
    pub(super) rescued: u64,
    pub(super) unseen: u64,
}

impl Scenario {
    pub(super) fn new(rule: Rule, scope: Scope) -> Self {
        Self {
            rule,
            scope,
            catalogue: Catalogue::default(),
            shelves: FastMap::default(),
            store_of: FastMap::default(),
            shadows: FastMap::default(),
            timers: BinaryHeap::new(),
            books: Books::default(),
            counted_open: 0,
            rescued: 0,
            unseen: 0,
        }
    }

    /// Orders of the answer whose end is not known yet.
    pub(super) fn counted_open(&self) -> usize {
        self.counted_open
    }

    pub(super) fn see(&mut self, record: &Record) {
        let at_ms = record.at_ms;
        self.tick(at_ms);
        self.move_shelves(&record.event);
        match &record.event {
            Event::OrderPlaced { order } => self.place(order, at_ms),
            Event::CommandRefused { rejection } if record.by.role == Role::Customer => {
                self.refused(rejection, at_ms);
            }
            event => {
                self.catalogue.evolve(event);
                if let Event::ProductDefined { product, .. } = event {
                    let of = Some(product.store_id);
                    let known = self.store_of.get_or_insert_with(product.id, || of);
                    *known = known.filter(|known| Some(*known) == of);
                }
                if let Some(id) = event.order_id() {
                    self.go_on(id, event, at_ms);
                }
            }
        }
    }

    /// The real shelves follow every record; what comes in or is counted is so in both worlds.
    fn move_shelves(&mut self, event: &Event) {
        event.for_stock(|store_id, product_id, moved| {
            let there = self.shelves.get_or_insert_with((store_id, product_id), Shelf::default);
            match moved {
                StockMove::Receive(units) => there.both(units.into()),
                StockMove::Adjust(delta) => there.both(delta.into()),
                StockMove::Take(units, _) => there.actual -= i64::from(units),
                StockMove::GiveBack(units, _) => there.actual += i64::from(units),
                _ => (),
            }
        });
    }

    pub(super) fn shelf(&mut self, store_id: StoreId, product_id: ProductId) -> &mut Shelf {
        self.shelves.get_or_insert_with((store_id, product_id), Shelf::default)
    }

    /// Takes all of these units in the other scenario, or none. Answers the lines that are short.
    fn take(&mut self, store_id: StoreId, lines: &[StockLine]) -> Vec<StockLine> {
        let mut short = Vec::new();
        for line in lines {
            if self.shelf(store_id, line.product_id).what_if < i64::from(line.units) {
                short.push(*line);
            }
        }
        if short.is_empty() {
            for line in lines {
                self.shelf(store_id, line.product_id).what_if -= i64::from(line.units);
            }
        }
        short
    }

    fn give_back(&mut self, store_id: StoreId, lines: &[StockLine]) {
        for line in lines {
            self.shelf(store_id, line.product_id).what_if += i64::from(line.units);
        }
    }

    fn place(&mut self, order: &NewOrder, at_ms: AtMs) {
        let counts = self.scope.has(order.store_id, at_ms);
        let mut shadow = Shadow::of(order, counts);
        let mut end_ms = order.hold_expires_at_ms;
        let mut is_below = false;
        if counts {
            self.apply_rule(&mut shadow);
            end_ms = end_ms.map(|end| self.rule.hold_ms.map_or(end, |hold| at_ms + hold));
            let subtotal: Paise = shadow.what_if.lines.iter().map(OrderLine::gross).sum();
            is_below = self.rule.order_minimum.is_some_and(|minimum| subtotal < minimum);
        }
        if is_below {
            shadow.what_if.outcome = Outcome::BelowMinimum;
        } else {
            let short = self.take(order.store_id, &shadow.what_if.units());
            if !short.is_empty() {
                shadow.what_if.outcome = Outcome::Refused;
                let of = |line: &StockLine| (order.store_id, line.product_id, line.units);
                let short: Vec<_> = short.iter().map(of).collect();
                if counts {
                    self.books.refuse(Course::WhatIf, &short);
                }
            }
        }
        shadow.hold = end_ms
            .map(|end_ms| Hold { end_ms, is_other: order.hold_expires_at_ms != Some(end_ms) });
        if let Some(at_ms) = shadow.expires_at_ms(at_ms) {
            self.timers.push(Reverse((at_ms, order.id)));
        }
        self.count(&shadow, 1);
        self.counted_open += usize::from(counts);
        self.shadows.insert(order.id, shadow);
    }

    fn apply_rule(&self, shadow: &mut Shadow) {
        let side = &mut shadow.what_if;
        if let Some(cap) = self.rule.cap {
            let capped = side.lines.iter().map(|line| line.with_quantity(line.quantity.min(cap)));
            side.lines = capped.collect();
        }
        if let Some(fee) = self.rule.delivery_fee {
            let charged = &mut side.sums.delivery_fee;
            charged.amount = fee;
            charged.discount = charged.discount.min(fee);
        }
    }

    fn count(&mut self, shadow: &Shadow, sign: i64) {
        if shadow.counts {
            self.books.count(Course::Actual, shadow.store_id, &shadow.actual, sign);
            self.books.count(Course::WhatIf, shadow.store_id, &shadow.what_if, sign);
        }
    }

    /// Lets something happen to an order, and counts it as it is after that.
    fn change(
        &mut self,
        id: OrderId,
        now_ms: AtMs,
        recounts: bool,
        happen: impl FnOnce(&mut Self, &mut Shadow),
    ) {
        let Some(mut shadow) = self.shadows.remove(&id) else { return };
        if recounts {
            self.count(&shadow, -1);
        }
        happen(self, &mut shadow);
        if recounts {
            self.count(&shadow, 1);
        }
        if shadow.is_over(now_ms) {
            self.counted_open -= usize::from(shadow.counts);
        } else {
            self.shadows.insert(id, shadow);
        }
    }

    /// Carries out all that the clock brings before a record of that time.
    fn tick(&mut self, now_ms: AtMs) {
        while let Some(Reverse((at_ms, id))) = self.timers.peek().copied()
            && at_ms <= now_ms
        {
            self.timers.pop();
            self.change(id, now_ms, true, |scenario, shadow| match shadow.expires_at_ms(at_ms) {
                Some(end_ms) if end_ms > at_ms => scenario.timers.push(Reverse((end_ms, id))),
                Some(_) => scenario.expire(shadow),
                None => (),
            });
        }
    }

    fn go_on(&mut self, id: OrderId, event: &Event, at_ms: AtMs) {
        let is_turn = matches!(
            event,
            Event::OrderConfirmed { .. }
                | Event::OrderTurnedToCash { .. }
                | Event::OrderExpired { .. }
                | Event::OrderCancelled { .. }
                | Event::LinesChanged { .. }
        );
        self.change(id, at_ms, is_turn, |scenario, shadow| match event {
            Event::OrderConfirmed { .. } | Event::OrderTurnedToCash { .. } => {
                scenario.pay(shadow);
                shadow.actual.outcome = Outcome::Sold;
                shadow.over_ms = None;
            }
            Event::OrderExpired { .. } => {
                if shadow.hold.is_none_or(|hold| !hold.is_other) {
                    scenario.expire(shadow);
                }
                shadow.actual.outcome = Outcome::Expired;
                // Until then money may turn up.
                let over_ms = shadow.attempted_ms.map_or(at_ms, |last| last + PAYMENT_WATCH_MS);
                shadow.over_ms = Some(over_ms);
                scenario.timers.push(Reverse((over_ms, id)));
            }
            Event::OrderCancelled { .. } => scenario.cancel(shadow),
            Event::LinesChanged { change, .. } => scenario.change_lines(shadow, change),
            Event::OrderMoved { step: Step::Delivered { .. }, .. } => shadow.over_ms = Some(at_ms),
            event if event.is_of_payment() => shadow.hear(event, at_ms),
            _ => (),
        });
    }

    fn expire(&mut self, shadow: &mut Shadow) {
        if shadow.what_if.outcome == Outcome::Unpaid {
            shadow.what_if.outcome = Outcome::Expired;
            self.give_back(shadow.store_id, &shadow.what_if.units());
        }
    }

    /// Money came. After the hold the units are taken again, or it goes back.
    fn pay(&mut self, shadow: &mut Shadow) {
        let outcome = &mut shadow.what_if.outcome;
        match outcome {
            Outcome::Unpaid => *outcome = Outcome::Sold,
            Outcome::Expired if !shadow.gave_up => {
                let short = self.take(shadow.store_id, &shadow.what_if.units());
                shadow.what_if.outcome =
                    if short.is_empty() { Outcome::Sold } else { Outcome::Cancelled };
            }
            _ => (),
        }
    }

    /// Somebody ended it; or its money came too late, which under the rule it may not have.
    fn cancel(&mut self, shadow: &mut Shadow) {
        let is_late_money = shadow.actual.outcome == Outcome::Expired && shadow.is_paid;
        shadow.actual.outcome = Outcome::Cancelled;
        match shadow.what_if.outcome {
            Outcome::Unpaid if is_late_money => self.pay(shadow),
            Outcome::Expired if is_late_money && !shadow.gave_up => {
                // Units may have been the reason, or something else that the rule leaves alone.
                let was_short = shadow.actual.units().iter().any(|line| {
                    self.shelf(shadow.store_id, line.product_id).actual < i64::from(line.units)
                });
                shadow.what_if.outcome = Outcome::Cancelled;
                if was_short && self.take(shadow.store_id, &shadow.what_if.units()).is_empty() {
                    shadow.what_if.outcome = Outcome::Sold;
                }
            }
            Outcome::Unpaid | Outcome::Sold => {
                shadow.what_if.outcome = Outcome::Cancelled;
                self.give_back(shadow.store_id, &shadow.what_if.units());
            }
            _ => (),
        }
    }

    fn change_lines(&mut self, shadow: &mut Shadow, change: &LinesChange) {
        if let Some(lines) = &change.lines {
            shadow.actual.lines = Arc::clone(lines);
        }
        if shadow.what_if.outcome != Outcome::Sold {
            return;
        }
        let cap = self.rule.cap.filter(|_| shadow.counts).unwrap_or(u32::MAX);
        let side = &mut shadow.what_if;
        let mut had = Vec::new();
        for taken in &change.taken {
            let taken = StockLine { units: taken.units.min(cap), ..*taken };
            if self.take(shadow.store_id, &[taken]).is_empty() {
                let is_asked = change.proposed.is_some();
                if is_asked { &mut side.proposed } else { &mut had }.push(taken);
            }
        }
        let is_back =
            |line: &StockLine| change.back.iter().any(|b| b.product_id == line.product_id);
        let (back, kept): (Vec<_>, Vec<_>) = side.proposed.iter().copied().partition(is_back);
        side.proposed = kept;
        self.give_back(shadow.store_id, &back);
        if let Some(lines) = &change.lines {
            // A substitute that the customer agreed to is a line from now on.
            let is_line = |own: &StockLine| lines.iter().any(|l| l.item.id == own.product_id);
            let (agreed, open): (Vec<_>, Vec<_>) = side.proposed.iter().copied().partition(is_line);
            had.extend(agreed);
            side.proposed = open;
            side.follow(lines, &had);
        }
    }

    pub(super) fn answer(self) -> Answer {
        let [actual, what_if] = self.books.tallies;
        let of = |((store_id, product_id), units): (&(StoreId, ProductId), &Units)| OfProduct {
            store_id: *store_id,
            product_id: *product_id,
            label: self
                .catalogue
                .product(*store_id, *product_id)
                .map(|product| (product.sku.to_string(), product.name.to_string())),
            sold_units: units.sold,
            refused_units: units.refused,
        };
        let mut products: Vec<_> = self.books.products.sorted().into_iter().map(of).collect();
        products.sort_by_key(|of| Reverse((of.sold_units[1] - of.sold_units[0]).abs()));
        let (rescued, unseen) = (self.rescued, self.unseen);
        Answer { actual, what_if, products, rescued, unseen, through: Lsn(0) }
    }
}

impl Shelf {
    fn both(&mut self, units: i64) {
        self.actual += units;
        self.what_if += units;
    }
}
