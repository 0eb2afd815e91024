//! The power goes under load, on a real ext4: every order that was acknowledged is there.
//!
//! The program runs on a file system in a file. Right after acknowledgements it is stopped dead and
//! the file is copied: the copy has what the file system had given to its disk, and lacks what was
//! only in memory. A control in every trial shows that the copy does lack what nobody synced.

use crate::EXE;
use kirana_tests::crowd::{Command, Crowd, Deed};
use kirana_tests::dice::Dice;
use kirana_tests::http::Request;
use kirana_tests::market::{Market, customer};
use kirana_tests::process::{Program, Server};
use kirana_tests::volume::Volume;
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const TRIALS: u64 = 12;
const IMAGE_BYTES: u64 = 256 << 20;
const CLIENTS: u64 = 8;
const GOODS: &[(&str, i64, u32)] = &[("milk", 3_000, 900_000), ("bread", 4_500, 900_000)];
/// What a test writes and nobody syncs.
const CONTROL: &str = "nobody has synced this";

fn command(client: u64, n: u64) -> Command {
    let lines = vec![(usize::from(n.is_multiple_of(2)), 1 + u32::try_from(n % 3).unwrap())];
    let then_cancel = n % 7 == 3;
    Command { key: format!("power-cut-{client:03}-{n:06}"), customer: client, lines, then_cancel }
}

/// Every order and cancellation that was acknowledged is there.
fn check_acknowledged(server: &Server, market: &Market, deeds: &[Deed]) {
    let orders = market.orders(&mut server.client());
    let there: BTreeMap<_, _> =
        orders.iter().map(|order| (order["id"].as_str().unwrap().to_owned(), order)).collect();
    for deed in deeds {
        let id = deed.order_id().unwrap();
        let order = there.get(&id).unwrap_or_else(|| panic!("{id} was acknowledged: {deed:?}"));
        let status = if deed.cancelled.is_some() { "cancelled" } else { "placed" };
        assert_eq!(order["status"], status, "{id}");
        assert_eq!(order["items"], deed.placed.json()["items"], "{id}");
    }
    for count in market.counts(&mut server.client()) {
        count.assert_law();
    }
    // A retry finds its first answer there too.
    for deed in deeds.iter().rev().take(50) {
        let path = format!("/v1/orders/{}", deed.order_id().unwrap());
        let read = Request::get(path).token(&customer(deed.command.customer));
        server.client().ask(&read).expect(200);
        let again = market.place(deed.command.customer, &deed.command.key, &deed.command.lines);
        let again = server.client().ask(&again);
        assert!(again.is_replayed() && again.body == deed.placed.body, "{}", again.text());
    }
}

fn trial(number: u64, dice: &mut Dice) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let disk = Volume::create(dir.path(), "disk", IMAGE_BYTES);
    let program = Program::new(EXE, &disk.root.join("data"));
    let mut server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    if number.is_multiple_of(3) {
        // A database that was closed once behaves differently from a fresh one.
        assert_eq!(server.terminate().code, Some(0));
        server = program.start();
    }
    let crowd = Crowd::default();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            crowd.work(program.address, &market, CLIENTS, |client, n| {
                (!is_over.load(Ordering::SeqCst)).then(|| command(client, n))
            });
        });
        thread::sleep(dice.millis(30, 600));
        fs::write(disk.root.join("control"), CONTROL).unwrap();
        let deeds = crowd.deeds();
        server.signal("STOP");
        let after = disk.after_power_cut(dir.path(), "after");
        server.signal("CONT");
        is_over.store(true, Ordering::SeqCst);

        let control = fs::read_to_string(after.root.join("control")).unwrap_or_default();
        assert_ne!(control, CONTROL, "the copy has what nobody synced: the trial proves nothing");
        let recovered = Program::new(EXE, &after.root.join("data")).start();
        check_acknowledged(&recovered, &market, &deeds);
        assert_eq!(recovered.terminate().code, Some(0));
        deeds.len()
    })
}

#[test]
#[ignore = "needs root: run by tests/run"]
fn root_every_acknowledged_order_outlives_a_power_cut() {
    let mut dice = Dice::printed("durable_power_cut");
    let kept: Vec<_> = (0..TRIALS).map(|number| trial(number, &mut dice)).collect();
    println!("{TRIALS} power cuts, orders acknowledged before each: {kept:?}");
    assert!(kept.iter().sum::<usize>() > 100, "the cuts came under load");
}

#[test]
#[ignore = "needs root: run by tests/run"]
fn root_a_store_that_was_just_opened_outlives_a_power_cut() {
    for pause in [0, 1, 5, 50] {
        let dir = tempfile::tempdir().unwrap();
        let disk = Volume::create(dir.path(), "disk", IMAGE_BYTES);
        let program = Program::new(EXE, &disk.root.join("data"));
        let server = program.start();
        let market = Market::open(&mut server.client(), GOODS);
        let first = market.place(1, "the-very-first-order", &[(0, 1)]);
        let placed = server.client().ask(&first);
        placed.expect(201);
        thread::sleep(Duration::from_millis(pause));
        server.signal("STOP");
        let after = disk.after_power_cut(dir.path(), "after");
        server.signal("CONT");
        let recovered = Program::new(EXE, &after.root.join("data")).start();
        let again = recovered.client().ask(&first);
        assert!(again.is_replayed(), "{}", again.text());
        assert_eq!(again.text(), placed.text());
    }
}
