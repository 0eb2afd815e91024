//! The same questions answered in another, slower way, on random shapes.

use super::*;

/// A star around 0, 0: one corner in each direction of a circle, at any distance, never crossing.
fn star() -> impl Strategy<Value = Vec<(i32, i32)>> {
    // Whole directions in the order of their angles, from the points of a square around 0, 0.
    let directions: Vec<(i32, i32)> = (-4..4)
        .map(|n| (4, n))
        .chain((-4..4).map(|n| (-n, 4)))
        .chain((-4..4).map(|n| (-4, -n)))
        .chain((-4..4).map(|n| (n, -4)))
        .collect();
    prop::collection::vec(1..=9_i32, directions.len()).prop_map(move |reaches| {
        directions.iter().zip(reaches).map(|((x, y), reach)| (x * reach, y * reach)).collect()
    })
}

/// The winding number by quarter turns: counts how the way around goes through the quadrants seen
/// from the point. Another formula than even-odd; `None` on the boundary.
fn winding(ring: &[(i32, i32)], (x, y): (i32, i32)) -> Option<i32> {
    let quadrant = |x: i64, y: i64| match (x >= 0, y >= 0) {
        (true, true) => 0_i32,
        (false, true) => 1,
        (false, false) => 2,
        (true, false) => 3,
    };
    let mut quarters = 0;
    for (n, (ax, ay)) in ring.iter().enumerate() {
        let (bx, by) = ring[(n + 1) % ring.len()];
        let (ax, ay) = (i64::from(ax - x), i64::from(ay - y));
        let (bx, by) = (i64::from(bx - x), i64::from(by - y));
        let cross = ax * by - ay * bx;
        if cross == 0 && ax * bx + ay * by <= 0 {
            return None;
        }
        quarters += match (quadrant(bx, by) - quadrant(ax, ay)).rem_euclid(4) {
            0 => 0,
            1 => 1,
            3 => -1,
            _ => 2 * i32::try_from(cross.signum()).unwrap(),
        };
    }
    Some(quarters / 4)
}

/// True if the two edges have a point in common: solved as equations, not by turns.
fn share_a_point(one: [(i32, i32); 2], other: [(i32, i32); 2]) -> bool {
    let ([from, to], [other_from, other_to]) = (one, other);
    let minus = |p: (i32, i32), q: (i32, i32)| (p.0 - q.0, p.1 - q.1);
    let cross = |p: (i32, i32), q: (i32, i32)| p.0 * q.1 - p.1 * q.0;
    let (way, other_way) = (minus(to, from), minus(other_to, other_from));
    let between = minus(other_from, from);
    let whole = cross(way, other_way);
    if whole != 0 {
        // from + t·way = other_from + u·other_way, with t and u between 0 and 1.
        let parts = [cross(between, other_way), cross(between, way)];
        return parts.iter().all(|part| (0..=whole.abs()).contains(&(part * whole.signum())));
    }
    let along = |p| minus(p, from).0 * way.0 + minus(p, from).1 * way.1;
    let (low, high) =
        (along(other_from).min(along(other_to)), along(other_from).max(along(other_to)));
    cross(between, way) == 0 && low <= along(to) && high >= 0
}

/// Every edge with every other, straight from the definition of a simple closed line.
fn is_simple(ring: &[(i32, i32)]) -> bool {
    let count = ring.len();
    let corner = |n: usize| ring[n % count];
    let edges: Vec<_> = (0..count).map(|n| [corner(n), corner(n + 1)]).collect();
    let way = |n: usize| {
        let [from, to] = edges[n % count];
        (to.0 - from.0, to.1 - from.1)
    };
    let turns_back = |n: usize| {
        let (before, after) = (way(n), way(n + 1));
        before.0 * after.1 == before.1 * after.0 && before.0 * after.0 + before.1 * after.1 < 0
    };
    let meets_another = |n: usize| {
        (n + 2..count)
            .filter(|other| (other + 1) % count != n)
            .any(|other| share_a_point(edges[n], edges[other]))
    };
    (0..count).all(|n| !turns_back(n) && !meets_another(n))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn even_odd_agrees_with_the_winding_number(
        star in star(), x in -40..=40_i32, y in -40..=40_i32,
    ) {
        let area = area(vec![ring(&star)]);
        let is_inside = winding(&star, (x, y)).is_none_or(|turns| turns != 0);
        prop_assert_eq!(area.contains(at(x, y)), is_inside);
    }

    #[test]
    fn moving_the_area_and_the_point_changes_nothing(
        star in star(), x in -40..=40_i32, y in -40..=40_i32,
        east in -1_700_000_000..=1_700_000_000_i32, north in -800_000_000..=800_000_000_i32,
    ) {
        let moved: Vec<_> = star.iter().map(|(x, y)| (x + east, y + north)).collect();
        let there = area(vec![ring(&moved)]).contains(at(x + east, y + north));
        prop_assert_eq!(area(vec![ring(&star)]).contains(at(x, y)), there);
    }

    #[test]
    fn corners_and_points_of_edges_are_in_the_area(
        star in star(), edge in any::<prop::sample::Index>(), part in 0..=60_i32,
    ) {
        let wide: Vec<_> = star.iter().map(|(x, y)| (x * 60, y * 60)).collect();
        let n = edge.index(wide.len());
        let ((ax, ay), (bx, by)) = (wide[n], wide[(n + 1) % wide.len()]);
        let on_edge = at(ax + (bx - ax) / 60 * part, ay + (by - ay) / 60 * part);
        prop_assert!(area(vec![ring(&wide)]).contains(on_edge));
    }

    #[test]
    fn a_hole_takes_out_its_inside_and_leaves_its_boundary(
        star in star(), x in -40..=40_i32, y in -40..=40_i32,
    ) {
        let with_hole = area(vec![square(-50, -50, 100), ring(&star)]);
        let is_in_hole = winding(&star, (x, y)).is_some_and(|turns| turns != 0);
        prop_assert_eq!(with_hole.contains(at(x, y)), !is_in_hole);
    }

    #[test]
    fn where_a_ring_starts_and_which_way_it_goes_is_all_one(
        star in star(), from in 0..32_usize, is_reversed: bool,
        x in -40..=40_i32, y in -40..=40_i32,
    ) {
        let mut other = star.clone();
        other.rotate_left(from);
        if is_reversed {
            other.reverse();
        }
        let (one, other) = (area(vec![ring(&star)]), area(vec![ring(&other)]));
        prop_assert_eq!(one.contains(at(x, y)), other.contains(at(x, y)));
        prop_assert_eq!(one.bounds(), other.bounds());
    }

    #[test]
    fn a_ring_is_accepted_exactly_if_it_is_simple(
        mut corners in prop::collection::vec((0..6_i32, 0..6_i32), 3..9),
    ) {
        corners.dedup();
        while corners.len() > 1 && corners.first() == corners.last() {
            corners.pop();
        }
        prop_assume!(corners.len() >= 3);
        let parsed = Area::parse(vec![vec![ring(&corners)]]);
        prop_assert_eq!(parsed.is_ok(), is_simple(&corners), "{:?}", parsed);
    }
}
