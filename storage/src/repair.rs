//! Finds out how much of a damaged log can be had, and has it: from the log itself, from its
//! archive, from copies that recoveries have kept, and from a backup.
//!
//! Every source is only a place where frames may be found. The chain says which of them belong
//! together, so what is put together is the log that was written, as far as it goes; where two
//! sources have a record, either may fill in for the other. What it costs is what was acknowledged
//! beyond that.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::assembly::Assembly;
use crate::backup::{Backup, copy_vault};
use crate::sled_journal::EndMark;
use crate::sled_journal::salvage::{self, Frames, LogMarks};
use crate::{
    Access, Archive, ChainMark, Damage, DamageKind, Indexer, JournalError, LogId, Lsn, NewLog,
    StoredFrame, TableSet, checkpoint,
};

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// A whole archive file.
    File,
    /// What can be read of an archive file that is damaged, or frames of a database.
    Frames,
}

/// Records that come from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first record.
    pub first: Lsn,
    /// The last record.
    pub last: Lsn,
    /// The file or directory that has them.
    pub source: PathBuf,
    /// What of it.
    pub kind: PieceKind,
    /// Whether it is of the backup.
    pub is_backup: bool,
    /// Whether it is a database without its snapshots.
    pub without_snapshots: bool,
}

/// Where the keys of personal data come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// There are none, and never were.
    Absent,
    /// The directory's own.
    Log(PathBuf),
    /// The backup, since the directory's own are damaged or gone.
    Backup(PathBuf),
    /// They are damaged, and no backup has them.
    Lost,
}

/// What can be done about a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairPlan {
    /// Which log it is.
    pub log_id: LogId,
    /// Everything that is wrong.
    pub problems: Vec<Damage>,
    /// Where the records of the repaired log come from, in order.
    pub pieces: Vec<Piece>,
    /// Where it ends.
    pub end: ChainMark,
    /// How far the log was acknowledged, as far as that is known.
    pub acknowledged: Lsn,
    /// Whether that is known from the marks that are there for it, and not only from what was made
    /// of the log.
    pub is_exact: bool,
    /// Records beyond the end that can be read and cannot be had, since some before them are gone.
    pub unusable: u64,
    /// What becomes of the keys.
    pub keys: KeySource,
}

impl RepairPlan {
    /// Acknowledged records that are gone.
    pub fn lost(&self) -> u64 {
        self.acknowledged.0.saturating_sub(self.end.lsn.0)
    }

    /// Whether there is nothing to repair.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.lost() == 0
    }
}

/// A database, and its frames once it has been opened.
type Database = (salvage::Source, Option<Frames>);

/// A damaged log, and what may help.
pub struct Salvage<'a> {
    dir: &'a Path,
    scratch: Option<&'a Path>,
    marks: LogMarks,
    log_id: LogId,
    /// The log's own, then that of the backup.
    archives: Vec<Archive>,
    backup: Option<Backup>,
    problems: Vec<Damage>,
    pieces: Vec<Piece>,
    /// Archive files that are not what was written.
    bad: BTreeSet<PathBuf>,
    /// The hash of the frame that ends at the high-water mark is another one.
    has_diverged: bool,
}

impl<'a> Salvage<'a> {
    /// Looks at the log in `dir`, which nobody may have open. Copies are made in `scratch`.
    ///
    /// # Errors
    /// [`JournalError::Locked`]; [`JournalError::NotALog`] if nothing there says which log it is,
    /// or the backup is of another; [`JournalError::Io`], [`JournalError::Full`].
    pub fn open(
        dir: &'a Path,
        backup: Option<&Path>,
        scratch: Option<&'a Path>,
    ) -> Result<Self, JournalError> {
        let not_a_log = |path: &Path, reason: String| {
            Err(JournalError::NotALog { path: path.to_owned(), reason })
        };
        if !dir.is_dir() {
            return not_a_log(dir, "it does not exist".to_owned());
        }
        let is_some = ["FORMAT", "high-water", "log", "archive"];
        if !is_some.iter().any(|name| dir.join(name).exists()) {
            return not_a_log(dir, "it holds nothing of one".to_owned());
        }
        let marks = salvage::read_marks(dir)?;
        let backup = backup.map(Backup::open).transpose()?;
        let of_backup = backup.as_ref().and_then(Backup::log_id);
        let Some(log_id) = marks.log_id.or(of_backup) else {
            return not_a_log(dir, "nothing in it says which log it is; name a backup".to_owned());
        };
        if of_backup.is_some_and(|other| other != log_id) {
            let reason = format!("the backup is of another log, and this is {log_id}");
            return not_a_log(dir, reason);
        }
        let own = Archive::scan(&dir.join("archive"), log_id)?;
        let mut problems = marks.problems.clone();
        problems.extend_from_slice(own.problems());
        if !salvage::has_database(dir) {
            let detail = "the database file log/db is missing, and there is no later one";
            problems.push(Damage::new(DamageKind::Missing, own.end().lsn.next(), detail));
        }
        let of_backup = backup.as_ref().and_then(Backup::archive).map(Archive::dir);
        let of_backup = of_backup.map(|dir| Archive::scan(dir, log_id)).transpose()?;
        let archives = std::iter::once(own).chain(of_backup).collect();
        let (pieces, bad, has_diverged) = (Vec::new(), BTreeSet::new(), false);
        Ok(Self {
            dir,
            scratch,
            marks,
            log_id,
            archives,
            backup,
            problems,
            pieces,
            bad,
            has_diverged,
        })
    }

