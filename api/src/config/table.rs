//! The table of settings: each key once, with its type, its default, its unit and its meaning.
//!
//! The keys of the file, the variables `KIRANA_<KEY>`, the flags of `serve`, its help and
//! `--print-config` all come from these rows, so none of them can lack one.

use super::LogFormat;
use crate::http::auth;
use crate::razorpay::client;
use kirana_engine::Config as Engine;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use toml::{Table, Value};

macro_rules! settings {
    ($(#[doc = $meaning:literal] $key:ident: $type:ty = $default:expr, $unit:literal;)*) => {
        /// The values of all settings; a file may leave out any of them.
        #[derive(Clone, Debug, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct Keys {
            $(#[doc = $meaning] pub(super) $key: $type,)*
        }

        impl Default for Keys {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        /// Every setting, in the order of the help.
        pub(super) const SETTINGS: &[Setting] = &[$(Setting {
            key: stringify!($key),
            kind: <$type as Typed>::KIND,
            unit: $unit,
            meaning: $meaning,
        },)*];
    };
}

settings! {
    /// Address and port to listen on; port 0 takes a free one
    listen: String = "127.0.0.1:8080".to_owned(), "ADDR";
    /// Address and port to answer operators on: all calls, and /metrics, which is there only
    operator_listen: String = "127.0.0.1:9464".to_owned(), "ADDR";
    /// Whether /metrics answers on the public address, too, true or false
    metrics_public: bool = false, "BOOL";
    /// Addresses and networks of proxies that are believed about their callers, separated by commas
    trusted_proxies: String = String::new(), "LIST";
    /// Origins of web pages that may call, such as https://shop.example, separated by commas
    cors_origins: String = String::new(), "LIST";
    /// Data directory
    data: PathBuf = PathBuf::from("./data"), "DIR";
    /// Form of the logs on standard error, json or text
    log: LogFormat = LogFormat::default(), "FORMAT";
    /// Secret that tokens are signed with; without one it is made and kept in DIR/token-secret
    hs256_secret: Option<Hidden> = None, "SECRET";
    /// File with the secret that tokens are signed with
    hs256_secret_file: Option<PathBuf> = None, "FILE";
    /// Public keys of the sign-in service (JWKS), for tokens that are signed with ES256 or RS256
    jwks_url: Option<String> = None, "URL";
    /// File with those keys, in place of the URL
    jwks_file: Option<PathBuf> = None, "FILE";
    /// Issuer that tokens name; by default the part of jwks_url before /.well-known
    token_issuer: Option<String> = None, "ISSUER";
    /// Audience that tokens name
    token_audience: String = auth::AUDIENCE.to_owned(), "AUDIENCE";
    /// Size of a JSON body
    body_bytes_max: AtLeastOne<usize> = AtLeastOne(64 * 1_024), "BYTES";
    /// Time that a body may take to arrive
    body_ms_max: AtLeastOne<u64> = AtLeastOne(10_000), "MS";
    /// Time that a request may wait for its answer
    request_ms_max: AtLeastOne<u64> = AtLeastOne(10_000), "MS";
    /// Time from the opening of a connection to its first byte
    first_byte_ms_max: AtLeastOne<u64> = AtLeastOne(10_000), "MS";
    /// Time for the head of a request to arrive; up to six times that while it keeps coming
    head_ms_max: AtLeastOne<u64> = AtLeastOne(10_000), "MS";
    /// Time that a connection may stay without a request
    idle_ms_max: AtLeastOne<u64> = AtLeastOne(75_000), "MS";
    /// Time that requests may take to finish once the server stops
    drain_ms_max: u64 = 10_000, "MS";
    /// Connections at once
    connections_max: AtLeastOne<usize> = AtLeastOne(16_384), "COUNT";
    /// Connections of one address at once, trusted proxies apart; 0 is no bound
    connections_per_address_max: usize = 256, "COUNT";
    /// Whether callers have quotas at all, true or false; load tests turn them off
    quotas: bool = true, "BOOL";
    /// Reads of one person in a minute; of each quota, 0 is as many as they like
    quota_reads: u32 = 600, "COUNT";
    /// Orders and changes of carts and addresses of one person in a minute
    quota_writes: u32 = 120, "COUNT";
    /// Calls about paying of one person in a minute
    quota_payments: u32 = 60, "COUNT";
    /// Prices of baskets that one person asks for in a minute
    quota_quotes: u32 = 120, "COUNT";
    /// Codes of coupons that one person tries in a minute
    quota_coupons: u32 = 20, "COUNT";
    /// Tokens that are not good in a minute, for each person that an address may have
    quota_bad_tokens: u32 = 30, "COUNT";
    /// Calls of one person of the shop, or of one of its other systems, in a minute
    quota_staff: u32 = 6_000, "COUNT";
    /// People whose quotas one address has together
    quota_address_times: u32 = 20, "COUNT";
    /// Live streams at once
    streams_max: usize = 20_000, "COUNT";
    /// Time that a reader may take nothing of an answer that waits for it
    stream_stall_ms_max: AtLeastOne<u64> = AtLeastOne(20_000), "MS";
    /// Size of an import
    import_bytes_max: u64 = 256 * 1_024 * 1_024, "BYTES";
    /// Rows of an import
    import_rows_max: u64 = 500_000, "ROWS";
    /// Commands in progress at once
    engine_in_flight_max: AtLeastOne<usize> = AtLeastOne(Engine::default().in_flight_max), "COUNT";
    /// Commands of one caller in progress at once
    engine_per_caller_max: AtLeastOne<u32> = AtLeastOne(Engine::default().per_caller_max), "COUNT";
    /// Idempotency keys that are remembered, each in at most 150 bytes; each caller has a share
    engine_keys_max: AtLeastOne<usize> = AtLeastOne(Engine::default().keys_max), "COUNT";
    /// Unpaid orders of a customer at once, 0 for no bound
    engine_unpaid_orders_max: u32 = Engine::default().holds.unpaid_max, "COUNT";
    /// Times the limit of one order that all open orders may have of a product, 0 for no bound
    engine_full_orders_max: u32 = Engine::default().holds.full_orders_max, "COUNT";
    /// Holds within an hour that led to nothing, after which a customer waits; 0 for none
    engine_lapsed_holds_max: u32 = Engine::default().holds.lapses_max, "COUNT";
    /// First pause after such holds; each further one within a day doubles it
    engine_hold_pause_ms: u32 = u32::try_from(Engine::default().holds.pause_ms).unwrap_or(u32::MAX), "MS";
    /// Records from one checkpoint to the next
    engine_checkpoint_records: AtLeastOne<u64> = AtLeastOne(Engine::default().checkpoint_records), "RECORDS";
    /// Size of one database of the log, past which the next checkpoint begins another
    engine_database_bytes: u64 = Engine::default().database_bytes, "BYTES";
    /// Time from one file of archive or history that is read back to the next
    scrub_pause_ms: u64 = millis(Engine::default().scrub_pause), "MS";
    /// Directory of a backup, from which a file of the archive that is missing or damaged is healed
    archive_backup: Option<PathBuf> = None, "DIR";
    /// Store whose orders the Dayliz app's API under /api/v1 is about; without one there is none
    dayliz_store: Option<String> = None, "STORE";
    /// Time that a start follows the wall clock past the last record of the log
    clock_gap_ms_max: u64 = millis(Engine::default().clock_gap_max), "MS";
    /// Razorpay's key id; online payment needs it, the key secret and the webhook secret
    razorpay_key_id: Option<String> = None, "ID";
    /// Razorpay's key secret
    razorpay_key_secret: Option<Hidden> = None, "SECRET";
    /// Secret that Razorpay signs its webhooks with
    razorpay_webhook_secret: Option<Hidden> = None, "SECRET";
    /// The webhook secret before it, still accepted
    razorpay_webhook_secret_previous: Option<Hidden> = None, "SECRET";
    /// Razorpay's API, or a stand-in
    razorpay_url: String = client::URL.to_owned(), "URL";
    /// Time that a call to Razorpay may take
    razorpay_timeout_ms: AtLeastOne<u64> = AtLeastOne(millis(client::TIMEOUT)), "MS";
    /// Time from an attempt to pay to the first look at the provider's books
    first_look_ms: AtLeastOne<u64> = AtLeastOne(millis(Engine::default().first_look)), "MS";
    /// Whether webhooks may go to this machine and to private networks, true or false
    webhooks_allow_private: bool = false, "BOOL";
    /// Divisor of the time between tries of a webhook, for tests
    webhooks_retry_scale: AtLeastOne<u32> = AtLeastOne(Engine::default().hook_retry_divisor), "DIVISOR";
}

/// Variables named `KIRANA_*` that are no settings: those of other commands, those that the demo
/// writes to `demo.env`, and those of tests and benches.
pub(super) const NOT_SETTINGS: [&str; 19] = [
    "KIRANA_CONFIG",
    "KIRANA_SERVER",
    "KIRANA_TOKEN",
    "KIRANA_URL",
    "KIRANA_CHECKOUT",
    "KIRANA_STORE",
    "KIRANA_RIDER_ID",
    "KIRANA_LAT",
    "KIRANA_LNG",
    "KIRANA_CUSTOMER",
    "KIRANA_PACKER",
    "KIRANA_RIDER",
    "KIRANA_ADMIN",
    "KIRANA_ORDERS",
    "KIRANA_KILLS",
    "KIRANA_KILL_DIR",
    "KIRANA_SEED",
    "KIRANA_GOLDEN",
    "KIRANA_SHARED_DATA",
];

/// Beginnings of variables that Kubernetes sets in every pod beside a service called `kirana`.
pub(super) const NOT_SETTINGS_BEGIN: [&str; 2] = ["KIRANA_SERVICE_", "KIRANA_PORT"];

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in the file.
    pub key: &'static str,
    kind: Kind,
    /// The unit of its value, as help shows it.
    pub unit: &'static str,
    meaning: &'static str,
}

impl Setting {
    /// Returns the name of its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("KIRANA_{}", self.key.to_uppercase())
    }

    /// Returns the name of its flag, without the dashes in front.
    pub(crate) fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Returns its meaning, as a phrase.
    pub(crate) fn meaning(&self) -> &'static str {
        self.meaning.trim()
    }

    /// Returns true for a secret, which is no flag (other users see those) and is never printed.
    pub(crate) fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }

    /// Returns its default in TOML, or `None` where it is unset by default.
    pub(crate) fn default(&self) -> Option<String> {
        values(&Keys::default()).get(self.key).map(Value::to_string)
    }

    /// Reads the value of a variable or a flag. A text that does not fit its type stays a text, so
    /// that the complaint about it is the same as about the file.
    pub(super) fn value(&self, text: &str) -> Value {
        let value = match self.kind {
            Kind::Number => text.parse().ok().map(Value::Integer),
            Kind::Switch => text.parse().ok().map(Value::Boolean),
            Kind::Text | Kind::Secret => None,
        };
        value.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}

