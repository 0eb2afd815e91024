//! The shapes of a product and of the item in it, which the lines of orders have too.

use super::Id;
use super::words::{Result, optional, text};
use crate::codec::known_items::KnownItems;
use kirana_domain as domain;
use kirana_domain::{Bps, Paise, StoreId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An item.
#[derive(Serialize, Deserialize)]
pub(crate) struct Item<'a> {
    id: Id,
    sku: &'a str,
    name: &'a str,
    #[serde(borrow)]
    unit: Option<&'a str>,
    #[serde(borrow)]
    hsn: Option<&'a str>,
    price: i64,
    gst_bps: u16,
}

impl<'a> From<&'a domain::Item> for Item<'a> {
    fn from(item: &'a domain::Item) -> Self {
        Self {
            id: item.id.into(),
            sku: &item.sku,
            name: &item.name,
            unit: item.unit.as_deref(),
            hsn: item.hsn.as_deref(),
            price: item.price.0,
            gst_bps: item.gst.0,
        }
    }
}

impl Item<'_> {
    /// Returns the item.
    pub(crate) fn parse(&self) -> Result<Arc<domain::Item>> {
        Ok(Arc::new(domain::Item {
            id: self.id.into(),
            sku: text(self.sku)?,
            name: text(self.name)?,
            unit: optional(self.unit)?,
            hsn: optional(self.hsn)?,
            price: Paise(self.price),
            gst: Bps(self.gst_bps),
        }))
    }

    /// Returns the item of an order's line: the known one if it says the same.
    pub(super) fn parse_shared(
        &self,
        store_id: StoreId,
        items: &dyn KnownItems,
    ) -> Result<Arc<domain::Item>> {
        match items.known(store_id, self.id.into()) {
            Some(known) if self.is_same(known) => Ok(Arc::clone(known)),
            _ => self.parse(),
        }
    }

    fn is_same(&self, known: &domain::Item) -> bool {
        self.sku == &*known.sku
            && self.name == &*known.name
            && self.unit == known.unit.as_deref()
            && self.hsn == known.hsn.as_deref()
            && (self.price, self.gst_bps) == (known.price.0, known.gst.0)
    }
}

/// A product of a store.
#[derive(Serialize, Deserialize)]
pub(crate) struct Product<'a> {
    store_id: Id,
    #[serde(borrow)]
    item: Item<'a>,
    #[serde(borrow)]
    brand: Option<&'a str>,
    #[serde(borrow)]
    category: Option<&'a str>,
    mrp: i64,
    max_per_order: u32,
}

impl<'a> From<&'a domain::Product> for Product<'a> {
    fn from(product: &'a domain::Product) -> Self {
        Self {
            store_id: product.store_id.into(),
            item: Item::from(&*product.item),
            brand: product.brand.as_deref(),
            category: product.category.as_deref(),
            mrp: product.mrp.0,
            max_per_order: product.max_per_order,
        }
    }
}

impl Product<'_> {
    /// Returns the product.
    pub(crate) fn parse(&self) -> Result<Arc<domain::Product>> {
        Ok(Arc::new(domain::Product {
            store_id: self.store_id.into(),
            item: self.item.parse()?,
            brand: optional(self.brand)?,
            category: optional(self.category)?,
            mrp: Paise(self.mrp),
            max_per_order: self.max_per_order,
        }))
    }
}
