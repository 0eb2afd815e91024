use super::*;
use crate::samples::{CUSTOMER, RIDER, record};
use uuid::Uuid;

fn id(n: u128) -> AddressId {
    AddressId(Uuid::from_u128(n))
}

fn saved(customer_id: PersonId, n: u128, text: &[u8]) -> Record {
    record(Event::AddressSaved { customer_id, address_id: id(n), sealed: text.into() })
}

fn removed(n: u128) -> Record {
    record(Event::AddressRemoved { customer_id: CUSTOMER, address_id: id(n) })
}

#[test]
fn an_address_is_added_changed_and_taken_out_of_its_own_book() {
    let mut book = AddressBook::default();
    for record in [saved(CUSTOMER, 2, b"two"), saved(CUSTOMER, 1, b"one"), saved(RIDER, 3, b"x")] {
        book.evolve(&record);
    }
    book.evolve(&saved(CUSTOMER, 2, b"changed"));
    let of = |book: &AddressBook, customer| {
        book.of(customer).map(|(id, sealed)| (id.0.as_u128(), sealed.to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(of(&book, CUSTOMER), [(1, b"one".to_vec()), (2, b"changed".to_vec())]);
    assert!(book.get(CUSTOMER, id(3)).is_none(), "another customer's address is none of yours");
    book.evolve(&removed(1));
    book.evolve(&removed(3));
    assert_eq!((of(&book, CUSTOMER).len(), of(&book, RIDER).len()), (1, 1));
    book.evolve(&removed(2));
    assert_eq!(of(&book, CUSTOMER).len(), 0);
}

fn save(book: &AddressBook, who: PersonId, n: u128, must_exist: bool) -> Result<(), Rejection> {
    let command = AddressCommand::Save { address_id: id(n), must_exist, personal: b"x".into() };
    let decided = book.decide(who, &command, |_, plain| [b"sealed ", plain].concat().into());
    let sealed = Arc::from(&b"sealed x"[..]);
    let saved = Event::AddressSaved { customer_id: who, address_id: id(n), sealed };
    decided.map(|event| assert_eq!(event, Some(saved)))
}

#[test]
fn a_full_book_takes_no_more_addresses_but_changes_those_it_has() {
    let mut book = AddressBook::default();
    for n in 0..ADDRESSES_MAX as u128 {
        assert_eq!(save(&book, CUSTOMER, n, false), Ok(()));
        book.evolve(&saved(CUSTOMER, n, b"x"));
    }
    assert_eq!(save(&book, CUSTOMER, 99, false), Err(Rejection::TooManyAddresses));
    assert_eq!(save(&book, CUSTOMER, 0, true), Ok(()));
    assert_eq!(save(&book, RIDER, 99, false), Ok(()));
    book.evolve(&removed(0));
    assert_eq!(save(&book, CUSTOMER, 99, false), Ok(()));
}

#[test]
fn an_address_that_is_not_in_the_book_is_neither_changed_nor_taken_out() {
    let mut book = AddressBook::default();
    let remove = AddressCommand::Remove { address_id: id(1) };
    let taken_out = |book: &AddressBook| {
        book.decide(CUSTOMER, &remove, |_, _| unreachable!("nothing is sealed to be taken out"))
    };
    assert_eq!(save(&book, CUSTOMER, 1, true), Err(Rejection::AddressUnknown));
    assert_eq!(taken_out(&book), Ok(None));
    book.evolve(&saved(CUSTOMER, 1, b"x"));
    assert_eq!(taken_out(&book), Ok(Some(removed(1).event)));
}
