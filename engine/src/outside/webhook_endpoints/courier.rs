//! The task of one endpoint: reads on from its position, delivers, and records its progress.
//!
//! Facts of one order go out one after the other, those of different orders side by side. A
//! delivery that fails steps aside into the retries, which are recorded before the position may
//! pass it; the facts behind it go on. While as many wait as may, no new facts are read: the log
//! keeps them. The first one that waits is then tried now and then, outside of its schedule, and
//! when the endpoint is back everything that waits is due at once.

use super::delivery::{deliver, read};
use super::{Endpoints, HookAnswer, HookError, IN_FLIGHT_MAX, record};
use crate::admission::admit::Admission;
use crate::outside::retry::{error_text, jitter_ms, random_byte};
use crate::state::feed::{Feed, LiveEvent, Next, Subscription, Topic};
use kirana_domain::limits::HOOK_RETRIES_MAX;
use kirana_domain::time::AtMs;
use kirana_domain::webhook_endpoints::{Hook, retry_after_ms};
use kirana_domain::{Endpoint, EndpointId, Event, Lsn, OrderId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Retries that are under way at the most, so that new facts have room beside them.
const RETRIES_AT_ONCE: usize = IN_FLIGHT_MAX / 2;
/// Deliveries after which the position is recorded.
const PROGRESS_DELIVERIES: u32 = 200;
/// Records without a delivery after which the position is recorded.
const PROGRESS_RECORDS: u64 = 10_000;
/// Time after which the position is recorded while there are deliveries.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// Longest pause between two looks for due work.
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// Failures in a row after which an endpoint counts as down.
const DOWN_AFTER: u32 = 8;
/// Time between two attempts outside of the schedule while too many deliveries wait, in
/// milliseconds.
const PROBE_MS: i64 = 5 * 60_000;
/// The longest wait that an endpoint may ask for, in milliseconds: a day.
const ASKED_MS_MAX: i64 = 24 * 60 * 60_000;
/// The pause for an endpoint that has too much to do and asks for no wait, in milliseconds.
const THROTTLE_MS: i64 = 5_000;
/// Characters of a reason that are recorded.
const ERROR_CHARS_MAX: usize = 150;

/// A delivery that waits to be tried again, or is being tried.
struct Waiting {
    tries: u16,
    at_ms: Option<AtMs>,
    is_running: bool,
}

/// The outcome of one delivery.
struct Done {
    lsn: Lsn,
    /// The number of failures before.
    tries: u16,
    is_probe: bool,
    answer: HookAnswer,
}

/// The task of one endpoint.
pub(super) struct Courier {
    endpoints: Arc<Endpoints>,
    admission: Arc<Admission>,
    endpoint: Arc<Endpoint>,
    since: Lsn,
    subscription: Subscription,
    /// A fact that was read and is not being sent yet.
    next: Option<LiveEvent>,
    /// First attempts that are under way.
    first: BTreeMap<Lsn, OrderId>,
    retries: BTreeMap<Lsn, Waiting>,
    running: JoinSet<Done>,
    recorded: Lsn,
    recorded_at: Instant,
    delivered: u32,
    /// Nothing new is sent before; the endpoint asked for it.
    quiet_until_ms: AtMs,
    failures_in_row: u32,
    probed_ms: AtMs,
}

impl Courier {
    pub(super) fn new(
        endpoints: &Arc<Endpoints>,
        admission: &Arc<Admission>,
        feed: &Arc<Feed>,
        hook: Hook,
    ) -> Self {
        let topic = hook.endpoint.store_id.map_or(Topic::All, Topic::Store);
        let (feed, reads, after) =
            (Arc::clone(feed), Arc::clone(&endpoints.core.reads), Some(hook.position));
        let waiting = |(lsn, retry): (Lsn, kirana_domain::webhook_endpoints::Retry)| {
            let (tries, at_ms) = (retry.tries, retry.retry_at_ms);
            (lsn, Waiting { tries, at_ms, is_running: false })
        };
        Self {
            endpoints: Arc::clone(endpoints),
            admission: Arc::clone(admission),
            endpoint: hook.endpoint,
            since: hook.since,
            subscription: Subscription::new(feed, reads, topic, after).patient(),
            next: None,
            first: BTreeMap::new(),
            retries: hook.retries.into_iter().map(waiting).collect(),
            running: JoinSet::new(),
            recorded: hook.position,
            recorded_at: Instant::now(),
            delivered: 0,
            quiet_until_ms: AtMs::MIN,
            failures_in_row: 0,
            probed_ms: endpoints.core.clock.now_ms(),
        }
    }

    /// Works until the endpoint is changed, which ends this task or is noticed when something is
    /// to be recorded, or until the engine ends.
    pub(super) async fn run(mut self) {
        loop {
            let now_ms = self.endpoints.core.clock.now_ms();
            self.begin_retries(now_ms);
            self.begin_next(now_ms);
            let may_read = self.next.is_none() && !self.is_full();
            let pause = PAUSE_MAX.min(self.until_next_retry(now_ms));
            tokio::select! {
                next = self.subscription.next(), if may_read => match next {
                    Next::Event(event) => self.next = Some(event).filter(|event| self.wants(event)),
                    Next::Located(_) => (),
                    Next::Resync | Next::Closed => return,
                },
                Some(done) = self.running.join_next(), if !self.running.is_empty() => {
                    // A task that panicked is begun anew from the recorded position.
                    let Ok(done) = done else { return };
                    if !self.note(done).await {
                        return;
                    }
                }
                () = tokio::time::sleep(pause) => (),
            }
            if !self.record_progress().await {
                return;
            }
        }
    }

    fn id(&self) -> EndpointId {
        self.endpoint.id
    }

    /// Returns true for a fact that the endpoint wants and that does not wait for a retry:
    /// deliveries that failed before a restart wait already, though the position had not passed
    /// them.
    fn wants(&self, event: &LiveEvent) -> bool {
        !self.retries.contains_key(&event.lsn)
            && self.endpoint.wants(&format!("order.{}", event.what), event.order.placed.store_id)
    }

    /// Returns true while no more deliveries may come to wait.
    fn is_full(&self) -> bool {
        self.retries.len() + self.first.len() >= HOOK_RETRIES_MAX
    }

    /// Begins the delivery of the fact that was read, unless one of the same order is under way.
    fn begin_next(&mut self, now_ms: AtMs) {
        let Some(event) = &self.next else { return };
        let order_id = event.order.placed.id;
        let has_room = self.running.len() < IN_FLIGHT_MAX && now_ms >= self.quiet_until_ms;
        if !has_room || self.first.values().any(|under_way| *under_way == order_id) {
            return;
        }
        let Some(event) = self.next.take() else { return };
        self.first.insert(event.lsn, order_id);
        self.begin(event.lsn, 0, false, Some(event));
    }

    fn begin_retries(&mut self, now_ms: AtMs) {
        let under_way = self.retries.values().filter(|waiting| waiting.is_running).count();
        let room = RETRIES_AT_ONCE.saturating_sub(under_way);
        let mut due: Vec<(Lsn, u16, bool)> = Vec::new();
        let is_probing = self.is_full()
            && under_way == 0
            && now_ms >= self.probed_ms + PROBE_MS / self.endpoints.divisor;
        for (lsn, waiting) in &mut self.retries {
            if due.len() == room {
                break;
            }
            let is_due = waiting.at_ms.is_some_and(|at_ms| at_ms <= now_ms);
            let is_probe = is_probing && !is_due && due.is_empty() && waiting.at_ms.is_some();
            if !waiting.is_running && (is_due || is_probe) {
                waiting.is_running = true;
                due.push((*lsn, waiting.tries, is_probe));
            }
        }
        if is_probing {
            self.probed_ms = now_ms;
        }
        due.into_iter().for_each(|(lsn, tries, is_probe)| self.begin(lsn, tries, is_probe, None));
    }

    fn until_next_retry(&self, now_ms: AtMs) -> Duration {
        let waits = self.retries.values().filter(|waiting| !waiting.is_running);
        let at_ms = waits.filter_map(|waiting| waiting.at_ms).min().unwrap_or(AtMs::MAX);
        // At least a moment, for when there is no room.
        Duration::from_millis(at_ms.saturating_sub(now_ms).max(5).unsigned_abs())
    }

    /// Sends a fact; one that was not just read is read from the log first.
    fn begin(&mut self, lsn: Lsn, tries: u16, is_probe: bool, event: Option<LiveEvent>) {
        let (endpoints, endpoint) = (Arc::clone(&self.endpoints), Arc::clone(&self.endpoint));
        self.running.spawn(async move {
            let event = match event {
                Some(event) => Ok(event),
                None => read(&endpoints.core, lsn).await,
            };
            let answer = match event {
                Ok(event) => deliver(&endpoints, &endpoint, event, tries.saturating_add(1)).await,
                Err(detail) => Err(HookError::of(detail)),
            };
            Done { lsn, tries, is_probe, answer }
        });
    }

    /// Takes in the outcome of a delivery. Returns `false` when the endpoint has changed.
    async fn note(&mut self, done: Done) -> bool {
        let Done { lsn, tries, is_probe, answer } = done;
        self.delivered += 1;
        let Err(error) = answer else { return self.note_delivered(lsn).await };
        self.failures_in_row = self.failures_in_row.saturating_add(1);
        let now_ms = self.endpoints.core.clock.now_ms();
        if error.is_throttle() {
            self.quiet_until_ms = self.quiet_until_ms.max(now_ms + self.throttle_ms(&error));
        }
        if is_probe && !error.is_gone() {
            if let Some(waiting) = self.retries.get_mut(&lsn) {
                waiting.is_running = false;
            }
            return true;
        }
        let tries = tries.saturating_add(1);
        let divisor = self.endpoints.divisor;
        let at_ms = next_try_ms(tries, now_ms, divisor, random_byte(), &error);
        let mut events = vec![Event::HookFailed {
            endpoint_id: self.id(),
            lsn,
            tries,
            retry_at_ms: at_ms,
            error: error_text(&error.detail, ERROR_CHARS_MAX),
        }];
        if at_ms.is_none() {
            let reason = if error.is_gone() {
                "the endpoint wants no more messages (410 Gone)".to_owned()
            } else {
                format!("message {lsn} failed {tries} times: {}", error.detail)
            };
            tracing::warn!(endpoint_id = %self.id(), %reason, "an endpoint is disabled");
            let reason = error_text(&reason, ERROR_CHARS_MAX);
            events.push(Event::EndpointDisabled { endpoint_id: self.id(), reason });
        }
        if !self.record(events).await {
            return false;
        }
        self.first.remove(&lsn);
        self.retries.insert(lsn, Waiting { tries, at_ms, is_running: false });
        at_ms.is_some()
    }

    async fn note_delivered(&mut self, lsn: Lsn) -> bool {
        self.first.remove(&lsn);
        if self.retries.contains_key(&lsn) {
            let endpoint_id = self.id();
            if !self.record(vec![Event::HookDelivered { endpoint_id, lsn }]).await {
                return false;
            }
            self.retries.remove(&lsn);
        }
        let was_down = self.failures_in_row >= DOWN_AFTER || self.is_full();
        self.failures_in_row = 0;
        if was_down {
            let now_ms = self.endpoints.core.clock.now_ms();
            let waits = self.retries.values_mut().filter(|waiting| waiting.at_ms.is_some());
            waits.for_each(|waiting| waiting.at_ms = Some(now_ms));
        }
        true
    }

    fn throttle_ms(&self, error: &HookError) -> i64 {
        asked_ms(error).unwrap_or(THROTTLE_MS / self.endpoints.divisor)
    }

    async fn record(&self, events: Vec<Event>) -> bool {
        record(&self.endpoints, &self.admission, (self.id(), self.since), events).await
    }

    /// Returns the position up to which all facts were delivered or wait in the retries.
    fn position(&self) -> Lsn {
        let open = self.first.keys().copied().chain(self.next.as_ref().map(|event| event.lsn));
        open.min().map_or(self.subscription.cursor(), |lsn| Lsn(lsn.0 - 1))
    }

    async fn record_progress(&mut self) -> bool {
        let position = self.position();
        if position <= self.recorded {
            return true;
        }
        let is_time = self.delivered >= PROGRESS_DELIVERIES
            || (self.delivered > 0 && self.recorded_at.elapsed() >= PROGRESS_EVERY)
            || position.0 - self.recorded.0 >= PROGRESS_RECORDS;
        if !is_time {
            return true;
        }
        let endpoint_id = self.id();
        let is_recorded = self.record(vec![Event::HookProgress { endpoint_id, position }]).await;
        (self.recorded, self.recorded_at, self.delivered) = (position, Instant::now(), 0);
        is_recorded
    }
}

/// Returns the wait that an endpoint asked for, in milliseconds.
fn asked_ms(error: &HookError) -> Option<i64> {
    let after = error.after?;
    Some(i64::try_from(after.as_millis()).unwrap_or(ASKED_MS_MAX).min(ASKED_MS_MAX))
}

/// Returns the time of the next attempt after `tries` failures: by the schedule and up to a fifth
/// later, so that deliveries that failed together are not repeated together, and never before the
/// endpoint asks for it. `None` when there is no next attempt.
fn next_try_ms(
    tries: u16,
    now_ms: AtMs,
    divisor: i64,
    random: u8,
    error: &HookError,
) -> Option<AtMs> {
    if error.is_gone() {
        return None;
    }
    let distance = retry_after_ms(tries)? / divisor;
    let after_ms = distance + jitter_ms(distance / 5, random);
    Some(now_ms + after_ms.max(asked_ms(error).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kirana_domain::webhook_endpoints::TRIES_MAX;

    fn answered(status: u16, after_s: Option<u64>) -> HookError {
        let after = after_s.map(Duration::from_secs);
        HookError { status: Some(status), detail: "no".to_owned(), after }
    }

    #[test]
    fn the_next_try_follows_the_schedule_and_comes_up_to_a_fifth_later() {
        let failed = answered(500, None);
        assert_eq!(next_try_ms(1, 1_000, 1, 0, &failed), Some(6_000));
        assert_eq!(next_try_ms(1, 1_000, 1, 255, &failed), Some(7_000));
        assert_eq!(next_try_ms(2, 0, 1, 0, &failed), Some(300_000));
        assert_eq!(next_try_ms(9, 0, 1, 0, &failed), Some(24 * 3_600_000));
        assert_eq!(next_try_ms(2, 0, 1_000, 0, &failed), Some(300));
        assert_eq!(next_try_ms(TRIES_MAX, 0, 1, 0, &failed), None);
    }

    #[test]
    fn an_endpoint_says_when_to_come_again_but_not_for_longer_than_a_day() {
        assert_eq!(next_try_ms(1, 0, 1, 0, &answered(429, Some(60))), Some(60_000));
        assert_eq!(next_try_ms(2, 0, 1, 0, &answered(429, Some(60))), Some(300_000));
        let forever = answered(503, Some(u64::MAX));
        assert_eq!(next_try_ms(1, 0, 1, 0, &forever), Some(24 * 3_600_000));
        assert_eq!(next_try_ms(1, 0, 1, 0, &answered(410, Some(60))), None);
    }

    #[test]
    fn new_messages_wait_for_an_endpoint_that_has_too_much_to_do() {
        for status in [429, 502, 504] {
            assert!(answered(status, None).is_throttle(), "{status}");
        }
        assert!(answered(503, Some(1)).is_throttle());
        assert!(!answered(500, None).is_throttle() && !HookError::of("gone").is_throttle());
    }
}
