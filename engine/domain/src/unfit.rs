//! Reasons why a command does not fit the shop as it is.
//!
//! They differ from a [`Rejection`](crate::Rejection): none of them is recorded, so the same
//! command under the same key is decided again once the shop has changed.

use crate::ProductId;

/// The reason why a command does not fit the shop as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is no such store.
    StoreUnknown,
    /// There is no such zone.
    ZoneUnknown,
    /// There is no such endpoint of webhooks.
    EndpointUnknown,
    /// The store has no such product.
    ProductUnknown {
        /// Its id.
        product_id: ProductId,
    },
    /// The id stands for something else, or the settings were changed in between.
    Changed,
    /// There would be more of them than there may be.
    TooMany,
}
