//! Settings: defaults, then the file, then `KIRANA_*` in the environment, then flags.
//!
//! All keys are flat, and an unknown one in the file is refused by name: a misspelt limit that does
//! nothing is worse than a program that does not start.

mod razorpay;

use crate::http::gateway::Limits;
use crate::http::listener::Bounds;
use crate::razorpay::Settings;
use crate::secret;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::{Table, Value};

/// Format of logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Lines for people.
    Text,
}

/// The keys that a file and the environment may have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    listen: Option<String>,
    data: Option<PathBuf>,
    log: Option<LogFormat>,
    hs256_secret: Option<String>,
    hs256_secret_file: Option<PathBuf>,
    body_bytes_max: Option<usize>,
    body_ms_max: Option<u64>,
    request_ms_max: Option<u64>,
    head_ms_max: Option<u64>,
    idle_ms_max: Option<u64>,
    drain_ms_max: Option<u64>,
    connections_max: Option<usize>,
    streams_max: Option<usize>,
    stream_stall_ms_max: Option<u64>,
    import_bytes_max: Option<u64>,
    import_rows_max: Option<u64>,
    engine_in_flight_max: Option<usize>,
    engine_per_caller_max: Option<u32>,
    engine_keys_max: Option<usize>,
    engine_checkpoint_records: Option<u64>,
    engine_database_bytes: Option<u64>,
    razorpay_key_id: Option<String>,
    razorpay_key_secret: Option<razorpay::Hidden>,
    razorpay_webhook_secret: Option<razorpay::Hidden>,
    razorpay_webhook_secret_previous: Option<razorpay::Hidden>,
    razorpay_url: Option<String>,
    razorpay_timeout_ms: Option<u64>,
    first_look_ms: Option<u64>,
    webhooks_allow_private: Option<bool>,
    webhooks_retry_scale: Option<u32>,
}

/// The names of [`Keys`], for the environment.
const NAMES: [&str; 30] = [
    "listen",
    "data",
    "log",
    "hs256_secret",
    "hs256_secret_file",
    "body_bytes_max",
    "body_ms_max",
    "request_ms_max",
    "head_ms_max",
    "idle_ms_max",
    "drain_ms_max",
    "connections_max",
    "streams_max",
    "stream_stall_ms_max",
    "import_bytes_max",
    "import_rows_max",
    "engine_in_flight_max",
    "engine_per_caller_max",
    "engine_keys_max",
    "engine_checkpoint_records",
    "engine_database_bytes",
    "razorpay_key_id",
    "razorpay_key_secret",
    "razorpay_webhook_secret",
    "razorpay_webhook_secret_previous",
    "razorpay_url",
    "razorpay_timeout_ms",
    "first_look_ms",
    "webhooks_allow_private",
    "webhooks_retry_scale",
];

/// The settings of the command line.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The file.
    pub config: Option<PathBuf>,
    /// Data directory.
    pub data: Option<PathBuf>,
    /// Address to listen on.
    pub listen: Option<String>,
    /// Format of logs.
    pub log: Option<LogFormat>,
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Data directory.
    pub data: PathBuf,
    /// Format of logs.
    pub log: LogFormat,
    /// The secret that tokens are signed with, where one was configured.
    pub hs256_secret: Option<secret::Secret>,
    /// Bounds of a request.
    pub limits: Limits,
    /// Bounds of connections.
    pub bounds: Bounds,
    /// Bounds of the engine, where they were set.
    pub(crate) engine: EngineBounds,
    /// Razorpay, where it was configured; without it nobody can pay online.
    pub(crate) razorpay: Option<Settings>,
}

/// Bounds of the engine, where they were set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EngineBounds {
    /// Commands being worked on.
    pub in_flight_max: Option<usize>,
    /// Commands of one person being worked on.
    pub per_caller_max: Option<u32>,
    /// Request keys remembered.
    pub keys_max: Option<usize>,
    /// Records from one checkpoint to the next.
    pub checkpoint_records: Option<u64>,
    /// Bytes of a database of the log that is followed by another.
    pub database_bytes: Option<u64>,
    /// Time from an attempt to pay to the first look at the provider's books.
    pub first_look: Option<Duration>,
    /// Divides the distances between tries of a webhook; for tests.
    pub webhooks_retry_scale: Option<u32>,
}

impl EngineBounds {
    /// The engine's configuration.
    pub(crate) fn config(self) -> kirana_engine::Config {
        let defaults = kirana_engine::Config::default();
        kirana_engine::Config {
            in_flight_max: self.in_flight_max.unwrap_or(defaults.in_flight_max),
            per_caller_max: self.per_caller_max.unwrap_or(defaults.per_caller_max),
            keys_max: self.keys_max.unwrap_or(defaults.keys_max),
            checkpoint_records: self.checkpoint_records.unwrap_or(defaults.checkpoint_records),
            database_bytes: self.database_bytes.unwrap_or(defaults.database_bytes),
            first_look: self.first_look.unwrap_or(defaults.first_look),
            hook_retry_divisor: self.webhooks_retry_scale.unwrap_or(defaults.hook_retry_divisor),
            ..defaults
        }
    }
}

