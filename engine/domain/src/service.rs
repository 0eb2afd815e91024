//! Delivery of a store to a place at a time: its zone, its weather, and the promised minutes.

use crate::geo::Point;
use crate::time::{AtMs, MinuteOfDay};
use crate::{Rejection, Store, Weather, ZoneBook, ZoneId};

/// The service of a store for a door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// The zone that the door is in, where the store has zones.
    pub zone_id: Option<ZoneId>,
    /// The weather there.
    pub weather: Weather,
    /// Minutes from and to which delivery is promised.
    pub promise: (u16, u16),
}

impl Served {
    /// Finds the zone of a door and the service there. A store without delivery zones delivers
    /// nowhere, unless its setting says that it delivers anywhere. Returns with it the rejection
    /// that an order from there would get now.
    pub fn at(
        store: &Store,
        zones: &ZoneBook,
        point: Option<Point>,
        at_ms: AtMs,
    ) -> (Self, Option<Rejection>) {
        let zone = point.and_then(|point| zones.delivery_zone_at(store.id, point));
        let is_within = store.delivers_anywhere || zone.is_some();
        let weather = zone.map_or(Weather::Normal, |zone| zone.weather);
        // The store's settings hold the minutes for normal weather, then those for bad weather.
        let promise = store.promise[usize::from(weather != Weather::Normal)];
        let served = Self { zone_id: zone.map(|zone| zone.id), weather, promise };
        let (opens, closes) = store.hours;
        // A place is only asked for where one could help.
        let refusal = if !is_within && point.is_none() && zones.has_delivery_zones(store.id) {
            Some(Rejection::PointMissing)
        } else if !is_within {
            Some(Rejection::OutOfZone)
        } else if weather == Weather::Extreme {
            Some(Rejection::ServiceSuspended)
        } else if !is_open(opens, closes, at_ms) {
            Some(Rejection::StoreClosed { opens, closes })
        } else {
            None
        };
        assert!(
            refusal.is_some() || store.delivers_anywhere || served.zone_id.is_some(),
            "a delivery has a zone, unless somebody decided that none is needed"
        );
        (served, refusal)
    }
}

/// Returns true from the opening minute to before the closing one; past midnight when it closes
/// earlier than it opens.
fn is_open(opens: MinuteOfDay, closes: MinuteOfDay, at_ms: AtMs) -> bool {
    let now = MinuteOfDay::of(at_ms);
    if opens < closes { (opens..closes).contains(&now) } else { now >= opens || now < closes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::store;

    /// 2025-01-01 at a time in India.
    fn at(text: &str) -> AtMs {
        let minutes = i64::from(MinuteOfDay::parse(text).unwrap().get());
        crate::samples::AT_MS - 330 * 60_000 + minutes * 60_000
    }

    #[test]
    fn a_store_is_open_from_its_opening_minute_to_before_its_closing_one() {
        let store = store();
        let code = |time: &str| {
            let (_, no) = Served::at(&store, &ZoneBook::default(), None, at(time));
            no.map(|no| no.code())
        };
        for (time, wanted) in [
            ("07:59", Some(5003)),
            ("08:00", None),
            ("20:59", None),
            ("21:00", Some(5003)),
            ("00:00", Some(5003)),
        ] {
            assert_eq!(code(time), wanted, "{time}");
        }
    }

    #[test]
    fn a_store_may_close_after_midnight() {
        let time = |text: &str| MinuteOfDay::parse(text).unwrap();
        let open = |now: &str| is_open(time("18:00"), time("02:00"), at(now));
        assert!(open("18:00") && open("23:59") && open("01:59"));
        assert!(!open("02:00") && !open("17:59"));
        assert!(is_open(time("00:00"), time("24:00"), at("23:59")));
    }

    #[test]
    fn a_store_serves_the_doors_in_its_zones_by_their_weather_and_without_zones_none() {
        use crate::geo::Area;
        use crate::samples::{STORE, text};
        use crate::{Event, Zone, ZoneKind};
        let at_noon = at("12:00");
        let point = |lat: i32, lng: i32| Point::new(lat, lng).unwrap();
        let zone = |kind, weather| {
            let ring = [(0, 0), (0, 10), (10, 10), (10, 0), (0, 0)];
            let ring = ring.map(|(lat, lng)| point(lat * 100_000, lng * 100_000)).to_vec();
            let area = Area::parse(vec![vec![ring]]).unwrap();
            let id = ZoneId(uuid::Uuid::from_u128(kind as u128));
            let zone = Zone { id, store_id: STORE, name: text("Zone"), kind, area, weather };
            Event::ZoneDefined { zone: std::sync::Arc::new(zone) }
        };
        let (inside, outside) = (point(500_000, 500_000), point(-500_000, 500_000));
        let anywhere = store();
        let bounded = Store { delivers_anywhere: false, ..store() };
        let served_by = |store: &Store, zones: &ZoneBook, point| {
            let (served, no) = Served::at(store, zones, point, at_noon);
            (served.zone_id.is_some(), served.promise, no.map(|no| no.code()))
        };
        let served = |zones: &ZoneBook, point| served_by(&bounded, zones, point);
        let mut zones = ZoneBook::default();
        for place in [None, Some(inside), Some(outside)] {
            assert_eq!(
                served(&zones, place),
                (false, (15, 30), Some(5002)),
                "no zone, no delivery"
            );
        }
        zones.evolve(&zone(ZoneKind::Town, Weather::Extreme));
        for place in [None, Some(inside), Some(outside)] {
            assert_eq!(served(&zones, place), (false, (15, 30), Some(5002)), "a town is no zone");
            assert_eq!(served_by(&anywhere, &zones, place), (false, (15, 30), None));
        }
        for (weather, promise, code) in [
            (Weather::Normal, (15, 30), None),
            (Weather::Bad, (30, 45), None),
            (Weather::Extreme, (30, 45), Some(5004)),
        ] {
            zones.evolve(&zone(ZoneKind::Delivery, weather));
            assert_eq!(served(&zones, Some(inside)), (true, promise, code), "{weather:?}");
            assert_eq!(served(&zones, Some(outside)), (false, (15, 30), Some(5002)));
            assert_eq!(served(&zones, None), (false, (15, 30), Some(5001)));
            assert_eq!(served_by(&anywhere, &zones, Some(inside)), (true, promise, code));
            assert_eq!(served_by(&anywhere, &zones, Some(outside)), (false, (15, 30), None));
            assert_eq!(served_by(&anywhere, &zones, None), (false, (15, 30), None));
        }
    }
}
