//! The last facts about orders, in memory, so that a stream that was away for a moment is served
//! without the log.

use super::{LiveEvent, Topic};
use kirana_domain::Lsn;
use std::collections::VecDeque;

/// Every fact about an order after `floor`, up to what was published; ascending.
pub(super) struct Ring {
    events: VecDeque<LiveEvent>,
    events_max: usize,
    floor: Lsn,
}

impl Ring {
    /// An empty ring that knows nothing up to and with `floor`.
    pub(super) fn new(events_max: usize, floor: Lsn) -> Self {
        Self { events: VecDeque::new(), events_max, floor }
    }

    pub(super) fn push(&mut self, event: LiveEvent) {
        assert!(event.lsn > self.last(), "facts are published in the order of the log");
        self.events.push_back(event);
        if self.events.len() > self.events_max {
            self.floor = self.events.pop_front().map_or(self.floor, |oldest| oldest.lsn);
        }
    }

    fn last(&self) -> Lsn {
        self.events.back().map_or(self.floor, |event| event.lsn)
    }

    /// Forgets everything and gives its memory back: what comes up to `floor` was not recorded.
    pub(super) fn restart(&mut self, floor: Lsn) {
        *self = Self::new(self.events_max, floor);
    }

    /// The fact at a position, if it is here.
    pub(super) fn get(&self, lsn: Lsn) -> Option<&LiveEvent> {
        let at = self.events.binary_search_by_key(&lsn, |event| event.lsn).ok()?;
        self.events.get(at)
    }

    /// The facts of a topic among the next `looks_max` after a position, and the last position
    /// looked at unless all were; `None` when the ring does not reach back that far.
    pub(super) fn scan(
        &self,
        topic: &Topic,
        after: Lsn,
        looks_max: usize,
    ) -> Option<(Vec<LiveEvent>, Option<Lsn>)> {
        if after < self.floor {
            return None;
        }
        let from = self.events.partition_point(|event| event.lsn <= after);
        let until = self.events.len().min(from + looks_max);
        let looked = self.events.range(from..until);
        let last = looked.clone().last().filter(|_| until < self.events.len());
        let last = last.map(|event| event.lsn);
        Some((looked.filter(|event| topic.is_concerned(event)).cloned().collect(), last))
    }
}
