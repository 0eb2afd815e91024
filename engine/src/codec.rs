//! Bytes of records and of checkpoints: domain types into stored shapes and back.
//!
//! | file | holds |
//! |---|---|
//! | `record.rs` | records to bytes and back; the only place that knows bincode's options |
//! | `stored/` | the released shapes of records |
//! | `snapshot/` | the released shapes of a whole state: the content of a checkpoint |
//! | `decode.rs` | frames of the log as records, on a thread of its own |
//! | `labels.rs` | the labels that records are found by in the archive |
//! | `lsn.rs` | positions of the domain as positions of the storage, and back |
//! | `known_items.rs` | items that decoded orders share |

pub(crate) mod decode;
pub(crate) mod known_items;
pub(crate) mod labels;
pub(crate) mod lsn;
pub(crate) mod record;
pub(crate) mod snapshot;
pub(crate) mod stored;

pub use record::{CodecError, decode, encode};
pub(crate) use record::{OfRecords, decode_sharing, front};
