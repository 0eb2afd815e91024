use super::*;
use crate::limits::{AREA_POLYGONS_MAX, AREA_TOUCHES_MAX, AREA_VERTICES_MAX};
use proptest::prelude::*;

mod oracle;

fn at(lng: i32, lat: i32) -> Point {
    Point::new(lat, lng).unwrap()
}

/// A ring through these `(lng, lat)`, closed.
fn ring(corners: &[(i32, i32)]) -> Vec<Point> {
    corners.iter().chain(corners.first()).map(|(lng, lat)| at(*lng, *lat)).collect()
}

/// A square by its south-western corner and side.
fn square(lng: i32, lat: i32, side: i32) -> Vec<Point> {
    ring(&[(lng, lat), (lng + side, lat), (lng + side, lat + side), (lng, lat + side)])
}

fn diamond(lng: i32, lat: i32, reach: i32) -> Vec<Point> {
    ring(&[(lng - reach, lat), (lng, lat - reach), (lng + reach, lat), (lng, lat + reach)])
}

fn area(rings: Vec<Vec<Point>>) -> Area {
    Area::parse(vec![rings]).unwrap()
}

fn refusal(polygons: Vec<Vec<Vec<Point>>>) -> (AreaRule, usize, usize, Option<(i32, i32)>) {
    let error = Area::parse(polygons).unwrap_err();
    let place = error.at.map(|at| (at.lng_e7(), at.lat_e7()));
    (error.rule, error.polygon, error.ring, place)
}

#[test]
fn a_point_is_on_earth_or_does_not_exist() {
    let degree = UNITS_PER_DEGREE;
    for (lat, lng) in [(90, 180), (-90, -180), (0, 0)] {
        let point = Point::new(lat * degree, lng * degree).unwrap();
        assert_eq!((point.lat_e7(), point.lng_e7()), (lat * degree, lng * degree));
    }
    for (lat, lng) in [(900_000_001, 0), (-900_000_001, 0), (0, 1_800_000_001), (i32::MIN, 0)] {
        assert_eq!(Point::new(lat, lng), None);
        assert_eq!(Point::new(0, i32::MIN), None);
    }
}

#[test]
fn inside_and_on_every_boundary_is_in_the_area_and_a_hole_is_not() {
    let area = area(vec![square(0, 0, 10), square(2, 2, 4)]);
    for inside in [(1, 1), (8, 8), (7, 3), (1, 4)] {
        assert!(area.contains(at(inside.0, inside.1)), "{inside:?}");
    }
    for boundary in [(0, 0), (10, 10), (5, 0), (0, 5), (10, 3), (3, 10), (2, 2), (4, 2), (6, 5)] {
        assert!(area.contains(at(boundary.0, boundary.1)), "{boundary:?} is on a boundary");
    }
    for outside in [(3, 3), (5, 5), (-1, 0), (11, 10), (0, 11), (10, -1), (-1, 5), (11, 2)] {
        assert!(!area.contains(at(outside.0, outside.1)), "{outside:?}");
    }
}

#[test]
fn bounds_vertices_and_direction_are_those_of_the_shape() {
    let clockwise: Vec<_> = square(0, 0, 10).into_iter().rev().collect();
    let area = area(vec![clockwise, square(2, 2, 4)]);
    assert_eq!(area.bounds(), Bounds { south_west: at(0, 0), north_east: at(10, 10) });
    assert_eq!(area.vertices(), 8);
    let rings: Vec<Vec<_>> =
        area.polygons()[0].rings().iter().map(|ring| ring.closed().collect()).collect();
    assert_eq!(rings[0], square(0, 0, 10), "the shell was turned round, its first corner kept");
    assert_eq!(rings[1], square(2, 2, 4).into_iter().rev().collect::<Vec<_>>(), "so was the hole");
    assert_eq!(Area::parse(vec![rings]), Ok(area), "parsing once more changes nothing");
}

#[test]
fn points_that_repeat_the_one_before_are_dropped() {
    let plain = square(0, 0, 10);
    let stuttering = plain.iter().flat_map(|at| [*at; 3]).collect();
    assert_eq!(area(vec![stuttering]), area(vec![plain]));
}

