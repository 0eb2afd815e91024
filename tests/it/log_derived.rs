//! Damage that the shop can go on without: of the archive, which is shown and answered as what it
//! is, and of the history, which is made again from the log.

use crate::EXE;
use kirana_domain::OrderId;
use kirana_engine::{Config, Engine, ManualClock, Progress, ReadError, SubmitError};
use kirana_storage::DamageKind;
use kirana_tests::files::copy_tree;
use kirana_tests::http::Request;
use kirana_tests::process::Program;
use kirana_tests::shop::{Cod, Shop, Town, order_in, support};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A town whose files are read back one after the other.
fn town() -> Town {
    let mut town = Town::default();
    town.config.scrub_pause = Duration::ZERO;
    town
}

/// Orders in `dir`, of which the first three rounds are in the archive and the history alone.
async fn trade(dir: &Path) -> Vec<OrderId> {
    let shop = Shop::in_dir(dir, &Town::default()).await;
    shop.open_store(&[("milk", 90_000)]).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        for n in 0..30 {
            let order = order_in(&shop.buy(n, &[("milk", 1)], Cod).await);
            shop.cancel(n, order.placed.id).await.unwrap();
            ids.push(order.placed.id);
        }
        shop.engine.checkpoint().await.unwrap().unwrap();
    }
    shop.engine.stop().await.unwrap();
    ids
}

async fn open(dir: &Path) -> Engine {
    let clock = Arc::new(ManualClock::at(kirana_tests::shop::START_MS));
    Engine::open(dir, town().config, clock, Progress::new()).await.unwrap()
}

fn files_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.collect();
    paths.sort();
    paths
}

/// Flips a bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

