//! The check that a log is still the one that a head was taken of.

use super::Finding;
use crate::codec::lsn::domain_lsn;
use kirana_storage::merkle::{self, Tree};
use kirana_storage::{Head, LogId, StoredFrame};

/// A head, and the progress of the comparison with it.
pub(super) struct Against {
    head: Head,
    tree: Tree,
    /// The frame that holds the head's record has passed by.
    is_decided: bool,
}

impl Against {
    pub(super) fn new(head: Head) -> Self {
        Self { head, tree: Tree::default(), is_decided: false }
    }

    /// Returns a finding for a head of another log, which proves nothing about this one.
    pub(super) fn log(&mut self, log_id: LogId) -> Option<Finding> {
        if log_id == self.head.log_id {
            return None;
        }
        self.is_decided = true;
        let what = format!("it is of log {}, and this is log {log_id}", self.head.log_id);
        Some(Finding::new("head", None, what))
    }

    /// Takes the next frame that is whole; returns the fault once it is known.
    pub(super) fn frame(&mut self, frame: &StoredFrame) -> Option<Finding> {
        if self.is_decided {
            return None;
        }
        for (lsn, record) in frame.records().filter(|(lsn, _)| *lsn <= self.head.lsn) {
            self.tree.push(merkle::leaf(lsn, record));
        }
        if frame.last_lsn() < self.head.lsn {
            return None;
        }
        self.is_decided = true;
        let what = if self.tree.size() != self.head.lsn.0 {
            "records before it are missing, so it cannot be said that they are the same"
        } else if frame.last_lsn() != self.head.lsn {
            "no batch ends where it was taken"
        } else if frame.hash() != self.head.hash {
            "the batch that ends there is another one: history was changed"
        } else if self.tree.root() != self.head.root {
            "the records up to there are others: history was changed"
        } else {
            return None;
        };
        Some(self.wrong(what))
    }

    /// Returns a finding when the log ends before the head.
    pub(super) fn end(&mut self) -> Option<Finding> {
        (!self.is_decided).then(|| self.wrong("the log ends before it"))
    }

    fn wrong(&self, what: &str) -> Finding {
        Finding::new("head", Some(domain_lsn(self.head.lsn)), what)
    }
}
