use super::*;
use crate::samples::{RIDER, STORE, person, record, stranger};
use crate::{PersonCommand, Role, State, state::PersonBooks};
use uuid::Uuid;

const OTHER_STORE: StoreId = StoreId(Uuid::from_u128(2));

fn save(store_id: StoreId, capacity: Option<u32>, on_shift: Option<bool>) -> RiderCommand {
    RiderCommand::Save { store_id, capacity, on_shift, personal: b"Sengnal".to_vec() }
}

fn decided(
    book: &RiderBook,
    command: &RiderCommand,
    by: Role,
) -> Result<Option<StoreRider>, Rejection> {
    let sealed = |plain: &[u8]| Arc::from(plain);
    let event = book.decide(RIDER, command, &person(by), sealed)?;
    Ok(event.map(|event| match event {
        Event::RiderSaved { rider, .. } => rider,
        other => panic!("{other:?}"),
    }))
}

fn book(commands: &[RiderCommand]) -> RiderBook {
    let mut book = RiderBook::default();
    for command in commands {
        let rider = decided(&book, command, Role::Admin).unwrap().unwrap();
        book.evolve(&record(Event::RiderSaved { rider_id: RIDER, rider }));
    }
    book
}

#[test]
fn an_order_goes_to_a_rider_of_its_store_who_is_at_work_and_has_room() {
    let nobody = RiderBook::default();
    assert_eq!(nobody.check(RIDER, STORE, 0), Err(Rejection::RiderUnknown));
    let one = book(&[save(STORE, Some(2), None)]);
    assert_eq!(one.check(RIDER, OTHER_STORE, 0), Err(Rejection::RiderUnknown));
    for (others, is_taken) in [(0, Ok(())), (1, Ok(())), (2, Err(2)), (3, Err(2))] {
        let is_taken = is_taken.map_err(|capacity| Rejection::RiderFull { capacity });
        assert_eq!(one.check(RIDER, STORE, others), is_taken, "{others} others");
    }
    let resting = book(&[save(STORE, Some(2), None), RiderCommand::Shift { on_shift: false }]);
    assert_eq!(resting.check(RIDER, STORE, 0), Err(Rejection::RiderOffShift));
}

#[test]
fn what_a_change_of_a_rider_leaves_out_stays_as_it_was() {
    let new = decided(&RiderBook::default(), &save(STORE, None, None), Role::Packer).unwrap();
    let new = new.unwrap();
    assert_eq!((new.capacity, new.on_shift), (RIDER_ORDERS_DEFAULT, true));
    let known = book(&[save(STORE, Some(7), Some(false))]);
    let same = decided(&known, &save(STORE, None, None), Role::Packer).unwrap().unwrap();
    assert_eq!((same.capacity, same.on_shift), (7, false));
    let sealed: Arc<[u8]> = Arc::from(b"Sengnal".as_slice());
    let back = decided(&known, &RiderCommand::Shift { on_shift: true }, Role::Rider).unwrap();
    assert_eq!(back, Some(StoreRider { store_id: STORE, capacity: 7, on_shift: true, sealed }));
}

#[test]
fn a_shift_that_has_begun_begins_no_second_time_and_a_stranger_has_none() {
    let begin = RiderCommand::Shift { on_shift: true };
    assert_eq!(decided(&book(&[save(STORE, None, None)]), &begin, Role::Rider), Ok(None));
    let nobody = RiderBook::default();
    assert_eq!(decided(&nobody, &begin, Role::Rider), Err(Rejection::RiderUnknown));
}

#[test]
fn only_the_back_office_takes_a_rider_to_another_store() {
    let book = book(&[save(OTHER_STORE, None, None)]);
    let move_here = save(STORE, None, None);
    assert_eq!(decided(&book, &move_here, Role::Packer), Err(Rejection::NotYours));
    let moved = decided(&book, &move_here, Role::Support).unwrap().unwrap();
    assert_eq!(moved.store_id, STORE);
}

#[test]
fn a_store_knows_a_bounded_number_of_riders() {
    let rider = decided(&RiderBook::default(), &save(STORE, None, None), Role::Admin);
    let rider = rider.unwrap().unwrap();
    let ids = (0..RIDERS_MAX).map(|n| PersonId(Uuid::from_u128(1_000 + n as u128)));
    let full = RiderBook::restore(ids.map(|id| (id, rider.clone()))).unwrap();
    let one_more = save(STORE, None, None);
    assert_eq!(decided(&full, &one_more, Role::Admin), Err(Rejection::TooManyRiders));
    assert!(decided(&full, &save(OTHER_STORE, None, None), Role::Admin).is_ok());
}

#[test]
fn a_book_is_restored_from_its_riders_and_none_comes_twice() {
    let book = book(&[save(STORE, None, None)]);
    let riders = || book.iter().map(|(id, rider)| (id, rider.clone()));
    assert_eq!(RiderBook::restore(riders()).unwrap().get(RIDER), book.get(RIDER));
    assert!(RiderBook::restore(riders().chain(riders())).is_none());
}

#[test]
fn a_state_without_riders_has_the_digest_that_it_had_before_there_were_any() {
    let mut digest = Digester::default();
    RiderBook::default().write_to(&mut digest);
    assert_eq!(digest.finish(), Digester::default().finish());
    let mut state = State::default();
    let before = state.digest();
    state.people.riders = book(&[save(STORE, None, None)]);
    assert_ne!(state.digest(), before, "a rider is part of the state");
}

#[test]
fn name_and_phone_are_sealed_with_the_key_of_the_rider_and_found_among_the_sealed_texts() {
    let books = PersonBooks::default();
    let command = PersonCommand::Rider { rider_id: RIDER, command: save(STORE, None, None) };
    let seal = |belongs_to: Uuid, plain: &[u8]| {
        assert_eq!((belongs_to, plain), (RIDER.0, b"Sengnal".as_slice()));
        Arc::from(b"sealed".as_slice())
    };
    let event = books.decide(command, &stranger(Role::Admin), seal).unwrap().unwrap();
    let saved = record(event);
    let mut state = State::default();
    state.evolve(crate::Lsn(1), &saved);
    let mut seen = Vec::new();
    saved.for_sealed(&mut |sealed| seen.push((sealed.subject, sealed.text.to_vec())));
    state.for_sealed(&mut |sealed| seen.push((sealed.subject, sealed.text.to_vec())));
    assert_eq!(seen, vec![(RIDER.0, b"sealed".to_vec()); 2]);
}
