//! An assembly: a log that is put together from pieces, which are archive files and frames.
//!
//! Every piece must follow the one before, so the result is one chain from the first record on,
//! wherever the pieces come from. A backup, a restored log and a repaired one are made so.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::chain::Chain;
use crate::files::{self, UNFINISHED};
use crate::merkle::{self, Tree};
use crate::{
    Archive, ArchiveFile, ArchiveWriter, ChainMark, Indexer, JournalError, LogId, Lsn, StoredFrame,
};

/// The bytes of frames after which an assembly starts the next file.
const FILE_RAW_BYTES_MAX: u64 = 512 << 20;

/// An unfinished log, in archive files.
pub struct Assembly<'a> {
    /// The directory of the files; `None` for an assembly that only checks.
    dir: Option<PathBuf>,
    indexer: &'a dyn Indexer,
    chain: Chain,
    /// The tree over all records so far; stored with each file. Without a directory it stays empty.
    tree: Tree,
    writer: Option<ArchiveWriter>,
    files: Vec<ArchiveFile>,
}

impl<'a> Assembly<'a> {
    /// Starts at the first record, in the archive directory `dir`; without one, nothing is
    /// written and everything is checked all the same.
    pub fn new(dir: Option<&Path>, log_id: LogId, indexer: &'a dyn Indexer) -> Self {
        let (dir, chain) = (dir.map(Path::to_owned), Chain::genesis(log_id));
        Self { dir, indexer, chain, tree: Tree::default(), writer: None, files: Vec::new() }
    }

    /// Continues after the files of `archive`, in its directory.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Io`].
    pub fn going_on(archive: &Archive, indexer: &'a dyn Indexer) -> Result<Self, JournalError> {
        let mut assembly = Self::new(Some(archive.dir()), archive.log_id(), indexer);
        let files = archive.files();
        assembly.chain = Chain::after(&archive.end());
        if let Some(tree) = files.last().and_then(kept_tree) {
            assembly.tree = tree;
        } else {
            files.iter().try_for_each(|file| assembly.grow_tree(file))?;
        }
        let records = assembly.lsn().records_since(Lsn::ZERO);
        assert_eq!(assembly.tree.size(), records, "the tree has a leaf for every record");
        Ok(assembly)
    }

    /// Returns the tree over all records so far.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Returns the mark at its end.
    pub fn end(&self) -> ChainMark {
        self.chain.mark()
    }

    /// Returns the last record so far.
    pub fn lsn(&self) -> Lsn {
        self.chain.end()
    }

    /// Takes an archive file whole, and reads back what it has written.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the file does not follow, or is not what was written: then
    /// nothing has been taken. [`JournalError::Full`], [`JournalError::Io`].
    pub fn take_file(&mut self, file: &ArchiveFile) -> Result<(), JournalError> {
        let mark = file.before();
        if mark != self.end() {
            let (expected, actual) = (self.chain.end().next(), mark.lsn.next());
            return Err(JournalError::OutOfSequence { expected, actual });
        }
        self.seal()?;
        match self.dir.clone() {
            Some(dir) => {
                let copy = copy_into(&dir, file)?;
                self.grow_tree(&copy)?;
                self.files.push(copy);
            }
            None => file.verify()?,
        }
        self.chain = Chain::after(&file.after());
        self.check_tree();
        Ok(())
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it does not follow: then it has not been taken.
    /// [`JournalError::Full`], [`JournalError::Io`].
    pub fn take_frame(&mut self, frame: &StoredFrame) -> Result<(), JournalError> {
        let before = self.chain.mark();
        self.chain.follow(frame.header(), frame.hash())?;
        let Some(dir) = &self.dir else { return Ok(()) };
        if self.writer.is_none() {
            self.writer = Some(ArchiveWriter::create(dir, before)?);
        }
        for (lsn, record) in frame.records() {
            self.tree.push(merkle::leaf(lsn, record));
        }
        self.check_tree();
        if let Some(writer) = &mut self.writer {
            writer.push(frame, self.indexer)?;
            if writer.bytes() >= FILE_RAW_BYTES_MAX {
                self.seal()?;
            }
        }
        Ok(())
    }

    /// Finishes the file that is being written, and reads back what is in it.
    ///
    /// # Errors
    /// As [`ArchiveWriter::seal`], and [`JournalError::Damaged`] if it does not read back.
    pub fn seal(&mut self) -> Result<(), JournalError> {
        if let Some(mut writer) = self.writer.take() {
            writer.set_note(self.tree.encode());
            let file = writer.seal()?;
            file.verify()?;
            assert_eq!(file.after(), self.end(), "the files end where the chain does");
            self.files.push(file);
        }
        Ok(())
    }

    /// Adds the records of a file to the tree.
    fn grow_tree(&mut self, file: &ArchiveFile) -> Result<(), JournalError> {
        if let Some(tree) = kept_tree(file) {
            self.tree = tree;
            return Ok(());
        }
        let tree = &mut self.tree;
        file.verify_each(&mut |frame| {
            // A file may start with records that the one before it has, too.
            let known = tree.size();
            let new = frame.records().filter(|(lsn, _)| lsn.0 > known);
            new.for_each(|(lsn, record)| tree.push(merkle::leaf(lsn, record)));
            Ok(())
        })
    }

    /// Asserts that the tree has one leaf for each record of the chain, or a proof would be wrong.
    fn check_tree(&self) {
        let is_written = self.dir.is_some();
        let leaves = if is_written { self.chain.end().0 } else { 0 };
        debug_assert_eq!(self.tree.size(), leaves, "leaf `i` is record `i + 1`");
    }

    /// Returns the files that have been finished, in order.
    pub fn files(&self) -> &[ArchiveFile] {
        &self.files
    }
}

impl std::fmt::Debug for Assembly<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Assembly(to record {})", self.chain.end())
    }
}

/// Returns the tree over all records up to the end of a file, if it is stored with the file.
fn kept_tree(file: &ArchiveFile) -> Option<Tree> {
    Tree::decode(file.note().ok()?).filter(|tree| tree.size() == file.after().lsn.0)
}

/// Copies a file into another archive, durably; it has its name only when it is all there.
fn copy_into(dir: &Path, file: &ArchiveFile) -> Result<ArchiveFile, JournalError> {
    files::create_dir_durably(dir)?;
    let to = dir.join(file.path().file_name().unwrap_or_default());
    let unfinished = to.with_extension(UNFINISHED);
    let copied = fs::copy(file.path(), &unfinished)
        .and_then(|_| File::open(&unfinished)?.sync_all())
        .map_err(|error| JournalError::file("copying", file.path(), &error))
        .and_then(|()| files::rename_durably(&unfinished, &to))
        .and_then(|()| ArchiveFile::open(&to, file.before().log_id))
        .and_then(|copy| copy.verify().map(|()| copy));
    if copied.is_err() {
        // Half a copy would be in the way of another source of these records.
        let _ = fs::remove_file(&unfinished);
        let _ = fs::remove_file(&to);
    }
    copied.map_err(|error| named(error, &to, file.path()))
}

/// Names the original file in damage that was found in its copy.
fn named(error: JournalError, copy: &Path, original: &Path) -> JournalError {
    let JournalError::Damaged(mut damage) = error else { return error };
    let (copy, original) = (copy.to_string_lossy(), original.to_string_lossy());
    damage.detail = damage.detail.replace(&*copy, &original);
    JournalError::Damaged(damage)
}
