//! Stores, their settings, and what they sell.
//!
//! A product is a whole value: changing one field defines it anew, and orders keep the value that
//! they were placed with.

mod decide;
mod product;

pub use decide::{CatalogueCommand, NewProduct};
pub use product::{About, Item, Product};

use crate::digest::Digester;
use crate::limits::{LABEL_CHARS_MAX, NAME_CHARS_MAX};
use crate::time::MinuteOfDay;
use crate::{
    Bps, Customer, Event, FastMap, GstTable, Paise, ProductId, Question, StoreId, Text, Weather,
    ZoneBook, search,
};
use product::optional;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One step of a delivery fee table: item totals under `below` pay `fee`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeStep {
    /// The first item total that no longer pays this fee.
    pub below: Paise,
    /// The fee, tax included.
    pub fee: Paise,
}

/// The bounds of cash on delivery. The defaults are those of the shop's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodRules {
    /// Largest total of a customer's first order.
    pub first_maximum: Paise,
    /// Largest total while few orders were delivered.
    pub new_maximum: Paise,
    /// Largest total after that.
    pub regular_maximum: Paise,
    /// Deliveries after which a customer is regular.
    pub regular_after: u32,
    /// Deliveries after which a customer is trusted.
    pub trusted_after: u32,
    /// Orders within an hour from which on cash is refused; 0 for no such bound.
    pub orders_per_hour: u32,
    /// Risk (0 to 100) above which cash is refused.
    pub risk_max: u8,
}

impl Default for CodRules {
    fn default() -> Self {
        Self {
            first_maximum: Paise::rupees(1_500),
            new_maximum: Paise::rupees(2_000),
            regular_maximum: Paise::rupees(5_000),
            regular_after: 3,
            trusted_after: 20,
            orders_per_hour: 5,
            risk_max: 70,
        }
    }
}

impl CodRules {
    /// No bound but the store's own maximum.
    pub const OPEN: Self = Self {
        first_maximum: Paise(i64::MAX),
        new_maximum: Paise(i64::MAX),
        regular_maximum: Paise(i64::MAX),
        regular_after: 0,
        trusted_after: 0,
        orders_per_hour: 0,
        risk_max: 100,
    };

    /// Returns the largest total that a customer may pay in cash, by their earlier orders.
    pub fn maximum(&self, customer: &Customer) -> Paise {
        match customer {
            Customer { placed: 0, .. } => self.first_maximum,
            Customer { delivered, .. } if *delivered < self.regular_after => self.new_maximum,
            Customer { delivered, .. } if *delivered < self.trusted_after => self.regular_maximum,
            _ => Paise(i64::MAX),
        }
    }
}

/// A dark store and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its id.
    pub id: StoreId,
    /// Short code in front of its order numbers: 2 to 8 of `A-Z0-9`.
    pub code: Text<8>,
    /// Its name.
    pub name: Text<NAME_CHARS_MAX>,
    /// Its address, on one line.
    pub address: Text<NAME_CHARS_MAX>,
    /// Latitude and longitude in millionths of a degree (WGS 84).
    pub location: (i32, i32),
    /// Opening and closing time of each day.
    pub hours: (MinuteOfDay, MinuteOfDay),
    /// Delivery fees, by rising item total; from the last step on delivery is free.
    pub fee_steps: Vec<FeeStep>,
    /// GST inside the delivery fee, once the store is registered.
    pub fee_gst: Bps,
    /// Smallest item total that may be ordered.
    pub order_minimum: Paise,
    /// Largest total of an order.
    pub order_maximum: Paise,
    /// Largest total that may be paid in cash on delivery, by customers who are trusted.
    pub cod_maximum: Paise,
    /// The bounds of cash on delivery for the others.
    pub cod: CodRules,
    /// The delivery fee in bad weather; never free.
    pub bad_weather_fee: Paise,
    /// Minutes from and to which delivery is promised, in normal and in bad weather.
    pub promise: [(u16, u16); 2],
    /// The shop's GST number. Without one it is not registered, and charges no GST.
    pub gstin: Option<Text<15>>,
    /// The state that it is in, for invoices.
    pub state: Option<Text<LABEL_CHARS_MAX>>,
    /// The time that an unpaid order holds its units, in minutes.
    pub hold_minutes: u32,
    /// True when somebody has decided that the store delivers to every place on earth; otherwise it
    /// delivers within its delivery zones, and without one nowhere.
    pub delivers_anywhere: bool,
}

