//! The state that the log has led to, and every way to read it.
//!
//! | file | holds |
//! |---|---|
//! | `live_state.rs` | the books of the domain, each behind a lock of its own |
//! | `history.rs` | orders that have ended and left memory |
//! | `reads.rs` | reads from memory, history and log as one; as of an earlier moment |
//! | `locations.rs` | where riders are, in memory only |
//! | `damages.rs` | damage on disk that was met |
//! | `feed.rs` | facts about orders for live listeners, by position |
//! | `read_error.rs` | the reason why a read failed |

pub(crate) mod damages;
pub(crate) mod feed;
pub(crate) mod history;
pub(crate) mod live_state;
pub(crate) mod locations;
pub(crate) mod read_error;
pub(crate) mod reads;
