//! A shop over HTTP: who comes, what is sold, what is asked, and what must be true of the answers.

use crate::http::{Client, Request};
use crate::process::SECRET;
use kirana_api::auth::Tokens;
use kirana_domain::{PersonId, Principal, ProductId, Role, StoreId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use uuid::Uuid;

/// Tokens of tests are good for a day.
const TOKEN_S: i64 = 24 * 60 * 60;
/// Pages of one list; more would be a list that never ends.
const PAGES_MAX: usize = 2_000;

/// A signed token.
pub fn token(role: Role, person: Uuid, store: Option<StoreId>) -> String {
    let principal = Principal { role, person_id: PersonId(person), store_id: store };
    Tokens::new(SECRET.as_bytes()).sign(&principal, TOKEN_S)
}

/// The n-th customer.
pub fn customer_id(n: u64) -> Uuid {
    Uuid::from_u128(0xc0_0000_0000_0000 << 64 | u128::from(n))
}

/// The token of the n-th customer.
pub fn customer(n: u64) -> String {
    token(Role::Customer, customer_id(n), None)
}

/// The token of who runs the shop.
pub fn admin() -> String {
    token(Role::Admin, Uuid::from_u128(0xad), None)
}

/// The `cod` member of a store in which everybody may pay in cash, as often as they like.
pub fn no_cod_rules() -> Value {
    json!({
        "first_maximum_paise": 1_000_000_000, "new_maximum_paise": 1_000_000_000,
        "regular_maximum_paise": 1_000_000_000, "regular_after": 0, "trusted_after": 0,
        "orders_per_hour": 0, "risk_max": 100,
    })
}

/// A product of a test's shop.
#[derive(Clone, Debug)]
pub struct Goods {
    /// Its id, made from its SKU, which is its name.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// What one unit costs.
    pub price_paise: i64,
    /// Opening stock.
    pub units: u32,
}

/// A store that is open, with what it sells.
#[derive(Clone, Debug)]
pub struct Market {
    /// The store.
    pub store_id: StoreId,
    /// What it sells.
    pub goods: Vec<Goods>,
}

/// Lines of a basket: which of the goods, and how many.
pub type Lines = Vec<(usize, u32)>;

impl Market {
    /// Opens a store over HTTP and imports its goods: name, price in paise, opening stock.
    ///
    /// # Panics
    /// If it is refused.
    pub fn open(client: &mut Client, goods: &[(&str, i64, u32)]) -> Self {
        let store_id = StoreId(Uuid::now_v7());
        let body = json!({
            "store_id": store_id.0, "code": "TST", "name": "Dayliz Test",
            "address": "Main Bazaar, Tura", "order_minimum_paise": 0, "gstin": "17AAAAA0000A1Z3",
            "hours": { "opens": "00:00", "closes": "24:00" }, "delivers_anywhere": true,
            "order_maximum_paise": 1_000_000_000, "cod_maximum_paise": 1_000_000_000,
            "cod": no_cod_rules(),
        });
        let key = format!("open-{}", store_id.0);
        client.ask(&Request::post("/v1/stores").token(&admin()).key(&key).json(&body)).expect(201);
        let goods = goods.iter().map(|(name, price_paise, units)| Goods {
            id: ProductId::of_sku(store_id, name),
            name: (*name).to_owned(),
            price_paise: *price_paise,
            units: *units,
        });
        let market = Self { store_id, goods: goods.collect() };
        market.import(client);
        market
    }

    fn import(&self, client: &mut Client) {
        let mut csv = "sku,name,price_paise,stock,gst_percent\n".to_owned();
        for goods in &self.goods {
            let Goods { name, price_paise, units, .. } = goods;
            _ = writeln!(csv, "\"{name}\",\"{name}\",{price_paise},{units},5");
        }
        let request = Request::post(self.path("/products/import")).token(&admin());
        let report = client.ask(&request.body("text/csv", csv)).expect(200);
        assert_eq!(report["accepted"], self.goods.len(), "{report}");
        assert_eq!(report["refused"], 0, "{report}");
    }

    /// A path below the store.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/stores/{}{rest}", self.store_id)
    }

    /// The total of a basket: its items, and the delivery fee of a store with the defaults.
    pub fn total(&self, lines: &[(usize, u32)]) -> i64 {
        let paise =
            |(index, units): &(usize, u32)| self.goods[*index].price_paise * i64::from(*units);
        let items: i64 = lines.iter().map(paise).sum();
        match items {
            ..20_000 => items + 2_500,
            20_000..49_900 => items + 2_000,
            _ => items,
        }
    }

    /// The body of an order, paid in cash.
    pub fn order(&self, lines: &[(usize, u32)]) -> Value {
        let item = |(index, units): &(usize, u32)| {
            let product_id = self.goods[*index].id.0;
            json!({ "product_id": product_id, "quantity": units })
        };
        json!({
            "store_id": self.store_id.0,
            "items": lines.iter().map(item).collect::<Vec<_>>(),
            "payment_method": "cod",
            "expected_total_paise": self.total(lines),
            "delivery_address": {
                "name": "Asha", "line1": "12, Hawakhana", "city": "Tura",
                "pincode": "794001", "phone": "+919876543210",
            },
        })
    }

    /// The request of the n-th customer for these lines.
    pub fn place(&self, customer_n: u64, key: &str, lines: &[(usize, u32)]) -> Request {
        let request = Request::post("/v1/orders").token(&customer(customer_n)).key(key);
        request.json(&self.order(lines))
    }

    /// The whole count of one of the goods.
    ///
    /// # Panics
    /// If it is refused.
    pub fn count(&self, client: &mut Client, index: usize) -> Count {
        let path = self.path(&format!("/stock/{}", self.goods[index].id));
        Count::of(&client.ask(&Request::get(path).token(&admin())).expect(200))
    }

    /// The whole count of each of the goods.
    pub fn counts(&self, client: &mut Client) -> Vec<Count> {
        (0..self.goods.len()).map(|index| self.count(client, index)).collect()
    }

    /// Every order of the store, newest first, by pages; no order may stand on two.
    ///
    /// # Panics
    /// If the list is not whole, or not in order.
    pub fn orders(&self, client: &mut Client) -> Vec<Value> {
        let path = format!("/v1/orders?store_id={}&limit=100", self.store_id);
        let orders = all_pages(client, &path, Some(&admin()));
        let ids: BTreeSet<_> = orders.iter().map(|order| order["id"].to_string()).collect();
        assert_eq!(ids.len(), orders.len(), "an order stands in the list once");
        // An order's lsn is that of its last change, so only those without one are compared.
        let untouched = orders.iter().filter(|order| order["version"] == 1);
        let lsns: Vec<_> = untouched.map(|order| order["lsn"].as_u64()).collect();
        assert!(lsns.is_sorted_by(|a, b| a > b), "newest first");
        orders
    }

    /// Everything of the shop that can be seen from outside.
    pub fn visible_state(&self, client: &mut Client) -> (Vec<Count>, Vec<Value>) {
        (self.counts(client), self.orders(client))
    }
}

