//! The server from start to stop.
//!
//! The listener answers from the first moment (`/livez`, and how far `/readyz` is) while the engine
//! reads its log behind it. It ends in one of three ways: on request (drain, sync, 0), unable to
//! start (one sentence, 1), or because the log failed under it (one sentence, 1, at once).

#[cfg(feature = "demo")]
mod demo;
#[cfg(not(feature = "demo"))]
#[path = "serve/without_demo.rs"]
mod demo;
mod doors;
mod logging;

use crate::config::Config;
use crate::http::auth::{Revocations, Tokens};
use crate::http::gateway::Gateway;
use crate::http::metrics;
use crate::outbound::Outbound;
use crate::output::say;
use crate::razorpay::port::Online;
use crate::secret::{self, Secret};
use crate::webhook_endpoints;
use demo::Demo;
use doors::Doors;
use kirana_engine::{Engine, Progress, SystemClock};
use metrics_exporter_prometheus::PrometheusHandle;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Pause between two foldings of the histograms; without it they would grow for ever.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Runs the server until it is asked to stop.
///
/// # Errors
/// One sentence for the operator.
pub(crate) async fn serve(config: Config, with_demo: bool) -> Result<(), String> {
    let mut demo = if with_demo { Some(Demo::new()?) } else { None };
    let _logging = logging::start(config.log);
    let mut asked = Signals::new()?;
    let (secret, is_new) = secret(&config)?;
    let doors = Doors::open(&config)?;
    let addresses = doors.addresses()?;
    let address = addresses.public;
    let progress = Progress::new();
    let prometheus = metrics::install()?;
    tokio::spawn(upkeep(prometheus.clone()));
    let revocations = Revocations::open(&config.data)?;
    let tokens = Tokens::new(secret.bytes()).with(config.sign_in.clone(), revocations)?;
    let gateway = Gateway::new(tokens, config.limits.clone(), Arc::clone(&progress), prometheus);
    let (stop, stopped) = watch::channel(false);
    let served = doors.serve(&config, &gateway, &stopped);

    keep_from_others(&config.data);
    let opening =
        Engine::open(&config.data, config.engine.clone(), Arc::new(SystemClock), progress);
    let engine = tokio::select! {
        opened = opening => opened.map_err(|error| error.to_string())?,
        () = asked.wait() => return Ok(()),
    };
    if is_new {
        secret::keep(&config.data, &secret)?;
    }
    if let (Some(demo), None) = (&mut demo, &config.razorpay) {
        demo.start_provider(&config.data, address).await?;
    }
    let provider = config.razorpay.as_ref().or(demo.as_ref().and_then(Demo::settings));
    if let Some(settings) = provider {
        let online = Online::new(settings)?;
        engine.set_payment_port(online.port());
        gateway.take_payments(online);
    }
    let sender =
        webhook_endpoints::Sender::new(Outbound::new()?, config.limits.hooks_allow_private);
    engine.set_hook_sender(Arc::new(sender));
    gateway.ready(engine.clone());
    tracing::info!(%address, data = %config.data.display(), "ready");
    say(&format!("Kirana listens on http://{address}"));
    say(&format!("Operators are answered on http://{} (/metrics, /readyz)", addresses.operators));
    if let Some(demo) = &demo {
        say(&demo.open(&engine, &gateway, address, &config.data).await?);
    }

    let mut failure = engine.failure();
    tokio::select! {
        () = asked.wait() => (),
        failed = failure.wait_for(Option::is_some) => {
            let sentence = failed.ok().and_then(|failed| failed.clone());
            return Err(sentence.unwrap_or_else(|| "the engine has stopped".to_owned()));
        }
    }
    tracing::info!("stopping: requests may finish");
    engine.end_subscriptions();
    stop.send_replace(true);
    served.join_all().await;
    engine.stop().await?;
    if let Some(demo) = demo {
        demo.stop().await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Takes the rights of others off a data directory that an earlier release made. What is made now
/// has none of them.
fn keep_from_others(dir: &Path) {
    let Ok(metadata) = std::fs::metadata(dir) else { return };
    let mut permissions = metadata.permissions();
    let mode = permissions.mode();
    let of_owner_and_group = mode & !0o007;
    if mode == of_owner_and_group {
        return;
    }
    permissions.set_mode(of_owner_and_group);
    match std::fs::set_permissions(dir, permissions) {
        Ok(()) => tracing::warn!("others on this machine could read the data directory"),
        Err(error) => {
            tracing::warn!(%error, "others on this machine can read the data directory");
        }
    }
}

/// The secret of tokens, and whether it was made just now.
fn secret(config: &Config) -> Result<(Secret, bool), String> {
    if let Some(secret) = &config.hs256_secret {
        return Ok((secret.clone(), false));
    }
    if let Some(secret) = secret::of_data_dir(&config.data)? {
        return Ok((secret, false));
    }
    secret::warn_of_loss(&config.data);
    Ok((secret::random()?, true))
}

async fn upkeep(prometheus: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        prometheus.run_upkeep();
    }
}

/// SIGINT (Ctrl-C) and SIGTERM.
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    pub(crate) fn new() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}
