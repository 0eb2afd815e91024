//! A shop in process: the real engine over a disk in memory, a clock that stands still, and words
//! for what people do in it.
//!
//! [`Town`] is what outlives a crash: the disk and the clock. [`Shop`] is one start of the engine.

use kirana_domain::catalogue::CodRules;
use kirana_domain::order::Preference;
use kirana_domain::record::Reason;
use kirana_domain::time::MinuteOfDay;
use kirana_domain::{
    About, Basket, BasketLine, Bps, CatalogueCommand, Digest, HoldRules, Item, Lsn, NewProduct,
    Order, OrderId, Paise, PaymentMethod, PersonId, Principal, Product, ProductId, ReceivedLine,
    Record, Rejection, RequestKey, Role, State, Stock, StockChange, Store, StoreId, Text, Weather,
};
use kirana_engine::{
    Command, Config, Engine, ManualClock, Outcome, PlaceOrder, Progress, Receipt, Request,
    SubmitError,
};
use kirana_storage::{
    Fault, FaultyJournal, Journal, JournalReader, MemoryDisk, MemoryJournal, Vault,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub use PaymentMethod::{Cod, Razorpay};

/// The store of every test.
pub const STORE: StoreId = StoreId(Uuid::from_u128(0x5704e));
/// When the clock of a town starts: 2025-01-01T00:00:00Z.
pub const START_MS: i64 = 1_735_689_600_000;
/// What every product costs, so that no basket is below the store's minimum.
pub const PRICE: Paise = Paise::rupees(100);
/// The outcome of a command.
pub type Answer = Result<Receipt, SubmitError>;

/// A text that is known to be valid.
///
/// # Panics
/// If it is not.
pub fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).expect("a text of a test is valid")
}

/// The store with its defaults, except that it never closes and delivers anywhere, and that large baskets of anybody may
/// be paid in cash too.
///
/// # Panics
/// Never: a day has 1,440 minutes.
pub fn store() -> Store {
    let name = text("Dayliz Test");
    let store = Store::with_defaults(STORE, text("TEST"), name, text("Main Bazaar, Tura"));
    let minute = |minute| MinuteOfDay::new(minute).expect("a minute of the day");
    Store {
        hours: (minute(0), minute(24 * 60)),
        cod: CodRules::OPEN,
        cod_maximum: Paise::rupees(200_000),
        order_maximum: Paise::rupees(400_000),
        gstin: Some(text("17AAAAA0000A1Z3")),
        delivers_anywhere: true,
        ..store
    }
}

/// The id of a product.
pub fn id_of(name: &str) -> ProductId {
    ProductId::of_sku(STORE, name)
}

/// A product that costs [`PRICE`], with so many units on hand.
pub fn product(name: &str, opening_units: u32) -> NewProduct {
    let item = Item {
        id: id_of(name),
        sku: text(name),
        name: text(name),
        unit: Some(text("1 pc")),
        hsn: Some(text("0401")),
        price: PRICE,
        gst: Bps(500),
    };
    let product = Product {
        store_id: STORE,
        item: Arc::new(item),
        brand: None,
        category: None,
        mrp: PRICE,
        max_per_order: 99,
        is_active: true,
        about: About::default(),
    };
    NewProduct { product, opening_units }
}

fn person(role: Role, n: u64) -> Principal {
    let id = Uuid::from_u128((u128::from(n) << 64) | (u128::from(n) + 1) | ((role as u128) << 56));
    Principal { role, person_id: PersonId(id), store_id: None }
}

/// The n-th customer.
pub fn customer(n: u64) -> Principal {
    person(Role::Customer, n)
}

/// Who runs the shop.
pub fn admin() -> Principal {
    person(Role::Admin, 0)
}

/// Who helps customers.
pub fn support() -> Principal {
    person(Role::Support, 0)
}

/// The key of a request whose body has nothing special.
pub fn key(name: &str) -> RequestKey {
    key_for(name, "the same body")
}

/// A key with the body that it was sent with.
pub fn key_for(name: &str, body: &str) -> RequestKey {
    let hash = |text: &str| Uuid::new_v5(&STORE.0, text.as_bytes()).into_bytes();
    RequestKey { id: hash(name), fingerprint: hash(body) }
}

/// A reason that somebody wrote.
pub fn reason(words: &str) -> Reason {
    text(words)
}

