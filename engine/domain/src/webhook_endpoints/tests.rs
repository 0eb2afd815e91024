//! What is recorded of endpoints, and the schedule of their retries.

use super::*;
use crate::{Principal, Unfit};
use uuid::Uuid;

const ID: EndpointId = EndpointId(Uuid::from_u128(7));

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).unwrap()
}

fn endpoint() -> Endpoint {
    Endpoint {
        id: ID,
        store_id: None,
        url: text("https://erp.example/hooks"),
        events: Vec::new(),
        active: true,
        secret: Arc::from(&b"sealed"[..]),
        previous: None,
    }
}

#[derive(Default)]
struct Log {
    book: EndpointBook,
    lsn: u64,
}

impl Log {
    fn with_endpoint() -> Self {
        let mut log = Self { lsn: 99, ..Self::default() };
        log.append(Event::EndpointDefined { endpoint: Arc::new(endpoint()) });
        log
    }

    fn append(&mut self, event: Event) {
        self.lsn += 1;
        let record = Record { at_ms: 1_000, by: Principal::SYSTEM, key: None, event };
        self.book.evolve(Lsn(self.lsn), &record);
    }

    fn fail(&mut self, lsn: u64, tries: u16, retry_at_ms: Option<AtMs>) {
        let (lsn, error) = (Lsn(lsn), text("no answer"));
        self.append(Event::HookFailed { endpoint_id: ID, lsn, tries, retry_at_ms, error });
    }

    fn hook(&self) -> &Hook {
        self.book.get(ID).unwrap()
    }
}

#[test]
fn a_delivery_is_tried_ten_times_over_three_days() {
    let all: Vec<i64> = (1..).map_while(retry_after_ms).collect();
    assert_eq!((retry_after_ms(0), all.len() + 1), (None, usize::from(TRIES_MAX)));
    assert_eq!(&all[..4], [5_000, 300_000, 1_800_000, 7_200_000]);
    assert_eq!(all.iter().sum::<i64>() / 3_600_000, 75);
    assert!(all.is_sorted(), "each distance is longer than the one before");
}

#[test]
fn an_endpoint_is_told_what_happens_after_it_was_defined_and_nothing_before() {
    let log = Log::with_endpoint();
    assert_eq!((log.hook().position, log.hook().created_at_ms), (Lsn(100), 1_000));
    assert!(log.hook().is_running());
}

#[test]
fn a_filter_names_a_store_and_messages() {
    let (own, other) = (StoreId(Uuid::from_u128(1)), StoreId(Uuid::from_u128(2)));
    let every = endpoint();
    assert!(every.wants("order.placed", own) && every.wants("order.packed", other));
    let some = Endpoint { store_id: Some(own), events: vec![text("order.placed")], ..endpoint() };
    assert!(some.wants("order.placed", own));
    assert!(!some.wants("order.placed", other) && !some.wants("order.packed", own));
}

#[test]
fn a_failed_delivery_waits_beside_the_position_until_it_was_made() {
    let mut log = Log::with_endpoint();
    log.fail(102, 1, Some(6_000));
    log.append(Event::HookProgress { endpoint_id: ID, position: Lsn(110) });
    assert_eq!((log.hook().position, log.hook().retries.len()), (Lsn(110), 1));
    log.fail(102, 2, Some(300_000));
    let retry = &log.hook().retries[&Lsn(102)];
    assert_eq!((retry.tries, retry.retry_at_ms), (2, Some(300_000)));
    log.append(Event::HookDelivered { endpoint_id: ID, lsn: Lsn(102) });
    assert!(log.hook().retries.is_empty());
}

#[test]
fn a_replay_goes_back_and_never_forward_and_takes_the_retries_along() {
    let mut log = Log::with_endpoint();
    log.append(Event::HookProgress { endpoint_id: ID, position: Lsn(500) });
    log.fail(200, 3, Some(6_000));
    log.fail(400, 3, Some(6_000));
    log.append(Event::EndpointReplayed { endpoint_id: ID, from: Lsn(300) });
    assert_eq!((log.hook().position, log.hook().since), (Lsn(299), Lsn(log.lsn)));
    assert_eq!(log.hook().retries.keys().copied().collect::<Vec<_>>(), [Lsn(200)]);
    log.append(Event::EndpointReplayed { endpoint_id: ID, from: Lsn(9_000) });
    assert_eq!(log.hook().position, Lsn(299));
}

#[test]
fn a_disabled_endpoint_keeps_its_failures_and_tries_them_again_when_it_is_mended() {
    let mut log = Log::with_endpoint();
    log.fail(102, TRIES_MAX, None);
    log.append(Event::EndpointDisabled { endpoint_id: ID, reason: text("it answered 410") });
    assert!(!log.hook().is_running());
    log.append(Event::EndpointDefined { endpoint: Arc::new(endpoint()) });
    assert!(log.hook().is_running());
    let retry = &log.hook().retries[&Lsn(102)];
    assert_eq!((retry.tries, retry.retry_at_ms), (0, Some(1_000)));
    assert_eq!(log.hook().position, Lsn(100), "a new definition moves nothing");
}

#[test]
fn a_paused_endpoint_that_goes_on_does_not_start_its_retries_over() {
    let mut log = Log::with_endpoint();
    log.fail(102, 4, Some(9_000));
    let paused = Endpoint { active: false, ..endpoint() };
    log.append(Event::EndpointDefined { endpoint: Arc::new(paused) });
    assert!(!log.hook().is_running());
    log.append(Event::EndpointDefined { endpoint: Arc::new(endpoint()) });
    assert_eq!(log.hook().retries[&Lsn(102)].tries, 4);
}

