//! The catalogue of a shop as the app sees it: found, filtered, withdrawn, and kept on the phone.

use crate::EXE;
use flate2::read::GzDecoder;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, customer};
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use std::io::Read as _;

const ROWS: &str = "sku,name,brand,category,subcategory,unit,price,gst_percent,stock,image_url,attributes.veg\r\
    A1,Select Atta,Aashirvaad,Staples,Flour > Wheat,5 kg,250,5,9,https://img.example/a.webp,yes\r\
    R1,Basmati Rice,India Gate,Staples,Rice,1 kg,180,5,0,,yes\r\
    O1,Sunflower Oil,Fortune,Oils,,1 l,160,5,4,,\r";

fn shop() -> (tempfile::TempDir, Server, Market) {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::new(EXE, &dir.path().join("data")).start();
    let market = Market::open(&mut server.client(), &[("milk", 5_000, 10), ("curd", 6_000, 10)]);
    (dir, server, market)
}

fn import(client: &mut Client, market: &Market, csv: &str) -> Value {
    let request = Request::post(market.path("/products/import")).token(&admin());
    client.ask(&request.body("text/csv", csv)).expect(200)
}

fn list(client: &mut Client, market: &Market, query: &str) -> Vec<Value> {
    let page = client.ask(&Request::get(market.path(&format!("/products?{query}")))).expect(200);
    page["data"].as_array().unwrap().clone()
}

fn skus(client: &mut Client, market: &Market, query: &str) -> Vec<String> {
    let found = list(client, market, query);
    found.iter().map(|product| product["sku"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn products_are_found_by_words_and_filters_and_the_tree_counts_them() {
    let (_dir, server, market) = shop();
    let client = &mut server.client();
    // Its lines end in carriage returns alone.
    assert_eq!(import(client, &market, ROWS)["accepted"], 3);
    for (query, expected) in [
        ("q=5kg%20atta", &["A1"][..]),
        ("q=ATTA", &["A1"]),
        ("q=sunflowr", &["O1"]),
        ("q=spaceship", &[]),
        ("category=staples", &["R1", "A1"]),
        ("category=Wheat", &["A1"]),
        ("category=Staples&in_stock=true", &["A1"]),
        ("brand=india%20gate", &["R1"]),
        ("min_price_paise=16000&max_price_paise=20000&sort=price", &["O1", "R1"]),
        ("sort=-price&limit=2", &["A1", "R1"]),
        ("sort=new&limit=2", &["O1", "R1"]),
    ] {
        assert_eq!(skus(client, &market, query), expected, "{query}");
    }
    let page = client.ask(&Request::get(market.path("/products?sort=-price&limit=2"))).expect(200);
    let next = format!("sort=-price&limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(skus(client, &market, &next), ["O1", "curd"]);
    let atta = &list(client, &market, "q=atta")[0];
    assert_eq!(atta["categories"], json!(["Staples", "Flour", "Wheat"]));
    assert_eq!((&atta["attributes"], &atta["active"]), (&json!({ "veg": "yes" }), &json!(true)));
    let tree = Request::get(format!("/v1/categories?store_id={}", market.store_id.0));
    let tree = client.ask(&tree).expect(200);
    let staples = &tree["data"][1];
    assert_eq!((&staples["name"], &staples["count"]), (&json!("Staples"), &json!(2)));
    assert_eq!(staples["image_url"], "https://img.example/a.webp");
    assert_eq!(staples["children"][0]["children"][0]["name"], "Wheat");
}

#[test]
fn a_list_is_sent_compressed_and_not_again_while_it_is_the_same() {
    let (_dir, server, market) = shop();
    let client = &mut server.client();
    let request = || Request::get(market.path("/products?limit=100"));
    let rows: Vec<_> = (0..60).map(|n| format!("S{n},Product {n},10,5\n")).collect();
    let rows = rows.concat();
    import(client, &market, &format!("sku,name,price,gst_percent\n{rows}"));
    let plain = client.ask(&request());
    let packed = client.ask(&request().header("Accept-Encoding", "gzip"));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 4 < plain.body.len());
    let mut body = Vec::new();
    GzDecoder::new(&packed.body[..]).read_to_end(&mut body).unwrap();
    assert_eq!(body, plain.body);
    let tag = plain.header("etag").unwrap().to_owned();
    assert_eq!(client.ask(&request().header("If-None-Match", tag)).status, 304);
}

#[test]
fn a_withdrawn_product_is_off_the_list_and_off_carts_and_the_rest_of_a_cart_is_merged() {
    let (_dir, server, market) = shop();
    let client = &mut server.client();
    let (milk, curd) = (market.goods[0].id.0, market.goods[1].id.0);
    let merge = |client: &mut Client, key: &str| {
        let items =
            json!([{ "product_id": milk, "quantity": 1 }, { "product_id": curd, "quantity": 2 }]);
        let body = json!({ "store_id": market.store_id.0, "items": items });
        client.ask(&Request::post("/v1/cart/merge").token(&customer(1)).key(key).json(&body))
    };
    let both = merge(client, "merge-before-it-goes").expect(200);
    assert_eq!((both["items"].as_array().unwrap().len(), &both["dropped"]), (2, &json!([])));
    let report = import(
        client,
        &market,
        "sku,name,price_paise,gst_percent,active\ncurd,curd,6000,5,false\n",
    );
    assert_eq!(report["accepted"], 1, "{report}");
    assert_eq!(skus(client, &market, ""), ["milk"]);
    let shown = client.ask(&Request::get("/v1/cart").token(&customer(1))).expect(200);
    let dropped = json!([{ "product_id": curd, "product_name": "curd", "reason": "NOT_SOLD" }]);
    assert_eq!((&shown["dropped"], &shown["subtotal_paise"]), (&dropped, &json!(5_000)));
    let merged = merge(client, "merge-when-it-has-gone").expect(200);
    assert_eq!((&merged["items"][0]["product_id"], &merged["dropped"]), (&json!(milk), &dropped));
    let order = Request::post("/v1/orders").token(&customer(1)).key("an-order-of-what-is-gone");
    assert_eq!(client.ask(&order.json(&market.order(&[(1, 2)]))).json()["code"], "UNKNOWN_PRODUCT");
    // A price list without the column leaves it withdrawn.
    import(client, &market, "sku,name,price_paise,gst_percent\ncurd,curd,6500,5\n");
    assert_eq!(skus(client, &market, ""), ["milk"]);
    let path = market.path(&format!("/products/{curd}"));
    let back = json!({ "sku": "curd", "name": "curd", "price_paise": 6_500, "mrp_paise": 6_500,
        "gst_percent": 5 });
    client.ask(&Request::new("PUT", path).token(&admin()).json(&back)).expect(200);
    assert_eq!(skus(client, &market, ""), ["curd", "milk"]);
}
