//! The demo store: a shop that ships with the program, and a first order to copy and paste.

use crate::http::auth::Tokens;
use crate::http::gateway::Gateway;
use crate::http::geojson;
use crate::http::import::columns::Options;
use crate::http::import::{self, Format, Target};
use crate::http::json::stores::StoreRequest;
use crate::http::routes::riders::rider_contact;
use axum::body::Body;
use kirana_domain::{
    Basket, BasketLine, CatalogueCommand, PersonCommand, PersonId, Point, Principal, Product,
    Quote, RiderCommand, Role, Store, StoreId, Text, Weather, Zone,
};
use kirana_engine::{Command, Engine, Request, Wanted};
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

const CATALOGUE: &str = include_str!("../../../demo/catalogue.csv");
const STORE: &str = include_str!("../../../demo/store.json");
const ZONES: &str = include_str!("../../../demo/zone.geojson");
/// The store's state on invoices, with its code in GST numbers.
const STATE: &str = "Meghalaya (17)";
/// File of the demo in the data directory.
const ENVIRONMENT: &str = "demo.env";

/// The demo store and the people of the demo have the same ids everywhere.
const STORE_ID: StoreId = StoreId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_0001));
const CUSTOMER: PersonId = PersonId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_00c1));
const PACKER: PersonId = PersonId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_00ac));
const RIDER: PersonId = PersonId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_00de));
const SECOND_RIDER: PersonId = PersonId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_01de));
const ADMIN: PersonId = PersonId(Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_00ad));

/// The riders whom the store knows: id, name, phone.
const RIDERS: [(PersonId, &str, &str); 2] =
    [(RIDER, "Sengnal Marak", "+919876500001"), (SECOND_RIDER, "Grikseng Sangma", "+919876500002")];

/// Validity of the demo's tokens.
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
    /// Of nobody: its PAN is `AAAAA0000A`.
    gstin: String,
}

/// The addresses and the directory of the demo.
pub(super) struct Place<'a> {
    /// The gateway, from this machine.
    pub(super) url: &'a str,
    /// Address at which customers pay, when the stand-in runs.
    pub(super) checkout: Option<String>,
    /// The data directory.
    pub(super) data: &'a Path,
}

/// Opens the demo store if it is not there yet. Answers what to tell the person at the terminal.
pub(super) async fn open(
    engine: &Engine,
    gateway: &Gateway,
    place: &Place<'_>,
) -> Result<String, String> {
    let admin = Principal { role: Role::Admin, person_id: ADMIN, store_id: None };
    if engine.catalogue(|catalogue| catalogue.store(STORE_ID).is_none()) {
        submit(engine, admin, CatalogueCommand::OpenStore { store: store()? }.into()).await?;
        let command = CatalogueCommand::DefineZones { store_id: STORE_ID, zones: zones()? };
        submit(engine, admin, command.into()).await?;
    }
    for (rider_id, name, phone) in RIDERS {
        if engine.people(|people| people.riders.get(rider_id).is_none()) {
            submit(engine, admin, rider(rider_id, name, phone)).await?;
        }
    }
    if engine.catalogue(|catalogue| catalogue.products_after(STORE_ID, None).next().is_none()) {
        fill(engine, admin).await?;
    }
    let people = People::new(gateway.tokens());
    let env = environment(place, &people);
    let file = place.data.join(ENVIRONMENT);
    write_private(&file, &env).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(welcome(engine, place, &people, &file))
}

async fn submit(engine: &Engine, by: Principal, command: Command) -> Result<(), String> {
    let request = Request { by, key: None, command, deadline: None };
    let submitted = engine.submit(request).await;
    submitted.map(|_| ()).map_err(|no| format!("the demo store was refused: {no:?}"))
}

/// Tokens of the people of the demo.
struct People {
    customer: String,
    packer: String,
    rider: String,
    admin: String,
}

impl People {
    fn new(tokens: &Tokens) -> Self {
        let token = |role, person_id, store_id| {
            tokens.sign(&Principal { role, person_id, store_id }, TOKEN_S)
        };
        Self {
            customer: token(Role::Customer, CUSTOMER, None),
            packer: token(Role::Packer, PACKER, Some(STORE_ID)),
            rider: token(Role::Rider, RIDER, None),
            admin: token(Role::Admin, ADMIN, None),
        }
    }
}

/// Returns the variables of `walk.sh` and of people at a shell, as lines to `source`.
fn environment(place: &Place<'_>, people: &People) -> String {
    let checkout = place.checkout.as_deref().unwrap_or_default();
    let door = door();
    let degrees = |e7: i32| format!("{}.{:07}", e7 / 10_000_000, e7 % 10_000_000);
    [
        ("KIRANA_URL", place.url),
        ("KIRANA_CHECKOUT", checkout),
        ("KIRANA_STORE", &STORE_ID.0.to_string()),
        ("KIRANA_RIDER_ID", &RIDER.0.to_string()),
        ("KIRANA_LAT", &degrees(door.lat_e7())),
        ("KIRANA_LNG", &degrees(door.lng_e7())),
        ("KIRANA_CUSTOMER", &people.customer),
        ("KIRANA_PACKER", &people.packer),
        ("KIRANA_RIDER", &people.rider),
        ("KIRANA_ADMIN", &people.admin),
    ]
    .map(|(name, value)| format!("export {name}='{value}'\n"))
    .concat()
}

