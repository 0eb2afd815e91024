//! A shop that takes money: the program, the stand-in for Razorpay beside it, and everybody who
//! works there. Its store is open at any hour.

use crate::http::{Answer, Client, Request};
use crate::market::{Goods, Market, admin, customer, token};
use crate::process::{HOLD_BOUNDS, Program, Server};
use kirana_api::razorpay::sim::{
    self, Config, Faults, KEY_ID, KEY_SECRET, Running, WEBHOOK_SECRET,
};
use kirana_domain::{ProductId, Role, StoreId};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Where webhooks go.
pub const WEBHOOK_PATH: &str = "/v1/payments/webhook/razorpay";
/// How long something may take to come about, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// See the module.
pub struct Stage {
    /// The program.
    pub server: Server,
    /// How it was started.
    pub program: Program,
    /// The store.
    pub market: Market,
    standin: SocketAddr,
    _running: Option<Running>,
    _runtime: Runtime,
    _dir: TempDir,
    keys: AtomicU64,
}

/// How a stage is to be.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// What shall go wrong at the provider, as `kirana razorpay-sim --faults` has it.
    pub faults: &'a str,
    /// When the provider's books are read for the first time after an attempt to pay.
    pub first_look_ms: u64,
    /// How long an unpaid order holds its units.
    pub hold_minutes: u32,
    /// Records from one checkpoint to the next.
    pub checkpoint_records: u64,
    /// Whether the program has its own bounds on what one customer may hold.
    pub has_hold_bounds: bool,
    /// What is sold: name, price in paise, opening stock.
    pub goods: &'a [(&'a str, i64, u32)],
}

impl Default for Setting<'_> {
    fn default() -> Self {
        let goods = &[("milk", 5_000, 100), ("bread", 4_000, 100), ("rice", 30_000, 100)];
        let checkpoint_records = kirana_engine::Config::default().checkpoint_records;
        Self {
            faults: "none",
            first_look_ms: 20_000,
            hold_minutes: 15,
            checkpoint_records,
            has_hold_bounds: false,
            goods,
        }
    }
}

/// The token of a packer of a store.
pub fn packer(store_id: StoreId) -> String {
    token(Role::Packer, Uuid::from_u128(0x9ac), Some(store_id))
}

/// The riders that a stage knows: these, and the one of the number 0.
const RIDERS: u64 = 4;

/// The path of the riders of a store.
pub fn riders_of(store_id: StoreId) -> String {
    format!("/v1/stores/{store_id}/riders")
}

/// The n-th rider.
pub fn rider_id(n: u64) -> Uuid {
    Uuid::from_u128(0xde_0000_0000_0000 << 64 | u128::from(n))
}

/// The token of the n-th rider.
pub fn rider(n: u64) -> String {
    token(Role::Rider, rider_id(n), None)
}

/// The token of support.
pub fn support() -> String {
    token(Role::Support, Uuid::from_u128(0x50), None)
}

impl Stage {
    /// Starts the stand-in and the program, and opens the store. `exe` is
    /// `env!("CARGO_BIN_EXE_…")`.
    ///
    /// # Panics
    /// When one of them does not start.
    pub fn open(exe: &str, setting: &Setting<'_>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let runtime = Runtime::new().expect("a runtime");
        let program = Program::new(exe, dir.path());
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            webhook_url: Some(format!("http://{}{WEBHOOK_PATH}", program.address)),
            faults: Faults::parse(setting.faults).expect("faults"),
            time_scale: 0.01,
            ..Config::default()
        };
        let running = runtime.block_on(sim::start(config)).expect("a stand-in");
        let host = running.url.trim_start_matches("http://").trim_end_matches("/v1");
        let standin = host.parse().expect("an address");
        let program = program
            .set("KIRANA_RAZORPAY_URL", &running.url)
            .set("KIRANA_RAZORPAY_KEY_ID", KEY_ID)
            .set("KIRANA_RAZORPAY_KEY_SECRET", KEY_SECRET)
            .set("KIRANA_RAZORPAY_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .set("KIRANA_RAZORPAY_WEBHOOK_SECRET_PREVIOUS", "the_secret_of_yesterday")
            .set("KIRANA_FIRST_LOOK_MS", setting.first_look_ms)
            .set("KIRANA_ENGINE_CHECKPOINT_RECORDS", setting.checkpoint_records);
        let bounds = HOLD_BOUNDS.iter().filter(|_| setting.has_hold_bounds);
        let program = bounds.fold(program, |program, name| program.unset(name));
        let server = program.start();
        let market = open_store(&mut server.client(), setting);
        Self {
            server,
            program,
            market,
            standin,
            _running: Some(running),
            _runtime: runtime,
            _dir: dir,
            keys: AtomicU64::new(0),
        }
    }

