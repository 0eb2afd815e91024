//! The keepsakes of `tests/golden/checkpoint/v1`: every later release reads them.

use super::*;
use crate::codec::record::tests::samples::fourth_money::{bare_loose, loose_charge};
use kirana_domain::holds::Lapses;
use kirana_domain::loose::{Assigned, Loose};
use kirana_domain::order_book::EndedOrder;
use kirana_domain::time::{LogTime, Skip};
use kirana_domain::{KeyEntry, KnownKey, LooseBook, PersonId};
use std::path::PathBuf;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/checkpoint/v1").join(file)
}

/// Thirty-two bytes on a line.
fn hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| kirana_storage::hex::encode(bytes) + "\n";
    bytes.chunks(32).map(line).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    kirana_storage::hex::decode(&text.replace('\n', "")).unwrap()
}

/// The kept bytes. With `KIRANA_GOLDEN=write` those that are not kept yet are written first: what
/// is there is never written to.
fn kept(file: &str, now: &[u8]) -> Vec<u8> {
    let path = path(file);
    let may_write = std::env::var("KIRANA_GOLDEN").is_ok_and(|what| what == "write");
    if may_write && !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, hex(now)).unwrap();
    }
    unhex(&std::fs::read_to_string(path).unwrap())
}

#[test]
fn the_kept_states_are_still_read_as_what_they_were() {
    for (file, state) in [("everything.hex", everything()), ("fourth.hex", fourth())] {
        let now = encoded(&state);
        let kept = kept(file, &now);
        let read = decode(&kept).unwrap();
        assert_eq!(read.digest(), state.digest(), "{file}");
        assert!(encoded(&read) == now, "{file}: what no digest covers, too");
        let is_newest = file == "fourth.hex";
        assert_eq!(kept == now, is_newest, "{file}: a store is written in its newest shape");
    }
}

#[test]
fn the_kept_times_of_the_steps_of_orders_are_still_read_as_what_they_were() {
    let now = encoded(&stamped());
    let kept = kept("stamped.hex", &now);
    let state = decode(&kept).unwrap();
    assert_eq!(state.digest(), everything().digest(), "no digest covers them");
    assert!(encoded(&state) == now && kept == now);
}

#[test]
fn the_kept_disputes_and_failures_are_still_read_as_what_they_were() {
    let now = encoded(&disputed());
    let state_kept = kept("disputed.hex", &now);
    let state = decode(&state_kept).unwrap();
    assert_eq!(state.digest(), disputed().digest());
    assert_eq!(state.orders.open_disputes_count(), disputed().orders.open_disputes_count());
    assert!(state.orders.open_disputes_count() > 0);
    assert!(encoded(&state) == now && state_kept == now);
    let ended = disputed().orders.ended();
    let (_, ended) = ended.iter().find(|(_, ended)| ended.payment.is_some()).unwrap();
    let mut now = Vec::new();
    encode_ended(ended, &mut now);
    let kept = kept("ended_disputed.hex", &now);
    assert_eq!(decode_ended(&kept).as_ref(), Ok::<&EndedOrder, _>(&**ended));
    assert_eq!(kept, now);
}

#[test]
fn the_kept_riders_are_still_read_as_what_they_were() {
    let state = with_riders();
    let now = encoded(&state);
    let kept = kept("riders.hex", &now);
    let read = decode(&kept).unwrap();
    assert_eq!(read.digest(), state.digest());
    assert!(read.people.riders.iter().eq(state.people.riders.iter()));
    assert!(kept == now, "schema 1 is still what is written");
}

