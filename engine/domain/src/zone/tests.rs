use super::*;
use crate::samples::{STORE, text};
use proptest::prelude::*;
use uuid::Uuid;

const OTHER_STORE: StoreId = StoreId(Uuid::from_u128(2));
/// The corner of the samples: 25° N, 90° E.
const CORNER: (i32, i32) = (250_000_000, 900_000_000);

fn zone_id(n: u128) -> ZoneId {
    ZoneId(Uuid::from_u128(0x200 + n))
}

/// A place so many ten-millionths north and east of the corner.
fn at(north: i32, east: i32) -> Point {
    Point::new(CORNER.0 + north, CORNER.1 + east).unwrap()
}

fn square(north: i32, east: i32, side: i32) -> Area {
    let corners = [(0, 0), (0, side), (side, side), (side, 0), (0, 0)];
    let ring = corners.map(|(n, e)| at(north + n, east + e)).to_vec();
    Area::parse(vec![vec![ring]]).unwrap()
}

fn zone(n: u128, store_id: StoreId, kind: ZoneKind, area: Area) -> Arc<Zone> {
    let name = text(&format!("Zone {n}"));
    Arc::new(Zone { id: zone_id(n), store_id, name, kind, area, weather: Weather::Normal })
}

fn book(zones: &[Arc<Zone>]) -> ZoneBook {
    let mut book = ZoneBook::default();
    for zone in zones {
        book.evolve(&Event::ZoneDefined { zone: Arc::clone(zone) });
    }
    book
}

fn removed(n: u128, store_id: StoreId) -> Event {
    Event::ZoneRemoved { store_id, zone_id: zone_id(n) }
}

fn weather(n: u128, store_id: StoreId, weather: Weather) -> Event {
    Event::WeatherSet { store_id, zone_id: zone_id(n), weather }
}

use ZoneKind::{Delivery, Town};

#[test]
fn names_and_numbers_of_weather_and_kinds_lead_back_to_them() {
    for &(weather, name) in Weather::NAMES {
        assert_eq!((weather.name(), Weather::parse(name)), (name, Some(weather)));
        assert_eq!(Weather::from_number(weather as u8), Some(weather));
    }
    for &(kind, name) in ZoneKind::NAMES {
        assert_eq!((kind.name(), ZoneKind::parse(name)), (name, Some(kind)));
        assert_eq!(ZoneKind::from_number(kind as u8), Some(kind));
    }
    assert_eq!((Weather::parse("rain"), Weather::from_number(0)), (None, None));
    assert_eq!((ZoneKind::parse("city"), ZoneKind::from_number(3)), (None, None));
}

#[test]
fn one_orders_in_a_zone_browses_in_the_town_and_does_nothing_elsewhere() {
    let town = zone(1, STORE, Town, square(0, 0, 3_000_000));
    let delivery = zone(2, STORE, Delivery, square(100, 100, 10_000));
    let book = book(&[Arc::clone(&town), Arc::clone(&delivery)]);
    let order = Located::Order { zone: delivery };
    assert_eq!(book.locate(at(5_000, 5_000)), order);
    assert_eq!(book.locate(at(100, 100)), order, "who lives on the line is served");
    assert_eq!(book.locate(at(99, 100)), Located::Browse { zone: town });
    assert_eq!(book.locate(at(-1, 100)), Located::Nowhere);
}

#[test]
fn of_several_zones_the_one_with_the_lowest_id_is_it() {
    let area = || square(0, 0, 1_000);
    let book = book(&[
        zone(5, STORE, Delivery, area()),
        zone(3, OTHER_STORE, Delivery, square(-9_000_000, -9_000_000, 20_000_000)),
        zone(4, OTHER_STORE, Delivery, area()),
        zone(1, STORE, Town, area()),
    ]);
    let Located::Order { zone } = book.locate(at(5, 5)) else { panic!("it is in three") };
    assert_eq!(zone.id, zone_id(3), "of three, one of them in the list of large ones");
    assert_eq!(book.delivery_zone_at(STORE, at(5, 5)).unwrap().id, zone_id(5));
    assert_eq!(book.delivery_zone_at(STORE, at(-5, 5)), None, "that is the other store's");
    assert_eq!(book.delivery_zone_at(OTHER_STORE, at(-5, 5)).unwrap().id, zone_id(3));
}

