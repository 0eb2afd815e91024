//! Admission before any mailbox, and exactly once.
//!
//! Mailboxes are unbounded, so the bound is here: a command gets a [`Ticket`] or is refused at
//! once. A request whose key is in flight gets no ticket but waits for the result of the first; one
//! whose key was answered gets the position of the result in the log. A new key must find room in
//! the book of answered keys, of which each caller has a share; what is in flight has bounds of its
//! own, by which the book may be larger.

use crate::admission::command::{Answer, SubmitError};
use crate::admission::shard::shard_of;
use crate::config::Config;
use crate::failure::Failure;
use foldhash::HashMap;
use kirana_domain::{KeyBook, Lsn, NoRoom, PersonId, Principal, RequestKey};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

const SHARDS: usize = 64;

/// The first request with a key, and the retries that wait for its result.
#[derive(Debug, Default)]
struct InFlight {
    fingerprint: [u8; 16],
    twins: Vec<oneshot::Sender<Answer>>,
}

/// The bounds of commands in flight, and the keys of those.
pub(crate) struct Admission {
    /// Keys that were answered. The state shares it.
    answered: Arc<RwLock<KeyBook>>,
    failure: Failure,
    in_flight: Arc<AtomicUsize>,
    in_flight_max: usize,
    per_caller_max: u32,
    keys_max: usize,
    stopping: AtomicBool,
    keys: [Mutex<HashMap<[u8; 16], InFlight>>; SHARDS],
    callers: [Mutex<HashMap<PersonId, u32>>; SHARDS],
}

/// Outcome of a request for admission.
pub(crate) enum Admitted {
    /// The first request: its ticket, and the channel of its result.
    First(Ticket, oneshot::Receiver<Answer>),
    /// A retry of a request in flight: the channel of the result.
    Twin(oneshot::Receiver<Answer>),
    /// A retry of a request that was answered: the position of the result in the log.
    Answered(Lsn),
}

impl Admission {
    pub(crate) fn new(
        answered: Arc<RwLock<KeyBook>>,
        failure: Failure,
        config: &Config,
        in_flight: Arc<AtomicUsize>,
    ) -> Arc<Self> {
        Arc::new(Self {
            answered,
            failure,
            in_flight,
            in_flight_max: config.in_flight_max,
            per_caller_max: config.per_caller_max,
            keys_max: config.keys_max,
            stopping: AtomicBool::new(false),
            keys: std::array::from_fn(|_| Mutex::default()),
            callers: std::array::from_fn(|_| Mutex::default()),
        })
    }

