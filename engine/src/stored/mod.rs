//! Stored shapes: what each schema number means, for ever.
//!
//! To change what is stored, add a module `v2` with new shapes and turn `v1` into the domain as
//! before; never edit a released module. `tests/golden/log` keeps bytes of every version.

pub(crate) mod parts;
pub(crate) mod v1;
