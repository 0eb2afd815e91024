//! Points and areas on the map, in whole ten-millionths of a degree and exact arithmetic.
//!
//! An [`Area`] is valid by the rules of OGC 06-103r4 §6.1.11 (simple features) and RFC 7946
//! §3.1.6, or it does not exist. Edges are straight lines between longitudes and latitudes (RFC
//! 7946 §3.1.1): no great circles, and nothing reaches across the 180th meridian.

mod error;
mod segments;
mod touches;
mod validity;

pub use error::{AreaError, AreaRule};

use crate::digest::Digester;
use crate::limits::AREA_VERTICES_MAX;
use std::sync::Arc;

/// Units in a degree: a ten-millionth is about 1.1 cm of latitude.
pub const UNITS_PER_DEGREE: i32 = 10_000_000;

// Every longitude fits in an `i32`; twice a difference of two fits in an `i64` of half units; and
// the two products of such differences in `turn` fit in an `i128`, though not in an `i64`.
const _: () = assert!(180 * UNITS_PER_DEGREE as i64 <= i32::MAX as i64);
const _: () = assert!(2 * 360 * UNITS_PER_DEGREE as i128 <= i64::MAX as i128);
const _: () = assert!(2 * (720 * UNITS_PER_DEGREE as i128).pow(2) > i64::MAX as i128);

/// A place on earth (WGS 84), in ten-millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    lat_e7: i32,
    lng_e7: i32,
}

impl Point {
    /// Returns the point of a latitude and a longitude; `None` outside ±90 or ±180 degrees.
    pub fn new(lat_e7: i32, lng_e7: i32) -> Option<Self> {
        let is_on_earth = lat_e7.unsigned_abs() <= 90 * UNITS_PER_DEGREE.unsigned_abs()
            && lng_e7.unsigned_abs() <= 180 * UNITS_PER_DEGREE.unsigned_abs();
        is_on_earth.then_some(Self { lat_e7, lng_e7 })
    }

    /// Returns the latitude in ten-millionths of a degree; north is positive.
    pub fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    /// Returns the longitude in ten-millionths of a degree; east is positive.
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
    /// Returns the box around points; `None` around none.
    fn around(points: &[Point]) -> Option<Self> {
        points.iter().map(|at| Self { south_west: *at, north_east: *at }).reduce(Self::union)
    }

    /// Returns the box around two boxes.
    fn union(self, other: Self) -> Self {
        let (low, high) = (self.south_west, self.north_east);
        let (other_low, other_high) = (other.south_west, other.north_east);
        debug_assert!(low.lat_e7 <= high.lat_e7 && low.lng_e7 <= high.lng_e7, "south before north");
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

    /// Returns true for a point inside and on the sides.
    pub fn contains(self, at: Point) -> bool {
        (self.south_west.lat_e7..=self.north_east.lat_e7).contains(&at.lat_e7)
            && (self.south_west.lng_e7..=self.north_east.lng_e7).contains(&at.lng_e7)
    }

    /// Returns true if the boxes have a point in common.
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
    /// Returns its corners in order, at least three; the last is joined to the first, which is not
    /// repeated.
    pub fn points(&self) -> &[Point] {
        debug_assert!(self.points.len() >= 3, "fewer corners enclose nothing");
        &self.points
    }

    /// Returns its corners as GeoJSON has them: the first once more at the end (RFC 7946 §3.1.6).
    pub fn closed(&self) -> impl Iterator<Item = Point> {
        self.points.iter().chain(self.points.first()).copied()
    }

    /// Returns its edges, each from one corner to the next.
    fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        self.points.iter().copied().zip(self.points.iter().copied().cycle().skip(1))
    }

    /// Returns its corners, and then the middles of its edges, each with a corner to name it by.
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
    /// Returns its rings: the shell first, counter-clockwise; then the holes, clockwise (RFC 7946
    /// §3.1.6).
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// Returns the ring around all of it.
    fn shell(&self) -> &Ring {
        &self.rings[0]
    }

    /// Returns the side of its rings that a spot is on.
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
    /// Parses an area, the only way to have one: for each polygon its rings, the shell first; each
    /// ring closed, in either direction. Drops points that repeat the one before them, and turns
    /// each ring in the direction of RFC 7946.
    ///
    /// # Errors
    /// [`AreaError`] names the rule that is broken, the ring that breaks it, and the place.
    pub fn parse(polygons: Vec<Vec<Vec<Point>>>) -> Result<Self, AreaError> {
        let polygons = validity::polygons(polygons)?;
        let bounds = polygons.iter().map(|polygon| polygon.shell().bounds).reduce(Bounds::union);
        let bounds = bounds.expect("a parsed area has a polygon");
        let area = Self { polygons: polygons.into(), bounds };
        assert!(area.vertices() <= AREA_VERTICES_MAX, "an area fits in one record");
        debug_assert!(
            area.rings().all(|ring| ring.points.iter().all(|at| bounds.contains(*at))),
            "a hole is inside its shell, so the box around the shells holds every corner"
        );
        Ok(area)
    }

    /// Returns true for a point inside and on a boundary, that of a hole included: a customer who
    /// lives on the line is served.
    pub fn contains(&self, at: Point) -> bool {
        let spot = Spot::of(at);
        self.bounds.contains(at)
            && self.polygons.iter().any(|polygon| {
                polygon.shell().bounds.contains(at) && polygon.side(spot) != Side::Outside
            })
    }

    /// Returns the smallest box around all of it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Counts the corners of all its rings, each once.
    pub fn vertices(&self) -> usize {
        self.rings().map(|ring| ring.points.len()).sum()
    }

    /// Returns its polygons, to store or draw them.
    pub fn polygons(&self) -> &[Polygon] {
        &self.polygons
    }

    fn rings(&self) -> impl Iterator<Item = &Ring> {
        self.polygons.iter().flat_map(|polygon| polygon.rings.iter())
    }

    /// Writes all corners to a digest.
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

/// The place of a point relative to some rings.
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
    /// Returns the spot of a point.
    fn of(at: Point) -> Self {
        Self::between(at, at)
    }

    /// Returns the spot in the middle of two points.
    fn between(a: Point, b: Point) -> Self {
        let lat = i64::from(a.lat_e7) + i64::from(b.lat_e7);
        Self { lat, lng: i64::from(a.lng_e7) + i64::from(b.lng_e7) }
    }
}

/// Returns a positive number if the way from `a` over `b` to `c` turns left, a negative one if it
/// turns right, 0 if it is straight: twice the signed area of the triangle.
fn turn(a: Spot, b: Spot, c: Spot) -> i128 {
    let product = |x: i64, y: i64| i128::from(x) * i128::from(y);
    product(b.lng - a.lng, c.lat - a.lat) - product(b.lat - a.lat, c.lng - a.lng)
}

/// Finds the side by the even-odd rule: inside are the spots from which a line to the east meets
/// the rings an odd number of times. An edge has its southern end but not its northern one, so no
/// corner counts twice.
fn side(rings: &[Ring], at: Spot) -> Side {
    debug_assert!(!rings.is_empty(), "a side is that of some ring");
    let mut is_inside = false;
    for (from, to) in rings.iter().flat_map(Ring::edges) {
        let (from, to) = (Spot::of(from), Spot::of(to));
        let (low, high) = if from.lat <= to.lat { (from, to) } else { (to, from) };
        if at.lat < low.lat || at.lat > high.lat {
            continue;
        }
        let turn = turn(low, high, at);
        let (west, east) = (low.lng.min(high.lng), low.lng.max(high.lng));
        debug_assert!(low.lat < high.lat || turn == 0, "a spot level with a level edge is in line");
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
