//! The state that all parts of the stand-in share, and its dice.

use super::book::{Book, Event};
use super::luck::Luck;
use super::{Config, Faults};
use crate::outbound::Outbound;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, watch};

/// Tries to deliver that are remembered.
const DELIVERIES_MAX: usize = 10_000;
/// Webhooks that are being sent at once.
const SENDING_MAX: usize = 64;

/// The stand-in. No lock of it is ever held while something is waited for.
pub(super) struct Sim {
    pub(super) config: Config,
    /// The value of `Authorization` that is let in.
    pub(super) authorization: String,
    pub(super) outbound: Outbound,
    pub(super) sending: Semaphore,
    /// Things that are still to happen: webhooks on their way, refunds on theirs.
    pub(super) pending: AtomicUsize,
    /// Counts the calls to hurry.
    pub(super) hurry: watch::Sender<u64>,
    pub(super) stopped: watch::Receiver<bool>,
    /// Counts the changes of the book.
    pub(super) changes: watch::Sender<u64>,
    /// The changes that the file has.
    pub(super) saved: watch::Sender<u64>,
    webhook_url: Mutex<Option<Uri>>,
    book: Mutex<Book>,
    dice: Mutex<Dice>,
    deliveries: Mutex<VecDeque<Delivery>>,
}

/// One try to deliver.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Delivery {
    pub event_id: String,
    pub event: String,
    /// 1 for the first.
    pub attempt: u32,
    /// The status that it was answered with, or `lost`, or why it did not arrive.
    pub outcome: String,
    pub at_s: i64,
}

/// The fate of one request, decided before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Answered, after the time in all.
    Answered(Duration),
    /// Refused with 429.
    TooMany,
    /// 5xx, nothing done.
    FailedBefore(Duration),
    /// 5xx, all done.
    FailedAfter(Duration),
    /// No answer, all done.
    Dropped(Duration),
}

/// The fate of one webhook.
#[derive(Clone, Debug)]
pub(super) struct Trip {
    pub event: Event,
    /// Of the provider's time.
    pub delay: Duration,
    pub is_doubled: bool,
}

/// The fate of one attempt to pay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slip {
    pub is_short: bool,
    pub is_foreign: bool,
    pub is_doubled: bool,
}

struct Dice {
    luck: Luck,
    faults: Faults,
    /// Requests of a burst of 429 that are still to come.
    burst_left: u32,
    /// The second that is being counted, and its requests.
    second: (Instant, u32),
}

impl Sim {
    pub(super) fn new(
        config: Config,
        book: Book,
        webhook_url: Option<Uri>,
        stopped: watch::Receiver<bool>,
    ) -> Result<Self, String> {
        let pair = [config.key_id.as_bytes(), b":", config.key_secret.bytes()].concat();
        let dice = Dice {
            luck: Luck::new(config.seed),
            faults: config.faults.clone(),
            burst_left: 0,
            second: (Instant::now(), 0),
        };
        Ok(Self {
            authorization: format!("Basic {}", STANDARD.encode(pair)),
            outbound: Outbound::new()?,
            sending: Semaphore::new(SENDING_MAX),
            pending: AtomicUsize::new(0),
            hurry: watch::channel(0).0,
            stopped,
            changes: watch::channel(0).0,
            saved: watch::channel(0).0,
            webhook_url: Mutex::new(webhook_url),
            book: Mutex::new(book),
            dice: Mutex::new(dice),
            deliveries: Mutex::default(),
            config,
        })
    }

