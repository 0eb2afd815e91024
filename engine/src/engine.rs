//! The engine from outside: open, submit, stop. `start.rs` puts the parts together, `begin.rs`
//! sends a command on its way, `read.rs` reads.

mod begin;
mod read;
mod start;

pub use read::RiderOnTheWay;

use crate::admission::admit::{Admission, Admitted, as_replay};
use crate::admission::command::{Answer, Receipt, Request, SubmitError};
use crate::admission::serial_lock::SerialLock;
use crate::checkpoints::checkpointer::{CheckpointError, CheckpointTaken, CheckpointerThread};
use crate::checkpoints::recovery::{self, OpenError, Progress, Recovered};
use crate::clock::Clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::orders::core::Core;
use crate::outside::outbox::Outbox;
use crate::outside::webhook_endpoints::Endpoints;
use crate::state::feed::Feed;
use kirana_domain::{Digest, Lsn, RequestKey};
use kirana_storage::{Journal, Vault};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// The running engine. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    admission: Arc<Admission>,
    outbox: Arc<Outbox>,
    hooks: Arc<Endpoints>,
    lane: SerialLock,
    people: [SerialLock; LANES],
    failure: Failure,
    feed: Arc<Feed>,
    config: Config,
    epoch: u32,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: JoinHandle<Result<(), String>>,
    publisher: JoinHandle<()>,
    timers: tokio::task::JoinHandle<()>,
    outbox: tokio::task::JoinHandle<()>,
    hooks: tokio::task::JoinHandle<()>,
    checkpointer: Option<CheckpointerThread>,
}

/// Locks that the commands of people are spread over.
const LANES: usize = 256;

/// Figures of the running engine.
#[derive(Clone, Copy, Debug)]
pub struct Stats {
    /// The last record that was applied: durable, and visible to reads.
    pub lsn: Lsn,
    /// The epoch of this start.
    pub epoch: u32,
    /// Commands that are being worked on.
    pub in_flight: usize,
    /// Appends that wait for the journal.
    pub journal_queue: usize,
    /// Orders that may still change.
    pub orders_open: usize,
    /// Orders in memory: the open ones, and those that ended and are in no checkpoint yet.
    pub orders_in_memory: usize,
    /// Orders that were ever placed.
    pub orders: usize,
    /// Order actors that are awake.
    pub orders_awake: usize,
    /// Deadlines of unpaid orders.
    pub timers: usize,
    /// Tasks that wait at the payment provider, polls of its books included.
    pub outbox: usize,
    /// Disputes about payments that have not ended.
    pub disputes_open: usize,
    /// Captured payments that no order has.
    pub loose: usize,
    /// Request keys that are remembered.
    pub keys: usize,
    /// Stores.
    pub stores: usize,
    /// Products of all stores.
    pub products: usize,
    /// Damages on disk that were met.
    pub damages: usize,
}

impl Engine {
    /// Opens the embedded log in `data_dir`, replays it and starts.
    ///
    /// # Errors
    /// [`OpenError`] tells the operator the reason; no command was served.
    pub async fn open(
        data_dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        progress: Arc<Progress>,
    ) -> Result<Self, OpenError> {
        let (data_dir, backup) = (data_dir.to_owned(), config.archive_backup.clone());
        let open = move || recovery::open(&data_dir, backup.as_deref(), &progress);
        let recovered = tokio::task::spawn_blocking(open)
            .await
            .unwrap_or_else(|panic| Err(OpenError::Start(panic.to_string())))?;
        Self::start(recovered, config, clock).await
    }

