//! The server from start to stop.
//!
//! The listener answers from the first moment (`/livez`, and how far `/readyz` is) while the engine
//! reads its log behind it. It ends in one of three ways: asked to (drain, sync, 0), unable to start
//! (one sentence, 1), or because the log failed under it (one sentence, 1, at once).

mod demo;
mod logging;

use crate::auth::Tokens;
use crate::cli::output::say;
use crate::config::Config;
use crate::config::secret::{self, Secret};
use crate::gateway::{Gateway, listener, router};
use crate::metrics;
use kirana_engine::{Engine, Progress, SystemClock};
use metrics_exporter_prometheus::PrometheusHandle;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How often the histograms are folded; without it they would grow for ever.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Runs the server until it is asked to stop.
///
/// # Errors
/// One sentence for the operator.
pub async fn serve(config: Config, with_demo: bool) -> Result<(), String> {
    logging::start(config.log);
    let mut asked = Signals::new()?;
    let (secret, is_new) = secret(&config)?;
    let address = config.listen;
    let listener =
        TcpListener::bind(address).await.map_err(|error| cannot_listen(address, &error))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let progress = Progress::new();
    let prometheus = metrics::install()?;
    tokio::spawn(upkeep(prometheus.clone()));
    let tokens = Tokens::new(secret.bytes());
    let gateway = Gateway::new(tokens, config.limits.clone(), Arc::clone(&progress), prometheus);
    let (stop, stopped) = watch::channel(false);
    let bounds = config.bounds.clone();
    let served = tokio::spawn(listener::serve(listener, router(gateway.clone()), bounds, stopped));

    let opening =
        Engine::open(&config.data, config.engine.config(), Arc::new(SystemClock), progress);
    let engine = tokio::select! {
        opened = opening => opened.map_err(|error| error.to_string())?,
        () = asked.wait() => return Ok(()),
    };
    if is_new {
        secret::keep(&config.data, &secret)?;
    }
    gateway.ready(engine.clone());
    tracing::info!(%address, data = %config.data.display(), "ready");
    say(&format!("Kirana listens on http://{address}"));
    if with_demo {
        say(&demo::open(&engine, &gateway, &format!("http://{address}")).await?);
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
    stop.send_replace(true);
    _ = served.await;
    engine.stop().await?;
    tracing::info!("stopped");
    Ok(())
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
    match secret::of_data_dir(&config.data)? {
        Some(secret) => Ok((secret, false)),
        None => Ok((secret::random()?, true)),
    }
}

async fn upkeep(prometheus: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        prometheus.run_upkeep();
    }
}

/// SIGINT (Ctrl-C) and SIGTERM.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}
