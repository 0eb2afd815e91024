//! The archive of a log: its files as one sequence of records, from the first one on.
//!
//! A file that is missing or damaged is remembered, and reading its records fails with its name;
//! the other files can be read all the same. [`Archive::open`] is strict, [`Archive::scan`] is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use super::{ArchiveFile, Cursor, damage, layout, tiles};
use crate::block_cache::BlockCache;
use crate::files;
use crate::journal::FrameIter;
use crate::{Batch, ChainMark, Damage, JournalError, LogId, Lsn, StoredFrame};

/// The most blocks in memory: about 2 MiB.
const BLOCKS_MAX: usize = 8;

/// The choice whether a block stays in memory after it has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CachePolicy {
    /// It stays, since it may soon be read again.
    Keep,
    /// It does not, since the reader moves on to the next.
    Skip,
}

/// All archive files of a log. Files may be added while others read.
pub struct Archive {
    dir: PathBuf,
    log_id: LogId,
    /// Ascending; one may start with records that the one before it has, too.
    files: RwLock<Vec<ArchiveFile>>,
    /// The damage that was found when the directory was scanned and is not healed, ascending.
    problems: RwLock<Vec<Damage>>,
    cache: BlockCache<(Lsn, u32), Vec<u8>>,
}

impl Archive {
    /// Opens the archive in `dir`, which need not exist. Its files must cover the log from the
    /// first record on, each following the one before. Files that overlap, such as one that was
    /// copied from a backup, must be of one chain. Their blocks are checked as they are read.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] that names the first file that is missing or damaged, and its
    /// records; [`JournalError::NewerFormat`], [`JournalError::Io`].
    pub fn open(dir: &Path, log_id: LogId) -> Result<Self, JournalError> {
        let archive = Self::scan(dir, log_id)?;
        match archive.problems().into_iter().next() {
            Some(problem) => Err(JournalError::Damaged(problem)),
            None => Ok(archive),
        }
    }

    /// Opens as [`Archive::open`], but continues after damage: [`Archive::problems`] has all that
    /// was found, and reading what it touches fails with it.
    ///
    /// # Errors
    /// [`JournalError::NewerFormat`]; [`JournalError::Io`] if the directory cannot be listed.
    pub fn scan(dir: &Path, log_id: LogId) -> Result<Self, JournalError> {
        let mut paths = files::entries_if_any(dir)?;
        paths.retain(|path| path.extension().is_some_and(|it| it == layout::EXTENSION));
        paths.sort_unstable();
        let ScannedFiles { files, mut problems } = ScannedFiles::open(&paths, log_id)?;
        let files = tiles::choose(&files, log_id, &mut problems)?;
        assert!(
            files.is_sorted_by(|one, next| one.after().lsn < next.after().lsn),
            "`file_of` finds files by their order"
        );
        problems.sort_by_key(|problem| problem.lsn);
        let (files, problems) = (RwLock::new(files), RwLock::new(problems));
        let cache = BlockCache::new(BLOCKS_MAX);
        Ok(Self { dir: dir.to_owned(), log_id, files, problems, cache })
    }

