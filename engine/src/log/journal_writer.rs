//! The single writer of the log: group commit on a thread of its own.
//!
//! It takes all that waits, encodes it, appends it with one sync, and hands the records on to the
//! publisher. When many more commands are on their way than have come, it gives them a moment: a
//! sync costs the same for ten records as for a thousand, and takes the processor from the callers
//! that bring them. A lone caller never waits. Any error of the journal ends the process.

use crate::admission::append::{Append, JournalQueue, ToWriter};
use crate::codec;
use crate::codec::lsn::domain_lsn;
use crate::failure::Failure;
use kirana_domain::time::AtMs;
use kirana_domain::{Lsn, Record};
use kirana_storage::Lsn as LogLsn;
use kirana_storage::{Batch, Journal, JournalError, PushError, Vault};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Appends that one group commit takes at the most.
const GROUP_APPENDS_MAX: usize = 4_096;
/// Longest wait of a group for commands that are on their way.
const GATHER_MAX: Duration = Duration::from_micros(500);
/// Time between two looks of the writer at its queue.
const GATHER_STEP: Duration = Duration::from_micros(50);
/// Groups that are durable and wait to be published; past it the writer waits.
pub(crate) const GROUPS_WAITING_MAX: usize = 4;

/// A durable record on its way to the publisher.
pub(crate) struct Durable {
    pub(crate) lsn: Lsn,
    pub(crate) append: Append,
}

/// Starts the writer. The thread ends after `Close`, or after a failure.
pub(crate) fn start(
    (journal, last_ms): (Box<dyn Journal>, Option<AtMs>),
    vault: Arc<Vault>,
    failure: Failure,
    queue_max: usize,
    in_flight: Arc<AtomicUsize>,
    published: SyncSender<Vec<Durable>>,
) -> (JournalQueue, JoinHandle<Result<(), String>>) {
    let (sender, mut receiver) = mpsc::channel(queue_max);
    let queue = JournalQueue { queue: sender, failure: failure.clone() };
    let failed = failure.clone();
    let writer = Writer { journal, last_ms, vault, in_flight, published, failure: failed };
    let thread = std::thread::Builder::new()
        .name("journal".into())
        .spawn(move || {
            let ended = writer.run(&mut receiver);
            let ended = ended.inspect_err(|reason| failure.fail(reason.as_str()));
            // Dropping the queue would leave in it what is just being sent, with its ticket: close
            // it and take out everything until no sender is under way.
            receiver.close();
            while receiver.blocking_recv().is_some() {}
            ended
        })
        .expect("the system can start a thread");
    (queue, thread)
}

struct Writer {
    journal: Box<dyn Journal>,
    /// The time of the last record.
    last_ms: Option<AtMs>,
    vault: Arc<Vault>,
    in_flight: Arc<AtomicUsize>,
    published: SyncSender<Vec<Durable>>,
    failure: Failure,
}

impl Writer {
    fn run(mut self, queue: &mut mpsc::Receiver<ToWriter>) -> Result<(), String> {
        let mut waiting = Vec::with_capacity(GROUP_APPENDS_MAX);
        loop {
            if queue.blocking_recv_many(&mut waiting, GROUP_APPENDS_MAX) == 0 {
                return Ok(()); // Dropped without a close: the process is ending anyway.
            }
            self.gather(queue, &mut waiting);
            let mut group = Vec::with_capacity(waiting.len());
            let mut close = false;
            for message in waiting.drain(..) {
                match message {
                    ToWriter::Append(append) => group.push(append),
                    ToWriter::Close => close = true,
                }
            }
            if !group.is_empty() {
                self.commit(group)?;
            }
            if close {
                return self.journal.close().map_err(|error| error.to_string());
            }
        }
    }

    /// Waits until half of the commands in flight are here: the other half is on the way back.
    fn gather(&self, queue: &mut mpsc::Receiver<ToWriter>, waiting: &mut Vec<ToWriter>) {
        let started = Instant::now();
        loop {
            let wanted = self.in_flight.load(Ordering::Relaxed) / 2;
            if waiting.len() >= wanted.min(GROUP_APPENDS_MAX) || started.elapsed() >= GATHER_MAX {
                return;
            }
            std::thread::sleep(GATHER_STEP);
            while waiting.len() < GROUP_APPENDS_MAX
                && let Ok(message) = queue.try_recv()
            {
                waiting.push(message);
            }
        }
    }

