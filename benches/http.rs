//! How many durable checkouts a second over HTTP, beside a bare axum JSON POST?
//!
//! `cargo bench -p kirana-benches --bench http`; `SECONDS`, `RUNS` and `CONNECTIONS` change how
//! long, how often and over how many keep-alive connections. Server and client are processes of
//! their own (this program, started again). The floor is an axum handler that parses the same body
//! and answers a small one. Afterwards the latency at half of the greatest load: requests are due
//! at fixed times, and latency counts from when a request was due, not from when it was sent.

#[path = "http/bare.rs"]
mod bare;
#[path = "http/client.rs"]
mod client;
#[path = "http/servers.rs"]
mod servers;

use kirana_benches::report::{heading, median, setting};
use servers::Server;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // This program is also its own servers and its own client.
    match std::env::args().nth(1).as_deref() {
        Some("serve" | "token") => return kirana_api::main(),
        Some("bare-server") => return bare::serve(),
        Some("client") => return client::run(),
        _ => (),
    }
    heading("Durable checkouts of three lines over HTTP, client in its own process");
    let (seconds, runs) = (setting("SECONDS", 5), setting("RUNS", 3));
    let connections = setting("CONNECTIONS", 64);
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let server = Server::bare();
        bare.push(client::measure(&server, connections, seconds, None).rate);
        drop(server);
        let server = Server::kirana();
        ours.push(client::measure(&server, connections, seconds, None).rate);
    }
    let (bare, ours) = (median(bare), median(ours));
    println!(
        "| what | requests/s (median of {runs}, {connections} connections) | of the bare POST |"
    );
    println!("|---|---|---|");
    println!("| bare axum JSON POST | {bare:.0} | 1 |");
    println!("| durable checkout | {ours:.0} | {:.2} |", ours / bare);

    let server = Server::kirana();
    let half = client::measure(&server, connections, 2 * seconds, Some(ours / 2.0));
    println!(
        "\nAt half of that load ({:.0}/s offered, {:.0}/s served), latency in ms:",
        ours / 2.0,
        half.rate
    );
    println!("| p50 | p90 | p99 | p99.9 | max |");
    println!("|---|---|---|---|---|");
    println!("| {} |", half.latencies_ms.join(" | "));
    ExitCode::SUCCESS
}
