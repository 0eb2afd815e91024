//! The high-water marks: how far a log of version 3 or before was acknowledged. Only read: the
//! commit tail has taken their place.
//!
//! Two marks were written in turn, so a torn write cost the newer and never both.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::mark::{MARK_BYTES, Mark};
use crate::{DamageKind, JournalError, Lsn};

/// Where the two marks start.
const SLOTS: [usize; 2] = [0, 4_096];
const MAGIC: [u8; 4] = *b"KHWM";

/// Returns the newest mark in the file at `path`, of whichever log.
pub(super) fn newest_in(path: &Path) -> Result<Mark, JournalError> {
    let damaged = |detail| Err(JournalError::damaged(DamageKind::HighWater, Lsn::FIRST, detail));
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return damaged("the file high-water is missing");
        }
        Err(error) => return Err(JournalError::file("reading", path, &error)),
    };
    let marks = SLOTS.iter().filter_map(|slot| {
        let mark = bytes.get(*slot..slot + MARK_BYTES)?;
        Mark::decode(MAGIC, mark.try_into().ok()?)
    });
    let newest = marks.max_by_key(|mark| (mark.epoch, mark.end));
    newest.map_or_else(|| damaged("high-water holds no readable mark"), Ok)
}

#[cfg(test)]
pub(super) mod tests;
