//! `kirana serve --demo`: a store that ships with the program, and a payment provider for it.

mod stand_in;
mod store;

use crate::http::gateway::Gateway;
use crate::razorpay::Settings;
use kirana_engine::Engine;
use stand_in::StandIn;
use std::net::SocketAddr;
use std::path::Path;

/// The demo beside a server.
pub(super) struct Demo {
    stand_in: Option<StandIn>,
}

impl Demo {
    /// Returns a demo that nothing has been started of.
    ///
    /// # Errors
    /// Never; a program without the feature `demo` refuses here.
    #[expect(clippy::unnecessary_wraps, reason = "its counterpart in a program without it fails")]
    pub(super) fn new() -> Result<Self, String> {
        Ok(Self { stand_in: None })
    }

    /// Starts the payment provider; its webhooks go to the gateway at this address.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn start_provider(
        &mut self,
        data: &Path,
        gateway: SocketAddr,
    ) -> Result<(), String> {
        self.stand_in = Some(StandIn::start(data, gateway).await?);
        Ok(())
    }

    /// Returns the settings of the payment provider, if it was started.
    pub(super) fn settings(&self) -> Option<&Settings> {
        self.stand_in.as_ref().map(StandIn::settings)
    }

    /// Opens the store if it is not there yet, and returns the text for the person at the terminal.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn open(
        &self,
        engine: &Engine,
        gateway: &Gateway,
        address: SocketAddr,
        data: &Path,
    ) -> Result<String, String> {
        let url = &format!("http://{address}");
        let checkout = self.stand_in.as_ref().map(StandIn::customer_url);
        store::open(engine, gateway, &store::Place { url, checkout, data }).await
    }

    /// Stops the payment provider.
    pub(super) async fn stop(self) {
        if let Some(stand_in) = self.stand_in {
            stand_in.stop().await;
        }
    }
}
