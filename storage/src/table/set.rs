//! The set of the tables in a directory, readable while tables are added and merged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::cursor::{Cursor, TableIter};
use super::tiles::{self, Gap, Name};
use super::{BLOCKS_MAX, Blocks, Table, file_name, layout, merge};
use crate::files::{self, is_unfinished, remove_all};
use crate::{Damage, DamageKind, JournalError, LogId, Lsn};

/// The permission to change a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing is changed, and another process may be writing.
    Read,
    /// The directory is created if need be and leftovers are removed. There is at most one writer.
    Write,
}

/// The most listings of a directory whose writer merges tables meanwhile.
const LISTINGS_MAX: usize = 5;

/// The tables of a directory. All methods take `&self`; a reader sees the tables of its start.
pub struct TableSet {
    dir: PathBuf,
    access: Access,
    /// Oldest first, each starting where the one before ends.
    tables: RwLock<Arc<[Table]>>,
    cache: Arc<Blocks>,
    /// Held during a merge: there is one at a time.
    merging: Mutex<()>,
}

impl TableSet {
    /// Opens the tables in `dir` that tile (0, `through`]; `through` is the record of the
    /// checkpoint from which the caller starts.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with [`DamageKind::History`] if records have no table, or a table
    /// is of another log or not what was written; [`JournalError::Io`] and the like.
    pub fn open(
        dir: &Path,
        log_id: LogId,
        through: Lsn,
        access: Access,
    ) -> Result<Self, JournalError> {
        if access == Access::Write {
            files::create_dir_durably(dir)?;
        }
        let mut attempts = 1;
        // A reader that lists the directory during a merge may miss both the old and the new table.
        let (tables, leftovers) = loop {
            match open_tiles(dir, log_id, through) {
                Ok(opened) => break opened,
                Err(error) if access == Access::Write || attempts == LISTINGS_MAX => {
                    return Err(error);
                }
                Err(_) => attempts += 1,
            }
        };
        if access == Access::Write {
            let leftovers = set_foreign_aside(leftovers, log_id)?;
            remove_all(dir, &leftovers)?;
        }

        Ok(Self {
            dir: dir.to_owned(),
            access,
            tables: RwLock::new(tables.into()),
            cache: Arc::new(Blocks::new(BLOCKS_MAX)),
            merging: Mutex::new(()),
        })
    }

    /// Returns the last record that the tables cover.
    pub fn through(&self) -> Lsn {
        end(&self.tables.read())
    }

    /// Returns the tables as they are now, oldest first.
    pub fn tables(&self) -> Arc<[Table]> {
        Arc::clone(&self.tables.read())
    }

    /// Returns the value of `key` in the newest table that has it. Reads one block of a table at
    /// most.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if a block on the way is not what was written,
    /// [`JournalError::Io`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        for table in self.tables().iter().rev() {
            if let Some(value) = table.get_cached(key, Some(&self.cache))? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Returns the rows of all tables from `key` on, ascending; of equal keys only the newest.
    ///
    /// # Errors
    /// As [`TableSet::get`]; later blocks report theirs as the last item.
    pub fn iter_from(&self, key: &[u8]) -> Result<TableIter, JournalError> {
        let tables = self.tables();
        let cursors = tables.iter().map(|table| Cursor::seek(table, key, Some(&self.cache)));
        Ok(TableIter::new(cursors.collect::<Result<_, _>>()?))
    }

    /// Adds the table that continues where these end. New readers see it.
    pub fn add(&self, table: Table) {
        let mut tables = self.tables.write();
        assert_eq!(table.after(), end(&tables), "or a look-up would miss rows");
        *tables = tables.iter().cloned().chain([table]).collect();
    }

