//! A walk through a log to its end, past all damage.

use crate::codec::decode::{self, Decoded, Decoder, FRAMES_WAITING_MAX};
use crate::codec::lsn::domain_lsn;
use crate::tools::Log;
use kirana_domain::Lsn;
use kirana_storage::{Batch, Damage, JournalError, JournalReader, StoredFrame};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// Positions after a damage that are tried one by one; then the steps grow.
const STEPS_SMALL_MAX: u64 = 4_096;

/// A station of the walk.
pub(super) enum Met<'a> {
    /// Whole, and in its place, with its records if they were asked for.
    Frame(&'a StoredFrame, Vec<Decoded>),
    /// A damaged place.
    Damage {
        damage: &'a Damage,
        /// The first record after it that can be read again.
        goes_on: Option<Lsn>,
        /// The batch there, when it is whole and only in the wrong place.
        readable: Option<&'a Batch>,
    },
    /// The disk has failed: the walk ends.
    Stop(&'a JournalError),
}

enum Sent {
    Frame(StoredFrame, Vec<Decoded>),
    Damage(Damage, Option<Batch>),
    Stop(JournalError),
}

/// Shows `visit` everything, in the order of the log; with the records of each frame if `decodes`.
pub(super) fn walk(log: &Log<'_>, decodes: bool, visit: &mut dyn FnMut(Met<'_>)) {
    let (log, (sender, sent)) = (*log, sync_channel(FRAMES_WAITING_MAX));
    thread::scope(|scope| {
        // The sender goes with the thread, so that the loop below ends.
        scope.spawn(move || read(log.reader(), &sender));
        let sent = if decodes { decode::stage(scope, sent, decoding()) } else { sent };
        for sent in sent {
            match sent {
                Sent::Frame(frame, records) => {
                    visit(Met::Frame(&frame, records));
                    log.tell(domain_lsn(frame.last_lsn()));
                }
                Sent::Damage(damage, next) => visit(Met::Damage {
                    damage: &damage,
                    goes_on: next.as_ref().map(|batch| domain_lsn(batch.first_lsn())),
                    readable: next.as_ref().filter(|batch| batch.first_lsn() <= damage.lsn),
                }),
                Sent::Stop(error) => visit(Met::Stop(&error)),
            }
        }
    });
}

fn decoding() -> impl FnMut(Sent) -> Sent + Send {
    let mut decoder = Decoder::default();
    move |sent| match sent {
        Sent::Frame(frame, _) => {
            let records = decoder.frame(&frame);
            Sent::Frame(frame, records)
        }
        other => other,
    }
}

fn read(reader: &dyn JournalReader, sender: &SyncSender<Sent>) {
    let mut from = kirana_storage::Lsn(1);
    loop {
        let mut is_first = true;
        let mut damage = None;
        for frame in reader.frames(from) {
            let sent = match frame {
                Ok(frame) => Sent::Frame(frame, Vec::new()),
                Err(JournalError::Damaged(found)) => {
                    damage = Some(found);
                    break;
                }
                Err(error) => Sent::Stop(error),
            };
            is_first = false;
            if sender.send(sent).is_err() {
                return;
            }
        }
        let Some(damage) = damage else { return };
        // A batch in the wrong place is read once more, as the beginning of what follows it; one
        // that cannot be a beginning either is passed by.
        let start = damage.lsn.max(from);
        let start = if is_first { start.next() } else { start };
        let next = next_readable(reader, start);
        let goes_on = next.as_ref().map(Batch::first_lsn);
        if sender.send(Sent::Damage(damage, next)).is_err() {
            return;
        }
        match goes_on {
            Some(lsn) => from = lsn.max(start),
            None => return,
        }
    }
}

/// Returns the batch that holds the first readable position from `start` on.
fn next_readable(reader: &dyn JournalReader, start: kirana_storage::Lsn) -> Option<Batch> {
    let end = reader.end();
    let at = |lsn: u64| reader.batch_at(kirana_storage::Lsn(lsn)).ok().flatten();
    let (mut last_bad, mut step, mut lsn) = (start.0, 1, start.0);
    let mut found = loop {
        if lsn > end.0 {
            break at(end.0).filter(|_| end.0 > last_bad)?;
        }
        match at(lsn) {
            Some(batch) => break batch,
            None => last_bad = lsn,
        }
        step = if lsn - start.0 < STEPS_SMALL_MAX { 1 } else { step * 2 };
        lsn += step;
    };
    // Between the last bad position and the good one there may be earlier good ones.
    while found.first_lsn().0 > last_bad + 1 {
        let middle = last_bad + (found.first_lsn().0 - last_bad) / 2;
        match at(middle) {
            Some(batch) => found = batch,
            None => last_bad = middle,
        }
    }
    Some(found)
}
