//! The service at a place: to order, to look around, or nothing.
//!
//! `access` is what the place allows in its weather. Opening hours do not change it: that a store
//! is closed now stands in `reason`, as does everything else that an order would be refused for.

use crate::http::problem::Problem;
use kirana_domain::{Catalogue, Located, Point, Rejection, Served, Store, StoreId, Weather, Zone};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// The service at a place.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Serviceability {
    /// `order`, `browse` or `none`.
    pub access: &'static str,
    /// The store that it is about.
    pub store_id: Option<Uuid>,
    /// The delivery zone that it is in, or else the town.
    pub zone_id: Option<Uuid>,
    /// Its name.
    pub zone_name: Option<String>,
    /// The weather there.
    pub weather: &'static str,
    /// Minutes from and to which delivery is promised, where one may order.
    pub promise_minutes: Option<(u16, u16)>,
    /// True where the store delivers to every place, because somebody set it so.
    pub delivers_anywhere: bool,
    /// Code that an order would be refused with there now.
    pub reason: Option<&'static str>,
}

/// The code that an order would be refused with.
fn code_of(no: &Rejection) -> &'static str {
    Problem::from(no).kind().code
}

/// Returns the service at the door of an order from one store; `served` is the engine's answer.
pub(crate) fn at_store(
    catalogue: &Catalogue,
    store: &Store,
    point: Option<Point>,
    (served, no): (&Served, Option<&Rejection>),
) -> Serviceability {
    let is_anywhere = || {
        let at = point.map(|point| catalogue.zones.locate(point));
        !matches!(at, Some(Located::Nowhere))
    };
    let access = match no {
        None | Some(Rejection::StoreClosed { .. }) => "order",
        // Without a place one may look around: where to deliver is asked later.
        _ if is_anywhere() => "browse",
        _ => "none",
    };
    let zone = served.zone_id.and_then(|id| catalogue.zones.get(id));
    Serviceability {
        access,
        store_id: Some(store.id.0),
        zone_id: zone.map(|zone| zone.id.0),
        zone_name: zone.map(|zone| zone.name.to_string()),
        weather: served.weather.name(),
        promise_minutes: (access == "order").then_some(served.promise),
        delivers_anywhere: store.delivers_anywhere,
        reason: no.map(code_of),
    }
}

/// A place among all stores, with the store and the zone that it is about.
pub(crate) struct Found {
    /// Its service.
    pub view: Serviceability,
    /// The store that delivers there, or whose town it is in.
    pub store: Option<Arc<Store>>,
    /// The weather there.
    pub weather: Weather,
}

/// Returns the service at a place, over all stores: to order in its delivery zone, or at a store
/// that delivers anywhere; to look around in a town.
pub(crate) fn anywhere(catalogue: &Catalogue, point: Point, at_ms: i64) -> Found {
    let located = catalogue.zones.locate(point);
    let unbounded = || catalogue.stores().find(|store| store.delivers_anywhere);
    let (store, town) = match &located {
        Located::Order { zone } => (store_of(catalogue, zone.store_id), None),
        Located::Browse { zone } => match unbounded() {
            Some(store) => (Some(Arc::clone(store)), None),
            None => (store_of(catalogue, zone.store_id), Some(zone)),
        },
        Located::Nowhere => (unbounded().cloned(), None),
    };
    let Some(store) = store else {
        return Found { view: nowhere(), store: None, weather: Weather::Normal };
    };
    let (served, no) = Served::at(&store, &catalogue.zones, Some(point), at_ms);
    let mut view = at_store(catalogue, &store, Some(point), (&served, no.as_ref()));
    if let Some(town) = town {
        name_town(&mut view, town);
    }
    Found { view, store: Some(store), weather: served.weather }
}

fn store_of(catalogue: &Catalogue, id: StoreId) -> Option<Arc<Store>> {
    catalogue.store(id).cloned()
}

fn name_town(view: &mut Serviceability, town: &Zone) {
    view.zone_id = Some(town.id.0);
    view.zone_name = Some(town.name.to_string());
}

