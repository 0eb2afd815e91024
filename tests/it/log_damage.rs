//! Damage of every kind to every file of a closed data directory: it is harmless, or it is detected
//! and named. Never silent, never a panic, never a hang.

use crate::EXE;
use kirana_domain::{Digest, Order, OrderId};
use kirana_engine::{Engine, ManualClock, Progress};
use kirana_tests::dice::Dice;
use kirana_tests::files::copy_tree;
use kirana_tests::process::Program;
use kirana_tests::shop::{Cod, Shop, Town, order_in};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const PAGE_BYTES: usize = 4_096;
const HANGS_AFTER: Duration = Duration::from_mins(3);

/// A closed directory with two checkpoints, archives, tables and a log that goes on after them, and
/// what must be told of it.
struct Sound {
    dir: tempfile::TempDir,
    orders: Vec<(OrderId, Arc<Order>)>,
    /// After one more start, on a clock that stands still.
    digest: Digest,
}

async fn sound() -> Sound {
    let (town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    let shop = Shop::in_dir(dir.path(), &town).await;
    shop.open_store(&[("milk", 90_000), ("rice", 90_000)]).await;
    let mut ids = Vec::new();
    for round in 0..5 {
        for n in 0..40 {
            let order = order_in(&shop.buy(n % 7, &[("milk", 1), ("rice", 2)], Cod).await);
            if n % 3 > 0 {
                shop.cancel(n % 7, order.placed.id).await.unwrap();
            }
            ids.push(order.placed.id);
        }
        if round < 4 {
            shop.engine.checkpoint().await.unwrap().unwrap();
        }
    }
    let mut orders = Vec::new();
    for id in ids {
        orders.push((id, shop.order(id).await));
    }
    shop.engine.stop().await.unwrap();
    drop(shop);
    let copy = tempfile::tempdir().unwrap();
    copy_tree(dir.path(), copy.path());
    let shop = Shop::in_dir(copy.path(), &town).await;
    let digest = shop.audit(&["milk", "rice"]).await;
    shop.engine.stop().await.unwrap();
    Sound { dir, orders, digest }
}

/// Every file of a directory, with its path in it.
fn files(dir: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(dir.join(below)).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = below.join(path.file_name().unwrap());
        if path.is_dir() {
            files(dir, &name, found);
        } else if name != Path::new("LOCK") {
            found.push(name);
        }
    }
}

/// Does one thing to one file; answers what.
fn spoil(dir: &Path, dice: &mut Dice) -> String {
    let mut names = Vec::new();
    files(dir, Path::new(""), &mut names);
    let name = &names[usize::try_from(dice.below(names.len() as u64)).unwrap()];
    let path = dir.join(name);
    let mut bytes = fs::read(&path).unwrap();
    let shown = name.display();
    // Where something was written: the database is mostly empty.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let at = usize::try_from(dice.below(written.max(1) as u64)).unwrap();
    match dice.below(8) {
        0 => {
            fs::remove_file(&path).unwrap();
            format!("{shown} deleted")
        }
        1 if !bytes.is_empty() => {
            bytes.truncate(at);
            fs::write(&path, bytes).unwrap();
            format!("{shown} cut to {at} bytes")
        }
        2 if !bytes.is_empty() => {
            let start = at / PAGE_BYTES * PAGE_BYTES;
            let end = (start + PAGE_BYTES).min(bytes.len());
            bytes[start..end].fill(0);
            fs::write(&path, bytes).unwrap();
            format!("{shown} zeroed from {start} to {end}")
        }
        _ if !bytes.is_empty() => {
            let bit = dice.below(8);
            bytes[at] ^= 1 << bit;
            fs::write(&path, bytes).unwrap();
            format!("{shown} bit {bit} of byte {at} flipped")
        }
        _ => format!("{shown} is empty and stays so"),
    }
}

/// What came of one kind of damage.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Harmless,
    Detected,
}

async fn outcome(sound: &Sound, dir: &Path, what: &str) -> Outcome {
    let program = Program::new(EXE, dir);
    let verified = program.run(&["log", "verify", "--data", dir.to_str().unwrap()]);
    let said = format!("{}{}", verified.stdout, verified.stderr);
    assert!(!said.contains("panicked"), "{what}: {said}");
    let is_found = match verified.code {
        Some(0) => false,
        Some(1) => {
            assert!(!said.trim().is_empty(), "{what}: something is named");
            true
        }
        other => panic!("{what}: {other:?} {said}"),
    };
    let clock = Arc::new(ManualClock::at(kirana_tests::shop::START_MS));
    let config = Town::default().config;
    let open = Engine::open(dir, config, clock, Progress::new());
    let opened = tokio::time::timeout(HANGS_AFTER, open).await;
    let engine = match opened.unwrap_or_else(|_| panic!("{what}: the start hangs")) {
        Ok(engine) => engine,
        Err(error) => {
            // What keeps the shop closed is found by the tool as well.
            assert!(is_found, "{what}: verify saw nothing, the start says {error}");
            return Outcome::Detected;
        }
    };
    assert_eq!(engine.digest(), sound.digest, "{what}: the state is another, silently");
    let mut unreadable = 0;
    for (id, expected) in &sound.orders {
        match engine.order(*id).await {
            Ok(Some(order)) => assert_eq!(order, *expected, "{what}"),
            Ok(None) => panic!("{what}: order {id} is gone, silently"),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                unreadable += 1;
            }
        }
    }
    engine.stop().await.unwrap();
    assert!(
        unreadable == 0 || is_found,
        "{what}: {unreadable} unreadable orders verify did not see"
    );
    if is_found { Outcome::Detected } else { Outcome::Harmless }
}

async fn damage(count: u64) {
    let sound = sound().await;
    let mut dice = Dice::printed("log_damage");
    let (mut harmless, mut detected) = (0, 0);
    for _ in 0..count {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(sound.dir.path(), copy.path());
        let what = spoil(copy.path(), &mut dice);
        match outcome(&sound, copy.path(), &what).await {
            Outcome::Harmless => harmless += 1,
            Outcome::Detected => detected += 1,
        }
    }
    println!("{count} damages: {detected} detected and named, {harmless} harmless");
    assert!(detected > harmless, "most of what can be spoiled is found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_harmless_or_detected_and_named() {
    damage(60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run by tests/run --long"]
async fn long_two_thousand_damages_are_harmless_or_detected_and_named() {
    damage(2_000).await;
}