impl Store {
    /// Builds a store with the defaults of `product.md`: ₹25 under ₹200, ₹20 under ₹499, then free;
    /// minimum ₹99; maximum ₹2,00,000; cash up to ₹8,000; 15 minutes to pay; 08:00 to 21:00; 18 %
    /// GST in the fee; delivery within zones.
    pub fn with_defaults(
        id: StoreId,
        code: Text<8>,
        name: Text<NAME_CHARS_MAX>,
        address: Text<NAME_CHARS_MAX>,
    ) -> Self {
        let hour = |hour: u16| MinuteOfDay::new(hour * 60).expect("an hour of the day");
        Self {
            id,
            code,
            name,
            address,
            location: (0, 0),
            hours: (hour(8), hour(21)),
            fee_steps: vec![
                FeeStep { below: Paise::rupees(200), fee: Paise::rupees(25) },
                FeeStep { below: Paise::rupees(499), fee: Paise::rupees(20) },
            ],
            fee_gst: Bps(1_800),
            order_minimum: Paise::rupees(99),
            order_maximum: Paise::rupees(200_000),
            cod_maximum: Paise::rupees(8_000),
            cod: CodRules::default(),
            bad_weather_fee: Paise::rupees(30),
            promise: [(15, 30), (30, 45)],
            gstin: None,
            state: None,
            hold_minutes: 15,
            delivers_anywhere: false,
        }
    }

    /// Returns the rate that the store charges where `rate` is in force: none without a GST number,
    /// because only a registered person may collect the tax (section 32(1) of the CGST Act, 2017).
    pub fn charged(&self, rate: Bps) -> Bps {
        if self.gstin.is_some() { rate } else { Bps(0) }
    }

    /// Returns the delivery fee for an item total, in some weather.
    pub fn delivery_fee(&self, item_total: Paise, weather: Weather) -> Paise {
        if weather != Weather::Normal {
            return self.bad_weather_fee;
        }
        // Steps rise, so the first one above the total is the one that counts.
        self.fee_steps
            .iter()
            .find(|step| item_total < step.below)
            .map_or(Paise::ZERO, |step| step.fee)
    }

    fn write_to(&self, digest: &mut Digester) {
        digest.id(self.id.0).bytes(self.code.as_bytes()).bytes(self.name.as_bytes());
        digest.bytes(self.address.as_bytes()).count(self.fee_steps.len());
        for step in &self.fee_steps {
            digest.numbers(&[step.below.0, step.fee.0]);
        }
        digest.numbers(&[
            self.location.0.into(),
            self.location.1.into(),
            self.hours.0.get().into(),
            self.hours.1.get().into(),
            self.fee_gst.0.into(),
            self.order_minimum.0,
            self.order_maximum.0,
            self.cod_maximum.0,
            self.hold_minutes.into(),
            self.cod.first_maximum.0,
            self.cod.new_maximum.0,
            self.cod.regular_maximum.0,
            self.cod.regular_after.into(),
            self.cod.trusted_after.into(),
            self.cod.orders_per_hour.into(),
            self.cod.risk_max.into(),
            self.bad_weather_fee.0,
        ]);
        for (from, to) in self.promise {
            digest.numbers(&[from.into(), to.into()]);
        }
        digest.bytes(optional(self.gstin.as_deref())).bytes(optional(self.state.as_deref()));
        // Only what is new is added, so that the digests of older checkpoints stay what they were.
        if self.delivers_anywhere {
            digest.bytes(b"delivers anywhere");
        }
    }
}

/// A store with its products.
#[derive(Clone, Debug)]
struct Shop {
    store: Arc<Store>,
    products: FastMap<ProductId, Arc<Product>>,
    /// For listing in the order of names: lower-case name and id.
    by_name: BTreeMap<(String, ProductId), Listed>,
}

/// A product in the list of its store, with the words that it is found by.
#[derive(Clone, Debug)]
struct Listed {
    product: Arc<Product>,
    words: Box<str>,
    /// The count of products that the store had when this one came.
    arrival: usize,
}

/// All stores and products, with the tax table and the map.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    shops: BTreeMap<StoreId, Shop>,
    /// Rates of GST.
    pub gst: GstTable,
    /// Zones that stores deliver to.
    pub zones: ZoneBook,
}

impl Catalogue {
    /// Returns the store of that id.
    pub fn store(&self, id: StoreId) -> Option<&Arc<Store>> {
        self.shops.get(&id).map(|shop| &shop.store)
    }

    /// Returns all stores, by id.
    pub fn stores(&self) -> impl Iterator<Item = &Arc<Store>> {
        self.shops.values().map(|shop| &shop.store)
    }

    /// Returns a product of a store.
    pub fn product(&self, store_id: StoreId, id: ProductId) -> Option<&Arc<Product>> {
        self.shops.get(&store_id)?.products.get(&id)
    }