#[test]
fn the_kept_loose_money_is_still_read_as_what_it_was() {
    let by = kirana_domain::Principal::SYSTEM;
    let assigned = Assigned { order_id: OrderId(uuid::Uuid::from_u128(9)), by, at_ms: 7 };
    let loose = |charge, assigned| Loose { charge, seen_at_ms: 1_735_689_600_123, assigned };
    let mut state = everything();
    let charges = [loose(bare_loose(), None), loose(loose_charge(), Some(assigned))];
    state.people.loose = LooseBook::restore(charges).unwrap();
    let now = encoded(&state);
    let kept = kept("loose.hex", &now);
    let read = decode(&kept).unwrap();
    assert_eq!(read.people.loose, state.people.loose);
    assert!(read.digest() == state.digest() && read.digest() != everything().digest());
    assert!(kept == now);
}

#[test]
fn the_kept_callers_of_keys_are_still_read_as_what_they_were() {
    let mut state = everything();
    for (n, is_refusal) in [(11, true), (12, false)] {
        let entry = KeyEntry { fingerprint: [9; 16], lsn: Lsn(u64::from(n)) };
        let by = Some(PersonId(uuid::Uuid::from_u128(0xC9)));
        let key = KnownKey { at_ms: 1_735_689_600_123, id: [n; 16], entry, by, is_refusal };
        assert!(state.keys.add(key));
    }
    let now = encoded(&state);
    let kept = kept("callers.hex", &now);
    let read = decode(&kept).unwrap();
    assert!(read.keys.by_time().eq(state.keys.by_time()));
    assert!(read.digest() == state.digest() && kept == now);
}

#[test]
fn the_kept_holds_that_led_to_nothing_are_still_read_as_what_they_were() {
    let mut lapses = [Lapses::default(); 2];
    (1..=20).for_each(|n| lapses[0].add(1_735_689_600_123 + n));
    lapses[1].add(1_735_689_600_123);
    let persons = [0xC9, 0xCA].map(|n| PersonId(uuid::Uuid::from_u128(n)));
    let mut state = everything();
    let customers = std::mem::take(&mut state.people.customers);
    let with_lapses = customers.with_lapses(persons.into_iter().zip(lapses));
    state.people.customers = with_lapses.unwrap();
    let now = encoded(&state);
    let kept = kept("lapses.hex", &now);
    let read = decode(&kept).unwrap();
    assert!(read.people.customers.all_lapses().eq(state.people.customers.all_lapses()));
    assert_eq!(read.digest(), everything().digest(), "no digest covers them");
    assert!(kept == now);
    let twice = persons.map(|_| (persons[0], lapses[0]));
    assert!(kirana_domain::Customers::default().with_lapses(twice).is_none());
}

#[test]
fn the_kept_rows_of_history_are_still_read_as_what_they_were() {
    for (n, (_, ended)) in everything().orders.ended().into_iter().enumerate() {
        let mut now = Vec::new();
        encode_ended(&ended, &mut now);
        let kept = kept(&format!("ended_{n}.hex"), &now);
        assert_eq!(decode_ended(&kept).as_ref(), Ok::<&EndedOrder, _>(&*ended));
        assert_eq!(kept, now);
    }
    for (n, (.., stock)) in everything().stock.iter().enumerate() {
        let mut now = Vec::new();
        encode_stock(stock, &mut now);
        let kept = kept(&format!("stock_{n}.hex"), &now);
        assert_eq!(decode_stock(&kept), Ok::<Stock, _>(*stock));
        assert_eq!(kept, now);
    }
}

#[test]
fn the_kept_time_of_a_log_is_still_read_as_what_it_was() {
    let skip = |after_ms, skipped_ms| Skip { after_ms, skipped_ms };
    let skips = vec![skip(1_798_000_000_000, 1), skip(1_799_000_000_123, 259_200_000)];
    let time = LogTime::restore((Lsn(90_000), 1_796_000_000_123), skips);
    let state = State { time: time.unwrap(), ..everything() };
    let now = encoded(&state);
    let kept = kept("time.hex", &now);
    let read = decode(&kept).unwrap().time;
    assert_eq!(read.steady(), state.time.steady());
    assert!(read.skips().eq(state.time.skips()));
    assert!(kept == now, "schema 1 is still what is written");
}
