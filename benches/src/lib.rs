//! What the benches share: a shop with products, a place on disk, medians, and a floor.

pub mod allocator;
pub mod floor;
pub mod report;

use kirana_domain::catalogue::CodRules;
use kirana_domain::order::Preference;
use kirana_domain::time::MinuteOfDay;
use kirana_domain::{
    About, Basket, BasketLine, Bps, CatalogueCommand, HoldRules, Item, NewProduct, Paise,
    PaymentMethod, PersonId, Principal, Product, ProductId, RequestKey, Role, Store, StoreId, Text,
};
use kirana_engine::{Clock, Command, Config, Engine, PlaceOrder, Progress, Request, SystemClock};
use kirana_storage::{Options, SledJournal, Vault};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// The store of every bench.
pub const STORE: StoreId = StoreId(Uuid::from_u128(0x5704e));
/// What every product costs: three of them pay no delivery fee.
pub const PRICE: Paise = Paise::rupees(200);
/// Customers that take turns.
pub const CUSTOMERS: u64 = 10_000;

/// The n-th product of the store.
pub fn product_id(n: u64) -> ProductId {
    // The bits of a random UUID, so that ids spread over shards as real ones do.
    ProductId(Uuid::new_v5(&STORE.0, &n.to_le_bytes()))
}

/// The n-th customer.
pub fn customer(n: u64) -> Principal {
    let person_id = PersonId(Uuid::new_v5(&STORE.0, &(n | 1 << 63).to_le_bytes()));
    Principal { role: Role::Customer, person_id, store_id: None }
}

fn admin() -> Principal {
    Principal { role: Role::Admin, ..customer(u64::MAX) }
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).expect("a text of the bench is valid")
}

/// A new engine on the embedded log in `dir`, with a store of `products` products.
///
/// # Panics
/// If the engine cannot be set up; a bench has no other way to go on.
pub async fn shop(dir: &Path, products: u64) -> Engine {
    let journal = SledJournal::open(dir, &Options::default()).expect("a new log opens");
    let vault = Vault::open(&dir.join("vault")).expect("a new vault opens");
    let clock = Arc::new(SystemClock);
    let config = Config { holds: HoldRules::OPEN, ..Config::default() };
    let engine =
        Engine::over(Box::new(journal), vault, config, clock).await.expect("the engine starts");
    open_store(&engine, products).await;
    engine
}

/// A new engine in `dir` with its checkpointer, which takes checkpoints, and a store of `products`
/// products.
///
/// # Panics
/// If the engine cannot be set up.
pub async fn kept_shop(dir: &Path, products: u64, config: Config, clock: Arc<dyn Clock>) -> Engine {
    // The customers of a bench order without end, and nothing is delivered to them.
    let config = Config { holds: HoldRules::OPEN, ..config };
    let engine = Engine::open(dir, config, clock, Progress::new()).await;
    let engine = engine.expect("the engine starts");
    open_store(&engine, products).await;
    engine
}

async fn open_store(engine: &Engine, products: u64) {
    let minute = |minute| MinuteOfDay::new(minute).expect("a minute of the day");
    let store = Store {
        hours: (minute(0), minute(24 * 60)),
        cod: CodRules::OPEN,
        cod_maximum: Paise::rupees(100_000),
        delivers_anywhere: true,
        ..Store::with_defaults(STORE, text("BENCH"), text("Bench"), text("Main Bazaar, Tura"))
    };
    run(engine, CatalogueCommand::OpenStore { store }.into()).await;
    for first in (0..products).step_by(200) {
        let products = (first..products.min(first + 200)).map(new_product).collect();
        run(engine, CatalogueCommand::DefineProducts { store_id: STORE, products }.into()).await;
    }
}

async fn run(engine: &Engine, command: Command) {
    let request = Request { by: admin(), key: None, command, deadline: None };
    engine.submit(request).await.expect("the shop is set up");
}

fn new_product(n: u64) -> NewProduct {
    let item = Item {
        id: product_id(n),
        sku: text(&format!("SKU-{n:06}")),
        name: text(&format!("Toned Milk {n}, 500 ml")),
        unit: Some(text("500 ml")),
        hsn: Some(text("0401")),
        price: PRICE,
        gst: Bps(500),
    };
    let product = Product {
        store_id: STORE,
        item: Arc::new(item),
        brand: Some(text("Tura Fresh")),
        category: Some(text("Dairy")),
        mrp: PRICE,
        max_per_order: 99,
        is_active: true,
        about: About::default(),
    };
    NewProduct { product, opening_units: 100_000_000 }
}

/// What a customer's app sends along: an address of usual length.
pub const PERSONAL: &[u8] = br#"{"name":"A. Sangma","line1":"Hawakhana, 2nd Floor, H-24","landmark":"near the park","city":"Tura","pincode":"794001","phone":"9876543210","lat":25.5222,"lng":90.2114}"#;

/// Ids of products and customers, made once: a benchmark must not measure their hashing.
pub struct People {
    products: Vec<ProductId>,
    customers: Vec<Principal>,
}

impl People {
    /// Products and [`CUSTOMERS`].
    pub fn new(products: u64) -> Self {
        let customers = (0..CUSTOMERS).map(customer).collect();
        Self { products: (0..products).map(product_id).collect(), customers }
    }
}

fn at<T: Copy>(list: &[T], n: u64) -> T {
    list[usize::try_from(n).expect("a small number") % list.len()]
}

/// The n-th checkout: one unit of each product, cash on delivery, with a key of its own.
///
/// # Panics
/// Never: the basket is valid.
pub fn checkout(people: &People, n: u64, products: &[u64]) -> Request {
    let by = at(&people.customers, n);
    let line = |n: &u64| BasketLine { product_id: at(&people.products, *n), quantity: 1 };
    let basket = Basket::parse(products.iter().map(line).collect()).expect("a valid basket");
    let expected_total = PRICE * u32::try_from(products.len()).expect("a few lines");
    let mut id = [0; 16];
    // Keys are hashes: spread them as hashes are.
    id[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    id[8..].copy_from_slice(&n.wrapping_mul(0xD6E8_FEB8_6659_FD93).to_be_bytes());
    Request {
        by,
        key: Some(RequestKey { id, fingerprint: id }),
        command: Command::PlaceOrder(PlaceOrder {
            store_id: STORE,
            customer_id: by.person_id,
            basket,
            payment_method: PaymentMethod::Cod,
            expected_total,
            point: None,
            coupon: None,
            preference: Preference::Refund,
            from_cart: false,
            personal: PERSONAL.to_vec(),
        }),
        deadline: None,
    }
}
