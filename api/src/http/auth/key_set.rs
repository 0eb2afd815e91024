//! The public keys of the sign-in service, as they were last read from its URL or from a file.
//!
//! One task reads them: by itself every few minutes, and when a token names a key that is not
//! there, though never twice within [`PAUSE_MS`], however many tokens do. When they cannot be read,
//! those known are good for as long as the service's own tokens live. Ages are counted in elapsed
//! time: a wall clock that jumps makes no key older or younger.

use super::invalid;
use super::jwk::{self, KeyId, PublicKey};
use crate::http::problem::{Problem, table};
use crate::outbound::{Call, Outbound};
use axum::body::Bytes;
use axum::http::header::{ACCEPT, HeaderValue};
use axum::http::{Method, Uri};
use kirana_engine::Clock;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// Time for which keys count as they were read: Supabase Auth asks that a revoked one is gone
/// everywhere within ten minutes.
const FRESH_MS: i64 = 10 * 60 * 1_000;
/// Time for which they count when they cannot be read again: an hour, after which the service's
/// tokens have expired in any case.
const STALE_MS: i64 = 60 * 60 * 1_000;
/// Time from one reading to the next that a token, or a failure, may cause.
const PAUSE_MS: i64 = 5_000;
/// Time from one reading to the next that nothing causes.
const EVERY: Duration = Duration::from_mins(5);
/// Longest time of one reading.
const READ_MAX: Duration = Duration::from_secs(5);
/// Longest time that a token waits for it.
const WAIT_MAX: Duration = Duration::from_secs(6);

/// A place that keys are read from.
pub(super) enum Source {
    Url(Uri, Box<Outbound>),
    File(PathBuf),
}

impl Source {
    /// Returns the file of a set of keys that can be read now.
    ///
    /// # Errors
    /// A sentence that names it.
    pub(super) fn file(path: PathBuf) -> Result<Self, String> {
        let read = std::fs::read(&path).map_err(|error| error.to_string());
        match read.and_then(|bytes| jwk::parse(&bytes)) {
            Ok(_) => Ok(Self::File(path)),
            Err(error) => Err(format!("the keys in {} cannot be used: {error}", path.display())),
        }
    }
}

/// The keys, and the outcome of the last reading. Moments are in elapsed milliseconds.
#[derive(Default)]
struct Known {
    keys: Vec<Arc<PublicKey>>,
    read_at_ms: Option<i64>,
    tried_at_ms: Option<i64>,
    has_failed: bool,
}

/// The next step for a token that names a key.
enum Look<'a> {
    Use(&'a Arc<PublicKey>),
    /// The keys are to be read first.
    Read,
    Unknown,
    /// The keys could not be read.
    Unavailable,
}

impl Known {
    fn look(&self, kid: &str, now_ms: i64) -> Look<'_> {
        match self.keys.iter().find(|key| key.kid == kid) {
            Some(key) if self.counts(now_ms) => Look::Use(key),
            _ if self.may_be_read(now_ms) => Look::Read,
            _ if self.has_failed => Look::Unavailable,
            _ => Look::Unknown,
        }
    }

    /// Returns true while the keys are fresh, or stale because they could not be read again.
    fn counts(&self, now_ms: i64) -> bool {
        let good_for_ms = if self.has_failed { STALE_MS } else { FRESH_MS };
        self.read_at_ms.is_some_and(|read_at_ms| now_ms - read_at_ms < good_for_ms)
    }

    fn may_be_read(&self, now_ms: i64) -> bool {
        self.tried_at_ms.is_none_or(|tried_at_ms| now_ms - tried_at_ms >= PAUSE_MS)
    }
}

/// The keys of one service.
pub(super) struct KeySet {
    source: Source,
    clock: Arc<dyn Clock>,
    known: watch::Sender<Arc<Known>>,
    wanted: Notify,
}