    /// Merges a few tables that end at or below `upto`, if that is worthwhile, and returns whether
    /// it did. Nothing that starts from a checkpoint at or after `upto` misses those that go.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if one of them is not what was written, [`JournalError::Full`],
    /// [`JournalError::Io`]. The set stays usable: as it was, or, if only an old table could not be
    /// removed, merged; that table is a leftover then.
    pub fn merge_step(&self, upto: Lsn) -> Result<bool, JournalError> {
        assert_eq!(self.access, Access::Write, "a reader must not change the directory");
        let _merging = self.merging.lock();
        let before = self.tables();
        let mergeable = before.iter().take_while(|table| table.through() <= upto);
        let bytes: Vec<u64> = mergeable.map(Table::file_bytes).collect();
        let Some(start) = merge::choose(&bytes) else { return Ok(false) };
        let range = start..start + merge::TABLES_COUNT;
        let old = &before[range.clone()];
        let merged = merge::merge(&self.dir, old)?;
        {
            // Others only ever add at the end, so the range is still that of the old tables.
            let mut tables = self.tables.write();
            let mut now = tables.to_vec();
            now.splice(range, [merged]);
            assert_eq!(end(&now), end(&tables), "a merge covers the records of its sources");
            *tables = now.into();
        }
        let old: Vec<PathBuf> = old.iter().map(|table| table.path().to_owned()).collect();
        remove_all(&self.dir, &old)?;
        Ok(true)
    }

    /// Takes the name from a table that has a damaged block: the next opening finds it missing, and
    /// whoever derives the tables makes them again. What is whole of it can still be read here.
    /// Returns whether the damage was of a table that had its name.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn set_aside(&self, damage: &Damage) -> Result<bool, JournalError> {
        let is_it = |table: &&Table| {
            table.after() < damage.lsn && damage.through.is_none_or(|it| it <= table.through())
        };
        let tables = self.tables();
        let found = tables.iter().find(|table| is_it(table) && damage.lsn <= table.through());
        let Some(table) = found.filter(|table| table.path().exists()) else { return Ok(false) };
        set_aside(table.path(), "damaged")?;
        Ok(true)
    }

    /// Reads and checks every table.
    ///
    /// # Errors
    /// As [`Table::verify`], for the first that is not what was written.
    pub fn verify(&self) -> Result<(), JournalError> {
        self.tables().iter().try_for_each(Table::verify)
    }
}

impl std::fmt::Debug for TableSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.tables().iter()).finish()
    }
}

/// Returns the last record that the tables cover.
fn end(tables: &[Table]) -> Lsn {
    tables.last().map_or(Lsn::ZERO, Table::through)
}

/// Opens the tables that count, and returns them with the paths of the leftovers.
fn open_tiles(
    dir: &Path,
    log_id: LogId,
    through: Lsn,
) -> Result<(Vec<Table>, Vec<PathBuf>), JournalError> {
    let paths = files::entries_if_any(dir)?;
    let names: Vec<Name> = paths.iter().filter_map(|path| Name::parse(path)).collect();
    let chosen = tiles::choose(&names, through).map_err(|gap| missing(dir, gap))?;
    let path = |name: &Name| dir.join(file_name(name.after, name.through));
    let tables: Result<_, _> = chosen.iter().map(|name| Table::open(&path(name), log_id)).collect();
    let is_leftover = |path: &PathBuf| match Name::parse(path) {
        Some(name) => !chosen.contains(&name),
        None => is_unfinished(path),
    };
    Ok((tables?, paths.into_iter().filter(is_leftover).collect()))
}

fn missing(dir: &Path, gap: Gap) -> JournalError {
    let Gap { after, through } = gap;
    let detail = format!("{}: no table starts after record {after}", dir.display());
    let mut damage = Damage::new(DamageKind::History, after.next(), detail);
    damage.through = Some(through);
    JournalError::Damaged(damage)
}

/// Gives leftovers of another log a name that is none of a table, so that they are never removed.
/// Returns the others.
fn set_foreign_aside(leftovers: Vec<PathBuf>, log_id: LogId) -> Result<Vec<PathBuf>, JournalError> {
    let is_foreign = |path: &PathBuf| layout::log_id_of(path).is_some_and(|it| it != log_id);
    let (foreign, ours): (Vec<_>, Vec<_>) = leftovers.into_iter().partition(is_foreign);
    for path in foreign {
        let aside = set_aside(&path, "foreign")?;
        tracing::warn!(path = %aside.display(), "a table of another log is set aside");
    }
    Ok(ours)
}

/// Adds to the name of a table, so that it is none any more. Returns the new path.
fn set_aside(path: &Path, why: &str) -> Result<PathBuf, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(why);
    let aside = PathBuf::from(name);
    files::rename_durably(path, &aside)?;
    Ok(aside)
}
