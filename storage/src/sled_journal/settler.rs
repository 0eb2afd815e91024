//! The settler: the thread that brings acknowledged frames from the commit tail to the databases.
//!
//! It inserts at once, since readers wait for it, and syncs the databases once a second. Its
//! first error poisons the journal: what the databases lack is in the tail, and the next opening
//! takes it from there.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::commit_tail::NewFrame;
use super::panics;
use super::reader::Shared;
use crate::{JournalError, Lsn};

/// The longest time until a frame is settled.
const SETTLE_EVERY: Duration = Duration::from_secs(1);

/// The most groups that wait to be inserted. Their frames fit into the tail, which waits for them
/// to be settled when it is full.
const GROUPS_WAITING_MAX: usize = 1_024;

/// The frames of a group and its last record.
type Group = (Lsn, Vec<NewFrame>);

/// The journal's end of the thread.
#[derive(Debug)]
pub(super) struct Settler {
    /// `None` once it has been stopped.
    groups: Option<SyncSender<Group>>,
    thread: Option<JoinHandle<()>>,
}

impl Settler {
    /// Starts the thread.
    pub(super) fn start(shared: Arc<Shared>) -> Result<Self, JournalError> {
        let (groups, to_insert) = sync_channel(GROUPS_WAITING_MAX);
        let work = move || {
            let ended = panics::contain(|| run(&to_insert, &shared));
            let ended = ended.unwrap_or_else(|message| {
                Err(JournalError::io("settling the log", &io::Error::other(message)))
            });
            if let Err(error) = ended {
                shared.fail(error);
            }
        };
        let thread = thread::Builder::new().name("log-settle".into()).spawn(work);
        let thread = thread.map_err(|error| JournalError::io("starting a thread", &error))?;
        Ok(Self { groups: Some(groups), thread: Some(thread) })
    }

    /// Hands over the frames of a group that is durable in the tail and ends at `end`. If the
    /// thread has failed, the next append says so.
    pub(super) fn take(&self, end: Lsn, frames: Vec<NewFrame>) {
        let _ = self.groups.as_ref().map(|groups| groups.send((end, frames)));
    }

    /// Stops the thread, once it has inserted all that it was handed, or has failed.
    pub(super) fn stop(&mut self) {
        self.groups = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Settler {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Inserts and settles until nothing more can come.
fn run(groups: &Receiver<Group>, shared: &Shared) -> Result<(), JournalError> {
    while let Ok((end, frames)) = groups.recv() {
        shared.insert(end, frames)?;
        let due = Instant::now() + SETTLE_EVERY;
        loop {
            match groups.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok((end, frames)) => shared.insert(end, frames)?,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if Instant::now() >= due {
                break;
            }
        }
        shared.settle()?;
    }
    Ok(())
}
