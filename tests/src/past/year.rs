//! A year of real trade, read once: what was sold, and every basket with its moment.
//!
//! The real set is that of four shops in 2017 (`completejourney-stores`): 126,406 lines of 10,505
//! baskets once those without units or of 100 and more (fuel, coupons) are left out. Cents of a
//! dollar are taken as paise, and `quantity × unit price − discount` is what was paid, to the
//! paisa. Where the set is not, our own few baskets stand in, with times that are made up.

use crate::data;
use flate2::read::GzDecoder;
use kirana_domain::time::AtMs;
use kirana_domain::{
    About, Bps, CalendarDay, Fee, Item, OrderLine, Paise, Product, ProductId, Store, Sums, Text,
    Weather, limits,
};
use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::Arc;
use uuid::Uuid;

mod shops;
pub use shops::store_id;

const FOLDER: &str = "completejourney-stores";
const DAY_MS: i64 = 24 * 60 * 60_000;
/// The data's year; it is repeated as one of 365 days.
pub const YEAR_MS: i64 = 365 * DAY_MS;

/// Something that one of the shops sold.
#[derive(Clone, Debug)]
pub struct Good {
    /// As it is defined.
    pub product: Arc<Product>,
    /// Most units of it in one basket.
    pub most: u32,
}

/// One basket. A real one of more than 50 lines is two of these, of the same moment.
#[derive(Clone, Debug)]
pub struct Basket {
    /// When it was bought.
    pub at_ms: AtMs,
    /// Which of the shops: an index.
    pub shop: usize,
    /// Which household: an index.
    pub household: usize,
    /// What was bought, sorted by product.
    pub lines: Vec<OrderLine>,
    /// Which good each line is of.
    pub goods: Vec<usize>,
    /// What it costs.
    pub sums: Sums,
}

/// See the module.
#[derive(Debug)]
pub struct Year {
    /// True when it is the real set.
    pub is_real: bool,
    /// The shops.
    pub shops: Vec<Arc<Store>>,
    /// What they sold.
    pub goods: Vec<Good>,
    /// Households that bought.
    pub households: usize,
    /// The baskets, by time.
    pub baskets: Vec<Basket>,
    /// What was paid for all of them, without delivery fees.
    pub paid: Paise,
    /// Units of all of them.
    pub units: u64,
}

/// A line as a file has it.
struct Row {
    at_ms: AtMs,
    shop: usize,
    household: u32,
    basket: u64,
    sku: u32,
    quantity: u32,
    paid: Paise,
    off: Paise,
}

impl Row {
    /// The price on the shelf, such that all units of it cost no less than was paid.
    fn price(&self) -> Paise {
        let (all, units) = ((self.paid + self.off).0, i64::from(self.quantity));
        Paise(((all + units - 1) / units).max(1))
    }
}

/// What a product file says.
struct Named {
    name: String,
    unit: String,
    brand: String,
    category: String,
    gst: Bps,
}

impl Year {
    /// The real year; our own few baskets where it is not.
    ///
    /// # Panics
    /// When a file is not what it was when this was written.
    pub fn read() -> Self {
        let read = |name| data::shared(&format!("{FOLDER}/{name}")).map(|bytes| unzip(&bytes));
        let rows = read("transactions_4stores_2017.csv.gz");
        match (rows, read("products_4stores.csv.gz")) {
            (Some(rows), Some(products)) => Self::of(rows_of(&rows), &named_of(&products), true),
            _ => Self::own(),
        }
    }

