//! Zones over HTTP: the real borders of Tura and Bengaluru where they are, and the weather switch.

use crate::EXE;
use kirana_domain::Role;
use kirana_tests::data::shared;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, customer, token};
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use uuid::Uuid;

fn shop(goods: &[(&str, i64, u32)]) -> (tempfile::TempDir, Server, Market) {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::new(EXE, &dir.path().join("data")).start();
    let market = Market::open(&mut server.client(), goods);
    set_anywhere(&mut server.client(), &market, false);
    (dir, server, market)
}

/// Turns the setting on or off that the store delivers to every place.
fn set_anywhere(client: &mut Client, market: &Market, anywhere: bool) {
    let change = json!({ "delivers_anywhere": anywhere });
    let key = format!("anywhere-{}", Uuid::now_v7());
    let request = Request::new("PATCH", market.path("")).token(&admin()).key(&key);
    assert_eq!(client.ask(&request.json(&change)).expect(200)["delivers_anywhere"], anywhere);
}

fn put(market: &Market, query: &str, body: impl Into<Vec<u8>>) -> Request {
    let path = market.path(&format!("/zones{query}"));
    Request::new("PUT", path).token(&admin()).body("application/geo+json", body)
}

fn locate(client: &mut Client, lat: &str, lng: &str) -> Value {
    client.ask(&Request::get(format!("/v1/zones/locate?lat={lat}&lng={lng}"))).expect(200)
}

/// A square of Tura: delivery within 25.50 to 25.52, the town within 25.48 to 25.54.
fn squares() -> Value {
    let square = |name: &str, kind: &str, low: f64, high: f64| {
        let (west, east) = (low + 64.7, high + 64.7);
        json!({
            "type": "Feature", "properties": { "name": name, "kind": kind },
            "geometry": { "type": "Polygon", "coordinates": [[
                [west, low], [east, low], [east, high], [west, high], [west, low]]] },
        })
    };
    json!({ "type": "FeatureCollection", "features": [
        square("Hawakhana", "delivery", 25.50, 25.52), square("Tura", "town", 25.48, 25.54)] })
}

#[test]
fn every_place_in_tura_allows_what_it_is_expected_to() {
    let (Some(zone), Some(town), Some(places)) = (
        shared("dayliz/tura_zone1.geojson"),
        shared("dayliz/tura_city_boundary.geojson"),
        shared("dayliz/zone_test_points.json"),
    ) else {
        return;
    };
    let (_dir, server, market) = shop(&[("milk", 5_000, 10)]);
    let client = &mut server.client();
    let feature = |bytes: &[u8], kind: &str| {
        let document: Value = serde_json::from_slice(bytes).unwrap();
        let mut feature = document["features"][0].clone();
        feature["properties"]["kind"] = json!(kind);
        feature
    };
    let features = [feature(&zone, "delivery"), feature(&town, "town")];
    let document = json!({ "type": "FeatureCollection", "features": features }).to_string();
    let report = client.ask(&put(&market, "", document)).expect(200);
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(2), &json!(0)));
    let places: Value = serde_json::from_slice(&places).unwrap();
    let places = places["points"].as_array().unwrap();
    assert_eq!(places.len(), 10);
    for place in places {
        let found = locate(client, &place["lat"].to_string(), &place["lng"].to_string());
        let access = match place["access_level"].as_str() {
            Some("fullAccess") => "order",
            Some("viewingOnly") => "browse",
            _ => "none",
        };
        assert_eq!(found["access"], access, "{place} {found}");
        assert_eq!(found["promise_minutes"].is_array(), access == "order");
    }
}

