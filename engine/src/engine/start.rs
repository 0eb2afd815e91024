//! The start of an engine: every part, in the order in which the parts need each other.

use super::{Engine, Inner, Threads};
use crate::admission::admit::{Admission, Admitted};
use crate::admission::append::JournalQueue;
use crate::admission::command::{Outcome, Receipt};
use crate::admission::message::OrderWork;
use crate::admission::placing::Placing;
use crate::admission::serial_lock::SerialLock;
use crate::checkpoints::checkpointer::{self, Checkpointer, Shop};
use crate::checkpoints::recovery::{OpenError, Recovered};
use crate::clock::{Clock, StampClock};
use crate::config::Config;
use crate::failure::Failure;
use crate::log::journal_writer::{self, GROUPS_WAITING_MAX};
use crate::log::publisher::{MoneyCounts, Publisher, run_answers};
use crate::orders::core::Core;
use crate::orders::coupon_reservations::CouponReservations;
use crate::orders::dispatch;
use crate::orders::outbox_plan::OutboxPlan;
use crate::orders::registry::OrderRegistry;
use crate::orders::timers::Timers;
use crate::outside::outbox::{self, Outbox};
use crate::outside::webhook_endpoints::{self, Endpoints};
use crate::state::feed::Feed;
use crate::state::live_state::LiveState;
use crate::state::reads::Reads;
use crate::stock::registry::StockRegistry;
use kirana_domain::order::OrderCommand;
use kirana_domain::time::AtMs;
use kirana_domain::{Event, Lsn, Principal};
use kirana_storage::{Journal, Vault};
use parking_lot::Mutex;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use tokio::sync::{Semaphore, mpsc};

/// The threads of the log.
type LogThreads = (JoinHandle<Result<(), String>>, JoinHandle<()>);

/// The parts of an engine whose log takes records, and whose tasks do not run yet.
struct Parts {
    core: Arc<Core>,
    started: Event,
    admission: Arc<Admission>,
    feed: Arc<Feed>,
    failure: Failure,
    log: LogThreads,
    checkpointer: Option<Checkpointer>,
    epoch: u32,
}

impl Engine {
    /// Starts all parts on a state that was recovered.
    pub(super) async fn start(
        recovered: Recovered,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let parts = Parts::assemble(recovered, &config, clock).await?;
        claim_epoch(&parts).await?;
        parts.run(config)
    }
}

impl Parts {
    async fn assemble(
        Recovered { journal, vault, state, kept }: Recovered,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let (failure, in_flight) = (Failure::default(), Arc::default());
        let history = kept.as_ref().map(|kept| Arc::clone(&kept.history));
        let state = Arc::new(LiveState::new(state, history));
        let reader = journal.reader();
        let damages = kept.as_ref().map(|kept| Arc::clone(&kept.damages)).unwrap_or_default();
        let reads = Arc::new(Reads::new(Arc::clone(&state), Arc::clone(&reader), damages));
        let last_ms = last_ms(&reads).await?;
        let (clock, start_clock) = StampClock::start(clock, last_ms, config.clock_gap_max);
        let timers = Arc::new(Timers::of(state.orders(|orders| orders.unpaid(clock.now_ms()))));
        let shop = Shop { state: Arc::clone(&state), failure: failure.clone() };
        let checkpointer = kept.map(|kept| Checkpointer::of(kept, reader, Some(shop), config));
        let stock = StockRegistry::start(Arc::clone(&state), failure.clone()).await;
        let (stock, vault) = (Arc::new(stock.map_err(not_started)?), Arc::new(vault));
        let coupons = Arc::new(CouponReservations::new(Arc::clone(&state)));
        let outbox = Arc::new(OutboxPlan::new(config));
        let feed = Arc::new(Feed::new(state.lsn(), config.live_events_max));
        let epoch = journal.epoch().0;
        let started = Event::EngineStarted { epoch, clock: Some(start_clock) };

        let (answers, answered) = mpsc::unbounded_channel();
        let publisher = Publisher {
            state: Arc::clone(&state),
            stock: Arc::clone(&stock),
            timers: Arc::clone(&timers),
            coupons: Arc::clone(&coupons),
            outbox: Arc::clone(&outbox),
            failure: failure.clone(),
            feed: Arc::clone(&feed),
            money: MoneyCounts::default(),
            answers,
        };
        let (journal, log) = start_log(
            journal,
            last_ms,
            Arc::clone(&vault),
            Arc::clone(&in_flight),
            publisher,
            config,
        );
        tokio::spawn(Arc::clone(&feed).run_wakes());
        tokio::spawn(run_answers(Arc::clone(&reads), answered));

        let admission = Admission::new(state.key_book(), failure.clone(), config, in_flight);
        let (registry, placing) = (OrderRegistry::default(), Placing::default());
        let core = Arc::new(Core {
            state,
            stock,
            journal,
            vault,
            clock: Arc::new(clock),
            registry,
            reads,
            timers,
            coupons,
            outbox,
            placing,
            holds: config.holds,
        });
        Ok(Self { core, started, admission, feed, failure, log, checkpointer, epoch })
    }