    /// Our own few baskets, one every two hours, at prices that are made up.
    ///
    /// # Panics
    /// Never: the file is ours.
    pub fn own() -> Self {
        let baskets = data::baskets(data::own("baskets.csv"));
        let mut names: BTreeMap<&str, u32> = BTreeMap::new();
        for name in baskets.iter().flatten() {
            let next = u32::try_from(names.len()).expect("a few names");
            names.entry(name).or_insert(next);
        }
        let mut rows = Vec::new();
        for (index, basket) in (0_u32..).zip(&baskets) {
            for (place, name) in (0_u32..).zip(basket) {
                let sku = names[name.as_str()];
                let quantity = 1 + (index + place) % 3;
                let price = 99 + i64::from(sku) * 37;
                let off = if (index + place) % 4 == 0 { 7 } else { 0 };
                rows.push(Row {
                    at_ms: day(2017, 1, 1) + i64::from(index) * DAY_MS / 12,
                    shop: index as usize % 4,
                    household: index % 23,
                    basket: index.into(),
                    sku,
                    quantity,
                    paid: Paise(price * i64::from(quantity) - off),
                    off: Paise(off),
                });
            }
        }
        let goods = names.iter().map(|(name, sku)| {
            let (name, unit) = ((*name).to_owned(), String::new());
            let (brand, category) = (String::new(), String::new());
            (*sku, Named { name, unit, brand, category, gst: Bps(500) })
        });
        Self::of(rows, &goods.collect(), false)
    }

    fn of(rows: Vec<Row>, named: &HashMap<u32, Named>, is_real: bool) -> Self {
        let shops: Vec<_> = (0..4).map(|n| Arc::new(shops::shop(n))).collect();
        let mut year = Self {
            is_real,
            goods: Vec::new(),
            households: 0,
            baskets: Vec::new(),
            paid: rows.iter().map(|row| row.paid).sum(),
            units: rows.iter().map(|row| u64::from(row.quantity)).sum(),
            shops,
        };
        let places = year.stock_up(&rows, named);
        let mut households = HashMap::new();
        let mut of_basket: Vec<Row> = Vec::new();
        for row in rows {
            if of_basket.first().is_some_and(|first| first.basket != row.basket) {
                year.add(&of_basket, &places, &mut households);
                of_basket.clear();
            }
            of_basket.push(row);
        }
        year.add(&of_basket, &places, &mut households);
        year.households = households.len();
        assert!(year.baskets.is_sorted_by_key(|basket| basket.at_ms), "the data is by time");
        year
    }

    /// Defines what was sold, at the price that each product had most often.
    fn stock_up(
        &mut self,
        rows: &[Row],
        named: &HashMap<u32, Named>,
    ) -> HashMap<(usize, u32), usize> {
        let mut sold: BTreeMap<(usize, u32), (BTreeMap<Paise, u32>, u32)> = BTreeMap::new();
        for row in rows {
            let (prices, most) = sold.entry((row.shop, row.sku)).or_default();
            *prices.entry(row.price()).or_default() += 1;
            *most = (*most).max(row.quantity);
        }
        let mut places = HashMap::new();
        for ((shop, sku), (prices, most)) in sold {
            let usual = prices.iter().max_by_key(|(price, times)| (**times, **price));
            let (price, _) = usual.expect("it was sold at some price");
            let (mrp, _) = prices.last_key_value().expect("it was sold at some price");
            let product = product(shop, sku, named.get(&sku), *price, *mrp);
            places.insert((shop, sku), self.goods.len());
            self.goods.push(Good { product: Arc::new(product), most });
        }
        places
    }

    fn add(
        &mut self,
        rows: &[Row],
        places: &HashMap<(usize, u32), usize>,
        households: &mut HashMap<u32, usize>,
    ) {
        let Some(first) = rows.first() else { return };
        let known = households.len();
        let household = *households.entry(first.household).or_insert(known);
        let mut lines: Vec<(OrderLine, usize)> = rows
            .iter()
            .map(|row| {
                let good = places[&(row.shop, row.sku)];
                (line(row, &self.goods[good].product), good)
            })
            .collect();
        lines.sort_unstable_by_key(|(line, _)| line.item.id);
        for lines in lines.chunks(limits::BASKET_LINES_MAX) {
            let (lines, goods): (Vec<_>, Vec<_>) = lines.iter().cloned().unzip();
            let store = &self.shops[first.shop];
            let subtotal = lines.iter().map(OrderLine::gross).sum();
            let amount = store.delivery_fee(subtotal, Weather::Normal);
            let fee = Fee { amount, discount: Paise::ZERO, gst: store.fee_gst };
            let sums = Sums::of(&lines, fee);
            let (at_ms, shop) = (first.at_ms, first.shop);
            self.baskets.push(Basket { at_ms, shop, household, lines, goods, sums });
        }
    }
}

