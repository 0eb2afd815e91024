//! The store: the databases of a log as one, of which only the newest is written to.

use std::path::Path;

use super::database::{Database, StoredEntry};
use super::databases::{self, Place};
use crate::chain::decode_at;
use crate::{DamageKind, JournalError, Lsn};

/// The open databases of a log, the oldest first; at least one.
#[derive(Debug)]
pub(super) struct Store {
    sealed: Vec<(Place, Database)>,
    newest: (Place, Database),
}

impl Store {
    /// Opens the databases in `log`. sled recovers them, which may destroy bytes that it cannot
    /// read.
    pub(super) fn open(log: &Path, cache_bytes: u64) -> Result<Self, JournalError> {
        let mut sealed = Vec::new();
        for place in databases::list(log)? {
            let database = Database::open(&place.dir, cache_bytes)?;
            sealed.push((place, database));
        }
        let newest = sealed.pop().ok_or_else(|| missing(log))?;
        assert!(
            sealed.iter().all(|(place, _)| *place < newest.0),
            "records go to the newest database, which continues the others"
        );
        Ok(Self { sealed, newest })
    }

    /// Directs all later writes to `database`.
    pub(super) fn go_on_in(&mut self, place: Place, database: Database) {
        assert!(place > self.newest.0, "`list` sorts databases by their numbers");
        self.sealed.push(std::mem::replace(&mut self.newest, (place, database)));
    }

    /// Returns the database that is written to, which is the newest.
    pub(super) fn newest(&self) -> &(Place, Database) {
        &self.newest
    }

    fn databases(&self) -> impl DoubleEndedIterator<Item = &Database> {
        self.sealed.iter().chain([&self.newest]).map(|(_, database)| database)
    }

    /// Writes a batch; durable after the next [`Store::sync`].
    pub(super) fn insert(&self, first_lsn: Lsn, frame: Vec<u8>) -> Result<(), JournalError> {
        self.newest.1.insert(first_lsn, frame)
    }

    /// Waits until the disk has all that was inserted; `end` is its last record.
    pub(super) fn sync(&self, end: Lsn) -> Result<(), JournalError> {
        self.newest.1.sync(end)
    }

    /// Takes out the databases whose batches all end at `through` or before it: the oldest, as many
    /// as there are. The newest one stays.
    pub(super) fn take_through(
        &mut self,
        through: Lsn,
    ) -> Result<Vec<(Place, Database)>, JournalError> {
        let mut count = 0;
        for (_, database) in &self.sealed {
            if end_of(database)?.is_some_and(|end| end > through) {
                break;
            }
            count += 1;
        }
        assert!(count <= self.sealed.len(), "the newest database is written to and stays");
        Ok(self.sealed.drain(..count).collect())
    }

    /// Returns the last record before those of the newest database, if there is one.
    pub(super) fn sealed_end(&self) -> Result<Option<Lsn>, JournalError> {
        self.sealed.last().map_or(Ok(None), |(_, database)| end_of(database))
    }

    /// Stops all databases, even if stopping one fails.
    pub(super) fn stop(self) -> Result<(), JournalError> {
        let all = self.sealed.into_iter().chain([self.newest]);
        all.map(|(_, database)| database.stop()).fold(Ok(()), Result::and)
    }

    /// Returns the stored batches that start at `from` or later, in order.
    pub(super) fn range(
        &self,
        from: Lsn,
    ) -> impl Iterator<Item = Result<StoredEntry, JournalError>> {
        self.databases().flat_map(move |database| database.range(from))
    }

    /// Returns the start of the first stored batch.
    pub(super) fn first(&self) -> Result<Option<Lsn>, JournalError> {
        Ok(self.range(Lsn::ZERO).next().transpose()?.map(|(key, _)| key))
    }

    /// Returns the stored batch that starts at `lsn` or, if none does, the last that starts before
    /// it.
    pub(super) fn at_or_before(&self, lsn: Lsn) -> Result<Option<StoredEntry>, JournalError> {
        let mut found = self.databases().rev().map(|database| database.at_or_before(lsn));
        found.find_map(Result::transpose).transpose()
    }
}

/// Returns the last record of a database; `None` of an empty one.
fn end_of(database: &Database) -> Result<Option<Lsn>, JournalError> {
    let last = database.at_or_before(Lsn(u64::MAX - 1))?;
    last.map(|(key, bytes)| Ok(decode_at(key, &bytes)?.header.last_lsn())).transpose()
}

fn missing(log: &Path) -> JournalError {
    let detail = format!("there is no database file {}", databases::file_in(log).display());
    JournalError::damaged(DamageKind::Missing, Lsn::FIRST, detail)
}
