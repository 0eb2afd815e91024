//! Products: read, define.

use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::products::ProductRequest;
use crate::http::json::views::ProductView;
use crate::http::problem::{Problem, table};
use crate::http::reply;
use axum::response::Response;
use kirana_domain::{CalendarDay, CatalogueCommand, NewProduct, Product};
use serde::Serialize;
use std::sync::Arc;

/// `GET /v1/stores/{store_id}/products/{product_id}`
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let (store_id, id) = (call.store_id()?, call.product_id()?);
    let product = call.engine().catalogue(|catalogue| catalogue.product(store_id, id).cloned());
    let product = product.ok_or_else(|| Problem::new(&table::PRODUCT_UNKNOWN))?;
    let (stock, _) = call.engine().stock(store_id, id);
    Ok(reply::cacheable(call.headers(), &ProductView::new(&product, Some(stock.available))))
}

/// `PUT /v1/stores/{store_id}/products/{product_id}`: defines it, or defines it anew.
pub(crate) async fn define(mut call: Call) -> Result<Response, Problem> {
    let (store_id, id) = (call.store_id()?, call.product_id()?);
    let body = call.json_body(&["application/json"]).await?;
    let request: ProductRequest = json::parse(&body)?;
    if request.product_id.is_some_and(|given| given != id.0) {
        return Err(Problem::field("/product_id", "OTHER_PRODUCT", "is not the one in the path"));
    }
    let key = call.key(&body)?;
    let today = CalendarDay::of(call.engine().now_ms());
    let product = call.engine().catalogue(|catalogue| {
        request.into_product(store_id, id, &catalogue.gst, today).map_err(Problem::invalid)
    })?;
    let sku_taken = call.engine().catalogue(|catalogue| {
        let same_sku = |other: &Arc<Product>| other.sku == product.sku && other.id != id;
        catalogue.products_after(store_id, None).any(same_sku)
    });
    if sku_taken {
        return Err(Problem::new(&table::SKU_TAKEN));
    }
    let products = vec![NewProduct { product: product.clone(), opening_units: 0 }];
    let command = CatalogueCommand::DefineProducts { store_id, products };
    let receipt = call.submit(command.into(), key).await?;
    // From the request alone, so that a twin reads the same: what is available moves on.
    let answer = Defined { product: ProductView::new(&product, None), lsn: receipt.lsn.0 };
    let mut response = reply::json(200, &answer);
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

#[derive(Serialize)]
struct Defined<'a> {
    #[serde(flatten)]
    product: ProductView<'a>,
    lsn: u64,
}
