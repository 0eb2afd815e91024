//! A cart as answers show it: what was put in, with what it costs and what there is of it now.

use crate::rfc3339::Rfc3339;
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
    /// Price of all lines that the store sells, whether there is enough or not.
    subtotal_paise: i64,
    updated_at: Option<Rfc3339>,
    /// Time at which it is forgotten, unless it is changed before.
    expires_at: Option<Rfc3339>,
    lsn: u64,
}

#[derive(Debug, Serialize)]
struct CartLineView {
    product_id: Uuid,
    /// `null`, like everything that the catalogue says, when the store no longer sells it.
    product_name: Option<String>,
    quantity: u32,
    version: u64,
    unit_price_paise: Option<i64>,
    total_paise: Option<i64>,
    /// Units that can be had now.
    available: i64,
    /// True when there is enough for the whole line.
    in_stock: bool,
    max_per_order: Option<u32>,
}

/// The products of a cart's lines, in the order of the lines, with what is available of each.
pub(crate) type Shelf = Vec<(Option<Arc<Product>>, i64)>;

impl CartView {
    /// Of a cart in a store; `shelf` has an entry for each of its lines.
    pub(crate) fn new(store_id: Option<StoreId>, cart: &Cart, shelf: &Shelf, lsn: Lsn) -> Self {
        let lines = cart.lines.iter().zip(shelf);
        let items = lines.map(|((id, line), (product, available))| {
            line_view(*id, line.quantity, line.version, product.as_deref(), *available)
        });
        let items: Vec<_> = items.collect();
        let is_used = cart.version > Lsn(0);
        Self {
            store_id: store_id.map(|id| id.0),
            version: cart.version.0,
            subtotal_paise: items.iter().filter_map(|line| line.total_paise).sum(),
            items,
            updated_at: is_used.then_some(Rfc3339(cart.updated_at_ms)),
            expires_at: is_used.then_some(Rfc3339(cart.updated_at_ms + CART_KEPT_MS)),
            lsn: lsn.0,
        }
    }
}

fn line_view(
    id: ProductId,
    quantity: u32,
    version: Lsn,
    product: Option<&Product>,
    available: i64,
) -> CartLineView {
    let available = if product.is_some() { available.max(0) } else { 0 };
    let price = product.map(|product| product.price);
    CartLineView {
        product_id: id.0,
        product_name: product.map(|product| product.name.to_string()),
        quantity,
        version: version.0,
        unit_price_paise: price.map(|price| price.0),
        total_paise: price.map(|price| price.0 * i64::from(quantity)),
        available,
        in_stock: available >= i64::from(quantity),
        max_per_order: product.map(|product| product.max_per_order),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kirana_domain::cart::CartLine;
    use serde_json::json;

    #[test]
    fn a_product_that_is_no_longer_sold_is_shown_as_unavailable() {
        let id = ProductId(Uuid::from_u128(3));
        let mut cart = Cart { version: Lsn(9), updated_at_ms: 0, ..Cart::default() };
        cart.lines.insert(id, CartLine { quantity: 2, version: Lsn(9) });
        let store_id = Some(StoreId(Uuid::from_u128(7)));
        let view = CartView::new(store_id, &cart, &vec![(None, 5)], Lsn(12));
        let shown = serde_json::to_value(&view).unwrap();
        assert_eq!(
            shown["items"],
            json!([{
                "product_id": id.0, "product_name": null, "quantity": 2, "version": 9,
                "unit_price_paise": null, "total_paise": null, "available": 0,
                "in_stock": false, "max_per_order": null,
            }])
        );
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
