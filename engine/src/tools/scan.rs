//! Scans of a log: one thread reads and checks, the caller's visits the records.

use super::ToolError;
use crate::codec;
use crate::codec::OfRecords;
use crate::codec::decode::{self, Decoder, FRAMES_WAITING_MAX};
use crate::codec::lsn::{domain_lsn, log_lsn};
use kirana_domain::time::AtMs;
use kirana_domain::{Catalogue, Lsn, Record};
use kirana_storage::{Indexer, JournalError, JournalReader, Label, StoredFrame};
use memchr::memmem::Finder;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, Scope};

/// The decision to go on or to stop, or an error.
pub type Flow = Result<ControlFlow<()>, ToolError>;

/// The end of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// With the last record.
    End,
    /// With that record.
    Lsn(Lsn),
    /// With the last record that was decided at that time or before. Where times fall, because a
    /// clock was wrong, some before it may be later.
    Time(AtMs),
}

/// A log to scan, and a watcher of the progress.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    reader: &'a dyn JournalReader,
    scratch: Option<&'a Path>,
    watch: &'a (dyn Fn(Lsn) + Sync),
}

impl<'a> Log<'a> {
    /// Returns a log whose scans are not watched.
    pub fn new(reader: &'a dyn JournalReader) -> Self {
        Self { reader, scratch: None, watch: &|_| () }
    }

    /// Sets the directory of temporary files, instead of the system's.
    #[must_use]
    pub fn with_scratch(self, scratch: Option<&'a Path>) -> Self {
        Self { scratch, ..self }
    }

