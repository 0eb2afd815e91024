//! Every test that needs more than one crate, in one binary.
//!
//! `engine_*` drive the engine in process, `http_*` start the program and talk to it, `tidy_*` read
//! the source. See `tests/README.md`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod durable_disk_full;
mod durable_kill9;
mod durable_power_cut;
mod engine_admission;
mod engine_cases;
mod engine_exactly_once;
mod engine_fail_stop;
mod engine_holds;
mod engine_model;
mod engine_never_oversold;
mod engine_restart;
mod engine_scenarios;
mod engine_simulation;
mod http_bad_calls;
mod http_bad_input;
mod http_bad_shop;
mod http_bad_transport;
mod http_flash_sale;
mod http_gateway;
mod http_groceries;
mod http_load;
mod http_real_input;
mod http_start;
mod http_walk;
mod tidy_imports;

/// The program under test.
const EXE: &str = env!("CARGO_BIN_EXE_kirana-under-test");