/// Writes a file that nobody else may read: it has tokens.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    // A file of before may be open to others: its rights do not change by writing to it.
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())
}

/// The zones that ship with the program.
fn zones() -> Result<Vec<Zone>, String> {
    let parsed = geojson::parse(ZONES.as_bytes(), "name");
    let parsed = parsed.map_err(|no| format!("the demo zones are broken: {no:?}"))?;
    let zone = |feature: geojson::Parsed| {
        Some(Zone {
            id: feature.id?.zone_id(STORE_ID),
            store_id: STORE_ID,
            name: feature.name?,
            kind: feature.kind?,
            area: feature.area,
            weather: Weather::Normal,
        })
    };
    let zones = parsed.features.into_iter().map(zone).collect::<Option<Vec<_>>>();
    let zones = zones.filter(|zones| parsed.refused.is_empty() && !zones.is_empty());
    zones.ok_or_else(|| format!("the demo zones are broken: {:?}", parsed.refused))
}

fn store() -> Result<Store, String> {
    let broken = |error: &dyn std::fmt::Display| format!("the demo store is broken: {error}");
    let file: StoreFile = serde_json::from_str(STORE).map_err(|error| broken(&error))?;
    let body = json!({
        "code": file.code, "gstin": file.gstin, "name": file.name, "address": file.address,
        "location": { "lat": file.lat, "lng": file.lng },
        "hours": { "opens": file.opens, "closes": file.closes },
    })
    .to_string();
    let request: StoreRequest = serde_json::from_str(&body).map_err(|error| broken(&error))?;
    let store = request.into_store(STORE_ID);
    let store = store.map_err(|errors| format!("the demo store is broken: {errors:?}"))?;
    Ok(Store { state: Text::parse(STATE).ok(), ..store })
}

/// Returns the command that makes a rider known to the demo store.
fn rider(rider_id: PersonId, name: &str, phone: &str) -> Command {
    let (capacity, on_shift, personal) = (None, None, rider_contact(name, phone));
    let command = RiderCommand::Save { store_id: STORE_ID, capacity, on_shift, personal };
    PersonCommand::Rider { rider_id, command }.into()
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

/// A door in the demo's zone.
fn door() -> Point {
    Point::new(255_200_000, 902_100_000).expect("a place on earth")
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
    let (coupon, point, basket) = (None, Some(door()), &basket);
    let priced = engine.price(&Wanted { store_id: STORE_ID, basket, coupon, point })?.ok()?;
    Some((priced.quote, items))
}

fn welcome(engine: &Engine, place: &Place<'_>, people: &People, file: &Path) -> String {
    let url = place.url;
    let (token, staff) = (&people.customer, &people.admin);
    let mut text = format!(
        "\nDemo store: Dayliz Tura, {STORE_ID}\n\nToken of a customer:\n{token}\n\n\
         Token of a packer:\n{}\n\nToken of a rider, {RIDER}:\n{}\n\n\
         Token of an admin, who is support as well:\n{staff}\n",
        people.packer, people.rider
    );
    if let Some(checkout) = &place.checkout {
        _ = write!(text, "\nA stand-in for Razorpay runs; customers pay at {checkout}/pay\n");
    }
    let file = file.display();
    let Some((quote, items)) = first_order(engine) else {
        text.push_str("\nThe demo store is sold out: receive stock to order again.\n");
        return text;
    };
    let point = door();
    let degrees = |e7: i32| f64::from(e7) / 10_000_000.0;
    let body = json!({
        "store_id": STORE_ID.0,
        "items": items,
        "payment_method": "cod",
        "expected_total_paise": quote.sums.total.0,
        "delivery_address": {
            "name": "Asha", "line1": "12, Hawakhana", "city": "Tura",
            "pincode": "794001", "phone": "+919876543210",
            "lat": degrees(point.lat_e7()), "lng": degrees(point.lng_e7()),
        },
    });
    let key = Uuid::now_v7();
    _ = write!(
        text,
        "\nPlace an order (send it twice: the key makes it one order):\n\
         curl -sS {url}/v1/orders -H 'Authorization: Bearer {token}' \
         -H 'Idempotency-Key: \"{key}\"' -H 'Content-Type: application/json' -d '{body}'\n\
         \nRead your orders:\n\
         curl -sS {url}/v1/orders -H 'Authorization: Bearer {token}'\n\
         \nWhat can be done next, with the order's id for ORDER (all of it is in {file}):\n\
         . {file}\n\
         curl -sS -X POST {url}/v1/orders/ORDER/accept -H \"Authorization: Bearer $KIRANA_PACKER\" \
         -H 'Idempotency-Key: accept-the-first-order'\n\
         curl -sS -X POST {url}/v1/orders/ORDER/pack -H \"Authorization: Bearer $KIRANA_PACKER\" \
         -H 'Idempotency-Key: pack-the-first-order'\n\
         curl -sS {url}/v1/orders/ORDER/invoice?format=html \
         -H \"Authorization: Bearer $KIRANA_CUSTOMER\"\n\
         \nThe whole life of an order that is paid online, from a checkout of the source:\n\
         bash api/demo/walk.sh {file}\n"
    );
    text
}
