//! Webhooks out: the other systems of the shop are told what happens to orders, at least once.
//!
//! The messages that are due follow from the log and from each endpoint's position in it
//! ([`kirana_domain::webhook_endpoints`]), so nothing is lost by a restart; messages that were
//! under way are sent again under the same id. One task per endpoint ([`courier`]) pulls facts by
//! position like a live listener, so a slow endpoint costs a cursor and delays no other. A change
//! of an endpoint replaces its task, which sends again what is not recorded as sent. Progress is
//! recorded under one lock with the changes: a replay is never overtaken by progress that was made
//! before it.

mod change;
mod courier;
mod delivery;
mod port;

use crate::admission::admit::{Admission, Admitted};
use crate::admission::append::Then;
use crate::admission::serial_lock::SerialLock;
use crate::config::Config;
use crate::orders::core::Core;
use crate::state::feed::Feed;
pub(crate) use change::change;
use kirana_domain::limits::ENDPOINTS_MAX;
use kirana_domain::time::AtMs;
use kirana_domain::webhook_endpoints::Hook;
use kirana_domain::{Endpoint, EndpointBook, EndpointId, Event, Lsn, PersonId, Principal, Record};
use parking_lot::Mutex;
pub use port::{HookAnswer, HookContent, HookError, HookMessage, HookSender};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::task::{AbortHandle, JoinSet};

/// Time between two looks for changed endpoints.
const TICK: Duration = Duration::from_millis(100);
/// Pause of a record when the engine has no room for it.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(50);
/// Attempts that are remembered of each endpoint.
pub const ATTEMPTS_KEPT: usize = 100;
/// Deliveries to one endpoint that are under way at the most.
const IN_FLIGHT_MAX: usize = 8;

// Every endpoint has its own room, so that a slow one takes none from another: that is the bound
// of all calls together.
const _: () = assert!(ENDPOINTS_MAX * IN_FLIGHT_MAX <= 256);

/// One attempt of a delivery, as the log of an endpoint shows it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The id of the message.
    pub message_id: String,
    /// The name of the message.
    pub name: String,
    /// The fact that it tells; `None` for a test.
    pub lsn: Option<Lsn>,
    /// The time when the attempt began, in milliseconds since 1970.
    pub at_ms: AtMs,
    /// Its duration, in milliseconds.
    pub took_ms: u64,
    /// The number of the attempt: 1 for the first.
    pub tries: u16,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The reason of a failure; `None` for a delivery that was made.
    pub error: Option<String>,
}

/// The parts that the tasks of all endpoints share.
pub(crate) struct Endpoints {
    core: Arc<Core>,
    sender: OnceLock<Arc<dyn HookSender>>,
    lane: SerialLock,
    attempts: Mutex<BTreeMap<EndpointId, VecDeque<Attempt>>>,
    /// Divisor of every distance between two attempts.
    divisor: i64,
}

impl Endpoints {
    pub(crate) fn new(core: Arc<Core>, config: &Config) -> Self {
        let divisor = i64::from(config.hook_retry_divisor.max(1));
        let (sender, lane, attempts) = (OnceLock::new(), SerialLock::default(), Mutex::default());
        Self { core, sender, lane, attempts, divisor }
    }

    /// Sets the sender of messages. `false` if there is one already.
    pub(crate) fn set_sender(&self, sender: Arc<dyn HookSender>) -> bool {
        self.sender.set(sender).is_ok()
    }

    /// Returns the last attempts of an endpoint since the start, newest first.
    pub(crate) fn attempts(&self, id: EndpointId) -> Vec<Attempt> {
        self.attempts.lock().get(&id).into_iter().flatten().rev().cloned().collect()
    }

    /// Returns the secret of an endpoint in clear; `None` when its key is gone.
    pub(crate) fn secret(&self, endpoint: &Endpoint) -> Option<Vec<u8>> {
        unseal(&self.core, endpoint.id, &endpoint.secret)
    }

    /// Sends an endpoint a test message, once.
    pub(crate) async fn test(&self, endpoint: &Endpoint) -> Attempt {
        let message_id = format!("msg_test_{}", uuid::Uuid::now_v7().simple());
        let about = (message_id, "webhook.test".to_owned(), None);
        let content = HookContent::Test { endpoint_id: endpoint.id };
        send(self, endpoint, about, (self.core.clock.now_ms(), content), 1).await.0
    }

    fn note(&self, id: EndpointId, attempt: Attempt) {
        let outcome = if attempt.error.is_none() { "delivered" } else { "failed" };
        metrics::counter!("kirana_hook_attempts_total", "outcome" => outcome).increment(1);
        let mut attempts = self.attempts.lock();
        let kept = attempts.entry(id).or_default();
        if kept.len() == ATTEMPTS_KEPT {
            kept.pop_front();
        }
        kept.push_back(attempt);
    }
}