impl KeySet {
    /// Returns a set in which nothing has been read yet.
    pub(super) fn new(source: Source, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, known: watch::Sender::default(), wanted: Notify::new() }
    }

    /// Returns the key of that name. Waits while the keys are being read, if need be.
    ///
    /// # Errors
    /// [`table::TOKEN_INVALID`] when there is none, [`table::KEYS_UNAVAILABLE`] when nobody knows.
    pub(super) async fn find(&self, kid: &str) -> Result<Arc<PublicKey>, Problem> {
        let mut told = self.known.subscribe();
        let known = Arc::clone(&told.borrow_and_update());
        let known = match known.look(kid, self.clock.elapsed_ms()) {
            Look::Read => {
                self.wanted.notify_one();
                // Whether it came in time or not: what is known then is the answer.
                _ = timeout(WAIT_MAX, told.changed()).await;
                Arc::clone(&told.borrow())
            }
            _ => known,
        };
        match known.look(kid, self.clock.elapsed_ms()) {
            Look::Use(key) => Ok(Arc::clone(key)),
            Look::Unknown => Err(invalid("the token is signed with a key that is not known here")),
            Look::Read | Look::Unavailable => Err(Problem::new(&table::KEYS_UNAVAILABLE)),
        }
    }

    /// Returns true for a key that still counts.
    pub(super) fn vouches_for(&self, id: KeyId) -> bool {
        let known = self.known.borrow();
        known.counts(self.clock.elapsed_ms()) && known.keys.iter().any(|key| key.id == id)
    }

    /// Reads the keys again and again; never ends. Calls `changed` after a reading without a key
    /// that was there before.
    pub(super) async fn keep_fresh(&self, changed: impl Fn()) {
        loop {
            if self.read().await {
                changed();
            }
            let has_failed = self.known.borrow().has_failed;
            let soon = Duration::from_millis(PAUSE_MS.unsigned_abs());
            let pause = if has_failed { soon } else { EVERY };
            // Asked while the last reading was under way, it may have come already.
            while timeout(pause, self.wanted.notified()).await.is_ok()
                && !self.known.borrow().may_be_read(self.clock.elapsed_ms())
            {}
        }
    }

    /// Reads the keys once. Returns true when one that was there before has gone.
    pub(super) async fn read(&self) -> bool {
        let keys = self.fetch().await;
        let now_ms = self.clock.elapsed_ms();
        let before = Arc::clone(&self.known.borrow());
        let (after, has_lost) = match keys {
            Ok(keys) => {
                let stays = |id: KeyId| keys.iter().any(|key| key.id == id);
                let has_lost = !before.keys.iter().all(|key| stays(key.id));
                if has_lost || keys.len() != before.keys.len() {
                    tracing::info!(keys = keys.len(), "the keys of the sign-in service changed");
                }
                let keys = keys.into_iter().map(Arc::new).collect();
                (Known { keys, read_at_ms: Some(now_ms), ..Known::default() }, has_lost)
            }
            Err(error) => {
                if !before.has_failed {
                    tracing::error!(%error, "the keys of the sign-in service cannot be read");
                }
                let (keys, read_at_ms) = (before.keys.clone(), before.read_at_ms);
                (Known { keys, read_at_ms, has_failed: true, ..Known::default() }, false)
            }
        };
        let after = Known { tried_at_ms: Some(now_ms), ..after };
        self.known.send_replace(Arc::new(after));
        has_lost
    }

    async fn fetch(&self) -> Result<Vec<PublicKey>, String> {
        let (uri, outbound) = match &self.source {
            Source::Url(uri, outbound) => (uri.clone(), outbound),
            Source::File(path) => {
                let bytes = tokio::fs::read(path).await.map_err(|error| error.to_string())?;
                return jwk::parse(&bytes);
            }
        };
        let call = Call {
            method: Method::GET,
            uri,
            headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
            body: Bytes::new(),
            timeout: READ_MAX,
            pinned: None,
        };
        let answer = outbound.call(call).await.map_err(|error| error.to_string())?;
        match answer.status {
            200 => jwk::parse(&answer.body),
            status => Err(format!("the answer has the status {status}")),
        }
    }
}