    /// Returns a product that a store sells now.
    pub fn sold(&self, store_id: StoreId, id: ProductId) -> Option<&Arc<Product>> {
        self.product(store_id, id).filter(|product| product.is_active)
    }

    /// Returns the number of products of all stores.
    pub fn products_count(&self) -> usize {
        self.shops.values().map(|shop| shop.products.len()).sum()
    }

    /// Returns products of a store in the order of their lower-case names, strictly after `after`.
    pub fn products_after(
        &self,
        store_id: StoreId,
        after: Option<(String, ProductId)>,
    ) -> impl Iterator<Item = &Arc<Product>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        self.shops
            .get(&store_id)
            .into_iter()
            .flat_map(move |shop| shop.by_name.range((from.clone(), Unbounded)))
            .map(|(_, listed)| &listed.product)
    }

    /// Returns all products of a store in the order in which they came. For checkpoints.
    pub fn products_by_arrival(&self, store_id: StoreId) -> Vec<&Arc<Product>> {
        let shop = self.shops.get(&store_id);
        let mut listed: Vec<_> = shop.into_iter().flat_map(|shop| shop.by_name.values()).collect();
        listed.sort_unstable_by_key(|listed| listed.arrival);
        listed.into_iter().map(|listed| &listed.product).collect()
    }

    /// Returns the products that a store sells and a question finds, in the order of their names,
    /// strictly after `after`, each with the number of products that came before it. Only when
    /// nothing has its words, those are found that nearly have them.
    pub fn search<'a>(
        &'a self,
        store_id: StoreId,
        question: &'a Question,
        after: Option<(String, ProductId)>,
    ) -> impl Iterator<Item = (&'a Arc<Product>, usize)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let shop = self.shops.get(&store_id);
        let sold = |listed: &&Listed| listed.product.is_active;
        let all = || shop.into_iter().flat_map(|shop| shop.by_name.values()).filter(sold);
        let is_exact = all().any(|listed| question.is_in(&listed.words));
        let listed = shop.into_iter().flat_map(move |shop| {
            shop.by_name.range((from.clone(), Unbounded)).map(|(_, listed)| listed)
        });
        let fits = move |listed: &&Listed| {
            let words = &listed.words;
            if is_exact { question.is_in(words) } else { question.is_nearly_in(words) }
        };
        listed.filter(sold).filter(fits).map(|listed| (&listed.product, listed.arrival))
    }

    /// Returns true for the facts that [`Catalogue::evolve`] follows.
    pub fn concerns(event: &Event) -> bool {
        event.is_of_catalogue()
    }

    /// Applies a change of a store, a product, a zone or a rate; other events are ignored.
    pub fn evolve(&mut self, event: &Event) {
        // So that a fact that the table of kinds does not mark is missed in every test, and not
        // only where state is kept behind locks.
        if !Self::concerns(event) {
            return;
        }
        self.zones.evolve(event);
        match event {
            Event::GstRatesSet { rates } => self.gst.set(rates),
            Event::StoreOpened { store } | Event::StoreChanged { store } => {
                self.shops
                    .entry(store.id)
                    .and_modify(|shop| shop.store = Arc::clone(store))
                    .or_insert_with(|| Shop {
                        store: Arc::clone(store),
                        products: FastMap::default(),
                        by_name: BTreeMap::new(),
                    });
            }
            Event::ProductDefined { product, .. } => {
                let Some(shop) = self.shops.get_mut(&product.store_id) else {
                    unreachable!("a product is only defined in a store that the log has opened")
                };
                let mut arrival = shop.products.len();
                if let Some(old) = shop.products.insert(product.id, Arc::clone(product)) {
                    let old = shop.by_name.remove(&listing_key(&old));
                    arrival = old.expect("each product is listed").arrival;
                }
                let about =
                    [Some(&*product.name), product.brand.as_deref(), product.unit.as_deref()];
                let words = search::words(about.into_iter().flatten().chain([&*product.sku]));
                let listed = Listed { product: Arc::clone(product), words, arrival };
                shop.by_name.insert(listing_key(product), listed);
                assert_eq!(shop.products.len(), shop.by_name.len(), "each product is listed once");
            }
            _ => (),
        }
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        self.gst.write_to(digest);
        self.zones.write_to(digest);
        digest.count(self.shops.len());
        for shop in self.shops.values() {
            shop.store.write_to(digest);
            digest.count(shop.products.len());
            for (_, product) in shop.products.sorted() {
                product.write_to(digest);
            }
        }
    }
}

/// Returns the place of a product in the listing of its store.
pub fn listing_key(product: &Product) -> (String, ProductId) {
    (product.name.to_lowercase(), product.id)
}
