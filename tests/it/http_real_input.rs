//! Real catalogues, with all their dirt, over HTTP: every row is accepted or named.

use crate::EXE;
use kirana_tests::data;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, all_pages};
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Shop {
    dir: tempfile::TempDir,
    server: Server,
    market: Market,
}

impl Shop {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Program::new(EXE, &dir.path().join("data")).start();
        let market = Market::open(&mut server.client(), &[]);
        Self { dir, server, market }
    }

    fn import(&self, query: &str, file: &[u8]) -> Value {
        let path = self.market.path(&format!("/products/import?{query}"));
        let import = Request::post(path).token(&admin()).body("text/csv", file);
        self.server.client().ask(&import).expect(200)
    }

    fn products(&self, client: &mut Client, query: &str) -> Vec<Value> {
        all_pages(client, &self.market.path(&format!("/products?limit=100{query}")), None)
    }

    fn names(&self, query: &str) -> Vec<String> {
        let products = self.products(&mut self.server.client(), &format!("&q={query}"));
        products.iter().map(|product| product["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// Checks that a report accounts for every row, and answers how many were refused for what.
fn refusals(report: &Value, rows: u64) -> BTreeMap<String, Vec<u64>> {
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(count("accepted") + count("refused"), rows, "every row is accepted or refused");
    let mut lines = BTreeMap::<String, Vec<u64>>::new();
    for error in report["errors"].as_array().unwrap() {
        let line = error["line"].as_u64().unwrap();
        let code = error["code"].as_str().unwrap();
        assert!(error["detail"].as_str().is_some_and(|it| !it.is_empty()), "{error}");
        if code == "DUPLICATE_ROW" {
            assert!(error["first_line"].as_u64().unwrap() < line, "{error}");
        }
        lines.entry(code.to_owned()).or_default().push(line);
    }
    let named: usize = lines.values().map(Vec::len).sum();
    assert_eq!(named as u64 + count("errors_omitted"), count("refused"));
    lines
}

/// A second import of the same file finds everything as it is.
fn import_again(shop: &Shop, query: &str, file: &[u8], first: &Value) {
    let mut client = shop.server.client();
    let before = shop.products(&mut client, "");
    let again = shop.import(query, file);
    for member in ["accepted", "refused", "errors"] {
        assert_eq!(again[member], first[member], "{member}");
    }
    assert_eq!(again["unchanged"], first["accepted"], "nothing is changed");
    assert_eq!(again["lsn"], first["lsn"], "nothing is written");
    assert_eq!(shop.products(&mut client, ""), before);
    assert_eq!(before.len() as u64, first["accepted"].as_u64().unwrap());
}

const BIGBASKET: &str =
    "map=name:product,price:sale_price,mrp:market_price,sku:index&ignore=*&default_gst_percent=5";

#[test]
fn the_bigbasket_catalogue_imports_with_its_dirt_named() {
    let Some(file) = data::shared("bigbasket-catalogue/bigbasket_products.csv") else { return };
    let shop = Shop::open();
    let began = std::time::Instant::now();
    let report = shop.import(BIGBASKET, &file);
    println!("27,555 rows were imported in {} ms", began.elapsed().as_millis());
    let refused = refusals(&report, 27_555);
    let without = BIGBASKET.replace("&default_gst_percent=5", "");
    let silent = refusals(&shop.import(&without, &file), 27_555);
    assert_eq!(silent.keys().collect::<Vec<_>>(), ["GST_MISSING", "NAME_MISSING"]);
    assert_eq!(refused, BTreeMap::from([("NAME_MISSING".to_owned(), vec![14_366])]));
    assert_eq!(report["unchanged"], 0);
    import_again(&shop, BIGBASKET, &file, &report);
    // The two names with line breaks inside quotes are names on one line.
    for (words, name) in [
        ("unsweetened%20peanut%20butter%20creamy", "Unsweetened Peanut Butter Creamy"),
        ("pork%20-%20cocktail", "Pork - Cocktail Skinless Sausages"),
    ] {
        let found = shop.names(words);
        assert!(found.iter().any(|it| it == name), "{found:?}");
        assert!(found.len() < 10, "every word is asked for: {found:?}");
    }
    let first = &shop.products(&mut shop.server.client(), "&q=garlic%20oil%20-%20vegetarian")[0];
    assert_eq!((&first["price_paise"], &first["mrp_paise"]), (&json!(22_000), &json!(22_000)));
    assert_eq!(first["brand"], "Sri Sri Ayurveda", "stray spaces are cut off");

    let before = shop.products(&mut shop.server.client(), "");
    shop.server.kill();
    let server = Program::new(EXE, &shop.dir.path().join("data")).start();
    let path = shop.market.path("/products?limit=100");
    assert_eq!(all_pages(&mut server.client(), &path, None), before, "after kill -9");
}

#[test]
fn the_same_catalogue_without_skus_names_every_repeated_row() {
    let Some(file) = data::shared("bigbasket-catalogue/bigbasket_products.csv") else { return };
    let shop = Shop::open();
    let query = "map=name:product,price:sale_price,mrp:market_price&ignore=*&default_gst_percent=5";
    let report = shop.import(query, &file);
    let refused = refusals(&report, 27_555);
    assert_eq!(refused.keys().collect::<Vec<_>>(), ["DUPLICATE_ROW", "NAME_MISSING"]);
    assert!(refused["DUPLICATE_ROW"].len() >= 410, "at least the rows that are equal in all");
    import_again(&shop, query, &file, &report);
}

#[test]
fn the_zepto_catalogue_imports_in_paise_with_its_stock() {
    let Some(file) = data::shared("zepto-catalogue/zepto_v2.csv") else { return };
    let shop = Shop::open();
    let query = "map=name:Name,category:Category,price_paise:DiscountedSellingPrice,mrp_paise:MRP,\
                 unit:WeightInGms,stock:AvailableQuantity&ignore=*&default_gst_percent=5";
    let report = shop.import(query, &file);
    let refused = refusals(&report, 3_732);
    let codes = ["DUPLICATE_ROW", "MRP_NOT_POSITIVE", "NAME_INVALID"];
    assert_eq!(refused.keys().collect::<Vec<_>>(), codes);
    assert_eq!(refused["MRP_NOT_POSITIVE"], [3_608], "the shoe polish that costs nothing");
    // Letters that another encoding made control characters.
    let is_torn = |c: char| c.is_control() && !c.is_whitespace();
    let torn = |(_, line): &(u64, &str)| line.contains(is_torn);
    let text = String::from_utf8(file.clone()).unwrap();
    let torn: Vec<_> = (1..).zip(text.lines()).filter(torn).map(|(line, _)| line).collect();
    assert_eq!(refused["NAME_INVALID"], torn);
    assert!(refused["DUPLICATE_ROW"].len() >= 1_900, "products under a second category");
    import_again(&shop, query, &file, &report);
    let products = shop.products(&mut shop.server.client(), "");
    let onion = products.iter().find(|product| product["sku"] == "onion-1000").unwrap();
    let told =
        ["price_paise", "mrp_paise", "available"].map(|member| onion[member].as_i64().unwrap());
    assert_eq!(told, [2_100, 2_500, 3]);
}

/// The file has no rates: everything in it is sold without tax, and that has to be said.
const EXEMPT: &str = "default_gst_percent=0";

#[test]
fn our_own_small_catalogue_imports_with_its_dirt_named() {
    let file = data::own("catalogue.csv");
    let shop = Shop::open();
    let report = shop.import(EXEMPT, &file);
    let refused = refusals(&report, 47);
    let wanted = [
        ("DUPLICATE_ROW", vec![30, 31]),
        ("MRP_NOT_POSITIVE", vec![32]),
        ("NAME_MISSING", vec![34]),
        ("PRICE_ABOVE_MRP", vec![36]),
        ("PRICE_INVALID", vec![35]),
        ("PRICE_NEGATIVE", vec![33]),
        ("STOCK_INVALID", vec![38]),
        ("WRONG_COLUMN_COUNT", vec![37]),
    ];
    assert_eq!(refused, wanted.map(|(code, lines)| (code.to_owned(), lines)).into());
    import_again(&shop, EXEMPT, &file, &report);
    assert_eq!(shop.names("pickle"), ["Lemon Pickle"]);
    assert_eq!(shop.names("ghee"), ["Ghee Tin"]);
    assert_eq!(shop.names("jam"), ["Jam, \"Mixed Fruit\""]);
}

#[test]
fn the_command_line_imports_the_same_and_says_what_it_refused() {
    let shop = Shop::open();
    let data = shop.dir.path().join("data");
    let program = Program::new(EXE, &data);
    let file = format!("{}/data/catalogue.csv", env!("CARGO_MANIFEST_DIR"));
    let server = format!("http://{}", shop.server.address);
    let store = shop.market.store_id.to_string();
    let args = ["import", "catalogue", &file, "--store", &store, "--server", &server];
    let args = [&args[..], &["--default-gst-percent", "0"]].concat();
    let text = program.run(&args);
    assert_eq!(text.code, Some(1), "{}", text.stderr);
    assert!(
        text.stdout.starts_with("38 rows accepted (0 of them unchanged), 9 refused\n"),
        "{}",
        text.stdout
    );
    assert!(text.stdout.contains("\nline 31: DUPLICATE_ROW "), "{}", text.stdout);
    let said = "kirana: 9 rows were refused, the others are imported";
    assert_eq!(text.stderr, said, "no progress bar off a terminal");
    let json = program.run(&[&args[..], &["--output", "json", "--allow-refused"]].concat());
    assert_eq!((json.code, &*json.stderr), (Some(0), ""));
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((report["unchanged"].as_u64(), report["refused"].as_u64()), (Some(38), Some(9)));
    let gone = program.run(&[
        "import",
        "catalogue",
        "/nowhere/x.csv",
        "--store",
        &store,
        "--server",
        &server,
    ]);
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.contains("/nowhere/x.csv"), "{}", gone.stderr);
    let folder = ["import", "catalogue", "/tmp", "--store", &store, "--server", &server];
    let folder = program.run(&folder);
    assert_eq!(folder.code, Some(1));
    assert!(folder.stderr.contains("/tmp is a folder"), "{}", folder.stderr);
}
