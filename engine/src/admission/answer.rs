//! The answer to a command by the last of its records.

use crate::admission::command::{Answer, Outcome, Receipt, SubmitError};
use kirana_domain::record::Subject;
use kirana_domain::{Event, Lsn, Order, OrderId, Record};
use std::sync::Arc;

/// Returns the answer to a command by the last of its records: the one rule for the first answer
/// and for those of retries. `order` returns the order as of that record.
///
/// # Errors
/// As `order`.
pub(crate) fn answer_of<E>(
    lsn: Lsn,
    record: Record,
    changed: usize,
    order: impl FnOnce(OrderId) -> Result<Arc<Order>, E>,
) -> Result<Answer, E> {
    if let Event::CommandRefused { rejection } = record.event {
        return Ok(Err(SubmitError::rejected(rejection)));
    }
    let outcome = match record.event.subject() {
        Subject::NewOrder(new) => Outcome::Order(order(new.id)?),
        Subject::Order(id) | Subject::Payment(id) => Outcome::Order(order(id)?),
        Subject::Shop
        | Subject::Store
        | Subject::Message(_)
        | Subject::Customer(_)
        | Subject::Endpoint(_) => {
            if record.event.is_counted() {
                Outcome::Catalogue { changed }
            } else {
                Outcome::Recorded(Arc::new(record))
            }
        }
    };
    Ok(Ok(Receipt { lsn, replayed: false, outcome }))
}
