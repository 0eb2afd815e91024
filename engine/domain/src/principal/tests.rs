use super::*;
use crate::order_book::Parties;
use crate::samples::{STORE, person};

#[test]
fn names_and_numbers_of_roles_lead_back_to_them() {
    for &(role, name) in Role::NAMES {
        assert_eq!(role.name(), name);
        assert_eq!(Role::parse(name), Some(role));
        assert_eq!(Role::from_number(role as u8), Some(role));
    }
    assert_eq!(
        (Role::parse("owner"), Role::from_number(0), Role::from_number(8)),
        (None, None, None)
    );
}

#[test]
fn an_order_is_seen_by_its_customer_and_the_staff_of_its_store() {
    let other_store = StoreId(uuid::Uuid::from_u128(2));
    let owner = person(Role::Customer);
    let packer = |store_id| Principal { store_id: Some(store_id), ..person(Role::Packer) };
    let cases = [
        (owner, true),
        (Principal { person_id: PersonId(uuid::Uuid::from_u128(8)), ..owner }, false),
        (person(Role::Support), true),
        (person(Role::Admin), true),
        (packer(STORE), true),
        (packer(other_store), false),
        (Principal { store_id: None, ..person(Role::Packer) }, false),
        (person(Role::Rider), false),
        (person(Role::Service), false),
    ];
    for (who, may) in cases {
        assert_eq!(
            who.may_see(&Parties { customer_id: owner.person_id, store_id: STORE, rider_id: None }),
            may,
            "{who:?}"
        );
    }
}
