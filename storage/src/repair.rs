//! Finds and recovers all readable records of a damaged log: from the log itself, its archive, the
//! copies that recoveries have kept, and a backup.
//!
//! A source is only a place where frames may be found. The chain decides which of them belong
//! together, so the repaired log is the log that was written, up to its end; where two sources have
//! a record, either may fill in for the other. The loss is the acknowledged records beyond the end.

mod derived;
mod plan;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::assembly::Assembly;
use crate::backup::{Backup, check_no_fewer, copy_vault, read_vault};
use crate::sled_journal::EndMark;
use crate::sled_journal::salvage::{self, Frames, LogMarks};
use crate::{
    Archive, ArchiveFile, ChainMark, Damage, DamageKind, Indexer, JournalError, LogId, Lsn, NewLog,
    StoredFrame,
};
pub use plan::{KeySource, Piece, PieceKind, RepairPlan};

/// Parts of which a directory of a log, however damaged, has at least one.
const PARTS_OF_A_LOG: [&str; 5] = ["FORMAT", "tail", "high-water", "log", "archive"];

/// A database, and its frames once it has been opened.
type Database = (salvage::Source, Option<Frames>);

/// A damaged log, and the sources that may complete it.
pub struct Salvage<'a> {
    dir: &'a Path,
    scratch: Option<&'a Path>,
    marks: LogMarks,
    log_id: LogId,
    /// The log's own archive, then that of the backup.
    archives: Vec<Archive>,
    backup: Option<Backup>,
    problems: Vec<Damage>,
    pieces: Vec<Piece>,
    /// Archive files that are not what was written.
    bad: BTreeSet<PathBuf>,
    /// Whether the frame that ends at a mark has another hash than the mark.
    has_diverged: bool,
}

impl<'a> Salvage<'a> {
    /// Opens the log in `dir`, which no process may have open. Copies are made in `scratch`.
    ///
    /// # Errors
    /// [`JournalError::Locked`]; [`JournalError::NotALog`] if nothing there tells the id of the
    /// log, or the backup is of another; [`JournalError::Io`], [`JournalError::Full`].
    pub fn open(
        dir: &'a Path,
        backup: Option<&Path>,
        scratch: Option<&'a Path>,
    ) -> Result<Self, JournalError> {
        let not_a_log =
            |reason: String| Err(JournalError::NotALog { path: dir.to_owned(), reason });
        if !dir.is_dir() {
            return not_a_log("it does not exist".to_owned());
        }
        if !PARTS_OF_A_LOG.iter().any(|name| dir.join(name).exists()) {
            return not_a_log("it holds no part of a log".to_owned());
        }
        let marks = salvage::read_marks(dir)?;
        let backup = backup.map(Backup::open).transpose()?;
        let of_backup = backup.as_ref().and_then(Backup::log_id);
        let Some(log_id) = marks.log_id.or(of_backup) else {
            return not_a_log("no file in it tells the id of the log; name a backup".to_owned());
        };
        if of_backup.is_some_and(|other| other != log_id) {
            return not_a_log(format!("the backup is of another log, and this is {log_id}"));
        }
        let own = Archive::scan(&dir.join("archive"), log_id)?;
        let mut problems = marks.problems.clone();
        problems.extend(own.problems());
        if !salvage::has_database(dir) {
            let detail = "the database file log/db is missing, and there is no later one";
            problems.push(Damage::new(DamageKind::Missing, own.end().lsn.next(), detail));
        }
        let of_backup = backup.as_ref().and_then(Backup::archive).map(Archive::dir);
        let of_backup = of_backup.map(|dir| Archive::scan(dir, log_id)).transpose()?;
        Ok(Self {
            dir,
            scratch,
            marks,
            log_id,
            archives: std::iter::once(own).chain(of_backup).collect(),
            backup,
            problems,
            pieces: Vec::new(),
            bad: BTreeSet::new(),
            has_diverged: false,
        })
    }

