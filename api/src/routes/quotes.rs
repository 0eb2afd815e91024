//! Quotes: what a basket would cost now. Nothing is held and nothing is changed.

use super::orders::{ItemRequest, basket, payment_method, point_at_items};
use crate::gateway::call::Call;
use crate::json;
use crate::json::text::Str;
use crate::json::views::QuoteView;
use crate::problem::{Problem, table};
use crate::reply;
use axum::response::Response;
use kirana_domain::{PaymentMethod, Quote, Store, StoreId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuoteRequest<'a> {
    store_id: Uuid,
    items: Vec<ItemRequest>,
    #[serde(borrow)]
    payment_method: Option<Str<'a>>,
}

#[derive(Serialize)]
struct QuoteAnswer<'a> {
    store_id: Uuid,
    #[serde(flatten)]
    quote: QuoteView<'a>,
    order_minimum_paise: i64,
    /// False while an order of this basket would be refused for its amount.
    orderable: bool,
    issues: Vec<Issue>,
}

#[derive(Serialize)]
struct Issue {
    code: &'static str,
    detail: String,
}

/// `POST /v1/quotes`
pub(crate) async fn make(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: QuoteRequest = json::parse(&body)?;
    let method = match &request.payment_method {
        Some(name) => payment_method(name)?,
        // What can be paid in any way is judged by the wider limit.
        None => PaymentMethod::Razorpay,
    };
    let basket = basket(&request.items)?;
    let store_id = StoreId(request.store_id);
    let (store, quote) = call.engine().catalogue(|catalogue| {
        let store = catalogue.store(store_id).ok_or_else(|| Problem::new(&table::UNKNOWN_STORE))?;
        let quote = Quote::price(&basket, store, catalogue)
            .map_err(|no| point_at_items(Problem::from(&no), &request.items))?;
        Ok::<_, Problem>((store.clone(), quote))
    })?;
    let issues = issues(&quote, &store, method);
    let answer = QuoteAnswer {
        store_id: request.store_id,
        quote: QuoteView(&quote),
        order_minimum_paise: store.order_minimum.0,
        orderable: issues.is_empty(),
        issues,
    };
    Ok(reply::json(200, &answer))
}

/// Why an order of this basket would be refused now, stock aside.
fn issues(quote: &Quote, store: &Store, method: PaymentMethod) -> Vec<Issue> {
    let Err(rejection) = quote.check(store, quote.total, method) else { return Vec::new() };
    let problem = Problem::from(&rejection);
    vec![Issue { code: problem.kind().code, detail: rejection.to_string() }]
}