#[test]
fn rings_that_are_no_rings_are_refused() {
    let good = || square(0, 0, 10);
    let open = good()[..4].to_vec();
    let empty: Vec<Point> = Vec::new();
    let there_and_back = ring(&[(0, 0), (5, 5)]);
    let line = ring(&[(0, 0), (5, 5), (9, 9), (2, 2)]);
    let cases = [
        (vec![], AreaRule::Empty, 0, 0, None),
        (vec![vec![good()], vec![]], AreaRule::Empty, 1, 0, None),
        (vec![vec![open]], AreaRule::NotClosed, 0, 0, Some((0, 10))),
        (vec![vec![empty]], AreaRule::TooFewPositions, 0, 0, None),
        (vec![vec![there_and_back]], AreaRule::TooFewPositions, 0, 0, Some((0, 0))),
        (vec![vec![vec![at(3, 4); 9]]], AreaRule::TooFewPositions, 0, 0, Some((3, 4))),
        (vec![vec![good(), line]], AreaRule::ZeroArea, 0, 1, Some((0, 0))),
    ];
    for (given, rule, polygon, ring, place) in cases {
        assert_eq!(refusal(given), (rule, polygon, ring, place));
    }
}

#[test]
fn rings_that_meet_themselves_are_refused_where_they_do() {
    use AreaRule::{SelfCrossing, SelfTouching};
    let cases = [
        (ring(&[(0, 0), (10, 10), (10, 0), (0, 10)]), SelfCrossing, (5, 5)),
        // The lines cross at 10/3, 10/3.
        (ring(&[(0, 0), (10, 10), (10, 0), (0, 5)]), SelfCrossing, (3, 3)),
        (ring(&[(0, 0), (20, 0), (10, 0), (10, 10)]), SelfCrossing, (10, 0)),
        (ring(&[(0, 0), (10, 0), (10, 10), (5, 0), (0, 10)]), SelfTouching, (5, 0)),
        // Two triangles that share a corner: through it twice.
        (ring(&[(0, 0), (5, 5), (0, 10), (10, 10), (5, 5), (10, 0)]), SelfTouching, (5, 5)),
    ];
    for (given, rule, (lng, lat)) in cases {
        let (found, _, _, place) = refusal(vec![vec![given]]);
        assert_eq!((found, place), (rule, Some((lng, lat))));
    }
}

#[test]
fn holes_that_are_no_holes_are_refused() {
    use AreaRule::{HoleInHole, HoleOutside, InteriorCut, RingsCross};
    let shell = || square(0, 0, 10);
    let touching_twice = ring(&[(0, 5), (5, 2), (10, 5), (5, 8)]);
    let cases = [
        (vec![shell(), square(20, 0, 5)], HoleOutside, 1),
        (vec![square(2, 2, 4), shell()], HoleOutside, 1),
        (vec![shell(), square(8, 8, 5)], RingsCross, 1),
        (vec![shell(), square(0, 2, 4)], RingsCross, 1),
        (vec![shell(), shell()], RingsCross, 1),
        (vec![shell(), square(1, 1, 6), square(2, 2, 2)], HoleInHole, 2),
        (vec![shell(), square(1, 1, 4), square(3, 3, 4)], RingsCross, 2),
        (vec![shell(), touching_twice], InteriorCut, 1),
        // Across the shell through two of its corners, crossing no edge.
        (vec![diamond(5, 5, 5), ring(&[(0, 5), (12, 5), (5, 12)])], RingsCross, 1),
        (vec![shell(), diamond(2, 5, 2), diamond(6, 5, 2), diamond(9, 5, 1)], InteriorCut, 3),
    ];
    for (given, rule, ring) in cases {
        let (found, _, of_ring, _) = refusal(vec![given]);
        assert_eq!((found, of_ring), (rule, ring));
    }
}

#[test]
fn rings_may_touch_in_points_that_leave_the_inside_whole() {
    area(vec![square(0, 0, 10), diamond(2, 5, 2)]);
    area(vec![square(0, 0, 10), diamond(2, 5, 2), diamond(6, 5, 2)]);
    // Three holes that share one corner.
    let third = |a, b| ring(&[(5, 5), a, b]);
    area(vec![
        square(0, 0, 10),
        third((9, 6), (6, 9)),
        third((4, 9), (1, 6)),
        third((3, 1), (6, 1)),
    ]);
}