    /// Reads or changes the book.
    pub(super) fn book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.book.lock())
    }

    /// Notes that the book has changed.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Waits until all changes so far are in the file, if there is one.
    pub(super) async fn is_saved(&self) {
        let last = *self.changes.borrow();
        if self.config.state.is_some() {
            _ = self.saved.subscribe().wait_for(|saved| *saved >= last).await;
        }
    }

    pub(super) fn webhook_url(&self) -> Option<Uri> {
        self.webhook_url.lock().clone()
    }

    pub(super) fn send_webhooks_to(&self, url: Uri) {
        *self.webhook_url.lock() = Some(url);
    }

    pub(super) fn faults(&self) -> Faults {
        self.dice.lock().faults.clone()
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        let mut dice = self.dice.lock();
        dice.faults = faults;
        dice.burst_left = 0;
    }

    /// Scales a time of the provider's to the time here.
    pub(super) fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.config.time_scale)
    }

    pub(super) fn remember(&self, event: &Event, attempt: u32, outcome: String) {
        let mut deliveries = self.deliveries.lock();
        if deliveries.len() >= DELIVERIES_MAX {
            deliveries.pop_front();
        }
        let (event_id, event) = (event.id.clone(), event.name.clone());
        deliveries.push_back(Delivery { event_id, event, attempt, outcome, at_s: now_s() });
    }

    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().iter().cloned().collect()
    }

    /// Throws the dice for a request.
    pub(super) fn fate(&self) -> Fate {
        self.dice.lock().fate(self.config.requests_per_s)
    }

    /// Throws the dice for an attempt to pay.
    pub(super) fn slip(&self) -> Slip {
        let Dice { luck, faults, .. } = &mut *self.dice.lock();
        Slip {
            is_short: luck.has(faults.pay_amount),
            is_foreign: luck.has(faults.pay_currency),
            is_doubled: luck.has(faults.pay_twice),
        }
    }

    /// Throws the dice for a refund that was accepted.
    pub(super) fn refund_fails(&self) -> bool {
        let Dice { luck, faults, .. } = &mut *self.dice.lock();
        luck.has(faults.refund_fails)
    }

    /// Throws the dice for the events of one step. Answers those that are sent, in their order, and
    /// those that never are.
    pub(super) fn trips(&self, events: Vec<Event>) -> (Vec<Trip>, Vec<Event>) {
        let Dice { luck, faults, .. } = &mut *self.dice.lock();
        let (mut trips, mut lost) = (Vec::new(), Vec::new());
        let is_turned = luck.has(faults.webhook_reorder);
        for event in events {
            let late = Duration::from_millis(luck.between(faults.webhook_late_ms));
            let delay = if luck.has(faults.webhook_late) { late } else { Duration::ZERO };
            let is_doubled = luck.has(faults.webhook_duplicate);
            if luck.has(faults.webhook_lost) {
                lost.push(event);
            } else {
                trips.push(Trip { event, delay, is_doubled });
            }
        }
        if is_turned {
            trips.reverse();
            // A single one lets the next step's overtake it.
            if let [only] = trips.as_mut_slice() {
                only.delay = only.delay.max(Duration::from_millis(luck.between((100, 3_000))));
            }
        }
        (trips, lost)
    }
}

impl Dice {
    fn fate(&mut self, requests_per_s: u32) -> Fate {
        let Self { luck, faults, burst_left, second } = self;
        if second.0.elapsed() >= Duration::from_secs(1) {
            *second = (Instant::now(), 0);
        }
        second.1 = second.1.saturating_add(1);
        if luck.has(faults.burst) && *burst_left == 0 {
            *burst_left = faults.burst_length;
        }
        let slow = Duration::from_millis(luck.between(faults.slow_ms));
        let time = if luck.has(faults.slow) { slow } else { Duration::ZERO };
        let fails_before = luck.has(faults.fail_before);
        let fails_after = luck.has(faults.fail_after);
        let drops = luck.has(faults.drop_after);
        if *burst_left > 0 {
            *burst_left -= 1;
            return Fate::TooMany;
        }
        match (fails_before, fails_after, drops) {
            _ if requests_per_s > 0 && second.1 > requests_per_s => Fate::TooMany,
            (true, _, _) => Fate::FailedBefore(time),
            (_, true, _) => Fate::FailedAfter(time),
            (_, _, true) => Fate::Dropped(time),
            _ => Fate::Answered(time),
        }
    }
}

/// Seconds since 1970.
pub(super) fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
