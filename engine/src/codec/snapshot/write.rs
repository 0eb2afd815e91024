//! A state into rows, in the order in which they are read: what others point to comes first.

use super::items::ItemNumbers;
use super::rows::{Kind, RowWriter};
use super::v1::Time;
use super::v1::loose::Loose;
use super::v1::money::PaymentRest;
use super::v1::orders::{Ended, EndedOf, Numbering, RiderOrders, Stamps};
use super::v1::people::{Address, Cart, Cash, Customer, Hook, Key, KeyOf, Lapses, Retry};
use super::v1::shop::{Coupon, CouponUser, StockOf};
use crate::codec::stored::v1::credit::Credit;
use crate::codec::stored::v1::person::RiderSaved;
use crate::codec::stored::v1::product::ProductV2;
use crate::codec::stored::v1::store::{GstRate, StoreV3};
use crate::codec::stored::v1::zone::Zone;
use crate::codec::stored::v1::{Id, coupon};
use kirana_domain::order_book::OrderBookParts;
use kirana_domain::state::PersonBooks;
use kirana_domain::{CouponBook, Order, OrderEntry, State, TaxRule};
use std::io;

/// Ids of orders in one row.
const ORDERS_PER_ROW: usize = 1_000;

/// Writes all of a state.
pub(super) fn state(state: &State, rows: &mut RowWriter<'_>) -> io::Result<()> {
    let State { lsn, time, catalogue, stock, orders, people: of_people, coupons: used, keys } =
        state;
    rows.push(Kind::Begin, &lsn.0)?;
    if let Some(time) = Time::of(time) {
        rows.push(Kind::Time, &time)?;
    }
    let parts = orders.to_parts();
    let mut numbers = ItemNumbers::default();
    for store in catalogue.stores() {
        rows.push(Kind::StoreV3, &StoreV3::from(&**store))?;
        // Read in this order, they come again in the order in which they came.
        for product in catalogue.products_by_arrival(store.id) {
            rows.push(Kind::ProductV2, &ProductV2::from(&**product))?;
            numbers.add(&product.item);
        }
    }
    for zone in catalogue.zones.iter() {
        rows.push(Kind::Zone, &Zone::from(&**zone))?;
    }
    let rates: Vec<_> = catalogue.gst.rates().collect();
    rows.push(Kind::Rates, &rates.iter().map(GstRate::from).collect::<Vec<_>>())?;
    coupons(used, rows)?;
    people(of_people, rows)?;
    for key in keys.by_time() {
        match key.by {
            Some(by) => rows.push(Kind::KeyOf, &KeyOf::of(key, by))?,
            None => rows.push(Kind::Key, &Key::from(key))?,
        }
    }
    for ledger in stock.iter() {
        rows.push(Kind::Stock, &StockOf::from(ledger))?;
    }
    order_book(&parts, &mut Numbering { numbers: &mut numbers, rows })
}

fn coupons(coupons: &CouponBook, rows: &mut RowWriter<'_>) -> io::Result<()> {
    for (coupon, uses) in coupons.iter() {
        let shape = Coupon { coupon: coupon::Coupon::from(&**coupon), spent: uses.spent.0 };
        rows.push(Kind::Coupon, &shape)?;
        for customer in uses.customers() {
            rows.push(Kind::CouponUser, &CouponUser::from(customer))?;
        }
    }
    Ok(())
}

fn people(people: &PersonBooks, rows: &mut RowWriter<'_>) -> io::Result<()> {
    let PersonBooks { carts, addresses, customers, cash, riders, hooks, loose } = people;
    for cart in carts.iter() {
        rows.push(Kind::Cart, &Cart::from(cart))?;
    }
    for address in addresses.iter() {
        rows.push(Kind::Address, &Address::from(address))?;
    }
    for customer in customers.iter() {
        rows.push(Kind::Customer, &Customer::from(customer))?;
    }
    for lapses in customers.all_lapses() {
        rows.push(Kind::Lapses, &Lapses::from(lapses))?;
    }
    for delivery in cash.iter() {
        rows.push(Kind::Cash, &Cash::from(delivery))?;
    }
    for rider in riders.iter() {
        rows.push(Kind::Rider, &RiderSaved::from(rider))?;
    }
    for hook in hooks.iter() {
        rows.push(Kind::Hook, &Hook::from(hook))?;
        for retry in &hook.retries {
            rows.push(Kind::Retry, &Retry::from(retry))?;
        }
    }
    for loose in loose.iter() {
        rows.push(Kind::Loose, &Loose::from(loose))?;
    }
    Ok(())
}

/// Writes what an order says about tax beside its own row.
fn taxes(order: &Order, rows: &mut RowWriter<'_>) -> io::Result<()> {
    let rule = order.placed.sums.tax_rule;
    if rule != TaxRule::OddPaisa {
        rows.push(Kind::TaxRule, &(rule as u8))?;
    }
    for (at, issued) in order.documents().iter().enumerate() {
        if !issued.credits.is_empty() {
            let credits: Vec<_> = issued.credits.iter().map(Credit::from).collect();
            rows.push(Kind::Credits, &(at as u64, credits))?;
        }
    }
    Ok(())
}

fn order_book<'a>(
    parts: &'a OrderBookParts,
    numbering: &mut Numbering<'_, 'a, '_>,
) -> io::Result<()> {
    for (id, entry) in &parts.entries {
        match entry {
            OrderEntry::Open(order) => {
                let shape = numbering.order(order)?;
                numbering.rows.push(Kind::Order, &shape)?;
                taxes(order, numbering.rows)?;
                if order.stamps.iter().len() > 0 {
                    numbering.rows.push(Kind::Stamps, &Stamps::from(&order.stamps))?;
                }
            }
            OrderEntry::Ended(ended) => {
                let shape = EndedOf { id: id.into(), ended: Ended::from(&**ended) };
                numbering.rows.push(Kind::Ended, &shape)?;
            }
        }
        if let Some(rest) = PaymentRest::of(entry.payment()) {
            numbering.rows.push(Kind::PaymentRest, &rest)?;
        }
    }
    let rows = &mut *numbering.rows;
    for (rider_id, orders) in &parts.of_rider {
        for orders in orders.chunks(ORDERS_PER_ROW) {
            let order_ids = orders.iter().map(Into::into).collect();
            rows.push(Kind::RiderOrders, &RiderOrders { rider_id: rider_id.into(), order_ids })?;
        }
    }
    for (store_id, number) in &parts.last_number {
        rows.push(Kind::LastNumber, &(Id::from(store_id), number))?;
    }
    for ((store_id, year, is_credit_note), number) in &parts.last_document {
        rows.push(Kind::LastDocument, &(Id::from(store_id), year, is_credit_note, number))?;
    }
    rows.push(Kind::EndedChain, &(parts.ended_count, parts.ended_chain))
}