    /// Returns the directory of temporary files, if it is not the system's.
    pub(super) fn scratch(&self) -> Option<&'a Path> {
        self.scratch
    }

    /// Sets a watcher, which is told now and then the last record that was read.
    #[must_use]
    pub fn watched(self, watch: &'a (dyn Fn(Lsn) + Sync)) -> Self {
        Self { watch, ..self }
    }

    /// Returns the reader below.
    pub fn reader(&self) -> &'a dyn JournalReader {
        self.reader
    }

    /// Tells the watcher the last record that was read.
    pub(super) fn tell(&self, lsn: Lsn) {
        (self.watch)(lsn);
    }

    /// Returns the last record.
    pub fn end(&self) -> Lsn {
        domain_lsn(self.reader.end())
    }

    /// Checks that there is a record at a position.
    ///
    /// # Errors
    /// [`ToolError::BeyondEnd`].
    pub fn check(&self, lsn: Lsn) -> Result<(), ToolError> {
        let end = self.end();
        if lsn < Lsn(1) || lsn > end {
            return Err(ToolError::BeyondEnd { wanted: lsn, end });
        }
        Ok(())
    }

    /// Reads one record.
    ///
    /// # Errors
    /// [`ToolError`], also when there is none.
    pub fn record(&self, lsn: Lsn) -> Result<Record, ToolError> {
        self.check(lsn)?;
        let at = log_lsn(lsn);
        let batch = self.reader.batch_at(at)?;
        let bytes = batch.as_ref().and_then(|batch| batch.get(at));
        let bytes = bytes.ok_or(ToolError::BeyondEnd { wanted: lsn, end: self.end() })?;
        decode(lsn, bytes)
    }

    /// Shows `visit` the raw records from a position on. Returns the last one that was within
    /// `until`, or the position before `from` when none was.
    ///
    /// # Errors
    /// [`ToolError::BeyondEnd`] for a position past the end, the error of `visit`, and damage of
    /// the log.
    pub fn records(
        &self,
        from: Lsn,
        until: Until,
        visit: &mut dyn FnMut(Lsn, &[u8]) -> Flow,
    ) -> Result<Lsn, ToolError> {
        self.search(from, until, None, visit)
    }

    /// Scans as [`Log::records`] does, and leaves out records without the bytes of `needle`.
    pub(super) fn records_with(
        &self,
        from: Lsn,
        until: Until,
        needle: &Finder<'_>,
        visit: &mut dyn FnMut(Lsn, &[u8]) -> Flow,
    ) -> Result<Lsn, ToolError> {
        self.search(from, until, Some(needle), visit)
    }

    fn search(
        &self,
        from: Lsn,
        until: Until,
        needle: Option<&Finder<'_>>,
        visit: &mut dyn FnMut(Lsn, &[u8]) -> Flow,
    ) -> Result<Lsn, ToolError> {
        let until = self.position(until)?;
        let has = |bytes: &[u8]| needle.is_none_or(|needle| needle.find(bytes).is_some());
        let mut last = Lsn(from.0.max(1) - 1);
        self.frames(from, &mut |frame| {
            if has(frame.bytes()) {
                for (lsn, bytes) in frame.records().filter(|(lsn, _)| lsn.0 >= from.0) {
                    let lsn = domain_lsn(lsn);
                    if lsn > until {
                        return Ok(ControlFlow::Break(()));
                    }
                    last = lsn;
                    if has(bytes) && visit(lsn, bytes)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            } else {
                last = domain_lsn(frame.last_lsn()).min(until.max(last));
            }
            self.tell(last);
            Ok(if last >= until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(last)
    }

    /// Shows `visit` the records with a label, decoded. Of the archive, only the places of such
    /// records are read.
    ///
    /// # Errors
    /// As [`Log::records`].
    pub(super) fn labelled(
        &self,
        label: Label,
        until: Until,
        visit: &mut dyn FnMut(Lsn, Record) -> Flow,
    ) -> Result<(), ToolError> {
        let until = self.position(until)?;
        let mut found = Vec::new();
        for frame in self.reader.frames_with(label, kirana_storage::Lsn(1), &OfRecords) {
            let frame = frame?;
            for (lsn, bytes) in frame.records() {
                let lsn = domain_lsn(lsn);
                if lsn > until {
                    return Ok(());
                }
                found.clear();
                OfRecords.index(bytes, &mut found);
                if found.contains(&label) && visit(lsn, decode(lsn, bytes)?)?.is_break() {
                    return Ok(());
                }
            }
            self.tell(domain_lsn(frame.last_lsn()));
        }
        Ok(())
    }

    /// Scans as [`Log::records`] does, decoded; `catalogue` is as of the record before `from`.
    pub(super) fn decoded(
        &self,
        from: Lsn,
        until: Until,
        catalogue: &Catalogue,
        visit: &mut dyn FnMut(Lsn, &Record) -> Flow,
    ) -> Result<Lsn, ToolError> {
        let until = self.position(until)?;
        let mut last = Lsn(from.0.max(1) - 1);
        thread::scope(|scope| {
            let mut decoder = Decoder::after(catalogue);
            let decode = move |frame: Result<StoredFrame, _>| frame.map(|it| decoder.frame(&it));
            for records in decode::stage(scope, self.read(scope, from), decode) {
                for (lsn, record) in records?.into_iter().filter(|(lsn, _)| *lsn >= from) {
                    if lsn > until {
                        return Ok(());
                    }
                    let record = record.map_err(|error| ToolError::Unreadable { lsn, error })?;
                    last = lsn;
                    if visit(lsn, &record)?.is_break() {
                        return Ok(());
                    }
                }
                self.tell(last);
            }
            Ok::<_, ToolError>(())
        })?;
        Ok(last)
    }

    /// Returns the last record within `until`; 0 where there is none.
    ///
    /// # Errors
    /// [`ToolError::BeyondEnd`], and damage of the log.
    pub fn position(&self, until: Until) -> Result<Lsn, ToolError> {
        match until {
            Until::End => Ok(self.end()),
            Until::Lsn(Lsn(0)) => Ok(Lsn(0)),
            Until::Lsn(lsn) => self.check(lsn).map(|()| lsn),
            Until::Time(at_ms) => Ok(domain_lsn(self.reader.lsn_at(at_ms, &OfRecords)?)),
        }
    }

    /// Returns the first record up to `until` whose time is before that of the record before it: a
    /// clock was wrong under an earlier release. `None` where times never fall.
    ///
    /// # Errors
    /// As [`Log::position`].
    pub fn first_fall(&self, until: Until) -> Result<Option<Lsn>, ToolError> {
        let through = self.position(until)?;
        let (mut labels, mut before, mut fall) = (Vec::new(), None, None);
        self.records(Lsn(1), Until::Lsn(through), &mut |lsn, bytes| {
            labels.clear();
            let at_ms = OfRecords.index(bytes, &mut labels);
            if at_ms.zip(before).is_some_and(|(at_ms, before)| at_ms < before) {
                fall = Some(lsn);
                return Ok(ControlFlow::Break(()));
            }
            before = at_ms.or(before);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(fall)
    }

    /// Shows `visit` the frames from the one that holds `from` on.
    fn frames(
        &self,
        from: Lsn,
        visit: &mut dyn FnMut(&StoredFrame) -> Flow,
    ) -> Result<(), ToolError> {
        thread::scope(|scope| {
            // Moved in, so that the reading thread ends when this returns.
            for frame in self.read(scope, from) {
                if visit(&frame?)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Reads and checks frames on a thread of its own.
    fn read<'scope>(
        self,
        scope: &'scope Scope<'scope, 'a>,
        from: Lsn,
    ) -> Receiver<Result<StoredFrame, JournalError>> {
        let (sender, frames) = sync_channel(FRAMES_WAITING_MAX);
        scope.spawn(move || {
            // Fails once the receiver has stopped.
            let mut read = self.reader.frames(log_lsn(from));
            _ = read.all(|frame| sender.send(frame).is_ok());
        });
        frames
    }
}

/// Decodes a record.
pub(crate) fn decode(lsn: Lsn, bytes: &[u8]) -> Result<Record, ToolError> {
    codec::decode(bytes).map_err(|error| ToolError::Unreadable { lsn, error })
}