    /// Removes leftovers of an interrupted writer. Only the writer of the log may call it.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn sweep(dir: &Path) -> Result<(), JournalError> {
        files::remove_unfinished(dir)
    }

    /// Returns the damage that was found when the archive was opened and is not healed, ascending
    /// by record.
    pub fn problems(&self) -> Vec<Damage> {
        self.problems.read().clone()
    }

    /// Returns the directory of the files.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the id of the log.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Returns the mark of the chain after the last file.
    pub fn end(&self) -> ChainMark {
        let files = self.files.read();
        files.last().map_or_else(|| ChainMark::genesis(self.log_id), ArchiveFile::after)
    }

    /// Returns the files, in order.
    pub fn files(&self) -> Vec<ArchiveFile> {
        self.files.read().clone()
    }

    /// Adds a file that follows the end.
    ///
    /// # Errors
    /// [`JournalError::OutOfSequence`] if it does not.
    pub fn add(&self, file: ArchiveFile) -> Result<(), JournalError> {
        let mut files = self.files.write();
        let genesis = ChainMark::genesis(self.log_id);
        let end = files.last().map_or(genesis, ArchiveFile::after);
        if file.before() != end {
            let (expected, actual) = (end.lsn.next(), file.before().lsn.next());
            return Err(JournalError::OutOfSequence { expected, actual });
        }
        debug_assert_eq!(file.after().log_id, self.log_id, "a chain never changes its log");
        files.push(file);
        Ok(())
    }

    /// Takes a file that was made anew, in place of the one with its records.
    pub(super) fn put(&self, file: ArchiveFile) {
        let (first, last) = file.lsns();
        let is_about = |it: &Damage| first <= it.lsn && it.through.is_some_and(|end| end <= last);
        self.problems.write().retain(|it| !is_about(it));
        let mut files = self.files.write();
        files.retain(|known| known.lsns() != (first, last));
        let at = files.partition_point(|known| known.after().lsn < last);
        files.insert(at, file);
        // Its blocks may be cut elsewhere.
        self.cache.clear();
    }

    /// Returns the frames from the one that holds `from` to the end, each verified: checksum, chain
    /// and continuity. The first error is the last item.
    pub fn frames(&self, from: Lsn) -> FrameIter<'_> {
        let mut cursor = Some(Cursor::new(self, from));
        Box::new(std::iter::from_fn(move || {
            let next = cursor.as_mut()?.next_frame().transpose();
            cursor = cursor.take().filter(|_| matches!(next, Some(Ok(_)) | None));
            next
        }))
    }

    /// Returns the frame that holds `lsn`, checked on its own; `None` if it lies beyond the end.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it should be there and is not, or is not what was written.
    pub fn frame_at(&self, lsn: Lsn) -> Result<Option<StoredFrame>, JournalError> {
        if lsn < Lsn::FIRST {
            return Ok(None);
        }
        let Some(file) = self.file_of(lsn)? else { return Ok(None) };
        let number = file.index()?.block_of(lsn);
        let raw = self.block(&file, number, CachePolicy::Keep)?;
        file.frame_in(number, &raw, lsn).map(Some)
    }

    /// Returns the batch that holds `lsn`, as [`Archive::frame_at`] does its frame.
    ///
    /// # Errors
    /// As [`Archive::frame_at`].
    pub fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError> {
        Ok(self.frame_at(lsn)?.map(StoredFrame::into_batch))
    }

    /// Returns whether every record from `first` to `last` is in a file that is there, as far as
    /// its name, header and footer tell. Files are looked at anew.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first that is not; [`JournalError::Io`].
    pub fn covers(&self, first: Lsn, last: Lsn) -> Result<(), JournalError> {
        let mut next = first;
        while next <= last {
            let file = self.file_of(next)?.ok_or_else(|| self.missing(next))?;
            ArchiveFile::open(file.path(), self.log_id)?;
            assert!(file.after().lsn >= next, "the file has the record, so this loop ends");
            next = file.after().lsn.next();
        }
        Ok(())
    }

    /// Returns the marks of the chain before, between and after the files.
    pub fn marks(&self) -> Vec<ChainMark> {
        let ends = |file: &ArchiveFile| [file.before(), file.after()];
        self.files.read().iter().flat_map(ends).collect()
    }

    /// Returns the file that holds `lsn`; `None` beyond the end.
    pub(super) fn file_of(&self, lsn: Lsn) -> Result<Option<ArchiveFile>, JournalError> {
        let files = self.files.read();
        let at = files.partition_point(|file| file.after().lsn < lsn);
        match files.get(at) {
            Some(file) if file.before().lsn < lsn => Ok(Some(file.clone())),
            Some(_) => Err(self.missing(lsn)),
            // Beyond the last whole file there may be one that is damaged.
            None => match self.problem_at(lsn) {
                Some(problem) => Err(JournalError::Damaged(problem)),
                None => Ok(None),
            },
        }
    }

    /// Returns the raw bytes of a block of frames, from memory if it was read lately.
    pub(super) fn block(
        &self,
        file: &ArchiveFile,
        number: u32,
        cache: CachePolicy,
    ) -> Result<Arc<Vec<u8>>, JournalError> {
        let id = (file.lsns().0, number);
        if let Some(raw) = self.cache.get(id) {
            return Ok(raw);
        }
        let raw = Arc::new(file.block(number)?);
        if cache == CachePolicy::Keep {
            self.cache.put(id, &raw);
        }
        Ok(raw)
    }

    fn problem_at(&self, lsn: Lsn) -> Option<Damage> {
        let touches = |problem: &&Damage| {
            problem.lsn <= lsn && problem.through.is_some_and(|through| lsn <= through)
        };
        let problem = self.problems.read().iter().find(touches)?.clone();
        Some(Damage { lsn, ..problem })
    }

    fn missing(&self, lsn: Lsn) -> JournalError {
        let problem = self.problem_at(lsn);
        JournalError::Damaged(problem.unwrap_or_else(|| {
            damage((lsn, lsn), format!("no file in {} holds it", self.dir.display()))
        }))
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Archive({} to record {})", self.dir.display(), self.end().lsn)
    }
}

/// The files of a directory, each opened on its own.
#[derive(Default)]
struct ScannedFiles {
    files: Vec<ArchiveFile>,
    problems: Vec<Damage>,
}

impl ScannedFiles {
    fn open(paths: &[PathBuf], log_id: LogId) -> Result<Self, JournalError> {
        let mut found = Self::default();
        for path in paths {
            let at = path.display();
            let Some(lsns) = layout::parse_name(path) else {
                let detail =
                    format!("{at}: this is not the name of an archive file; move it elsewhere");
                found.problems.push(damage((Lsn::FIRST, Lsn::ZERO), detail));
                continue;
            };
            match ArchiveFile::open(path, log_id) {
                Ok(file) => found.files.push(file),
                Err(JournalError::Damaged(damage)) => found.problems.push(damage),
                Err(error @ JournalError::Io { .. }) => {
                    found.problems.push(damage(lsns, format!("{at}: {error}")));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}
