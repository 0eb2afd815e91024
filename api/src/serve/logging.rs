//! Logs on standard error: JSON lines for machines, or lines for people.
//!
//! Logs name requests, routes, codes and times; never a token, an address or a name.

use crate::config::LogFormat;
use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` says how much, `info` unless told otherwise. The answers of requests
/// are of the target `kirana::access`.
pub(super) fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process keeps the first: tests and benches do that.
    _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
}
