//! What the tools say of a log is what the server said over HTTP before it was stopped.

use crate::EXE;
use kirana_domain::Role;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, customer_id, token};
use kirana_tests::process::Program;
use kirana_tests::stage::riders_of;
use serde_json::{Value, json};
use std::fs;
use uuid::Uuid;

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 1_000), ("bread", 4_500, 500)];
const ORDERS: u64 = 40;
/// What a page of the API says of one order that the tools say as well.
const MEMBERS: [&str; 9] = [
    "order_number",
    "status",
    "payment_status",
    "total_paise",
    "tax_paise",
    "items",
    "version",
    "lsn",
    "created_at",
];

/// A log that is stopped, and what the server said of it last.
struct Stopped {
    _dir: tempfile::TempDir,
    program: Program,
    market: Market,
    /// Every order, by the place in which it was placed.
    orders: Vec<Value>,
    stocks: Vec<Value>,
    histories: Vec<Value>,
}

fn post(client: &mut Client, who: &str, path: &str, body: &Value) -> Value {
    let key = format!("log-tools-{}", Uuid::now_v7());
    client.ask(&Request::post(path).token(who).key(&key).json(body)).expect(200)
}

/// Forty orders: a third is delivered, a third cancelled, the others wait.
fn stopped() -> Stopped {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data")).arg("--demo");
    let server = program.start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    let packer = token(Role::Packer, Uuid::from_u128(0x9ac), Some(market.store_id));
    let rider_id = Uuid::from_u128(0xde);
    let rider = token(Role::Rider, rider_id, None);
    let known = json!({ "rider_id": rider_id, "name": "Sengnal", "phone": "9876500001" });
    post(&mut client, &admin(), &riders_of(market.store_id), &known);
    let mut ids = Vec::new();
    for n in 0..ORDERS {
        let place = market.place(n % 7, &format!("log-tools-{n:010}"), &[(0, 2), (1, 1)]);
        let order = client.ask(&place).expect(201);
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        ids.push(path.clone());
        let go = |client: &mut Client, who: &str, step: &str, body: Value| {
            post(client, who, &format!("{path}/{step}"), &body)
        };
        match n % 3 {
            0 => {
                go(&mut client, &packer, "accept", json!({}));
                go(&mut client, &packer, "pack", json!({}));
                let assign = json!({ "rider_id": rider_id, "reason": "next in line" });
                go(&mut client, &admin(), "assign", assign);
                go(&mut client, &rider, "accept-assignment", json!({}));
                go(&mut client, &rider, "picked-up", json!({}));
                go(&mut client, &rider, "out-for-delivery", json!({}));
                let cash = json!({ "cash_collected_paise": order["total_paise"] });
                go(&mut client, &rider, "delivered", cash);
            }
            1 => _ = go(&mut client, &admin(), "cancel", json!({ "reason": "rain" })),
            _ => (),
        }
    }
    let mut get = |path: String| client.ask(&Request::get(path).token(&admin())).expect(200);
    let orders = ids.iter().map(|path| get(path.clone())).collect();
    let histories = ids.iter().map(|path| get(format!("{path}/history"))).collect();
    let stock = |index: usize| market.path(&format!("/stock/{}", market.goods[index].id));
    let stocks = (0..GOODS.len()).map(|index| get(stock(index))).collect();
    assert_eq!(server.terminate().code, Some(0));
    Stopped { _dir: dir, program, market, orders, stocks, histories }
}