impl Config {
    /// Reads the file and this process's environment, and puts the flags on top.
    ///
    /// # Errors
    /// A sentence that names the file, the key or the variable.
    pub fn load(flags: &Flags) -> Result<Self, String> {
        let file = match &flags.config {
            Some(path) => read_file(path)?,
            None => Table::new(),
        };
        let env = |name: &str| std::env::var(name).ok();
        Self::resolve(overlay(file, env)?, flags)
    }

    fn resolve(keys: Keys, flags: &Flags) -> Result<Self, String> {
        let listen = flags.listen.clone().or(keys.listen).unwrap_or("127.0.0.1:8080".to_owned());
        let listen: SocketAddr = listen.parse().map_err(|_| {
            format!("`{listen}` is not an address to listen on: give one such as 127.0.0.1:8080")
        })?;
        let hs256_secret = match (keys.hs256_secret, keys.hs256_secret_file) {
            (Some(_), Some(_)) => {
                return Err("give hs256_secret or hs256_secret_file, not both".to_owned());
            }
            (Some(text), None) => Some(secret::Secret::new(text.into_bytes())?),
            (None, Some(path)) => Some(secret::read(&path)?),
            (None, None) => None,
        };
        let millis = |given: Option<u64>, default| Duration::from_millis(given.unwrap_or(default));
        Ok(Self {
            listen,
            data: flags.data.clone().or(keys.data).unwrap_or_else(|| PathBuf::from("./data")),
            log: flags.log.or(keys.log).unwrap_or_default(),
            hs256_secret,
            limits: Limits {
                body_bytes_max: keys.body_bytes_max.unwrap_or(64 * 1_024),
                body: millis(keys.body_ms_max, 10_000),
                request: millis(keys.request_ms_max, 10_000),
                import_bytes_max: keys.import_bytes_max.unwrap_or(256 * 1_024 * 1_024),
                import_rows_max: keys.import_rows_max.unwrap_or(500_000),
                streams_max: keys.streams_max.unwrap_or(20_000),
                stream_stall: millis(keys.stream_stall_ms_max, 20_000),
                hooks_allow_private: keys.webhooks_allow_private.unwrap_or(false),
            },
            bounds: Bounds {
                connections_max: keys.connections_max.unwrap_or(16_384).clamp(1, 1_000_000),
                head: millis(keys.head_ms_max, 10_000),
                idle: millis(keys.idle_ms_max, 75_000),
                drain: millis(keys.drain_ms_max, 10_000),
                stall: millis(keys.stream_stall_ms_max, 20_000),
            },
            engine: EngineBounds {
                in_flight_max: keys.engine_in_flight_max,
                per_caller_max: keys.engine_per_caller_max,
                keys_max: keys.engine_keys_max,
                checkpoint_records: keys.engine_checkpoint_records.map(|records| records.max(1)),
                database_bytes: keys.engine_database_bytes,
                first_look: keys.first_look_ms.map(|ms| Duration::from_millis(ms.max(1))),
                webhooks_retry_scale: keys.webhooks_retry_scale,
            },
            razorpay: razorpay::Given {
                key_id: keys.razorpay_key_id,
                key_secret: keys.razorpay_key_secret,
                webhook_secret: keys.razorpay_webhook_secret,
                webhook_secret_previous: keys.razorpay_webhook_secret_previous,
                url: keys.razorpay_url,
                timeout_ms: keys.razorpay_timeout_ms,
            }
            .resolve()?,
        })
    }
}

fn read_file(path: &Path) -> Result<Table, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the configuration {shown} cannot be read: {error}"))?;
    // Parsed into its type first: that error names the key and shows the line.
    toml::from_str::<Keys>(&text)
        .map_err(|error| format!("the configuration {shown} is not right: {error}"))?;
    toml::from_str(&text)
        .map_err(|error| format!("the configuration {shown} is not right: {error}"))
}

/// Endings of the names of keys that are numbers.
const NUMBERS_END: [&str; 5] = ["_max", "_ms", "_bytes", "_records", "_scale"];

