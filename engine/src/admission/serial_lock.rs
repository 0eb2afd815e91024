//! The lock of decisions that must see each other: they happen one after the other.

use std::sync::Arc;
use tokio::sync::Mutex;

/// Lock of decisions, each of which must see the outcome of the one before. It is held until that
/// is applied, so the next decision starts from it.
pub(crate) type SerialLock = Arc<Mutex<()>>;