    /// Starts on a journal that is open already: in memory, faulty on purpose, or another's.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn over(
        journal: Box<dyn Journal>,
        vault: Vault,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let state = recovery::replay_all(&*journal)?;
        Self::start(Recovered { journal, vault, state, kept: None }, config, clock).await
    }

    /// Submits a command. Returns once its record is durable. The command goes on even when the
    /// caller has stopped waiting.
    ///
    /// # Errors
    /// [`SubmitError`]: the domain rejects it, admission is full, or the outcome is not known.
    pub async fn submit(&self, request: Request) -> Result<Receipt, SubmitError> {
        let Request { by, key, command, deadline } = request;
        let inner = &self.0;
        match inner.admission.enter(&by, key)? {
            Admitted::First(ticket, answer) => {
                let outcomes = command.outcomes();
                self.begin(command, ticket);
                wait(answer, deadline, SubmitError::DeadlinePassed).await.inspect(|receipt| {
                    debug_assert!(outcomes.contains(&receipt.outcome.kind()), "{receipt:?}");
                })
            }
            Admitted::Twin(answer) => wait(answer, deadline, SubmitError::InProgress).await,
            Admitted::Answered(lsn) => as_replay(inner.core.reads.answer_at(lsn).await),
        }
    }

    /// Returns the result that a request with this key had, if there was one.
    pub async fn answered(&self, key: &RequestKey) -> Option<Result<Receipt, SubmitError>> {
        let core = &self.0.core;
        let entry = core.state.key(&key.id).0?;
        Some(if entry.fingerprint == key.fingerprint {
            as_replay(core.reads.answer_at(entry.lsn).await)
        } else {
            Err(SubmitError::KeyReused)
        })
    }

    /// Returns the fingerprint of the request that was answered under a key, if there was one.
    pub fn recorded_fingerprint(&self, id: &[u8; 16]) -> Option<[u8; 16]> {
        self.0.core.state.key(id).0.map(|entry| entry.fingerprint)
    }

    /// Returns a watch that becomes a sentence when the engine has failed: the process must end
    /// then, with exit code 1.
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.0.failure.watch()
    }

    /// Returns figures of the running engine.
    pub fn stats(&self) -> Stats {
        let core = &self.0.core;
        let (orders_open, orders_in_memory, orders) =
            core.state.orders(|book| (book.open_count(), book.in_memory_count(), book.count()));
        let (stores, products) =
            self.catalogue(|catalogue| (catalogue.stores().count(), catalogue.products_count()));
        Stats {
            lsn: core.state.lsn(),
            epoch: self.0.epoch,
            in_flight: self.0.admission.in_flight(),
            journal_queue: core.journal.len(),
            orders_open,
            orders_in_memory,
            orders,
            orders_awake: core.registry.awake_count(),
            timers: core.timers.len(),
            outbox: core.outbox.len(),
            disputes_open: core.state.orders(kirana_domain::OrderBook::open_disputes_count),
            loose: core.state.people(|books| books.loose.open_count()),
            keys: core.state.key(&[0; 16]).1,
            stores,
            products,
            damages: core.reads.damages().len(),
        }
    }

    /// Takes a checkpoint now and returns its figures; `None` when nothing happened since the last
    /// one, or the log is not in a directory.
    ///
    /// # Errors
    /// [`CheckpointError`]: the log goes on, and keeps what is not in a checkpoint.
    pub async fn checkpoint(&self) -> Result<Option<CheckpointTaken>, CheckpointError> {
        let asked = match self.0.threads.lock().as_ref() {
            None => return Err(CheckpointError::Stopped),
            Some(threads) => threads.checkpointer.as_ref().map(CheckpointerThread::ask),
        };
        match asked {
            None => Ok(None),
            Some(answer) => answer.await.unwrap_or(Err(CheckpointError::Stopped)),
        }
    }

    /// Returns the fingerprint of all state. Walks everything and stops publishing meanwhile.
    pub fn digest(&self) -> Digest {
        self.0.core.state.digest()
    }

    /// Stops: admits no command, finishes those that were admitted, syncs and closes the log.
    ///
    /// # Errors
    /// A sentence, when the engine had failed or the log could not be closed. All that was
    /// acknowledged is on disk nevertheless.
    pub async fn stop(&self) -> Result<(), String> {
        let inner = &self.0;
        inner.admission.close();
        let Some(threads) = inner.threads.lock().take() else { return Ok(()) };
        threads.timers.abort();
        threads.outbox.abort();
        threads.hooks.abort();
        let drained = tokio::time::timeout(inner.config.drain_max, async {
            while inner.admission.in_flight() > 0 && !inner.failure.has_failed() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        if drained.await.is_err() {
            tracing::warn!(
                in_flight = inner.admission.in_flight(),
                "stopping with commands in flight"
            );
        }
        // Readers of a closed log fail, so the checkpointer goes first.
        if let Some(checkpointer) = threads.checkpointer {
            let stopped = tokio::task::spawn_blocking(|| checkpointer.stop());
            stopped.await.map_err(|error| error.to_string())?;
        }
        inner.core.journal.close().await;
        let joined = tokio::task::spawn_blocking(move || {
            let written = threads.writer.join();
            let published = threads.publisher.join();
            match (written, published) {
                (Ok(written), Ok(())) => written,
                _ => Err("the journal's threads have panicked".to_owned()),
            }
        });
        let joined = joined.await.map_err(|error| error.to_string())?;
        inner.core.registry.stop();
        inner.core.stock.stop();
        joined
    }
}

async fn wait(
    answer: oneshot::Receiver<Answer>,
    deadline: Option<tokio::time::Instant>,
    too_late: SubmitError,
) -> Answer {
    let answered = match deadline {
        None => answer.await,
        Some(deadline) => match tokio::time::timeout_at(deadline, answer).await {
            Err(_) => return Err(too_late),
            Ok(answered) => answered,
        },
    };
    // A ticket that was dropped unanswered has failed the engine.
    answered.unwrap_or(Err(SubmitError::Failed))
}