impl Stopped {
    fn run(&self, args: &[&str]) -> String {
        let mut all = vec!["log"];
        all.extend(args);
        all.extend(["--data", self.program.data.to_str().unwrap()]);
        let ended = self.program.run(&all);
        assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.stderr);
        ended.stdout
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.extend(["--output", "json"]);
        let out = self.run(&all);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    /// One JSON value on each line.
    fn lines(&self, args: &[&str]) -> Vec<Value> {
        let mut all = args.to_vec();
        all.extend(["--output", "json"]);
        let out = self.run(&all);
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn the_tools_say_what_the_server_said() {
    let stopped = stopped();
    stock_is_explained(&stopped);
    orders_are_explained(&stopped);
    records_are_shown(&stopped);
    the_state_is_replayed(&stopped);
    positions_are_compared(&stopped);
    heads_and_proofs_hold(&stopped);
    what_is_not_there_is_said(&stopped);
}

fn stock_is_explained(stopped: &Stopped) {
    let store = stopped.market.store_id.to_string();
    for (goods, said) in stopped.market.goods.iter().zip(&stopped.stocks) {
        let explained = stopped.json(&["explain", "stock", &store, &goods.id.to_string()]);
        let by_name = stopped.json(&["explain", "stock", "TST", &goods.name]);
        assert_eq!(explained, by_name);
        let lines = explained["lines"].as_array().unwrap();
        let terms =
            ["received", "returned", "adjusted", "available", "held", "allocated", "shipped"];
        for term in terms {
            assert_eq!(explained["closing"][term], said[term], "{term} of {}", goods.name);
            assert_eq!(lines.last().unwrap()["after"][term], said[term]);
            // The running totals are the sums of the changes.
            let mut sum = 0;
            for line in lines {
                sum += line["change"][term].as_i64().unwrap();
                assert_eq!(line["after"][term], sum, "{line}");
            }
        }
        assert_eq!(explained["law_holds"], true);
        assert_eq!(explained["movements"], lines.len());
        let replayed = stopped.json(&["replay", "--product", &store, &goods.name]);
        assert_eq!(replayed["stock"]["available"], said["available"]);

        // What it was after half of it is what the second half opens with.
        let half = lines[lines.len() / 2]["lsn"].to_string();
        let args = ["explain", "stock", "TST", &goods.name, "--until", &half];
        let first = stopped.json(&args);
        let args = ["replay", "--product", "TST", &goods.name, "--until", &half];
        let then = stopped.json(&args)["stock"]["available"].clone();
        assert_eq!(first["closing"]["available"], then);
        let from = (half.parse::<u64>().unwrap() + 1).to_string();
        let args = ["explain", "stock", "TST", &goods.name, "--from", &from];
        let second = stopped.json(&args);
        assert_eq!(second["opening"], first["closing"]);
        assert_eq!(second["closing"], explained["closing"]);

        let text = stopped.run(&["explain", "stock", "TST", &goods.name]);
        let available = &said["available"];
        assert!(text.contains(&format!(": {available} available, by ")), "{text}");
        assert!(text.contains("the stock law holds after every record"), "{text}");
    }
}

fn orders_are_explained(stopped: &Stopped) {
    for (said, history) in stopped.orders.iter().zip(&stopped.histories).take(6) {
        let number = said["order_number"].as_str().unwrap();
        let told = stopped.json(&["explain", "order", number]);
        assert_eq!(told["order_id"], said["id"]);
        assert_eq!(told["status"], said["status"]);
        assert_eq!(told["payment_status"], said["payment_status"]);
        assert_eq!(told["money"]["total_paise"], said["total_paise"]);
        assert_eq!(told["lsn"], said["lsn"]);
        let facts = history["data"].as_array().unwrap();
        let lines = told["lines"].as_array().unwrap();
        assert_eq!(lines.len(), facts.len(), "{number}");
        for (line, fact) in lines.iter().zip(facts) {
            assert_eq!(line["lsn"], fact["lsn"]);
            assert_eq!(line["at"], fact["at"]);
            assert_eq!(line["by"]["role"], fact["role"]);
            assert_eq!(line["why"], fact["reason"]);
        }
        let collected = match said["status"].as_str().unwrap() {
            "delivered" => said["total_paise"].clone(),
            _ => json!(0),
        };
        assert_eq!(told["money"]["cash_collected_paise"], collected);
        let replayed = stopped.json(&["replay", "--order", number]);
        for member in MEMBERS {
            assert_eq!(replayed[member], said[member], "{member} of {number}");
        }
        let id = said["id"].as_str().unwrap();
        assert!(stopped.run(&["explain", "order", id]).contains(number));
    }
}

fn records_are_shown(stopped: &Stopped) {
    let order = &stopped.orders[0];
    let id = order["id"].as_str().unwrap();
    let shown = stopped.lines(&["show", "--order", id]);
    assert_eq!(shown.len() as u64, order["version"].as_u64().unwrap());
    assert_eq!(shown[0]["event"], "order_placed");
    assert_eq!(shown[0]["fields"]["total_paise"], order["total_paise"]);
    let text = stopped.run(&["show", "--order", id]);
    assert!(!text.contains("Asha") && !text.contains("9876543210"), "what is sealed stays sealed");
    assert!(text.contains("sealed"), "{text}");

    let all = stopped.lines(&["tail", "-n", "1000000"]);
    let lsns: Vec<_> = all.iter().map(|it| it["lsn"].as_u64().unwrap()).collect();
    assert_eq!(lsns, (1..=lsns.len() as u64).collect::<Vec<_>>());
    assert_eq!(stopped.lines(&["show", "1", "--count", "1000000"]), all);
    assert_eq!(stopped.lines(&["tail", "-n", "3"]), all[all.len() - 3..]);
    assert_eq!(stopped.run(&["tail", "-n", "1"]).lines().count(), 1, "a record is one line");
    assert!(stopped.run(&["tail", "-n", "1", "--long"]).lines().count() > 1);
    let since = (all.len() - 2).to_string();
    let since = stopped.lines(&["tail", "-n", "1000000", "--since", &since]);
    assert_eq!(since, all[all.len() - 3..]);
    let at = all[all.len() - 3]["at"].as_str().unwrap();
    let since = stopped.lines(&["tail", "-n", "1000000", "--since", at, "--tz", "+05:30"]);
    assert!(since.len() >= 3 && since[0]["at"].as_str().unwrap().ends_with("+05:30"), "{since:?}");
    let rain = stopped.lines(&["tail", "-n", "1000000", "--grep", "RAIN"]);
    assert!(rain.iter().any(|it| it["event"] == "order_cancelled"), "{rain:?}");
    let has_rain = |it: &Value| it.to_string().to_lowercase().contains("rain");
    assert!(rain.len() < all.len() && rain.iter().all(has_rain), "multigrain, too: {rain:?}");
    assert!(all.iter().all(|it| it["json_version"] == 1));
    let kinds = stopped.lines(&["tail", "-n", "1000", "--kind", "order_cancelled"]);
    assert_eq!(kinds.len(), stopped.orders.iter().filter(|it| it["status"] == "cancelled").count());
    let of_store = stopped.lines(&["tail", "-n", "1000000", "--store", "TST"]);
    assert!(of_store.len() < all.len() && of_store.len() > 100, "{}", of_store.len());
    let of_order = stopped.lines(&["tail", "-n", "1000000", "--order", id]);
    assert_eq!(of_order, shown);

    let framed = stopped.lines(&["show", "7", "--frame"]);
    let frame = &framed[0]["frame"];
    assert!(frame["first_lsn"].as_u64().unwrap() <= 7);
    assert_eq!(frame["hash"].as_str().unwrap().len(), 64);
}

fn the_state_is_replayed(stopped: &Stopped) {
    let verified = stopped.json(&["verify"]);
    assert_eq!(verified["good"], true);
    let summary = stopped.json(&["replay"]);
    assert_eq!(summary["digest"], verified["digest"]);
    assert_eq!(summary["as_of_lsn"], verified["end_lsn"]);
    assert_eq!(summary["orders"], ORDERS);
    let count = |status: &str| stopped.orders.iter().filter(|it| it["status"] == status).count();
    for status in ["placed", "delivered", "cancelled"] {
        assert_eq!(summary["orders_by_status"][status], count(status), "{status}");
    }
    // The digest of a prefix is that of the state that the prefix leads to.
    let early = stopped.json(&["replay", "--until", "600"]);
    assert_eq!(stopped.json(&["diff", "600", "601"])["from"]["digest"], early["digest"]);

    let third = customer_id(3).to_string();
    let customer = stopped.json(&["replay", "--customer", &third]);
    let theirs = stopped.orders.iter().filter(|it| it["customer_id"] == *third);
    let theirs: Vec<_> = theirs.map(|it| it["order_number"].clone()).rev().collect();
    let listed = customer["orders"].as_array().unwrap().iter();
    assert_eq!(listed.map(|it| it["order_number"].clone()).collect::<Vec<_>>(), theirs);

    let store = stopped.json(&["replay", "--store", "TST"]);
    let delivered = stopped.orders.iter().filter(|it| it["status"] == "delivered");
    let cash: i64 = delivered.map(|it| it["total_paise"].as_i64().unwrap()).sum();
    assert_eq!(store["cash_with_riders"][0]["cash_paise"], cash);
    assert_eq!(store["last_order_number"], ORDERS);

    // As of the moment before it was cancelled, an order waits.
    let cancelled = &stopped.orders[1];
    let number = cancelled["order_number"].as_str().unwrap();
    let before = (cancelled["lsn"].as_u64().unwrap() - 1).to_string();
    let then = stopped.json(&["replay", "--order", number, "--until", &before]);
    assert_eq!((&then["status"], &then["version"]), (&json!("placed"), &json!(1)));
    let at = cancelled["created_at"].as_str().unwrap();
    let then = stopped.json(&["replay", "--order", number, "--until", at]);
    // It may have been cancelled within the millisecond in which it was placed.
    let both = cancelled["updated_at"] == cancelled["created_at"];
    assert_eq!(then["version"], if both { 2 } else { 1 });
}

fn positions_are_compared(stopped: &Stopped) {
    let end = stopped.json(&["verify", "--no-replay"])["end_lsn"].to_string();
    let placed = stopped.lines(&["tail", "-n", "1000", "--kind", "order_placed"]);
    let before = (placed[0]["lsn"].as_u64().unwrap() - 1).to_string();
    let diff = stopped.json(&["diff", &before, &end, "--details"]);
    let count = |status: &str| stopped.orders.iter().filter(|it| it["status"] == status).count();
    let moved = diff["orders_moved"].as_array().unwrap();
    for status in ["placed", "delivered", "cancelled"] {
        let way = moved.iter().find(|it| it["from"] == "new" && it["to"] == status).unwrap();
        assert_eq!(way["orders"], count(status), "{status}");
    }
    let sum = |orders: &mut dyn Iterator<Item = &Value>| -> i64 {
        orders.map(|it| it["total_paise"].as_i64().unwrap()).sum()
    };
    assert_eq!(diff["money"]["placed_paise"], sum(&mut stopped.orders.iter()));
    let delivered = &mut stopped.orders.iter().filter(|it| it["status"] == "delivered");
    assert_eq!(diff["money"]["cash_collected_paise"], sum(delivered));
    assert_eq!(diff["records_by_kind"]["order_placed"], ORDERS);
    // The demo store may be filled meanwhile.
    let store = stopped.market.store_id.to_string();
    let ours = diff["stock"].as_array().unwrap().iter().filter(|it| it["store_id"] == *store);
    for it in ours {
        let said = stopped.stocks.iter().find(|said| said["product_id"] == it["product_id"]);
        assert_eq!(it["terms"]["available"]["after"], said.unwrap()["available"]);
    }
    assert_eq!(diff["to"]["digest"], stopped.json(&["verify"])["digest"]);
}

fn what_is_not_there_is_said(stopped: &Stopped) {
    stopped.run(&["archive"]);
    assert_eq!(stopped.json(&["verify"])["good"], true);
    fs::remove_dir_all(stopped.program.data.join("history")).unwrap();
    let data = stopped.program.data.to_str().unwrap();
    let ended = stopped.program.run(&["log", "verify", "--data", data]);
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stdout.contains("no table starts after record 0"), "{}", ended.stdout);
    assert!(ended.stderr.contains("1 finding") && !ended.stderr.contains("findings"));
}

fn heads_and_proofs_hold(stopped: &Stopped) {
    let at = |name: &str| stopped.program.data.with_file_name(name).to_str().unwrap().to_owned();
    let (key, head, proof) = (at("head.key"), at("head.txt"), at("order.proof"));
    let made = stopped.program.run(&["log", "keygen", &key]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let public = made.stdout.trim();
    let again = stopped.program.run(&["log", "keygen", &key]);
    assert_eq!(again.code, Some(1), "a key is never overwritten");
    let line = stopped.run(&["head", "--sign", &key]);
    fs::write(&head, &line).unwrap();
    let said = stopped.run(&["verify", "--against", &head, "--signed-by", public]);
    assert!(said.contains("is what it was when the head was taken"), "{said}");
    let number = stopped.orders[0]["order_number"].as_str().unwrap();
    stopped.run(&["prove", "--order", number, "-o", &proof, "--sign", &key]);
    let text = fs::read_to_string(&proof).unwrap();
    let proof = kirana_storage::Proof::parse(&text).unwrap();
    let verified = proof.verify(None, Some(&public.parse().unwrap())).unwrap();
    assert_eq!(verified.records.len() as u64, stopped.orders[0]["version"].as_u64().unwrap());
    let record = kirana_engine::decode(&verified.records[0].record).unwrap();
    let order_id = record.event.order_id().unwrap().to_string();
    assert_eq!(stopped.orders[0]["id"], order_id);

    // One digit of the root changed: history was.
    let fields: Vec<_> = line.trim().split(':').take(8).collect();
    let (root, digit) = (fields[6], if fields[6].ends_with('0') { "1" } else { "0" });
    let other_root = root[..root.len() - 1].to_owned() + digit;
    let other = fields.join(":").replace(root, &other_root);
    let ended = stopped.program.run(&[
        "log",
        "verify",
        "--no-replay",
        "--against",
        &other,
        "--data",
        stopped.program.data.to_str().unwrap(),
    ]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("history was changed"), "{}", ended.stdout);
}
