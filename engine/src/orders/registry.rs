//! The registry of orders that are awake, and of the actors that wait for new ones.

use crate::admission::message::{OrderMsg, OrderWork};
use crate::admission::shard::shard_of;
use foldhash::HashMap;
use kirana_domain::OrderId;
use parking_lot::Mutex;
use ractor::ActorRef;

const SHARDS: usize = 64;

/// An order actor that is awake, and how many commands are on their way to it.
struct Awake {
    actor: ActorRef<OrderMsg>,
    on_the_way: u32,
}

/// Actors that rest at the most. One takes about 9 kB.
const RESTING_MAX: usize = 4_096;

/// The orders that are awake, and the actors that wait for new ones.
pub(crate) struct OrderRegistry {
    shards: [Mutex<HashMap<OrderId, Awake>>; SHARDS],
    /// Actors that have placed their order. Being given another costs a third of being spawned.
    resting: Mutex<Vec<ActorRef<OrderMsg>>>,
}

impl Default for OrderRegistry {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), resting: Mutex::default() }
    }
}

impl OrderRegistry {
    fn shard(&self, id: OrderId) -> &Mutex<HashMap<OrderId, Awake>> {
        &self.shards[shard_of(id.0.as_bytes(), SHARDS)]
    }

    /// Returns the number of orders that are awake.
    pub(crate) fn awake_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Takes an actor that rests, if there is one.
    pub(crate) fn take_resting(&self) -> Option<ActorRef<OrderMsg>> {
        self.resting.lock().pop()
    }

    /// Gives a command to an order; `spawn` makes its actor if it sleeps.
    pub(crate) fn tell(
        &self,
        id: OrderId,
        work: OrderWork,
        spawn: impl FnOnce() -> ActorRef<OrderMsg>,
    ) {
        let mut shard = self.shard(id).lock();
        let awake = shard.entry(id).or_insert_with(|| Awake { actor: spawn(), on_the_way: 0 });
        awake.on_the_way += 1;
        // A dead letter drops the ticket, which fails the engine: nothing to handle here.
        _ = awake.actor.cast(OrderMsg::Work(Box::new(work)));
    }

    /// Lets an actor that has placed its order wait for the next one.
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
