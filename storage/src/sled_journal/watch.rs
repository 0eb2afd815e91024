//! A watch waits for a thread that works with sled, and abandons the thread if it hangs.
//!
//! A log on which sled hangs is reported as damaged.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{databases, panics};
use crate::{DamageKind, JournalError, Lsn};

/// The longest silence of sled, and the addition for each MiB of database that it must scan.
const SILENCE_MAX: Duration = Duration::from_mins(1);
const SILENCE_PER_MIB_MAX: Duration = Duration::from_millis(200);

/// The longest silence of sled once one of its threads has panicked.
const SILENCE_AFTER_PANIC_MAX: Duration = Duration::from_secs(5);

/// The pause between two looks at the count of sled's panics.
const LOOK_EVERY: Duration = Duration::from_millis(100);

// A look is much shorter than a silence that counts.
const _: () = assert!(LOOK_EVERY.as_millis() * 10 < SILENCE_AFTER_PANIC_MAX.as_millis());

/// A time limit for the silence of one piece of work.
#[derive(Debug)]
pub(super) struct Watch {
    silence_max: Duration,
    panics_before: u64,
}

impl Watch {
    /// Starts the watch of work with the databases in `log`.
    pub(super) fn start(log: &Path) -> Self {
        // If their files cannot be read, opening them fails, too, and with a better error.
        let bytes = databases::bytes(log).unwrap_or(0);
        let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
        let silence_max = SILENCE_MAX + SILENCE_PER_MIB_MAX * mib;
        debug_assert!(silence_max > SILENCE_AFTER_PANIC_MAX, "a panic shortens the wait");
        Self { silence_max, panics_before: panics::sled_panics_count() }
    }

    /// Receives the next message, unless sled keeps silent for too long.
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
                    "a thread of the database broke off and the others wait for it forever",
                ));
            }
            if start.elapsed() > self.silence_max {
                return Err(silent("the database hangs"));
            }
        }
    }
}

/// Runs `work` with the databases in `log` on a thread of its own, and waits for it.
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

/// Gives the thread a moment to release the files. A thread that hangs is left behind.
pub(super) fn wait_for_end(thread: &thread::JoinHandle<()>) {
    let start = Instant::now();
    while !thread.is_finished() && start.elapsed() < SILENCE_AFTER_PANIC_MAX {
        thread::sleep(Duration::from_millis(1));
    }
}
