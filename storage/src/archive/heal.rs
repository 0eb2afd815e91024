//! The healing of an archive: records of a file that is missing or damaged, taken from a backup.
//!
//! A backup has the same frames in files of its own, so the file is written anew from its frames,
//! and gets its name only when all of them follow each other and fit the files beside it.

use std::path::Path;

use super::{Archive, ArchiveFile, ArchiveWriter, damage};
use crate::{ChainMark, Damage, DamageKind, Indexer, JournalError, Lsn};

impl Archive {
    /// Heals the file that a damage is about from the backup in a directory, and says so, or why it
    /// could not. Returns whether it is whole now.
    pub fn heal_from(&self, met: &Damage, backup: &Path, indexer: &dyn Indexer) -> bool {
        // What is missing was in the archive when the log was trimmed.
        if !matches!(met.kind, DamageKind::Archive | DamageKind::Missing) {
            return false;
        }
        let of_backup = Self::scan(&backup.join("archive"), self.log_id());
        match of_backup.and_then(|of_backup| self.heal(met, &of_backup, indexer)) {
            Ok(Some(file)) => {
                let (first, last) = file.lsns();
                let (file, backup) = (file.path().display(), backup.display());
                tracing::warn!(%file, %first, %last, %backup, "a file of the archive is healed");
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(%error, damage = %met, "the backup does not heal the archive");
                false
            }
        }
    }

    /// Makes the file that a damage is about anew, from the archive of a backup of this log, and
    /// reads it from then on. Returns it; `None` when the file is whole, or none can be told.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the backup does not have these records, or others: then nothing
    /// has changed; [`JournalError::Full`], [`JournalError::Io`].
    pub fn heal(
        &self,
        met: &Damage,
        backup: &Self,
        indexer: &dyn Indexer,
    ) -> Result<Option<ArchiveFile>, JournalError> {
        let files = self.files();
        let own = files.iter().find(|file| file.lsns().0 <= met.lsn && met.lsn <= file.lsns().1);
        if own.is_some_and(|file| file.verify().is_ok()) {
            return Ok(None);
        }
        let lsns = own.map(ArchiveFile::lsns).or(met.through.map(|through| (met.lsn, through)));
        let Some((first, last)) = lsns else { return Ok(None) };
        let does_not_fit = |what: &str| {
            let at = backup.dir().display();
            JournalError::Damaged(damage((first, last), format!("{at} cannot help: {what}")))
        };
        // The chain where the file starts, by the backup; and where its neighbours say it does.
        let start = match first {
            Lsn::FIRST => Some(ChainMark::genesis(self.log_id())),
            first => backup.frame_at(first.previous())?.map(|frame| frame.mark()),
        };
        let start = start.filter(|mark| mark.lsn.next() == first);
        let start = start.ok_or_else(|| does_not_fit("no batch of it starts there"))?;
        let fits = |mark: ChainMark| {
            let before = files.iter().map(ArchiveFile::after).find(|it| it.lsn == mark.lsn);
            let after = files.iter().map(ArchiveFile::before).find(|it| it.lsn == mark.lsn);
            before.or(after).is_none_or(|known| known == mark)
        };
        let mut writer = ArchiveWriter::create(self.dir(), start)?;
        for frame in backup.frames(first) {
            if writer.mark().lsn >= last {
                break;
            }
            writer.push(&frame?, indexer)?;
        }
        if writer.mark().lsn != last || !fits(start) || !fits(writer.mark()) {
            return Err(does_not_fit("its records there are others, or not all"));
        }
        let file = writer.seal()?;
        file.verify()?;
        self.put(file.clone());
        Ok(Some(file))
    }
}
