//! How long does a search among 30,000 products take?
//!
//! `cargo bench -p kirana-benches --bench search`; `PRODUCTS` and `ROUNDS` change the count of
//! products and how often each question is asked. The budget of the slowest kind of question is
//! 5 ms for 99 of 100. The floor is one look at every product's words.

use hdrhistogram::Histogram;
use kirana_benches::STORE;
use kirana_benches::report::{heading, setting, timed};
use kirana_domain::{
    About, Bps, Catalogue, Event, Item, Paise, Product, ProductId, Question, Store, Text,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Products of one page.
const PAGE: usize = 20;

const BRANDS: &[&str] = &[
    "Aashirvaad",
    "Amul",
    "Britannia",
    "Dabur",
    "Fortune",
    "Haldiram's",
    "India Gate",
    "MDH",
    "Mother Dairy",
    "Nestle",
    "Parle",
    "Patanjali",
    "Saffola",
    "Tata Sampann",
    "Tura Fresh",
];
const KINDS: &[&str] = &[
    "Atta",
    "Basmati Rice",
    "Biscuits",
    "Chana Dal",
    "Coconut Oil",
    "Cow Ghee",
    "Curd",
    "Honey",
    "Mustard Oil",
    "Paneer",
    "Poha",
    "Salt",
    "Sugar",
    "Sunflower Oil",
    "Tea",
    "Toned Milk",
    "Toor Dal",
    "Turmeric Powder",
    "दूध",
    "आटा",
];
const SORTS: &[&str] = &[
    "Classic", "Gold", "Lite", "Organic", "Premium", "Select", "Sharbati", "Special", "Superior",
    "Whole",
];
const SIZES: &[&str] = &["100 g", "200 g", "500 g", "1 kg", "5 kg", "500 ml", "1 l", "2 l"];

/// Questions as they are typed: a kind of each, and the question.
const QUESTIONS: &[(&str, &str)] = &[
    ("all", ""),
    ("a common word", "oil"),
    ("words in another order", "5kg atta aashirvaad"),
    ("a rare word", "sku 29999"),
    ("Devanagari", "दूध"),
    ("a typo", "sunflowr"),
    ("a typo in three words", "aashirvad sharbati ata"),
    ("nothing", "bicycle pump"),
];

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).expect("a text of the bench is valid")
}

fn product(n: usize) -> Product {
    let of = |list: &[&'static str], n: usize| list[n % list.len()];
    let (kind, sort) = (of(KINDS, n), of(SORTS, n / KINDS.len()));
    let (size, brand) = (of(SIZES, n / 200), of(BRANDS, n / 1_600));
    let item = Item {
        id: ProductId(Uuid::from_u128(n as u128)),
        sku: text(&format!("SKU-{n}")),
        name: text(&format!("{brand} {sort} {kind}")),
        unit: Some(text(size)),
        hsn: None,
        price: Paise::rupees(100),
        gst: Bps(500),
    };
    Product {
        store_id: STORE,
        item: Arc::new(item),
        brand: Some(text(brand)),
        category: Some(text("Staples")),
        mrp: Paise::rupees(100),
        max_per_order: 10,
        is_active: true,
        about: About::default(),
    }
}

fn main() {
    let (products, rounds) = (setting("PRODUCTS", 30_000), setting("ROUNDS", 500));
    heading(&format!("A page of {PAGE} found among {products} products"));
    let catalogue = filled(usize::try_from(products).expect("a small number"));
    let floor = floor(&catalogue, rounds);
    println!("floor: one look at every product {:.3} ms", ms(floor.value_at_quantile(0.5)));
    println!("| question | kind | found | p50 ms | p99 ms |\n|---|---|---|---|---|");
    for (kind, asked) in QUESTIONS {
        let mut found = 0;
        let times = ask(rounds, || found = page(&catalogue, asked));
        let [p50, p99] = [0.5, 0.99].map(|q| ms(times.value_at_quantile(q)));
        println!("| {asked} | {kind} | {found} | {p50:.3} | {p99:.3} |");
    }
}

fn filled(products: usize) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let store = Store::with_defaults(STORE, text("BENCH"), text("Bench"), text("Tura"));
    catalogue.evolve(&Event::StoreOpened { store: Arc::new(store) });
    for n in 0..products {
        let product = Arc::new(product(n));
        catalogue.evolve(&Event::ProductDefined { product, opening_units: 1 });
    }
    catalogue
}

/// Returns how many products the first page of a question has.
fn page(catalogue: &Catalogue, asked: &str) -> usize {
    let question = Question::new(asked);
    std::hint::black_box(catalogue.search(STORE, &question, None)).take(PAGE).count()
}

fn floor(catalogue: &Catalogue, rounds: u64) -> Histogram<u64> {
    ask(rounds, || {
        std::hint::black_box(catalogue.products_after(STORE, None).count());
    })
}

fn ask(rounds: u64, mut question: impl FnMut()) -> Histogram<u64> {
    let mut times = Histogram::new(3).expect("a histogram");
    for _ in 0..rounds {
        let ((), took) = timed(&mut question);
        times.record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)).expect("it has room");
    }
    times
}

fn ms(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64() * 1_000.0
}
