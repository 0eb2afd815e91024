//! The rules of a valid area, one after the other (OGC 06-103r4 §6.1.11.1): rings by themselves,
//! then their meetings, then holes and polygons inside each other.

use super::segments::{Meeting, Segment, meeting, sweep};
use super::touches::{Touch, changes_sides, closes_circle};
use super::{AreaError, AreaRule, Bounds, Point, Polygon, Ring, Side, Spot, side, turn};
use crate::limits::{AREA_POLYGONS_MAX, AREA_TOUCHES_MAX, AREA_VERTICES_MAX};
use std::slice::from_ref;

type Result<T> = std::result::Result<T, AreaError>;

/// The place of a ring: the index of its polygon, and its own in that.
#[derive(Clone, Copy)]
struct Place {
    polygon: usize,
    ring: usize,
}

impl Place {
    fn error(self, rule: AreaRule, at: Option<Point>) -> AreaError {
        AreaError { rule, polygon: self.polygon, ring: self.ring, at }
    }
}

/// Returns the polygons, if they keep every rule.
pub(super) fn polygons(given: Vec<Vec<Vec<Point>>>) -> Result<Vec<Polygon>> {
    let whole = Place { polygon: 0, ring: 0 };
    if given.is_empty() {
        return Err(whole.error(AreaRule::Empty, None));
    }
    if given.len() > AREA_POLYGONS_MAX {
        return Err(whole.error(AreaRule::TooManyPolygons, None));
    }
    let mut vertices = 0;
    let mut polygons = Vec::with_capacity(given.len());
    for (polygon, rings) in given.into_iter().enumerate() {
        if rings.is_empty() {
            return Err(Place { polygon, ring: 0 }.error(AreaRule::Empty, None));
        }
        let mut parsed = Vec::with_capacity(rings.len());
        for (ring, points) in rings.into_iter().enumerate() {
            let place = Place { polygon, ring };
            let ring = parse_ring(points, place)?;
            vertices += ring.points.len();
            if vertices > AREA_VERTICES_MAX {
                return Err(place.error(AreaRule::TooManyVertices, None));
            }
            parsed.push(ring);
        }
        polygons.push(Polygon { rings: parsed.into() });
    }
    check_meetings(&polygons)?;
    polygons.iter().enumerate().try_for_each(|(n, polygon)| check_holes(n, polygon))?;
    check_apart(&polygons)?;
    assert!((1..=AREA_POLYGONS_MAX).contains(&polygons.len()), "an area has a polygon");
    assert!(polygons.iter().all(|polygon| !polygon.rings.is_empty()), "a polygon has a shell");
    Ok(polygons)
}

/// Returns a ring that is closed and encloses something; crossings are found later.
fn parse_ring(mut points: Vec<Point>, place: Place) -> Result<Ring> {
    let (positions, start) = (points.len(), points.first().copied());
    if start != points.last().copied() {
        return Err(place.error(AreaRule::NotClosed, points.last().copied()));
    }
    points.dedup();
    points.pop();
    if positions < 4 || points.len() < 3 {
        return Err(place.error(AreaRule::TooFewPositions, start));
    }
    let spots = || points.iter().map(|at| Spot::of(*at));
    let (first, second) = (Spot::of(points[0]), Spot::of(points[1]));
    if spots().all(|at| turn(first, second, at) == 0) {
        return Err(place.error(AreaRule::ZeroArea, Some(points[0])));
    }
    // The sum of the triangles from the first corner: twice the area, positive counter-clockwise.
    let twice_area: i128 = spots().zip(spots().skip(1)).map(|(a, b)| turn(first, a, b)).sum();
    let is_shell = place.ring == 0;
    if (twice_area > 0) != is_shell {
        points[1..].reverse();
    }
    assert!(points.len() >= 3, "fewer corners enclose nothing");
    let bounds = Bounds::around(&points).expect("a ring has corners");
    Ok(Ring { points: points.into(), bounds })
}

