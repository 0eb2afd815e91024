//! The port to whoever sends webhooks: the engine says what and when, the sender says how it went.

use kirana_domain::time::AtMs;
use kirana_domain::{EndpointId, Order};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A message to send now. Standard Webhooks 1.0.0 says in which form.
pub struct HookMessage {
    /// Its id: the same for every try, also after a restart and in a replay.
    pub id: String,
    /// Its type, such as `order.placed`.
    pub name: String,
    /// Where to.
    pub url: String,
    /// What it is signed with: one signature for each. Never empty.
    pub secrets: Vec<Vec<u8>>,
    /// The time of this try, in milliseconds since 1970.
    pub sent_at_ms: AtMs,
    /// When that happened which it tells, in milliseconds since 1970.
    pub happened_at_ms: AtMs,
    /// What it tells.
    pub content: HookContent,
}

/// What a message tells.
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
    /// Nothing: somebody wants to see whether messages arrive.
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
    /// What went wrong, in one short sentence without a secret.
    pub detail: String,
    /// How long the other side wants us to wait (`Retry-After`).
    pub after: Option<Duration>,
}

impl HookError {
    /// Something went wrong before there was an answer.
    pub fn of(detail: impl Into<String>) -> Self {
        Self { status: None, detail: detail.into(), after: None }
    }

    /// True for 410: the other side wants no more messages.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// True where the other side has too much to do, or says when to come again: new messages
    /// wait too, not only this one.
    pub(super) fn is_throttle(&self) -> bool {
        self.after.is_some() || matches!(self.status, Some(429 | 502 | 504))
    }
}

/// The status of the answer of whoever took the message (2xx), or why it was not taken.
pub type HookAnswer = Result<u16, HookError>;

/// Sends webhooks. One call is one try.
pub trait HookSender: Send + Sync + 'static {
    /// Sends a message, and answers within a bounded time.
    fn send(&self, message: HookMessage) -> Pin<Box<dyn Future<Output = HookAnswer> + Send + '_>>;
}
