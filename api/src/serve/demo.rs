//! The demo store: a shop that ships with the program, and a first order to copy and paste.

use crate::gateway::Gateway;
use crate::import::columns::Options;
use crate::import::{self, Format, Target};
use crate::json::stores::StoreRequest;
use axum::body::Body;
use kirana_domain::{
    Basket, BasketLine, PersonId, Principal, Product, Quote, Role, Store, StoreId,
};
use kirana_engine::{Command, Engine, Request};
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use uuid::Uuid;

const CATALOGUE: &str = include_str!("../../demo/catalogue.csv");
const STORE: &str = include_str!("../../demo/store.json");

/// The demo store and the people of the demo have the same ids everywhere.
const STORE_ID: StoreId = StoreId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_0001));
const CUSTOMER: PersonId = PersonId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_00c1));
const ADMIN: PersonId = PersonId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_00ad));

/// How long the tokens of the demo are good.
const TOKEN_S: i64 = 7 * 24 * 60 * 60;
/// Bounds of the demo's own import: it is small.
const BYTES_MAX: u64 = 64 * 1_024 * 1_024;
const ROWS_MAX: u64 = 10_000;
/// The first order takes this many products, and as many units of each as reach the minimum.
const ORDER_LINES: usize = 2;

/// `store.json`
#[derive(Deserialize)]
struct StoreFile {
    name: String,
    address: String,
    lat: f64,
    lng: f64,
    opens: String,
    closes: String,
    code: String,
}

/// Opens the demo store if it is not there yet. Answers what to tell the person at the terminal.
pub(super) async fn open(engine: &Engine, gateway: &Gateway, url: &str) -> Result<String, String> {
    let admin = Principal { role: Role::Admin, person_id: ADMIN, store_id: None };
    if engine.catalogue(|catalogue| catalogue.store(STORE_ID).is_none()) {
        let command = Command::OpenStore { store: store()? };
        let request = Request { by: admin, key: None, command, deadline: None };
        engine.submit(request).await.map_err(|no| format!("the demo store was refused: {no:?}"))?;
    }
    if engine.catalogue(|catalogue| catalogue.products_after(STORE_ID, None).next().is_none()) {
        fill(engine, admin).await?;
    }
    let customer = Principal { role: Role::Customer, person_id: CUSTOMER, store_id: None };
    let tokens = gateway.tokens();
    let staff = tokens.sign(&admin, TOKEN_S);
    Ok(welcome(engine, url, &tokens.sign(&customer, TOKEN_S), &staff))
}

fn store() -> Result<Store, String> {
    let broken = |error: &dyn std::fmt::Display| format!("the demo store is broken: {error}");
    let file: StoreFile = serde_json::from_str(STORE).map_err(|error| broken(&error))?;
    let body = json!({
        "code": file.code, "name": file.name, "address": file.address,
        "location": { "lat": file.lat, "lng": file.lng },
        "hours": { "opens": file.opens, "closes": file.closes },
    })
    .to_string();
    let request: StoreRequest = serde_json::from_str(&body).map_err(|error| broken(&error))?;
    request.into_store(STORE_ID).map_err(|errors| format!("the demo store is broken: {errors:?}"))
}

/// Imports the catalogue that ships with the program, its stock as opening stock.
async fn fill(engine: &Engine, by: Principal) -> Result<(), String> {
    let target =
        Target { engine, by, store_id: STORE_ID, bytes_max: BYTES_MAX, rows_max: ROWS_MAX };
    let report = import::run(&target, Format::Csv, Options::default(), Body::from(CATALOGUE)).await;
    let report = report.map_err(|no| format!("the demo catalogue was refused: {no:?}"))?;
    for error in &report.errors {
        tracing::warn!(line = error.line, code = error.code, "a row of the demo was refused");
    }
    tracing::info!(products = report.accepted, "the demo store is open");
    Ok(())
}

/// A small basket that can be ordered now, and its total.
fn first_order(engine: &Engine) -> Option<(Quote, serde_json::Value)> {
    let products: Vec<Arc<Product>> =
        engine.catalogue(|catalogue| catalogue.products_after(STORE_ID, None).cloned().collect());
    let ids: Vec<_> = products.iter().map(|product| product.id).collect();
    let (stocks, _) = engine.stocks(STORE_ID, &ids);
    let store = engine.catalogue(|catalogue| catalogue.store(STORE_ID).cloned())?;
    let share = store.order_minimum.0 / i64::try_from(ORDER_LINES).ok()?;
    let line = |(product, stock): (&Arc<Product>, &kirana_domain::Stock)| {
        let wanted = u32::try_from(share / product.price.0 + 1).ok()?;
        let fits = wanted <= product.max_per_order && stock.available >= i64::from(wanted) * 4;
        fits.then_some(BasketLine { product_id: product.id, quantity: wanted })
    };
    let lines: Vec<_> = products.iter().zip(&stocks).filter_map(line).take(ORDER_LINES).collect();
    let items = lines
        .iter()
        .map(|line| json!({ "product_id": line.product_id.0, "quantity": line.quantity }))
        .collect();
    let basket = Basket::parse(lines).ok()?;
    let quote = engine.catalogue(|catalogue| Quote::price(&basket, &store, catalogue)).ok()?;
    Some((quote, items))
}

fn welcome(engine: &Engine, url: &str, token: &str, staff: &str) -> String {
    let mut text = format!(
        "\nDemo store: Dayliz Tura, {STORE_ID}\n\nToken of a customer:\n{token}\n\n\
         Token of an admin:\n{staff}\n"
    );
    let Some((quote, items)) = first_order(engine) else {
        text.push_str("\nThe demo store is sold out: receive stock to order again.\n");
        return text;
    };
    let body = json!({
        "store_id": STORE_ID.0,
        "items": items,
        "payment_method": "cod",
        "expected_total_paise": quote.total.0,
        "delivery_address": {
            "name": "Asha", "line1": "12, Hawakhana", "city": "Tura",
            "pincode": "794001", "phone": "+919876543210",
        },
    });
    let key = Uuid::now_v7();
    _ = write!(
        text,
        "\nPlace an order (send it twice: the key makes it one order):\n\
         curl -sS {url}/v1/orders -H 'Authorization: Bearer {token}' \
         -H 'Idempotency-Key: \"{key}\"' -H 'Content-Type: application/json' -d '{body}'\n\
         \nRead your orders:\n\
         curl -sS {url}/v1/orders -H 'Authorization: Bearer {token}'\n"
    );
    text
}
