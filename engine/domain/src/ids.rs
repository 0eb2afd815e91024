//! Identifiers: one type each, so that a product never stands where an order is meant.

use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

id!(
    /// A dark store, which serves a basket whole.
    StoreId
);
id!(
    /// A product of one store.
    ProductId
);
id!(
    /// An order. Version 7, made by the engine, so that ids sort by time.
    OrderId
);
id!(
    /// A person or a service: the `sub` of a token.
    PersonId
);
id!(
    /// A zone of a store on the map.
    ZoneId
);

impl ZoneId {
    /// Derives the id of a zone that came without one: UUIDv5 (RFC 9562 §5.5) of the store and
    /// the key in the file, so that importing the same file twice names the same zones.
    pub fn of_key(store_id: StoreId, key: &str) -> Self {
        let id = Uuid::new_v5(&store_id.0, key.as_bytes());
        debug_assert_eq!(id.get_version_num(), 5, "derived ids never meet ids made from time");
        Self(id)
    }
}

id!(
    /// An address in a customer's book. Version 7, so that ids sort by time.
    AddressId
);

id!(
    /// An endpoint of webhooks: another system that the shop sends its events to. Version 7, so
    /// that ids sort by time.
    EndpointId
);

impl ProductId {
    /// Derives the id of a product that came without one: UUIDv5 (RFC 9562 §5.5) of the store and
    /// the SKU, so that importing the same catalogue twice names the same products.
    pub fn of_sku(store_id: StoreId, sku: &str) -> Self {
        let id = Uuid::new_v5(&store_id.0, sku.as_bytes());
        debug_assert_eq!(id.get_version_num(), 5, "derived ids never meet ids made from time");
        Self(id)
    }
}

/// A position in the log: the first record is 1, and there are no gaps. 0 means "nothing yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