    /// Returns the id of the log.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Assembles all readable records in `new`; without it, only plans. Reports progress to
    /// `on_progress`, and frames that are readable but useless to `on_unusable`.
    ///
    /// # Errors
    /// [`JournalError::Full`], [`JournalError::Io`]; damage of the log is no error but a problem of
    /// the plan.
    pub fn run(
        mut self,
        new: Option<&NewLog>,
        indexer: &dyn Indexer,
        on_progress: &dyn Fn(Lsn),
        on_unusable: &mut dyn FnMut(&StoredFrame),
    ) -> Result<RepairPlan, JournalError> {
        let dir = new.map(NewLog::archive);
        let mut assembly = Assembly::new(dir.as_deref(), self.log_id, indexer);
        let mut databases: Vec<Database> =
            salvage::sources(self.dir).into_iter().map(|source| (source, None)).collect();
        let (acknowledged, _) = self.acknowledged();
        on_progress(assembly.lsn());
        // Every source may continue where another one stops, so each success starts over.
        while self.take_next(&mut assembly, &mut databases, acknowledged, on_progress)? {
            on_progress(assembly.lsn());
        }
        assembly.seal()?;
        let end = assembly.end();
        let unusable = count_unusable(&mut databases, &self.archives, end.lsn, on_unusable)?;
        for (source, frames) in databases {
            // A second attempt leaves out snapshots on purpose, so its gaps are no damage.
            if !source.without_snapshots {
                self.problems.extend(frames.into_iter().flat_map(|frames| frames.problems));
            }
        }
        self.check_derived(&end)?;
        let (acknowledged, is_exact) = self.acknowledged();
        if acknowledged > end.lsn || self.has_diverged {
            self.note_end(&end, acknowledged);
        }
        let keys = self.copy_keys(new)?;
        if let Some(new) = new {
            new.end_at(&end)?;
        }
        let Self { log_id, problems, pieces, .. } = self;
        assert!(
            pieces.is_sorted_by(|one, next| one.last.next() == next.first),
            "a repaired log has no gaps, since the assembly takes only frames that follow"
        );
        Ok(RepairPlan { log_id, problems, pieces, end, acknowledged, is_exact, unusable, keys })
    }

