//! Which zones may contain a point: a grid of cells, each with the zones whose box reaches into it.

use crate::geo::{Bounds, Point};
use crate::{FastMap, ZoneId};

/// The side of a cell, in ten-millionths of a degree: 0.01°, about 1.1 km of latitude. A city ward
/// reaches into a handful of them.
const CELL_E7: i32 = 100_000;

/// Most cells that a zone is listed in, about 35 km by 35 km; a larger one is listed once, among
/// those that are tried for every point.
const CELLS_PER_ZONE_MAX: i64 = 1_024;

/// Row and column of a cell.
type Cell = (i32, i32);

/// Zone ids by where their zones are. Every list is sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct ZoneIndex {
    cells: FastMap<Cell, Vec<ZoneId>>,
    coarse: Vec<ZoneId>,
}

fn cell_of(at: Point) -> Cell {
    (at.lat_e7().div_euclid(CELL_E7), at.lng_e7().div_euclid(CELL_E7))
}

/// The cells of a box; `None` if they are too many.
fn cells_of(bounds: Bounds) -> Option<impl Iterator<Item = Cell>> {
    let (south, west) = cell_of(bounds.south_west);
    let (north, east) = cell_of(bounds.north_east);
    let count = i64::from(north - south + 1) * i64::from(east - west + 1);
    (count <= CELLS_PER_ZONE_MAX).then(|| {
        (south..=north).flat_map(move |row| (west..=east).map(move |column| (row, column)))
    })
}

fn insert_sorted(ids: &mut Vec<ZoneId>, id: ZoneId) {
    if let Err(at) = ids.binary_search(&id) {
        ids.insert(at, id);
    }
}

fn remove_sorted(ids: &mut Vec<ZoneId>, id: ZoneId) {
    if let Ok(at) = ids.binary_search(&id) {
        ids.remove(at);
    }
}

impl ZoneIndex {
    pub(super) fn insert(&mut self, id: ZoneId, bounds: Bounds) {
        match cells_of(bounds) {
            None => insert_sorted(&mut self.coarse, id),
            Some(cells) => cells.for_each(|cell| {
                insert_sorted(self.cells.get_or_insert_with(cell, Vec::new), id);
            }),
        }
    }

    /// Takes out what [`ZoneIndex::insert`] put in for the same box.
    pub(super) fn remove(&mut self, id: ZoneId, bounds: Bounds) {
        let Some(cells) = cells_of(bounds) else {
            return remove_sorted(&mut self.coarse, id);
        };
        for cell in cells {
            let Some(ids) = self.cells.get_mut(&cell) else { continue };
            remove_sorted(ids, id);
            if ids.is_empty() {
                self.cells.remove(&cell);
            }
        }
    }

    /// Two sorted lists of zones; those that contain the point are among them.
    pub(super) fn candidates(&self, at: Point) -> [&[ZoneId]; 2] {
        let near = self.cells.get(&cell_of(at)).map_or(&[][..], Vec::as_slice);
        [near, &self.coarse]
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.cells.len(), self.coarse.len())
    }
}
