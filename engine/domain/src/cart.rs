//! Carts: the lines that a customer may buy, the same on every device. A cart never holds stock.
//!
//! Devices send intents about single lines, never the whole cart, so that what one of them adds
//! is not lost when another one adds something else. A line has a version, the position in the
//! log of its last change; a device that set a line it has not seen is told so.

use crate::digest::Digester;
use crate::limits::{BASKET_LINES_MAX, CART_KEPT_MS, LINE_UNITS_MAX};
use crate::time::{AtMs, LogTime};
use crate::{Event, FastMap, Lsn, PersonId, ProductId, Record, Rejection, StoreId};
use std::collections::{BTreeMap, BTreeSet};

/// One line of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Units: 1 to [`LINE_UNITS_MAX`].
    pub quantity: u32,
    /// Its last change.
    pub version: Lsn,
}

/// The lines that a customer may buy in one store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    /// Its lines, by product.
    pub lines: BTreeMap<ProductId, CartLine>,
    /// Its last change.
    pub version: Lsn,
    /// The moment of that change.
    pub updated_at_ms: AtMs,
}

/// A change of a cart, as a device asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartCommand {
    /// Sets the units of a product; 0 takes it out. With the version of the line that the device
    /// has seen (0 for none), a change in between is refused.
    Set {
        /// The product.
        product_id: ProductId,
        /// Units.
        quantity: u32,
        /// The line as it was seen.
        seen: Option<Lsn>,
    },
    /// Adds units, or takes some out.
    Add {
        /// The product.
        product_id: ProductId,
        /// Units; signed.
        units: i32,
    },
    /// Merges the cart that a guest filled before they signed in: of each line the larger quantity
    /// stays.
    Merge {
        /// Its lines.
        lines: Vec<(ProductId, u32)>,
    },
    /// Replaces all lines, where nothing has changed since the cart was seen.
    Replace {
        /// The lines.
        lines: Vec<(ProductId, u32)>,
        /// The cart as it was seen.
        seen: Lsn,
    },
    /// Takes everything out; with the cart as it was seen, a change in between is refused.
    Clear {
        /// The cart as it was seen.
        seen: Option<Lsn>,
    },
}

impl Cart {
    fn quantity(&self, id: ProductId) -> u32 {
        self.lines.get(&id).map_or(0, |line| line.quantity)
    }

    fn version_of(&self, id: ProductId) -> Lsn {
        self.lines.get(&id).map_or(Lsn(0), |line| line.version)
    }

    /// Decides on a command: the lines that change, with their new quantities. None is nothing new.
    ///
    /// # Errors
    /// [`Rejection::CartChanged`], [`Rejection::QuantityOutOfRange`] or
    /// [`Rejection::TooManyLines`].
    pub fn decide(&self, command: &CartCommand) -> Result<Vec<(ProductId, u32)>, Rejection> {
        let unchanged = |seen: Option<Lsn>, now: Lsn| match seen {
            Some(seen) if seen != now => Err(Rejection::CartChanged { version: now }),
            _ => Ok(()),
        };
        let mut wanted = BTreeMap::new();
        match command {
            CartCommand::Set { product_id, quantity, seen } => {
                unchanged(*seen, self.version_of(*product_id))?;
                wanted.insert(*product_id, *quantity);
            }
            CartCommand::Add { product_id, units } => {
                let sum = i64::from(self.quantity(*product_id)) + i64::from(*units);
                let quantity = u32::try_from(sum.clamp(0, i64::from(u32::MAX))).unwrap_or(0);
                wanted.insert(*product_id, quantity);
            }
            CartCommand::Merge { lines } => {
                for (id, quantity) in lines {
                    let known = wanted.entry(*id).or_insert_with(|| self.quantity(*id));
                    *known = (*quantity).max(*known);
                }
            }
            CartCommand::Replace { lines, seen } => {
                unchanged(Some(*seen), self.version)?;
                wanted.extend(self.lines.keys().map(|id| (*id, 0)));
                wanted.extend(lines.iter().copied());
            }
            CartCommand::Clear { seen } => {
                unchanged(*seen, self.version)?;
                wanted.extend(self.lines.keys().map(|id| (*id, 0)));
            }
        }
        if let Some((id, quantity)) = wanted.iter().find(|(_, q)| **q > LINE_UNITS_MAX) {
            let (product_id, quantity) = (*id, (*quantity).into());
            return Err(Rejection::QuantityOutOfRange { product_id, quantity });
        }
        wanted.retain(|id, quantity| *quantity != self.quantity(*id));
        // Lines that stay, and lines that are new.
        let after = self.lines.keys().filter(|id| wanted.get(*id) != Some(&0)).count()
            + wanted.iter().filter(|(id, q)| **q > 0 && !self.lines.contains_key(id)).count();
        if after > BASKET_LINES_MAX {
            return Err(Rejection::TooManyLines { lines: after });
        }
        Ok(wanted.into_iter().collect())
    }

    fn set(&mut self, lsn: Lsn, id: ProductId, quantity: u32) {
        if quantity == 0 {
            self.lines.remove(&id);
        } else {
            self.lines.insert(id, CartLine { quantity, version: lsn });
        }
        self.version = lsn;
    }
}

type Key = (PersonId, StoreId);

/// All carts. A cart that was not changed for 30 days is forgotten, by the times in the records
/// ([`LogTime`]).
#[derive(Clone, Debug, Default)]
pub struct CartBook {
    carts: FastMap<Key, Cart>,
    /// The stores that a customer has a cart in, the one changed last at the end.
    of_customer: FastMap<PersonId, Vec<StoreId>>,
    by_time: BTreeSet<(AtMs, Key)>,
}

