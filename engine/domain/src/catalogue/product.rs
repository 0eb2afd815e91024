//! A product, and the item in it that orders keep.

use crate::digest::Digester;
use crate::limits::{
    DESCRIPTION_CHARS_MAX, LABEL_CHARS_MAX, NAME_CHARS_MAX, SKU_CHARS_MAX, UNIT_CHARS_MAX,
    URL_CHARS_MAX,
};
use crate::{Bps, Paise, ProductId, StoreId, Text};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// The part of a product that an order keeps, as it was when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The product's id.
    pub id: ProductId,
    /// The shop's own code for it; unique in the store.
    pub sku: Text<SKU_CHARS_MAX>,
    /// Its name.
    pub name: Text<NAME_CHARS_MAX>,
    /// Size of one unit: `500 g`, `1 l`.
    pub unit: Option<Text<UNIT_CHARS_MAX>>,
    /// HSN code for GST: 4, 6 or 8 digits.
    pub hsn: Option<Text<8>>,
    /// Price of one unit, tax included.
    pub price: Paise,
    /// GST inside the price.
    pub gst: Bps,
}

/// Something that a store sells. Reads like its [`Item`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The store that sells it.
    pub store_id: StoreId,
    /// The part that orders keep.
    pub item: Arc<Item>,
    /// Its brand.
    pub brand: Option<Text<LABEL_CHARS_MAX>>,
    /// Its category in the shop.
    pub category: Option<Text<LABEL_CHARS_MAX>>,
    /// The printed maximum retail price; the price never exceeds it.
    pub mrp: Paise,
    /// Most units of it in one order.
    pub max_per_order: u32,
    /// True while it is sold. One that was withdrawn is in no list and in no new order; its stock
    /// and its earlier orders stay.
    pub is_active: bool,
    /// The shop's words about it beyond that.
    pub about: About,
}

/// The shop's words about a product, for people to read and for filters; no decision depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// A description.
    pub description: Option<Text<DESCRIPTION_CHARS_MAX>>,
    /// The address of a picture.
    pub image_url: Option<Text<URL_CHARS_MAX>>,
    /// The categories within the product's category, from broad to narrow.
    pub subcategories: Vec<Text<LABEL_CHARS_MAX>>,
    /// Attributes of the shop's own, by name.
    pub attributes: BTreeMap<Text<LABEL_CHARS_MAX>, Text<NAME_CHARS_MAX>>,
}

impl Deref for Product {
    type Target = Item;
    fn deref(&self) -> &Item {
        &self.item
    }
}

pub(super) fn optional(text: Option<&str>) -> &[u8] {
    text.unwrap_or_default().as_bytes()
}

impl Item {
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.id(self.id.0).bytes(self.sku.as_bytes()).bytes(self.name.as_bytes());
        digest.bytes(optional(self.unit.as_deref())).bytes(optional(self.hsn.as_deref()));
        digest.numbers(&[self.price.0, self.gst.0.into()]);
    }
}

impl Product {
    pub(super) fn write_to(&self, digest: &mut Digester) {
        self.item.write_to(digest);
        digest.bytes(optional(self.brand.as_deref())).bytes(optional(self.category.as_deref()));
        digest.numbers(&[self.mrp.0, self.max_per_order.into()]);
        // Only what is new is added, so that the digests of older checkpoints stay what they were.
        if !self.is_active {
            digest.bytes(b"withdrawn");
        }
        if self.about != About::default() {
            self.about.write_to(digest);
        }
    }
}

impl About {
    fn write_to(&self, digest: &mut Digester) {
        let Self { description, image_url, subcategories, attributes } = self;
        digest.bytes(b"about").bytes(optional(description.as_deref()));
        digest.bytes(optional(image_url.as_deref())).count(subcategories.len());
        for category in subcategories {
            digest.bytes(category.as_bytes());
        }
        digest.count(attributes.len());
        for (name, value) in attributes {
            digest.bytes(name.as_bytes()).bytes(value.as_bytes());
        }
    }
}
