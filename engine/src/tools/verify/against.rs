//! The check that a log is still the one that a head was taken of.

use super::Finding;
use crate::codec::lsn::domain_lsn;
use crate::tools::Log;
use crate::tools::head::{NO_END, difference, head_of, index};
use kirana_storage::merkle::{self, Tree};
use kirana_storage::{Head, LogId, StoredFrame};

/// A head, and the progress of the comparison with it.
pub(super) struct Against {
    head: Head,
    tree: Tree,
    /// The frame that holds the head's record has passed by.
    is_decided: bool,
    /// All of the head is right but for its index, which was not compared yet.
    is_indexed: bool,
}

impl Against {
    pub(super) fn new(head: Head) -> Self {
        Self { head, tree: Tree::default(), is_decided: false, is_indexed: false }
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
        if self.tree.size() != self.head.lsn.0 {
            let what = "records before it are missing, so it cannot be said that they are the same";
            return Some(self.wrong(what));
        }
        if frame.last_lsn() != self.head.lsn {
            return Some(self.wrong(NO_END));
        }
        match head_of(self.head.log_id, frame, &self.tree) {
            Ok(ours) => {
                let found = difference(&self.head, &ours).map(|what| self.wrong(what));
                self.is_indexed = found.is_none() && self.head.index.is_some();
                found
            }
            Err(error) => Some(self.wrong(&error.to_string())),
        }
    }

    /// Reads the log once more for the index of the head, when all else in it is right.
    pub(super) fn index(&self, log: &Log<'_>) -> Option<Finding> {
        if !self.is_indexed {
            return None;
        }
        match index(log, domain_lsn(self.head.lsn), None) {
            Ok((hash, _)) => {
                let ours = Head { index: Some(hash), ..self.head };
                difference(&self.head, &ours).map(|what| self.wrong(what))
            }
            Err(error) => Some(self.wrong(&error.to_string())),
        }
    }

    /// Returns a finding when the log ends before the head.
    pub(super) fn end(&mut self) -> Option<Finding> {
        (!self.is_decided).then(|| self.wrong("the log ends before it"))
    }

    fn wrong(&self, what: &str) -> Finding {
        Finding::new("head", Some(domain_lsn(self.head.lsn)), what)
    }
}