/// Checks that no edge crosses another, no ring comes back to itself, and rings touch in single
/// points only.
fn check_meetings(polygons: &[Polygon]) -> Result<()> {
    let mut rings = Vec::new();
    let mut segments = Vec::new();
    for (polygon, shape) in polygons.iter().enumerate() {
        for (ring, line) in shape.rings.iter().enumerate() {
            for (edge, (from, to)) in line.edges().enumerate() {
                segments.push(Segment { ring: rings.len(), edge, from, to });
            }
            rings.push((Place { polygon, ring }, line));
        }
    }
    let mut touches = Vec::new();
    sweep(segments, |left, right| {
        debug_assert!((left.ring, left.edge) != (right.ring, right.edge), "an edge meets others");
        let (place, line) = rings[left.ring.max(right.ring)];
        if left.ring == right.ring {
            return check_own(left, right, line, place);
        }
        match meeting(left, right) {
            Meeting::Apart => Ok(()),
            Meeting::Cross(at) | Meeting::Overlap(at) => {
                Err(place.error(AreaRule::RingsCross, Some(at)))
            }
            Meeting::Touch(at) => {
                let pair = [(left.ring, left.edge), (right.ring, right.edge)];
                touches.push(Touch { at, rings: pair });
                // Many rings that meet in one point do so in pairs, which grow with the square.
                if touches.len() > AREA_TOUCHES_MAX {
                    return Err(place.error(AreaRule::TooManyTouches, Some(at)));
                }
                Ok(())
            }
        }
    })?;
    check_touches(&touches, &rings)
}

/// Checks two edges of one ring.
fn check_own(left: &Segment, right: &Segment, line: &Ring, place: Place) -> Result<()> {
    let last = line.points.len() - 1;
    let apart = left.edge.abs_diff(right.edge);
    let are_neighbours = apart == 1 || apart == last;
    match meeting(left, right) {
        Meeting::Touch(_) if are_neighbours => Ok(()),
        Meeting::Apart => Ok(()),
        Meeting::Touch(at) => Err(place.error(AreaRule::SelfTouching, Some(at))),
        Meeting::Cross(at) | Meeting::Overlap(at) => {
            Err(place.error(AreaRule::SelfCrossing, Some(at)))
        }
    }
}

/// Checks that rings which touch stay on their sides, and leave the inside of a polygon connected.
fn check_touches(touches: &[Touch], rings: &[(Place, &Ring)]) -> Result<()> {
    let place = |touch: &Touch| rings[touch.rings[0].0.max(touch.rings[1].0)].0;
    for touch in touches {
        let [first, second] = touch.rings.map(|(ring, edge)| (rings[ring].1, edge));
        if changes_sides(touch.at, first, second) {
            return Err(place(touch).error(AreaRule::RingsCross, Some(touch.at)));
        }
    }
    assert!(touches.len() <= AREA_TOUCHES_MAX, "the sweep stops at the bound");
    // Polygons may touch each other as often as they like.
    let polygon = |(ring, _): (usize, usize)| rings[ring].0.polygon;
    let within: Vec<Touch> = touches
        .iter()
        .filter(|touch| polygon(touch.rings[0]) == polygon(touch.rings[1]))
        .copied()
        .collect();
    match closes_circle(&within) {
        Some(touch) => Err(place(&touch).error(AreaRule::InteriorCut, Some(touch.at))),
        None => Ok(()),
    }
}

/// Returns the side of a ring, by its first corner, or else middle of an edge, that is not on these
/// lines: as nothing crosses, the whole ring is on that side. A ring that is on the lines with
/// every corner and every middle has no such point.
fn side_of_ring(lines: &[Ring], ring: &Ring) -> Option<(Side, Point)> {
    let mut sides = ring.probes().map(|(spot, at)| (side(lines, spot), at));
    sides.find(|(side, _)| *side != Side::Boundary)
}

/// Checks that every hole is in the shell and in no other hole.
fn check_holes(polygon: usize, shape: &Polygon) -> Result<()> {
    let (shell, holes) = shape.rings.split_first().expect("a polygon has a shell");
    for (n, hole) in holes.iter().enumerate() {
        let place = Place { polygon, ring: n + 1 };
        if let Some((Side::Outside, at)) = side_of_ring(from_ref(shell), hole) {
            return Err(place.error(AreaRule::HoleOutside, Some(at)));
        }
        let others = holes.iter().enumerate().filter(|(other, _)| *other != n);
        for (_, other) in others.filter(|(_, other)| other.bounds.meets(hole.bounds)) {
            if let Some((Side::Inside, at)) = side_of_ring(from_ref(other), hole) {
                return Err(place.error(AreaRule::HoleInHole, Some(at)));
            }
        }
    }
    Ok(())
}

/// Checks that no polygon is inside another; in a hole of another it may be.
fn check_apart(polygons: &[Polygon]) -> Result<()> {
    for (n, shape) in polygons.iter().enumerate() {
        for (_, other) in polygons.iter().enumerate().filter(|(other, _)| *other != n) {
            if !shape.shell().bounds.meets(other.shell().bounds) {
                continue;
            }
            if let Some((Side::Inside, at)) = side_of_ring(&other.rings, shape.shell()) {
                let place = Place { polygon: n, ring: 0 };
                return Err(place.error(AreaRule::PolygonsOverlap, Some(at)));
            }
        }
    }
    Ok(())
}
