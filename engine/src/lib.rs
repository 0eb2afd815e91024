//! The domain put to work: actors, journal writer, timers, recovery.
//!
//! `ARCHITECTURE.md` beside this crate has the map and the walk of one order. Callers hold an
//! [`Engine`]: [`Engine::submit`] takes a command and returns once its record is durable; reads
//! come from the state that the log has led to.
//!
//! The parts, in the order in which a command passes them:
//!
//! | folder or file | what it holds |
//! |---|---|
//! | `engine` | the engine from outside: start, submit, read, stop |
//! | `admission` | admission, exactly once, and everything that travels: commands, tickets, messages |
//! | `catalogue` | commands about stores, products, zones, coupons and stock that comes in |
//! | `orders` | the actors of orders: pricing, decisions, timers |
//! | `stock` | the actors of products: units that can be promised |
//! | `log` | the writer of the log, and the publisher of durable records |
//! | `state` | the state that the log has led to: reads, history, live feed |
//! | `outside` | calls to the payment provider, and webhooks |
//! | `checkpoints` | checkpoints, and starts from them |
//! | `codec` | bytes of records and of checkpoints |
//! | `tools` | computations on a log: verify, replay, explain, export |
//! | `config`, `clock`, `failure` | bounds, time, and the end of an engine that has failed |

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
    Command, OtherOutcome, Outcome, PlaceOrder, Receipt, Request, SubmitError, Webhook,
};
pub use checkpoints::checkpointer::{CheckpointError, CheckpointTaken};
pub use checkpoints::keys::{KeysError, LostKeys};
pub use checkpoints::rebuild::{RebuildError, Rebuilt, indexer, rebuild};
pub use checkpoints::recovery::{OpenError, Progress};
pub use clock::{Clock, ClockReading, ManualClock, SystemClock};
pub use codec::{CodecError, decode, encode};
pub use config::Config;
pub use engine::{Engine, RiderOnTheWay, Stats};
pub use orders::holds::Basis;
pub use orders::pricing::{Priced, Wanted};
pub use outside::payment_port::{Answer as PaymentPortAnswer, PaymentPort, PaymentPortError};
pub use outside::webhook_endpoints::{
    ATTEMPTS_KEPT, Attempt, HookAnswer, HookContent, HookError, HookMessage, HookSender,
};
pub use state::feed::now::{OPEN_ORDERS_MAX, OpenOrders};
pub use state::feed::{LiveEvent, Next, Subscription, Topic, is_over};
pub use state::locations::RiderLocation;
pub use state::read_error::ReadError;
pub use state::reads::{AS_OF_RECORDS_MAX, AsOf, LogHead, OrderFilter, OrdersOf};
