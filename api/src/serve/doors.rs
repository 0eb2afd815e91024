//! The two addresses of the gateway: the public one, and the one of its operators, which answers
//! them whatever the public does to the other.

use crate::config::Config;
use crate::http::browsers::with_cors;
use crate::http::dayliz::with_dayliz;
use crate::http::gateway::Gateway;
use crate::http::listener::{self, Bounds};
use crate::http::router::{operators_router, router};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connections of operators: a scraper, a probe, a few people.
const OPERATOR_CONNECTIONS_MAX: usize = 64;
/// Files of the log, of operators, of answers on their way out, and of whoever is turned away.
const FILES_BESIDE_CONNECTIONS: usize = 256;

/// Both ports, open and not served yet.
pub(super) struct Doors {
    public: TcpListener,
    operators: TcpListener,
}

/// The addresses that they have in the end.
#[derive(Clone, Copy)]
pub(super) struct Addresses {
    pub(super) public: SocketAddr,
    pub(super) operators: SocketAddr,
}

impl Doors {
    /// Opens both.
    ///
    /// # Errors
    /// A sentence that names the address that cannot be had, and the flag that takes another.
    pub(super) fn open(config: &Config) -> Result<Self, String> {
        let open = |address, flag: &str| {
            listener::bind(address).map_err(|error| cannot_listen(address, flag, &error))
        };
        let public = open(config.listen, "--listen")?;
        Ok(Self { public, operators: open(config.operator_listen, "--operator-listen")? })
    }

    /// Returns their addresses, the ports as the system gave them.
    ///
    /// # Errors
    /// A sentence of the system.
    pub(super) fn addresses(&self) -> Result<Addresses, String> {
        let of = |listener: &TcpListener| listener.local_addr().map_err(|error| error.to_string());
        Ok(Addresses { public: of(&self.public)?, operators: of(&self.operators)? })
    }

    /// Serves both until `stop` says so; each then lets its requests finish.
    pub(super) fn serve(
        self,
        config: &Config,
        gateway: &Gateway,
        stop: &watch::Receiver<bool>,
    ) -> JoinSet<()> {
        let public = match config.dayliz_store {
            Some(store_id) => with_dayliz(router(gateway.clone()), store_id),
            None => router(gateway.clone()),
        };
        let public = with_cors(public, &config.cors_origins);
        let bounds = Bounds { connections_max: connections_max(config), ..config.bounds.clone() };
        let of_operators = Bounds {
            connections_max: OPERATOR_CONNECTIONS_MAX,
            per_address_max: 0,
            ..config.bounds.clone()
        };
        let operators = operators_router(gateway.clone());
        let mut served = JoinSet::new();
        served.spawn(listener::serve(self.public, public, bounds, stop.clone()));
        served.spawn(listener::serve(self.operators, operators, of_operators, stop.clone()));
        served
    }
}

fn cannot_listen(address: SocketAddr, flag: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens on {address}: stop it, or choose another address with {flag}"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("this user may not listen on {address}: choose a port above 1023")
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}

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