/// Puts `KIRANA_<KEY>` over the keys of the file.
fn overlay(mut table: Table, env: impl Fn(&str) -> Option<String>) -> Result<Keys, String> {
    for name in NAMES {
        let variable = format!("KIRANA_{}", name.to_uppercase());
        let Some(text) = env(&variable) else { continue };
        let value = match text.parse::<i64>() {
            Ok(number) if NUMBERS_END.iter().any(|end| name.ends_with(end)) => {
                Value::Integer(number)
            }
            _ if name == "webhooks_allow_private" && (text == "true" || text == "false") => {
                Value::Boolean(text == "true")
            }
            _ => Value::String(text),
        };
        let mut alone = Table::new();
        alone.insert(name.to_owned(), value.clone());
        if let Err(error) = alone.try_into::<Keys>() {
            return Err(format!("the variable {variable} is not right: {}", error.message()));
        }
        // The two ways to give a secret stand for one setting.
        if name.starts_with("hs256_secret") && env("KIRANA_HS256_SECRET").is_some() {
            table.remove("hs256_secret_file");
        } else if name == "hs256_secret_file" {
            table.remove("hs256_secret");
        }
        table.insert(name.to_owned(), value);
    }
    table.try_into::<Keys>().map_err(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(file: &str, env: &[(&str, &str)], flags: &Flags) -> Result<Config, String> {
        let table = toml::from_str(file).map_err(|error: toml::de::Error| error.to_string())?;
        let env = |name: &str| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Config::resolve(overlay(table, env)?, flags)
    }

    #[test]
    fn flags_go_over_the_environment_which_goes_over_the_file() {
        let file = "listen = '127.0.0.1:1'\ndata = '/a'\nconnections_max = 5";
        let env = [("KIRANA_LISTEN", "127.0.0.1:2"), ("KIRANA_CONNECTIONS_MAX", "6")];
        let flags = Flags { listen: Some("127.0.0.1:3".to_owned()), ..Flags::default() };
        let with = |env: &[(&str, &str)], flags: &Flags| config(file, env, flags).unwrap();
        assert_eq!(with(&[], &Flags::default()).listen.port(), 1);
        assert_eq!(with(&env, &Flags::default()).listen.port(), 2);
        assert_eq!(with(&env, &flags).listen.port(), 3);
        assert_eq!(with(&env, &flags).bounds.connections_max, 6);
        assert_eq!(with(&[], &Flags::default()).data, PathBuf::from("/a"));
        assert_eq!(config("", &[], &Flags::default()).unwrap().data, PathBuf::from("./data"));
    }

    #[test]
    fn bounds_of_the_engine_may_come_from_the_environment() {
        let env =
            [("KIRANA_ENGINE_DATABASE_BYTES", "7"), ("KIRANA_ENGINE_CHECKPOINT_RECORDS", "9")];
        let engine = config("", &env, &Flags::default()).unwrap().engine.config();
        assert_eq!((engine.database_bytes, engine.checkpoint_records), (7, 9));
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = config("listn = '127.0.0.1:1'", &[], &Flags::default()).unwrap_err();
        assert!(error.contains("listn"), "{error}");
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let error =
            config("", &[("KIRANA_CONNECTIONS_MAX", "many")], &Flags::default()).unwrap_err();
        assert!(error.contains("KIRANA_CONNECTIONS_MAX"), "{error}");
        let error = config("", &[("KIRANA_LISTEN", "here")], &Flags::default()).unwrap_err();
        assert!(error.contains("`here`"), "{error}");
    }

    #[test]
    fn razorpay_comes_from_the_file_and_from_the_environment() {
        let file = "razorpay_key_id = 'rzp_test_1'\nrazorpay_key_secret = 'k'\n\
                    razorpay_webhook_secret = 'w'\nrazorpay_timeout_ms = 5";
        // A secret of digits only is a text all the same.
        let env =
            [("KIRANA_RAZORPAY_WEBHOOK_SECRET", "123456"), ("KIRANA_RAZORPAY_TIMEOUT_MS", "7")];
        let razorpay = config(file, &env, &Flags::default()).unwrap().razorpay.unwrap();
        assert_eq!(razorpay.webhook_secrets[0].bytes(), b"123456");
        assert_eq!(razorpay.access.timeout, Duration::from_millis(7));
        assert!(config("", &[], &Flags::default()).unwrap().razorpay.is_none());
    }

    #[test]
    fn webhooks_go_to_private_addresses_only_when_that_was_allowed() {
        let allow = "KIRANA_WEBHOOKS_ALLOW_PRIVATE";
        let allowed = |file: &str, env: &[(&str, &str)]| {
            config(file, env, &Flags::default()).map(|config| config.limits.hooks_allow_private)
        };
        assert_eq!(allowed("", &[]), Ok(false));
        assert_eq!(allowed("webhooks_allow_private = true", &[]), Ok(true));
        assert_eq!(allowed("webhooks_allow_private = true", &[(allow, "false")]), Ok(false));
        assert_eq!(allowed("", &[(allow, "true")]), Ok(true));
        assert!(allowed("", &[(allow, "yes")]).unwrap_err().contains(allow));
        let scale = [("KIRANA_WEBHOOKS_RETRY_SCALE", "1000")];
        let engine = config("", &scale, &Flags::default()).unwrap().engine.config();
        assert_eq!(engine.hook_retry_divisor, 1_000);
    }

    #[test]
    fn every_name_for_the_environment_is_a_key() {
        for name in NAMES {
            let error = toml::from_str::<Keys>(&format!("{name} = {{}}")).unwrap_err();
            assert!(!error.message().contains("unknown field"), "{name}");
        }
    }
}
