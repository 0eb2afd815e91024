//! Orders at work: one actor for each order that something happens to.
//!
//! | file | holds |
//! |---|---|
//! | `dispatch.rs` | the ways of a command to the actor of its order |
//! | `placing_order.rs` | a new order: its price, its units, its record |
//! | `order_actor.rs` | the actor: decides on an order and sends records to the log |
//! | `core.rs` | the parts of the engine that an order is worked on with |
//! | `registry.rs` | the orders that are awake |
//! | `pricing.rs`, `coupon_reservations.rs` | the price of a basket; uses of coupons ahead of the log |
//! | `holds.rs` | the bounds on what one customer may hold |
//! | `timers.rs` | deadlines of unpaid orders |
//! | `outbox_plan.rs` | tasks that are due at the payment provider |

pub(crate) mod core;
pub(crate) mod coupon_reservations;
pub(crate) mod dispatch;
pub(crate) mod holds;
pub(crate) mod order_actor;
pub(crate) mod outbox_plan;
mod placing_order;
pub(crate) mod pricing;
pub(crate) mod registry;
pub(crate) mod timers;
