//! Waits for a thread that works with sled, and gives it up when it does not answer.
//!
//! A log that does not answer is reported like one that is damaged.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{databases, panics};
use crate::{DamageKind, JournalError, Lsn};

/// How long sled may be silent, and how much longer for each MiB of database that it must scan.
const SILENCE_MAX: Duration = Duration::from_mins(1);
const SILENCE_PER_MIB_MAX: Duration = Duration::from_millis(200);

/// How long sled may be silent once one of its threads has panicked.
const SILENCE_AFTER_PANIC_MAX: Duration = Duration::from_secs(5);

/// How often to look whether sled has panicked.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long one piece of work may be silent.
#[derive(Debug)]
pub(super) struct Watch {
    silence_max: Duration,
    panics_before: u64,
}

impl Watch {
    /// Of work with the databases in `log` that starts now.
    pub(super) fn start(log: &Path) -> Self {
        // Who cannot look at them cannot open them either, and says so.
        let bytes = databases::bytes(log).unwrap_or(0);
        let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
        let silence_max = SILENCE_MAX + SILENCE_PER_MIB_MAX * mib;
        Self { silence_max, panics_before: panics::sled_panics_count() }
    }

    /// Returns the next message, unless sled keeps silent for too long.
    pub(super) fn receive<T>(&self, messages: &Receiver<T>) -> Result<T, JournalError> {
        let start = Instant::now();
        loop {
            match messages.recv_timeout(LOOK_EVERY) {
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(silent("the reading thread ended"));
                }
                Err(RecvTimeoutError::Timeout) => (),
            }
            let panicked = panics::sled_panics_count() > self.panics_before;
            if panicked && start.elapsed() > SILENCE_AFTER_PANIC_MAX {
                return Err(silent(
                    "a thread of the database broke off and the others wait for it",
                ));
            }
            if start.elapsed() > self.silence_max {
                return Err(silent("the database does not answer"));
            }
        }
    }
}

/// Does `work` with the databases in `log` on a thread of its own.
pub(super) fn run<T: Send + 'static>(
    log: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JournalError> {
    let watch = Watch::start(log);
    let (sender, done) = sync_channel(1);
    let working = thread::Builder::new().name("log-read".into()).spawn(move || {
        let _ = sender.send(work());
    });
    let working = working.map_err(|error| JournalError::io("starting a thread", &error))?;
    let result = watch.receive(&done);
    wait_for_end(&working);
    result
}

fn silent(detail: &str) -> JournalError {
    JournalError::damaged(DamageKind::Store, Lsn::FIRST, detail)
}

/// Gives the thread a moment to let go of the files. One that hangs is left behind.
pub(super) fn wait_for_end(thread: &thread::JoinHandle<()>) {
    let start = Instant::now();
    while !thread.is_finished() && start.elapsed() < SILENCE_AFTER_PANIC_MAX {
        thread::sleep(Duration::from_millis(1));
    }
}
