//! Points and areas on the map, in whole ten-millionths of a degree and exact arithmetic.
//!
//! An [`Area`] is valid by the rules of OGC 06-103r4 §6.1.11 (simple features) and RFC 7946 §3.1.6,
//! or it does not exist. Edges are straight lines between longitudes and latitudes (RFC 7946
//! §3.1.1): no great circles, and nothing reaches across the 180th meridian.

mod error;
mod segments;
mod touches;
mod validity;

pub use error::{AreaError, AreaRule};

use crate::digest::Digester;
use std::sync::Arc;

/// Ten-millionths in a degree: about 1.1 cm of latitude.
pub const UNITS_PER_DEGREE: i32 = 10_000_000;

/// A place on earth (WGS 84), in ten-millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    lat_e7: i32,
    lng_e7: i32,
}

impl Point {
    /// `None` for a latitude outside ±90 or a longitude outside ±180 degrees.
    pub fn new(lat_e7: i32, lng_e7: i32) -> Option<Self> {
        let is_on_earth = lat_e7.unsigned_abs() <= 90 * UNITS_PER_DEGREE.unsigned_abs()
            && lng_e7.unsigned_abs() <= 180 * UNITS_PER_DEGREE.unsigned_abs();
        is_on_earth.then_some(Self { lat_e7, lng_e7 })
    }

    /// Latitude, north is positive.
    pub fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    /// Longitude, east is positive.
    pub fn lng_e7(self) -> i32 {
        self.lng_e7
    }
}

/// The smallest box, sides along the meridians and parallels, around something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The corner with the lowest latitude and longitude.
    pub south_west: Point,
    /// The corner with the highest latitude and longitude.
    pub north_east: Point,
}

impl Bounds {
    fn around(points: &[Point]) -> Option<Self> {
        points.iter().map(|at| Self { south_west: *at, north_east: *at }).reduce(Self::union)
    }

    fn union(self, other: Self) -> Self {
        let (low, high) = (self.south_west, self.north_east);
        let (other_low, other_high) = (other.south_west, other.north_east);
        Self {
            south_west: Point {
                lat_e7: low.lat_e7.min(other_low.lat_e7),
                lng_e7: low.lng_e7.min(other_low.lng_e7),
            },
            north_east: Point {
                lat_e7: high.lat_e7.max(other_high.lat_e7),
                lng_e7: high.lng_e7.max(other_high.lng_e7),
            },
        }
    }

    /// True inside and on the sides.
    pub fn contains(self, at: Point) -> bool {
        (self.south_west.lat_e7..=self.north_east.lat_e7).contains(&at.lat_e7)
            && (self.south_west.lng_e7..=self.north_east.lng_e7).contains(&at.lng_e7)
    }

    /// True if the boxes have a point in common.
    fn meets(self, other: Self) -> bool {
        self.south_west.lat_e7 <= other.north_east.lat_e7
            && other.south_west.lat_e7 <= self.north_east.lat_e7
            && self.south_west.lng_e7 <= other.north_east.lng_e7
            && other.south_west.lng_e7 <= self.north_east.lng_e7
    }
}

/// A closed line that neither crosses nor touches itself: a shell or a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    points: Box<[Point]>,
    bounds: Bounds,
}

impl Ring {
    /// Its corners in order, at least three; the last is joined to the first, which is not repeated.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Its corners as GeoJSON has them: the first once more at the end.
    pub fn closed(&self) -> impl Iterator<Item = Point> {
        self.points.iter().chain(self.points.first()).copied()
    }

    fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        self.points.iter().copied().zip(self.points.iter().copied().cycle().skip(1))
    }

    /// Corners, and then the middles of the edges.
    fn probes(&self) -> impl Iterator<Item = (Spot, Point)> {
        let corners = self.points.iter().map(|at| (Spot::of(*at), *at));
        corners.chain(self.edges().map(|(from, to)| (Spot::between(from, to), from)))
    }
}

/// A shell and the holes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polygon {
    rings: Box<[Ring]>,
}

