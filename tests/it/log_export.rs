//! `kirana log export`: tables that agree with each other, and with what was written to the log.

use crate::EXE;
use kirana_storage::{Journal as _, Options, SledJournal};
use kirana_tests::past::{Past, Summary, write_log};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The log of a stopped server with so many orders, of which a few are open.
pub(crate) fn stopped(orders: u64, seed: u64) -> (TempDir, Summary) {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = SledJournal::open(dir.path(), &Options::default()).unwrap();
    let past = Past::new(orders, orders / 20, seed);
    let summary = write_log(&mut journal, past, 10_000).unwrap();
    Box::new(journal).close().unwrap();
    (dir, summary)
}

/// Runs `kirana log` and answers how it ended.
pub(crate) fn log(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(EXE);
    command.arg("log").args(args).arg("--data").arg(data).output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A table as columns. Fields with commas are not looked at: they stand after those that are.
struct Columns(BTreeMap<String, Vec<String>>);

impl Columns {
    fn of(csv: &str) -> Self {
        let mut lines = csv.split_terminator("\r\n").map(|line| line.split(','));
        let names: Vec<_> = lines.next().unwrap().map(str::to_owned).collect();
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
        for line in lines {
            line.zip(&mut columns).for_each(|(field, column)| column.push(field.to_owned()));
        }
        Self(names.into_iter().zip(columns).collect())
    }

    fn sum(&self, name: &str) -> i64 {
        self.0[name].iter().map(|field| field.parse::<i64>().unwrap()).sum()
    }

    fn count(&self, name: &str) -> u64 {
        self.0[name].len() as u64
    }
}

#[test]
fn the_tables_of_a_log_agree_with_each_other_and_with_what_was_written() {
    let (data, summary) = stopped(1_500, 11);
    let into = tempfile::tempdir().unwrap();
    let to = into.path().to_str().unwrap();
    let printed = said(&log(data.path(), &["export", "--format", "csv", "-o", to]));
    assert!(printed.contains(&format!("records.csv: {} rows", summary.records)), "{printed}");
    let read = |name: &str| Columns::of(&std::fs::read_to_string(into.path().join(name)).unwrap());
    let (orders, records, stock) = (read("orders.csv"), read("records.csv"), read("stock.csv"));
    assert_eq!(orders.count("order_id"), summary.orders);
    assert_eq!(records.count("lsn"), summary.records);
    let facts = records.0["order_id"].iter().zip(&records.0["kind"]);
    let facts = facts.filter(|(id, kind)| !id.is_empty() && *kind != "webhook_received").count();
    assert_eq!(orders.sum("facts"), facts as i64, "each fact about an order is one of its own");
    let came = ["received", "returned", "adjusted"].map(|term| stock.sum(term));
    let are = ["available", "held", "allocated", "shipped"].map(|term| stock.sum(term));
    assert_eq!(came.iter().sum::<i64>(), are.iter().sum::<i64>(), "the stock law");
    let again = log(data.path(), &["export", "--format", "csv", "-o", to]);
    assert_eq!(again.status.code(), Some(1), "no file is overwritten");
    assert!(String::from_utf8_lossy(&again.stderr).contains("orders.csv is there already"));
    let says = |fields: &String| fields.trim_start_matches('"').starts_with('{');
    assert!(records.0["fields"].iter().all(says), "all that they say");
    let lines = said(&log(data.path(), &["export", "--table", "lines"]));
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let net: i64 = lines.map(|line| line["net_paise"].as_i64().unwrap()).sum();
    assert_eq!(net, orders.sum("placed_total_paise") - orders.sum("delivery_fee_paise"));
    let payments = read("payments.csv");
    let cash = payments.0["kind"].iter().zip(&payments.0["amount_paise"]);
    let cash = cash.filter(|(kind, _)| *kind == "cash").map(|(_, of)| of.parse::<i64>().unwrap());
    assert_eq!(cash.sum::<i64>(), orders.sum("cash_paise"));
}

#[test]
fn nonsense_ends_with_a_sentence_and_the_right_exit_code() {
    let (data, _) = stopped(20, 12);
    let data = data.path();
    for (code, args, part) in [
        (2, &["--table", "stocks"][..], "a table is one of"),
        (2, &["--format", "csv"], "say which --table"),
        (2, &["--table", "orders", "--from", "yesterday"], "2026-11-26T06:00:00Z"),
        (1, &["--table", "orders", "--until", "999999"], "there is no record 999999"),
        (1, &["--table", "orders", "-o", "/dev/null/orders.csv"], "cannot write to /dev/null"),
        (1, &["--table", "orders", "--format", "csv", "-o", "/dev/full/x"], "cannot write to"),
    ] {
        let ended = log(data, &[&["export"], args].concat());
        let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{args:?}: {complaint}");
        assert!(complaint.contains(part), "{args:?}: {complaint}");
    }
}

/// As root, an export to `/dev/null` once put a file where the device had been.
#[test]
fn a_pipe_or_a_device_is_written_to_and_never_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let (data, summary) = stopped(20, 15);
    let pipe = data.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reading = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap())
    };
    let args = ["export", "--table", "records", "-o", pipe.to_str().unwrap()];
    said(&log(data.path(), &args));
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(reading.join().unwrap().lines().count() as u64, summary.records);
}

