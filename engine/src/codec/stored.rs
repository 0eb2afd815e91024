//! Stored shapes: what each schema number means, for ever.
//!
//! To say more of one kind of fact, add a shape to the end of its schema (`v1.rs` says how, and
//! lists those that have two). To change what is stored of many, add a module `v2` with new shapes
//! and turn `v1` into the domain as before. A released shape is never edited. `tests/golden/log`
//! keeps bytes of every shape.

pub(crate) mod parts;
pub(crate) mod v1;
