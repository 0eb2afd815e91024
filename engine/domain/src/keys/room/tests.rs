use super::*;
use crate::samples::{AT_MS, record};
use crate::time::LogTime;
use crate::{Event, KeyEntry, Lsn, PersonId, Record, Rejection, RequestKey};
use uuid::Uuid;

const MAX: usize = 160_000;

fn caller(role: Role, n: u32) -> Principal {
    Principal { role, person_id: PersonId(Uuid::from_u128(n.into())), store_id: None }
}

/// Remembers keys of a caller until they are refused or there are so many.
fn fill(book: &mut KeyBook, by: &Principal, is_refusal: bool, count: usize) -> usize {
    fill_up_to(book, by, is_refusal, (count, MAX))
}

fn fill_up_to(
    book: &mut KeyBook,
    by: &Principal,
    is_refusal: bool,
    (count, keys_max): (usize, usize),
) -> usize {
    let added = (0..count).take_while(|_| {
        let has_room = book.check_room(by, keys_max).is_ok();
        if has_room {
            let lsn = Lsn(book.len() as u64 + 1);
            let id = *blake3::hash(&lsn.0.to_le_bytes()).as_bytes().first_chunk().unwrap();
            let entry = KeyEntry { fingerprint: [0; 16], lsn };
            let by = Some(by.person_id);
            assert!(book.add(KnownKey { at_ms: AT_MS, id, entry, by, is_refusal }));
        }
        has_room
    });
    added.count()
}

#[test]
fn a_customer_who_uses_up_a_share_is_refused_and_the_others_are_served() {
    let mut book = KeyBook::default();
    let flood = caller(Role::Customer, 1);
    let taken = fill(&mut book, &flood, false, MAX);
    assert!((500..600).contains(&taken), "{taken}: one in 257 of the part of customers");
    assert_eq!(book.check_room(&flood, MAX), Err(NoRoom::OfCaller));
    let others = [Role::Customer, Role::Packer, Role::Rider, Role::Admin, Role::Service];
    for (role, n) in others.into_iter().zip(2..) {
        assert_eq!(fill(&mut book, &caller(role, n), false, 20), 20, "{role:?}");
    }
}

#[test]
fn refusals_use_up_a_share_sixteen_times_as_fast() {
    let (mut book, mut refused) = (KeyBook::default(), KeyBook::default());
    let by = caller(Role::Customer, 1);
    let (results, refusals) =
        (fill(&mut book, &by, false, MAX), fill(&mut refused, &by, true, MAX));
    assert!((1..=results / 15).contains(&refusals), "{refusals} of {results}");
    assert_eq!(refused.check_room(&by, MAX), Err(NoRoom::OfCaller));
}

#[test]
fn a_thousand_callers_who_flood_leave_room_for_those_who_do_not() {
    let mut book = KeyBook::default();
    for n in 0..1_000 {
        fill(&mut book, &caller(Role::Customer, n), false, MAX);
    }
    assert_eq!(book.check_room(&caller(Role::Customer, 9_999), MAX), Ok(()), "a new one");
    assert_eq!(fill(&mut book, &caller(Role::Packer, 10_000), false, 50), 50);
    assert_eq!(fill(&mut book, &caller(Role::Service, 10_001), false, 5_000), 5_000);
}

#[test]
fn the_last_sixteenths_are_for_the_staff_and_then_for_the_provider() {
    const MAX: usize = 1_600;
    for (role, part) in [
        (Role::Customer, 1_400),
        (Role::Packer, 1_500),
        (Role::Rider, 1_500),
        (Role::Support, 1_500),
        (Role::Admin, 1_500),
        (Role::Service, 1_600),
        (Role::System, 1_600),
    ] {
        assert_eq!(role.part_of(MAX), part, "{role:?}");
        assert_eq!(role.part_of(3), 3, "a small bound has no sixteenth");
        // One key each: no caller is near a share.
        let mut book = KeyBook::default();
        for n in 0..u32::try_from(part).unwrap() {
            let by = caller(role, n + 1);
            assert_eq!(fill_up_to(&mut book, &by, false, (1, MAX)), 1, "{role:?} {n}");
        }
        assert_eq!(book.check_room(&caller(role, 0), MAX), Err(NoRoom::OfRole));
        let system = caller(Role::System, 0);
        assert_eq!(book.check_room(&system, MAX).is_ok(), part < MAX);
    }
}

#[test]
fn a_share_comes_back_with_the_keys_that_are_forgotten() {
    let (mut book, mut time) = (KeyBook::default(), LogTime::default());
    let by = caller(Role::Customer, 1);
    let refused = Event::CommandRefused { rejection: Rejection::BasketEmpty };
    for (n, at_ms) in (1..=40_u8).zip(AT_MS..) {
        let key = Some(RequestKey { id: [n; 16], fingerprint: [n; 16] });
        let record = Record { at_ms, by, key, event: refused.clone() };
        time.evolve(Lsn(n.into()), &record);
        book.evolve(Lsn(n.into()), &record, &time);
    }
    assert_eq!(book.check_room(&by, MAX), Err(NoRoom::OfCaller));
    let later = Record {
        at_ms: AT_MS + 100 + crate::limits::KEY_KEPT_MS,
        ..record(Event::EngineStarted { epoch: 1, clock: None })
    };
    time.evolve(Lsn(41), &later);
    book.evolve(Lsn(41), &later, &time);
    assert_eq!(book.check_room(&by, MAX), Ok(()));
    assert!(book.is_empty() && book.used.is_empty(), "no caller is counted for nothing");
}

#[test]
fn keys_of_an_older_release_are_nobody_s_share() {
    let mut book = KeyBook::default();
    for n in 0..200_u8 {
        let entry = KeyEntry { fingerprint: [0; 16], lsn: Lsn(u64::from(n) + 1) };
        let key = KnownKey { at_ms: AT_MS, id: [n; 16], entry, by: None, is_refusal: false };
        assert!(book.add(key));
    }
    for n in 0..3 {
        assert_eq!(book.check_room(&caller(Role::Customer, n), MAX), Ok(()));
    }
}
