//! The thread of the checkpointer: its times of work, requests to it, its end.

use super::scrub::Scrub;
use super::{CheckpointError, CheckpointTaken, Checkpointer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Time between two looks for enough work.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Pause after a failure, so that a full disk is not filled again at once.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Niceness of low priority: in the seconds of a flash sale it gets nearly no processor time, and
/// catches up afterwards.
const LOW: i32 = 19;

/// Time with few records after which the log is tidied up.
const CALM: Duration = Duration::from_secs(10);

type Answer = Result<Option<CheckpointTaken>, CheckpointError>;

/// A command for a checkpoint now.
type CheckpointRequest = oneshot::Sender<Answer>;

/// The running thread.
pub(crate) struct CheckpointerThread {
    commands: SyncSender<CheckpointRequest>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Starts the checkpointer on a thread of its own.
pub(crate) fn start(checkpointer: Checkpointer) -> std::io::Result<CheckpointerThread> {
    let (commands, asked) = sync_channel(1);
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let run = move || run(&checkpointer, &asked, &stopping);
    let thread = std::thread::Builder::new().name("checkpointer".into()).spawn(run)?;
    Ok(CheckpointerThread { commands, stop, thread })
}

impl CheckpointerThread {
    /// Asks for a checkpoint now; the answer comes when it is done.
    pub(crate) fn ask(&self) -> oneshot::Receiver<Answer> {
        let (sender, answer) = oneshot::channel();
        // A full channel drops the request, and its caller sees a closed channel.
        _ = self.commands.try_send(sender);
        answer
    }

    /// Ends the thread. Unfinished work is a leftover that the next start removes.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.commands);
        if self.thread.join().is_err() {
            tracing::error!("the checkpointer has panicked");
        }
    }
}

/// The priority of work on the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// The processor time that the rest leaves.
    Low,
    /// That of every other thread.
    Shop,
}

/// Does some work at a priority. A thread may lower its own and not raise it again, so each piece
/// of work has a thread of its own.
pub(super) fn at<T: Send>(
    priority: Priority,
    work: impl FnOnce() -> Result<T, CheckpointError> + Send,
) -> Result<T, CheckpointError> {
    let work = || {
        if priority == Priority::Low
            && let Err(error) = rustix::process::setpriority_process(None, LOW)
        {
            tracing::warn!(%error, "the checkpointer runs at the priority of the shop");
        }
        work()
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("checkpoint-work".into());
        let thread = thread.spawn_scoped(scope, work);
        let thread = thread.map_err(|error| CheckpointError::Failed(error.to_string()))?;
        thread
            .join()
            .map_err(|_| CheckpointError::Failed("the checkpointer has panicked".to_owned()))?
    })
}

/// A detector of times in which little happens.
struct Calm {
    end: u64,
    since: Instant,
}

impl Calm {
    /// Returns true once every [`CALM`], if fewer records came meanwhile than a hundredth of the
    /// distance between two checkpoints.
    fn is_now(&mut self, checkpointer: &Checkpointer) -> bool {
        if self.since.elapsed() < CALM {
            return false;
        }
        let before = std::mem::replace(self, Self::now(checkpointer));
        (self.end - before.end) * 100 < checkpointer.interval_records
    }

    fn now(checkpointer: &Checkpointer) -> Self {
        Self { end: checkpointer.reader.end().0, since: Instant::now() }
    }
}

fn run(checkpointer: &Checkpointer, asked: &Receiver<CheckpointRequest>, stop: &AtomicBool) {
    let (mut pause, mut calm) = (LOOK_EVERY, Calm::now(checkpointer));
    let mut scrub = Scrub::new();
    loop {
        let command = match asked.recv_timeout(pause) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // A restart after a sale is as quick as any other: its records are put away in the next
        // calm.
        let kept = match calm.is_now(checkpointer).then(|| checkpointer.is_large()).transpose() {
            Ok(Some(true)) => checkpointer.keep(1, stop),
            Ok(_) if command.is_some() => checkpointer.keep(1, stop),
            Ok(_) => checkpointer.keep(checkpointer.interval_records, stop),
            Err(error) => Err(error),
        };
        pause = match &kept {
            Ok(Some(kept)) => {
                tracing::info!(lsn = %kept.lsn, records = kept.records,
                    forgotten = kept.forgotten, log_starts_at = %kept.log_starts_at, "checkpoint");
                Duration::ZERO // What is far behind goes on at once.
            }
            Ok(None) => {
                scrub.step(checkpointer, stop);
                LOOK_EVERY
            }
            Err(CheckpointError::Stopped) => return,
            Err(error) => {
                metrics::counter!("kirana_checkpoint_failures_total").increment(1);
                tracing::error!(%error, "no checkpoint; the log keeps what is not in one");
                PAUSE_AFTER_FAILURE
            }
        };
        if let Some(command) = command {
            _ = command.send(kept);
        }
    }
}
