//! Areas as GeoJSON geometries, every coordinate to its last digit.

use crate::http::json::decimal::Degrees;
use kirana_domain::Area;
use kirana_domain::geo::{Polygon, Ring};
use serde_json::value::RawValue;
use std::fmt::{self, Write};

/// The geometry of an area: a `Polygon` if it is one, else a `MultiPolygon`. Rings go round as RFC
/// 7946 §3.1.6 wants them.
pub(crate) fn geometry(area: &Area) -> Box<RawValue> {
    // Two numbers of some ten digits, and what is around them.
    let mut out = String::with_capacity(64 + area.vertices() * 28);
    let written = match area.polygons() {
        [only] => {
            let only = List(only.rings(), ring);
            write!(out, r#"{{"type":"Polygon","coordinates":{only}}}"#)
        }
        many => {
            let many = List(many, rings);
            write!(out, r#"{{"type":"MultiPolygon","coordinates":{many}}}"#)
        }
    };
    written.expect("a string takes whatever is written");
    RawValue::from_string(out).expect("brackets and numbers are JSON")
}

/// `[a,b,…]`
struct List<'a, T, F>(&'a [T], F);

impl<T, F: Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for List<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (n, item) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_char(',')?;
            }
            (self.1)(item, f)?;
        }
        f.write_char(']')
    }
}

fn rings(polygon: &Polygon, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Display::fmt(&List(polygon.rings(), ring), f)
}

fn ring(ring: &Ring, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let points: Vec<_> = ring.closed().collect();
    let position = |at: &kirana_domain::Point, f: &mut fmt::Formatter<'_>| {
        write!(f, "[{},{}]", Degrees(at.lng_e7()), Degrees(at.lat_e7()))
    };
    fmt::Display::fmt(&List(&points, position), f)
}
