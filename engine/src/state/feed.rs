//! Messages about orders, sent live to subscribers: by order, customer, store and rider.
//!
//! Listeners pull. A [`Subscription`] holds a cursor, the last position it has told, and no queue:
//! however slow its reader is, it costs the same. The publisher writes each fact once into a ring
//! and marks the topics it concerns; a task inside the runtime wakes their listeners. What the ring
//! has no more comes from the log, so a listener that was away misses nothing and hears nothing
//! twice. While nobody listens a record costs nothing, and a group of records one lock.

mod history;
pub(crate) mod now;
mod ring;
mod subscription;
#[cfg(test)]
mod tests;

use foldhash::fast::RandomState;
use kirana_domain::time::AtMs;
use kirana_domain::{Event, Lsn, Order, OrderId, PersonId, Record, StoreId};
use parking_lot::Mutex;
use ring::Ring;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
pub use subscription::{Next, Subscription};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Facts that are written into the ring before others may take its lock.
const EVENTS_AT_ONCE: usize = 256;
/// Catch-ups that read the log at the same time.
const CATCH_UPS_MAX: usize = 4;

/// A choice of orders to listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// One order.
    Order(OrderId),
    /// All orders of a customer.
    Customer(PersonId),
    /// All orders of a store.
    Store(StoreId),
    /// All orders that a rider has or had.
    Rider(PersonId),
    /// All orders of all stores.
    All,
}

impl Topic {
    /// Returns true when a fact is told to those who listen to this.
    pub fn is_concerned(&self, event: &LiveEvent) -> bool {
        let placed = &event.order.placed;
        match self {
            Self::Order(id) => *id == placed.id,
            Self::Customer(id) => *id == placed.customer_id,
            Self::Store(id) => *id == placed.store_id,
            Self::Rider(id) => event.riders.contains(id),
            Self::All => true,
        }
    }

    /// Returns how many positions a topic remembers; past it the ring or the log is asked.
    fn recent_max(self) -> usize {
        match self {
            Self::Order(_) => 16,
            Self::Customer(_) | Self::Rider(_) => 64,
            Self::Store(_) | Self::All => 4_096,
        }
    }
}

/// A fact about an order, with the order as it was right after it.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// Its position in the log.
    pub lsn: Lsn,
    /// The moment of the decision, in milliseconds since 1970.
    pub at_ms: AtMs,
    /// The fact, in one word: `placed`, `cancelled`, …
    pub what: &'static str,
    /// The order after it.
    pub order: Arc<Order>,
    /// The riders whom it concerns.
    riders: Box<[PersonId]>,
}

impl LiveEvent {
    /// Creates it of a record and the order after it; `None` for a record that is about no order.
    pub(crate) fn new(lsn: Lsn, at_ms: AtMs, event: &Event, order: Arc<Order>) -> Option<Self> {
        let what = event.word()?;
        let riders = order.riders_concerned().collect();
        Some(Self { lsn, at_ms, what, order, riders })
    }

    fn topics(&self) -> impl Iterator<Item = Topic> {
        let placed = &self.order.placed;
        [
            Topic::Order(placed.id),
            Topic::Customer(placed.customer_id),
            Topic::Store(placed.store_id),
            Topic::All,
        ]
        .into_iter()
        .chain(self.riders.iter().copied().map(Topic::Rider))
    }
}

/// The facts that were published lately, and their listeners.
pub(crate) struct Feed {
    inner: Mutex<Inner>,
    /// Told when listeners are to be woken.
    moved: Notify,
    /// Bounds the catch-ups that read the log.
    catch_ups: Arc<Semaphore>,
}

struct Inner {
    /// Everything up to and with this position was published.
    end: Lsn,
    is_closed: bool,
    ring: Ring,
    topics: HashMap<Topic, Listened, RandomState>,
    /// Topics whose listeners are to be woken.
    to_wake: Vec<Arc<Notify>>,
    /// Raised with every waking, so that a topic is in `to_wake` once.
    round: u64,
}

/// A topic that somebody listens to.
struct Listened {
    listeners: usize,
    notify: Arc<Notify>,
    /// Positions of its facts after `floor`, ascending.
    recent: VecDeque<Lsn>,
    floor: Lsn,
    woken_in: u64,
}

/// The outcome of a look by a listener.
enum Look {
    Event(LiveEvent),
    Nothing,
    /// Its cursor lies before what is remembered; the log is to be read up to this position.
    Behind(Lsn),
    Closed,
}

impl Feed {
    /// Creates a feed that begins after `end` and keeps so many facts in memory.
    pub(crate) fn new(end: Lsn, events_max: usize) -> Self {
        let inner = Inner {
            end,
            is_closed: false,
            ring: Ring::new(events_max, end),
            topics: HashMap::default(),
            to_wake: Vec::new(),
            round: 0,
        };
        let catch_ups = Arc::new(Semaphore::new(CATCH_UPS_MAX));
        Self { inner: Mutex::new(inner), moved: Notify::new(), catch_ups }
    }

    /// Returns true while somebody listens: only then facts need to be collected.
    pub(crate) fn is_listened_to(&self) -> bool {
        !self.inner.lock().topics.is_empty()
    }

