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
mod logging;

use crate::config::Config;
use crate::http::auth::Tokens;
use crate::http::dayliz::with_dayliz;
use crate::http::gateway::Gateway;
use crate::http::listener::{self, Bounds};
use crate::http::metrics;
use crate::http::router::router;
use crate::outbound::Outbound;
use crate::output::say;
use crate::razorpay::port::Online;
use crate::secret::{self, Secret};
use crate::webhook_endpoints;
use demo::Demo;
use kirana_engine::{Engine, Progress, SystemClock};
use metrics_exporter_prometheus::PrometheusHandle;
use std::io;
use std::net::SocketAddr;
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
    let address = config.listen;
    let listener = listener::bind(address).map_err(|error| cannot_listen(address, &error))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let progress = Progress::new();
    let prometheus = metrics::install()?;
    tokio::spawn(upkeep(prometheus.clone()));
    let tokens = Tokens::new(secret.bytes());
    let gateway = Gateway::new(tokens, config.limits.clone(), Arc::clone(&progress), prometheus);
    let (stop, stopped) = watch::channel(false);
    let bounds = Bounds { connections_max: connections_max(&config), ..config.bounds.clone() };
    let router = match config.dayliz_store {
        Some(store_id) => with_dayliz(router(gateway.clone()), store_id),
        None => router(gateway.clone()),
    };
    let served = tokio::spawn(listener::serve(listener, router, bounds, stopped));

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
    _ = served.await;
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

fn cannot_listen(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens on {address}: stop it, or choose another address with --listen"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("this user may not listen on {address}: choose a port above 1023")
        }
        _ => format!("cannot listen on {address}: {error}"),
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

/// Files of the log, of answers on their way out, and of whoever is turned away.
const FILES_BESIDE_CONNECTIONS: usize = 256;

/// As many connections as were configured, or as the system has files for. A connection over it is
/// told so; without files it would be left waiting.
fn connections_max(config: &Config) -> usize {
    let wanted = config.bounds.connections_max;
    let Some(files_max) = open_files_max() else { return wanted };
    let there_is_room_for = files_max.saturating_sub(FILES_BESIDE_CONNECTIONS).max(1);
    if there_is_room_for < wanted {
        tracing::warn!(
            files_max,
            connections_max = there_is_room_for,
            wanted,
            "this process may open too few files for its connections: raise the limit (ulimit -n)"
        );
    }
    wanted.min(there_is_room_for)
}

/// The soft limit of open files, where the system says it as Linux does.
fn open_files_max() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
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