    /// Which log it is.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Puts together what can be had, in `new` or, without it, only to find out. Tells
    /// `on_progress` how far it is, and `on_unusable` of frames that cannot be had.
    ///
    /// # Errors
    /// None that is damage of the log. [`JournalError::Full`], [`JournalError::Io`].
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
        loop {
            on_progress(assembly.lsn());
            if self.take_file(&mut assembly)? || self.take_damaged_file(&mut assembly)? {
                continue;
            }
            let mut has_more = false;
            for (source, frames) in &mut databases {
                if frames.is_none() && !source.is_first && assembly.lsn() >= acknowledged {
                    continue;
                }
                if frames.is_none() {
                    *frames = Some(Frames::open(source, self.scratch)?);
                }
                let Some(frames) = frames else { continue };
                has_more = self.take_frames(source, frames, &mut assembly, on_progress)?;
                if has_more {
                    break;
                }
            }
            if !has_more {
                break;
            }
        }
        assembly.seal()?;
        let end = assembly.end();
        let unusable = rest(&mut databases, &self.archives, end.lsn, on_unusable)?;
        for (source, frames) in databases {
            // What a second attempt is without is nothing that is missing.
            if !source.without_snapshots {
                self.problems.extend(frames.into_iter().flat_map(|frames| frames.problems));
            }
        }
        self.look_beside(&end)?;
        let (acknowledged, is_exact) = self.acknowledged();
        if acknowledged > end.lsn || self.has_diverged {
            self.name_end(&end, acknowledged);
        }
        let keys = self.keys(new)?;
        if let Some(new) = new {
            new.end_at(&end)?;
        }
        let Self { log_id, problems, pieces, .. } = self;
        Ok(RepairPlan { log_id, problems, pieces, end, acknowledged, is_exact, unusable, keys })
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
                    let first = file.info().first;
                    self.check_mark(&file.after());
                    let is_backup = number > 0;
                    self.add(first, assembly.lsn(), file.path(), PieceKind::File, is_backup, false);
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