/// All entries of a list.
///
/// # Panics
/// If it is refused, or never ends.
pub fn all_pages(client: &mut Client, path: &str, token: Option<&str>) -> Vec<Value> {
    let get = |path: String| match token {
        Some(token) => Request::get(path).token(token),
        None => Request::get(path),
    };
    let mut entries = Vec::new();
    let mut page = client.ask(&get(path.to_owned())).expect(200);
    for _ in 0..PAGES_MAX {
        entries.extend(page["data"].as_array().expect("a list has data").iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(page["has_more"], false);
            return entries;
        };
        assert_eq!(page["has_more"], true);
        page = client.ask(&get(format!("{path}&cursor={cursor}"))).expect(200);
    }
    panic!("the list {path} does not end");
}

/// The counts of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the terms of the stock law")]
pub struct Count {
    pub received: i64,
    pub returned: i64,
    pub adjusted: i64,
    pub available: i64,
    pub held: i64,
    pub allocated: i64,
    pub shipped: i64,
}

impl Count {
    fn of(stock: &Value) -> Self {
        let term = |name: &str| stock[name].as_i64().expect("a count is a whole number");
        let count = Self {
            received: term("received"),
            returned: term("returned"),
            adjusted: term("adjusted"),
            available: term("available"),
            held: term("held"),
            allocated: term("allocated"),
            shipped: term("shipped"),
        };
        count.assert_law();
        count
    }

    /// `received + returned + adjusted = available + held + allocated + shipped`, none negative
    /// but the adjustments.
    ///
    /// # Panics
    /// If it is broken.
    pub fn assert_law(&self) {
        let Self { received, returned, adjusted, available, held, allocated, shipped } = *self;
        assert_eq!(
            received + returned + adjusted,
            available + held + allocated + shipped,
            "{self:?}"
        );
        let terms = [received, returned, available, held, allocated, shipped];
        assert!(terms.iter().all(|term| *term >= 0), "{self:?}");
    }
}
