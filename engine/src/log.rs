//! The way to the disk and back: one writer, and what follows a durable record.
//!
//! | file | holds |
//! |---|---|
//! | `journal_writer.rs` | the thread that appends and syncs groups of records |
//! | `publisher.rs` | the thread that applies durable records and answers their callers |

pub(crate) mod journal_writer;
pub(crate) mod publisher;
