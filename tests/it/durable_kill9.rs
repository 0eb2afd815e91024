//! kill -9 at random moments under load: what was acknowledged is there, once, with the same body.
//!
//! The clients insist: a request that broke off is sent again with its key until it is answered.
//! So at the end every command has an outcome, and the shop must be exactly the sum of them.
//!
//! Checkpoints are taken all the time, so most kills come while one is written, the archive is
//! sealed, tables are merged or the log is trimmed.

use crate::EXE;
use kirana_tests::crowd::{Command, Crowd};
use kirana_tests::dice::Dice;
use kirana_tests::market::Market;
use kirana_tests::process::{Program, Server};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 12;
/// A checkpoint after so many records: some of them each second.
const CHECKPOINT_RECORDS: u64 = 250;
/// After so many kills the next one starts on an empty directory.
const KILLS_PER_DIRECTORY: u64 = 10;

/// Plenty of the first, little of the last: baskets are refused for stock too.
const GOODS: &[(&str, i64, u32)] = &[
    ("milk", 3_000, 900_000),
    ("bread", 4_500, 900_000),
    ("eggs", 9_600, 900_000),
    ("ghee", 62_000, 900_000),
    ("salt", 2_500, 900_000),
    ("the last mangoes", 15_000, 300),
];

fn command(dice: &mut Dice, round: u64, client: u64, n: u64) -> Command {
    let first = dice.below(GOODS.len() as u64);
    let lines = (0..=dice.below(3))
        .map(|line| ((first + line) % GOODS.len() as u64, 1 + dice.below(4)))
        .map(|(index, units)| (usize::try_from(index).unwrap(), u32::try_from(units).unwrap()))
        .collect();
    let then_cancel = dice.below(5) == 0;
    Command {
        key: format!("kill9-{round:03}-{client:03}-{n:06}"),
        customer: client,
        lines,
        then_cancel,
    }
}

/// Kills the server again and again while the crowd is at work; answers the last start.
fn kill_again_and_again(
    program: &Program,
    mut server: Server,
    kills: u64,
    crowd: &Crowd,
    dice: &mut Dice,
) -> Server {
    for _ in 0..kills {
        // Some kills come while the log is still warm from the start, some under full load.
        thread::sleep(dice.millis(5, 250));
        server.kill();
        let acknowledged: BTreeSet<_> =
            crowd.deeds().iter().filter_map(kirana_tests::crowd::Deed::order_id).collect();
        server = program.start();
        let count = acknowledged.len();
        let metrics = server.metrics();
        let orders = metrics.lines().find_map(|line| line.strip_prefix("kirana_orders "));
        let orders: usize = orders.unwrap().parse().unwrap();
        assert!(orders >= count, "{count} were acknowledged, and {orders} are there");
    }
    server
}

fn round(round: u64, kills: u64, dice: &mut Dice) -> (usize, u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    // Each checkpoint also begins a database of the log, and drops those before it.
    let program = Program::new(EXE, &data)
        .set("KIRANA_ENGINE_CHECKPOINT_RECORDS", CHECKPOINT_RECORDS)
        .set("KIRANA_ENGINE_DATABASE_BYTES", 1);
    let server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let crowd = Crowd::default();
    let is_over = AtomicBool::new(false);
    let seed = dice.roll();
    let server = thread::scope(|scope| {
        scope.spawn(|| {
            crowd.work(program.address, &market, CLIENTS, |client, n| {
                let mut dice = Dice::new(seed ^ client << 40 ^ n);
                (!is_over.load(Ordering::SeqCst)).then(|| command(&mut dice, round, client, n))
            });
        });
        let server = kill_again_and_again(&program, server, kills, &crowd, dice);
        // On a busy machine the kills may be over before there is anything to archive.
        let patience = Instant::now() + Duration::from_mins(3);
        while !data.join("archive").exists() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(10));
        }
        is_over.store(true, Ordering::SeqCst);
        server
    });
    crowd.check(&mut server.client(), &market);
    let before = market.visible_state(&mut server.client());
    server.kill();
    let server = program.start();
    assert_eq!(market.visible_state(&mut server.client()), before, "after one more kill -9");
    crowd.check_replays(&mut server.client(), &market);
    assert_eq!(market.visible_state(&mut server.client()), before, "after every retry");
    assert_eq!(server.terminate().code, Some(0));
    check_directory(&program, &data);
    let interrupted = crowd.broken_off.load(Ordering::Relaxed);
    (crowd.count(), interrupted, crowd.replayed.load(Ordering::Relaxed))
}

/// Nothing half written is left, checkpoints were taken, and the whole log is proved to be whole.
fn check_directory(program: &Program, data: &Path) {
    for of in ["archive", "checkpoints", "history"] {
        let names: Vec<_> = fs::read_dir(data.join(of))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(!names.is_empty(), "{of} has files");
        let is_unfinished = |name: &String| name.contains(".new");
        assert!(!names.iter().any(is_unfinished), "{of}: {names:?}");
    }
    let verified = program.run(&["log", "verify", "--data", data.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

fn kill(kills: u64) {
    let mut dice = Dice::printed("durable_kill9");
    let mut left = kills;
    for number in 0.. {
        let here = left.min(KILLS_PER_DIRECTORY);
        let (commands, interrupted, replayed) = round(number, here, &mut dice);
        println!(
            "{here} kills: {commands} commands, {interrupted} broken off, {replayed} answered late"
        );
        assert!(interrupted > 0, "the kills came under load");
        left -= here;
        if left == 0 {
            return;
        }
    }
}

#[test]
fn every_acknowledged_order_outlives_kill_9_and_is_there_once() {
    kill(50);
}

#[test]
#[ignore = "long: run by tests/run --long"]
fn long_every_acknowledged_order_outlives_two_hundred_kills() {
    kill(200);
}
