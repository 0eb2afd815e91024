//! Random lives that stop anywhere and go on, kept bytes, and bytes that are no state.

use super::*;
use crate::codec::decode_sharing;
use everything::{disputed, everything, fourth, stamped, with_riders};

use kirana_domain::state::lives;
use kirana_domain::{Lsn, OrderEntry, OrderId, Record, Stock};
use std::collections::BTreeMap;
use std::sync::Arc;

mod everything;
mod golden;
mod hostile;
mod weave;

fn encoded(state: &State) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(state, &mut bytes).unwrap();
    bytes
}

fn decode_in(pieces: &[&[u8]]) -> Result<State, CodecError> {
    let mut reading = Reading::default();
    pieces.iter().try_for_each(|piece| reading.take(piece))?;
    reading.finish()
}

fn decode(bytes: &[u8]) -> Result<State, CodecError> {
    decode_in(&[bytes])
}

#[test]
fn a_state_may_be_cut_into_pieces_anywhere() {
    let bytes = encoded(&fourth());
    let digest = fourth().digest();
    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(decode_in(&[first, second]).unwrap().digest(), digest, "cut at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode_in(&single).unwrap().digest(), digest);
    assert!(decode_in(&[&bytes, &[0]]).is_err(), "it goes on in another piece");
    assert!(decode_in(&[]).is_err() && decode_in(&[&[]]).is_err(), "nothing at all");
}

/// Applies a record as a replay does: from its bytes.
fn apply(state: &mut State, record: &Record) {
    let mut bytes = Vec::new();
    crate::encode(record, &mut bytes);
    let record = decode_sharing(&bytes, &state.catalogue).unwrap();
    state.evolve(Lsn(state.lsn.0 + 1), &record);
}

/// A state whose ended orders are in a table, as the bytes of a row each.
struct Forgetful {
    state: State,
    table: BTreeMap<OrderId, Vec<u8>>,
}

impl Forgetful {
    fn of(mut state: State) -> Self {
        let mut table = BTreeMap::new();
        for (id, ended) in state.orders.ended() {
            encode_ended(&ended, table.entry(id).or_insert_with(Vec::new));
            assert!(state.orders.forget(id, ended.last_lsn()));
        }
        Self { state, table }
    }

    fn apply(&mut self, record: &Record) {
        if let Some(id) = self.state.orders.lacks(&record.event) {
            let ended = decode_ended(&self.table[&id]).unwrap();
            self.state.orders.recall(id, Arc::new(ended));
        }
        apply(&mut self.state, record);
    }
}

#[test]
fn a_life_stops_anywhere_and_goes_on_as_if_it_had_not() {
    let mut ended_count = 0;
    for seed in 1..=24 {
        let log = weave::into(seed, lives::records(seed, 700));
        let mut live = State::default();
        let mut cuts = Vec::new();
        for (n, record) in log.iter().enumerate() {
            if (n + usize::try_from(seed).unwrap()) % 197 == 0 {
                let bytes = encoded(&live);
                let restored = decode(&bytes).unwrap();
                assert_eq!(restored.digest(), live.digest(), "seed {seed} at {n}");
                assert!(encoded(&restored) == bytes, "seed {seed} at {n}");
                let forgetful = Forgetful::of(decode(&bytes).unwrap());
                let light = decode(&encoded(&forgetful.state)).unwrap();
                ended_count += forgetful.table.len();
                cuts.push((restored, Forgetful { state: light, ..forgetful }));
            }
            apply(&mut live, record);
            for (restored, forgetful) in &mut cuts {
                apply(restored, record);
                forgetful.apply(record);
            }
        }
        let bytes = encoded(&live);
        for (restored, forgetful) in cuts {
            assert!(encoded(&restored) == bytes, "seed {seed}: what no digest covers, too");
            assert_eq!(restored.digest(), live.digest());
            assert_eq!(forgetful.state.digest(), live.digest(), "seed {seed}");
        }
    }
    assert!(ended_count > 300, "a test in which nothing ends proves little: {ended_count}");
}

#[test]
fn nothing_at_all_comes_back_as_nothing_at_all() {
    let bytes = encoded(&State::default());
    assert_eq!(decode(&bytes).unwrap().digest(), State::default().digest());
    assert!(bytes.len() < 100);
}

#[test]
fn orders_share_their_items_with_the_catalogue_and_each_other() {
    // There, no two lines share anything.
    let restored = decode(&encoded(&everything())).unwrap();
    let (mut lines, mut of_catalogue) = (0, 0);
    let mut items: Vec<Arc<kirana_domain::Item>> = Vec::new();
    for id in restored.orders.open_ids() {
        let Some(OrderEntry::Open(order)) = restored.orders.get(id) else { continue };
        for line in order.placed.lines.iter().chain(order.lines()) {
            lines += 1;
            let product = restored.catalogue.product(order.placed.store_id, line.item.id);
            of_catalogue +=
                usize::from(product.is_some_and(|it| Arc::ptr_eq(&it.item, &line.item)));
            if let Some(same) = items.iter().find(|item| **item == line.item) {
                assert!(Arc::ptr_eq(same, &line.item), "one item of {}", line.item.sku);
            }
            items.push(Arc::clone(&line.item));
        }
    }
    assert!(of_catalogue > 2 && of_catalogue < lines, "{of_catalogue} of {lines}");
}

#[test]
fn an_ended_order_and_a_ledger_are_rows_of_their_own() {
    for (_, ended) in everything().orders.ended() {
        let mut bytes = Vec::new();
        encode_ended(&ended, &mut bytes);
        assert_eq!(decode_ended(&bytes).as_ref(), Ok(&*ended));
        assert!((1..bytes.len()).all(|end| decode_ended(&bytes[..end]).is_err()));
        bytes[0] = 9;
        assert_eq!(decode_ended(&bytes), Err(CodecError::UnknownSchema(9)));
    }
    assert_eq!(decode_ended(&[]), Err(CodecError::Empty));
    for (.., stock) in everything().stock.iter() {
        let mut bytes = Vec::new();
        encode_stock(stock, &mut bytes);
        assert_eq!(decode_stock(&bytes), Ok(*stock));
        assert!((1..bytes.len()).all(|end| decode_stock(&bytes[..end]).is_err()));
        bytes[0] = 9;
        assert_eq!(decode_stock(&bytes), Err(CodecError::UnknownSchema(9)));
    }
    assert_eq!(decode_stock(&[]), Err(CodecError::Empty));
}

#[test]
fn a_writer_that_fails_is_answered_with_its_error() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = encode(&everything(), &mut Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