#[test]
fn a_full_disk_is_a_sentence_and_a_reader_that_goes_away_is_none() {
    let (data, _) = stopped(1_000, 13);
    let run = |to: Stdio| {
        let mut command = Command::new(EXE);
        command.args(["log", "export", "--table", "lines", "--data"]).arg(data.path());
        command.stdout(to).stderr(Stdio::piped()).spawn().unwrap()
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = run(full.into()).wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("cannot write to standard output"), "{complaint}");
    let mut child = run(Stdio::piped());
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(0));
}

/// What pyarrow finds in a file: rows, and the sum of each column of numbers.
#[cfg(feature = "parquet")]
const READ_BACK: &str = r"
import json, sys
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
file = pq.ParquetFile(sys.argv[1])
table = file.read()
sums = {f.name: pc.sum(table[f.name]).as_py() or 0 for f in table.schema if pa.types.is_integer(f.type)}
kinds = {f.name: str(f.type) for f in table.schema}
print(json.dumps({'rows': table.num_rows, 'groups': file.num_row_groups, 'sums': sums, 'kinds': kinds}))
";

#[cfg(feature = "parquet")]
#[test]
#[ignore = "needs pyarrow: tests/run --long installs it into target/python"]
fn long_parquet_is_read_back_by_an_independent_reader() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python");
    let (data, summary) = stopped(30_000, 14);
    let into = tempfile::tempdir().unwrap();
    let to = into.path().to_str().unwrap();
    let printed = said(&log(data.path(), &["export", "--format", "parquet", "-o", to]));
    let csv = said(&log(data.path(), &["export", "--table", "orders", "--format", "csv"]));
    let orders = Columns::of(&csv);
    for line in printed.lines() {
        let (path, rest) = line.split_once(": ").unwrap();
        let rows: u64 = rest.split(' ').next().unwrap().parse().unwrap();
        let mut reader = Command::new("python3");
        reader.args(["-c", READ_BACK, path]).env("PYTHONPATH", &python);
        let found: serde_json::Value =
            serde_json::from_str(&said(&reader.output().unwrap())).unwrap();
        assert_eq!(found["rows"], rows, "{line}");
        assert_eq!(found["groups"], rows.div_ceil(100_000), "{line}");
        let time = if path.ends_with("orders.parquet") || path.ends_with("lines.parquet") {
            "placed_at"
        } else {
            "at"
        };
        assert_eq!(found["kinds"][time], "timestamp[ms, tz=UTC]", "{line}");
        if path.ends_with("records.parquet") {
            assert_eq!(rows, summary.records);
        }
        if path.ends_with("orders.parquet") {
            assert_eq!(rows, summary.orders);
            for (name, sum) in found["sums"].as_object().unwrap() {
                assert_eq!(sum.as_i64(), Some(orders.sum(name)), "{name}");
            }
        }
    }
}