#[test]
fn the_wards_of_bengaluru_are_drawn_and_its_bus_stops_are_in_them() {
    let (Some(wards), Some(stops)) =
        (shared("bengaluru-geo/BBMP.geojson"), shared("bengaluru-geo/bmtc_busstops.geojson"))
    else {
        return;
    };
    let (_dir, server, market) = shop(&[("milk", 5_000, 10)]);
    let client = &mut server.client();
    let request = put(&market, "?name=KGISWardName", wards);
    let report = client.ask(&request).expect(200);
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(237), &json!(6)));
    let names: Vec<_> =
        report["errors"].as_array().unwrap().iter().map(|error| error["name"].clone()).collect();
    let refused = [
        "Kempegowda Ward",
        "Bande Mutt",
        "Sampangiram Nagar",
        "Belathur",
        "Vasanth Nagar",
        "Padmanabha Nagar",
    ];
    assert_eq!(names, refused);
    let again = client.ask(&request).expect(200);
    assert_eq!((&again["unchanged"], &again["removed"]), (&json!(237), &json!(0)));
    let stops: Value = serde_json::from_slice(&stops).unwrap();
    let (mut inside, mut all) = (0, 0);
    for stop in stops["features"].as_array().unwrap() {
        let place = &stop["geometry"]["coordinates"];
        let found = locate(client, &place[1].to_string(), &place[0].to_string());
        inside += u32::from(found["access"] == "order");
        all += 1;
    }
    assert_eq!((inside, all), (1_191, 2_201), "shapely's count for the 237 valid wards");
    // What is answered is GeoJSON that can be sent back, and means the same.
    let shown = client.ask(&Request::get(market.path("/zones"))).expect(200);
    assert_eq!(shown["features"].as_array().unwrap().len(), 237);
    let same = client.ask(&put(&market, "", shown.to_string())).expect(200);
    assert_eq!((&same["unchanged"], &same["removed"]), (&json!(237), &json!(0)));
}

#[test]
fn a_store_without_a_delivery_zone_delivers_nowhere_until_somebody_turns_that_on() {
    let (_dir, server, market) = shop(&[("milk", 5_000, 10)]);
    let client = &mut server.client();
    let atlantic = |client: &mut Client, key: &str| {
        let mut order = market.order(&[(0, 1)]);
        order["delivery_address"]["lat"] = json!(0.5);
        order["delivery_address"]["lng"] = json!(-30.5);
        client.ask(&Request::post("/v1/orders").token(&customer(1)).key(key).json(&order))
    };
    let refused = |client: &mut Client, access: &str| {
        let found = locate(client, "25.53", "90.23");
        assert_eq!((&found["access"], &found["reason"]), (&json!(access), &json!("OUT_OF_ZONE")));
        assert_eq!(found["delivers_anywhere"], false);
        let key = format!("to-the-atlantic-{}", Uuid::now_v7());
        assert_eq!(atlantic(client, &key).expect(422)["code"], "OUT_OF_ZONE");
    };
    refused(client, "none");
    // A town, and one delivery zone whose border crosses itself and is refused.
    let mut broken = squares();
    broken["features"][0]["geometry"]["coordinates"] =
        json!([[[90, 25], [91, 26], [91, 25], [90, 26], [90, 25]]]);
    let report = client.ask(&put(&market, "", broken.to_string())).expect(200);
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(1), &json!(1)));
    refused(client, "browse");
    let empty = json!({ "type": "FeatureCollection", "features": [] });
    client.ask(&put(&market, "", empty.to_string())).expect(200);
    refused(client, "none");
    set_anywhere(client, &market, true);
    let found = locate(client, "0.5", "-30.5");
    assert_eq!((&found["access"], &found["delivers_anywhere"]), (&json!("order"), &json!(true)));
    atlantic(client, "over-the-atlantic").expect(201);
}

