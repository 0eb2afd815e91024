//! The author of a command, and the rights that a role gives.

use crate::facts::numbered;
use crate::order_book::Parties;
use crate::{PersonId, StoreId};

numbered! {
    /// A part that a person or a system plays in the shop. The numbers are on disk: add, never
    /// change.
    #[derive(Hash)]
    Role {
        /// Buys.
        Customer = 1 "customer",
        /// Picks and packs in one store.
        Packer = 2 "packer",
        /// Delivers.
        Rider = 3 "rider",
        /// Helps customers; acts with a written reason.
        Support = 4 "support",
        /// Runs the shop.
        Admin = 5 "admin",
        /// Another system of the shop.
        Service = 6 "service",
        /// The engine itself: timers, start-up.
        System = 7 "system",
    }
}

impl Role {
    /// Returns true for support and admin, who may read every order, and make any legal move with
    /// a written reason.
    pub fn is_back_office(self) -> bool {
        matches!(self, Self::Support | Self::Admin)
    }
}

/// The author of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The role that the author acts in.
    pub role: Role,
    /// The person; the nil UUID for [`Role::System`].
    pub person_id: PersonId,
    /// The store that a packer works in.
    pub store_id: Option<StoreId>,
}

impl Principal {
    /// The engine itself.
    pub const SYSTEM: Self =
        Self { role: Role::System, person_id: PersonId(uuid::Uuid::nil()), store_id: None };

    /// Returns true for the back office, and for a packer of that very store.
    pub fn is_staff_of(&self, store_id: StoreId) -> bool {
        self.role.is_back_office() || (self.role == Role::Packer && self.store_id == Some(store_id))
    }

    /// Returns true for the customer of an order, the staff of its store, and its rider.
    pub fn may_see(&self, parties: &Parties) -> bool {
        debug_assert!(!self.role.is_back_office() || self.is_staff_of(parties.store_id));
        match self.role {
            Role::Customer => self.person_id == parties.customer_id,
            Role::Rider => parties.rider_id == Some(self.person_id),
            _ => self.is_staff_of(parties.store_id),
        }
    }
}

#[cfg(test)]
mod tests;
