//! Shapes of people and other systems: carts, addresses, counts of customers, cash, endpoints of
//! webhooks, request keys.

use super::{Result, moment};
use crate::codec::stored::parts::Bytes;
use crate::codec::stored::v1::words::{optional, text};
use crate::codec::stored::v1::{Id, endpoint};
use kirana_domain as domain;
use kirana_domain::cart::CartLine;
use kirana_domain::time::AtMs;
use kirana_domain::{AddressId, KeyEntry, KnownKey, Lsn, Paise, PersonId, ProductId, StoreId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub(crate) struct Cart {
    customer_id: Id,
    store_id: Id,
    version: u64,
    updated_at_ms: i64,
    /// Product, units, and the last change of the line.
    lines: Vec<(Id, u32, u64)>,
}

impl From<(PersonId, StoreId, &domain::Cart)> for Cart {
    fn from((customer_id, store_id, cart): (PersonId, StoreId, &domain::Cart)) -> Self {
        // Pairs with the check in `parse`: a line without units is out of its cart.
        assert!(cart.lines.values().all(|line| line.quantity > 0), "a line of a cart has units");
        let line = |(id, line): (&ProductId, &CartLine)| (id.into(), line.quantity, line.version.0);
        Self {
            customer_id: customer_id.into(),
            store_id: store_id.into(),
            version: cart.version.0,
            updated_at_ms: cart.updated_at_ms,
            lines: cart.lines.iter().map(line).collect(),
        }
    }
}

impl Cart {
    pub(crate) fn parse(&self) -> Result<(PersonId, StoreId, domain::Cart)> {
        let line = |(id, quantity, version): &(Id, u32, u64)| {
            let version = Lsn(*version);
            ((*id).into(), CartLine { quantity: *quantity, version })
        };
        if self.lines.iter().any(|(_, quantity, _)| *quantity == 0) {
            return Err("a line of a cart has no units");
        }
        let lines: BTreeMap<_, _> = self.lines.iter().map(line).collect();
        if lines.len() != self.lines.len() {
            return Err("a cart has two lines of one product");
        }
        let (version, updated_at_ms) = (Lsn(self.version), moment(self.updated_at_ms)?);
        let cart = domain::Cart { lines, version, updated_at_ms };
        Ok((self.customer_id.into(), self.store_id.into(), cart))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Address<'a> {
    customer_id: Id,
    id: Id,
    #[serde(borrow)]
    sealed: Bytes<'a>,
}

impl<'a> From<(PersonId, AddressId, &'a Arc<[u8]>)> for Address<'a> {
    fn from((customer_id, id, sealed): (PersonId, AddressId, &'a Arc<[u8]>)) -> Self {
        Self { customer_id: customer_id.into(), id: id.into(), sealed: Bytes(sealed) }
    }
}

impl From<Address<'_>> for (PersonId, AddressId, Arc<[u8]>) {
    fn from(stored: Address<'_>) -> Self {
        let id = stored.id.into();
        (stored.customer_id.into(), id, stored.sealed.0.into())
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Customer {
    id: Id,
    placed: u32,
    fallen: u32,
    delivered: u32,
    first_at_ms: i64,
    recent_ms: [i64; 8],
}

impl From<(PersonId, &domain::Customer)> for Customer {
    fn from((customer_id, customer): (PersonId, &domain::Customer)) -> Self {
        let domain::Customer { placed, fallen, delivered, first_at_ms, recent_ms } = *customer;
        let id = customer_id.into();
        Self { id, placed, fallen, delivered, first_at_ms, recent_ms }
    }
}

impl Customer {
    pub(crate) fn parse(&self) -> Result<(PersonId, domain::Customer)> {
        let Self { id, placed, fallen, delivered, first_at_ms, recent_ms } = *self;
        recent_ms.iter().chain([&first_at_ms]).try_for_each(|at_ms| moment(*at_ms).map(drop))?;
        let customer = domain::Customer { placed, fallen, delivered, first_at_ms, recent_ms };
        Ok((id.into(), customer))
    }
}

/// The last holds of a customer that led to nothing: their times, oldest first.
#[derive(Serialize, Deserialize)]
pub(crate) struct Lapses(Id, Vec<i64>);

impl From<(PersonId, &domain::holds::Lapses)> for Lapses {
    fn from((customer_id, lapses): (PersonId, &domain::holds::Lapses)) -> Self {
        Self(customer_id.into(), lapses.times().rev().collect())
    }
}

impl Lapses {
    pub(crate) fn parse(&self) -> Result<(PersonId, domain::holds::Lapses)> {
        let Self(id, times) = self;
        if times.len() > domain::holds::LAPSES_MAX || times.contains(&0) {
            return Err("holds that led to nothing are few, each with its time");
        }
        let mut lapses = domain::holds::Lapses::default();
        for at_ms in times {
            lapses.add(moment(*at_ms)?);
        }
        Ok(((*id).into(), lapses))
    }
}

/// Cash of one delivery: store, rider, moment, amount.
#[derive(Serialize, Deserialize)]
pub(crate) struct Cash(Id, Id, i64, i64);

impl From<(StoreId, PersonId, AtMs, Paise)> for Cash {
    fn from((store_id, rider_id, at_ms, cash): (StoreId, PersonId, AtMs, Paise)) -> Self {
        Self(store_id.into(), rider_id.into(), at_ms, cash.0)
    }
}

impl From<Cash> for (StoreId, PersonId, AtMs, Paise) {
    fn from(Cash(store_id, rider_id, at_ms, cash): Cash) -> Self {
        (store_id.into(), rider_id.into(), at_ms, Paise(cash))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Hook<'a> {
    #[serde(borrow)]
    endpoint: endpoint::Endpoint<'a>,
    created_at_ms: i64,
    since: u64,
    position: u64,
    #[serde(borrow)]
    disabled: Option<&'a str>,
}

impl<'a> From<&'a domain::webhook_endpoints::Hook> for Hook<'a> {
    fn from(hook: &'a domain::webhook_endpoints::Hook) -> Self {
        Self {
            endpoint: endpoint::Endpoint::from(&*hook.endpoint),
            created_at_ms: hook.created_at_ms,
            since: hook.since.0,
            position: hook.position.0,
            disabled: hook.disabled.as_deref(),
        }
    }
}

impl Hook<'_> {
    /// Returns the endpoint, before its failed deliveries.
    pub(crate) fn parse(&self) -> Result<domain::webhook_endpoints::Hook> {
        Ok(domain::webhook_endpoints::Hook {
            endpoint: Arc::new(self.endpoint.parse()?),
            created_at_ms: self.created_at_ms,
            since: Lsn(self.since),
            position: Lsn(self.position),
            retries: BTreeMap::new(),
            disabled: optional(self.disabled)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Retry<'a> {
    lsn: u64,
    tries: u16,
    again_at_ms: Option<i64>,
    error: &'a str,
}

impl<'a> From<(&Lsn, &'a domain::webhook_endpoints::Retry)> for Retry<'a> {
    fn from((lsn, retry): (&Lsn, &'a domain::webhook_endpoints::Retry)) -> Self {
        let domain::webhook_endpoints::Retry { tries, retry_at_ms, error } = retry;
        Self { lsn: lsn.0, tries: *tries, again_at_ms: *retry_at_ms, error }
    }
}

impl Retry<'_> {
    pub(crate) fn parse(&self) -> Result<(Lsn, domain::webhook_endpoints::Retry)> {
        let (tries, retry_at_ms, error) = (self.tries, self.again_at_ms, text(self.error)?);
        Ok((Lsn(self.lsn), domain::webhook_endpoints::Retry { tries, retry_at_ms, error }))
    }
}

/// A request key: moment, its hash, the hash of the request, the position of the answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Key(i64, Id, Id, u64);

impl From<&KnownKey> for Key {
    fn from(KnownKey { at_ms, id, entry, .. }: &KnownKey) -> Self {
        Self(*at_ms, Id(*id), Id(entry.fingerprint), entry.lsn.0)
    }
}

impl From<Key> for KnownKey {
    fn from(Key(at_ms, id, fingerprint, lsn): Key) -> Self {
        let entry = KeyEntry { fingerprint: fingerprint.0, lsn: Lsn(lsn) };
        Self { at_ms, id: id.0, entry, by: None, is_refusal: false }
    }
}

/// A request key, its caller, and true when its answer was a refusal.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeyOf(Key, Id, bool);

impl KeyOf {
    pub(crate) fn of(key: &KnownKey, by: PersonId) -> Self {
        Self(Key::from(key), by.into(), key.is_refusal)
    }
}

impl From<KeyOf> for KnownKey {
    fn from(KeyOf(key, by, is_refusal): KeyOf) -> Self {
        Self { by: Some(by.into()), is_refusal, ..key.into() }
    }
}