    /// Takes what can be read of an archive file that is damaged, or that starts before.
    fn take_damaged_file(&mut self, assembly: &mut Assembly<'_>) -> Result<bool, JournalError> {
        for number in 0..self.archives.len() {
            let first = assembly.lsn().next();
            let archive = &self.archives[number];
            let files = archive.files();
            let has_it =
                |it: &&crate::ArchiveFile| it.before().lsn < first && it.after().lsn >= first;
            let Some(file) = files.iter().find(has_it) else { continue };
            let last = file.after().lsn;
            let mut marks = Vec::new();
            for frame in archive.frames(first) {
                let Ok(frame) = frame else { break };
                if frame.first_lsn() > last {
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
                let path = file.path().to_owned();
                self.add(first, assembly.lsn(), &path, PieceKind::Frames, number > 0, false);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the frames of a database that follow, until an archive file does.
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
        let has_taken = assembly.lsn() >= first;
        if has_taken {
            let (path, without) = (&source.path, source.without_snapshots);
            self.add(first, assembly.lsn(), path, PieceKind::Frames, false, without);
        }
        Ok(has_taken)
    }

    fn add(
        &mut self,
        first: Lsn,
        last: Lsn,
        source: &Path,
        kind: PieceKind,
        is_backup: bool,
        without_snapshots: bool,
    ) {
        let source = source.to_owned();
        self.pieces.push(Piece { first, last, source, kind, is_backup, without_snapshots });
    }

    /// Notes when the log at the high-water mark is not what was acknowledged.
    fn check_mark(&mut self, mark: &ChainMark) {
        let known = [self.marks.high_water, self.marks.closed_at];
        let differs = |it: &EndMark| it.lsn == mark.lsn && it.hash != mark.hash;
        self.has_diverged |= known.iter().flatten().any(differs);
    }

    /// Looks at what is made of the log: it is made anew, and should be whole.
    fn look_beside(&mut self, end: &ChainMark) -> Result<(), JournalError> {
        let mut newest = Lsn::ZERO;
        for found in checkpoint::list(&self.dir.join("checkpoints"), self.log_id)? {
            let checked = match found {
                checkpoint::ListedCheckpoint::Good(file) => {
                    let mark = file.head().mark;
                    let checked = file.verify();
                    if checked.is_ok() {
                        newest = newest.max(mark.lsn);
                        if mark.lsn == end.lsn && mark.hash != end.hash {
                            self.has_diverged = true;
                        }
                    }
                    checked
                }
                checkpoint::ListedCheckpoint::Damaged { why, .. } => Err(why),
            };
            self.note(checked)?;
        }
        let history = self.dir.join("history");
        if history.exists() {
            match TableSet::open(&history, self.log_id, newest, Access::Read) {
                Ok(tables) => {
                    for table in tables.tables().iter() {
                        let checked = table.verify();
                        self.note(checked)?;
                    }
                }
                Err(error) => self.note(Err(error))?,
            }
        }
        Ok(())
    }

    fn note(&mut self, checked: Result<(), JournalError>) -> Result<(), JournalError> {
        match checked {
            Err(JournalError::Damaged(damage)) => self.problems.push(damage),
            other => other?,
        }
        Ok(())
    }

    /// How far the log was acknowledged, and whether the marks say so.
    fn acknowledged(&self) -> (Lsn, bool) {
        let marks = [self.marks.high_water, self.marks.closed_at];
        let marked = marks.iter().flatten().map(|mark| mark.lsn).max();
        let mut made = self.archives[0].end().lsn;
        let list = checkpoint::list(&self.dir.join("checkpoints"), self.log_id);
        for found in list.unwrap_or_default() {
            if let checkpoint::ListedCheckpoint::Good(file) = found {
                made = made.max(file.head().mark.lsn);
            }
        }
        (marked.unwrap_or_default().max(made), marked.is_some())
    }

    fn name_end(&mut self, end: &ChainMark, acknowledged: Lsn) {
        let (kind, detail) = if self.has_diverged {
            let detail = "the records that can be read are not those that were acknowledged";
            (DamageKind::Diverged, detail.to_owned())
        } else {
            let end = end.lsn;
            let detail =
                format!("what can be had ends at record {end}, {acknowledged} was acknowledged");
            (DamageKind::Behind, detail)
        };
        let through = Some(acknowledged).filter(|it| *it > end.lsn);
        let damage = Damage::new(kind, end.lsn.next(), detail);
        self.problems.push(Damage { through, ..damage });
    }

    /// Finds keys that are whole, and copies them into the new log.
    fn keys(&mut self, new: Option<&NewLog>) -> Result<KeySource, JournalError> {
        let own = self.dir.join("vault");
        let of_backup = self.backup.as_ref().and_then(Backup::vault);
        if !own.exists() && of_backup.is_none() {
            return Ok(KeySource::Absent);
        }
        let scratch = tempdir(self.scratch)?;
        let to = new.map_or_else(|| scratch.join("vault"), |new| new.work().join("vault"));
        let mut found = KeySource::Lost;
        for (from, is_own) in
            own.exists().then_some((own, true)).into_iter().chain(of_backup.map(|it| (it, false)))
        {
            match copy_vault(&from, &to) {
                Ok(()) => {
                    found = if is_own { KeySource::Log(from) } else { KeySource::Backup(from) };
                    break;
                }
                Err(JournalError::Damaged(damage)) => self.problems.push(damage),
                Err(JournalError::NotALog { reason, .. }) => {
                    let damage = Damage::new(DamageKind::Vault, Lsn::ZERO, reason);
                    self.problems.push(damage);
                }
                Err(error) => return Err(error),
            }
        }
        let _ = std::fs::remove_dir_all(&scratch);
        Ok(found)
    }
}

/// Shows what lies beyond the end to `on_unusable`, each record once, and counts it.
fn rest(
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

/// A directory of our own, for keys while they are looked at.
fn tempdir(scratch: Option<&Path>) -> Result<PathBuf, JournalError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| {
        let error = std::io::Error::other(error.to_string());
        JournalError::io("asking the system for a name", &error)
    })?;
    let parent = scratch.map_or_else(std::env::temp_dir, Path::to_owned);
    let path = parent.join(format!("kirana-keys-{:016x}", u64::from_le_bytes(random)));
    DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .map_err(|error| JournalError::file("creating", &path, &error))?;
    Ok(path)
}

#[cfg(test)]
mod tests;
