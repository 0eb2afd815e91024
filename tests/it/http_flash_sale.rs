//! Ten thousand buyers over HTTP, and few units: exactly those are sold, and every other buyer is
//! told why not.

use crate::EXE;
use kirana_tests::crowd::{Command, Crowd};
use kirana_tests::market::Market;
use kirana_tests::process::Program;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const BUYERS: u64 = 10_000;
const CONNECTIONS: u64 = 64;

/// Every buyer wants `units_of(buyer)` of a product of which there are `stock`.
fn sale(stock: u32, units_of: impl Fn(u64) -> u32 + Sync) {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::new(EXE, &dir.path().join("data")).start();
    let goods = [("the offer of the day", 10_000, stock), ("milk", 3_000, 1_000_000)];
    let market = Market::open(&mut server.client(), &goods);
    let (crowd, next) = (Crowd::default(), AtomicU64::new(0));
    let begun = Instant::now();
    crowd.work(server.address, &market, CONNECTIONS, |_, _| {
        let buyer = next.fetch_add(1, Ordering::SeqCst);
        let key = format!("flash-sale-{buyer:06}");
        let lines = vec![(0, units_of(buyer)), (1, 1)];
        (buyer < BUYERS).then_some(Command { key, customer: buyer, lines, then_cancel: false })
    });
    let took = begun.elapsed();
    let mut client = server.client();
    crowd.check(&mut client, &market);

    let deeds = crowd.deeds();
    assert_eq!(deeds.len() as u64, BUYERS);
    let (mut sold, mut least_refused) = (0, u32::MAX);
    for deed in &deeds {
        let wanted = deed.command.lines[0].1;
        if deed.placed.status == 201 {
            sold += wanted;
            continue;
        }
        let problem = deed.placed.expect(409);
        assert_eq!(problem["code"], "INSUFFICIENT_STOCK");
        let issues = problem["stock_issues"].as_array().unwrap();
        assert_eq!(issues.len(), 1, "only what is short is named: {problem}");
        assert_eq!(issues[0]["product_name"], "the offer of the day");
        assert_eq!(issues[0]["requested_quantity"], wanted);
        assert!(issues[0]["available_stock"].as_u64() < Some(u64::from(wanted)), "{problem}");
        least_refused = least_refused.min(wanted);
    }
    let left = stock - sold;
    assert!(left < least_refused, "{left} are left and {least_refused} were refused");
    let offer = market.count(&mut client, 0);
    assert_eq!((offer.allocated, offer.available), (sold.into(), left.into()));
    println!("{stock} units, {BUYERS} buyers: {sold} sold in {took:.1?}");
}

#[test]
fn ten_thousand_buyers_of_one_unit_sell_it_once() {
    sale(1, |_| 1);
}

#[test]
fn ten_thousand_buyers_of_a_hundred_units_sell_exactly_a_hundred() {
    sale(100, |_| 1);
}

#[test]
fn ten_thousand_large_and_small_baskets_never_sell_more_than_there_is() {
    sale(7_919, |buyer| 1 + u32::try_from(buyer * 37 % 99).unwrap());
}
