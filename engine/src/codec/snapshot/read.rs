//! Rows into a state. Everything that the books of the domain insist on is checked before they see
//! it: bytes that are no state are an error, never a panic.

use super::items::Items;
use super::rows::{Kind, shape};
use super::v1::Time;
use super::v1::loose::Loose;
use super::v1::money::PaymentRest;
use super::v1::orders::{EndedOf, Order, RiderOrders, Stamps};
use super::v1::people::{Address, Cart, Cash, Customer, Hook, Key, KeyOf, Lapses, Retry};
use super::v1::shop::{Coupon, CouponUser, StockOf};
use crate::codec::CodecError;
use crate::codec::stored::v1::bill::tax_rule;
use crate::codec::stored::v1::credit::Credit;
use crate::codec::stored::v1::person::RiderSaved;
use crate::codec::stored::v1::product::{Item, Product, ProductV2};
use crate::codec::stored::v1::store::{GstRate, StoreV2, StoreV3};
use crate::codec::stored::v1::zone::Zone;
use crate::codec::stored::v1::{Id, words};
use kirana_domain as domain;
use kirana_domain::order_book::OrderBookParts;
use kirana_domain::state::PersonBooks;
use kirana_domain::time::{AtMs, LogTime};
use kirana_domain::{
    AddressBook, AddressId, CartBook, CashBook, Catalogue, CouponBook, CouponUses, Customers,
    EndpointBook, Event, KeyBook, KnownKey, LooseBook, Lsn, OrderBook, OrderEntry, OrderId, Paise,
    PersonId, ProductId, RiderBook, State, Stock, StockBook, StoreId, StoreRider,
};
use std::sync::Arc;

/// The error of a row in the wrong place.
const ASTRAY: &str = "a row has not before it what it belongs to";

/// The error of rows that make no book.
const TWICE: &str = "what there is once comes twice, or breaks the rules of its book";

/// A coupon, the sum of its discounts, and the customers who used it.
type CouponParts = (Arc<domain::Coupon>, Paise, Vec<(PersonId, u32)>);

/// The parts of a state that the rows so far make.
#[derive(Default)]
pub(super) struct Restorer {
    lsn: Option<Lsn>,
    time: LogTime,
    catalogue: Catalogue,
    items: Items,
    coupons: Vec<CouponParts>,
    carts: Vec<(PersonId, StoreId, domain::Cart)>,
    addresses: Vec<(PersonId, AddressId, Arc<[u8]>)>,
    customers: Vec<(PersonId, domain::Customer)>,
    lapses: Vec<(PersonId, domain::holds::Lapses)>,
    cash: Vec<(StoreId, PersonId, AtMs, Paise)>,
    riders: Vec<(PersonId, StoreRider)>,
    hooks: Vec<domain::webhook_endpoints::Hook>,
    loose: Vec<domain::loose::Loose>,
    keys: KeyBook,
    stock: Vec<(StoreId, ProductId, Stock)>,
    orders: OrderBookParts,
}

