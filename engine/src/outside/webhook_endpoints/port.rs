//! The port to the sender of webhooks: the engine decides on messages and times, the sender returns
//! the outcome.

use kirana_domain::time::AtMs;
use kirana_domain::{EndpointId, Order};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A message to send now. Standard Webhooks 1.0.0 says in which form.
pub struct HookMessage {
    /// Its id: the same for every attempt, also after a restart and in a replay.
    pub id: String,
    /// Its type, such as `order.placed`.
    pub name: String,
    /// The URL of the endpoint.
    pub url: String,
    /// The secrets that sign it: one signature for each. Never empty.
    pub secrets: Vec<Vec<u8>>,
    /// The time of this attempt, in milliseconds since 1970.
    pub sent_at_ms: AtMs,
    /// The time of the fact that it tells, in milliseconds since 1970.
    pub happened_at_ms: AtMs,
    /// Its content.
    pub content: HookContent,
}

/// The content of a message.
pub enum HookContent {
    /// An order as it was right after the fact.
    Order {
        /// The order.
        order: Arc<Order>,
        /// Its store's code.
        store_code: String,
        /// Its personal part in clear; `None` once it was forgotten.
        personal: Option<Vec<u8>>,
    },
    /// A test: an operator wants to see whether messages arrive.
    Test {
        /// The endpoint.
        endpoint_id: EndpointId,
    },
}

/// A message that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookError {
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The reason, in one short sentence without a secret.
    pub detail: String,
    /// The wait that the other side asks for (`Retry-After`).
    pub after: Option<Duration>,
}

impl HookError {
    /// Returns an error that happened before there was an answer.
    pub fn of(detail: impl Into<String>) -> Self {
        Self { status: None, detail: detail.into(), after: None }
    }

    /// Returns true for 410: the other side wants no more messages.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// Returns true when the other side has too much to do, or names a time to come again: new
    /// messages wait too, not only this one.
    pub(super) fn is_throttle(&self) -> bool {
        self.after.is_some() || matches!(self.status, Some(429 | 502 | 504))
    }
}

/// The status with which the message was taken (2xx), or the reason why it was not.
pub type HookAnswer = Result<u16, HookError>;

/// A sender of webhooks. One call is one attempt.
pub trait HookSender: Send + Sync + 'static {
    /// Sends a message, and returns within a bounded time.
    fn send(&self, message: HookMessage) -> Pin<Box<dyn Future<Output = HookAnswer> + Send + '_>>;
}
