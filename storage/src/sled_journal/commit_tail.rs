//! The commit tail: the file in which a group becomes durable, with one write and one sync.
//!
//! It has two halves. Groups follow each other in one; when it is full, the other is written over,
//! whose groups must be settled by then: in the databases, and synced there. So the newest whole
//! group is the mark of what was acknowledged, and all that the databases may lack is in the tail.

mod layout;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::mark::Mark;
use crate::files;
use crate::{DamageKind, JournalError, LogId, Lsn, StoredFrame};
use layout::{FILE_BYTES, Group, HALF_BYTES, HALVES_COUNT, PAGE_BYTES, pages_bytes};

/// The most bytes of frames in one group of the tail; a larger one is written as several. So at
/// most half of a half stays unused.
pub(super) const GROUP_BYTES_MAX: usize = HALF_BYTES / 2;

// One half keeps the newest group while the other is written over.
const _: () = assert!(HALVES_COUNT == 2 && pages_bytes(GROUP_BYTES_MAX) <= HALF_BYTES);

/// The first position and the bytes of a frame that is not stored yet.
pub(super) type NewFrame = (Lsn, Vec<u8>);

/// The content of a tail.
#[derive(Debug)]
pub(super) struct TailContent {
    /// The end that was acknowledged: that of the newest whole group.
    pub(super) newest: Mark,
    /// The frames of whole groups, ascending.
    pub(super) frames: Vec<StoredFrame>,
    /// The groups that are not whole.
    broken: Vec<Group>,
    /// The half with the newest group.
    half: usize,
}

impl TailContent {
    /// Returns the content of a log that has no tail yet and was acknowledged up to `newest`.
    pub(super) fn none(newest: Mark) -> Self {
        Self { newest, frames: Vec::new(), broken: Vec::new(), half: 0 }
    }

    /// Reads the file at `path`, of whichever log.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it is missing, cut, or has no whole group of a single log.
    pub(super) fn read(path: &Path) -> Result<Self, JournalError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(damaged("the file tail is missing"));
            }
            Err(error) => return Err(JournalError::file("reading", path, &error)),
        };
        if bytes.len() != FILE_BYTES {
            let found = bytes.len();
            return Err(damaged(format!("tail has {found} bytes and not {FILE_BYTES}")));
        }
        let (whole, broken): (Vec<_>, Vec<_>) =
            layout::scan(&bytes).into_iter().partition(|group| group.is_whole);
        let newest = whole.iter().max_by_key(|group| (group.mark.epoch, group.mark.end));
        let Some(newest) = newest else {
            return Err(damaged(format!("bytes 0..{FILE_BYTES} of tail hold no whole group")));
        };
        let (newest, half) = (newest.mark, newest.half());
        if let Some(other) = whole.iter().find(|group| group.mark.log_id != newest.log_id) {
            let (one, other) = (newest.log_id, other.mark.log_id);
            return Err(damaged(format!("tail holds groups of log {one} and of log {other}")));
        }
        let mut frames: Vec<_> = whole.into_iter().flat_map(|group| group.frames).collect();
        frames.sort_by_key(|frame| (frame.first_lsn(), frame.header().epoch));
        Ok(Self { newest, frames, broken, half })
    }

    /// Refuses the content of another log's tail.
    pub(super) fn of(self, log_id: LogId) -> Result<Self, JournalError> {
        if self.newest.log_id == log_id {
            return Ok(self);
        }
        Err(damaged(format!("the marks are of log {} and this is {log_id}", self.newest.log_id)))
    }

    /// Returns the frames that can be read, also those of groups that are not whole.
    pub(super) fn salvage(mut self) -> Vec<StoredFrame> {
        self.frames.extend(self.broken.into_iter().flat_map(|group| group.frames));
        self.frames.sort_by_key(|frame| (frame.first_lsn(), frame.header().epoch));
        self.frames
    }

    /// Names the damage of the tail at `lsn`, if a group should be there and is not whole.
    pub(super) fn damage_at(&self, lsn: Lsn) -> Option<String> {
        let holds = |group: &&Group| group.after < lsn && lsn <= group.mark.end;
        let group = self.broken.iter().find(holds)?;
        let (from, to) = (group.bytes.start, group.bytes.end);
        Some(format!("bytes {from}..{to} of tail are not what was written"))
    }
}

