//! Labels: the ids by which records can be found. The caller reads them out of its records.

use std::fmt;

use crate::StoredFrame;

/// An id by which records can be found: of an order, of a customer, or whatever the caller likes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub [u8; 16]);

impl fmt::Debug for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Label({:032x})", u128::from_be_bytes(self.0))
    }
}

/// Reads labels and times out of records, which are opaque to the log itself.
pub trait Indexer: Send + Sync {
    /// Appends the labels of a record and returns its time in milliseconds since 1970; `None` where
    /// it has none, and then it counts as one at the time of the record before it.
    fn index(&self, record: &[u8], labels: &mut Vec<Label>) -> Option<i64>;
}

/// Returns whether a record of the frame has the label.
pub(crate) fn holds(frame: &StoredFrame, label: Label, indexer: &dyn Indexer) -> bool {
    let mut labels = Vec::new();
    frame.records().any(|(_, record)| {
        labels.clear();
        indexer.index(record, &mut labels);
        labels.contains(&label)
    })
}