#[test]
fn zones_are_listed_by_store_in_the_order_of_their_ids() {
    let area = || square(0, 0, 1_000);
    let book = book(&[
        zone(7, STORE, Town, area()),
        zone(2, STORE, Town, area()),
        zone(4, OTHER_STORE, Delivery, area()),
    ]);
    let ids: Vec<_> = book.of_store(STORE).map(|zone| zone.id).collect();
    assert_eq!(ids, [zone_id(2), zone_id(7)]);
    assert_eq!((book.count(), book.get(zone_id(4)).unwrap().store_id), (3, OTHER_STORE));
    assert!(!book.has_delivery_zones(STORE), "a town is not where one delivers");
    assert!(book.has_delivery_zones(OTHER_STORE));
}

#[test]
fn a_zone_that_is_drawn_anew_is_where_it_is_now_only() {
    let mut book = book(&[zone(1, STORE, Delivery, square(0, 0, 1_000))]);
    let moved = zone(1, OTHER_STORE, Delivery, square(500_000, 0, 1_000));
    book.evolve(&Event::ZoneDefined { zone: Arc::clone(&moved) });
    assert_eq!(book.locate(at(5, 5)), Located::Nowhere);
    assert_eq!(book.locate(at(500_005, 5)), Located::Order { zone: moved });
    assert_eq!((book.of_store(STORE).count(), book.of_store(OTHER_STORE).count()), (0, 1));
}

#[test]
fn a_removed_zone_leaves_nothing_behind() {
    let large = zone(2, STORE, Town, square(0, 0, 9_000_000));
    let mut book = book(&[zone(1, STORE, Delivery, square(0, 0, 250_000)), large]);
    assert_eq!(book.index.sizes(), (9, 1));
    book.evolve(&removed(1, OTHER_STORE));
    assert_eq!(book.count(), 2, "no store removes another's zone");
    book.evolve(&removed(1, STORE));
    book.evolve(&removed(2, STORE));
    book.evolve(&removed(2, STORE));
    assert_eq!((book.index.sizes(), book.count()), ((0, 0), 0));
    assert_eq!(book.digest(), ZoneBook::default().digest());
    assert!(book.by_store.is_empty());
}

#[test]
fn the_weather_is_that_of_one_zone_and_stays_until_it_is_set_again() {
    let area = || square(0, 0, 1_000);
    let before = zone(1, STORE, Delivery, area());
    let mut book = book(&[Arc::clone(&before), zone(2, STORE, Delivery, area())]);
    let calm = book.digest();
    book.evolve(&weather(1, STORE, Weather::Extreme));
    book.evolve(&weather(2, OTHER_STORE, Weather::Bad));
    book.evolve(&weather(3, STORE, Weather::Bad));
    let of = |book: &ZoneBook, n| book.get(zone_id(n)).unwrap().weather;
    assert_eq!((of(&book, 1), of(&book, 2)), (Weather::Extreme, Weather::Normal));
    assert_eq!(before.weather, Weather::Normal, "who looked before sees what was then");
    let Located::Order { zone } = book.locate(at(5, 5)) else { panic!("it is in two") };
    assert_eq!((zone.id, zone.weather), (zone_id(1), Weather::Extreme));
    assert_ne!(book.digest(), calm);
    book.evolve(&weather(1, STORE, Weather::Normal));
    assert_eq!(book.digest(), calm);
}

#[test]
fn the_digest_sees_every_field_and_not_the_order_of_arrival() {
    let plain = || zone(1, STORE, Delivery, square(0, 0, 1_000));
    let other = |change: &dyn Fn(&mut Zone)| {
        let mut zone = plain();
        change(Arc::make_mut(&mut zone));
        book(&[zone]).digest()
    };
    let digests = [
        book(&[plain()]).digest(),
        other(&|zone| zone.id = zone_id(2)),
        other(&|zone| zone.store_id = OTHER_STORE),
        other(&|zone| zone.name = text("Another")),
        other(&|zone| zone.kind = Town),
        other(&|zone| zone.area = square(0, 0, 1_001)),
        other(&|zone| zone.weather = Weather::Bad),
    ];
    for (n, digest) in digests.iter().enumerate() {
        assert!(!digests[..n].contains(digest), "field {n}");
    }
    let second = || zone(2, STORE, Town, square(0, 0, 9));
    assert_eq!(book(&[plain(), second()]).digest(), book(&[second(), plain()]).digest());
}

