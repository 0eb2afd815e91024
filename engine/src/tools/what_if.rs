//! Sales under another rule: the demand of a real log, met once more.
//!
//! The log says who wanted what and when: orders that were placed, and baskets that were refused
//! for stock. It says when each order was paid, and what came in. All of it is played against
//! shelves of its own, where another rule holds: how long an unpaid order keeps its units, how
//! many units of a product one order may have, the smallest order, the delivery fee. What is not
//! in the log is not invented; [`ASSUMPTIONS`] says what is taken for granted instead, and goes
//! with every answer.
//!
//! One pass, and the same log gives the same answer. Kept are open orders and products, never the
//! log. Under the rule that really held, both columns are equal, to the unit and the paisa: an
//! order whose hold is what it was ends when it really did, and a shelf is taken for as full as it
//! really was, give or take what the other rule has changed.
//!
//! | file | what |
//! |---|---|
//! | `what_if/scenario.rs` | the records, one after the other |
//! | `what_if/refused.rs` | baskets that were refused |
//! | `what_if/shadow.rs` | one order, as it was and as it would have been |
//! | `what_if/books.rs` | what it all adds up to |

mod books;
mod refused;
mod scenario;
mod shadow;

pub use books::{OfProduct, Tally};

use super::{Log, ToolError, Until};
use kirana_domain::time::AtMs;
use kirana_domain::{Catalogue, Lsn, Paise, StoreId};
use scenario::Scenario;
use std::ops::ControlFlow;

/// The assumptions of the answer.
pub const ASSUMPTIONS: &[&str] = &[
    "Demand that nobody expressed is unknown: who saw an empty shelf and left is not in the log, nor is a refusal without a request key.",
    "A refused basket counts once for each refusal: the customer does not come back in the other column. Only the lines that were short are in the log, so only they are sold, at once, at the price of the moment, without a delivery fee.",
    "A payer pays at the moment of reality, if the hold still stands then or a payment is under way; late money takes the units again where they are, or goes back. Who never paid never pays. Who would have gone to pay only after the hold was over does not.",
    "A customer who wants more units of a product than the cap allows takes the cap, and the coupon shrinks with them. An order below the minimum is not placed.",
    "Nobody orders more, less or elsewhere because of the rule. A delivery fee changes what an order brings, not whether it comes. Receipts and counts stay as they were.",
    "Cancelling, short picks and substitutes happen as they did, as far as the order and the units are there. Goodwill refunds are not taken off the revenue.",
];

/// The rule to try; what is `None` stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The time that an unpaid order holds its units, in milliseconds.
    pub hold_ms: Option<i64>,
    /// Most units of one product in one order.
    pub cap: Option<u32>,
    /// The smallest item total.
    pub order_minimum: Option<Paise>,
    /// The delivery fee of every order.
    pub delivery_fee: Option<Paise>,
}

/// For which orders the rule is tried, and what is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Of that store; of all stores without one.
    pub store_id: Option<StoreId>,
    /// Wanted at that time or later.
    pub from_ms: Option<AtMs>,
    /// Wanted before that time.
    pub until_ms: Option<AtMs>,
}

impl Scope {
    fn has_time(&self, at_ms: AtMs) -> bool {
        self.from_ms.is_none_or(|from| at_ms >= from)
            && self.until_ms.is_none_or(|until| at_ms < until)
    }

    fn has(&self, store_id: StoreId, at_ms: AtMs) -> bool {
        self.store_id.is_none_or(|wanted| wanted == store_id) && self.has_time(at_ms)
    }
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The real outcome.
    pub actual: Tally,
    /// The outcome under the rule.
    pub what_if: Tally,
    /// By product, those with the greatest difference of sold units first.
    pub products: Vec<OfProduct>,
    /// Of what would have been sold: baskets that were refused in reality, counted as orders.
    pub rescued: u64,
    /// Baskets refused for other reasons, whose lines are not in the log: below the minimum, over
    /// a product's own limit. They are in neither column.
    pub unseen: u64,
    /// The last record that was looked at.
    pub through: Lsn,
}

/// Plays a log again.
///
/// # Errors
/// As [`Log::records`].
pub fn what_if(log: &Log<'_>, rule: &Rule, scope: &Scope) -> Result<Answer, ToolError> {
    let mut scenario = Scenario::new(*rule, *scope);
    let last = scope.until_ms.map_or(Until::End, |until| Until::Time(until.saturating_sub(1)));
    let last = log.position(last)?;
    let through = log.decoded(Lsn(1), Until::End, &Catalogue::default(), &mut |lsn, record| {
        scenario.see(record);
        // Whoever wanted something has had it or not: the rest of the log changes nothing.
        let is_over = lsn > last;
        Ok(if is_over && scenario.counted_open() == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(Answer { through, ..scenario.answer() })
}

#[cfg(test)]
mod tests;
