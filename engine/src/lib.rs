//! The domain put to work: actors, journal writer, timers, recovery.
//!
//! `ARCHITECTURE.md` beside this crate has the map and the walk of one order. From outside there is
//! one thing to hold: an [`Engine`]. Commands go in by [`Engine::submit`] and are answered when
//! their record is durable; reads come from the state that the log has led to.

mod admission;
mod catalogue;
mod checkpoints;
mod clock;
mod codec;
mod config;
mod engine;
mod failure;
mod log;
mod orders;
mod outside;
mod state;
mod stock;
pub mod tools;

pub use admission::command::{
    Command, NewProduct, Outcome, PlaceOrder, Receipt, Request, SubmitError, Webhook,
};
pub use admission::endpoint_command::{EndpointCommand, ROTATION_MS};
pub use checkpoints::checkpointer::{CheckpointError, CheckpointTaken};
pub use checkpoints::rebuild::{RebuildError, Rebuilt, indexer, rebuild};
pub use checkpoints::recovery::{OpenError, Progress};
pub use clock::{Clock, ManualClock, SystemClock};
pub use codec::{CodecError, decode, encode};
pub use config::Config;
pub use engine::{Engine, Stats};
pub use orders::pricing::{Priced, Wanted};
pub use outside::payment_port::{Answer as PaymentPortAnswer, PaymentPort, PaymentPortError};
pub use outside::webhook_endpoints::{
    ATTEMPTS_KEPT, Attempt, HookAnswer, HookContent, HookError, HookMessage, HookSender,
};
pub use state::feed::now::{OPEN_ORDERS_MAX, OpenOrders};
pub use state::feed::{LiveEvent, Next, Subscription, Topic, WORDS, is_over, what_happened};
pub use state::read_error::ReadError;
pub use state::reads::{AS_OF_RECORDS_MAX, AsOf, LogHead, OrderFilter, OrdersOf};
