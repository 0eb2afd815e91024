//! What the tests share.

pub mod clocks;
pub mod crowd;
pub mod data;
pub mod dice;
pub mod files;
pub mod gate;
pub mod hooks;
pub mod http;
pub mod life;
pub mod live;
pub mod market;
pub mod past;
pub mod problem;
pub mod process;
pub mod provider;
pub mod shop;
pub mod sign_in;
pub mod stage;
pub mod volume;