    fn commit(&mut self, mut group: Vec<Append>) -> Result<(), String> {
        self.order_times(&mut group);
        let (batches, durables) = encode(self.journal.end(), group)?;
        // A key must be on disk before the text that it opens.
        self.vault.sync().map_err(|error| self.failed(error.to_string()))?;
        let started = Instant::now();
        self.journal.append(&batches).map_err(|error| self.failed(explain(&error)))?;
        metrics::histogram!("kirana_journal_append_seconds").record(started.elapsed());
        let count = u32::try_from(durables.len()).unwrap_or(u32::MAX);
        metrics::histogram!("kirana_journal_group_appends").record(f64::from(count));
        // An error means that the publisher has failed, and said so.
        self.published.send(durables).map_err(|_| "the publisher has ended".to_owned())
    }

    /// Lets no time be before the one of the record before it: decisions overtake each other on
    /// their way here by a few milliseconds.
    fn order_times(&mut self, group: &mut [Append]) {
        for record in group.iter_mut().flat_map(|append| &mut append.records) {
            let at_ms = self.last_ms.map_or(record.at_ms, |last| last.max(record.at_ms));
            (record.at_ms, self.last_ms) = (at_ms, Some(at_ms));
        }
    }

    /// Reports the reason before the tickets of the group are dropped, each of which reports too.
    fn failed(&self, reason: String) -> String {
        self.failure.fail(reason.as_str());
        reason
    }
}

fn explain(error: &JournalError) -> String {
    let hint = match error {
        JournalError::Full { .. } => {
            "; make room and start again: everything acknowledged is on disk"
        }
        _ => "; start again: everything acknowledged is on disk",
    };
    format!("the journal cannot append: {error}{hint}")
}

/// Encodes a group into batches that follow `end`.
fn encode(end: LogLsn, group: Vec<Append>) -> Result<(Vec<Batch>, Vec<Durable>), String> {
    let mut batches = vec![Batch::new(end.next())];
    let mut durables = Vec::with_capacity(group.len());
    for append in group {
        let last = push(&mut batches, &append).map_err(|error| error.to_string())?;
        durables.push(Durable { lsn: domain_lsn(last), append });
    }
    Ok((batches, durables))
}

/// Pushes the records of one append. Those of one decision stand in one batch, which is whole or
/// absent. Only products that are defined together may be too many for that; each of them stands
/// for itself.
fn push(batches: &mut Vec<Batch>, append: &Append) -> Result<LogLsn, PushError> {
    let batch = batches.last_mut().expect("there is always a batch to push to");
    let before = batch.mark();
    let mut last = batch.last_lsn();
    for record in &append.records {
        match batch.try_push_with(|bytes| codec::encode(record, bytes)) {
            Ok(lsn) => last = lsn,
            Err(PushError::BatchFull) => {
                batch.rewind(before);
                let next = batch.last_lsn().next();
                if !batch.is_empty() {
                    batches.push(Batch::new(next));
                }
                return push_each(batches, &append.records);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(last)
}

/// Pushes records one after the other, beginning a batch wherever one is full.
fn push_each(batches: &mut Vec<Batch>, records: &[Record]) -> Result<LogLsn, PushError> {
    let mut last = Err(PushError::BatchFull);
    for record in records {
        let batch = batches.last_mut().expect("there is always a batch to push to");
        last = match batch.try_push_with(|bytes| codec::encode(record, bytes)) {
            Err(PushError::BatchFull) => {
                let mut next = Batch::new(batch.last_lsn().next());
                let pushed = next.try_push_with(|bytes| codec::encode(record, bytes));
                batches.push(next);
                pushed
            }
            pushed => pushed,
        };
        last.as_ref().map_err(Clone::clone)?;
    }
    last
}
