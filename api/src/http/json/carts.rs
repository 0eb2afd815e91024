//! A cart as answers show it: what was put in, with what it costs and what there is of it now.

use crate::rfc3339::Rfc3339;
use kirana_domain::cart::CartLine;
use kirana_domain::limits::CART_KEPT_MS;
use kirana_domain::{Cart, Lsn, Product, ProductId, StoreId};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// A whole cart.
#[derive(Debug, Serialize)]
pub(crate) struct CartView {
    /// `null` while the customer has no cart in any store.
    store_id: Option<Uuid>,
    /// Its last change; 0 for one that was never used.
    version: u64,
    items: Vec<CartLineView>,
    /// Lines that the store does not sell, and so are in no order of this cart.
    dropped: Vec<DroppedView>,
    /// Price of all items, whether there is enough or not.
    subtotal_paise: i64,
    updated_at: Option<Rfc3339>,
    /// Time at which it is forgotten, unless it is changed before.
    expires_at: Option<Rfc3339>,
    lsn: u64,
}

#[derive(Debug, Serialize)]
struct CartLineView {
    product_id: Uuid,
    product_name: String,
    quantity: u32,
    version: u64,
    unit_price_paise: i64,
    total_paise: i64,
    /// Units that can be had now.
    available: i64,
    /// True when there is enough for the whole line.
    in_stock: bool,
    max_per_order: u32,
}

/// A product that is left out.
#[derive(Debug, Serialize)]
struct DroppedView {
    product_id: Uuid,
    /// `null` for one that the store never had.
    product_name: Option<String>,
    reason: &'static str,
}

/// The products of a cart's lines, in the order of the lines, with what is available of each.
pub(crate) type Shelf = Vec<(Option<Arc<Product>>, i64)>;

impl CartView {
    /// Of a cart in a store; `shelf` has an entry for each of its lines.
    pub(crate) fn new(store_id: Option<StoreId>, cart: &Cart, shelf: &Shelf, lsn: Lsn) -> Self {
        let mut items = Vec::with_capacity(shelf.len());
        let mut dropped = Vec::new();
        for ((id, line), (product, available)) in cart.lines.iter().zip(shelf) {
            match product {
                Some(product) if product.is_active => {
                    items.push(line_view(line, product, (*available).max(0)));
                }
                product => dropped.push(dropped_view(*id, product.as_deref())),
            }
        }
        let is_used = cart.version > Lsn(0);
        Self {
            store_id: store_id.map(|id| id.0),
            version: cart.version.0,
            subtotal_paise: items.iter().map(|line| line.total_paise).sum(),
            items,
            dropped,
            updated_at: is_used.then_some(Rfc3339(cart.updated_at_ms)),
            expires_at: is_used.then_some(Rfc3339(cart.updated_at_ms + CART_KEPT_MS)),
            lsn: lsn.0,
        }
    }

    /// Names a product that was not taken into the cart because the store does not sell it.
    pub(crate) fn drop_line(&mut self, id: ProductId, product: Option<&Product>) {
        if self.dropped.iter().all(|line| line.product_id != id.0) {
            self.dropped.push(dropped_view(id, product));
        }
    }
}

fn line_view(line: &CartLine, product: &Product, available: i64) -> CartLineView {
    let quantity = i64::from(line.quantity);
    CartLineView {
        product_id: product.id.0,
        product_name: product.name.to_string(),
        quantity: line.quantity,
        version: line.version.0,
        unit_price_paise: product.price.0,
        total_paise: product.price.0 * quantity,
        available,
        in_stock: available >= quantity,
        max_per_order: product.max_per_order,
    }
}

fn dropped_view(id: ProductId, product: Option<&Product>) -> DroppedView {
    let product_name = product.map(|product| product.name.to_string());
    DroppedView { product_id: id.0, product_name, reason: "NOT_SOLD" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_product_that_is_no_longer_sold_is_off_the_cart_with_a_reason() {
        let id = ProductId(Uuid::from_u128(3));
        let mut cart = Cart { version: Lsn(9), updated_at_ms: 0, ..Cart::default() };
        cart.lines.insert(id, CartLine { quantity: 2, version: Lsn(9) });
        let store_id = Some(StoreId(Uuid::from_u128(7)));
        let view = CartView::new(store_id, &cart, &vec![(None, 5)], Lsn(12));
        let shown = serde_json::to_value(&view).unwrap();
        assert_eq!((&shown["items"], &shown["subtotal_paise"]), (&json!([]), &json!(0)));
        let dropped = json!([{ "product_id": id.0, "product_name": null, "reason": "NOT_SOLD" }]);
        assert_eq!(shown["dropped"], dropped);
        assert_eq!((&shown["version"], &shown["lsn"]), (&json!(9), &json!(12)));
        assert_eq!(shown["expires_at"], "1970-01-31T00:00:00.000Z");
    }

    #[test]
    fn a_customer_without_a_cart_has_an_empty_one() {
        let view = CartView::new(None, &Cart::default(), &Vec::new(), Lsn(3));
        let shown = serde_json::to_value(&view).unwrap();
        assert_eq!(shown["version"], 0);
        assert_eq!((&shown["store_id"], &shown["expires_at"]), (&json!(null), &json!(null)));
    }
}
