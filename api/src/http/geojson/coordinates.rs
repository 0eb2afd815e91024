//! The coordinates of a geometry, number by number from their text.

use super::Refusal;
use crate::http::json::decimal::{PointError, point_of};
use kirana_domain::{Area, Point};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

#[derive(Deserialize)]
struct Geometry<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
}

/// The area of a geometry.
pub(super) fn area(raw: &RawValue) -> Result<Area, Refusal> {
    let not_an_area = || Refusal::new("GEOMETRY", "must be a Polygon or a MultiPolygon");
    let geometry: Geometry<'_> = serde_json::from_str(raw.get()).map_err(|_| not_an_area())?;
    let coordinates = geometry.coordinates.map_or("null", RawValue::get);
    let polygons = match &*geometry.r#type {
        "Polygon" => serde_json::from_str(coordinates).map(|rings| vec![rings]),
        "MultiPolygon" => serde_json::from_str(coordinates),
        _ => return Err(not_an_area()),
    };
    let polygons: Vec<Vec<Vec<Position<'_>>>> = polygons.map_err(|_| {
        Refusal::new("COORDINATES", "coordinates must be rings of longitude and latitude")
    })?;
    let ring = |ring: Vec<Position<'_>>| ring.into_iter().map(Position::point).collect();
    let rings = |rings: Vec<_>| rings.into_iter().map(ring).collect::<Result<_, _>>();
    let polygons = polygons.into_iter().map(rings).collect::<Result<_, Refusal>>()?;
    Area::parse(polygons).map_err(|error| Refusal {
        code: error.rule.code(),
        detail: error.to_string().into(),
        at: error.at,
    })
}

/// Longitude and latitude as they are written; what follows them, such as an elevation, is left out
/// (RFC 7946 §3.1.1).
struct Position<'a> {
    lng: &'a RawValue,
    lat: &'a RawValue,
}

impl Position<'_> {
    fn point(self) -> Result<Point, Refusal> {
        point_of(self.lat.get(), self.lng.get()).map_err(|error| {
            let detail = match error {
                PointError::Swapped => "coordinates look swapped: GeoJSON has longitude first",
                other => other.detail(),
            };
            Refusal::new(error.code(), detail)
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Position<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Position<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("longitude and latitude")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Position<'de>, A::Error> {
                let missing = |n| de::Error::invalid_length(n, &"longitude and latitude");
                let lng = all.next_element()?.ok_or_else(|| missing(0))?;
                let lat = all.next_element()?.ok_or_else(|| missing(1))?;
                while all.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Position { lng, lat })
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}
