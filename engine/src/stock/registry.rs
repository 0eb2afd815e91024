//! Finds the stock actor of a product, and spawns it at first need.
//!
//! Every stock actor is linked to one supervisor: when one ends in an error or a panic, the engine
//! fails.

use crate::admission::message::ActorGone;
use crate::admission::shard::shard_of;
use crate::failure::Failure;
use crate::state::live_state::LiveState;
use crate::stock::reservation::{
    Reservation, ReservationLine, Sender, Settled, StockMsg, StockRef,
};
use crate::stock::stock_actor::{StockActor, StockArgs};
use foldhash::HashMap;
use kirana_domain::{Event, Lsn, ProductId, StockLine, StoreId};
use parking_lot::RwLock;
use ractor::{Actor, ActorProcessingErr, ActorRef, ActorRuntime, SpawnErr, SupervisionEvent};
use std::sync::Arc;

const SHARDS: usize = 64;

type Key = (StoreId, ProductId);

/// The stock actors of all products that were needed so far.
pub(crate) struct StockRegistry {
    state: Arc<LiveState>,
    failure: Failure,
    supervisor: ActorRef<()>,
    shards: [RwLock<HashMap<Key, StockRef>>; SHARDS],
}

impl StockRegistry {
    pub(crate) async fn start(state: Arc<LiveState>, failure: Failure) -> Result<Self, SpawnErr> {
        let (supervisor, _) = Actor::spawn(None, Supervisor, failure.clone()).await?;
        let shards = std::array::from_fn(|_| RwLock::default());
        Ok(Self { state, failure, supervisor, shards })
    }

    fn shard(&self, key: &Key) -> &RwLock<HashMap<Key, StockRef>> {
        &self.shards[shard_of(key.1.0.as_bytes(), SHARDS)]
    }

    /// Returns the stock actor of a product that exists.
    fn get(&self, store_id: StoreId, product_id: ProductId) -> StockRef {
        let key = (store_id, product_id);
        let shard = self.shard(&key);
        if let Some(stock) = shard.read().get(&key) {
            return stock.clone();
        }
        let mut shard = shard.write();
        shard.entry(key).or_insert_with(|| self.spawn(store_id, product_id)).clone()
    }

    /// Sends a reservation on its way. Its lines are sorted by product, each product once.
    pub(crate) fn reserve(
        &self,
        store_id: StoreId,
        lines: impl Iterator<Item = StockLine>,
        sender: Sender,
    ) -> Result<(), ActorGone> {
        let stock = |line: &StockLine| self.get(store_id, line.product_id);
        let lines = lines.map(|line| ReservationLine { stock: stock(&line), line });
        Reservation::send(lines.collect(), sender)
    }

    fn spawn(&self, store_id: StoreId, product_id: ProductId) -> StockRef {
        let settled = Arc::<Settled>::default();
        let state = Arc::clone(&self.state);
        let args = StockArgs { state, store_id, product_id, settled: Arc::clone(&settled) };
        let supervisor = self.supervisor.get_cell();
        let (actor, _) = ActorRuntime::spawn_linked_instant(None, StockActor, args, supervisor)
            .expect("an actor without a name can always be spawned");
        StockRef { actor, settled }
    }

    /// Puts the units that a durable record gave back on their stock. A product without an actor
    /// has them in its ledger, from which its actor will start.
    pub(crate) fn put_back(&self, lsn: Lsn, event: &Event) {
        event.for_units_back(|store_id, product_id, units| {
            self.tell(store_id, product_id, StockMsg::Put { units, lsn });
        });
    }

    /// Stops selling a product.
    pub(crate) fn stop_selling(&self, store_id: StoreId, product_id: ProductId) {
        tracing::error!(%store_id, %product_id, "the stock law is broken: the product is stopped");
        metrics::counter!("kirana_stock_law_breaches_total").increment(1);
        self.tell(store_id, product_id, StockMsg::Stop);
    }

    fn tell(&self, store_id: StoreId, product_id: ProductId, message: StockMsg) {
        let key = (store_id, product_id);
        if let Some(stock) = self.shard(&key).read().get(&key)
            && stock.actor.cast(message).is_err()
        {
            self.failure.fail("a stock actor is gone");
        }
    }

    /// Ends all actors, when nothing is in flight any more.
    pub(crate) fn stop(&self) {
        for shard in &self.shards {
            for (_, stock) in shard.write().drain() {
                stock.actor.stop(None);
            }
        }
        self.supervisor.stop(None);
    }
}

struct Supervisor;

impl Actor for Supervisor {
    type Msg = ();
    type State = Failure;
    type Arguments = Failure;

    async fn pre_start(
        &self,
        _: ActorRef<()>,
        failure: Failure,
    ) -> Result<Failure, ActorProcessingErr> {
        Ok(failure)
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        failure: &mut Failure,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(_, error) = event {
            failure.fail(format!("a stock actor failed: {error}"));
        }
        Ok(())
    }
}