impl CartBook {
    /// Returns a customer's cart in a store.
    pub fn get(&self, customer_id: PersonId, store_id: StoreId) -> Option<&Cart> {
        self.carts.get(&(customer_id, store_id))
    }

    /// Returns the store whose cart a customer changed last.
    pub fn last_store(&self, customer_id: PersonId) -> Option<StoreId> {
        self.of_customer.get(&customer_id)?.last().copied()
    }

    /// Decides on a command for a customer's cart in a store; `None` when the cart is so already.
    ///
    /// # Errors
    /// As [`Cart::decide`].
    pub fn decide(
        &self,
        customer_id: PersonId,
        store_id: StoreId,
        command: &CartCommand,
    ) -> Result<Option<Event>, Rejection> {
        let none = Cart::default();
        let lines = self.get(customer_id, store_id).unwrap_or(&none).decide(command)?;
        let is_new = !lines.is_empty();
        Ok(is_new.then_some(Event::CartChanged { customer_id, store_id, lines }))
    }

    /// Returns the number of carts.
    pub fn count(&self) -> usize {
        self.carts.len()
    }

    /// Applies a change, or an order that was made of a cart: its units leave the cart, units that
    /// another device added meanwhile stay. `time` is as of the record.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record, time: &LogTime) {
        let at_ms = record.at_ms;
        if time.began_at(lsn) {
            self.bound(at_ms);
        }
        self.forget(time);
        match &record.event {
            Event::CartChanged { customer_id, store_id, lines } => {
                self.change((*customer_id, *store_id), at_ms, |cart| {
                    lines.iter().for_each(|(id, quantity)| cart.set(lsn, *id, *quantity));
                });
            }
            Event::OrderPlaced { order } if order.from_cart => {
                self.change((order.customer_id, order.store_id), at_ms, |cart| {
                    for line in &order.lines {
                        let left = cart.quantity(line.item.id).saturating_sub(line.quantity);
                        cart.set(lsn, line.item.id, left);
                    }
                });
            }
            _ => (),
        }
    }

    fn change(&mut self, key: Key, at_ms: AtMs, change: impl FnOnce(&mut Cart)) {
        let cart = self.carts.get_or_insert_with(key, Cart::default);
        self.by_time.remove(&(cart.updated_at_ms, key));
        change(cart);
        cart.updated_at_ms = at_ms;
        let stores = self.of_customer.get_or_insert_with(key.0, Vec::new);
        stores.retain(|store_id| *store_id != key.1);
        stores.push(key.1);
        self.by_time.insert((at_ms, key));
        assert_eq!(self.carts.len(), self.by_time.len(), "a cart has one time");
    }

    /// Makes times that are later than `bound_ms` that one: a wrong clock had said them.
    fn bound(&mut self, bound_ms: AtMs) {
        while let Some((at_ms, key)) = self.by_time.last().copied()
            && at_ms > bound_ms
        {
            self.by_time.pop_last();
            self.by_time.insert((bound_ms, key));
            let cart = self.carts.get_mut(&key);
            cart.expect("a time is that of a cart").updated_at_ms = bound_ms;
        }
    }

    fn forget(&mut self, time: &LogTime) {
        while let Some((at_ms, key)) = self.by_time.first().copied()
            && time.age_ms(at_ms) > CART_KEPT_MS
        {
            self.by_time.pop_first();
            let forgotten = self.carts.remove(&key);
            assert!(forgotten.is_some(), "a time is that of a cart");
            if let Some(stores) = self.of_customer.get_mut(&key.0) {
                stores.retain(|store_id| *store_id != key.1);
                if stores.is_empty() {
                    self.of_customer.remove(&key.0);
                }
            }
        }
    }

    /// Returns all carts by customer; those of one customer in the order of their last changes. For
    /// checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (PersonId, StoreId, &Cart)> {
        self.of_customer.sorted().into_iter().flat_map(|(customer_id, stores)| {
            stores.iter().map(|store_id| {
                let cart = self.get(*customer_id, *store_id);
                (
                    *customer_id,
                    *store_id,
                    cart.expect("a customer's stores are those of their carts"),
                )
            })
        })
    }

    /// Builds the book of these carts, in the order of [`CartBook::iter`]; `None` if one comes
    /// twice. For checkpoints.
    pub fn restore(carts: impl IntoIterator<Item = (PersonId, StoreId, Cart)>) -> Option<Self> {
        let mut book = Self::default();
        for (customer_id, store_id, cart) in carts {
            let key = (customer_id, store_id);
            book.by_time.insert((cart.updated_at_ms, key));
            book.of_customer.get_or_insert_with(customer_id, Vec::new).push(store_id);
            if book.carts.insert(key, cart).is_some() {
                return None;
            }
        }
        assert_eq!(book.carts.len(), book.by_time.len(), "a cart has one time");
        Some(book)
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.carts.len());
        for ((customer_id, store_id), cart) in self.carts.sorted() {
            digest.id(customer_id.0).id(store_id.0).unsigned(cart.version.0);
            digest.numbers(&[cart.updated_at_ms]).count(cart.lines.len());
            for (id, line) in &cart.lines {
                digest.id(id.0).unsigned(line.quantity.into()).unsigned(line.version.0);
            }
        }
    }
}

#[cfg(test)]
mod tests;
