//! Delayed work: webhooks until they arrive, refunds until the bank is done, authorisations
//! that come late. Nobody who calls the API waits for any of it.

use super::book::{Attempt, Event, OUTBOX_MAX};
use super::state::{Sim, Trip, now_s};
use crate::outbound::Call;
use crate::razorpay::signature;
use axum::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// Longest time of a receiver to answer, as Razorpay gives it. Real time.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The first wait of the provider's time; each next one is twice as long, up to the longest.
const BACKOFF: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_hours(1);
/// Tries: a day of the provider's time.
const ATTEMPTS_MAX: u32 = 36;
/// Time of a bank for a refund, of the provider's time.
const SETTLE: Duration = Duration::from_secs(1);

const SIGNATURE: HeaderName = HeaderName::from_static("x-razorpay-signature");
const EVENT_ID: HeaderName = HeaderName::from_static("x-razorpay-event-id");

/// Counts something that is still to happen, until it is dropped.
struct Pending(Arc<Sim>);

impl Pending {
    fn new(sim: &Arc<Sim>) -> Self {
        sim.pending.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(sim))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Sends the events of one step, one after the other unless the dice say otherwise.
pub(super) fn emit(sim: &Arc<Sim>, events: Vec<Event>) {
    sim.changed();
    if events.is_empty() {
        return;
    }
    let (mut trips, mut lost) = sim.trips(events);
    sim.book(|book| {
        let room = OUTBOX_MAX.saturating_sub(book.outbox.len()).min(trips.len());
        lost.extend(trips.drain(room..).map(|trip| trip.event));
        for trip in &trips {
            book.outbox.insert(trip.event.id.clone(), trip.event.clone());
        }
    });
    for event in lost {
        sim.remember(&event, 0, "lost".to_owned());
    }
    let pending: Vec<_> = trips.iter().map(|_| Pending::new(sim)).collect();
    let sim = Arc::clone(sim);
    tokio::spawn(async move {
        sim.is_saved().await;
        for (trip, pending) in trips.into_iter().zip(pending) {
            if trip.delay.is_zero() && send(&pending.0, &trip.event, 1).await {
                arrived(&pending.0, &trip).await;
                continue;
            }
            let attempt = if trip.delay.is_zero() { 2 } else { 1 };
            tokio::spawn(keep_trying(pending, trip, attempt));
        }
    });
}

/// Goes on with what the file says is still to happen.
pub(super) fn resume(sim: &Arc<Sim>) {
    let (events, late, refunds) = sim.book(|book| {
        let events: Vec<_> = book.outbox.values().cloned().collect();
        let late = book.payments.values().filter(|it| it.attempt == Attempt::Late);
        let late: Vec<_> = late.map(|it| it.id.clone()).collect();
        let refunds = book.refunds.values().filter(|it| it.status == "pending");
        (events, late, refunds.map(|it| it.id.clone()).collect::<Vec<_>>())
    });
    for event in events {
        let trip = Trip { event, delay: Duration::ZERO, is_doubled: false };
        tokio::spawn(keep_trying(Pending::new(sim), trip, 1));
    }
    for id in late {
        authorize_later(sim, &id, Duration::ZERO);
    }
    for id in refunds {
        settle_later(sim, &id);
    }
}

/// The bank authorises a failed payment after a while.
pub(super) fn authorize_later(sim: &Arc<Sim>, payment_id: &str, after: Duration) {
    let (pending, id) = (Pending::new(sim), payment_id.to_owned());
    tokio::spawn(async move {
        let sim = &pending.0;
        if wait(sim, after).await {
            emit(sim, sim.book(|book| book.authorize_late(&id, now_s())));
        }
    });
}

/// The bank is done with a refund after a while. Nothing happens to one that it is done with.
pub(super) fn settle_later(sim: &Arc<Sim>, refund_id: &str) {
    let (pending, id) = (Pending::new(sim), refund_id.to_owned());
    tokio::spawn(async move {
        let sim = &pending.0;
        if wait(sim, sim.scaled(SETTLE)).await {
            let has_failed = sim.refund_fails();
            emit(sim, sim.book(|book| book.settle_refund(&id, has_failed, now_s())));
        }
    });
}

async fn keep_trying(pending: Pending, trip: Trip, first: u32) {
    let sim = &pending.0;
    for attempt in first..=ATTEMPTS_MAX {
        let pause = match attempt {
            1 => trip.delay,
            _ => BACKOFF.saturating_mul(1 << (attempt - 2).min(20)).min(BACKOFF_MAX),
        };
        if !wait(sim, sim.scaled(pause)).await {
            return;
        }
        if send(sim, &trip.event, attempt).await {
            arrived(sim, &trip).await;
            return;
        }
    }
    sim.book(|book| book.outbox.remove(&trip.event.id));
    sim.changed();
    sim.remember(&trip.event, ATTEMPTS_MAX, "given up".to_owned());
}

async fn arrived(sim: &Sim, trip: &Trip) {
    sim.book(|book| book.outbox.remove(&trip.event.id));
    sim.changed();
    if trip.is_doubled {
        send(sim, &trip.event, 1).await;
    }
}

/// True after the time or as soon as somebody hurries; false if the stand-in stops.
async fn wait(sim: &Sim, time: Duration) -> bool {
    let (mut hurry, mut stopped) = (sim.hurry.subscribe(), sim.stopped.clone());
    tokio::select! {
        () = sleep(time) => true,
        Ok(()) = hurry.changed() => true,
        _ = stopped.wait_for(|stop| *stop) => false,
    }
}

/// One try. True if it was answered with 2xx.
async fn send(sim: &Sim, event: &Event, attempt: u32) -> bool {
    let Ok(_permit) = sim.sending.acquire().await else { return false };
    let Some(uri) = sim.webhook_url() else {
        sim.remember(event, attempt, "there is no address for webhooks".to_owned());
        return false;
    };
    let mut stopped = sim.stopped.clone();
    let answered = tokio::select! {
        answered = sim.outbound.call(call(sim, event, uri)) => answered,
        _ = stopped.wait_for(|stop| *stop) => return false,
    };
    let outcome = answered.as_ref().map_or_else(ToString::to_string, |it| it.status.to_string());
    sim.remember(event, attempt, outcome);
    answered.is_ok_and(|answer| (200..300).contains(&answer.status))
}

fn call(sim: &Sim, event: &Event, uri: Uri) -> Call {
    let signature = signature::sign(event.body.as_bytes(), &sim.config.webhook_secret);
    let header = |text: &str| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    Call {
        method: Method::POST,
        uri,
        headers: vec![
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::USER_AGENT, HeaderValue::from_static("Razorpay-Webhook/v1")),
            (SIGNATURE, header(&signature)),
            (EVENT_ID, header(&event.id)),
        ],
        body: Bytes::from(event.body.clone()),
        timeout: ANSWER_MAX,
        pinned: None,
    }
}
