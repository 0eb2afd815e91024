use super::*;
use kirana_domain::order::Step;
use kirana_domain::{
    About, Bps, Event, Item, OrderId, Paise, PersonId, Product, ProductId, Rejection, Role,
    StoreId, Text,
};
use std::sync::Arc;
use uuid::Uuid;

fn shown(event: Event) -> Value {
    let person_id = PersonId(Uuid::from_u128(0xC1));
    let by = Principal { role: Role::Customer, person_id, store_id: None };
    record(Lsn(7), &Record { at_ms: 1_795_374_245_067, by, key: None, event })
}

const ORDER: OrderId = OrderId(Uuid::from_u128(0xA1));
const STORE: StoreId = StoreId(Uuid::from_u128(0x51));

#[test]
fn a_record_says_when_who_and_what() {
    let shown = shown(Event::AddressSaved {
        customer_id: PersonId(Uuid::from_u128(0xC1)),
        address_id: kirana_domain::AddressId(Uuid::from_u128(0xAD)),
        sealed: vec![1, 2, 3].into(),
    });
    assert_eq!(shown["lsn"], 7);
    assert_eq!(shown["at"], "2026-11-22T19:04:05.067Z");
    assert_eq!(shown["event"], "address_saved");
    assert_eq!(shown["by"]["role"], "customer");
    assert_eq!(shown["fields"]["sealed"]["bytes"], 3, "what is sealed stays sealed");
    assert_eq!(
        headline(&shown),
        "       7  2026-11-22T19:04:05.067Z  address_saved  by customer \
         00000000-0000-0000-0000-0000000000c1"
    );
}

#[test]
fn a_step_is_named_with_its_fields() {
    let step = Step::Delivered { rider_id: None, cash: Paise(32_500) };
    let moved =
        Event::OrderMoved { order_id: ORDER, store_id: STORE, step, reason: None, lines: vec![] };
    let shown = shown(moved);
    assert_eq!(shown["fields"]["cash_collected_paise"], 32_500);
    assert!(headline(&shown).contains("order_moved delivered"), "{}", headline(&shown));
}

#[test]
fn what_is_inside_is_indented_and_what_is_empty_is_left_out() {
    let value = json!({
        "a": 1, "b": null, "c": { "d": "x\ny" }, "e": [], "f": [1, 2],
        "g": [{ "h": 1, "i": 2 }, { "h": 3 }],
    });
    let expected = ["a: 1", "c", "  d: x y", "f: 1, 2", "g", "  - h: 1", "    i: 2", "  - h: 3"];
    assert_eq!(lines(&value, 0), expected);
}

#[test]
fn every_member_of_a_product_is_shown() {
    let text = |text: &str| Text::parse(text).unwrap();
    let item = Item {
        id: ProductId(Uuid::from_u128(1)),
        sku: Text::parse("MILK").unwrap(),
        name: Text::parse("Milk").unwrap(),
        unit: None,
        hsn: None,
        price: Paise(2_850),
        gst: Bps(525),
    };
    let product = Product {
        store_id: STORE,
        item: Arc::new(item),
        brand: Some(text("Tura Fresh")),
        category: None,
        mrp: Paise(3_000),
        max_per_order: 12,
        is_active: true,
        about: About::default(),
    };
    let shown = shown(Event::ProductDefined { product: Arc::new(product), opening_units: 40 });
    let fields = &shown["fields"];
    assert_eq!((&fields["price_paise"], &fields["opening_units"]), (&json!(2_850), &json!(40)));
    assert_eq!(fields["gst_percent"], 5.25);
    assert_eq!(fields["store_id"], STORE.to_string());
}

#[test]
fn a_refusal_has_its_code_and_its_figures() {
    let rejection = Rejection::CodLimit { total: Paise(200), maximum: Paise(100) };
    let shown = shown(Event::CommandRefused { rejection });
    assert_eq!(shown["fields"]["code"], 4_001);
    assert_eq!(shown["fields"]["maximum_paise"], 100);
}
