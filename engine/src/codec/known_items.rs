//! Items that are in memory already, so that the lines of a decoded order share them.

use kirana_domain::{Catalogue, Item, ProductId, StoreId};
use std::sync::Arc;

/// Items that need not be kept once more.
pub(crate) trait KnownItems {
    /// What is known of a product.
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