    /// Returns the number of commands in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Refuses every command from now on.
    pub(crate) fn close(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Admits a request, or returns the reason of a refusal. Nothing was queued for a refused one.
    pub(crate) fn enter(
        self: &Arc<Self>,
        by: &Principal,
        key: Option<RequestKey>,
    ) -> Result<Admitted, SubmitError> {
        if self.failure.has_failed() {
            return Err(SubmitError::Failed);
        }
        let Some(key) = key else {
            let (ticket, answer) = self.ticket(by, None)?;
            return Ok(Admitted::First(ticket, answer));
        };
        let mut shard = self.keys[shard_of(&key.id, SHARDS)].lock();
        if let Some(first) = shard.get_mut(&key.id) {
            if first.fingerprint != key.fingerprint {
                return Err(SubmitError::KeyReused);
            }
            let (sender, answer) = oneshot::channel();
            first.twins.push(sender);
            return Ok(Admitted::Twin(answer));
        }
        // The publisher remembers a key before it takes it out of flight, so there is no moment
        // in which an answered key is in neither place.
        let (known, room) = {
            let answered = self.answered.read();
            (answered.get(&key.id).copied(), answered.check_room(by, self.keys_max))
        };
        match (known, room) {
            (Some(entry), _) if entry.fingerprint != key.fingerprint => Err(SubmitError::KeyReused),
            (Some(entry), _) => Ok(Admitted::Answered(entry.lsn)),
            (None, Err(NoRoom::OfCaller)) => Err(SubmitError::KeysUsedUp),
            (None, Err(NoRoom::OfRole)) => Err(SubmitError::Overloaded),
            (None, Ok(())) => {
                let (ticket, answer) = self.ticket(by, Some(key))?;
                let fingerprint = key.fingerprint;
                shard.insert(key.id, InFlight { fingerprint, twins: Vec::new() });
                Ok(Admitted::First(ticket, answer))
            }
        }
    }

    fn ticket(
        self: &Arc<Self>,
        by: &Principal,
        key: Option<RequestKey>,
    ) -> Result<(Ticket, oneshot::Receiver<Answer>), SubmitError> {
        let before = self.in_flight.fetch_add(1, Ordering::SeqCst);
        // Checked after the count went up, so that a stop that sees zero has seen us refused.
        let refusal = if self.stopping.load(Ordering::SeqCst) {
            Some(SubmitError::Stopping)
        } else if before >= by.role.part_of(self.in_flight_max) {
            Some(SubmitError::Overloaded)
        } else if *by != Principal::SYSTEM && !self.count_caller(by) {
            Some(SubmitError::CallerBusy)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            return Err(refusal);
        }
        let (sender, answer) = oneshot::channel();
        let admission = Arc::clone(self);
        Ok((Ticket { admission, key, by: *by, reply: Some(sender), _permit: None }, answer))
    }

    /// Returns a ticket for one of the engine's own commands: its result is not awaited, and the
    /// permit bounds their number.
    pub(crate) fn own_ticket(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Ticket {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let (sender, _) = oneshot::channel();
        Ticket {
            admission: Arc::clone(self),
            key: None,
            by: Principal::SYSTEM,
            reply: Some(sender),
            _permit: Some(permit),
        }
    }

    fn count_caller(&self, by: &Principal) -> bool {
        let mut shard = self.callers[shard_of(by.person_id.0.as_bytes(), SHARDS)].lock();
        let count = shard.entry(by.person_id).or_default();
        let has_room = *count < self.per_caller_max;
        *count += u32::from(has_room);
        has_room
    }

    fn leave(&self, by: &Principal) {
        let mut shard = self.callers[shard_of(by.person_id.0.as_bytes(), SHARDS)].lock();
        // The engine's own commands are not counted.
        if let Some(count) = shard.get_mut(&by.person_id) {
            *count -= 1;
            if *count == 0 {
                shard.remove(&by.person_id);
            }
        }
        drop(shard);
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    fn take_twins(&self, key: &RequestKey) -> Vec<oneshot::Sender<Answer>> {
        let first = self.keys[shard_of(&key.id, SHARDS)].lock().remove(&key.id);
        first.map(|first| first.twins).unwrap_or_default()
    }
}

/// The right to have one command worked on, and the duty to answer it.
///
/// It travels with the command. If it is dropped unanswered, an actor has lost the command, and its
/// outcome is not known: the engine fails.
pub(crate) struct Ticket {
    admission: Arc<Admission>,
    key: Option<RequestKey>,
    by: Principal,
    reply: Option<oneshot::Sender<Answer>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Ticket {
    /// Returns the key that the record of the answer must carry.
    pub(crate) fn key(&self) -> Option<RequestKey> {
        self.key
    }

    /// Returns the caller.
    pub(crate) fn by(&self) -> Principal {
        self.by
    }

    /// Answers the caller and every retry. A caller that has stopped listening is no error. A
    /// refusal that is not kept is no replay: each of them may try again.
    pub(crate) fn answer(mut self, answer: Answer) {
        let twins = self.key.map(|key| self.admission.take_twins(&key)).unwrap_or_default();
        let reply = self.reply.take();
        // Leaves the count first: a caller that has its result may come again at once.
        drop(self);
        let is_kept = !matches!(&answer, Err(SubmitError::Rejected { rejection, .. })
            if rejection.kind().may_pass());
        for twin in twins {
            let same = answer.clone();
            _ = twin.send(if is_kept { as_replay(same) } else { same });
        }
        if let Some(reply) = reply {
            _ = reply.send(answer);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.admission.leave(&self.by);
        if self.reply.take().is_some() {
            self.admission.failure.fail("a command was lost inside the engine");
            // The retries wait for this result too: their channels end with it.
            drop(self.key.map(|key| self.admission.take_twins(&key)));
        }
    }
}

/// Returns the same result, marked as a replay.
pub(crate) fn as_replay(answer: Answer) -> Answer {
    match answer {
        Ok(receipt) => Ok(crate::admission::command::Receipt { replayed: true, ..receipt }),
        Err(SubmitError::Rejected { rejection, .. }) => {
            Err(SubmitError::Rejected { rejection, replayed: true })
        }
        other => other,
    }
}
