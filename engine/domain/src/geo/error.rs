//! The rules of a valid area, and the error of a shape that breaks one.

use super::Point;
use std::fmt;

/// A rule that a shape breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AreaRule {
    /// There is no polygon at all, or one without a ring.
    Empty,
    /// More than [`AREA_POLYGONS_MAX`](crate::limits::AREA_POLYGONS_MAX) polygons.
    TooManyPolygons,
    /// More than [`AREA_VERTICES_MAX`](crate::limits::AREA_VERTICES_MAX) corners in all.
    TooManyVertices,
    /// A ring does not end where it began.
    NotClosed,
    /// A ring has fewer than four positions, or fewer than three corners.
    TooFewPositions,
    /// All corners of a ring are on one line.
    ZeroArea,
    /// A ring crosses itself or runs back along itself.
    SelfCrossing,
    /// A ring comes back to one of its own points.
    SelfTouching,
    /// Two rings cross, or share more than single points.
    RingsCross,
    /// A hole is not inside its shell.
    HoleOutside,
    /// A hole is inside another hole.
    HoleInHole,
    /// Rings touch so often that they wall off a part of the inside.
    InteriorCut,
    /// Rings touch at more places than [`AREA_TOUCHES_MAX`](crate::limits::AREA_TOUCHES_MAX).
    TooManyTouches,
    /// Two polygons have an inside in common.
    PolygonsOverlap,
}

impl AreaRule {
    /// Returns the code for programs to branch on.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "AREA_EMPTY",
            Self::TooManyPolygons => "AREA_TOO_MANY_POLYGONS",
            Self::TooManyVertices => "AREA_TOO_MANY_VERTICES",
            Self::NotClosed => "RING_NOT_CLOSED",
            Self::TooFewPositions => "RING_TOO_SHORT",
            Self::ZeroArea => "RING_WITHOUT_AREA",
            Self::SelfCrossing => "RING_CROSSES_ITSELF",
            Self::SelfTouching => "RING_TOUCHES_ITSELF",
            Self::RingsCross => "RINGS_CROSS",
            Self::HoleOutside => "HOLE_OUTSIDE_SHELL",
            Self::HoleInHole => "HOLE_IN_HOLE",
            Self::InteriorCut => "INTERIOR_CUT",
            Self::TooManyTouches => "AREA_TOO_MANY_TOUCHES",
            Self::PolygonsOverlap => "POLYGONS_OVERLAP",
        }
    }
}

impl fmt::Display for AreaRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no polygon, or one without a ring",
            Self::TooManyPolygons => "has too many polygons",
            Self::TooManyVertices => "has too many corners",
            Self::NotClosed => "a ring must end where it begins",
            Self::TooFewPositions => "a ring needs three corners, and the first again at the end",
            Self::ZeroArea => "all corners of a ring are on one line",
            Self::SelfCrossing => "a ring crosses itself or runs back along itself",
            Self::SelfTouching => "a ring touches itself",
            Self::RingsCross => "two rings cross or share part of a line",
            Self::HoleOutside => "a hole is not inside its shell",
            Self::HoleInHole => "a hole is inside another hole",
            Self::InteriorCut => "holes cut the inside in separate parts",
            Self::TooManyTouches => "rings touch at too many places",
            Self::PolygonsOverlap => "two polygons overlap",
        })
    }
}

/// A broken rule, with its place in the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaError {
    /// The rule.
    pub rule: AreaRule,
    /// The index of the polygon.
    pub polygon: usize,
    /// The index of the ring in it, 0 for the shell; of two rings the one that comes later.
    pub ring: usize,
    /// The place, if there is one; a crossing is rounded to the nearest unit.
    pub at: Option<Point>,
}

impl fmt::Display for AreaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)
    }
}

impl std::error::Error for AreaError {}
