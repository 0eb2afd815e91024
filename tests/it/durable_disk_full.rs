//! The disk fills up under load: the program says so and ends; with room made, everything that was
//! acknowledged is there.

use crate::EXE;
use kirana_tests::http::Client;
use kirana_tests::market::Market;
use kirana_tests::process::{Ended, Program};
use kirana_tests::volume::Volume;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const IMAGE_BYTES: u64 = 160 << 20;
/// A file that is put there first and taken away afterwards.
const BALLAST_BYTES: usize = 96 << 20;
const CLIENTS: u64 = 32;
const ORDERS_MAX: u64 = 200_000;
const GOODS: &[(&str, i64, u32)] = &[("milk", 3_000, 1_000_000), ("bread", 4_500, 1_000_000)];

type Acknowledged = BTreeMap<String, Vec<u8>>;

/// Orders until the server ends by itself; answers what was acknowledged, and the end.
fn fill(program: &Program) -> (Market, Acknowledged, Ended) {
    let server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let acknowledged = Mutex::new(Acknowledged::new());
    let ended = thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (market, acknowledged, address) = (&market, &acknowledged, program.address);
            scope.spawn(move || {
                let mut connection = Client::new(address);
                for n in 0..ORDERS_MAX / CLIENTS {
                    let key = format!("disk-full-{client:03}-{n:06}");
                    let order = market.place(client, &key, &[(0, 1), (1, 2)]);
                    match connection.send(&order) {
                        Ok(answer) if answer.status == 201 => {
                            acknowledged.lock().unwrap().insert(key, answer.body);
                        }
                        // Refused for the failure, or cut off by it: not acknowledged.
                        Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                        Err(_) => return,
                    }
                }
            });
        }
        server.wait(Duration::from_mins(4))
    });
    (market, acknowledged.into_inner().unwrap(), ended)
}

fn check(data: &Path, market: &Market, acknowledged: &Acknowledged) {
    let server = Program::new(EXE, data).start();
    let mut client = server.client();
    let orders = market.orders(&mut client);
    assert!(orders.len() >= acknowledged.len());
    let there: BTreeMap<_, _> =
        orders.iter().map(|order| (order["id"].clone().to_string(), order)).collect();
    for body in acknowledged.values() {
        let order: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(there.get(&order["id"].to_string()), Some(&&order));
    }
    for (index, count) in market.counts(&mut client).iter().enumerate() {
        let units = if index == 0 { 1 } else { 2 };
        assert_eq!(count.allocated, units * i64::try_from(orders.len()).unwrap());
    }
    for (key, body) in acknowledged.iter().rev().take(200) {
        let customer = key.split('-').nth(2).unwrap().parse().unwrap();
        let again = client.ask(&market.place(customer, key, &[(0, 1), (1, 2)]));
        assert!(again.is_replayed() && again.body == *body, "{}", again.text());
    }
    // And the shop sells on.
    client.ask(&market.place(1, "there-is-room-again", &[(0, 1)])).expect(201);
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
#[ignore = "needs root: run by tests/run"]
fn root_a_full_disk_ends_the_program_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Volume::create(dir.path(), "small", IMAGE_BYTES);
    fs::write(disk.root.join("ballast"), vec![7; BALLAST_BYTES]).unwrap();
    let program = Program::new(EXE, &disk.root.join("data"));
    let (market, acknowledged, ended) = fill(&program);
    println!(
        "full after {} orders: {}",
        acknowledged.len(),
        ended.stderr.lines().last().unwrap_or_default()
    );
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let said: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("kirana: ")).collect();
    assert_eq!(said.len(), 1, "{}", ended.stderr);
    assert!(said[0].contains("the disk is full"), "{said:?}");
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert!(acknowledged.len() > 1_000, "it came under load");

    // Still full: it says so again, and nothing gets worse.
    let again = program.spawn().wait(Duration::from_mins(1));
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    assert!(again.stderr.contains("the disk is full"), "{}", again.stderr);

    // Either way of making room: a larger disk, or something else thrown away.
    let larger = dir.path().join("larger");
    let copied = Command::new("cp").arg("-a").arg(&program.data).arg(&larger).status();
    assert!(copied.unwrap().success());
    check(&larger, &market, &acknowledged);
    fs::remove_file(disk.root.join("ballast")).unwrap();
    check(&program.data, &market, &acknowledged);
}
