//! Areas as GeoJSON geometries, every coordinate to its last digit.

use kirana_domain::Area;
use kirana_domain::geo::{Polygon, Ring, UNITS_PER_DEGREE};
use serde_json::value::RawValue;
use std::fmt::{self, Write};

/// A latitude or longitude in ten-millionths, written in degrees without needless zeros: a JSON
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Degrees(pub i32);

impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS_PER_DEGREE.unsigned_abs();
        let (whole, mut part) = (self.0.unsigned_abs() / unit, self.0.unsigned_abs() % unit);
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if part == 0 {
            return Ok(());
        }
        let mut places = 7;
        while part % 10 == 0 {
            (part, places) = (part / 10, places - 1);
        }
        write!(f, ".{part:0places$}")
    }
}

/// The geometry of an area: a `Polygon` if it is one, else a `MultiPolygon`. Rings go round as RFC
/// 7946 §3.1.6 wants them.
pub fn geometry(area: &Area) -> Box<RawValue> {
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