    /// Takes the next piece from whichever source has it. Returns whether one had it.
    fn take_next(
        &mut self,
        assembly: &mut Assembly<'_>,
        databases: &mut [Database],
        acknowledged: Lsn,
        on_progress: &dyn Fn(Lsn),
    ) -> Result<bool, JournalError> {
        // Whole files first: they are copied and not written anew.
        if self.take_file(assembly)? || self.take_damaged_file(assembly)? {
            return Ok(true);
        }
        for (source, frames) in databases {
            // An older copy of the database has nothing beyond the acknowledged end.
            if frames.is_none() && !source.is_first && assembly.lsn() >= acknowledged {
                continue;
            }
            let frames = match frames {
                Some(frames) => frames,
                None => frames.insert(Frames::open(source, self.scratch)?),
            };
            if self.take_frames(source, frames, assembly, on_progress)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes a whole archive file that follows, if there is one.
    fn take_file(&mut self, assembly: &mut Assembly<'_>) -> Result<bool, JournalError> {
        for (number, archive) in self.archives.iter().enumerate() {
            let end = assembly.end();
            let files = archive.files();
            let file = files.iter().find(|file| file.before() == end);
            let Some(file) = file.filter(|file| !self.bad.contains(file.path())) else { continue };
            match assembly.take_file(file) {
                Ok(()) => {
                    let (first, last) = (file.info().first, assembly.lsn());
                    assert_eq!(last, file.after().lsn, "an archive file is taken whole or not");
                    self.check_mark(&file.after());
                    self.pieces.push(Piece {
                        first,
                        last,
                        source: file.path().to_owned(),
                        kind: PieceKind::File,
                        is_backup: number > 0,
                        without_snapshots: false,
                    });
                    return Ok(true);
                }
                Err(JournalError::Damaged(damage)) => {
                    self.bad.insert(file.path().to_owned());
                    self.problems.push(damage);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Takes the readable frames of an archive file that is damaged, or that starts earlier.
    fn take_damaged_file(&mut self, assembly: &mut Assembly<'_>) -> Result<bool, JournalError> {
        for number in 0..self.archives.len() {
            let first = assembly.lsn().next();
            let archive = &self.archives[number];
            let files = archive.files();
            let has_it = |it: &&ArchiveFile| it.before().lsn < first && it.after().lsn >= first;
            let Some(file) = files.iter().find(has_it) else { continue };
            let mut marks = Vec::new();
            for frame in archive.frames(first) {
                let Ok(frame) = frame else { break };
                if frame.first_lsn() > file.after().lsn {
                    break;
                }
                match assembly.take_frame(&frame) {
                    Ok(()) => marks.push(frame.mark()),
                    Err(JournalError::Damaged(_)) => break,
                    Err(error) => return Err(error),
                }
            }
            if !marks.is_empty() {
                marks.iter().for_each(|mark| self.check_mark(mark));
                self.pieces.push(Piece {
                    first,
                    last: assembly.lsn(),
                    source: file.path().to_owned(),
                    kind: PieceKind::Frames,
                    is_backup: number > 0,
                    without_snapshots: false,
                });
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the frames of a database that follow, until one does not.
    fn take_frames(
        &mut self,
        source: &salvage::Source,
        frames: &mut Frames,
        assembly: &mut Assembly<'_>,
        on_progress: &dyn Fn(Lsn),
    ) -> Result<bool, JournalError> {
        let first = assembly.lsn().next();
        while let Some(frame) = frames.at(assembly.lsn().next())? {
            match assembly.take_frame(&frame) {
                Ok(()) => self.check_mark(&frame.mark()),
                Err(JournalError::Damaged(damage)) => {
                    self.problems.push(damage);
                    break;
                }
                Err(error) => return Err(error),
            }
            on_progress(assembly.lsn());
        }
        let last = assembly.lsn();
        assert!(last.next() >= first, "an assembly never loses a record");
        if last >= first {
            self.pieces.push(Piece {
                first,
                last,
                source: source.path.clone(),
                kind: PieceKind::Frames,
                is_backup: false,
                without_snapshots: source.without_snapshots,
            });
        }
        Ok(last >= first)
    }

    /// Notes whether the log differs from the acknowledged one at a mark.
    fn check_mark(&mut self, mark: &ChainMark) {
        let known = [self.marks.high_water, self.marks.closed_at];
        let differs = |it: &EndMark| it.lsn == mark.lsn && it.hash != mark.hash;
        self.has_diverged |= known.iter().flatten().any(differs);
    }

    /// Adds the problem that the repaired log is not the acknowledged one, or ends before it.
    fn note_end(&mut self, end: &ChainMark, acknowledged: Lsn) {
        let (kind, detail) = if self.has_diverged {
            let detail = "the readable records are not those that were acknowledged";
            (DamageKind::Diverged, detail.to_owned())
        } else {
            let end = end.lsn;
            let detail =
                format!("readable records end at {end}, and {acknowledged} was acknowledged");
            (DamageKind::Behind, detail)
        };
        let through = Some(acknowledged).filter(|it| *it > end.lsn);
        let damage = Damage::new(kind, end.lsn.next(), detail);
        self.problems.push(Damage { through, ..damage });
    }

    /// Finds a vault that is whole, and copies it into the new log.
    fn copy_keys(&mut self, new: Option<&NewLog>) -> Result<KeySource, JournalError> {
        let own = self.dir.join("vault");
        let of_backup = self.backup.as_ref().and_then(Backup::vault);
        if !own.exists() && of_backup.is_none() {
            return Ok(KeySource::Absent);
        }
        let own = Some(own).filter(|path| path.exists()).map(KeySource::Log);
        for source in own.into_iter().chain(of_backup.clone().map(KeySource::Backup)) {
            match Self::take_keys(&source, of_backup.as_deref(), new) {
                Ok(()) => return Ok(source),
                Err(JournalError::Damaged(damage)) => self.problems.push(damage),
                Err(JournalError::NotALog { reason, .. }) => {
                    self.problems.push(Damage::new(DamageKind::Vault, Lsn::ZERO, reason));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(KeySource::Lost)
    }

    /// Reads a vault, which must lack no key that the backup has, and copies it into the new log.
    fn take_keys(
        source: &KeySource,
        of_backup: Option<&Path>,
        new: Option<&NewLog>,
    ) -> Result<(), JournalError> {
        let (KeySource::Log(path) | KeySource::Backup(path)) = source else { return Ok(()) };
        let keys = read_vault(path)?;
        if let (KeySource::Log(_), Some(backup)) = (source, of_backup)
            && let Ok(before) = read_vault(backup)
        {
            check_no_fewer(&keys, path, &before, backup)?;
        }
        new.map_or(Ok(()), |new| copy_vault(path, &new.work().join("vault")))
    }
}

/// Shows each readable frame beyond the end to `on_unusable` once, and returns the number of their
/// records.
fn count_unusable(
    databases: &mut [Database],
    archives: &[Archive],
    end: Lsn,
    on_unusable: &mut dyn FnMut(&StoredFrame),
) -> Result<u64, JournalError> {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    let mut show = |frame: &StoredFrame| {
        if frame.first_lsn() > end && seen.insert(frame.first_lsn()) {
            count += u64::from(frame.header().count);
            on_unusable(frame);
        }
    };
    for archive in archives {
        for file in archive.files().iter().filter(|file| file.after().lsn > end) {
            let frames = archive.frames(file.info().first.max(end.next()));
            let own = frames.map_while(Result::ok);
            own.take_while(|it| it.first_lsn() <= file.after().lsn).for_each(|it| show(&it));
        }
    }
    for frames in databases.iter_mut().filter_map(|(_, frames)| frames.as_mut()) {
        while let Some(frame) = frames.next()? {
            show(&frame);
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
