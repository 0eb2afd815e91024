//! Meetings of edges: of two, and of all in a sweep from west to east.

use super::{Point, Spot, turn};

/// An edge of a ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// The index of its ring, counted over all polygons.
    pub(super) ring: usize,
    /// The index of the corner of the ring that it leaves.
    pub(super) edge: usize,
    pub(super) from: Point,
    pub(super) to: Point,
}

impl Segment {
    /// Returns its lowest longitude.
    fn west(&self) -> i32 {
        self.from.lng_e7.min(self.to.lng_e7)
    }

    /// Returns its highest longitude.
    fn east(&self) -> i32 {
        self.from.lng_e7.max(self.to.lng_e7)
    }

    /// Returns true if the edges have a latitude in common.
    fn shares_latitudes(&self, other: &Self) -> bool {
        self.from.lat_e7.min(self.to.lat_e7) <= other.from.lat_e7.max(other.to.lat_e7)
            && other.from.lat_e7.min(other.to.lat_e7) <= self.from.lat_e7.max(self.to.lat_e7)
    }

    /// Returns true for a point of the line through the edge that is between its ends.
    fn spans(&self, at: Point) -> bool {
        let lats = self.from.lat_e7.min(self.to.lat_e7)..=self.from.lat_e7.max(self.to.lat_e7);
        (self.west()..=self.east()).contains(&at.lng_e7) && lats.contains(&at.lat_e7)
    }
}

/// The points that two edges have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// None.
    Apart,
    /// One point, which is an end of at least one of them.
    Touch(Point),
    /// One point inside both, here rounded.
    Cross(Point),
    /// A stretch; this is an end of it.
    Overlap(Point),
}

/// Finds the points that two edges have in common.
pub(super) fn meeting(left: &Segment, right: &Segment) -> Meeting {
    let (a, b) = (Spot::of(left.from), Spot::of(left.to));
    let (c, d) = (Spot::of(right.from), Spot::of(right.to));
    let (to_c, to_d) = (turn(a, b, c).signum(), turn(a, b, d).signum());
    if to_c * to_d > 0 {
        return Meeting::Apart;
    }
    let (to_a, to_b) = (turn(c, d, a).signum(), turn(c, d, b).signum());
    if to_a * to_b > 0 {
        return Meeting::Apart;
    }
    if to_c * to_d < 0 && to_a * to_b < 0 {
        return Meeting::Cross(crossing(left, right));
    }
    // An end of one is on the other, or all four ends are on one line.
    let mut ends: Vec<Point> = [left.from, left.to]
        .into_iter()
        .zip([to_a, to_b])
        .filter(|(end, side)| *side == 0 && right.spans(*end))
        .chain(
            [right.from, right.to]
                .into_iter()
                .zip([to_c, to_d])
                .filter(|(end, side)| *side == 0 && left.spans(*end)),
        )
        .map(|(end, _)| end)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    debug_assert!(ends.len() <= 2, "a stretch that two straight edges share has two ends");
    match ends[..] {
        [] => Meeting::Apart,
        [at] => Meeting::Touch(at),
        [at, ..] => Meeting::Overlap(at),
    }
}

/// Returns the point where two edges cross, to the nearest unit.
fn crossing(left: &Segment, right: &Segment) -> Point {
    let (a, b) = (Spot::of(left.from), Spot::of(left.to));
    let (c, d) = (Spot::of(right.from), Spot::of(right.to));
    // The part of the way from `a` to `b` is part/whole, from 0 to 1; both above zero.
    let (part, rest) = (turn(c, d, a).abs(), turn(c, d, b).abs());
    let whole = part + rest;
    assert!(part > 0 && rest > 0, "edges cross between their ends");
    let along = |from: i32, to: i32| {
        let way = (i128::from(to) - i128::from(from)) * part;
        let rounded = (2 * way + whole).div_euclid(2 * whole);
        from + i32::try_from(rounded).expect("a part of a way within one ring")
    };
    let at = Point {
        lat_e7: along(left.from.lat_e7, left.to.lat_e7),
        lng_e7: along(left.from.lng_e7, left.to.lng_e7),
    };
    debug_assert!(left.spans(at), "rounding does not leave the way from end to end");
    at
}

/// Calls `visit` for every two edges that have longitudes and latitudes in common, from west to
/// east: each edge is compared with those that have not ended yet, not with all.
///
/// # Errors
/// The first of `visit`.
pub(super) fn sweep<E>(
    mut segments: Vec<Segment>,
    mut visit: impl FnMut(&Segment, &Segment) -> Result<(), E>,
) -> Result<(), E> {
    segments.sort_unstable_by_key(|segment| (segment.west(), segment.ring, segment.edge));
    let mut active: Vec<Segment> = Vec::new();
    for segment in segments {
        active.retain(|other| other.east() >= segment.west());
        debug_assert!(active.iter().all(|other| other.west() <= segment.west()), "west to east");
        for other in &active {
            if other.shares_latitudes(&segment) {
                visit(other, &segment)?;
            }
        }
        active.push(segment);
    }
    Ok(())
}
