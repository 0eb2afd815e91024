//! Items that are in memory already, so that the lines of a decoded order share them.

use kirana_domain::{Catalogue, Item, ProductId, StoreId};
use std::sync::Arc;

/// A source of items that need not be kept once more.
pub(crate) trait KnownItems {
    /// Returns the item of a product, if it is known.
    fn known(&self, store_id: StoreId, id: ProductId) -> Option<&Arc<Item>>;
}

impl KnownItems for Catalogue {
    fn known(&self, store_id: StoreId, id: ProductId) -> Option<&Arc<Item>> {
        self.product(store_id, id).map(|product| &product.item)
    }
}

/// Nothing is known.
impl KnownItems for () {
    fn known(&self, _: StoreId, _: ProductId) -> Option<&Arc<Item>> {
        None
    }
}