#[test]
fn polygons_lie_side_by_side_or_in_each_others_holes() {
    use AreaRule::{PolygonsOverlap, RingsCross};
    let frame = || vec![square(0, 0, 10), square(2, 2, 6)];
    for other in [square(20, 0, 5), square(10, 10, 5), square(3, 3, 2), diamond(5, 5, 3)] {
        let both = Area::parse(vec![frame(), vec![other.clone()]]).unwrap();
        assert_eq!(Area::parse(vec![vec![other], frame()]).map(|area| area.vertices()), Ok(12));
        assert_eq!(both.vertices(), 12);
    }
    let island = Area::parse(vec![frame(), vec![square(4, 4, 2)]]).unwrap();
    assert!(island.contains(at(5, 5)) && !island.contains(at(3, 3)));
    let cases = [
        (vec![square(0, 0, 4)], vec![square(1, 1, 1)], PolygonsOverlap, 1),
        (vec![square(1, 1, 1)], vec![square(0, 0, 4)], PolygonsOverlap, 0),
        (vec![square(0, 0, 4)], vec![square(2, 2, 4)], RingsCross, 1),
        (vec![square(0, 0, 4)], vec![square(4, 0, 4)], RingsCross, 1),
        (vec![square(0, 0, 4)], vec![diamond(2, 2, 2)], PolygonsOverlap, 1),
    ];
    for (one, other, rule, polygon) in cases {
        let (found, of_polygon, _, _) = refusal(vec![one, other]);
        assert_eq!((found, of_polygon), (rule, polygon));
    }
}

/// A saw with that many teeth: long edges that all share their longitudes.
fn saw(teeth: i32) -> Vec<Point> {
    let tooth = |n: i32| [(0, 10 * n), (1_000_000, 10 * n + 5)];
    let mut corners: Vec<_> = (0..teeth).flat_map(tooth).collect();
    corners.extend([(0, 10 * teeth), (-10, 10 * teeth), (-10, 0)]);
    ring(&corners)
}

#[test]
fn as_many_corners_and_polygons_as_the_limits_say() {
    let teeth = i32::try_from(AREA_VERTICES_MAX / 2).unwrap();
    assert_eq!(area(vec![saw(teeth - 2)]).vertices(), AREA_VERTICES_MAX - 1);
    let (rule, ..) = refusal(vec![vec![saw(teeth)]]);
    assert_eq!(rule, AreaRule::TooManyVertices);
    let squares =
        |count| (0..).step_by(10).map(|lng| vec![square(lng, 0, 5)]).take(count).collect();
    assert!(Area::parse(squares(AREA_POLYGONS_MAX)).is_ok());
    assert_eq!(refusal(squares(AREA_POLYGONS_MAX + 1)).0, AreaRule::TooManyPolygons);
}

#[test]
fn holes_that_all_share_one_corner_do_not_cost_the_square_of_their_number() {
    let count = 1_300;
    // Thin triangles to the east of one corner, one above the other.
    let hole = |n: i32| ring(&[(0, 0), (100_000, 100 * n), (100_000, 100 * n + 50)]);
    let mut rings = vec![square(-1_000, -1_000, 1_000_000)];
    rings.extend((0..count).map(hole));
    assert!(usize::try_from(count * count).unwrap() > AREA_TOUCHES_MAX);
    assert_eq!(refusal(vec![rings]).0, AreaRule::TooManyTouches);
}

#[test]
fn the_ends_of_the_earth_do_not_overflow() {
    let (west, east) = (-1_800_000_000, 1_800_000_000);
    let (south, north) = (-900_000_000, 900_000_000);
    let earth = area(vec![ring(&[(west, south), (east, south), (east, north), (west, north)])]);
    assert!(earth.contains(at(0, 0)) && earth.contains(at(east, north)));
    let bow = ring(&[(west, south), (east, north), (east, south), (west, north)]);
    assert_eq!(refusal(vec![vec![bow]]), (AreaRule::SelfCrossing, 0, 0, Some((0, 0))));
}

#[test]
fn every_rule_has_a_code_and_a_sentence_of_its_own() {
    let error = Area::parse(Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "there is no polygon, or one without a ring");
    assert_eq!(error.rule.code(), "AREA_EMPTY");
}
