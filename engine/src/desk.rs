//! Where commands for orders come in: a new order gets a new actor, an order that exists is woken
//! if it sleeps. Also the [`Core`]: what every part of the running engine shares.

use crate::clock::Clock;
use crate::command::{PlaceOrder, Refusal};
use crate::coupon_desk::CouponDesk;
use crate::door::Ticket;
use crate::hooks::HookDesk;
use crate::journal_writer::JournalQueue;
use crate::order_actor::{OrderActor, OrderMsg, as_it_is};
use crate::outbox::Outbox;
use crate::placing::Placing;
use crate::reads::Reads;
use crate::shelves::Shelves;
use crate::timers::Timers;
use crate::world::World;
use foldhash::HashMap;
use kirana_domain::order::Wish;
use kirana_domain::{Event, OrderId, PersonId, Record, Rejection};
use kirana_storage::Vault;
use parking_lot::Mutex;
use ractor::{ActorRef, ActorRuntime};
use std::sync::Arc;

const SHARDS: usize = 64;

/// A command for an order that exists.
pub(crate) struct OrderWork {
    pub(crate) wish: Wish,
    /// The version of the order that the caller has seen, where it must not have changed.
    pub(crate) expected_version: Option<u64>,
    /// The provider's message that this is the outcome of: recorded in front of it.
    pub(crate) webhook: Option<Event>,
    pub(crate) ticket: Ticket,
}

impl OrderWork {
    pub(crate) fn of(wish: Wish, ticket: Ticket) -> Self {
        Self { wish, expected_version: None, webhook: None, ticket }
    }
}

/// What every part of the running engine shares.
pub(crate) struct Core {
    pub(crate) world: Arc<World>,
    pub(crate) shelves: Arc<Shelves>,
    pub(crate) journal: JournalQueue,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) desk: Desk,
    pub(crate) reads: Arc<Reads>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) coupons: Arc<CouponDesk>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) placing: Placing,
    pub(crate) hooks: HookDesk,
}

impl Core {
    /// Seals what is personal to somebody, bound to what it belongs to.
    pub(crate) fn seal(&self, subject: PersonId, belongs_to: &[u8], plain: &[u8]) -> Box<[u8]> {
        self.vault.seal(subject.0.into_bytes(), belongs_to, plain).into_boxed_slice()
    }

    /// Answers a refusal. Under a key it is recorded first: the twin gets the same answer.
    pub(crate) fn refuse(&self, rejection: Rejection, ticket: Ticket) {
        metrics::counter!("kirana_commands_refused_total", "code" => rejection.code().to_string())
            .increment(1);
        if ticket.key().is_none() {
            return ticket.answer(Err(Refusal::rejected(rejection)));
        }
        let event = Event::CommandRefused { rejection };
        let (by, key) = (ticket.by(), ticket.key());
        let record = Record { at_ms: self.clock.now_ms(), by, key, event };
        self.journal.append_one(record, ticket);
    }

    /// Answers with the order as it is: the command changed nothing. The order has ended and may
    /// have to be read from the log, so this is not done in its actor.
    pub(crate) fn answer_as_it_is(&self, order_id: OrderId, ticket: Ticket) {
        let reads = Arc::clone(&self.reads);
        tokio::spawn(async move {
            ticket.answer(match reads.order(order_id).await {
                Ok(Some(order)) => Ok(as_it_is(order)),
                Ok(None) => Err(Refusal::OrderUnknown),
                Err(error) => {
                    tracing::error!(%error, %order_id, "an order cannot be read from the log");
                    Err(Refusal::Failed)
                }
            });
        });
    }
}

/// An order actor that is awake, and how many commands are on their way to it.
struct Awake {
    actor: ActorRef<OrderMsg>,
    on_the_way: u32,
}

/// Actors that rest at the most. One takes about 9 KB.
const RESTING_MAX: usize = 4_096;

/// Which orders are awake, and the actors that wait for new ones.
pub(crate) struct Desk {
    shards: [Mutex<HashMap<OrderId, Awake>>; SHARDS],
    /// Actors that have placed their order. Being given another costs a third of being spawned.
    resting: Mutex<Vec<ActorRef<OrderMsg>>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), resting: Mutex::default() }
    }
}

impl Desk {
    fn shard(&self, id: OrderId) -> &Mutex<HashMap<OrderId, Awake>> {
        &self.shards[usize::from(id.0.as_bytes()[15]) % SHARDS]
    }

    /// How many orders are awake because something happens to them.
    pub(crate) fn awake_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// An actor has placed its order and may have the next.
    pub(crate) fn rest(&self, actor: ActorRef<OrderMsg>) {
        let mut resting = self.resting.lock();
        if resting.len() < RESTING_MAX {
            resting.push(actor);
        } else {
            drop(resting);
            actor.stop(None);
        }
    }

    /// Ends the actors that rest.
    pub(crate) fn stop(&self) {
        self.resting.lock().drain(..).for_each(|actor| actor.stop(None));
    }

    /// Ends every actor that is awake, after a failure: whoever waits at one is told.
    pub(crate) fn abandon(&self) {
        self.shards.iter().for_each(|shard| {
            shard.lock().values().for_each(|awake| awake.actor.kill());
        });
    }

    /// Notes that an order is done with one command. `true` when there is no other: then it is
    /// asleep from this moment on, and its actor must stop.
    pub(crate) fn finished_one(&self, id: OrderId) -> bool {
        let mut shard = self.shard(id).lock();
        let awake = shard.get_mut(&id).expect("an order that works is awake");
        awake.on_the_way -= 1;
        let is_idle = awake.on_the_way == 0;
        if is_idle {
            shard.remove(&id);
        }
        is_idle
    }
}

/// Gives birth to a new order, in an actor that rests or in a new one.
pub(crate) fn place(core: &Arc<Core>, order_id: OrderId, wanted: PlaceOrder, ticket: Ticket) {
    let resting = core.desk.resting.lock().pop();
    let actor = resting.unwrap_or_else(|| spawn(core, order_id));
    // A dead letter drops the ticket, which fails the engine: nothing to handle here.
    _ = actor.cast(OrderMsg::Place(order_id, Box::new(wanted), ticket));
}

/// Gives a command to an order, waking it if it sleeps.
pub(crate) fn tell(core: &Arc<Core>, order_id: OrderId, work: OrderWork) {
    let mut shard = core.desk.shard(order_id).lock();
    let awake = shard
        .entry(order_id)
        .or_insert_with(|| Awake { actor: spawn(core, order_id), on_the_way: 0 });
    awake.on_the_way += 1;
    _ = awake.actor.cast(OrderMsg::Work(work));
}

/// Order actors are not linked to a supervisor: the ticket of its command is what tells of an
/// actor's death, for every way to die.
fn spawn(core: &Arc<Core>, order_id: OrderId) -> ActorRef<OrderMsg> {
    let arguments = (Arc::clone(core), order_id);
    let (actor, _) = ActorRuntime::spawn_instant(None, OrderActor, arguments)
        .expect("an actor without a name can always be spawned");
    actor
}
