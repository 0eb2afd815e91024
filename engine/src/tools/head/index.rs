//! The index of the orders of a log: the positions of all records about each of them.

use crate::codec;
use crate::codec::lsn::log_lsn;
use crate::tools::{Log, ToolError, Until};
use kirana_domain::{Lsn, OrderId};
use kirana_storage::frame::Hash;
use kirana_storage::subject_index::{SubjectId, SubjectIndex, SubjectPlace, rank};
use std::ops::ControlFlow;

/// Records of orders that are in memory at a time: 256 MiB. A longer log is read more than once,
/// each time for the orders with the next ranks.
const RECORDS_MAX: u64 = 8 << 20;

/// A record about an order: its rank, the order, the position.
type Entry = (u64, SubjectId, kirana_storage::Lsn);

/// Returns the hash of the index of all orders up to a record, and the place of one of them.
///
/// # Errors
/// As [`Log::records`]; [`ToolError::Unreadable`] for a record that cannot be decoded.
pub(in super::super) fn index(
    log: &Log<'_>,
    end: Lsn,
    wanted: Option<OrderId>,
) -> Result<(Hash, Option<SubjectPlace>), ToolError> {
    index_by(log, end, wanted, RECORDS_MAX)
}

fn index_by(
    log: &Log<'_>,
    end: Lsn,
    wanted: Option<OrderId>,
    records_max: u64,
) -> Result<(Hash, Option<SubjectPlace>), ToolError> {
    let wanted = wanted.map(|id| id.0.into_bytes());
    let passes = end.0.div_ceil(records_max).max(1);
    let mut index = SubjectIndex::default();
    for pass in 0..passes {
        let mut entries = of_pass(log, end, pass, passes)?;
        entries.sort_unstable();
        for of_order in entries.chunk_by(|one, next| one.1 == next.1) {
            let lsns: Vec<_> = of_order.iter().map(|(_, _, lsn)| *lsn).collect();
            let id = &of_order[0].1;
            index.push(id, &lsns, wanted.as_ref() == Some(id));
        }
    }
    Ok(index.finish())
}

/// Returns the records about the orders whose ranks belong to a pass.
fn of_pass(log: &Log<'_>, end: Lsn, pass: u64, passes: u64) -> Result<Vec<Entry>, ToolError> {
    let mut entries = Vec::new();
    log.records(Lsn(1), Until::Lsn(end), &mut |lsn, bytes| {
        let front = codec::front(bytes).map_err(|error| ToolError::Unreadable { lsn, error })?;
        if let Some(id) = front.order {
            let rank = rank(&id);
            // Passes ascend with the ranks, which are spread evenly.
            if (u128::from(rank) * u128::from(passes)) >> u64::BITS == u128::from(pass) {
                entries.push((rank, id, log_lsn(lsn)));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::samples::{DAY_END, day, order_id};

    #[test]
    fn an_index_is_the_same_in_one_pass_and_in_many() {
        let log = day();
        let reader = log.reader();
        let by = |id: u64, records_max| {
            index_by(&Log::new(&*reader), DAY_END, Some(order_id(id)), records_max).unwrap()
        };
        for id in 1..=3 {
            let (hash, place) = by(id, RECORDS_MAX);
            let place = place.unwrap();
            assert_eq!(place.subjects, 3);
            for records_max in 1..DAY_END.0 {
                assert_eq!(by(id, records_max), (hash, Some(place.clone())), "{records_max}");
            }
        }
        assert_eq!(by(9, RECORDS_MAX).1, None);
    }
}
