//! The shape of a zone. Corners are written as the way from the one before, which in a city takes
//! six bytes instead of ten.

use super::Id;
use super::words::{Result, text};
use kirana_domain as domain;
use kirana_domain::geo::{Area, Point, Ring};
use kirana_domain::limits::{
    AREA_POLYGONS_MAX, AREA_VERTICES_MAX, LABEL_CHARS_MAX, TEXT_BYTES_PER_CHAR,
};
use kirana_domain::{Event, Weather, ZoneKind};
use kirana_storage::RECORD_BYTES_MAX;
use serde::{Deserialize, Serialize};

// A corner takes ten bytes at the most, the count in front of a ring or polygon three, and a ring
// has three corners or more.
const _: () = assert!(
    AREA_VERTICES_MAX * 10
        + AREA_VERTICES_MAX / 3 * 3
        + AREA_POLYGONS_MAX * 3
        + TEXT_BYTES_PER_CHAR * LABEL_CHARS_MAX
        + 512
        <= RECORD_BYTES_MAX
);

/// A zone of a store.
#[derive(Serialize, Deserialize)]
pub(crate) struct Zone<'a> {
    id: Id,
    store_id: Id,
    name: &'a str,
    kind: u8,
    weather: u8,
    /// Polygons, rings, and steps of latitude and longitude; the first step of a ring is from 0, 0,
    /// and the first corner does not come again.
    polygons: Vec<Vec<Vec<(i32, i32)>>>,
}

impl<'a> From<&'a domain::Zone> for Zone<'a> {
    fn from(zone: &'a domain::Zone) -> Self {
        let polygons = zone.area.polygons().iter();
        Self {
            id: zone.id.into(),
            store_id: zone.store_id.into(),
            name: &zone.name,
            kind: zone.kind as u8,
            weather: zone.weather as u8,
            polygons: polygons.map(|shape| shape.rings().iter().map(steps).collect()).collect(),
        }
    }
}

impl Zone<'_> {
    /// Returns the zone, if it keeps the rules of the domain.
    pub(crate) fn parse(&self) -> Result<domain::Zone> {
        let polygon = |rings: &Vec<_>| rings.iter().map(|ring: &Vec<_>| corners(ring)).collect();
        let polygons: Option<_> = self.polygons.iter().map(polygon).collect();
        let polygons = polygons.ok_or("a corner of a zone is not on earth")?;
        Ok(domain::Zone {
            id: self.id.into(),
            store_id: self.store_id.into(),
            name: text(self.name)?,
            kind: ZoneKind::from_number(self.kind).ok_or("unknown kind of zone")?,
            area: Area::parse(polygons).map_err(|_| "the area of a zone breaks its rules")?,
            weather: weather(self.weather)?,
        })
    }
}

/// Returns the fact that the weather of a zone was set.
pub(super) fn weather_set(store_id: Id, zone_id: Id, stored: u8) -> Result<Event> {
    let (store_id, zone_id) = (store_id.into(), zone_id.into());
    Ok(Event::WeatherSet { store_id, zone_id, weather: weather(stored)? })
}

/// Returns the weather.
fn weather(stored: u8) -> Result<Weather> {
    Weather::from_number(stored).ok_or("unknown weather")
}

/// Returns the ways from corner to corner. Steps wrap around the end of `i32`, and back when they
/// are added up: even half the earth is five bytes.
fn steps(ring: &Ring) -> Vec<(i32, i32)> {
    let step = |last: &mut (i32, i32), at: &Point| {
        let (lat, lng) = (at.lat_e7(), at.lng_e7());
        let step = (lat.wrapping_sub(last.0), lng.wrapping_sub(last.1));
        *last = (lat, lng);
        Some(step)
    };
    ring.points().iter().scan((0, 0), step).collect()
}

/// Returns the corners of a ring, closed again; `None` if one is not on earth.
fn corners(steps: &[(i32, i32)]) -> Option<Vec<Point>> {
    let mut last = (0_i32, 0_i32);
    let mut points = Vec::with_capacity(steps.len() + 1);
    for step in steps {
        last = (last.0.wrapping_add(step.0), last.1.wrapping_add(step.1));
        points.push(Point::new(last.0, last.1)?);
    }
    points.extend(points.first().copied());
    Some(points)
}