    /// Kills the program as a power cut would, and starts it again.
    #[must_use]
    pub fn killed(self) -> Self {
        let Self { server, program, .. } = self;
        server.kill();
        let server = program.start();
        Self { server, program, ..self }
    }

    /// A client of the program.
    pub fn client(&self) -> Client {
        self.server.client()
    }

    /// Reads.
    pub fn get(&self, token: &str, path: &str) -> Answer {
        self.client().ask(&Request::get(path).token(token))
    }

    /// A request with a key of its own.
    pub fn request(&self, token: &str, path: &str, body: &Value) -> Request {
        let key = format!("the-key-of-a-stage-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        Request::post(path).token(token).key(&key).json(body)
    }

    /// Posts with a key of its own.
    pub fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.client().ask(&self.request(token, path, body))
    }

    /// Makes a move of an order.
    pub fn act(&self, token: &str, order: &Value, name: &str, body: &Value) -> Answer {
        self.post(token, &format!("{}/{name}", path_of(order)), body)
    }

    /// Brings an order that is placed to its door, with the first rider.
    ///
    /// # Panics
    /// When a step is refused.
    pub fn deliver(&self, order: &Value, cash_paise: &Value) {
        let (packer, rider_1) = (packer(self.market.store_id), rider(1));
        for (token, name, body) in [
            (&packer, "accept", json!({})),
            (&packer, "pack", json!({})),
            (&support(), "assign", json!({ "rider_id": rider_id(1), "reason": "nearest" })),
            (&rider_1, "accept-assignment", json!({})),
            (&rider_1, "picked-up", json!({})),
            (&rider_1, "out-for-delivery", json!({})),
            (&rider_1, "delivered", json!({ "cash_collected_paise": cash_paise })),
        ] {
            self.act(token, order, name, &body).expect(200);
        }
    }

    /// Places an order that is refused for nothing.
    ///
    /// # Panics
    /// When it is refused.
    pub fn place(&self, customer_n: u64, method: &str, lines: &[(usize, u32)]) -> Value {
        let mut body = self.market.order(lines);
        body["payment_method"] = json!(method);
        self.post(&customer(customer_n), "/v1/orders", &body).expect(201)
    }

    /// As [`Stage::place`], with what the customer wants when something is missing.
    ///
    /// # Panics
    /// When it is refused.
    pub fn place_with(&self, customer_n: u64, substitution: &str, lines: &[(usize, u32)]) -> Value {
        let mut body = self.market.order(lines);
        body["payment_method"] = json!("razorpay");
        body["substitution"] = json!(substitution);
        self.post(&customer(customer_n), "/v1/orders", &body).expect(201)
    }

    /// Goes to pay; answers what the checkout is opened with.
    ///
    /// # Panics
    /// When it is refused, or the provider is too slow.
    pub fn start_payment(&self, customer_n: u64, order: &Value) -> Value {
        self.act(&customer(customer_n), order, "payments", &json!({})).expect(201)
    }

    /// Pays at the stand-in; `more` is merged into what it is asked.
    ///
    /// # Panics
    /// When the stand-in is not there.
    pub fn pay(&self, started: &Value, more: &Value) -> Value {
        let mut ask = json!({ "order_id": started["order_id"], "method": "upi" });
        for (name, value) in more.as_object().into_iter().flatten() {
            ask[name] = value.clone();
        }
        self.standin("POST", "/sim/pay", &ask)
    }

