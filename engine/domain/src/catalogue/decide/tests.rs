//! Decisions on stores, products and tax rates. Zones have theirs in `zone/tests.rs`.

use super::*;
use crate::samples::{STORE, opened, product, product_id, store, text};
use crate::{Bps, CalendarDay, Paise};
use uuid::Uuid;

const OTHER: StoreId = StoreId(Uuid::from_u128(2));

fn catalogue(events: &[Event]) -> Catalogue {
    let mut catalogue = Catalogue::default();
    events.iter().for_each(|event| catalogue.evolve(event));
    catalogue
}

fn new(n: u64, rupees: i64, opening_units: u32) -> NewProduct {
    NewProduct { product: product(n, Paise::rupees(rupees), Bps(500)), opening_units }
}

fn define(products: Vec<NewProduct>) -> CatalogueCommand {
    CatalogueCommand::DefineProducts { store_id: STORE, products }
}

/// The products that a decision defines, with their opening units.
fn defined(events: &[Event]) -> Vec<(ProductId, u32)> {
    let one = |event: &Event| match event {
        Event::ProductDefined { product, opening_units } => (product.id, *opening_units),
        other => unreachable!("a definition makes products only: {other:?}"),
    };
    events.iter().map(one).collect()
}

#[test]
fn a_store_is_opened_once_and_its_retry_changes_nothing() {
    let open = |store| CatalogueCommand::OpenStore { store };
    let empty = catalogue(&[]);
    assert_eq!(empty.decide(open(store())), Ok(vec![opened()]));
    let known = catalogue(&[opened()]);
    assert_eq!(known.decide(open(store())), Ok(Vec::new()));
    let other = Store { name: text("Another"), ..store() };
    assert_eq!(known.decide(open(other)), Err(Unfit::Changed));
}

#[test]
fn a_change_of_a_store_counts_only_from_the_settings_that_it_was_made_from() {
    let known = catalogue(&[opened()]);
    let after = Store { name: text("Renamed"), ..store() };
    let elsewhere = Store { name: text("Changed meanwhile"), ..store() };
    let change = |before: &Store, after: &Store| CatalogueCommand::ChangeStore {
        before: Arc::new(before.clone()),
        store: after.clone(),
    };
    let changed = Event::StoreChanged { store: Arc::new(after.clone()) };
    assert_eq!(known.decide(change(&store(), &after)), Ok(vec![changed]));
    assert_eq!(known.decide(change(&elsewhere, &after)), Err(Unfit::Changed));
    assert_eq!(known.decide(change(&elsewhere, &store())), Ok(Vec::new()), "it is so already");
    let unknown = Store { id: OTHER, ..store() };
    assert_eq!(known.decide(change(&unknown, &unknown)), Err(Unfit::StoreUnknown));
}

#[test]
fn only_the_first_definition_of_a_product_brings_units() {
    let mut known = catalogue(&[opened()]);
    let both = define(vec![new(1, 100, 7), new(2, 100, 0), new(1, 90, 7)]);
    let events = known.decide(both).unwrap();
    let (one, two) = (product_id(1), product_id(2));
    assert_eq!(defined(&events), [(one, 7), (two, 0), (one, 0)]);
    events.iter().for_each(|event| known.evolve(event));
    let again = known.decide(define(vec![new(1, 90, 7), new(2, 80, 7)])).unwrap();
    assert_eq!(defined(&again), [(two, 0)], "the unchanged one makes no fact");
    let elsewhere = CatalogueCommand::DefineProducts { store_id: OTHER, products: Vec::new() };
    assert_eq!(known.decide(elsewhere), Err(Unfit::StoreUnknown));
}

#[test]
fn stock_is_changed_only_of_products_that_the_store_sells() {
    let mut known = catalogue(&[opened()]);
    known.decide(define(vec![new(1, 100, 0)])).unwrap().iter().for_each(|it| known.evolve(it));
    let (one, two) = (product_id(1), product_id(2));
    assert_eq!(known.check_sold(STORE, [one].into_iter()), Ok(()));
    let unknown = Err(Unfit::ProductUnknown { product_id: two });
    assert_eq!(known.check_sold(STORE, [one, two].into_iter()), unknown);
    assert_eq!(known.check_sold(OTHER, [two].into_iter()), Err(Unfit::StoreUnknown));
}

#[test]
fn rates_are_set_as_long_as_the_table_takes_them() {
    let rate = |hsn| GstRate { hsn: text(hsn), from: CalendarDay(0), rate: Bps(500) };
    let set = |rates: &[GstRate]| {
        catalogue(&[]).decide(CatalogueCommand::SetGstRates { rates: rates.to_vec() })
    };
    let one = [rate("0401")];
    assert_eq!(set(&one), Ok(vec![Event::GstRatesSet { rates: one.to_vec() }]));
    let too_many = vec![rate("0401"); crate::limits::GST_RATES_MAX + 1];
    assert_eq!(set(&too_many), Err(Unfit::TooMany));
}
