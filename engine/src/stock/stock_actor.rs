//! The shelf of one product in one store, owned by one actor: orders for the same unit stand in
//! its mailbox and never race.

use crate::state::live_state::LiveState;
use crate::stock::hold::{Gone, Hold, Settled, StockMsg};
use kirana_domain::{Lsn, ProductId, Promisable, StoreId, Verdict};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// See the module.
pub(crate) struct StockActor;

/// What the actor owns.
pub(crate) struct StockState {
    shelf: Promisable<Box<Hold>>,
    /// The ledger that the shelf was filled from: a `Put` up to there is already in it.
    as_of: Lsn,
    settled: Arc<Settled>,
}

/// What the actor starts from.
pub(crate) struct StockArgs {
    pub(crate) state: Arc<LiveState>,
    pub(crate) store_id: StoreId,
    pub(crate) product_id: ProductId,
    pub(crate) settled: Arc<Settled>,
}

impl Actor for StockActor {
    type Msg = StockMsg;
    type State = StockState;
    type Arguments = StockArgs;

    /// Fills the shelf from the ledger. Nobody has taken from it before, so nothing is in flight.
    async fn pre_start(
        &self,
        _: ActorRef<StockMsg>,
        args: StockArgs,
    ) -> Result<StockState, ActorProcessingErr> {
        let (stock, as_of) = args.state.stock(args.store_id, args.product_id);
        let available = u32::try_from(stock.available.max(0)).unwrap_or(u32::MAX);
        let mut filled = Promisable::new(available);
        if stock.breached {
            filled.stop();
        }
        Ok(StockState { shelf: filled, as_of, settled: args.settled })
    }

    async fn handle(
        &self,
        _: ActorRef<StockMsg>,
        message: StockMsg,
        state: &mut StockState,
    ) -> Result<(), ActorProcessingErr> {
        state.hear_of_settled();
        match message {
            StockMsg::Take(hold) => return Ok(state.take(hold)?),
            StockMsg::GiveBack { units } => state.shelf.settle(units, false),
            StockMsg::Put { units, lsn } if lsn > state.as_of => state.shelf.put(units),
            StockMsg::Put { .. } | StockMsg::Settled => (),
            StockMsg::Stop => state.shelf.stop(),
        }
        Ok(state.answer_waiting()?)
    }
}

impl StockState {
    fn hear_of_settled(&mut self) {
        match self.settled.units.swap(0, Ordering::SeqCst) {
            0 => (),
            units => self.shelf.settle(units, true),
        }
    }

    fn answer_waiting(&mut self) -> Result<(), Gone> {
        while let Some((hold, verdict)) = self.shelf.unpark() {
            self.answer(hold, verdict)?;
        }
        if !self.shelf.is_awaited() {
            self.settled.is_awaited.store(false, Ordering::SeqCst);
        }
        Ok(())
    }

    fn take(&mut self, hold: Box<Hold>) -> Result<(), Gone> {
        match self.shelf.decide(hold.units()) {
            Verdict::Wait if hold.is_whole() => {
                self.shelf.park(hold.units(), hold);
                self.settled.is_awaited.store(true, Ordering::SeqCst);
                self.hear_of_settled();
                self.answer_waiting()
            }
            verdict => self.answer(hold, verdict),
        }
    }

    /// Answers a basket. One that is refused already is only asked, and waits for nobody.
    fn answer(&mut self, hold: Box<Hold>, verdict: Verdict) -> Result<(), Gone> {
        match verdict {
            Verdict::Short { available } => hold.short(available),
            Verdict::Taken | Verdict::Wait if !hold.is_whole() => hold.passed(),
            Verdict::Taken | Verdict::Wait => {
                assert_eq!(verdict, Verdict::Taken, "a whole basket waits before it is answered");
                if hold.is_at_last() {
                    self.shelf.take_decided(hold.units());
                } else {
                    self.shelf.take_undecided(hold.units());
                }
                hold.taken()
            }
        }
    }
}
