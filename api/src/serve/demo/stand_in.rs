//! The demo's payment provider: the stand-in, in the same process, on a port of its own.

use crate::razorpay::Settings;
use crate::razorpay::client::{Access, TIMEOUT};
use crate::razorpay::sim::{self, Config, KEY_ID, KEY_SECRET, Running, WEBHOOK_SECRET};
use crate::secret::Secret;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// File of the stand-in's books in the data directory: orders outlive a restart, so their
/// payments must as well.
const BOOKS: &str = "demo-razorpay.json";

/// The stand-in, and how to speak with it.
pub(super) struct StandIn {
    running: Running,
    settings: Settings,
}

impl StandIn {
    /// Starts it; its webhooks go to the gateway at this address.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn start(data: &Path, gateway: SocketAddr) -> Result<Self, String> {
        // The gateway may listen on every address of the machine; it is called on this one.
        let port = gateway.port();
        let host =
            if gateway.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { gateway.ip() };
        let gateway = SocketAddr::new(host, port);
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_url: Some(format!("http://{gateway}/v1/payments/webhook/razorpay")),
            state: Some(data.join(BOOKS)),
            ..Config::default()
        };
        let running = sim::start(config).await?;
        let secret = |text: &str| Secret::short(text.into());
        let access = Access {
            key_id: KEY_ID.to_owned(),
            key_secret: secret(KEY_SECRET)?,
            url: running.url.clone(),
            timeout: TIMEOUT,
        };
        let settings = Settings { access, webhook_secrets: vec![secret(WEBHOOK_SECRET)?] };
        Ok(Self { running, settings })
    }

    /// Returns the settings to speak with it.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the address at which customers pay.
    pub(super) fn customer_url(&self) -> String {
        self.running.customer_url()
    }

    /// Stops it; its books are written.
    pub(super) async fn stop(self) {
        self.running.stop().await;
    }
}