    /// Takes in what a group of records up to `end` did; `None` when nobody listened as it began.
    /// Called in the order of the log, by one thread.
    pub(crate) fn publish(&self, events: Option<Vec<LiveEvent>>, end: Lsn) {
        match events {
            Some(events) => {
                let mut events = events.into_iter().peekable();
                while events.peek().is_some() {
                    let mut inner = self.inner.lock();
                    events.by_ref().take(EVENTS_AT_ONCE).for_each(|event| inner.push(event));
                }
                self.inner.lock().advance(end);
            }
            None => self.inner.lock().skip_to(end),
        }
        if !self.inner.lock().to_wake.is_empty() {
            self.moved.notify_one();
        }
    }

    /// Waits for the right to read much of the log: a few may at the same time. An error would mean
    /// that the semaphore was closed, which nobody does.
    pub(crate) async fn catch_up_permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.catch_ups).acquire_owned().await.ok()
    }

    /// Wakes the listeners of an order: something was told that is no fact.
    pub(crate) fn wake(&self, order_id: OrderId) {
        let mut inner = self.inner.lock();
        let Inner { topics, round, to_wake, .. } = &mut *inner;
        let Some(listened) = topics.get_mut(&Topic::Order(order_id)) else { return };
        listened.wake_in(*round, to_wake);
        self.moved.notify_one();
    }

    /// Ends every subscription, now and later.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.is_closed = true;
        inner.topics.values().for_each(|topic| topic.notify.notify_waiters());
        drop(inner);
        self.moved.notify_one();
    }

    /// Wakes listeners, inside the runtime: the publisher would pay for each of them.
    pub(crate) async fn run_wakes(self: Arc<Self>) {
        loop {
            self.moved.notified().await;
            let (to_wake, is_closed) = {
                let mut inner = self.inner.lock();
                inner.round += 1;
                (std::mem::take(&mut inner.to_wake), inner.is_closed)
            };
            to_wake.into_iter().for_each(|topic| topic.notify_waiters());
            if is_closed {
                return;
            }
        }
    }

    /// Registers a listener. Returns its waker, and the position from which on nothing of its
    /// topic is missed.
    fn register(&self, topic: Topic) -> (Arc<Notify>, Lsn) {
        let mut inner = self.inner.lock();
        let (end, round) = (inner.end, inner.round);
        let listened = inner.topics.entry(topic).or_insert_with(|| Listened {
            listeners: 0,
            notify: Arc::default(),
            recent: VecDeque::new(),
            floor: end,
            woken_in: round,
        });
        listened.listeners += 1;
        (Arc::clone(&listened.notify), end)
    }

    fn unregister(&self, topic: &Topic) {
        let mut inner = self.inner.lock();
        let Some(listened) = inner.topics.get_mut(topic) else { return };
        listened.listeners -= 1;
        if listened.listeners == 0 {
            inner.topics.remove(topic);
        }
    }

    fn look(&self, topic: &Topic, cursor: Lsn) -> Look {
        let inner = self.inner.lock();
        if inner.is_closed {
            return Look::Closed;
        }
        let Some(listened) = inner.topics.get(topic).filter(|topic| cursor >= topic.floor) else {
            return Look::Behind(inner.end);
        };
        let next = listened.recent.partition_point(|lsn| *lsn <= cursor);
        match listened.recent.get(next).map(|lsn| inner.ring.get(*lsn)) {
            None => Look::Nothing,
            Some(Some(event)) => Look::Event(event.clone()),
            Some(None) => Look::Behind(inner.end),
        }
    }
}

impl Inner {
    fn push(&mut self, event: LiveEvent) {
        let lsn = event.lsn;
        for topic in event.topics() {
            let Some(listened) = self.topics.get_mut(&topic) else { continue };
            listened.recent.push_back(lsn);
            if listened.recent.len() > topic.recent_max() {
                listened.floor = listened.recent.pop_front().unwrap_or(listened.floor);
            }
            listened.wake_in(self.round, &mut self.to_wake);
        }
        self.ring.push(event);
        self.end = lsn;
    }

    fn advance(&mut self, end: Lsn) {
        assert!(end >= self.end, "records are published in the order of the log");
        self.end = end;
    }

    /// Nobody listened as the group began. Whoever came meanwhile finds it in the log.
    fn skip_to(&mut self, end: Lsn) {
        self.advance(end);
        self.ring.restart(end);
        for listened in self.topics.values_mut() {
            listened.recent.clear();
            listened.floor = end;
            listened.wake_in(self.round, &mut self.to_wake);
        }
    }
}

impl Listened {
    fn wake_in(&mut self, round: u64, to_wake: &mut Vec<Arc<Notify>>) {
        if self.woken_in != round + 1 {
            self.woken_in = round + 1;
            to_wake.push(Arc::clone(&self.notify));
        }
    }
}

/// Returns true when nothing can happen to an order any more, and nothing is owed: its stream ends.
pub fn is_over(order: &Order) -> bool {
    order.is_settled()
}

/// Returns the fact of a record for those who listen; `None` when it is about no open order.
pub(crate) fn told(lsn: Lsn, record: &Record, order: Option<&Arc<Order>>) -> Option<LiveEvent> {
    LiveEvent::new(lsn, record.at_ms, &record.event, Arc::clone(order?))
}