/// Names and units, as a list of a test.
pub type Lines<'a> = &'a [(&'a str, u32)];

/// The command that places an order, with the total that the store shows for it.
///
/// # Panics
/// If the lines are not a basket.
pub fn order_of(by: Principal, lines: Lines<'_>, payment_method: PaymentMethod) -> Command {
    let line = |(name, quantity): &(&str, u32)| BasketLine {
        product_id: id_of(name),
        quantity: *quantity,
    };
    let basket = Basket::parse(lines.iter().map(line).collect()).expect("a basket of a test");
    let subtotal = PRICE * lines.iter().map(|(_, units)| units).sum::<u32>();
    let expected_total = subtotal + store().delivery_fee(subtotal, Weather::Normal);
    Command::PlaceOrder(PlaceOrder {
        store_id: STORE,
        customer_id: by.person_id,
        basket,
        payment_method,
        expected_total,
        point: None,
        coupon: None,
        preference: Preference::Refund,
        from_cart: false,
        personal: b"Hawakhana, Tura".to_vec(),
    })
}

/// The command that receives units.
pub fn receipt_of(lines: Lines<'_>) -> Command {
    let line = |(name, units): &(&str, u32)| ReceivedLine {
        product_id: id_of(name),
        units: *units,
        reason: None,
    };
    Command::ReceiveStock { store_id: STORE, lines: lines.iter().map(line).collect() }
}

/// The command that corrects counts.
pub fn adjustment_of(lines: &[(&str, i32)]) -> Command {
    let line = |(name, delta): &(&str, i32)| StockChange {
        product_id: id_of(name),
        delta: *delta,
        reason: reason("counted"),
    };
    Command::AdjustStock { store_id: STORE, lines: lines.iter().map(line).collect() }
}

/// What outlives a crash. Clones are the same town.
#[derive(Clone, Debug)]
pub struct Town {
    /// The disk.
    pub disk: MemoryDisk,
    /// The clock.
    pub clock: Arc<ManualClock>,
    /// The bounds of each start.
    pub config: Config,
}

impl Default for Town {
    fn default() -> Self {
        // Most tests have few customers, who order what others would hold.
        let config = Config {
            timer_tick: Duration::from_millis(1),
            holds: HoldRules::OPEN,
            ..Config::default()
        };
        let clock = Arc::new(ManualClock::at(START_MS));
        Self { disk: MemoryDisk::new(), clock, config }
    }
}

impl Town {
    /// A start of the engine on what the disk has.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(&self) -> Shop {
        self.start_with([]).await
    }

    /// A start on a journal that fails as told. The engine's own first record is append 1.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(&self, faults: impl Into<Vec<Fault>>) -> Shop {
        let journal = MemoryJournal::open(&self.disk).expect("the disk has no damage");
        let journal = Box::new(FaultyJournal::new(journal, faults));
        Shop::over(journal, Vault::memory_seeded(1), self).await
    }

    /// A first start with products and their units on hand.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn open(&self, products: Lines<'_>) -> Shop {
        let shop = self.start().await;
        shop.open_store(products).await;
        shop
    }
}

/// One start of the engine.
pub struct Shop {
    /// The engine.
    pub engine: Engine,
    reader: Arc<dyn JournalReader>,
}

