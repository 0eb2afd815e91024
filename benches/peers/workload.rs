//! The workload: what each of the customers buys, the same for every peer.

use kirana_benches::product_id;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Products of the shop.
pub(crate) const PRODUCTS: u64 = 1_000;
/// Paise of one unit of each product: every basket is above the limit of free delivery.
pub(crate) const PRICE_PAISE: u64 = 100_000;
/// Units of the product that too many want.
pub(crate) const SCARCE_UNITS: u64 = 1_000;
/// What a customer's app sends along: an address of usual length.
pub(crate) const ADDRESS: &str = r#"{"name":"A. Sangma","line1":"Hawakhana, 2nd Floor, H-24","landmark":"near the park","city":"Tura","pincode":"794001","phone":"9876543210","lat":25.5222,"lng":90.2114}"#;

/// Which products a basket has, one unit of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Three of all.
    Uniform,
    /// One that everybody wants, and two others.
    Hot,
    /// The baskets of a grocer: 1 to 32 lines, 4.4 in the mean, 169 products.
    Real,
    /// One product of which there are [`SCARCE_UNITS`].
    Scarce,
}

impl Mix {
    /// Returns the name of a mix as a table and a command line have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mix::Uniform => "uniform",
            Mix::Hot => "hot",
            Mix::Real => "real",
            Mix::Scarce => "scarce",
        }
    }

    /// Returns the mix of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Mix::Uniform, Mix::Hot, Mix::Real, Mix::Scarce].into_iter().find(|mix| mix.name() == name)
    }

    /// Returns the units that there are of each product in the beginning.
    pub(crate) fn opening_units(self) -> u64 {
        if self == Mix::Scarce { SCARCE_UNITS } else { 1_000_000 }
    }
}

/// The baskets of a run, and the ids of products as text, made once.
pub(crate) struct Workload {
    mix: Mix,
    ids: Vec<String>,
    baskets: Vec<Vec<usize>>,
}

impl Workload {
    /// Makes the workload ready. Real baskets are read from the shared data, or from the small set
    /// of the tests where that is not there.
    pub(crate) fn new(mix: Mix) -> Self {
        let baskets = if mix == Mix::Real { real_baskets() } else { Vec::new() };
        Self { mix, ids: (0..PRODUCTS).map(|n| product_id(n).to_string()).collect(), baskets }
    }

    /// Returns the product ids of the n-th basket.
    pub(crate) fn basket(&self, n: u64) -> Vec<&str> {
        let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let index = |n: u64| usize::try_from(n).expect("a small number");
        let first = index(random % 300);
        let others = [index(300 + random / 300 % 300), index(600 + random / 90_000 % 400)];
        let products = match self.mix {
            Mix::Uniform => vec![first, others[0], others[1]],
            Mix::Hot => vec![0, others[0], others[1]],
            Mix::Real => self.baskets[index(n % self.baskets.len() as u64)].clone(),
            Mix::Scarce => vec![0],
        };
        products.into_iter().map(|product| self.ids[product].as_str()).collect()
    }
}

fn real_baskets() -> Vec<Vec<usize>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("KIRANA_SHARED_DATA")
        .map_or_else(|| top.join("../shared/data"), PathBuf::from)
        .join("groceries-arules/groceries.csv");
    let text = std::fs::read_to_string(shared)
        .or_else(|_| std::fs::read_to_string(top.join("tests/data/baskets.csv")))
        .expect("the project has baskets of its own");
    let lines = text.lines().filter(|line| !line.is_empty());
    let baskets: Vec<BTreeSet<&str>> =
        lines.map(|line| line.split(',').map(str::trim).collect()).collect();
    let names: BTreeSet<&str> = baskets.iter().flatten().copied().collect();
    let names: Vec<&str> = names.into_iter().collect();
    assert!(names.len() as u64 <= PRODUCTS, "every name stands for a product of the shop");
    let index = |name: &&str| names.binary_search(name).expect("it is one of them");
    baskets.iter().map(|basket| basket.iter().map(index).collect()).collect()
}
