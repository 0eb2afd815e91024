//! Touches of two rings: those that change sides, and those that cut the inside in two.

use super::{Point, Ring, Spot, turn};
use std::collections::{BTreeMap, BTreeSet};

/// A point that two rings have in common, and the edge of each that it was found on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    pub(super) at: Point,
    /// Each ring, counted over all polygons, with the edge.
    pub(super) rings: [(usize, usize); 2],
}

/// Returns true if the second ring goes from one side of the first to the other at `at`.
pub(super) fn changes_sides(at: Point, first: (&Ring, usize), second: (&Ring, usize)) -> bool {
    let (before, after) = neighbours(at, first);
    let (from, to) = neighbours(at, second);
    is_left(before, at, after, from) != is_left(before, at, after, to)
}

/// Returns the corners before and after a point of an edge.
fn neighbours(at: Point, (ring, edge): (&Ring, usize)) -> (Point, Point) {
    let count = ring.points.len();
    assert!(edge < count, "a ring has as many edges as corners");
    let corner = |n: usize| ring.points[n % count];
    let (from, to) = (corner(edge), corner(edge + 1));
    if at == from {
        (corner(edge + count - 1), to)
    } else if at == to {
        (from, corner(edge + 2))
    } else {
        (from, to)
    }
}

/// Returns true if the way from `at` to `there` begins on the left of the way `before`, `at`,
/// `after`.
fn is_left(before: Point, at: Point, after: Point, there: Point) -> bool {
    let spots = [before, at, after, there].map(Spot::of);
    let [before, at, after, there] = spots;
    let left_of_first = turn(before, at, there) > 0;
    let left_of_second = turn(at, after, there) > 0;
    if turn(before, at, after) >= 0 {
        left_of_first && left_of_second
    } else {
        left_of_first || left_of_second
    }
}

/// Finds the first touch that closes a circle of rings and the points where they touch. Such a
/// circle walls in a part of the inside; without one the inside is connected, as OGC 06-103r4
/// §6.1.11.1 wants it.
pub(super) fn closes_circle(touches: &[Touch]) -> Option<Touch> {
    let mut seen = BTreeSet::new();
    let mut groups = Groups::default();
    for touch in touches {
        for (ring, _) in touch.rings {
            let is_new = seen.insert((touch.at, ring));
            if is_new && !groups.join(Node::Ring(ring), Node::At(touch.at)) {
                return Some(*touch);
            }
        }
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Ring(usize),
    At(Point),
}

/// Sets of connected rings and points (union-find).
#[derive(Default)]
struct Groups(BTreeMap<Node, Node>);

impl Groups {
    /// Returns the node that stands for the set of a node.
    fn top(&mut self, node: Node) -> Node {
        let mut top = node;
        while let Some(above) = self.0.get(&top) {
            debug_assert!(*above != top, "a node that stands for its set has none above it");
            top = *above;
        }
        // The next search for this node is short.
        if top != node {
            self.0.insert(node, top);
        }
        top
    }

    /// Connects two sets. Returns false if they were connected before.
    fn join(&mut self, left: Node, right: Node) -> bool {
        let (left, right) = (self.top(left), self.top(right));
        if left != right {
            self.0.insert(left, right);
        }
        left != right
    }
}
