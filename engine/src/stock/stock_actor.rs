//! The promisable units of one product in one store, owned by one actor: orders for the same unit
//! stand in its mailbox and never race.

use crate::admission::message::ActorGone;
use crate::state::live_state::LiveState;
use crate::stock::reservation::{Reservation, Settled, StockMsg};
use kirana_domain::{Lsn, ProductId, Promisable, StoreId, Verdict};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The actor of one product in one store; its data is [`StockState`].
pub(crate) struct StockActor;

/// The data of a stock actor.
pub(crate) struct StockState {
    promisable: Promisable<Box<Reservation>>,
    /// The position of the ledger that it started from: a `Put` up to there is counted already.
    as_of: Lsn,
    settled: Arc<Settled>,
}

/// The arguments of a new stock actor.
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

    /// Starts from the units of the ledger. None were taken before, so none are in flight.
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
        Ok(StockState { promisable: filled, as_of, settled: args.settled })
    }

    async fn handle(
        &self,
        _: ActorRef<StockMsg>,
        message: StockMsg,
        state: &mut StockState,
    ) -> Result<(), ActorProcessingErr> {
        state.hear_of_settled();
        match message {
            StockMsg::Take(reservation) => return Ok(state.take(reservation)?),
            StockMsg::GiveBack { units } => state.promisable.settle(units, false),
            StockMsg::Put { units, lsn } if lsn > state.as_of => state.promisable.put(units),
            StockMsg::Put { .. } | StockMsg::Settled => (),
            StockMsg::Stop => state.promisable.stop(),
        }
        Ok(state.answer_waiting()?)
    }
}

impl StockState {
    fn hear_of_settled(&mut self) {
        match self.settled.units.swap(0, Ordering::SeqCst) {
            0 => (),
            units => self.promisable.settle(units, true),
        }
    }

    fn answer_waiting(&mut self) -> Result<(), ActorGone> {
        while let Some((reservation, verdict)) = self.promisable.unpark() {
            self.answer(reservation, verdict)?;
        }
        if !self.promisable.is_awaited() {
            self.settled.is_awaited.store(false, Ordering::SeqCst);
        }
        Ok(())
    }

    fn take(&mut self, reservation: Box<Reservation>) -> Result<(), ActorGone> {
        match self.promisable.decide(reservation.units()) {
            Verdict::Wait if reservation.is_whole() => {
                self.promisable.park(reservation.units(), reservation);
                self.settled.is_awaited.store(true, Ordering::SeqCst);
                self.hear_of_settled();
                self.answer_waiting()
            }
            verdict => self.answer(reservation, verdict),
        }
    }

    /// Answers a reservation. One that is refused already is only asked, and does not wait.
    fn answer(&mut self, reservation: Box<Reservation>, verdict: Verdict) -> Result<(), ActorGone> {
        match verdict {
            Verdict::Short { available } => reservation.short(available),
            Verdict::Taken | Verdict::Wait if !reservation.is_whole() => reservation.passed(),
            Verdict::Taken | Verdict::Wait => {
                assert_eq!(verdict, Verdict::Taken, "a whole basket waits before it is answered");
                if reservation.is_at_last() {
                    self.promisable.take_decided(reservation.units());
                } else {
                    self.promisable.take_undecided(reservation.units());
                }
                reservation.taken()
            }
        }
    }
}