#[test]
fn the_id_of_a_zone_without_one_follows_from_its_store_and_key() {
    let id = ZoneId::of_key(STORE, "ward-1");
    assert_eq!(id, ZoneId::of_key(STORE, "ward-1"));
    assert_ne!(id, ZoneId::of_key(STORE, "ward-2"));
    assert_ne!(id, ZoneId::of_key(OTHER_STORE, "ward-1"));
}

/// A zone of either kind and store, from a few metres to larger than the grid lists.
fn any_zone() -> impl Strategy<Value = (bool, bool, i32, i32, i32)> {
    let side = prop_oneof![3 => 1..300_000_i32, 1 => 300_000..5_000_000_i32];
    (any::<bool>(), any::<bool>(), -2_000_000..2_000_000_i32, -2_000_000..2_000_000_i32, side)
}

/// Every zone is asked.
fn linear(zones: &BTreeMap<ZoneId, Arc<Zone>>, kind: ZoneKind, at: Point) -> Option<ZoneId> {
    let hit = zones.values().find(|zone| zone.kind == kind && zone.area.contains(at));
    hit.map(|zone| zone.id)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// 100 cases of 60 points: the index against a scan, after changes and removals.
    #[test]
    fn the_index_finds_what_a_scan_of_all_zones_finds(
        drawn in prop::collection::vec(any_zone(), 1..60),
        gone in prop::collection::vec(0..40_u128, 0..20),
        places in prop::collection::vec((-2_100_000..7_000_000_i32, -2_100_000..7_000_000_i32), 60),
    ) {
        let mut book = ZoneBook::default();
        let mut zones = BTreeMap::new();
        for (n, (is_town, is_other, north, east, side)) in drawn.iter().enumerate() {
            let kind = if *is_town { Town } else { Delivery };
            let store_id = if *is_other { OTHER_STORE } else { STORE };
            // Only forty ids, so that some are defined anew.
            let zone = zone(n as u128 % 40, store_id, kind, square(*north, *east, *side));
            zones.insert(zone.id, Arc::clone(&zone));
            book.evolve(&Event::ZoneDefined { zone });
        }
        for n in gone {
            if let Some(zone) = zones.remove(&zone_id(n)) {
                book.evolve(&removed(n, zone.store_id));
            }
        }
        for (north, east) in places {
            let place = at(north, east);
            let found = match book.locate(place) {
                Located::Order { zone } => (Some(zone.id), None),
                Located::Browse { zone } => (None, Some(zone.id)),
                Located::Nowhere => (None, None),
            };
            let order = linear(&zones, Delivery, place);
            let browse = linear(&zones, Town, place).filter(|_| order.is_none());
            prop_assert_eq!(found, (order, browse));
        }
    }
}

#[test]
fn a_store_has_the_zones_that_were_defined_last_and_each_keeps_its_weather() {
    let area = || square(0, 0, 10);
    let of = |n, name| {
        let zone = Zone::clone(&zone(n, STORE, Delivery, area()));
        Zone { name: text(name), ..zone }
    };
    let mut book = book(&[Arc::new(of(1, "One")), Arc::new(of(2, "Two"))]);
    book.evolve(&weather(1, STORE, Weather::Bad));
    let decided = book.decide(STORE, vec![of(1, "One"), of(3, "Three")]).unwrap();
    let three = Event::ZoneDefined { zone: Arc::new(of(3, "Three")) };
    assert_eq!(decided, [removed(2, STORE), three], "the first is as it was");
    let renamed = Zone { weather: Weather::Bad, ..of(1, "Uno") };
    let decided = book.decide(STORE, vec![of(1, "Uno"), of(2, "Two")]);
    assert_eq!(decided, Ok(vec![Event::ZoneDefined { zone: Arc::new(renamed) }]));
    assert_eq!(book.decide(OTHER_STORE, vec![of(1, "One")]), Err(Unfit::Changed));
    let too_many = vec![of(1, "One"); ZONES_PER_STORE_MAX + 1];
    assert_eq!(book.decide(STORE, too_many), Err(Unfit::TooMany));
}

#[test]
fn the_weather_of_a_zone_is_set_where_it_differs() {
    let book = book(&[zone(1, STORE, Delivery, square(0, 0, 10))]);
    let set = |n, weather| book.decide_weather(zone_id(n), weather);
    assert_eq!(set(1, Weather::Bad), Ok(Some(weather(1, STORE, Weather::Bad))));
    assert_eq!(set(1, Weather::Normal), Ok(None));
    assert_eq!(set(2, Weather::Bad), Err(Unfit::ZoneUnknown));
}