fn nowhere() -> Serviceability {
    Serviceability {
        access: "none",
        store_id: None,
        zone_id: None,
        zone_name: None,
        weather: Weather::Normal.name(),
        promise_minutes: None,
        delivers_anywhere: false,
        reason: Some(code_of(&Rejection::OutOfZone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kirana_domain::time::MinuteOfDay;
    use kirana_domain::{Area, Event, Text, ZoneId, ZoneKind};

    /// 2025-01-01, noon in India.
    const NOON_MS: i64 = 1_735_713_000_000;

    fn point(lat: i32, lng: i32) -> Point {
        Point::new(lat * 10_000_000, lng * 10_000_000).unwrap()
    }

    fn square(from: i32, to: i32) -> Area {
        let corners = [(from, from), (from, to), (to, to), (to, from), (from, from)];
        Area::parse(vec![vec![corners.map(|(lat, lng)| point(lat, lng)).to_vec()]]).unwrap()
    }

    fn opened(catalogue: &mut Catalogue, n: u128, delivers_anywhere: bool) -> StoreId {
        let text = Text::parse("Tura").unwrap();
        let id = StoreId(Uuid::from_u128(n));
        let code = Text::parse(&format!("T{n}")).unwrap();
        let store = Store::with_defaults(id, code, text.clone(), text);
        let store = Store { delivers_anywhere, ..store };
        catalogue.evolve(&Event::StoreOpened { store: Arc::new(store) });
        id
    }

    fn drawn(catalogue: &mut Catalogue, n: u128, store_id: StoreId, kind: ZoneKind, area: Area) {
        let (id, name) = (ZoneId(Uuid::from_u128(n)), Text::parse("Hawakhana").unwrap());
        let zone = Zone { id, store_id, name, kind, area, weather: Weather::Normal };
        catalogue.evolve(&Event::ZoneDefined { zone: Arc::new(zone) });
    }

    fn seen(catalogue: &Catalogue, at: Point) -> (&'static str, Option<&'static str>) {
        let Found { view, .. } = anywhere(catalogue, at, NOON_MS);
        (view.access, view.reason)
    }

    #[test]
    fn a_place_allows_what_its_zone_and_its_weather_allow() {
        let mut catalogue = Catalogue::default();
        assert_eq!(seen(&catalogue, point(1, 1)), ("none", Some("OUT_OF_ZONE")));
        let store_id = opened(&mut catalogue, 1, false);
        drawn(&mut catalogue, 1, store_id, ZoneKind::Delivery, square(0, 2));
        drawn(&mut catalogue, 2, store_id, ZoneKind::Town, square(0, 4));
        assert_eq!(seen(&catalogue, point(1, 1)), ("order", None));
        assert_eq!(seen(&catalogue, point(3, 3)), ("browse", Some("OUT_OF_ZONE")));
        assert_eq!(seen(&catalogue, point(5, 5)), ("none", Some("OUT_OF_ZONE")));
        let zone_id = ZoneId(Uuid::from_u128(1));
        let weather = Weather::Extreme;
        catalogue.evolve(&Event::WeatherSet { store_id, zone_id, weather });
        assert_eq!(seen(&catalogue, point(1, 1)), ("browse", Some("SERVICE_SUSPENDED")));
    }

    #[test]
    fn without_a_delivery_zone_nothing_is_delivered_unless_somebody_set_it_so() {
        let mut catalogue = Catalogue::default();
        let store_id = opened(&mut catalogue, 1, false);
        assert_eq!(seen(&catalogue, point(1, 1)), ("none", Some("OUT_OF_ZONE")));
        drawn(&mut catalogue, 2, store_id, ZoneKind::Town, square(0, 4));
        assert_eq!(seen(&catalogue, point(1, 1)), ("browse", Some("OUT_OF_ZONE")));
        assert_eq!(seen(&catalogue, point(5, 5)), ("none", Some("OUT_OF_ZONE")));
        opened(&mut catalogue, 3, true);
        let Found { view, .. } = anywhere(&catalogue, point(5, 5), NOON_MS);
        assert_eq!((view.access, view.reason, view.delivers_anywhere), ("order", None, true));
    }

    #[test]
    fn a_closed_store_still_delivers_there_but_says_why_not_now() {
        let mut catalogue = Catalogue::default();
        opened(&mut catalogue, 1, true);
        let night_ms = NOON_MS + 12 * 60 * 60_000;
        assert_eq!(MinuteOfDay::of(night_ms).to_string(), "00:00");
        let Found { view, store, .. } = anywhere(&catalogue, point(1, 1), night_ms);
        assert_eq!((view.access, view.reason), ("order", Some("STORE_CLOSED")));
        assert_eq!(view.promise_minutes, Some((15, 30)));
        assert!(store.is_some());
    }
}
