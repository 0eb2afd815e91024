//! Products: list, read, define.

use super::cursor;
use super::order_list::page_answer;
use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::products::ProductRequest;
use crate::http::json::views::ProductView;
use crate::http::problem::{Problem, table};
use crate::http::{query, reply};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;
use kirana_domain::catalogue::listing_key;
use kirana_domain::limits::NAME_CHARS_MAX;
use kirana_domain::{CalendarDay, CatalogueCommand, NewProduct, Product, ProductId, StoreId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    q: Option<String>,
    category: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/stores/{store_id}/products`: by name; `q` is a part of a name, brand or SKU.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let asked: ListQuery = call.query()?;
    let limit = query::limit(asked.limit)?;
    let find = |name, text: &Option<String>| match text {
        Some(text) if text.chars().count() > NAME_CHARS_MAX => {
            Err(Problem::query(name, "has too many characters"))
        }
        text => Ok(text.as_deref().unwrap_or_default().trim().to_lowercase()),
    };
    let (q, category) = (find("q", &asked.q)?, find("category", &asked.category)?);
    let scope = format!("products {store_id} {}:{q} {category}", q.len());
    let key = call.gateway.tokens().cursor_key();
    let after = match &asked.cursor {
        Some(sealed) => Some(position_of(&cursor::open(key, &scope, sealed)?)?),
        None => None,
    };
    let mut found = search(&call, store_id, after, &q, &category, limit + 1);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| {
        let (name, id) = listing_key(last);
        cursor::seal(key, &scope, &[id.0.as_bytes(), name.as_bytes()].concat())
    });
    let ids: Vec<_> = found.iter().map(|product| product.id).collect();
    let (stocks, _) = call.engine().stocks(store_id, &ids);
    let data: Vec<_> = found
        .iter()
        .zip(&stocks)
        .map(|(product, s)| ProductView::new(product, Some(s.available)))
        .collect();
    let mut response = page_answer(&call, &data, next, limit);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=5"));
    Ok(response)
}

fn position_of(payload: &[u8]) -> Result<(String, ProductId), Problem> {
    let parts = payload.split_first_chunk::<16>();
    let position = parts.and_then(|(id, name)| {
        Some((String::from_utf8(name.to_vec()).ok()?, ProductId(Uuid::from_bytes(*id))))
    });
    position.ok_or_else(|| Problem::new(&table::CURSOR_INVALID))
}

fn search(
    call: &Call,
    store_id: StoreId,
    after: Option<(String, ProductId)>,
    q: &str,
    category: &str,
    limit: usize,
) -> Vec<Arc<Product>> {
    let has = |text: Option<&str>, part: &str| {
        text.is_some_and(|text| text.to_lowercase().contains(part))
    };
    let fits = |product: &&Arc<Product>| {
        let wanted = q.is_empty()
            || has(Some(&product.name), q)
            || has(product.brand.as_deref(), q)
            || has(Some(&product.sku), q);
        product.is_active
            && wanted
            && (category.is_empty() || has(product.category.as_deref(), category))
    };
    call.engine().catalogue(|catalogue| {
        catalogue.products_after(store_id, after).filter(fits).take(limit).cloned().collect()
    })
}

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
