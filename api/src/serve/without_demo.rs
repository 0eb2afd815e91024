//! Stands for `demo` in a program that was built without it.

use crate::http::gateway::Gateway;
use crate::razorpay::Settings;
use kirana_engine::Engine;
use std::net::SocketAddr;
use std::path::Path;

/// A demo, of which there is none here.
pub(super) enum Demo {}

impl Demo {
    /// Refuses.
    ///
    /// # Errors
    /// Always, with a sentence for the operator.
    pub(super) fn new() -> Result<Self, String> {
        Err("this program was built without the feature demo: start it without --demo".to_owned())
    }

    pub(super) async fn start_provider(&mut self, _: &Path, _: SocketAddr) -> Result<(), String> {
        match *self {}
    }

    pub(super) fn settings(&self) -> Option<&Settings> {
        match *self {}
    }

    pub(super) async fn open(
        &self,
        _: &Engine,
        _: &Gateway,
        _: SocketAddr,
        _: &Path,
    ) -> Result<String, String> {
        match *self {}
    }

    pub(super) async fn stop(self) {
        match self {}
    }
}