#[test]
fn the_weather_of_a_zone_changes_fee_and_promise_and_may_suspend_orders() {
    let (_dir, server, market) = shop(&[("milk", 5_000, 10)]);
    let client = &mut server.client();
    client.ask(&put(&market, "", squares().to_string())).expect(200);
    let there = ("25.51", "90.21");
    let found = locate(client, there.0, there.1);
    assert_eq!((&found["access"], &found["name"]), (&json!("order"), &json!("Hawakhana")));
    assert_eq!(found["promise_minutes"], json!([15, 30]));
    let path = format!("/v1/zones/{}/weather", found["zone_id"].as_str().unwrap());
    let turn = |client: &mut Client, weather: &str, who: &str| {
        let body = json!({ "weather": weather });
        client.ask(&Request::new("PUT", path.clone()).token(who).json(&body))
    };
    assert_eq!(turn(client, "bad", &customer(1)).status, 403);
    let support = token(Role::Support, Uuid::from_u128(0x50), None);
    assert_eq!(turn(client, "bad", &support).expect(200)["weather"], "bad");
    let found = locate(client, there.0, there.1);
    assert_eq!(found["fee"], json!({ "flat_paise": 3_000 }));
    assert_eq!(found["promise_minutes"], json!([30, 45]));
    // Drawn anew, a zone keeps its weather.
    client.ask(&put(&market, "", squares().to_string())).expect(200);
    let order = |total: i64, lat: f64, lng: f64| {
        let mut order = market.order(&[(0, 1)]);
        order["expected_total_paise"] = json!(total);
        order["delivery_address"]["lat"] = json!(lat);
        order["delivery_address"]["lng"] = json!(lng);
        order
    };
    let mut keys = 0;
    let mut place = |client: &mut Client, body: &Value| {
        keys += 1;
        let key = format!("order-in-the-rain-{keys}");
        client.ask(&Request::post("/v1/orders").token(&customer(1)).key(&key).json(body))
    };
    let placed = place(client, &order(8_000, 25.51, 90.21)).expect(201);
    assert_eq!(placed["delivery_fee_paise"], 3_000);
    assert_eq!(placed["promise_minutes"], json!([30, 45]));
    let outside = place(client, &order(8_000, 25.53, 90.23));
    assert_eq!(outside.expect(422)["code"], "OUT_OF_ZONE");
    let promise = |client: &mut Client, lat: f64, lng: f64| {
        let order = market.order(&[(0, 1)]);
        let (store_id, items) = (&order["store_id"], &order["items"]);
        let body = json!({ "store_id": store_id, "items": items, "lat": lat, "lng": lng });
        let quote = client.ask(&Request::post("/v1/quotes").json(&body)).expect(200);
        quote["promise_minutes"].clone()
    };
    assert_eq!(promise(client, 25.51, 90.21), json!([30, 45]));
    assert_eq!(promise(client, 25.53, 90.23), json!(null), "nothing is promised out of the zone");
    let nowhere = place(client, &market.order(&[(0, 1)]));
    assert_eq!(nowhere.expect(422)["code"], "POINT_MISSING");
    turn(client, "extreme", &admin()).expect(200);
    let storm = place(client, &order(8_000, 25.51, 90.21)).expect(422);
    assert_eq!((&storm["code"], &storm["retryable"]), (&json!("SERVICE_SUSPENDED"), &json!(true)));
    assert_eq!(promise(client, 25.51, 90.21), json!(null));
    let found = locate(client, there.0, there.1);
    assert_eq!(
        (&found["access"], &found["reason"]),
        (&json!("browse"), &json!("SERVICE_SUSPENDED"))
    );
    assert_eq!(locate(client, "25.53", "90.23")["access"], "browse");
    assert_eq!(locate(client, "26.53", "90.23")["access"], "none");
}

#[test]
fn a_refusal_that_may_pass_is_not_kept_under_the_key_and_one_that_will_not_is() {
    let (_dir, server, market) = shop(&[("milk", 5_000, 10)]);
    let client = &mut server.client();
    client.ask(&put(&market, "", squares().to_string())).expect(200);
    let zone = locate(client, "25.51", "90.21")["zone_id"].as_str().unwrap().to_owned();
    let turn = |client: &mut Client, weather: &str| {
        let request = Request::new("PUT", format!("/v1/zones/{zone}/weather")).token(&admin());
        client.ask(&request.json(&json!({ "weather": weather }))).expect(200)
    };
    let mut order = market.order(&[(0, 1)]);
    order["delivery_address"]["lat"] = json!(25.51);
    order["delivery_address"]["lng"] = json!(90.21);
    let place = |key: &str, order: &Value| {
        Request::post("/v1/orders").token(&customer(1)).key(key).json(order)
    };
    turn(client, "extreme");
    let (passing, first) = (place("the-storm-will-pass", &order), "idempotent-replayed");
    for _ in 0..2 {
        let refused = client.ask(&passing);
        assert_eq!(refused.header(first), None, "decided anew");
        let refused = refused.expect(422);
        let said = (&refused["code"], &refused["retryable"]);
        assert_eq!(said, (&json!("SERVICE_SUSPENDED"), &json!(true)));
    }
    turn(client, "normal");
    let answer = client.ask(&passing);
    assert_eq!((answer.status, answer.header(first)), (201, None), "{}", answer.text());
    order["expected_total_paise"] = json!(1);
    for replayed in [None, Some("true")] {
        let answer = client.ask(&place("the-price-stays-wrong", &order));
        assert_eq!(answer.header(first), replayed);
        let refused = answer.expect(409);
        let said = (&refused["code"], &refused["retryable"]);
        assert_eq!(said, (&json!("PRICE_CHANGED"), &json!(false)));
    }
}
