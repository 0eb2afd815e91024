//! A log of real baskets, years of them: verified, replayed at random positions to the digests that
//! it had when it was written, explained, archived, restored, and verified again.
//!
//! `KIRANA_ORDERS` changes the count; a million is what the figures in `benches/RESULTS.md` are of.

use crate::EXE;
use kirana_domain::{Lsn, OrderId, ProductId, State, StoreId};
use kirana_storage::{BATCH_BYTES_MAX, Batch, Journal, Options, SledJournal};
use kirana_tests::dice::Dice;
use kirana_tests::past::{Past, give_up_keys};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const GROUP_BATCHES: usize = 64;
const LOOKS: usize = 20;

/// What was written, and what was true at some of its positions.
struct Written {
    state: State,
    digests: BTreeMap<Lsn, String>,
}

/// Writes the log, and evolves a state beside it.
fn write(dir: &Path, orders: u64, dice: &mut Dice) -> Written {
    let mut journal = SledJournal::open(dir, &Options::default()).unwrap();
    let mut past = Past::new(orders, orders / 100, dice.roll()).epoch(journal.epoch().0);
    let (mut state, mut digests) = (State::default(), BTreeMap::new());
    // About seven records an order.
    let mut looks: Vec<_> = (0..LOOKS).map(|_| dice.below(orders * 7)).collect();
    looks.sort_unstable();
    let (mut group, mut moment) = (Vec::new(), Vec::new());
    let mut batch = Batch::with_capacity(journal.end().next(), BATCH_BYTES_MAX);
    while past.fill(&mut moment) {
        let mark = batch.mark();
        let fits = |batch: &mut Batch| {
            let push = |record| batch.try_push_with(|out| kirana_engine::encode(record, out));
            moment.iter().map(push).all(|pushed| pushed.is_ok())
        };
        if !fits(&mut batch) {
            batch.rewind(mark);
            let next = Batch::with_capacity(batch.last_lsn().next(), BATCH_BYTES_MAX);
            group.push(std::mem::replace(&mut batch, next));
            assert!(fits(&mut batch));
        }
        for record in moment.drain(..) {
            let lsn = Lsn(state.lsn.0 + 1);
            assert!(state.evolve(lsn, &record).is_empty(), "the stock law holds");
            if looks.first().is_some_and(|look| *look <= lsn.0) {
                looks.remove(0);
                digests.insert(lsn, state.digest().to_string());
            }
        }
        if group.len() >= GROUP_BATCHES {
            journal.append(&group).unwrap();
            group.clear();
        }
    }
    group.push(batch);
    journal.append(&group).unwrap();
    assert_eq!(journal.end().0, state.lsn.0);
    digests.insert(state.lsn, state.digest().to_string());
    Box::new(journal).close().unwrap();
    give_up_keys(dir);
    Written { state, digests }
}

