//! What the tests share.

pub mod crowd;
pub mod data;
pub mod dice;
pub mod gate;
pub mod http;
pub mod market;
pub mod problem;
pub mod process;
pub mod shop;
pub mod volume;
