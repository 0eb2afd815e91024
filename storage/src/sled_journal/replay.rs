//! Reads a whole log once: one thread reads and verifies, the other hands batches to the caller.
//!
//! sled may panic or hang on bad bytes, also on threads of its own, so the reading thread is one
//! that can be given up: a log that does not answer is reported like one that is damaged.

use std::fs;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::data_dir::DataDir;
use super::mark::Mark;
use super::panics;
use super::store::Store;
use crate::chain::Chain;
use crate::frame::Hash;
use crate::{Batch, Damage, DamageKind, JournalError, LogId, Lsn, Progress};

/// Verified batches that wait for the caller: at most 5.5 MiB.
const BATCHES_WAITING_MAX: usize = 64;

/// How long sled may be silent, and how much longer for each MiB of database that it must scan.
const SILENCE_MAX: Duration = Duration::from_mins(1);
const SILENCE_PER_MIB_MAX: Duration = Duration::from_millis(200);

/// How long sled may be silent once one of its threads has panicked.
const SILENCE_AFTER_PANIC_MAX: Duration = Duration::from_secs(5);

/// How often to look whether sled has panicked.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What takes each batch as soon as it is verified.
pub(super) type OnBatch<'a> = &'a mut dyn FnMut(&Batch, Progress) -> Result<(), JournalError>;

/// What is known of the log from outside of sled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Which log it must be.
    pub(super) log_id: LogId,
    /// What it must hold at least.
    pub(super) high_water: Mark,
    /// Where it must end exactly, if it was closed.
    pub(super) closed_at: Option<Mark>,
}

/// Why a replay stopped early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The log could not be read to its end.
    Log(JournalError),
    /// The caller did not take a batch.
    Caller(JournalError),
}

/// A replay, which may need a second attempt on a copy; no batch is handed over twice.
pub(super) struct Replay<'a> {
    on_batch: OnBatch<'a>,
    /// The end of what was handed over, and the hash of its last frame.
    handed: Option<(Lsn, Hash)>,
}

enum Message {
    Verified(Batch, Hash),
    Done(Result<(Store, Chain), JournalError>),
}

impl<'a> Replay<'a> {
    pub(super) fn new(on_batch: OnBatch<'a>) -> Self {
        Self { on_batch, handed: None }
    }

    /// Opens the store in `dir`, verifies every batch and hands over those that are new.
    pub(super) fn run(
        &mut self,
        dir: &DataDir,
        cache_bytes: u64,
        expected: Expected,
    ) -> Result<(Store, Chain), Stop> {
        let silence_max = silence_max(dir);
        let panics_before = panics::sled_panics_count();
        let (sender, messages) = sync_channel(BATCHES_WAITING_MAX);
        let log = dir.log();
        let reading = thread::Builder::new().name("log-replay".into()).spawn(move || {
            let opened = Store::open(&log, cache_bytes);
            let done = opened.and_then(|store| {
                let chain = verify(&store, &expected, &sender)?;
                Ok((store, chain))
            });
            // If nobody listens, the caller has stopped, and the store stops with us.
            let _ = sender.send(Message::Done(done));
        });
        let reading = reading
            .map_err(|error| Stop::Log(JournalError::io("starting the replay thread", &error)))?;

        let result = self.hand_over(&messages, &expected, silence_max, panics_before);
        drop(messages);
        wait_for_end(&reading);
        result
    }

    fn hand_over(
        &mut self,
        messages: &Receiver<Message>,
        expected: &Expected,
        silence_max: Duration,
        panics_before: u64,
    ) -> Result<(Store, Chain), Stop> {
        loop {
            match receive(messages, silence_max, panics_before).map_err(Stop::Log)? {
                Message::Verified(batch, hash) => self.take(&batch, hash, expected)?,
                Message::Done(done) => return done.map_err(Stop::Log),
            }
        }
    }

    fn take(&mut self, batch: &Batch, hash: Hash, expected: &Expected) -> Result<(), Stop> {
        let at = batch.last_lsn();
        if let Some((handed, handed_hash)) = self.handed {
            if at < handed {
                return Ok(());
            }
            if at == handed && hash == handed_hash {
                return Ok(());
            }
            if batch.first_lsn() <= handed {
                let detail = "two attempts to read the log found different batches";
                let lsn = batch.first_lsn();
                return Err(Stop::Log(JournalError::damaged(DamageKind::Diverged, lsn, detail)));
            }
        }
        let progress = Progress { at, of: expected.high_water.end };
        (self.on_batch)(batch, progress).map_err(Stop::Caller)?;
        self.handed = Some((at, hash));
        Ok(())
    }
}

