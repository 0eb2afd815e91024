//! Fail-stop: the one way in which the engine ends unasked.
//!
//! A journal that failed, an actor that panicked or lost a command: none of it is repaired in
//! place. The first reason is kept, everything new is refused, and the process is told to end;
//! the restart replays the log.

use std::sync::Arc;
use tokio::sync::watch;

/// The first failure of the engine, shared by all parts.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Arc<watch::Sender<Option<String>>>);

impl Default for Failure {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Failure {
    /// Reports a failure. Only the first one counts: later ones are mostly its consequence.
    pub(crate) fn fail(&self, reason: impl Into<String>) {
        self.0.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                let reason = reason.into();
                tracing::error!(reason, "the engine has failed and ends the process");
                *first = Some(reason);
            }
            is_first
        });
    }

    /// Returns true once a failure was reported.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Returns a watch of the failure.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<String>> {
        self.0.subscribe()
    }
}