/// Starts and stops the tasks of the endpoints until the engine ends.
pub(crate) async fn run(endpoints: Arc<Endpoints>, admission: Arc<Admission>, feed: Arc<Feed>) {
    let mut tick = tokio::time::interval(TICK);
    // Dropping the set ends them all.
    let mut couriers = JoinSet::new();
    let mut known: BTreeMap<EndpointId, (Lsn, AbortHandle)> = BTreeMap::new();
    loop {
        tick.tick().await;
        while couriers.try_join_next().is_some() {}
        let hooks: Vec<Hook> = endpoints.core.state.people(|people| {
            known.retain(|id, (since, task)| {
                let hook = people.hooks.get(*id);
                let goes_on = hook.is_some_and(|hook| hook.since == *since && hook.is_running());
                if !goes_on {
                    task.abort();
                }
                goes_on
            });
            let is_new = |hook: &&Hook| {
                let same = known.get(&hook.endpoint.id).filter(|(since, _)| *since == hook.since);
                hook.is_running() && same.is_none_or(|(_, task)| task.is_finished())
            };
            people.hooks.iter().filter(is_new).cloned().collect()
        });
        if endpoints.sender.get().is_none() {
            continue;
        }
        for hook in hooks {
            let (id, since) = (hook.endpoint.id, hook.since);
            let courier = courier::Courier::new(&endpoints, &admission, &feed, hook);
            known.insert(id, (since, couriers.spawn(courier.run())));
        }
    }
}

/// Records the outcome of deliveries, unless the endpoint was changed since. Runs on when the task
/// that waits for it is ended. Returns `false` when nothing was recorded.
async fn record(
    endpoints: &Arc<Endpoints>,
    admission: &Arc<Admission>,
    (id, since): (EndpointId, Lsn),
    events: Vec<Event>,
) -> bool {
    let (endpoints, admission) = (Arc::clone(endpoints), Arc::clone(admission));
    let recorded = tokio::spawn(async move {
        let core = &endpoints.core;
        loop {
            let lane = Arc::clone(&endpoints.lane).lock_owned().await;
            let is_same =
                |book: &EndpointBook| book.get(id).is_some_and(|hook| hook.since == since);
            if !core.state.people(|people| is_same(&people.hooks)) {
                return false;
            }
            match admission.enter(&Principal::SYSTEM, None) {
                Ok(Admitted::First(ticket, answer)) => {
                    let (at_ms, by) = (core.clock.now_ms(), ticket.by());
                    let record = |event| Record { at_ms, by, key: None, event };
                    let records = events.into_iter().map(record).collect();
                    let then = Then { ticket: Some(ticket), lane: Some(lane), ..Then::default() };
                    core.journal.append(records, then);
                    return matches!(answer.await, Ok(Ok(_)));
                }
                Ok(_) => unreachable!("a command without a key has no twin"),
                Err(crate::admission::command::SubmitError::Overloaded) => drop(lane),
                Err(_) => return false,
            }
            tokio::time::sleep(NO_ROOM_PAUSE).await;
        }
    });
    recorded.await.unwrap_or(false)
}

/// Seals a secret with the endpoint's own key.
fn seal(core: &Core, id: EndpointId, secret: &[u8]) -> Arc<[u8]> {
    core.seal(PersonId(id.0), id.0.as_bytes(), secret).into()
}

fn unseal(core: &Core, id: EndpointId, sealed: &[u8]) -> Option<Vec<u8>> {
    core.vault.unseal(id.0.into_bytes(), id.0.as_bytes(), sealed).ok()
}

/// Returns the secrets that sign messages now: that of today, then the one before while it is
/// valid.
fn secrets(core: &Core, endpoint: &Endpoint, now_ms: AtMs) -> Vec<Vec<u8>> {
    let previous = endpoint.previous.as_ref().filter(|(_, until_ms)| now_ms < *until_ms);
    let sealed = std::iter::once(&endpoint.secret).chain(previous.map(|(sealed, _)| sealed));
    sealed.filter_map(|sealed| unseal(core, endpoint.id, sealed)).collect()
}

/// Sends one message and notes how it went.
async fn send(
    endpoints: &Endpoints,
    endpoint: &Endpoint,
    (message_id, name, lsn): (String, String, Option<Lsn>),
    (happened_at_ms, content): (AtMs, HookContent),
    tries: u16,
) -> (Attempt, HookAnswer) {
    let (at_ms, started) = (endpoints.core.clock.now_ms(), Instant::now());
    let message = HookMessage {
        id: message_id.clone(),
        name: name.clone(),
        url: endpoint.url.to_string(),
        secrets: secrets(&endpoints.core, endpoint, at_ms),
        // The receiver compares it with a clock of its own.
        sent_at_ms: endpoints.core.clock.wall_ms(),
        happened_at_ms,
        content,
    };
    let answer = match endpoints.sender.get() {
        None => Err(HookError::of("no sender of webhooks was set")),
        Some(_) if message.secrets.is_empty() => {
            Err(HookError::of("the secret of the endpoint cannot be opened"))
        }
        Some(sender) => sender.send(message).await,
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (status, error) = match &answer {
        Ok(status) => (Some(*status), None),
        Err(error) => (error.status, Some(error.detail.clone())),
    };
    let attempt = Attempt { message_id, name, lsn, at_ms, took_ms, tries, status, error };
    endpoints.note(endpoint.id, attempt.clone());
    (attempt, answer)
}