/// The next message, unless sled keeps silent for too long.
fn receive(
    messages: &Receiver<Message>,
    silence_max: Duration,
    panics_before: u64,
) -> Result<Message, JournalError> {
    let start = Instant::now();
    loop {
        match messages.recv_timeout(LOOK_EVERY) {
            Ok(message) => return Ok(message),
            Err(RecvTimeoutError::Disconnected) => return Err(silent("the reading thread ended")),
            Err(RecvTimeoutError::Timeout) => (),
        }
        let panicked = panics::sled_panics_count() > panics_before;
        if panicked && start.elapsed() > SILENCE_AFTER_PANIC_MAX {
            return Err(silent("a thread of the database broke off and the others wait for it"));
        }
        if start.elapsed() > silence_max {
            return Err(silent("the database does not answer"));
        }
    }
}

fn silent(detail: &str) -> JournalError {
    JournalError::damaged(DamageKind::Store, Lsn::FIRST, detail)
}

fn silence_max(dir: &DataDir) -> Duration {
    let bytes = fs::metadata(dir.database()).map_or(0, |it| it.len());
    let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    SILENCE_MAX + SILENCE_PER_MIB_MAX * mib
}

/// Gives the reading thread a moment to let go of the files. One that hangs is left behind.
fn wait_for_end(reading: &thread::JoinHandle<()>) {
    let start = Instant::now();
    while !reading.is_finished() && start.elapsed() < SILENCE_AFTER_PANIC_MAX {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Reads every batch, passes each on, and answers the end of the chain.
fn verify(
    store: &Store,
    expected: &Expected,
    sender: &SyncSender<Message>,
) -> Result<Chain, JournalError> {
    let Expected { log_id, high_water, closed_at } = *expected;
    let mut chain = Chain::genesis(log_id);
    let mut stored = store.range(Lsn::ZERO);
    let mut hash_at_mark = (high_water.end == Lsn::ZERO).then(|| chain.hash());
    while let Some(next) = stored.next() {
        let batch = next.and_then(|(key, bytes)| chain.decode_next(key, bytes.to_vec()));
        let batch = batch.map_err(|error| {
            let next_key = stored.next().and_then(Result::ok).map(|(key, _)| key);
            with_extent(error, next_key, high_water.end)
        })?;
        if batch.last_lsn() == high_water.end {
            hash_at_mark = Some(chain.hash());
        }
        if sender.send(Message::Verified(batch.into_batch(), chain.hash())).is_err() {
            break;
        }
    }
    check_end(&chain, high_water, hash_at_mark)?;
    if let Some(closed_at) = closed_at {
        check_closed_end(&chain, closed_at)?;
    }
    Ok(chain)
}

/// Says how far damage goes: to the next batch that has a key, or to the high-water mark.
fn with_extent(error: JournalError, next_key: Option<Lsn>, high_water: Lsn) -> JournalError {
    let JournalError::Damaged(damage) = error else { return error };
    let known = next_key.filter(|key| *key > damage.lsn).map(Lsn::previous);
    let through = damage.through.or(known).or(Some(high_water).filter(|end| *end >= damage.lsn));
    JournalError::Damaged(Damage { through, ..damage })
}

/// What was acknowledged must be there, and be what it was.
fn check_end(chain: &Chain, mark: Mark, hash_at_mark: Option<Hash>) -> Result<(), JournalError> {
    if chain.end() < mark.end {
        let detail = format!(
            "the log ends at record {} and record {} was acknowledged",
            chain.end(),
            mark.end
        );
        let error = JournalError::damaged(DamageKind::Behind, chain.end().next(), detail);
        return Err(with_extent(error, None, mark.end));
    }
    if hash_at_mark != Some(mark.hash) {
        let detail = "the batch that ends here is not the one that was acknowledged";
        return Err(JournalError::damaged(DamageKind::Diverged, mark.end.max(Lsn::FIRST), detail));
    }
    Ok(())
}

fn check_closed_end(chain: &Chain, closed_at: Mark) -> Result<(), JournalError> {
    if chain.end() < closed_at.end {
        return check_end(chain, closed_at, None);
    }
    if chain.end() > closed_at.end || chain.hash() != closed_at.hash {
        let detail = format!(
            "the log was closed at record {} and now ends at {}",
            closed_at.end,
            chain.end()
        );
        let lsn = closed_at.end.max(Lsn::FIRST);
        return Err(JournalError::damaged(DamageKind::Diverged, lsn, detail));
    }
    Ok(())
}
