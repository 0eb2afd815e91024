use super::*;
use crate::Role;
use crate::samples::{AT_MS, RIDER, STORE, order_id, person, reason, record, stranger};

fn delivered(n: u64, cash: i64) -> Record {
    let step = Step::Delivered { rider_id: Some(RIDER), cash: Paise(cash) };
    let (order_id, lines) = (order_id(n), Vec::new());
    let event = Event::OrderMoved { order_id, store_id: STORE, step, reason: None, lines };
    Record { at_ms: AT_MS + i64::try_from(n).unwrap(), ..record(event) }
}

fn in_hand(amount: i64, deliveries: u32, since: i64) -> InHand {
    InHand { amount: Paise(amount), deliveries, since_ms: AT_MS + since }
}

fn book(cash: &[i64]) -> CashBook {
    let mut book = CashBook::default();
    (1..).zip(cash).for_each(|(n, cash)| book.evolve(&delivered(n, *cash)));
    book
}

fn handover(book: &CashBook, counted: i64, note: bool, role: Role) -> Result<Event, u16> {
    let note = note.then(reason);
    let decided = book.decide_handover((STORE, RIDER), Paise(counted), note, &person(role));
    decided.map_err(|rejection| rejection.code())
}

#[test]
fn a_rider_has_the_sum_of_the_deliveries_since_the_last_handover() {
    let mut book = book(&[500, 0, 700]);
    assert_eq!(book.in_hand(STORE, RIDER), in_hand(1_200, 2, 1), "paid online is no cash");
    assert_eq!(book.of_store(STORE).collect::<Vec<_>>(), [(RIDER, in_hand(1_200, 2, 1))]);
    let event = handover(&book, 1_200, false, Role::Packer).unwrap();
    book.evolve(&record(event));
    assert_eq!(book.in_hand(STORE, RIDER), InHand::default());
    assert_eq!(book.of_store(STORE).count(), 0);
    book.evolve(&delivered(9, 300));
    assert_eq!(book.in_hand(STORE, RIDER), in_hand(300, 1, 9));
}

#[test]
fn cash_that_differs_needs_a_note_and_cash_that_is_not_there_needs_no_handover() {
    let some = book(&[500]);
    assert_eq!(handover(&some, 499, false, Role::Packer), Err(4005));
    let Ok(Event::CashHandedOver { expected, counted, note, .. }) =
        handover(&some, 499, true, Role::Support)
    else {
        panic!("it is recorded with what was counted")
    };
    assert_eq!((expected, counted, note), (Paise(500), Paise(499), Some(reason())));
    assert_eq!(handover(&CashBook::default(), 0, true, Role::Packer), Err(4005));
    assert_eq!(handover(&some, 500, false, Role::Rider), Err(3004));
    assert_eq!(handover(&some, 500, false, Role::Customer), Err(3004));
    let elsewhere = stranger(Role::Packer);
    let decided = some.decide_handover((STORE, RIDER), Paise(500), None, &elsewhere);
    assert_eq!(decided, Err(Rejection::NotYours));
}

#[test]
fn cash_that_comes_while_a_handover_is_on_its_way_stays_and_is_never_less_than_nothing() {
    let mut book = book(&[500, 700]);
    let event = handover(&book, 1_200, false, Role::Packer).unwrap();
    let twin = event.clone();
    book.evolve(&delivered(3, 300));
    book.evolve(&record(event));
    assert_eq!(book.in_hand(STORE, RIDER), in_hand(300, 1, 3), "a new shift has begun");
    // Two people decided on the same cash: the second record finds less than it expected.
    book.evolve(&record(twin));
    assert_eq!(book.in_hand(STORE, RIDER), InHand::default());
}
