//! The way in: a command is let in or refused at once, and carries the right to be answered.
//!
//! Everything that travels through the engine is defined here, below all who send it or take it.
//!
//! | file | holds |
//! |---|---|
//! | `command.rs` | commands, and the results that callers get |
//! | `answer.rs` | the answer to a command by the last of its records |
//! | `admit.rs` | admission, retries under a key, the ticket that travels with a command |
//! | `serial_lock.rs` | the lock of decisions that must see each other |
//! | `shard.rs` | the shard of a map that an id belongs to |
//! | `placing.rs` | orders of a customer that are being placed |
//! | `message.rs` | messages to the actor of an order |
//! | `append.rs` | records on their way to the log |

pub(crate) mod admit;
pub(crate) mod answer;
pub(crate) mod append;
pub(crate) mod command;
pub(crate) mod message;
pub(crate) mod placing;
pub(crate) mod serial_lock;
pub(crate) mod shard;
