//! Baskets that were refused: demand that the log keeps because of the request's key.

use super::books::Course;
use super::scenario::Scenario;
use kirana_domain::time::AtMs;
use kirana_domain::{Paise, Rejection, StockIssue};

impl Scenario {
    pub(super) fn refused(&mut self, rejection: &Rejection, at_ms: AtMs) {
        match rejection {
            Rejection::InsufficientStock { issues } => self.refused_for_stock(issues, at_ms),
            Rejection::BelowMinimum { .. } | Rejection::OverMaxPerOrder { .. } => {
                self.unseen += u64::from(self.scope.has_time(at_ms));
            }
            _ => (),
        }
    }

    fn refused_for_stock(&mut self, issues: &[StockIssue], at_ms: AtMs) {
        // A refusal does not name its store; its products are of one.
        let product_id = issues.first().map(|issue| issue.product_id);
        let store_id = product_id.and_then(|id| *self.store_of.get(&id)?);
        let Some(store_id) = store_id else {
            self.unseen += u64::from(self.scope.has_time(at_ms));
            return;
        };
        if !self.scope.has(store_id, at_ms) {
            return;
        }
        let cap = self.rule.cap.unwrap_or(u32::MAX);
        let (mut all, mut wanted, mut short) = (Vec::new(), Vec::new(), Vec::new());
        let mut revenue = Paise::ZERO;
        for issue in issues {
            let product_id = issue.product_id;
            let there = *self.shelf(store_id, product_id);
            let units = issue.requested.min(cap);
            all.push((store_id, product_id, issue.requested));
            wanted.push((store_id, product_id, units));
            if i64::from(issue.available) + there.what_if - there.actual < i64::from(units) {
                short.push((store_id, product_id, units));
            }
            let product = self.catalogue.product(store_id, product_id);
            revenue = revenue + product.map_or(Paise::ZERO, |product| product.price * units);
        }
        self.books.refuse(Course::Actual, &all);
        if short.is_empty() {
            for (store_id, product_id, units) in &wanted {
                self.shelf(*store_id, *product_id).what_if -= i64::from(*units);
            }
            self.rescued += 1;
            self.books.rescue(&wanted, revenue);
        } else {
            self.books.refuse(Course::WhatIf, &short);
        }
    }
}
