//! Settings: defaults, then the file, then `KIRANA_*` in the environment, then flags.
//!
//! All keys are flat and stand in one table. An unknown one in the file or the environment is
//! refused by name: a misspelt limit that does nothing is worse than a program that does not start.

pub(crate) mod flags;
mod layers;
mod razorpay;
mod sign_in;
mod table;

use crate::http::auth::SignIn;
use crate::http::browsers;
use crate::http::gateway::Limits;
use crate::http::listener::Bounds;
use crate::http::peer::Networks;
use crate::http::quotas::{self, Group};
use crate::razorpay::Settings;
use crate::secret;
use axum::http::HeaderValue;
use flags::Given;
use kirana_domain::{HoldRules, StoreId};
use layers::{Layers, Source};
use serde::{Deserialize, Serialize};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use table::Keys;
use toml::Table;
use uuid::Uuid;

/// More connections than a machine has.
const CONNECTIONS_MAX: usize = 1_000_000;

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Lines for people.
    Text,
}

/// The command line's part in the settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The file.
    pub config: Option<PathBuf>,
    /// The settings among the flags.
    pub(crate) given: Given,
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Address to answer operators on.
    pub(crate) operator_listen: SocketAddr,
    /// Origins of pages that may call.
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// Data directory.
    pub data: PathBuf,
    /// Format of logs.
    pub log: LogFormat,
    /// The secret that tokens are signed with, where one was configured.
    pub hs256_secret: Option<secret::Secret>,
    /// The sign-in service whose tokens are good here.
    pub sign_in: SignIn,
    /// Bounds of a request.
    pub limits: Limits,
    /// Bounds of connections.
    pub bounds: Bounds,
    /// Bounds of the engine.
    pub(crate) engine: kirana_engine::Config,
    /// The store that the Dayliz app's API is for, where there is one.
    pub(crate) dayliz_store: Option<StoreId>,
    /// Razorpay, where it was configured; without it no order can be paid online.
    pub(crate) razorpay: Option<Settings>,
}

impl Config {
    /// Reads the file and this process's environment, and puts the flags on top.
    ///
    /// # Errors
    /// A sentence that names the file, the key, the variable or the flag.
    pub fn load(flags: &Flags) -> Result<Self, String> {
        Self::resolve(layers(flags)?.keys()?)
    }

    /// Returns the settings that [`Self::load`] would take, as a file, with the place of each.
    ///
    /// # Errors
    /// As of [`Self::load`].
    pub(crate) fn print(flags: &Flags) -> Result<String, String> {
        let layers = layers(flags)?;
        let keys = layers.keys()?;
        Self::resolve(keys.clone())?;
        Ok(layers.print(&keys))
    }

    fn resolve(keys: Keys) -> Result<Self, String> {
        let (quotas, engine) = (quotas_of(&keys), engine_of(&keys));
        let listen = address(&keys.listen)?;
        let operator_listen = address(&keys.operator_listen)?;
        let trusted_proxies = Networks::parse(&keys.trusted_proxies)
            .map_err(|error| format!("trusted_proxies is not right: {error}"))?;
        let cors_origins = browsers::origins(&keys.cors_origins)
            .map_err(|error| format!("cors_origins is not right: {error}"))?;
        let hs256_secret = match (keys.hs256_secret, keys.hs256_secret_file) {
            (Some(_), Some(_)) => {
                return Err("give hs256_secret or hs256_secret_file, not both".to_owned());
            }
            (Some(text), None) => Some(secret::Secret::new(text.0.into_bytes())?),
            (None, Some(path)) => Some(secret::read(&path)?),
            (None, None) => None,
        };
        let dayliz_store = keys.dayliz_store.map(|id| match Uuid::try_parse(&id) {
            Ok(store_id) => Ok(StoreId(store_id)),
            Err(_) => Err(format!("`{id}` in dayliz_store is not the id of a store")),
        });
        let stall = Duration::from_millis(keys.stream_stall_ms_max.0);
        Ok(Self {
            listen,
            operator_listen,
            cors_origins,
            data: keys.data,
            log: keys.log,
            hs256_secret,
            sign_in: sign_in::resolve(
                keys.jwks_url,
                keys.jwks_file,
                keys.token_issuer,
                keys.token_audience,
            )?,
            limits: Limits {
                body_bytes_max: keys.body_bytes_max.0,
                body: Duration::from_millis(keys.body_ms_max.0),
                request: Duration::from_millis(keys.request_ms_max.0),
                import_bytes_max: keys.import_bytes_max,
                import_rows_max: keys.import_rows_max,
                streams_max: keys.streams_max,
                stream_stall: stall,
                hooks_allow_private: keys.webhooks_allow_private,
                metrics_public: keys.metrics_public,
                quotas,
            },
            bounds: Bounds {
                connections_max: keys.connections_max.0.min(CONNECTIONS_MAX),
                per_address_max: keys.connections_per_address_max,
                trusted_proxies,
                first_byte: Duration::from_millis(keys.first_byte_ms_max.0),
                head: Duration::from_millis(keys.head_ms_max.0),
                idle: Duration::from_millis(keys.idle_ms_max.0),
                drain: Duration::from_millis(keys.drain_ms_max),
                stall,
            },
            engine,
            dayliz_store: dayliz_store.transpose()?,
            razorpay: razorpay::Given {
                key_id: keys.razorpay_key_id,
                key_secret: keys.razorpay_key_secret,
                webhook_secret: keys.razorpay_webhook_secret,
                webhook_secret_previous: keys.razorpay_webhook_secret_previous,
                url: keys.razorpay_url,
                timeout_ms: keys.razorpay_timeout_ms.0,
            }
            .resolve()?,
        })
    }
}