async fn unreadable(engine: &Engine, ids: &[OrderId]) -> Vec<(OrderId, DamageKind)> {
    let mut found = Vec::new();
    for id in ids {
        match engine.order(*id).await {
            Ok(order) => assert!(order.is_some(), "order {id} is gone, silently"),
            Err(ReadError::Damaged(damage)) => found.push((*id, damage.kind)),
            Err(other) => panic!("{other}"),
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_archive_is_met_before_somebody_asks_and_answered_as_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let ids = trade(dir.path()).await;
    for spoil in [|path: &Path| fs::remove_file(path).unwrap(), flip] {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(dir.path(), copy.path());
        spoil(&files_in(&copy.path().join("archive"))[0]);
        let engine = open(copy.path()).await;
        for _ in 0..2_000 {
            if !engine.damages().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(engine.damages()[0].to_string().contains("archive"), "{:?}", engine.damages());
        assert_eq!(engine.stats().damages, engine.damages().len());
        let lost = unreadable(&engine, &ids).await;
        assert!(!lost.is_empty() && lost.len() < ids.len(), "{} orders", lost.len());
        let reason = Some(kirana_tests::shop::reason("asked for"));
        let command = kirana_engine::Command::cancel(lost[0].0, reason);
        let request = kirana_engine::Request { by: support(), key: None, command, deadline: None };
        let answer = engine.submit(request).await;
        assert!(matches!(answer, Err(SubmitError::Damaged)), "{answer:?}");
        engine.stop().await.unwrap();
        drop(engine);

        let server = Program::new(EXE, copy.path()).start();
        let token = kirana_tests::stage::support();
        let get = |path: &str| server.client().ask(&Request::get(path).token(&token));
        let path = format!("/v1/orders/{}", lost[0].0);
        let damaged = get(&path).expect(503);
        assert_eq!(damaged["code"], "DAMAGED");
        assert_eq!(get("/readyz").expect(200)["checks"]["archive"], "damaged");
        assert!(!server.metrics().contains("\nkirana_damages 0\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archive_heals_from_a_backup_at_the_start_and_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let (data, backup) = (dir.path().join("data"), dir.path().join("backup"));
    let ids = trade(&data).await;
    let args = ["backup", "--from", data.to_str().unwrap(), "--to", backup.to_str().unwrap()];
    assert_eq!(Program::new(EXE, &data).run(&args).code, Some(0));
    let count = files_in(&data.join("archive")).len();
    for what in ["first gone", "last gone", "cut", "a bad block", "gone, and no checkpoint"] {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(&data, copy.path());
        let files = files_in(&copy.path().join("archive"));
        match what {
            "first gone" => fs::remove_file(&files[0]).unwrap(),
            "last gone" => fs::remove_file(&files[count - 1]).unwrap(),
            "cut" => fs::write(&files[1], &fs::read(&files[1]).unwrap()[..99]).unwrap(),
            "a bad block" => flip(&files[0]),
            _ => {
                fs::remove_file(&files[0]).unwrap();
                fs::remove_dir_all(copy.path().join("checkpoints")).unwrap();
            }
        }
        let clock = Arc::new(ManualClock::at(kirana_tests::shop::START_MS));
        let config = Config { archive_backup: Some(backup.clone()), ..town().config };
        let engine = Engine::open(copy.path(), config, clock, Progress::new()).await.unwrap();
        // No start looks at every block: the scrubber does.
        let verify = || kirana_storage::Archive::open(&copy.path().join("archive"), log_id(&data));
        for _ in 0..2_000 {
            let whole = |it: &kirana_storage::ArchiveFile| it.verify().is_ok();
            if verify().is_ok_and(|archive| archive.files().iter().all(whole)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(unreadable(&engine, &ids).await, [], "{what}");
        assert!(engine.damages().is_empty(), "{what}: {:?}", engine.damages());
        engine.stop().await.unwrap();
        drop(engine);
        let args = ["log", "verify", "--data", copy.path().to_str().unwrap()];
        let verified = Program::new(EXE, copy.path()).run(&args);
        assert_eq!(verified.code, Some(0), "{what}: {}", verified.stdout);
    }
}

fn log_id(dir: &Path) -> kirana_storage::LogId {
    kirana_storage::SledJournal::log_id_in(dir).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_missing_foreign_or_damaged_is_made_again_from_the_log() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ids = trade(dir.path()).await;
    trade(other.path()).await;
    let foreign = files_in(&other.path().join("history"));
    for what in ["missing", "cut", "all missing", "foreign", "a bad block"] {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(dir.path(), copy.path());
        let tables = files_in(&copy.path().join("history"));
        match what {
            "missing" => fs::remove_file(&tables[0]).unwrap(),
            "cut" => fs::write(&tables[1], &fs::read(&tables[1]).unwrap()[..99]).unwrap(),
            "all missing" => fs::remove_dir_all(copy.path().join("history")).unwrap(),
            "foreign" => {
                let name =
                    tables.iter().position(|path| path.file_name() == foreign[0].file_name());
                fs::copy(&foreign[0], &tables[name.unwrap()]).map(drop).unwrap();
            }
            _ => flip(&tables[0]),
        }
        let engine = open(copy.path()).await;
        let lost = unreadable(&engine, &ids).await;
        if what == "a bad block" {
            assert!(lost.iter().all(|(_, kind)| *kind == DamageKind::History), "{lost:?}");
            for _ in 0..2_000 {
                if !engine.damages().is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(!engine.damages().is_empty());
        } else {
            assert_eq!(lost, [], "{what}");
        }
        engine.stop().await.unwrap();
        drop(engine);

        // From here on it is as good as new, and checkpoints are taken.
        let shop = Shop::in_dir(copy.path(), &Town::default()).await;
        assert_eq!(unreadable(&shop.engine, &ids).await, [], "{what}");
        shop.buy(1, &[("milk", 1)], Cod).await.unwrap();
        shop.engine.checkpoint().await.unwrap().unwrap();
        shop.engine.stop().await.unwrap();
        drop(shop);
        let engine = open(copy.path()).await;
        assert_eq!(unreadable(&engine, &ids).await, [], "{what}");
        assert!(engine.damages().is_empty(), "{what}: {:?}", engine.damages());
        engine.stop().await.unwrap();
        drop(engine);
    }
}
