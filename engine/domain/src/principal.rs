//! Who is asking, and what their role lets them do.

use crate::order_book::Parties;
use crate::{PersonId, StoreId};

/// What a person is to the shop. The numbers are on disk: add, never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Buys.
    Customer = 1,
    /// Picks and packs in one store.
    Packer = 2,
    /// Delivers.
    Rider = 3,
    /// Helps customers; acts with a written reason.
    Support = 4,
    /// Runs the shop.
    Admin = 5,
    /// Another system of the shop.
    Service = 6,
    /// The engine itself: timers, start-up.
    System = 7,
}

impl Role {
    /// Every role with its name in tokens and answers.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::Customer, "customer"),
        (Self::Packer, "packer"),
        (Self::Rider, "rider"),
        (Self::Support, "support"),
        (Self::Admin, "admin"),
        (Self::Service, "service"),
        (Self::System, "system"),
    ];

    /// The name in tokens and answers.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize - 1].1
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(role, _)| *role)
    }

    /// The role of that number on disk.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::NAMES.iter().find(|(role, _)| *role as u8 == number).map(|(role, _)| *role)
    }

    /// Support and admin: may read every order, and make any legal move with a written reason.
    pub fn is_back_office(self) -> bool {
        matches!(self, Self::Support | Self::Admin)
    }
}

/// Who a command comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// What they are to the shop.
    pub role: Role,
    /// Which person; the nil UUID for [`Role::System`].
    pub person_id: PersonId,
    /// The store that a packer works in.
    pub store_id: Option<StoreId>,
}

impl Principal {
    /// The engine itself.
    pub const SYSTEM: Self =
        Self { role: Role::System, person_id: PersonId(uuid::Uuid::nil()), store_id: None };

    /// True for the back office, and for a packer of that very store.
    pub fn is_staff_of(&self, store_id: StoreId) -> bool {
        self.role.is_back_office() || (self.role == Role::Packer && self.store_id == Some(store_id))
    }

    /// True for the one who placed the order, for staff of its store, and for who brings it.
    pub fn may_see(&self, parties: &Parties) -> bool {
        match self.role {
            Role::Customer => self.person_id == parties.customer_id,
            Role::Rider => parties.rider_id == Some(self.person_id),
            _ => self.is_staff_of(parties.store_id),
        }
    }
}

#[cfg(test)]
mod tests;