/// Returns the bounds of the engine.
fn engine_of(keys: &Keys) -> kirana_engine::Config {
    kirana_engine::Config {
        in_flight_max: keys.engine_in_flight_max.0,
        per_caller_max: keys.engine_per_caller_max.0,
        keys_max: keys.engine_keys_max.0,
        holds: HoldRules {
            unpaid_max: keys.engine_unpaid_orders_max,
            full_orders_max: keys.engine_full_orders_max,
            lapses_max: keys.engine_lapsed_holds_max,
            pause_ms: keys.engine_hold_pause_ms.into(),
        },
        checkpoint_records: keys.engine_checkpoint_records.0,
        database_bytes: keys.engine_database_bytes,
        archive_backup: keys.archive_backup.clone(),
        scrub_pause: Duration::from_millis(keys.scrub_pause_ms),
        clock_gap_max: Duration::from_millis(keys.clock_gap_ms_max),
        first_look: Duration::from_millis(keys.first_look_ms.0),
        hook_retry_divisor: keys.webhooks_retry_scale.0,
        ..kirana_engine::Config::default()
    }
}

/// Returns the quotas, none where they are turned off.
fn quotas_of(keys: &Keys) -> quotas::Settings {
    let per_minute = [
        (Group::Reads, keys.quota_reads),
        (Group::Writes, keys.quota_writes),
        (Group::Payments, keys.quota_payments),
        (Group::Quotes, keys.quota_quotes),
        (Group::Coupons, keys.quota_coupons),
        (Group::BadTokens, keys.quota_bad_tokens),
        (Group::Staff, keys.quota_staff),
    ];
    let per_minute = if keys.quotas { per_minute.to_vec() } else { Vec::new() };
    quotas::Settings { per_minute, address_times: keys.quota_address_times }
}

/// Resolves an address to listen on, which may have a name. Of several addresses that a name has,
/// the first of IPv4 is taken, as `localhost` is written 127.0.0.1 wherever it is spelt out.
fn address(listen: &str) -> Result<SocketAddr, String> {
    let wrong = |why: &dyn std::fmt::Display| {
        format!(
            "`{listen}` is not an address to listen on: give one such as 127.0.0.1:8080 ({why})"
        )
    };
    let found: Vec<_> = listen.to_socket_addrs().map_err(|error| wrong(&error))?.collect();
    let found = found.iter().find(|address| address.is_ipv4()).or(found.first());
    found.copied().ok_or_else(|| wrong(&"the name has no address"))
}

/// Reads the file and this process's environment, and puts the flags on top.
fn layers(flags: &Flags) -> Result<Layers, String> {
    let mut layers = Layers::of_file(flags.config.as_deref().map_or(Ok(Table::new()), read_file)?);
    layers.put(&layers::variables(std::env::vars_os())?, Source::Variable)?;
    layers.put(&flags.given.0, Source::Flag)?;
    Ok(layers)
}

fn read_file(path: &Path) -> Result<Table, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the configuration {shown} cannot be read: {error}"))?;
    let wrong = |error: toml::de::Error| format!("the configuration {shown} is not right: {error}");
    // Parsed into its type first: that error names the key and shows the line.
    toml::from_str::<Keys>(&text).map_err(wrong)?;
    toml::from_str(&text).map_err(wrong)
}

#[cfg(test)]
mod tests;