    /// Brings back what the checkout gave.
    pub fn verify(&self, customer_n: u64, brought: &Value) -> Answer {
        self.post(&customer(customer_n), "/v1/payments/razorpay/verify", brought)
    }

    /// Places an order and pays it.
    ///
    /// # Panics
    /// When it is not placed in the end.
    pub fn paid(&self, customer_n: u64, lines: &[(usize, u32)]) -> Value {
        self.pay_for(customer_n, &self.place(customer_n, "razorpay", lines))
    }

    /// Pays an order.
    ///
    /// # Panics
    /// When it is not placed in the end.
    pub fn pay_for(&self, customer_n: u64, order: &Value) -> Value {
        let started = self.start_payment(customer_n, order);
        let brought = self.pay(&started, &json!({}));
        self.verify(customer_n, &brought).expect(200);
        self.until("the order is placed", || {
            let now = self.order(order);
            (now["status"] == "placed" && now["payment_status"] == "completed").then_some(now)
        })
    }

    /// The order as it is now, as support sees it.
    pub fn order(&self, order: &Value) -> Value {
        self.get(&support(), &path_of(order)).expect(200)
    }

    /// Its money, as support sees it.
    pub fn payments(&self, order: &Value) -> Value {
        self.get(&support(), &format!("{}/payments", path_of(order))).expect(200)
    }

    /// What happened to an order, by name.
    ///
    /// # Panics
    /// When it is refused.
    pub fn events(&self, order: &Value) -> Vec<String> {
        let history = self.get(&support(), &format!("{}/history", path_of(order))).expect(200);
        let facts = history["data"].as_array().expect("a history has data");
        facts.iter().map(|fact| fact["event"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Asks the stand-in.
    ///
    /// # Panics
    /// When it is not there.
    pub fn standin(&self, method: &'static str, path: &str, body: &Value) -> Value {
        Client::new(self.standin).ask(&Request::new(method, path).json(body)).json()
    }

    /// Everything that the stand-in knows.
    pub fn books(&self) -> Value {
        Client::new(self.standin).ask(&Request::get("/sim/state")).json()
    }

    /// Waits until something has come about.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let asked = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(
                asked.elapsed() < PATIENCE * 2,
                "not in time: {what}\n{}",
                self.server.stderr()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The path of an order.
///
/// # Panics
/// When it has no id.
pub fn path_of(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().expect("an order has an id"))
}

fn open_store(client: &mut Client, setting: &Setting<'_>) -> Market {
    let store_id = StoreId(Uuid::now_v7());
    let body = json!({
        "store_id": store_id.0, "code": "STG", "name": "Dayliz Stage",
        "address": "Main Bazaar, Tura", "order_minimum_paise": 0,
        "hours": { "opens": "00:00", "closes": "24:00" }, "hold_minutes": setting.hold_minutes,
        "delivers_anywhere": true,
    });
    let key = format!("open-{}", store_id.0);
    client.ask(&Request::post("/v1/stores").token(&admin()).key(&key).json(&body)).expect(201);
    for n in 0..=RIDERS {
        let body = json!({
            "rider_id": rider_id(n), "name": format!("Rider {n}"),
            "phone": format!("98765{n:05}"), "capacity": 50,
        });
        let (key, path) = (format!("rider-{n}-of-{}", store_id.0), riders_of(store_id));
        client.ask(&Request::post(&path).token(&admin()).key(&key).json(&body)).expect(200);
    }
    let mut csv = "sku,name,price_paise,stock,gst_percent\n".to_owned();
    for (name, price_paise, units) in setting.goods {
        _ = writeln!(csv, "\"{name}\",\"{name}\",{price_paise},{units},5");
    }
    let goods = setting.goods.iter().map(|(name, price_paise, units)| Goods {
        id: ProductId::of_sku(store_id, name),
        name: (*name).to_owned(),
        price_paise: *price_paise,
        units: *units,
    });
    let market = Market { store_id, goods: goods.collect() };
    let import = Request::post(market.path("/products/import")).token(&admin());
    let report = client.ask(&import.body("text/csv", csv)).expect(200);
    assert_eq!(report["accepted"], market.goods.len(), "{report}");
    market
}
