//! The borders of Tura and Bengaluru, where they are: the expected answers are from elsewhere.

use super::*;
use crate::http::json::decimal::point_of;
use kirana_domain::{Event, Located, Weather, Zone, ZoneBook};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const STORE: StoreId = StoreId(Uuid::from_u128(1));

/// A file of the shared data; `None`, and a line in the output, where it is not. As
/// `tests/src/data.rs` of the workspace, which this crate cannot use.
fn shared(path: &str) -> Option<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let top = std::env::var_os("KIRANA_SHARED_DATA").map_or(beside, PathBuf::from);
    let bytes = std::fs::read(top.join(path)).ok();
    if bytes.is_none() {
        println!("{} is not there: this test shows nothing", top.join(path).display());
    }
    bytes
}

fn only(bytes: &[u8]) -> Area {
    let found = parse(bytes, "name").unwrap();
    assert_eq!((found.features.len(), found.refused.len()), (1, 0));
    found.features[0].area.clone()
}

fn defined(n: u128, kind: ZoneKind, area: Area) -> Event {
    let name = Text::parse(&format!("Zone {n}")).unwrap();
    let (id, weather) = (ZoneId(Uuid::from_u128(n)), Weather::Normal);
    let zone = Zone { id, store_id: STORE, name, kind, area, weather };
    Event::ZoneDefined { zone: Arc::new(zone) }
}

#[derive(serde::Deserialize)]
struct Expected<'a> {
    #[serde(borrow)]
    points: Vec<Place<'a>>,
}

#[derive(serde::Deserialize)]
struct Place<'a> {
    id: String,
    #[serde(borrow)]
    lat: &'a RawValue,
    #[serde(borrow)]
    lng: &'a RawValue,
    in_zone1: bool,
    in_city: bool,
    access_level: String,
}

#[test]
fn every_place_in_tura_allows_what_it_is_expected_to() {
    let (Some(zone), Some(city), Some(places)) = (
        shared("dayliz/tura_zone1.geojson"),
        shared("dayliz/tura_city_boundary.geojson"),
        shared("dayliz/zone_test_points.json"),
    ) else {
        return;
    };
    let (zone, city) = (only(&zone), only(&city));
    assert_eq!((zone.vertices(), city.vertices()), (11, 81));
    let mut book = ZoneBook::default();
    book.evolve(&defined(1, ZoneKind::Delivery, zone.clone()));
    book.evolve(&defined(2, ZoneKind::Town, city.clone()));
    let expected: Expected<'_> = serde_json::from_slice(&places).unwrap();
    assert_eq!(expected.points.len(), 10);
    for place in expected.points {
        let at = point_of(place.lat.get(), place.lng.get()).unwrap();
        assert_eq!((zone.contains(at), city.contains(at)), (place.in_zone1, place.in_city));
        let access = match book.locate(at) {
            Located::Order { .. } => "fullAccess",
            Located::Browse { .. } => "viewingOnly",
            Located::Nowhere => "noAccess",
        };
        assert_eq!(access, place.access_level, "{}", place.id);
    }
}

/// The wards that are not valid, with our reason. GEOS says "Hole lies outside shell" of the first,
/// second, fourth and sixth, and "Self-intersection" of the others.
const REFUSED: [(usize, &str, &str); 6] = [
    (0, "Kempegowda Ward", "HOLE_OUTSIDE_SHELL"),
    (49, "Bande Mutt", "HOLE_OUTSIDE_SHELL"),
    (60, "Sampangiram Nagar", "RING_CROSSES_ITSELF"),
    (175, "Belathur", "HOLE_OUTSIDE_SHELL"),
    (188, "Vasanth Nagar", "RING_CROSSES_ITSELF"),
    (224, "Padmanabha Nagar", "HOLE_OUTSIDE_SHELL"),
];

#[test]
fn of_the_wards_of_bengaluru_237_are_accepted_and_six_refused_by_name() {
    let Some(wards) = shared("bengaluru-geo/BBMP.geojson") else { return };
    let found = parse(&wards, "KGISWardName").unwrap();
    let refused: Vec<_> = found
        .refused
        .iter()
        .map(|refused| (refused.index, refused.name.as_deref().unwrap(), refused.code))
        .collect();
    assert_eq!(refused, REFUSED);
    assert_eq!(found.features.len(), 237);
    assert!(found.features.iter().all(|ward| ward.name.is_some()));
    // Where the two rings cross, GEOS says 77.5948218937272, 12.9819045925242.
    let at = found.refused[2].at.unwrap();
    assert_eq!((at.lng_e7(), at.lat_e7()), (775_948_219, 129_819_046));
    for ward in &found.features {
        let text = geometry(&ward.area);
        let again = parse(text.get().as_bytes(), "name").unwrap();
        assert_eq!(again.features[0].area, ward.area, "written and read again");
    }
}

#[derive(serde::Deserialize)]
struct Stops<'a> {
    #[serde(borrow)]
    features: Vec<Stop<'a>>,
}

#[derive(serde::Deserialize)]
struct Stop<'a> {
    #[serde(borrow)]
    geometry: StopGeometry<'a>,
}

#[derive(serde::Deserialize)]
struct StopGeometry<'a> {
    /// Longitude and latitude.
    #[serde(borrow)]
    coordinates: (&'a RawValue, &'a RawValue),
}

/// The shells of the wards without their holes, so that four of the six become valid.
fn shells_of_the_refused(wards: &[u8]) -> Vec<Area> {
    let document: Value = serde_json::from_slice(wards).unwrap();
    let shell = |index: usize| {
        let ring = document["features"][index]["geometry"]["coordinates"][0].clone();
        zones(&polygon(&json!([ring]))).features.into_iter().next()
    };
    REFUSED.iter().filter_map(|(index, ..)| shell(*index)).map(|found| found.area).collect()
}

#[test]
fn bus_stops_are_in_the_wards_that_shapely_finds_them_in() {
    let (Some(wards), Some(stops)) =
        (shared("bengaluru-geo/BBMP.geojson"), shared("bengaluru-geo/bmtc_busstops.geojson"))
    else {
        return;
    };
    let found = parse(&wards, "KGISWardName").unwrap().features;
    let mut book = ZoneBook::default();
    for (n, ward) in found.iter().enumerate() {
        book.evolve(&defined(n as u128, ZoneKind::Delivery, ward.area.clone()));
    }
    let stops: Stops<'_> = serde_json::from_slice(&stops).unwrap();
    assert_eq!(stops.features.len(), 2_201);
    let places: Vec<_> = stops
        .features
        .iter()
        .map(|stop| stop.geometry.coordinates)
        .map(|(lng, lat)| point_of(lat.get(), lng.get()).unwrap())
        .collect();
    let shells = shells_of_the_refused(&wards);
    assert_eq!(shells.len(), 4);
    let (mut inside, mut in_shells) = (0, 0);
    for at in places {
        let first = found.iter().position(|ward| ward.area.contains(at));
        let located = match book.locate(at) {
            Located::Order { zone } => Some(zone.id),
            _ => None,
        };
        assert_eq!(located, first.map(|n| ZoneId(Uuid::from_u128(n as u128))), "{at:?}");
        inside += usize::from(first.is_some());
        in_shells += usize::from(first.is_none() && shells.iter().any(|area| area.contains(at)));
    }
    assert_eq!(inside, 1_191, "shapely's count for the 237 valid wards");
    assert_eq!(in_shells, SHELL_STOPS, "shapely's count for the shells of four of the six");
}

/// Stops in no valid ward, but in the shell of one that was refused for its holes.
const SHELL_STOPS: usize = 39;