impl Restorer {
    /// Takes one more row.
    pub(super) fn take(&mut self, kind: Kind, body: &[u8]) -> Result<(), CodecError> {
        if self.lsn.is_some() == (kind == Kind::Begin) {
            return Err("the first row alone says as of which record".into());
        }
        match kind {
            Kind::Begin => self.lsn = Some(Lsn(shape(body)?)),
            Kind::Time => self.time = shape::<Time>(body)?.parse()?,
            Kind::Store
            | Kind::StoreV3
            | Kind::Product
            | Kind::ProductV2
            | Kind::Zone
            | Kind::Rates
            | Kind::Item => self.take_of_shop(kind, body)?,
            Kind::Coupon => {
                let stored: Coupon<'_> = shape(body)?;
                let coupon = Arc::new(stored.coupon.parse()?);
                self.coupons.push((coupon, Paise(stored.spent), Vec::new()));
            }
            Kind::CouponUser => {
                let (.., users) = self.coupons.last_mut().ok_or(ASTRAY)?;
                users.push(shape::<CouponUser>(body)?.into());
            }
            Kind::Key => self.add_key(shape::<Key>(body)?.into())?,
            Kind::KeyOf => self.add_key(shape::<KeyOf>(body)?.into())?,
            Kind::Loose => self.loose.push(shape::<Loose<'_>>(body)?.parse()?),
            Kind::Stock => self.stock.push(shape::<StockOf>(body)?.parse()?),
            Kind::Cart
            | Kind::Address
            | Kind::Customer
            | Kind::Lapses
            | Kind::Cash
            | Kind::Rider
            | Kind::Hook
            | Kind::Retry => self.take_of_people(kind, body)?,
            _ => self.take_of_orders(kind, body)?,
        }
        Ok(())
    }

    fn add_key(&mut self, key: KnownKey) -> Result<(), CodecError> {
        if self.keys.add(key) { Ok(()) } else { Err(TWICE.into()) }
    }

    fn take_of_shop(&mut self, kind: Kind, body: &[u8]) -> Result<(), CodecError> {
        match kind {
            Kind::Store => {
                let store = Arc::new(shape::<StoreV2<'_>>(body)?.parse()?);
                self.catalogue.evolve(&Event::StoreOpened { store });
            }
            Kind::StoreV3 => {
                let store = shape::<StoreV3<'_>>(body)?.parse()?;
                self.catalogue.evolve(&Event::StoreOpened { store });
            }
            Kind::Product => self.add_product(Arc::new(shape::<Product<'_>>(body)?.parse()?))?,
            Kind::ProductV2 => self.add_product(shape::<ProductV2<'_>>(body)?.parse()?)?,
            Kind::Zone => {
                let zone = Arc::new(shape::<Zone<'_>>(body)?.parse()?);
                self.catalogue.evolve(&Event::ZoneDefined { zone });
            }
            Kind::Rates => {
                let stored: Vec<GstRate<'_>> = shape(body)?;
                let rates = stored.iter().map(GstRate::parse).collect::<words::Result<Vec<_>>>()?;
                let validated = self.catalogue.gst.validate(&rates);
                validated.map_err(|_| "rates of GST break their rules")?;
                self.catalogue.gst.set(&rates);
            }
            _ => self.items.add(shape::<Item<'_>>(body)?.parse()?),
        }
        Ok(())
    }

    fn add_product(&mut self, product: Arc<domain::Product>) -> Result<(), CodecError> {
        self.catalogue.store(product.store_id).ok_or(ASTRAY)?;
        self.items.add(Arc::clone(&product.item));
        self.catalogue.evolve(&Event::ProductDefined { product, opening_units: 0 });
        Ok(())
    }

    fn take_of_people(&mut self, kind: Kind, body: &[u8]) -> Result<(), CodecError> {
        match kind {
            Kind::Cart => self.carts.push(shape::<Cart>(body)?.parse()?),
            Kind::Address => self.addresses.push(shape::<Address<'_>>(body)?.into()),
            Kind::Customer => self.customers.push(shape::<Customer>(body)?.parse()?),
            Kind::Lapses => self.lapses.push(shape::<Lapses>(body)?.parse()?),
            Kind::Cash => self.cash.push(shape::<Cash>(body)?.into()),
            Kind::Rider => self.riders.push(shape::<RiderSaved<'_>>(body)?.into()),
            Kind::Hook => self.hooks.push(shape::<Hook<'_>>(body)?.parse()?),
            _ => {
                let (lsn, retry) = shape::<Retry<'_>>(body)?.parse()?;
                self.hooks.last_mut().ok_or(ASTRAY)?.retries.insert(lsn, retry);
            }
        }
        Ok(())
    }

    fn take_of_orders(&mut self, kind: Kind, body: &[u8]) -> Result<(), CodecError> {
        match kind {
            Kind::Order => {
                let order = shape::<Order<'_>>(body)?.parse(&self.items)?;
                self.add_entry(order.placed.id, OrderEntry::Open(Arc::new(order)))?;
            }
            Kind::TaxRule => {
                let order = self.last_order()?;
                Arc::make_mut(&mut order.placed).sums.tax_rule = tax_rule(shape(body)?)?;
            }
            Kind::Stamps => {
                self.last_order()?.stamps = shape::<Stamps>(body)?.parse()?;
            }
            Kind::Credits => {
                let (at, stored): (u64, Vec<Credit>) = shape(body)?;
                let journey = self.last_order()?.journey.as_mut().ok_or(ASTRAY)?;
                let at = usize::try_from(at).map_err(|_| ASTRAY)?;
                let issued = journey.documents.get_mut(at).filter(|issued| issued.is_credit_note);
                issued.ok_or(ASTRAY)?.credits = Credit::parse_all(&stored)?;
            }
            Kind::PaymentRest => {
                let (_, entry) = self.orders.entries.last_mut().ok_or(ASTRAY)?;
                let payment = match entry {
                    OrderEntry::Open(order) => &mut Arc::make_mut(order).payment,
                    OrderEntry::Ended(ended) => &mut Arc::make_mut(ended).payment,
                };
                let payment = payment.as_deref_mut().ok_or(ASTRAY)?;
                shape::<PaymentRest<'_>>(body)?.add_to(payment)?;
            }
            Kind::Ended => {
                let EndedOf { id, ended } = shape(body)?;
                self.add_entry(id.into(), OrderEntry::Ended(Arc::new(ended.parse()?)))?;
            }
            Kind::RiderOrders => {
                let RiderOrders { rider_id, order_ids } = shape(body)?;
                let rider_id = rider_id.into();
                let ids = order_ids.into_iter().map(Into::into);
                match self.orders.of_rider.last_mut() {
                    Some((last, orders)) if *last == rider_id => orders.extend(ids),
                    last if last.as_ref().is_none_or(|(last, _)| *last < rider_id) => {
                        self.orders.of_rider.push((rider_id, ids.collect()));
                    }
                    _ => return Err("riders stand in the order of their ids".into()),
                }
            }
            Kind::LastNumber => {
                let (store_id, number): (Id, u64) = shape(body)?;
                push_sorted(&mut self.orders.last_number, store_id.into(), number)?;
            }
            Kind::LastDocument => {
                let (store_id, year, is_credit_note, number): (Id, u16, bool, u64) = shape(body)?;
                let series = (store_id.into(), year, is_credit_note);
                push_sorted(&mut self.orders.last_document, series, number)?;
            }
            Kind::EndedChain => {
                (self.orders.ended_count, self.orders.ended_chain) = shape(body)?;
            }
            _ => return Err(ASTRAY.into()),
        }
        Ok(())
    }

    /// Returns the open order of the row before.
    fn last_order(&mut self) -> Result<&mut domain::Order, CodecError> {
        match self.orders.entries.last_mut() {
            Some((_, OrderEntry::Open(order))) => Ok(Arc::make_mut(order)),
            _ => Err(ASTRAY.into()),
        }
    }

    fn add_entry(&mut self, id: OrderId, entry: OrderEntry) -> Result<(), CodecError> {
        Ok(push_sorted(&mut self.orders.entries, id, entry)?)
    }

    /// Returns the state, when all rows were there.
    pub(super) fn finish(self) -> Result<State, CodecError> {
        let uses = |(coupon, spent, users): CouponParts| {
            CouponUses::restore(spent, users).map(|uses| (coupon, uses))
        };
        let coupons: Option<Vec<_>> = self.coupons.into_iter().map(uses).collect();
        Ok(State {
            lsn: self.lsn.ok_or("there is no first row")?,
            time: self.time,
            catalogue: self.catalogue,
            stock: StockBook::restore(self.stock).ok_or(TWICE)?,
            orders: OrderBook::from_parts(self.orders),
            people: PersonBooks {
                carts: CartBook::restore(self.carts).ok_or(TWICE)?,
                addresses: AddressBook::restore(self.addresses).ok_or(TWICE)?,
                customers: Customers::restore(self.customers)
                    .and_then(|customers| customers.with_lapses(self.lapses))
                    .ok_or(TWICE)?,
                cash: CashBook::restore(self.cash).ok_or(TWICE)?,
                riders: RiderBook::restore(self.riders).ok_or(TWICE)?,
                hooks: EndpointBook::restore(self.hooks).ok_or(TWICE)?,
                loose: LooseBook::restore(self.loose).ok_or(TWICE)?,
            },
            coupons: coupons.and_then(CouponBook::restore).ok_or(TWICE)?,
            keys: self.keys,
        })
    }
}

/// Adds to a list that is sorted by its keys.
fn push_sorted<K: Ord, V>(list: &mut Vec<(K, V)>, key: K, value: V) -> Result<(), &'static str> {
    if list.last().is_some_and(|(last, _)| *last >= key) {
        return Err("rows stand in the order of their ids, each once");
    }
    list.push((key, value));
    Ok(())
}