    /// Starts the tasks that work beside the callers: timers, calls outside, checkpoints.
    fn run(self, config: Config) -> Result<Engine, OpenError> {
        let Self { core, admission, feed, failure, log, checkpointer, epoch, .. } = self;
        let shared = || (Arc::clone(&core), Arc::clone(&admission));
        let timers = tokio::spawn(run_timers(shared(), failure.clone(), config.clone()));
        let outbox = Arc::<Outbox>::default();
        let calls = tokio::spawn(outbox::run(shared().0, shared().1, Arc::clone(&outbox)));
        let hooks = Arc::new(Endpoints::new(Arc::clone(&core), &config));
        let couriers =
            webhook_endpoints::run(Arc::clone(&hooks), Arc::clone(&admission), Arc::clone(&feed));
        let couriers = tokio::spawn(couriers);
        let checkpointer = checkpointer.map(checkpointer::start).transpose();
        let threads = Mutex::new(Some(Threads {
            writer: log.0,
            publisher: log.1,
            timers,
            outbox: calls,
            hooks: couriers,
            checkpointer: checkpointer.map_err(not_started)?,
        }));
        let lane = SerialLock::default();
        let people = std::array::from_fn(|_| SerialLock::default());
        let inner = Inner {
            core,
            admission,
            outbox,
            hooks,
            lane,
            people,
            failure,
            feed,
            config,
            epoch,
            threads,
        };
        Ok(Engine(Arc::new(inner)))
    }
}

/// Starts the two threads that a record passes: the one that writes it, and the one that applies
/// it.
fn start_log(
    journal: Box<dyn Journal>,
    last_ms: Option<AtMs>,
    vault: Arc<Vault>,
    in_flight: Arc<AtomicUsize>,
    publisher: Publisher,
    config: &Config,
) -> (JournalQueue, LogThreads) {
    let (sender, groups) = sync_channel(GROUPS_WAITING_MAX);
    let (failure, queue_max) = (publisher.failure.clone(), config.journal_queue_max());
    let (queue, writer) =
        journal_writer::start((journal, last_ms), vault, failure, queue_max, in_flight, sender);
    (queue, (writer, publisher.start(groups)))
}

fn not_started(error: impl Display) -> OpenError {
    OpenError::Start(error.to_string())
}

/// Returns the time of the last record of the log.
async fn last_ms(reads: &Arc<Reads>) -> Result<Option<AtMs>, OpenError> {
    let end = reads.state().lsn();
    if end == Lsn(0) {
        return Ok(None);
    }
    let record = reads.blocking(move |reads| reads.record(end)).await;
    Ok(Some(record.map_err(not_started)?.at_ms))
}

/// Appends the first record of a start, which shows that the log takes records.
async fn claim_epoch(Parts { core, started, admission, .. }: &Parts) -> Result<(), OpenError> {
    let Ok(Admitted::First(ticket, answer)) = admission.enter(&Principal::SYSTEM, None) else {
        return Err(OpenError::Start("admission is closed".into()));
    };
    core.record(started.clone(), ticket);
    match answer.await {
        Ok(Ok(Receipt { outcome: Outcome::Catalogue { .. }, .. })) => Ok(()),
        _ => Err(OpenError::Start("the log does not take its first record".into())),
    }
}

/// Lets reservations of unpaid orders end on time, and keeps an eye on the wall clock.
async fn run_timers(
    (core, admission): (Arc<Core>, Arc<Admission>),
    failure: Failure,
    config: Config,
) {
    let room = Arc::new(Semaphore::new(config.expiries_in_flight_max));
    let mut tick = tokio::time::interval(config.timer_tick);
    loop {
        tick.tick().await;
        if failure.has_failed() {
            return;
        }
        core.clock.watch();
        while let Some(order_id) = core.timers.pop_due(core.clock.now_ms()) {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let ticket = admission.own_ticket(permit);
            dispatch::tell(&core, order_id, OrderWork::of(OrderCommand::Expire, ticket));
        }
    }
}
