//! One listener: a cursor in the log.

use super::history::{SCAN_RECORDS_MAX, Step};
use super::{Feed, LiveEvent, Look, Topic};
use crate::state::locations::RiderLocation;
use crate::state::read_error::ReadError;
use crate::state::reads::Reads;
use kirana_domain::Lsn;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Facts of the ring that one step looks at; publishing waits meanwhile.
const RING_LOOKS_MAX: usize = 1_024;

/// A message to a subscriber.
#[derive(Debug)]
pub enum Next {
    /// The next fact.
    Event(LiveEvent),
    /// Where the rider of the order is now: no fact, and no place to resume after.
    Located(RiderLocation),
    /// The cursor is not in this log, or lies too far back: read the state as it is, tell the
    /// subscription which position it is as of ([`Subscription::skip_to`]), and go on from there.
    Resync,
    /// The engine stops, has failed, or cannot read its log: come again later.
    Closed,
}

/// A listener of one topic. It is told every fact of it after its cursor: in the order of the log,
/// each once. Dropping it ends it.
pub struct Subscription {
    feed: Arc<Feed>,
    reads: Arc<Reads>,
    topic: Topic,
    notify: Arc<Notify>,
    /// The last position that was told, or that is known to hold nothing for this topic.
    cursor: Lsn,
    /// The number of the last place of the rider that was told.
    located: u64,
    /// True when the cursor is of no use: no such position, or too long ago.
    is_lost: bool,
    /// True for a listener that must not miss anything, however much of the log it has to read.
    is_patient: bool,
    /// Read ahead while catching up; empty otherwise.
    ahead: VecDeque<LiveEvent>,
    /// The position that `ahead` reaches to.
    ahead_through: Lsn,
    /// A catch-up that is under way, kept so that a wait may be given up and taken up again.
    reading: Option<JoinHandle<Result<Step, ReadError>>>,
}

impl Subscription {
    /// Registers before it looks at anything, so that nothing falls between the two.
    pub(crate) fn new(
        feed: Arc<Feed>,
        reads: Arc<Reads>,
        topic: Topic,
        after: Option<Lsn>,
    ) -> Self {
        let (notify, end) = feed.register(topic);
        let cursor = after.unwrap_or(end);
        let is_lost = cursor > end && cursor > reads.state().lsn();
        let (ahead, ahead_through) = (VecDeque::new(), cursor);
        let (is_patient, reading) = (false, None);
        Self {
            feed,
            reads,
            topic,
            notify,
            cursor,
            located: 0,
            is_lost,
            is_patient,
            ahead,
            ahead_through,
            reading,
        }
    }

    /// A listener that is never told to start over because it is far behind.
    pub(crate) fn patient(mut self) -> Self {
        self.is_patient = true;
        self
    }

    /// The last position that was told, or that is known to hold nothing for this topic.
    pub fn cursor(&self) -> Lsn {
        self.cursor
    }

    /// Goes on after a state that was read since the subscription began, or since it was told to
    /// resync, and that is as of `lsn`.
    pub fn skip_to(&mut self, lsn: Lsn) {
        self.cursor = self.cursor.max(lsn);
        self.ahead.clear();
        self.ahead_through = self.cursor;
        self.stop_reading();
    }

    /// Waits for what comes next. A wait may be given up (in a `select!`) without loss.
    pub async fn next(&mut self) -> Next {
        loop {
            if std::mem::take(&mut self.is_lost) {
                return self.start_over();
            }
            if let Some(event) = self.ahead.pop_front() {
                return self.tell(event);
            }
            self.cursor = self.cursor.max(self.ahead_through);
            if let Some(reading) = &mut self.reading {
                let read = reading.await;
                self.reading = None;
                match read {
                    Ok(Ok(step)) => self.take(step),
                    Ok(Err(error)) => return self.give_up(&error),
                    Err(error) => return self.give_up(&ReadError::Failed(error.to_string())),
                }
                continue;
            }
            let notify = Arc::clone(&self.notify);
            let mut woken = std::pin::pin!(notify.notified());
            woken.as_mut().enable();
            match self.feed.look(&self.topic, self.cursor) {
                Look::Event(event) => return self.tell(event),
                Look::Nothing => match self.located() {
                    Some(location) => return Next::Located(location),
                    None => woken.await,
                },
                Look::Behind(end) => {
                    self.is_lost = self.is_too_far_behind(end);
                    if !self.is_lost {
                        self.catch_up(end);
                    }
                }
                Look::Closed => return Next::Closed,
            }
        }
    }

    fn tell(&mut self, event: LiveEvent) -> Next {
        assert!(event.lsn > self.cursor, "a fact is told once, and in order");
        self.cursor = event.lsn;
        Next::Event(event)
    }

    /// Returns the place of the order's rider if it is newer than what was told.
    fn located(&mut self) -> Option<RiderLocation> {
        let Topic::Order(id) = self.topic else { return None };
        let (location, number) = self.reads.state().locations().after(id, self.located)?;
        self.located = number;
        Some(location)
    }

    fn give_up(&self, error: &ReadError) -> Next {
        tracing::error!(%error, topic = ?self.topic, "a stream cannot be caught up");
        Next::Closed
    }

    fn take(&mut self, step: Step) {
        self.ahead_through = step.through;
        self.ahead = step.events.into();
    }

    /// From here on the listener reads the state anew; it holds all that was published so far.
    fn start_over(&mut self) -> Next {
        self.cursor = self.feed.inner.lock().end;
        self.ahead_through = self.cursor;
        Next::Resync
    }

    /// True where catching up would read too much of the log.
    fn is_too_far_behind(&self, end: Lsn) -> bool {
        let is_scan = matches!(self.topic, Topic::Store(_) | Topic::Rider(_) | Topic::All);
        is_scan && !self.is_patient && end.0.saturating_sub(self.cursor.0) > SCAN_RECORDS_MAX
    }

    /// Takes the next step from memory where it is there, and from the log where it is not.
    fn catch_up(&mut self, end: Lsn) {
        if let Some(step) = self.step_in_memory(end) {
            return self.take(step);
        }
        let (reads, topic, after) = (Arc::clone(&self.reads), self.topic, self.cursor);
        let room = Arc::clone(&self.feed.catch_ups);
        self.reading = Some(tokio::spawn(async move {
            // An error would mean that the semaphore was closed, which nobody does.
            let _permit = room.acquire_owned().await;
            tokio::task::spawn_blocking(move || reads.step(topic, after, end))
                .await
                .unwrap_or_else(|error| Err(ReadError::Failed(error.to_string())))
        }));
    }

    fn step_in_memory(&self, end: Lsn) -> Option<Step> {
        if let Some((positions, through)) =
            self.reads.positions_in_memory(self.topic, self.cursor, end)
        {
            let inner = self.feed.inner.lock();
            let known = |(lsn, _): &(Lsn, _)| inner.ring.get(*lsn).cloned();
            let events = positions.iter().map(known).collect::<Option<Vec<_>>>()?;
            return Some(Step { events, through });
        }
        let inner = self.feed.inner.lock();
        let (events, last) = inner.ring.scan(&self.topic, self.cursor, RING_LOOKS_MAX)?;
        Some(Step { events, through: last.unwrap_or(inner.end) })
    }

    fn stop_reading(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.stop_reading();
        self.feed.unregister(&self.topic);
    }
}
