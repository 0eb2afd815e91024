//! The shapes of a product and of the item in it, which the lines of orders have too.

use super::Id;
use super::words::{Result, optional, text};
use crate::codec::known_items::KnownItems;
use kirana_domain as domain;
use kirana_domain::limits::{ATTRIBUTES_MAX, SUBCATEGORIES_MAX};
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
    pub(crate) fn parse(&self) -> Result<domain::Product> {
        Ok(domain::Product {
            store_id: self.store_id.into(),
            item: self.item.parse()?,
            brand: optional(self.brand)?,
            category: optional(self.category)?,
            mrp: Paise(self.mrp),
            max_per_order: self.max_per_order,
            is_active: true,
            about: domain::About::default(),
        })
    }
}

/// A product since the fourth release.
#[derive(Serialize, Deserialize)]
pub(crate) struct ProductV2<'a>(#[serde(borrow)] Product<'a>, #[serde(borrow)] ProductV2Part<'a>);

/// The part that the fourth release added.
#[derive(Serialize, Deserialize)]
struct ProductV2Part<'a> {
    is_active: bool,
    #[serde(borrow)]
    description: Option<&'a str>,
    #[serde(borrow)]
    image_url: Option<&'a str>,
    #[serde(borrow)]
    subcategories: Vec<&'a str>,
    /// Names and values.
    #[serde(borrow)]
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> From<&'a domain::Product> for ProductV2<'a> {
    fn from(product: &'a domain::Product) -> Self {
        let domain::About { description, image_url, subcategories, attributes } = &product.about;
        let part = ProductV2Part {
            is_active: product.is_active,
            description: description.as_deref(),
            image_url: image_url.as_deref(),
            subcategories: subcategories.iter().map(|text| &**text).collect(),
            attributes: attributes.iter().map(|(name, value)| (&**name, &**value)).collect(),
        };
        Self(Product::from(product), part)
    }
}

impl ProductV2<'_> {
    /// Returns the product.
    pub(crate) fn parse(&self) -> Result<Arc<domain::Product>> {
        let Self(first, part) = self;
        if part.subcategories.len() > SUBCATEGORIES_MAX || part.attributes.len() > ATTRIBUTES_MAX {
            return Err("a product has more categories or attributes than any may have");
        }
        let attribute = |(name, value): &(&str, &str)| Ok((text(name)?, text(value)?));
        let about = domain::About {
            description: optional(part.description)?,
            image_url: optional(part.image_url)?,
            subcategories: part.subcategories.iter().map(|it| text(it)).collect::<Result<_>>()?,
            attributes: part.attributes.iter().map(attribute).collect::<Result<_>>()?,
        };
        Ok(Arc::new(domain::Product { is_active: part.is_active, about, ..first.parse()? }))
    }
}
