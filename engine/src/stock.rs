//! Units that can be promised: one actor for each product of a store.
//!
//! | file | holds |
//! |---|---|
//! | `reservation.rs` | a basket on its way past the actors of its products |
//! | `stock_actor.rs` | the actor of one product |
//! | `registry.rs` | all actors, found by store and product and spawned at first need |

pub(crate) mod registry;
pub(crate) mod reservation;
pub(crate) mod stock_actor;
