//! Checkpoints, and starts from them: what keeps the log and a restart short.
//!
//! | file | holds |
//! |---|---|
//! | `checkpointer.rs` | the thread that takes checkpoints, fills the archive and trims the log |
//! | `recovery.rs` | a start: the newest good checkpoint and the records after it |
//! | `keys.rs` | the keys that a log needs, compared with its vault |
//! | `rebuild.rs` | checkpoint and history of a log that was restored or repaired |

pub(crate) mod checkpointer;
pub(crate) mod keys;
pub(crate) mod rebuild;
pub(crate) mod recovery;
