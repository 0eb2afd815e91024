//! Counting open streams, in all and by person: each holds memory for as long as its client likes.

use super::render::Rendered;
use crate::http::problem::{Problem, table};
use kirana_domain::{PersonId, Principal, Role};
use metrics::{Counter, Gauge, counter, gauge};
use parking_lot::Mutex;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Streams of a customer or a rider: a few devices, each with a few pages.
pub(crate) const PER_PERSON_MAX: usize = 16;
/// Streams of a member of the staff: a screen for every corner of the store.
pub(crate) const PER_STAFF_MAX: usize = 64;

/// The open streams of this process.
pub(crate) struct Streams {
    max: usize,
    /// Longest time that a reader may take nothing.
    pub stall: Duration,
    open: Mutex<Open>,
    gauge: Gauge,
    /// Messages about facts that were handed to a connection.
    pub sent: Counter,
    /// Streams that were ended because their reader was too slow.
    pub cut: Counter,
    /// Facts that were rendered a moment ago.
    pub rendered: Rendered,
}

#[derive(Default)]
struct Open {
    count: usize,
    by_person: HashMap<PersonId, usize>,
}

impl Streams {
    /// Returns a count of none, with the most that there may be.
    pub(crate) fn new(streams_max: usize, stall: Duration) -> Self {
        Self {
            max: streams_max,
            stall,
            open: Mutex::default(),
            gauge: gauge!("kirana_streams_open"),
            sent: counter!("kirana_stream_events_total"),
            cut: counter!("kirana_streams_cut_total"),
            rendered: Rendered::default(),
        }
    }

    fn enter(&self, who: &Principal) -> Result<(), Problem> {
        let is_staff = matches!(who.role, Role::Packer | Role::Support | Role::Admin);
        let own_max = if is_staff { PER_STAFF_MAX } else { PER_PERSON_MAX };
        let mut open = self.open.lock();
        if open.count >= self.max {
            return Err(Problem::new(&table::OVERLOADED)
                .hint("There are too many open streams. Come again after the time given."));
        }
        let own = open.by_person.entry(who.person_id).or_default();
        if *own >= own_max {
            return Err(Problem::new(&table::CALLER_BUSY)
                .hint("You have too many open streams. Close one first.")
                .member("violated-policies", json!(["streams"])));
        }
        *own += 1;
        open.count += 1;
        self.gauge.increment(1.0);
        Ok(())
    }

    fn leave(&self, person_id: PersonId) {
        let mut open = self.open.lock();
        open.count -= 1;
        self.gauge.decrement(1.0);
        // Who has no stream leaves no trace.
        if let Some(own) = open.by_person.get_mut(&person_id) {
            *own -= 1;
            if *own == 0 {
                open.by_person.remove(&person_id);
            }
        }
    }
}

/// The right to one stream, until it is dropped.
pub(crate) struct Permit {
    streams: Arc<Streams>,
    person_id: PersonId,
}

impl Permit {
    /// Counts a stream in.
    ///
    /// # Errors
    /// [`table::CALLER_BUSY`] for one too many of this person, [`table::OVERLOADED`] of all.
    pub(crate) fn take(streams: &Arc<Streams>, who: &Principal) -> Result<Self, Problem> {
        streams.enter(who)?;
        Ok(Self { streams: Arc::clone(streams), person_id: who.person_id })
    }

    /// Returns the count that it is part of.
    pub(crate) fn streams(&self) -> &Streams {
        &self.streams
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.streams.leave(self.person_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const STALL: Duration = Duration::from_secs(1);

    fn person(role: Role, n: u128) -> Principal {
        Principal { role, person_id: PersonId(Uuid::from_u128(n)), store_id: None }
    }

    fn refusal(streams: &Streams, who: &Principal) -> Option<u16> {
        streams.enter(who).err().map(|problem| problem.kind().status)
    }

    #[test]
    fn a_person_has_a_few_streams_and_gets_one_back_by_closing_one() {
        let streams = Streams::new(1_000, STALL);
        let (asha, packer) = (person(Role::Customer, 1), person(Role::Packer, 2));
        for _ in 0..PER_PERSON_MAX {
            assert_eq!(refusal(&streams, &asha), None);
        }
        assert_eq!(refusal(&streams, &asha), Some(429));
        assert_eq!(refusal(&streams, &person(Role::Customer, 3)), None, "others have their own");
        streams.leave(asha.person_id);
        assert_eq!(refusal(&streams, &asha), None);
        for _ in 0..PER_STAFF_MAX {
            assert_eq!(refusal(&streams, &packer), None);
        }
        assert_eq!(refusal(&streams, &packer), Some(429));
    }

    #[test]
    fn all_together_have_a_bound_and_whoever_left_is_not_remembered() {
        let streams = Streams::new(2, STALL);
        for n in 1..=2 {
            assert_eq!(refusal(&streams, &person(Role::Customer, n)), None);
        }
        assert_eq!(refusal(&streams, &person(Role::Customer, 3)), Some(503));
        streams.leave(PersonId(Uuid::from_u128(1)));
        streams.leave(PersonId(Uuid::from_u128(2)));
        assert!(streams.open.lock().by_person.is_empty());
        assert_eq!(refusal(&streams, &person(Role::Customer, 3)), None);
    }
}
