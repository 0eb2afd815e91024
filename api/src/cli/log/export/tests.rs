#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// Bytes that are still there after who wrote them is gone.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(format: Format, reason: &str) -> String {
    let kept = Kept::default();
    let out = Box::new(kept.clone());
    let Ok(mut rows) = rows_into(format, Table::Payments, out) else { panic!("a format of text") };
    let cells = [
        Cell::Int(7),
        Cell::Time(0),
        Cell::Id(Uuid::from_u128(5)),
        Cell::Text("charge"),
        Cell::Text("pay_1"),
        Cell::Empty,
        Cell::Text("failed"),
        Cell::Int(-1),
        Cell::Text(reason),
    ];
    rows.row(&cells).unwrap();
    rows.end().unwrap();
    String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn csv_has_names_and_quotes_what_needs_quotes() {
    let expected = "lsn,at,order_id,kind,id,charge_id,status,amount_paise,reason\r\n\
        7,1970-01-01T00:00:00.000Z,00000000-0000-0000-0000-000000000005,charge,pay_1,,failed,-1,";
    assert_eq!(written(Format::Csv, "no"), format!("{expected}no\r\n"));
    let quoted = "\"no, \"\"not\"\" now\"\r\n";
    assert_eq!(written(Format::Csv, "no, \"not\" now"), format!("{expected}{quoted}"));
}

#[test]
fn ndjson_is_an_object_a_line() {
    let line = written(Format::Ndjson, "no, \"not\"\u{1}");
    let row: serde_json::Value = serde_json::from_str(line.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!(row["reason"], "no, \"not\"\u{1}");
    assert_eq!((&row["lsn"], &row["amount_paise"]), (&json!(7), &json!(-1)));
    assert_eq!(row["at"], "1970-01-01T00:00:00.000Z");
    assert!(row["charge_id"].is_null());
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_begins_and_ends_with_its_mark() {
    let kept = Kept::default();
    let Ok(mut rows) = rows_into(Format::Parquet, Table::Stock, Box::new(kept.clone())) else {
        panic!("it was built with Parquet")
    };
    let mut cells = [Cell::Int(1); 13];
    cells[1] = Cell::Time(1);
    cells[2..6].fill(Cell::Text("text"));
    cells[3] = Cell::Empty;
    (0..3).for_each(|_| rows.row(&cells).unwrap());
    rows.end().unwrap();
    let bytes = kept.0.lock().unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_parquet_the_answer_is_a_sentence() {
    let Err(Failure::Refused(sentence)) =
        rows_into(Format::Parquet, Table::Orders, Box::new(io::sink()))
    else {
        panic!("it was built without Parquet")
    };
    assert!(sentence.contains("--features parquet"), "{sentence}");
}

#[test]
fn tables_and_beginnings_are_what_people_type() {
    assert_eq!(table("stock"), Ok(Table::Stock));
    assert!(table("stocks").unwrap_err().contains("orders, lines, records, stock, payments"));
    assert_eq!(since("12"), Ok(Since::Lsn(kirana_domain::Lsn(12))));
    assert_eq!(since("1970-01-01T00:00:01Z"), Ok(Since::Time(1_000)));
    assert!(since("yesterday").is_err());
}
