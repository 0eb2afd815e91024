//! A lane: decisions that see each other happen one after the other.

use std::sync::Arc;
use tokio::sync::Mutex;

/// Lock of decisions that must see what the one before them led to. It is held until that is
/// applied, so the next decision starts from it.
pub(crate) type SerialLock = Arc<Mutex<()>>;
