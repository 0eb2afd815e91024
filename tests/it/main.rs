//! Every test that needs more than one crate, in one binary.
//!
//! `engine_*` drive the engine in process, `http_*` start the program and talk to it, `tidy_*` read
//! the source. See `tests/README.md`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers of tests"
)]
#![allow(
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::unused_self,
    clippy::large_futures,
    reason = "a story is told from beginning to end"
)]

mod durable_disk_full;
mod durable_kill9;
mod durable_power_cut;
mod engine_admission;
mod engine_carts;
mod engine_cases;
mod engine_checkpoints;
mod engine_claims;
mod engine_clock;
mod engine_exactly_once;
mod engine_fail_stop;
mod engine_hoarding;
mod engine_holds;
mod engine_life;
mod engine_live;
mod engine_lives;
mod engine_model;
mod engine_never_oversold;
mod engine_payments;
mod engine_restart;
mod engine_scenarios;
mod engine_simulation;
mod http_app;
mod http_bad_calls;
mod http_bad_input;
mod http_bad_payments;
mod http_bad_shop;
mod http_bad_shop2;
mod http_bad_transport;
mod http_damage;
mod http_disputes;
mod http_ended_orders;
mod http_first_release;
mod http_flash_sale;
mod http_gateway;
mod http_groceries;
mod http_hoarding;
mod http_hooks;
mod http_identity;
mod http_life_cod;
mod http_life_online;
mod http_limits;
mod http_live;
mod http_live_crowd;
mod http_load;
mod http_manners;
mod http_odd_money;
mod http_payments_chaos;
mod http_real_input;
mod http_riders;
mod http_shop_carts;
mod http_shop_catalogue;
mod http_shop_prices;
mod http_shop_zones;
mod http_start;
mod http_walk;
mod log_backup;
mod log_damage;
mod log_derived;
mod log_export;
mod log_moments;
mod log_nonsense;
mod log_proofs;
mod log_store;
mod log_tools;
mod log_vault;
mod log_what_if;
mod log_year;
mod tidy_documents;
mod tidy_imports;
mod tidy_shape;

/// The program under test.
const EXE: &str = env!("CARGO_BIN_EXE_kirana-under-test");

/// The checker of proofs.
const PROOF_EXE: &str = env!("CARGO_BIN_EXE_kirana-proof-under-test");
