use super::*;
use crate::tools::samples::{
    AT_MS, DAY_END, HandMade, cancelled, day, defined, opened, order_id, placed,
};
use kirana_domain::payment::{ChargeStatus, ProviderId, SeenCharge};
use kirana_domain::{Event, Paise};
use std::collections::BTreeMap;

const SAY: &Say<'_> = &|lsn, record| format!("{lsn} {}", record.event.kind());

type Row = BTreeMap<&'static str, String>;

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => (*text).to_owned(),
        Cell::Id(id) => id.to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Time(at_ms) => format!("+{}", at_ms - AT_MS),
    }
}

fn table(of: Table, since: Since, until: Until) -> (Vec<Row>, Exported) {
    table_of(&day(), of, since, until)
}

fn table_of(day: &HandMade, table: Table, since: Since, until: Until) -> (Vec<Row>, Exported) {
    let reader = day.reader();
    let mut rows = Vec::new();
    let exported = export(&Log::new(&*reader), table, (since, until), SAY, &mut |cells| {
        let named = table.columns().iter().zip(cells);
        rows.push(named.map(|(column, cell)| (column.name, shown(cell))).collect::<Row>());
        ControlFlow::Continue(())
    });
    let exported = exported.unwrap();
    assert_eq!(exported.rows, rows.len() as u64);
    (rows, exported)
}

fn all(of: Table) -> Vec<Row> {
    table(of, Since::Start, Until::End).0
}

fn column(rows: &[Row], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].clone()).collect()
}

fn sum(rows: &[Row], name: &str) -> i64 {
    rows.iter().map(|row| row[name].parse::<i64>().unwrap()).sum()
}

#[test]
fn each_order_has_one_row_as_it_is_at_the_end() {
    let rows = all(Table::Orders);
    // The second ended first; the third is open, and comes last.
    assert_eq!(column(&rows, "order_id"), [2, 1, 3].map(|n| order_id(n).to_string()));
    assert_eq!(column(&rows, "status"), ["cancelled", "delivered", "placed"]);
    assert_eq!(column(&rows, "payment_status"), ["failed", "cod_collected", "cod_pending"]);
    assert_eq!(column(&rows, "ended_at"), ["+6000", "+14000", ""]);
    assert_eq!(column(&rows, "cash_paise"), ["0", "32500", "0"]);
    assert_eq!(column(&rows, "units"), ["3", "3", "4"]);
    assert_eq!(column(&rows, "facts"), ["2", "8", "1"]);
    assert_eq!(column(&rows, "last_lsn"), ["6", "14", "10"]);
}

#[test]
fn orders_are_shown_as_of_then_and_from_then_on() {
    let until = |lsn| table(Table::Orders, Since::Start, Until::Lsn(Lsn(lsn)));
    let (rows, exported) = until(8);
    assert_eq!(column(&rows, "status"), ["cancelled", "packed"]);
    assert_eq!(exported.through, Lsn(8));
    let (rows, exported) = table(Table::Orders, Since::Lsn(Lsn(5)), Until::End);
    assert_eq!(column(&rows, "number"), ["2", "3"]);
    assert_eq!(exported.through, DAY_END);
    let (rows, _) = table(Table::Orders, Since::Time(AT_MS + 10_000), Until::End);
    assert_eq!(column(&rows, "number"), ["3"]);
}

#[test]
fn what_is_said_of_an_order_after_all_was_done_for_it_is_in_its_one_row() {
    let charge = SeenCharge {
        id: ProviderId::parse("pay_1").unwrap(),
        amount: Paise(700),
        status: ChargeStatus::Captured,
        failure: None,
    };
    let late = HandMade::of(vec![
        opened(),
        defined(1, 9),
        placed(1, &[(1, 1)]),
        cancelled(1, &[(1, 1)]),
        placed(2, &[(1, 1)]),
        Event::ChargeSeen { order_id: order_id(1), charge },
    ]);
    let (rows, _) = table_of(&late, Table::Orders, Since::Start, Until::End);
    assert_eq!(column(&rows, "number"), ["1", "2"]);
    assert_eq!(column(&rows, "captured_paise"), ["700", "0"]);
    assert_eq!(column(&rows, "ended_at"), ["+4000", ""]);
    let (rows, _) = table_of(&late, Table::Payments, Since::Start, Until::End);
    assert_eq!(column(&rows, "status"), ["captured"]);
}

#[test]
fn lines_are_those_that_were_placed() {
    let rows = all(Table::Lines);
    assert_eq!(column(&rows, "sku"), ["SKU-1", "SKU-2", "SKU-1", "SKU-2"]);
    assert_eq!((sum(&rows, "quantity"), sum(&rows, "net_paise")), (10, 100_000));
    assert_eq!(column(&rows, "lsn"), ["4", "4", "5", "10"]);
    assert_eq!(rows[0]["placed_at"], "+4000");
}

#[test]
fn records_say_what_when_by_whom_and_about_what() {
    let rows = all(Table::Records);
    assert_eq!(rows.len() as u64, DAY_END.0);
    assert_eq!(rows[5]["kind"], "order_cancelled");
    assert_eq!(rows[5]["order_id"], order_id(2).to_string());
    assert!(rows.iter().all(|row| row["by_role"] == "admin" && !row["store_id"].is_empty()));
    let (rows, _) = table(Table::Records, Since::Lsn(Lsn(3)), Until::Time(AT_MS + 5_999));
    assert_eq!(column(&rows, "lsn"), ["3", "4", "5"]);
}

#[test]
fn what_records_did_to_the_counts_adds_up_to_the_law() {
    let rows = all(Table::Stock);
    let [received, returned, adjusted] =
        ["received", "returned", "adjusted"].map(|name| sum(&rows, name));
    let are = ["available", "held", "allocated", "shipped"].map(|name| sum(&rows, name));
    assert_eq!((received, returned, adjusted), (15, 0, 0));
    // Three were shipped, four belong to the open order.
    assert_eq!(are, [8, 0, 4, 3]);
}

#[test]
fn money_is_what_came_and_what_went() {
    let rows = all(Table::Payments);
    assert_eq!(column(&rows, "kind"), ["cash"]);
    assert_eq!(rows[0]["amount_paise"], "32500");
}

#[test]
fn who_has_had_enough_is_shown_no_more() {
    let day = day();
    let reader = day.reader();
    for of in Table::ALL {
        let mut rows = 0;
        let window = (Since::Start, Until::End);
        let exported = export(&Log::new(&*reader), *of, window, SAY, &mut |_| {
            rows += 1;
            ControlFlow::Break(())
        });
        assert_eq!((rows, exported.unwrap().rows), (1, 1), "{of:?}");
    }
}

#[test]
fn the_table_of_records_has_what_each_of_them_says() {
    let log = crate::tools::samples::day();
    let reader = log.reader();
    let mut said = Vec::new();
    let window = (Since::Start, Until::End);
    export(&Log::new(&*reader), Table::Records, window, SAY, &mut |cells| {
        let Some(Cell::Text(text)) = cells.last() else { panic!("{cells:?}") };
        said.push((*text).to_owned());
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(said[..2], ["1 store_opened", "2 product_defined"]);
    assert_eq!(Table::Records.columns().last().unwrap().name, "fields");
}