fn damaged(detail: impl Into<String>) -> JournalError {
    JournalError::damaged(DamageKind::HighWater, Lsn::FIRST, detail)
}

/// The tail of a log that is open for writing.
#[derive(Debug)]
pub(super) struct CommitTail {
    file: File,
    path: PathBuf,
    /// The pages of the group that is written; kept, so that its memory is.
    pages: Vec<u8>,
    /// The half that is written to, and how far it is full.
    half: usize,
    full_bytes: usize,
    /// The last record in each half.
    ends: [Lsn; HALVES_COUNT],
}

impl CommitTail {
    /// Makes the file of a log that was acknowledged up to `mark`, durably.
    pub(super) fn create(path: &Path, mark: &Mark) -> Result<(), JournalError> {
        let unfinished = path.with_extension(files::UNFINISHED);
        let mut pages = Vec::new();
        layout::encode(&mut pages, mark, mark.end, std::iter::empty());
        let write = || {
            let file = File::create(&unfinished)?;
            file.write_all_at(&pages, 0)?;
            // The rest takes no room before it is used.
            file.set_len(FILE_BYTES as u64)?;
            file.sync_all()
        };
        write().map_err(|error| JournalError::file("writing", &unfinished, &error))?;
        files::rename_durably(&unfinished, path)
    }

    /// Opens the file, all of whose groups are settled, and claims the epoch of `mark`, which is
    /// the end of the log. Durable on return.
    pub(super) fn open(
        path: &Path,
        content: &TailContent,
        mark: &Mark,
    ) -> Result<Self, JournalError> {
        assert!(mark.epoch > content.newest.epoch, "no two openings have the same epoch");
        assert!(mark.end >= content.newest.end, "what was acknowledged stays so");
        let file = File::options().write(true).open(path);
        let file = file.map_err(|error| JournalError::file("opening", path, &error))?;
        // The other half, so that a torn write leaves the newest group.
        let half = (content.half + 1) % HALVES_COUNT;
        let (path, pages, ends) = (path.to_owned(), Vec::new(), [mark.end; HALVES_COUNT]);
        let mut tail = Self { file, path, pages, half, full_bytes: 0, ends };
        tail.write(mark, mark.end, &[], |_| Ok(()))?;
        Ok(tail)
    }

    /// Writes the group with these frames, which follows record `after` and ends at `mark`, and
    /// waits for the disk. Calls `settle` with the last record that must be settled first, if a
    /// half is to be written over.
    pub(super) fn write(
        &mut self,
        mark: &Mark,
        after: Lsn,
        frames: &[NewFrame],
        settle: impl FnOnce(Lsn) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        assert!(mark.end >= after, "what was acknowledged stays so");
        layout::encode(&mut self.pages, mark, after, frames.iter().map(|(_, bytes)| &bytes[..]));
        assert!(self.pages.len() <= HALF_BYTES, "a group does not straddle the halves");
        if self.full_bytes + self.pages.len() > HALF_BYTES {
            self.half = (self.half + 1) % HALVES_COUNT;
            self.full_bytes = 0;
            settle(self.ends[self.half])?;
        }
        debug_assert!(self.full_bytes.is_multiple_of(PAGE_BYTES), "no page has two groups");
        let offset = (self.half * HALF_BYTES + self.full_bytes) as u64;
        self.file
            .write_all_at(&self.pages, offset)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| JournalError::file("writing", &self.path, &error))?;
        self.full_bytes += self.pages.len();
        self.ends[self.half] = mark.end;
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
