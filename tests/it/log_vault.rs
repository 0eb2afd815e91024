//! The vault is part of the promise: one that is lost, foreign, older or damaged stops the start
//! and is named by `verify`, or nothing was lost by it.

use crate::EXE;
use kirana_domain::OrderId;
use kirana_engine::{Engine, ManualClock, Progress};
use kirana_tests::dice::Dice;
use kirana_tests::files::copy_tree;
use kirana_tests::process::{Ended, Program};
use kirana_tests::shop::{Cod, Shop, Town, order_in};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Vaults of another log and of another time.
struct Others {
    foreign: Vec<u8>,
    older: Vec<u8>,
}

/// Orders of so many customers in `dir`, most of them ended and in a checkpoint.
async fn trade(dir: &Path, customers: u64, from: u64) -> Vec<OrderId> {
    let shop = Shop::in_dir(dir, &Town::default()).await;
    if from == 0 {
        shop.open_store(&[("milk", 90_000)]).await;
    }
    let mut ids = Vec::new();
    for n in from..from + customers {
        let order = order_in(&shop.buy(n, &[("milk", 1)], Cod).await);
        if n % 3 > 0 {
            shop.cancel(n, order.placed.id).await.unwrap();
        }
        ids.push(order.placed.id);
    }
    shop.engine.checkpoint().await.unwrap().unwrap();
    shop.engine.stop().await.unwrap();
    ids
}

/// Does one thing to a vault; answers what.
fn spoil(path: &Path, others: &Others, dice: &mut Dice) -> String {
    let mut bytes = fs::read(path).unwrap();
    let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
    match dice.below(10) {
        0 => {
            fs::remove_file(path).unwrap();
            return "lost".to_owned();
        }
        1 => {
            fs::write(path, &others.foreign).unwrap();
            return "of another log".to_owned();
        }
        2 => {
            fs::write(path, &others.older).unwrap();
            return "older".to_owned();
        }
        3 => {
            fs::write(path, &bytes[..64]).unwrap();
            return "made anew, empty".to_owned();
        }
        4 | 5 => {
            bytes.truncate(at);
            fs::write(path, bytes).unwrap();
            return format!("cut to {at} bytes");
        }
        6 => {
            bytes[at..].fill(0);
            fs::write(path, bytes).unwrap();
            return format!("zeros from {at} on");
        }
        7 => {
            bytes.extend_from_slice(&[0x5a; 100]);
            fs::write(path, bytes).unwrap();
            return "longer by what is no key".to_owned();
        }
        _ => (),
    }
    let bit = dice.below(8);
    bytes[at] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
    format!("bit {bit} of byte {at} flipped")
}

fn verify(dir: &Path) -> Ended {
    Program::new(EXE, dir).run(&["log", "verify", "--data", dir.to_str().unwrap()])
}

/// Starts the engine on a directory, and returns the orders whose personal part can be read.
async fn readable(dir: &Path, ids: &[OrderId]) -> Result<usize, String> {
    let clock = Arc::new(ManualClock::at(kirana_tests::shop::START_MS));
    let open = Engine::open(dir, Town::default().config, clock, Progress::new());
    let engine = open.await.map_err(|error| error.to_string())?;
    let mut count = 0;
    for id in ids {
        let order = engine.order(*id).await.unwrap().unwrap();
        count += usize::from(engine.personal(&order).is_some());
    }
    engine.stop().await.unwrap();
    Ok(count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_that_is_lost_foreign_older_or_damaged_is_named_by_verify_and_by_the_start() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut ids = trade(dir.path(), 12, 0).await;
    let older = fs::read(dir.path().join("vault")).unwrap();
    ids.extend(trade(dir.path(), 12, 12).await);
    // The same persons buy in another shop, whose log has other keys for them.
    trade(other.path(), 24, 0).await;
    let others = Others { foreign: fs::read(other.path().join("vault")).unwrap(), older };
    assert_eq!(verify(dir.path()).code, Some(0));
    let mut dice = Dice::printed("log_vault");
    let (mut named, mut harmless) = (0, 0);
    for _ in 0..48 {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(dir.path(), copy.path());
        let vault = copy.path().join("vault");
        let what = spoil(&vault, &others, &mut dice);
        let spoiled = fs::read(&vault).ok();
        let verified = verify(copy.path());
        match (verified.code, readable(copy.path(), &ids).await) {
            (Some(1), Err(error)) => {
                assert!(verified.stdout.contains("vault"), "{what}: {}", verified.stdout);
                assert!(error.contains("vault") && error.contains("repair"), "{what}: {error}");
                assert_eq!(fs::read(&vault).ok(), spoiled, "{what}: left as it was found");
                named += 1;
            }
            (Some(0), Ok(count)) => {
                assert_eq!(count, ids.len(), "{what}: names are gone, silently");
                harmless += 1;
            }
            (code, started) => panic!("{what}: verify says {code:?}, the start {started:?}"),
        }
    }
    println!("48 damages of a vault: {named} named, {harmless} harmless");
    assert!(named > harmless);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repair_takes_the_keys_of_a_backup_or_gives_them_up_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (data, backup) = (dir.path().join("data"), dir.path().join("backup"));
    let mut ids = trade(&data, 6, 0).await;
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let run = |args: &[&str]| Program::new(EXE, &data).run(args);
    let taken = run(&["backup", "--to", &text(&backup), "--from", &text(&data)]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    ids.extend(trade(&data, 2, 6).await);
    fs::remove_file(data.join("vault")).unwrap();
    let again = run(&["backup", "--to", &text(&backup), "--from", &text(&data)]);
    assert_eq!(again.code, Some(1), "{}", again.stdout);

    let repair = |into: &Path, more: &[&str]| {
        let (data, into) = (text(&data), text(into));
        let args = ["log", "repair", "--apply", "--into", &into, "--data", &data];
        let repaired = run(&[&args, more].concat());
        assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
        repaired.stdout
    };
    let with = dir.path().join("with");
    let said = repair(&with, &["--from-backup", &text(&backup)]);
    assert!(said.contains("given up: the keys of 2 persons"), "{said}");
    assert_eq!(verify(&with).code, Some(0));
    assert_eq!(readable(&with, &ids).await, Ok(6));

    let without = dir.path().join("without");
    let said = repair(&without, &[]);
    assert!(said.contains("given up: the keys of 8 persons"), "{said}");
    assert_eq!(readable(&without, &ids).await, Ok(0));
    assert_eq!(verify(&without).code, Some(0));
}
