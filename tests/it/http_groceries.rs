//! The real baskets of a grocer, placed as orders by 64 clients, with kill -9 in the middle.

use crate::EXE;
use kirana_tests::crowd::{Command, Crowd};
use kirana_tests::data;
use kirana_tests::market::{Lines, Market};
use kirana_tests::process::Program;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const CLIENTS: u64 = 64;
const KILLS: usize = 3;
const UNITS: u32 = 5_000;

/// What is bought, and by whom, as indexes.
fn lines_of(baskets: &[Vec<String>], names: &[&str]) -> Vec<Lines> {
    let index = |name: &String| (names.binary_search(&name.as_str()).unwrap(), 1);
    baskets.iter().map(|basket| basket.iter().map(index).collect()).collect()
}

#[test]
fn every_real_basket_becomes_one_order_whatever_is_killed_meanwhile() {
    let real = data::shared("groceries-arules/groceries.csv");
    let is_real = real.is_some();
    let baskets = data::baskets(real.unwrap_or_else(|| data::own("baskets.csv")));
    let names: BTreeSet<&str> = baskets.iter().flatten().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let baskets = lines_of(&baskets, &names);
    let lines: usize = baskets.iter().map(Vec::len).sum();
    if is_real {
        assert_eq!((baskets.len(), lines, names.len()), (9_835, 43_367, 169));
    }

    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let mut server = program.start();
    let goods: Vec<_> = names.iter().map(|name| (*name, 10_000, UNITS)).collect();
    let market = Market::open(&mut server.client(), &goods);
    let (crowd, next) = (Crowd::default(), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            crowd.work(program.address, &market, CLIENTS, |_, _| {
                let number = next.fetch_add(1, Ordering::SeqCst);
                let lines = baskets.get(number)?.clone();
                let key = format!("the-basket-{number:05}");
                Some(Command { key, customer: number as u64, lines, then_cancel: false })
            });
        });
        for kill in 1..=KILLS {
            while crowd.count() < baskets.len() * kill / (KILLS + 1) {
                thread::sleep(Duration::from_millis(1));
            }
            server.kill();
            server = program.start();
        }
        Some(server)
    })
    .map(|server| {
        let mut client = server.client();
        crowd.check(&mut client, &market);
        let (counts, orders) = market.visible_state(&mut client);
        assert_eq!(orders.len(), baskets.len(), "each basket is one order");
        let placed = |order: &serde_json::Value| order["items"].as_array().unwrap().len();
        assert_eq!(orders.iter().map(placed).sum::<usize>(), lines, "each line is there");
        let sold: i64 = counts.iter().map(|count| count.allocated).sum();
        assert_eq!(sold, i64::try_from(lines).unwrap(), "a unit for each line");
        server.kill();
        let server = program.start();
        assert_eq!(market.visible_state(&mut server.client()), (counts, orders), "after one more");
        crowd.check_replays(&mut server.client(), &market);
        println!(
            "{} baskets, {lines} lines, {KILLS} kills: {} requests broke off, {} had their effect \
             before their answer",
            baskets.len(),
            crowd.broken_off.load(Ordering::Relaxed),
            crowd.replayed.load(Ordering::Relaxed),
        );
    })
    .unwrap();
}