impl Shop {
    /// A start on any journal.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn over(journal: Box<dyn Journal>, vault: Vault, town: &Town) -> Self {
        let reader = journal.reader();
        let clock: Arc<ManualClock> = Arc::clone(&town.clock);
        let engine = Engine::over(journal, vault, town.config.clone(), clock);
        Self { engine: engine.await.expect("the engine starts"), reader }
    }

    /// A new town with a shop in it.
    pub async fn with(products: Lines<'_>) -> (Town, Self) {
        let town = Town::default();
        let shop = town.open(products).await;
        (town, shop)
    }

    /// A start on the embedded log of a directory, with its checkpoints.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn in_dir(dir: &Path, town: &Town) -> Self {
        let clock: Arc<ManualClock> = Arc::clone(&town.clock);
        let engine = Engine::open(dir, town.config.clone(), clock, Progress::new());
        let engine = engine.await.expect("the engine starts");
        Self { reader: engine.log_reader(), engine }
    }

    /// Opens the store and defines products.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn open_store(&self, products: Lines<'_>) {
        self.ask(admin(), None, CatalogueCommand::OpenStore { store: store() }.into())
            .await
            .expect("opened");
        let products = products.iter().map(|(name, units)| product(name, *units)).collect();
        let command = CatalogueCommand::DefineProducts { store_id: STORE, products }.into();
        self.ask(admin(), None, command).await.expect("defined");
    }

    /// Submits a command.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn ask(&self, by: Principal, key: Option<RequestKey>, command: Command) -> Answer {
        self.engine.submit(Request { by, key, command, deadline: None }).await
    }

    /// The n-th customer orders.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn buy(&self, n: u64, lines: Lines<'_>, payment_method: PaymentMethod) -> Answer {
        let by = customer(n);
        self.ask(by, None, order_of(by, lines, payment_method)).await
    }

    /// The n-th customer cancels.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn cancel(&self, n: u64, order_id: OrderId) -> Answer {
        self.ask(customer(n), None, Command::cancel(order_id, None)).await
    }

    /// Units come in.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn receive(&self, lines: Lines<'_>) -> Answer {
        self.ask(admin(), None, receipt_of(lines)).await
    }

    /// Counts are corrected.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn adjust(&self, lines: &[(&str, i32)]) -> Answer {
        self.ask(admin(), None, adjustment_of(lines)).await
    }

    /// The ledger of a product.
    pub fn stock(&self, name: &str) -> Stock {
        self.engine.stock(STORE, id_of(name)).0
    }

    /// An order as it is now.
    ///
    /// # Panics
    /// If there is none.
    pub async fn order(&self, id: OrderId) -> Arc<Order> {
        self.engine.order(id).await.expect("the log is readable").expect("the order is there")
    }

    /// The log from its beginning.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn log(&self) -> Vec<(Lsn, Record)> {
        self.batches().into_iter().flatten().collect()
    }

    /// The log from its beginning, by batches: each is one decision, whole or absent.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn batches(&self) -> Vec<Vec<(Lsn, Record)>> {
        let batches = self.reader.read(kirana_storage::Lsn(1));
        let decode = |batch: Result<kirana_storage::Batch, _>| {
            let batch = batch.expect("the log is readable");
            let decoded = |(lsn, bytes): (kirana_storage::Lsn, &[u8])| {
                (Lsn(lsn.0), kirana_engine::decode(bytes).expect("a record of ours"))
            };
            batch.records().map(decoded).collect::<Vec<_>>()
        };
        batches.map(decode).collect()
    }

    /// The state that the log leads to, folded here from its beginning.
    pub fn replayed(&self) -> State {
        let mut state = State::default();
        for (lsn, record) in self.log() {
            assert!(state.evolve(lsn, &record).is_empty(), "record {lsn} breaks the stock law");
        }
        state
    }

    /// Checks what is true of every shop at rest: the live state is the replay of its log, and the
    /// books of these products balance and agree with their orders.
    ///
    /// # Panics
    /// If it is not.
    pub async fn audit(&self, names: &[&str]) -> Digest {
        self.settled().await;
        let state = self.replayed();
        assert_eq!(state.digest(), self.engine.digest(), "the replay is the live state");
        for name in names {
            let stock = self.stock(name);
            assert!(stock.law_holds() && !stock.breached, "{name}: {stock:?}");
        }
        state.digest()
    }

    /// Waits until nothing is being worked on and every order is asleep.
    ///
    /// # Panics
    /// If that takes ten seconds.
    pub async fn settled(&self) {
        let is_settled = || {
            let stats = self.engine.stats();
            stats.in_flight == 0 && stats.orders_awake == 0
        };
        eventually("nothing is in flight", is_settled).await;
    }
}

/// Waits until something is so.
///
/// # Panics
/// If it is not so within ten seconds.
pub async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited ten seconds for: {what}");
}

/// The order of an answer.
///
/// # Panics
/// If the answer is something else.
pub fn order_in(answer: &Answer) -> Arc<Order> {
    match answer {
        Ok(Receipt { outcome: Outcome::Order(order), .. }) => Arc::clone(order),
        other => panic!("expected an order, got {other:?}"),
    }
}

/// The rejection of an answer.
///
/// # Panics
/// If the answer is something else.
pub fn rejection_in(answer: &Answer) -> Arc<Rejection> {
    match answer {
        Err(SubmitError::Rejected { rejection, .. }) => Arc::clone(rejection),
        other => panic!("expected a rejection, got {other:?}"),
    }
}

/// The short lines of an answer: product, wanted, available.
///
/// # Panics
/// If the answer is something else.
pub fn short_lines(answer: &Answer) -> Vec<(String, u32, u32)> {
    match &*rejection_in(answer) {
        Rejection::InsufficientStock { issues } | Rejection::AdjustBelowZero { issues } => issues
            .iter()
            .map(|issue| (issue.product_name.to_string(), issue.requested, issue.available))
            .collect(),
        other => panic!("expected short lines, got {other:?}"),
    }
}

/// Numbers that look random and follow from a seed (splitmix64), so that a seed names a run.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// A number from `low` to `high`, both included.
    ///
    /// # Panics
    /// If the range is empty.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + u32::try_from(self.roll(u64::from(high - low) + 1)).expect("below a u32")
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = self.roll(list.len() as u64);
        &list[usize::try_from(at).expect("below the length")]
    }
}