fn run(args: &[&str]) -> Value {
    let output = Command::new(EXE).args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {stderr}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// `kirana log …` on a directory.
fn log(data: &Path, args: &[&str]) -> Value {
    let data = data.to_str().unwrap();
    run(&[&["log"], args, &["--data", data, "--output", "json"]].concat())
}

fn verify(data: &Path, when: &str) {
    let begun = Instant::now();
    let report = log(data, &["verify"]);
    let (records, seconds) = (report["records"].as_u64().unwrap(), begun.elapsed().as_secs_f64());
    assert_eq!(report["good"], true);
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = records as f64 / seconds;
    println!("verified {when}: {records} records in {seconds:.1} s, {rate:.0} a second");
}

fn replays(data: &Path, written: &Written) {
    for (lsn, digest) in &written.digests {
        let replayed = log(data, &["replay", "--until", &lsn.to_string()]);
        assert_eq!(replayed["digest"], *digest, "record {lsn}");
    }
}

fn explains(data: &Path, written: &Written, dice: &mut Dice) {
    let parts = written.state.orders.to_parts();
    for _ in 0..5 {
        let (id, entry) =
            &parts.entries[usize::try_from(dice.below(parts.entries.len() as u64)).unwrap()];
        let OrderId(uuid) = id;
        let story = log(data, &["explain", "order", &uuid.to_string()]);
        let lines = story["lines"].as_array().unwrap();
        assert_eq!(lines.last().unwrap()["after"]["status"], story["status"]);
        assert_eq!(story["status"], entry.status().name(), "{uuid}");
        let StoreId(store_id) = entry.parties().store_id;
        let products: Vec<_> =
            written.state.catalogue.products_after(StoreId(store_id), None).collect();
        let product = &products[usize::try_from(dice.below(products.len() as u64)).unwrap()];
        let ProductId(product_id) = product.item.id;
        let (store, product) = (store_id.to_string(), product_id.to_string());
        let ledger = log(data, &["explain", "stock", &store, &product]);
        let stock = written.state.stock.get(StoreId(store_id), ProductId(product_id));
        let last = ledger["lines"].as_array().unwrap().last();
        let available = last.map_or(0, |line| line["after"]["available"].as_i64().unwrap());
        assert_eq!(available, stock.available, "{product}");
    }
}

/// Has the table of orders written, and answers the file.
fn export(data: &Path, into: &Path, format: &str) -> PathBuf {
    let file = into.join(format!("orders.{format}"));
    let (to, from) = (file.to_str().unwrap(), data.to_str().unwrap());
    run(&["log", "export", "--format", format, "--table", "orders", "-o", to, "--data", from]);
    file
}

/// Compares a file of Parquet with one of CSV, column by column of whole numbers, and prints the
/// rows: none of it with code of ours.
#[cfg(feature = "parquet")]
const COMPARE: &str = r"
import csv, sys
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
names = [field.name for field in table.schema if pa.types.is_integer(field.type)]
sums = dict.fromkeys(names, 0)
with open(sys.argv[2], newline='') as file:
    for row in csv.DictReader(file):
        for name in names:
            sums[name] += int(row[name] or 0)
for name in names:
    found = pc.sum(table[name]).as_py() or 0
    assert found == sums[name], (name, found, sums[name])
print(table.num_rows, len(names))
";

#[cfg(feature = "parquet")]
fn is_read_back(parquet: &Path, csv: &Path, orders: usize) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python");
    if !python.join("pyarrow").exists() {
        println!("not read back: tests/run --long installs pyarrow into target/python");
        return;
    }
    let mut reader = Command::new("python3");
    reader.args(["-c", COMPARE]).args([parquet, csv]).env("PYTHONPATH", python);
    let ended = reader.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let printed = String::from_utf8(ended.stdout).unwrap();
    let (rows, columns) = printed.trim().split_once(' ').unwrap();
    assert_eq!(rows.parse(), Ok(orders), "every order has a row");
    assert!(columns.parse::<usize>().unwrap() > 5, "{columns} columns of numbers");
    println!("Parquet: {rows} rows read back, {columns} columns add up to those of the CSV");
}

fn a_year(orders: u64) {
    let mut dice = Dice::printed("log_year");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let begun = Instant::now();
    let written = write(&data, orders, &mut dice);
    println!(
        "{orders} orders, {} records, written in {:.0} s",
        written.state.lsn,
        begun.elapsed().as_secs_f64()
    );
    verify(&data, "as it was written");
    explains(&data, &written, &mut dice);

    let data_text = data.to_str().unwrap();
    run(&["log", "archive", "--data", data_text]);
    verify(&data, "from the archive");
    replays(&data, &written);
    explains(&data, &written, &mut dice);
    let csv = export(&data, dir.path(), "csv");
    let rows = std::fs::read_to_string(&csv).unwrap().lines().count();
    assert_eq!(rows - 1, written.state.orders.count(), "every order has a row");
    #[cfg(feature = "parquet")]
    is_read_back(&export(&data, dir.path(), "parquet"), &csv, written.state.orders.count());

    let backup = dir.path().join("backup");
    run(&["backup", "--no-keys", "--from", data_text, "--to", backup.to_str().unwrap()]);
    let cut = *written.digests.keys().nth(LOOKS / 2).unwrap();
    let restored = dir.path().join("restored");
    run(&[
        "restore",
        "--from",
        backup.to_str().unwrap(),
        "--data",
        restored.to_str().unwrap(),
        "--until",
        &cut.to_string(),
    ]);
    let then = log(&restored, &["replay"]);
    let end = then["as_of_lsn"].as_u64().unwrap();
    assert!(end <= cut.0, "cut at or before the position");
    let same = log(&data, &["replay", "--until", &end.to_string()]);
    assert_eq!(then["digest"], same["digest"], "history up to there is the same");
    verify(&restored, "restored up to a position");
}

#[test]
fn a_log_of_real_baskets_is_verified_replayed_explained_archived_and_restored() {
    a_year(1_500);
}

#[test]
#[ignore = "long: run by tests/run --long"]
fn long_years_of_real_baskets_are_verified_replayed_explained_archived_and_restored() {
    let orders = std::env::var("KIRANA_ORDERS").ok().and_then(|count| count.parse().ok());
    a_year(orders.unwrap_or(60_000));
}