/// The line of a row: it shares its item with the product where the price is the usual one.
fn line(row: &Row, product: &Arc<Product>) -> OrderLine {
    let price = row.price();
    let item = if product.item.price == price {
        Arc::clone(&product.item)
    } else {
        Arc::new(Item { price, ..(*product.item).clone() })
    };
    let discount = price * row.quantity - row.paid;
    assert!(discount >= Paise::ZERO, "the price on the shelf is no lower than what was paid");
    OrderLine { item, quantity: row.quantity, discount }
}

fn product(shop: usize, sku: u32, named: Option<&Named>, price: Paise, mrp: Paise) -> Product {
    let number = Uuid::from_u128(u128::from(sku) | 0x5e11 << 64);
    let store_id = store_id(shop);
    let item = Item {
        id: ProductId(Uuid::new_v5(&store_id.0, number.as_bytes())),
        sku: text(&sku.to_string()),
        name: text(named.map_or("SOMETHING", |named| &named.name)),
        unit: optional(named.map(|named| &named.unit)),
        hsn: None,
        price,
        gst: named.map_or(Bps(1_800), |named| named.gst),
    };
    Product {
        store_id,
        item: Arc::new(item),
        brand: optional(named.map(|named| &named.brand)),
        category: optional(named.map(|named| &named.category)),
        mrp,
        max_per_order: limits::LINE_UNITS_MAX,
        is_active: true,
        about: About::default(),
    }
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).expect("a text of the data is within its bounds")
}

fn optional<const MAX: usize>(text: Option<&String>) -> Option<Text<MAX>> {
    text.and_then(|text| Text::parse(text).ok())
}

fn unzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).expect("the data is gzipped text");
    text
}

fn day(year: i32, month: u32, day: u32) -> AtMs {
    i64::from(CalendarDay::new(year, month, day).expect("a day of the calendar").0) * DAY_MS
}

/// The rows with 1 to 99 units. The file has no quotes, and is by time.
fn rows_of(file: &str) -> Vec<Row> {
    let mut lines = file.lines();
    let head = lines.next().unwrap_or_default();
    let expected = "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,\
                    coupon_disc,coupon_match_disc,week,transaction_timestamp";
    assert_eq!(head, expected, "the columns of the transactions");
    lines.map(row_of).filter(|row| (1..=limits::LINE_UNITS_MAX).contains(&row.quantity)).collect()
}

fn row_of(line: &str) -> Row {
    let fields: Vec<&str> = line.split(',').collect();
    let whole = |at: usize| fields[at].parse::<u64>().expect("a whole number");
    let small = |at: usize| u32::try_from(whole(at)).expect("a small number");
    let paise = |at: usize| paise_of(fields[at]);
    let shop = shops::NUMBERS.iter().position(|number| *number == small(1)).expect("a shop");
    Row {
        at_ms: moment(fields[10]),
        shop,
        household: small(0),
        basket: whole(2),
        sku: small(3),
        quantity: small(4),
        paid: paise(5),
        off: paise(6) + paise(8),
    }
}

/// An amount. Seven of them are what floats leave of nothing: `4.440892e-16`.
fn paise_of(text: &str) -> Paise {
    if text.contains("e-") {
        return Paise::ZERO;
    }
    Paise::parse_rupees(text).expect("an amount")
}

/// `2017-01-01T12:26:30`, in UTC.
fn moment(text: &str) -> AtMs {
    let days = i64::from(CalendarDay::parse(&text[..10]).expect("a day").0);
    let two = |at: usize| text[at..at + 2].parse::<i64>().expect("two digits");
    days * DAY_MS + ((two(11) * 60 + two(14)) * 60 + two(17)) * 1_000
}

fn named_of(file: &str) -> HashMap<u32, Named> {
    let named = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let (department, category) = (fields[2], fields[4]);
        let named = Named {
            name: [fields[5], category, department, "SOMETHING"]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default()
                .to_owned(),
            unit: fields[6].to_owned(),
            brand: fields[3].to_owned(),
            category: category.to_owned(),
            gst: shops::gst(department),
        };
        (fields[0].parse().expect("a product's number"), named)
    };
    file.lines().skip(1).map(named).collect()
}
