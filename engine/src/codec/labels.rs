//! The labels by which records are found in the archive: the order, its number, the customer; and
//! one for all that define a store.
//!
//! A record that is given a label here and had none in an earlier release is a reason for a new
//! version of archive files: records that the labels of a file do not find count as absent.

use kirana_domain::record::Subject;
use kirana_domain::{Event, OrderId};
use kirana_storage::Label;

/// The labels of one record.
pub(crate) type Labels = [Option<Label>; 3];

/// Of every record that defines a store.
pub(crate) const STORES: Label = Label(*b"store definition");

/// Returns the label of every record about an order, and of the provider's messages about it.
pub(crate) fn of_order(id: OrderId) -> Label {
    Label(id.0.into_bytes())
}

/// Returns the label of the records that placed an order with that number, one of each store.
pub(crate) fn of_number(number: u64) -> Label {
    let mut label = *b"order no        ";
    label[8..].copy_from_slice(&number.to_be_bytes());
    Label(label)
}

/// Returns the labels of a record that placed an order.
pub(crate) fn of_placed(id: [u8; 16], customer_id: [u8; 16], number: u64) -> Labels {
    [Some(Label(id)), Some(Label(customer_id)), Some(of_number(number))]
}

/// Returns the labels of a record that defines a store.
pub(crate) fn of_stores() -> Labels {
    [Some(STORES), None, None]
}

/// Returns the labels of a record about no more than one order or customer.
pub(crate) fn of_id(id: Option<[u8; 16]>) -> Labels {
    [id.map(Label), None, None]
}

/// Returns the labels of a fact, the same that `record::front` reads from the bytes of its record.
pub(crate) fn of_event(event: &Event) -> Labels {
    match event.subject() {
        Subject::NewOrder(order) => {
            of_placed(order.id.0.into_bytes(), order.customer_id.0.into_bytes(), order.number)
        }
        Subject::Store => of_stores(),
        Subject::Customer(id) => of_id(Some(id.0.into_bytes())),
        Subject::Order(id) | Subject::Payment(id) | Subject::Message(Some(id)) => {
            of_id(Some(id.0.into_bytes()))
        }
        Subject::Shop | Subject::Message(None) | Subject::Endpoint(_) => of_id(None),
    }
}
