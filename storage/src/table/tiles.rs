//! The choice of the files in a directory that are its tables; the others are leftovers.
//!
//! Tables tile the log: each starts where the one before ends. A merged table and those that it
//! was made of may both be there after a crash; the merged one counts. A table beyond the newest
//! checkpoint belongs to a checkpoint that was never finished.

use std::path::Path;

use super::file_name;
use crate::Lsn;

/// The name of a table: the records that it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) after: Lsn,
    pub(super) through: Lsn,
}

impl Name {
    /// Parses the name of a table; `None` if no writer gives exactly that name.
    pub(super) fn parse(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (after, through) = name.strip_suffix(".ktb")?.split_once('-')?;
        let (after, through) = (Lsn(after.parse().ok()?), Lsn(through.parse().ok()?));
        (after < through && file_name(after, through) == name).then_some(Self { after, through })
    }
}

/// The records that no table covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) after: Lsn,
    pub(super) through: Lsn,
}

/// Returns the tables that tile (0, `through`], oldest first.
pub(super) fn choose(names: &[Name], through: Lsn) -> Result<Vec<Name>, Gap> {
    let mut chosen = Vec::new();
    let mut end = Lsn::ZERO;
    while end < through {
        let next = names
            .iter()
            .filter(|name| name.after == end && name.through <= through)
            .max_by_key(|name| name.through);
        let Some(next) = next else {
            let later = names.iter().map(|name| name.after).filter(|after| *after > end).min();
            let gap_end = later.unwrap_or(through).min(through);
            return Err(Gap { after: end, through: gap_end });
        };
        assert!(next.through > end, "`Name::parse` takes ascending names, so this loop ends");
        chosen.push(*next);
        end = next.through;
    }
    assert_eq!(end, through, "no table that counts goes beyond the checkpoint");
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(ranges: &[(u64, u64)]) -> Vec<Name> {
        let name = |&(after, through)| Name { after: Lsn(after), through: Lsn(through) };
        ranges.iter().map(name).collect()
    }

    #[test]
    fn a_merged_table_counts_and_not_what_it_was_made_of() {
        let all = names(&[(0, 10), (10, 20), (0, 20), (20, 25), (25, 90)]);
        assert_eq!(choose(&all, Lsn(25)), Ok(names(&[(0, 20), (20, 25)])));
        assert_eq!(choose(&all, Lsn(20)), Ok(names(&[(0, 20)])));
        assert_eq!(choose(&all, Lsn(10)), Ok(names(&[(0, 10)])));
        assert_eq!(choose(&all, Lsn::ZERO), Ok(names(&[])));
    }

    #[test]
    fn a_gap_is_named() {
        let gap = |after, through| Err(Gap { after: Lsn(after), through: Lsn(through) });
        assert_eq!(choose(&names(&[(0, 10), (20, 30)]), Lsn(30)), gap(10, 20));
        assert_eq!(choose(&names(&[(0, 10)]), Lsn(30)), gap(10, 30));
        assert_eq!(choose(&names(&[(0, 10), (10, 40)]), Lsn(30)), gap(10, 30));
        assert_eq!(choose(&[], Lsn(30)), gap(0, 30));
    }

    #[test]
    fn only_a_name_that_a_writer_gives_is_one() {
        let parse = |name: &str| Name::parse(Path::new(name));
        let name = file_name(Lsn(3), Lsn(70));
        assert_eq!(parse(&name), Some(Name { after: Lsn(3), through: Lsn(70) }));
        assert_eq!(parse(&name.replace("ktb", "new")), None);
        for other in ["3-70.ktb", &file_name(Lsn(70), Lsn(70)), "notes.ktb", &format!("+{name}")] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