#[test]
fn what_is_said_of_an_endpoint_that_is_gone_says_nothing() {
    let mut log = Log::with_endpoint();
    log.append(Event::EndpointRemoved { endpoint_id: ID });
    log.append(Event::HookProgress { endpoint_id: ID, position: Lsn(500) });
    log.fail(102, 1, Some(6_000));
    assert_eq!(log.book.iter().count(), 0);
}

#[test]
fn every_part_of_an_endpoint_is_in_the_fingerprint() {
    let digest = |change: &dyn Fn(&mut Log)| {
        let mut log = Log::with_endpoint();
        change(&mut log);
        let mut digester = Digester::default();
        log.book.write_to(&mut digester);
        digester.finish()
    };
    let same = digest(&|_| ());
    assert_eq!(digest(&|_| ()), same);
    let define = |endpoint: Endpoint| Event::EndpointDefined { endpoint: Arc::new(endpoint) };
    let redefined = digest(&|log| log.append(define(endpoint())));
    for other in [
        Endpoint { store_id: Some(StoreId(Uuid::nil())), ..endpoint() },
        Endpoint { url: text("https://other.example/"), ..endpoint() },
        Endpoint { events: vec![text("order.placed")], ..endpoint() },
        Endpoint { active: false, ..endpoint() },
        Endpoint { secret: Arc::from(&b"other"[..]), ..endpoint() },
        Endpoint { previous: Some((Arc::from(&b"old"[..]), 5)), ..endpoint() },
    ] {
        assert_ne!(digest(&|log| log.append(define(other.clone()))), redefined, "{other:?}");
    }
    let progress = Event::HookProgress { endpoint_id: ID, position: Lsn(500) };
    assert_ne!(digest(&|log| log.append(progress.clone())), same);
    assert_ne!(digest(&|log| log.fail(102, 1, None)), same);
    assert_ne!(digest(&|log| log.fail(102, 1, None)), digest(&|log| log.fail(102, 2, None)));
}

const CONTEXT: EndpointContext = EndpointContext { at_ms: 5_000, has_store: true };

impl Log {
    fn decide(&self, command: EndpointCommand) -> Result<Option<Event>, Unfit> {
        self.book.decide(command, CONTEXT, |_, secret| secret.into())
    }
}

fn define(id: EndpointId) -> EndpointCommand {
    let Endpoint { store_id, url, events, active, .. } = endpoint();
    let secret = b"sealed".into();
    EndpointCommand::Define { endpoint_id: id, store_id, url, events, active, secret }
}

fn change(active: Option<bool>) -> EndpointCommand {
    EndpointCommand::Change { endpoint_id: ID, url: None, events: None, active }
}

#[test]
fn an_endpoint_is_defined_under_a_new_id_while_there_is_room() {
    let mut log = Log::default();
    let defined = Event::EndpointDefined { endpoint: Arc::new(endpoint()) };
    assert_eq!(log.decide(define(ID)), Ok(Some(defined.clone())));
    let nowhere = EndpointContext { has_store: false, ..CONTEXT };
    let decided = log.book.decide(define(ID), nowhere, |_, _| unreachable!("it is refused"));
    assert_eq!(decided, Err(Unfit::StoreUnknown));
    log.append(defined);
    assert_eq!(log.decide(define(ID)), Err(Unfit::Changed));
    for n in 1..ENDPOINTS_MAX as u128 {
        let endpoint = Endpoint { id: EndpointId(Uuid::from_u128(100 + n)), ..endpoint() };
        log.append(Event::EndpointDefined { endpoint: Arc::new(endpoint) });
    }
    assert_eq!(log.decide(define(EndpointId(Uuid::nil()))), Err(Unfit::TooMany));
}

#[test]
fn a_change_that_changes_nothing_is_recorded_only_where_it_mends() {
    let mut log = Log::with_endpoint();
    assert_eq!(log.decide(change(Some(true))), Ok(None));
    log.append(Event::EndpointDisabled { endpoint_id: ID, reason: text("gone") });
    assert_eq!(log.decide(change(None)), Ok(None));
    let mended = Event::EndpointDefined { endpoint: Arc::new(endpoint()) };
    assert_eq!(log.decide(change(Some(true))), Ok(Some(mended)));
    assert_eq!(Log::default().decide(change(Some(true))), Err(Unfit::EndpointUnknown));
}

#[test]
fn the_secret_before_signs_for_a_day_beside_the_new_one() {
    let rotate = EndpointCommand::Rotate { endpoint_id: ID, secret: b"new".into() };
    let rotated = Endpoint {
        secret: Arc::from(&b"new"[..]),
        previous: Some((endpoint().secret, 5_000 + ROTATION_MS)),
        ..endpoint()
    };
    let rotated = Event::EndpointDefined { endpoint: Arc::new(rotated) };
    assert_eq!(Log::with_endpoint().decide(rotate.clone()), Ok(Some(rotated)));
    assert_eq!(Log::default().decide(rotate), Err(Unfit::EndpointUnknown));
}

#[test]
fn only_an_endpoint_that_is_there_is_removed_or_told_again() {
    let (gone, there) = (Log::default(), Log::with_endpoint());
    let remove = EndpointCommand::Remove { endpoint_id: ID };
    assert_eq!(gone.decide(remove.clone()), Ok(None));
    assert_eq!(there.decide(remove), Ok(Some(Event::EndpointRemoved { endpoint_id: ID })));
    let replay = EndpointCommand::Replay { endpoint_id: ID, from: Lsn(3) };
    assert_eq!(gone.decide(replay.clone()), Err(Unfit::EndpointUnknown));
    let replayed = Event::EndpointReplayed { endpoint_id: ID, from: Lsn(3) };
    assert_eq!(there.decide(replay), Ok(Some(replayed)));
}
