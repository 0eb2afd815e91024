//! Round trips, hostile bytes, the largest records, and the keepsakes of `tests/golden/log/v1`.

use super::*;
use kirana_domain::catalogue::CodRules;
use kirana_domain::order::Preference;
use kirana_domain::{Bps, Event, Paise};
use proptest::prelude::*;
use samples::{OUTGROWN, first, fourth, largest, samples, second, third};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) mod samples;

fn encoded(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(record, &mut bytes);
    bytes
}

#[test]
fn every_event_and_every_rejection_comes_back_as_it_was() {
    for (name, record) in samples() {
        assert_eq!(decode(&encoded(&record)).as_ref(), Ok(&record), "{name}");
    }
}

#[test]
fn the_front_of_every_record_says_what_the_whole_of_it_says() {
    for (name, record) in samples() {
        let Front { at_ms, labels, order } =
            front(&encoded(&record)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(at_ms, record.at_ms, "{name}");
        assert_eq!(labels, crate::codec::labels::of_event(&record.event), "{name}");
        let mentioned = record.event.mentioned_order().map(|id| id.0.into_bytes());
        assert_eq!(order, mentioned, "{name}");
    }
}

#[test]
fn every_record_about_an_order_is_found_by_its_id() {
    let mut kinds = 0;
    for (name, record) in samples() {
        let about = match &record.event {
            Event::WebhookReceived { about, .. } => *about,
            event => event.order_id(),
        };
        let Some(id) = about else { continue };
        assert_eq!(record.event.mentioned_order(), Some(id));
        let labels = front(&encoded(&record)).unwrap().labels;
        assert!(labels.contains(&Some(crate::codec::labels::of_order(id))), "{name}");
        kinds += 1;
    }
    assert!(kinds > 14, "{kinds}");
}

#[test]
fn encoding_only_appends() {
    for (_, record) in samples() {
        let mut bytes = b"before".to_vec();
        encode(&record, &mut bytes);
        assert_eq!(bytes[..6], *b"before");
        assert_eq!(bytes[6..], encoded(&record));
    }
}

#[test]
fn the_largest_records_fit_their_limit() {
    for (name, record) in largest() {
        let bytes = encoded(&record);
        assert!(bytes.len() <= RECORD_BYTES_MAX, "{name} takes {} bytes", bytes.len());
        assert_eq!(decode(&bytes).as_ref(), Ok(&record), "{name}");
    }
}

#[test]
fn nothing_at_all_is_not_a_record() {
    assert_eq!(decode(&[]), Err(CodecError::Empty));
}

#[test]
fn every_other_schema_is_refused_by_its_number() {
    let bytes = encoded(&samples()[0].1);
    for schema in (0..=u8::MAX).filter(|schema| *schema != SCHEMA) {
        let mut other = bytes.clone();
        other[0] = schema;
        assert_eq!(decode(&other), Err(CodecError::UnknownSchema(schema.into())));
    }
}

#[test]
fn a_record_that_was_cut_short_or_goes_on_is_refused() {
    for (name, record) in samples() {
        let mut bytes = encoded(&record);
        for end in 1..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
        bytes.push(0);
        assert!(matches!(decode(&bytes), Err(CodecError::Malformed(_))), "{name} goes on");
    }
}

#[test]
fn numbers_and_texts_that_the_domain_does_not_know_are_refused() {
    let (_, record) = &samples()[0];
    let bytes = encoded(record);
    // Schema, time (a varint of nine bytes), then the role.
    let role_at = 1 + 9;
    assert_eq!(bytes[role_at], record.by.role as u8, "the role is where it is thought to be");
    for role in [0, 8, 200] {
        let mut other = bytes.clone();
        other[role_at] = role;
        assert_eq!(decode(&other), Err(CodecError::Malformed("unknown role".into())));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        _ = decode(&bytes);
        if let Some(schema) = bytes.first_mut() {
            *schema = SCHEMA;
            _ = decode(&bytes);
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_is_another_whole_record(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), with in 1..=255_u8,
    ) {
        let records = samples();
        let mut bytes = encoded(&records[which.index(records.len())].1);
        let at = at.index(bytes.len());
        bytes[at] ^= with;
        if let Ok(other) = decode(&bytes) {
            prop_assert_eq!(decode(&encoded(&other)), Ok(other));
        }
    }

    #[test]
    fn a_length_that_promises_more_than_there_is_reserves_nothing(length in any::<u64>()) {
        let mut bytes = encoded(&samples()[0].1);
        bytes.truncate(1 + 9 + 1 + 17);
        bytes.push(253);
        bytes.extend_from_slice(&length.to_le_bytes());
        _ = decode(&bytes);
    }
}

fn golden_path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/log/v1").join(file)
}

fn hex(bytes: &[u8]) -> String {
    kirana_storage::hex::encode(bytes)
}

/// What the first release wrote. Nothing is ever written to it.
fn first_golden() -> BTreeMap<String, String> {
    read_golden("records.hex")
}

/// What the second release wrote. Nothing is ever written to it.
fn second_golden() -> BTreeMap<String, String> {
    read_golden("second.hex")
}

/// What the third release wrote. Nothing is ever written to it.
fn third_golden() -> BTreeMap<String, String> {
    read_golden("third.hex")
}

/// What the fourth release writes. With `KIRANA_GOLDEN=write` it is written anew first: only right
/// when a record was added. The bytes of a released record never change.
fn fourth_golden() -> BTreeMap<String, String> {
    if std::env::var("KIRANA_GOLDEN").is_ok_and(|what| what == "write") {
        let line = |(name, record): &(&str, Record)| format!("{name}: {}\n", hex(&encoded(record)));
        let text = fourth().iter().map(line).collect::<String>();
        std::fs::write(golden_path("fourth.hex"), text).unwrap();
    }
    read_golden("fourth.hex")
}

/// `name: hex` on each line.
fn read_golden(file: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(golden_path(file)).unwrap();
    let line = |line: &str| {
        let (name, hex) = line.split_once(": ").unwrap();
        (name.to_owned(), hex.to_owned())
    };
    text.lines().map(line).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    kirana_storage::hex::decode(hex).unwrap()
}

#[test]
fn the_kept_bytes_of_schema_1_are_still_read_as_what_they_were() {
    let releases = [
        (first_golden(), first()),
        (second_golden(), second()),
        (third_golden(), third()),
        (fourth_golden(), fourth()),
    ];
    for (golden, samples) in releases {
        assert_eq!(golden.len(), samples.len(), "every sample is kept");
        for (name, record) in samples {
            assert_eq!(decode(&unhex(&golden[name])), Ok(record), "{name}");
        }
    }
}

#[test]
fn the_encoder_still_writes_the_kept_bytes() {
    let mut golden = first_golden();
    golden.extend(second_golden());
    golden.extend(third_golden());
    golden.extend(fourth_golden());
    for (name, record) in samples() {
        let is_same = hex(&encoded(&record)) == golden[name];
        assert_eq!(is_same, !OUTGROWN.contains(&name), "{name}");
    }
}

#[test]
fn an_order_and_a_store_of_the_first_release_go_on_with_what_went_without_saying_then() {
    let golden = first_golden();
    let event = |name: &str| decode(&unhex(&golden[name])).unwrap().event;
    let Event::OrderPlaced { order } = event("order_placed_unpaid") else { panic!("an order") };
    assert_eq!(
        (order.sums.delivery_fee.gst, order.sums.delivery_fee.discount),
        (Bps(1_800), Paise::ZERO)
    );
    assert_eq!((order.preference, order.from_cart), (Preference::Refund, false));
    assert_eq!((&order.coupon, order.zone_id), (&None, None));
    let Event::StoreOpened { store } = event("store_opened") else { panic!("a store") };
    assert_eq!((store.cod, store.bad_weather_fee), (CodRules::OPEN, Paise(3_000)));
    assert_eq!((&store.gstin, &store.state), (&None, &None));
    assert!(!store.delivers_anywhere, "a store of before delivers within zones");
}

#[test]
fn a_receipt_of_the_first_release_has_no_reasons_and_one_of_the_third_has_them() {
    let lines = |bytes: &str| match decode(&unhex(bytes)).unwrap().event {
        Event::StockReceived { lines, .. } => lines,
        other => panic!("{other:?}"),
    };
    let old = lines(&first_golden()["stock_received"]);
    assert_eq!(old.iter().map(|line| line.units).collect::<Vec<_>>(), [2, 2]);
    assert!(old.iter().all(|line| line.reason.is_none()));
    let new = lines(&third_golden()["stock_received_with_reasons"]);
    let reasons: Vec<_> = new.iter().map(|line| line.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("in place of broken ones"), None]);
}
