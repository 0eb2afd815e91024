//! A stand-in for Razorpay on this machine: for development, tests and load runs.
//!
//! It answers the same paths with the same fields and the same errors, signs and sends webhooks
//! until they arrive, and plays the customer at `/sim/pay`. What the real one does on its worst
//! days it does when asked: see [`Faults`]. It keeps everything in memory, and in a file if told
//! so.
//!
//! | module | what it is |
//! |---|---|
//! | `book` | orders, payments, refunds, disputes: a pure state machine with Razorpay's refusals |
//! | [`faults`], `luck` | what shall go wrong, and the seeded dice |
//! | `state` | the stand-in as its tasks share it, and the dice that are thrown |
//! | `server`, `provider`, `customer` | the accept loop, `/v1/…`, `/sim/…` |
//! | `message` | one request and its reply |
//! | `delivery` | webhooks on their way |
//! | `keep` | the file |
//!
//! It leaves out: uncaptured payments do not go back by themselves, and there are no
//! settlements, payment links or subscriptions.

mod book;
mod customer;
mod delivery;
pub mod faults;
mod keep;
mod luck;
mod message;
mod provider;
mod server;
mod state;
#[cfg(test)]
mod tests;

use crate::outbound;
use crate::secret::Secret;
use book::Book;
pub use faults::Faults;
use state::Sim;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Development values, the same everywhere. They open nothing but a stand-in.
pub const KEY_ID: &str = "rzp_test_standin";
/// The secret of [`KEY_ID`].
pub const KEY_SECRET: &str = "standin_key_secret";
/// The secret of webhooks.
pub const WEBHOOK_SECRET: &str = "standin_webhook_secret";
/// The gateway's address for webhooks, unless told otherwise.
pub const WEBHOOK_URL: &str = "http://127.0.0.1:8080/v1/payments/webhook/razorpay";
/// The stand-in's address, unless told otherwise.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8_090);
/// Largest factor by which it may be slower than the provider.
const TIME_SCALE_MAX: f64 = 1_000.0;

/// The settings of a stand-in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one. `/sim` asks nobody who they are.
    pub listen: SocketAddr,
    /// Key id of callers of `/v1`.
    pub key_id: String,
    /// Its secret.
    pub key_secret: Secret,
    /// The secret of webhooks.
    pub webhook_secret: Secret,
    /// Their address; `None` sends none until [`Running::send_webhooks_to`].
    pub webhook_url: Option<String>,
    /// The file to keep everything in.
    pub state: Option<PathBuf>,
    /// Seed of ids and faults.
    pub seed: u64,
    /// Faults.
    pub faults: Faults,
    /// Seconds here for a second of the provider: 0.01 retries webhooks a hundred times as fast.
    pub time_scale: f64,
    /// Requests a second before 429; 0 for no limit.
    pub requests_per_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        let secret = |text: &str| Secret::short(text.into()).expect("the text is not empty");
        Self {
            listen: LISTEN,
            key_id: KEY_ID.to_owned(),
            key_secret: secret(KEY_SECRET),
            webhook_secret: secret(WEBHOOK_SECRET),
            webhook_url: Some(WEBHOOK_URL.to_owned()),
            state: None,
            seed: 1,
            faults: Faults::default(),
            time_scale: 1.0,
            requests_per_s: 0,
        }
    }
}

/// A stand-in that runs until it is stopped or dropped.
pub struct Running {
    /// Address, as `razorpay_url` wants it: `http://127.0.0.1:8090/v1`.
    pub url: String,
    sim: Arc<Sim>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a stand-in.
///
/// # Errors
/// A sentence that names the address, the file or the setting.
pub async fn start(config: Config) -> Result<Running, String> {
    if !(0.0..=TIME_SCALE_MAX).contains(&config.time_scale) {
        return Err(format!("the time scale is between 0 and {TIME_SCALE_MAX}"));
    }
    let book = match &config.state {
        Some(path) => keep::read(path)?,
        None => None,
    };
    let book = book.unwrap_or_else(|| Book::new(config.seed));
    let webhook_url = config.webhook_url.as_deref().map(outbound::address).transpose()?;
    let address = config.listen;
    let cannot = |error| format!("cannot listen on {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let (stop, stopped) = watch::channel(false);
    let file = config.state.clone();
    let sim = Arc::new(Sim::new(config, book, webhook_url, stopped.clone())?);
    delivery::resume(&sim);
    let mut tasks = vec![tokio::spawn(server::serve(Arc::clone(&sim), listener, stopped.clone()))];
    if let Some(path) = file {
        tasks.push(tokio::spawn(keep::keep(Arc::clone(&sim), path, stopped)));
    }
    Ok(Running { url: format!("http://{address}/v1"), sim, stop, tasks })
}

impl Running {
    /// Returns the address of the customer's side: `http://127.0.0.1:8090/sim`.
    pub fn customer_url(&self) -> String {
        self.url.replace("/v1", "/sim")
    }

    /// Sends webhooks to this address from now on, also those that have not arrived yet.
    ///
    /// # Errors
    /// A sentence for an address that may not be called.
    pub fn send_webhooks_to(&self, url: &str) -> Result<(), String> {
        self.sim.send_webhooks_to(outbound::address(url)?);
        Ok(())
    }

    /// Sets the faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.sim.set_faults(faults);
    }

    /// Stops it; what it knows is in its file, if it has one.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            _ = task.await;
        }
    }
}
