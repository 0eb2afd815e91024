//! The computations of the log tools: from a reader of a log to an answer, without printing.
//!
//! Everything here reads through a [`Log`], record after record: what is kept meanwhile is the
//! answer, or the state that a replay leads to, and never the log itself. One thread reads,
//! decompresses and checks; another looks at what the records say.
//!
//! | to | open |
//! |---|---|
//! | go through records, up to a position or a time | `scan.rs` |
//! | find an order, a product or a store by what people call it | `find.rs` |
//! | have the state as of then | `replay.rs` |
//! | say what is behind a number | `explain.rs` |
//! | check all of it | `verify.rs` |
//! | compare a log with the keys of its personal data | `keys.rs` |
//! | take the head of a log, prove records | `head.rs` |
//! | say what is different between two positions | `diff.rs` |
//! | have the log as tables | `export.rs` |
//! | say what another rule would have changed | `what_if.rs` |

pub mod diff;
mod error;
pub mod explain;
pub mod export;
pub mod find;
pub mod head;
pub mod keys;
mod replay;
mod scan;
pub mod verify;
pub mod what_if;

pub use error::ToolError;
pub use replay::Replayed;
pub use scan::{Flow, Log, Until};

#[cfg(test)]
mod samples;
