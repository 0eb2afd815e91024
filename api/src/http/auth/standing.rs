//! The standing of tokens that were found good: a key may be withdrawn since, a person or a sign-in
//! revoked.

use super::Holder;
use super::key_set::KeySet;
use super::revocations::{Revocations, RevokeError};
use std::io;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// The state that all tokens are compared with, each time that they come.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) keys: Option<Arc<KeySet>>,
    pub(super) revocations: Revocations,
    /// Told after each change by which a token may end.
    pub(super) changes: watch::Sender<()>,
}

impl Standing {
    /// Returns true while the key that the token was found good by counts.
    pub(super) fn knows_key_of(&self, holder: &Holder) -> bool {
        let vouches = |id| self.keys.as_ref().is_some_and(|keys| keys.vouches_for(id));
        holder.key.is_none_or(vouches)
    }

    /// Changes the revocations, and tells the streams. The change is made even if nobody waits for
    /// it any more.
    pub(super) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Revocations) -> Result<T, RevokeError> + Send + 'static,
    ) -> Result<T, RevokeError> {
        let this = Arc::clone(self);
        let changed = tokio::task::spawn_blocking(move || {
            let changed = change(&this.revocations);
            this.changes.send_replace(());
            changed
        });
        changed.await.unwrap_or_else(|error| Err(RevokeError::Io(io::Error::other(error))))
    }
}

/// The right to a stream: it lasts no longer than its token.
pub(crate) struct Pass {
    holder: Holder,
    standing: Arc<Standing>,
    changes: watch::Receiver<()>,
    /// The end of the token.
    pub(crate) ends: Instant,
}

impl Pass {
    pub(super) fn new(holder: Holder, standing: &Arc<Standing>, ends: Instant) -> Self {
        let (standing, changes) = (Arc::clone(standing), standing.changes.subscribe());
        Self { holder, standing, changes, ends }
    }

    /// Returns true once the token has ended, by itself or because it was withdrawn.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.ends
            || !self.standing.knows_key_of(&self.holder)
            || self.standing.revocations.hold_for(&self.holder)
    }

    /// Waits until it may have been withdrawn. A wait may be given up without loss.
    pub(crate) async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