/// Returns the values of the settings that are set, secrets as `***`.
pub(super) fn values(keys: &Keys) -> Table {
    // Its keys are names, and its numbers come from TOML or are small defaults.
    Table::try_from(keys).expect("settings can be written as TOML")
}

/// A value as a variable or a flag writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Switch,
    Secret,
}

/// A type that a setting may have.
trait Typed {
    const KIND: Kind;
}

impl<T: Typed> Typed for Option<T> {
    const KIND: Kind = T::KIND;
}

macro_rules! typed {
    ($($kind:ident: $($type:ty),*;)*) => {
        $($(impl Typed for $type { const KIND: Kind = Kind::$kind; })*)*
    };
}

typed! {
    Text: String, PathBuf, LogFormat;
    Number: usize, u64, u32;
    Switch: bool;
    Secret: Hidden;
}

impl<N: Typed> Typed for AtLeastOne<N> {
    const KIND: Kind = N::KIND;
}

/// A number with which nothing works when it is 0: no connection, no time, a division by it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct AtLeastOne<N>(pub(super) N);

impl<'de, N: Deserialize<'de> + Default + PartialEq> Deserialize<'de> for AtLeastOne<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = N::deserialize(deserializer)?;
        if number == N::default() {
            return Err(D::Error::custom("it must be 1 or more"));
        }
        Ok(Self(number))
    }
}

/// A secret as it stands in the file; never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Hidden(pub(super) String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