impl Polygon {
    /// The shell first, counter-clockwise; then the holes, clockwise (RFC 7946 §3.1.6).
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    fn shell(&self) -> &Ring {
        &self.rings[0]
    }

    fn side(&self, at: Spot) -> Side {
        side(&self.rings, at)
    }
}

/// One or more polygons that do not overlap. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    polygons: Arc<[Polygon]>,
    bounds: Bounds,
}

impl Area {
    /// The only way to have an `Area`. For each polygon its rings, the shell first; each ring closed,
    /// in either direction. Points that repeat the one before them are dropped, and the direction is
    /// made that of RFC 7946.
    ///
    /// # Errors
    /// [`AreaError`] says which rule is broken, by which ring, and where.
    pub fn parse(polygons: Vec<Vec<Vec<Point>>>) -> Result<Self, AreaError> {
        let polygons = validity::polygons(polygons)?;
        let bounds = polygons.iter().map(|polygon| polygon.shell().bounds).reduce(Bounds::union);
        let bounds = bounds.expect("a parsed area has a polygon");
        Ok(Self { polygons: polygons.into(), bounds })
    }

    /// True inside and on a boundary, that of a hole included: who lives on the line is served.
    pub fn contains(&self, at: Point) -> bool {
        let spot = Spot::of(at);
        self.bounds.contains(at)
            && self.polygons.iter().any(|polygon| {
                polygon.shell().bounds.contains(at) && polygon.side(spot) != Side::Outside
            })
    }

    /// The smallest box around all of it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The corners of all its rings, each once.
    pub fn vertices(&self) -> usize {
        self.rings().map(|ring| ring.points.len()).sum()
    }

    /// Its polygons, to store or draw them.
    pub fn polygons(&self) -> &[Polygon] {
        &self.polygons
    }

    fn rings(&self) -> impl Iterator<Item = &Ring> {
        self.polygons.iter().flat_map(|polygon| polygon.rings.iter())
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.polygons.len());
        for polygon in &*self.polygons {
            digest.count(polygon.rings.len());
            for ring in &polygon.rings {
                digest.count(ring.points.len());
                for at in &ring.points {
                    digest.numbers(&[at.lat_e7.into(), at.lng_e7.into()]);
                }
            }
        }
    }
}

/// Where a point is, seen from some rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Inside,
    Boundary,
    Outside,
}

/// A place in half units, so that the middle between two points is one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spot {
    lat: i64,
    lng: i64,
}

impl Spot {
    fn of(at: Point) -> Self {
        Self::between(at, at)
    }

    fn between(a: Point, b: Point) -> Self {
        let lat = i64::from(a.lat_e7) + i64::from(b.lat_e7);
        Self { lat, lng: i64::from(a.lng_e7) + i64::from(b.lng_e7) }
    }
}

/// Positive if the way from `a` over `b` to `c` turns left, negative if right, 0 if straight.
fn turn(a: Spot, b: Spot, c: Spot) -> i128 {
    let product = |x: i64, y: i64| i128::from(x) * i128::from(y);
    product(b.lng - a.lng, c.lat - a.lat) - product(b.lat - a.lat, c.lng - a.lng)
}

/// Even-odd: inside are the spots from which a line to the east meets the rings an odd number of
/// times. An edge has its southern end but not its northern one, so no corner counts twice.
fn side(rings: &[Ring], at: Spot) -> Side {
    let mut is_inside = false;
    for (from, to) in rings.iter().flat_map(Ring::edges) {
        let (from, to) = (Spot::of(from), Spot::of(to));
        let (low, high) = if from.lat <= to.lat { (from, to) } else { (to, from) };
        if at.lat < low.lat || at.lat > high.lat {
            continue;
        }
        let turn = turn(low, high, at);
        let (west, east) = (low.lng.min(high.lng), low.lng.max(high.lng));
        if turn == 0 && (west..=east).contains(&at.lng) {
            return Side::Boundary;
        }
        // To the left of an edge that rises is to the west of it.
        is_inside ^= at.lat < high.lat && turn > 0;
    }
    if is_inside { Side::Inside } else { Side::Outside }
}

#[cfg(test)]
mod tests;
