use super::*;
use crate::tools::samples::{STORE, day, order_id, product_id};

#[test]
fn an_order_is_called_by_its_id_or_its_number() {
    let number = |code: Option<&str>, number| {
        Some(OrderRef::Number { code: code.map(str::to_owned), number })
    };
    let id = order_id(1);
    assert_eq!(OrderRef::parse(&id.to_string()), Some(OrderRef::Id(id)));
    assert_eq!(OrderRef::parse("TUR-000002"), number(Some("TUR"), 2));
    assert_eq!(OrderRef::parse("tur-2"), number(Some("TUR"), 2));
    assert_eq!(OrderRef::parse("2"), number(None, 2));
    for text in ["", "-2", "TUR-", "TUR-x", "0", "TUR-+2", "99999999999999999999999"] {
        assert_eq!(OrderRef::parse(text), None, "{text}");
    }
}

#[test]
fn what_people_say_is_found_and_what_is_not_there_is_said_to_be_missing() {
    let log = day();
    let reader = log.reader();
    let log = Log::new(&*reader);
    let by = |text: &str| order(&log, &OrderRef::parse(text).unwrap());
    assert_eq!(by("TUR-000002"), Ok(order_id(2)));
    assert_eq!(by("3"), Ok(order_id(3)));
    assert!(matches!(by("TUR-9"), Err(ToolError::Unknown(_))));
    assert!(matches!(by("SHL-000002"), Err(ToolError::Unknown(_))));
    assert_eq!(store(&log, "tur"), Ok(STORE));
    assert!(matches!(store(&log, "SHL"), Err(ToolError::Unknown(_))));
    assert_eq!(product(&log, STORE, "SKU-2"), Ok(product_id(2)));
    assert!(matches!(product(&log, STORE, "SKU-9"), Err(ToolError::Unknown(_))));
}

#[test]
fn the_records_of_an_order_are_all_of_them_and_no_others() {
    let log = day();
    let reader = log.reader();
    let mut lsns = Vec::new();
    let visit = &mut |lsn: Lsn, _| {
        lsns.push(lsn.0);
        Ok(ControlFlow::Continue(()))
    };
    records_of(&Log::new(&*reader), order_id(2), Until::End, visit).unwrap();
    assert_eq!(lsns, [5, 6]);
}
