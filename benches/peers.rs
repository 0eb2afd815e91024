//! Durable checkouts a second over the network, beside a bare axum POST, Redis and PostgreSQL.
//!
//! `benches/peers/run` installs the peers, runs this and puts what it prints into `RESULTS.md`;
//! `cargo bench -p kirana-benches --bench peers` runs it with the peers that are there. `SECONDS`,
//! `RUNS` and `CONNECTIONS` change how long, how often and over how many connections; `MIX` takes
//! one workload only; `PEERS=0` measures ours and the floor.
//!
//! Servers and client are processes of their own (this program, started again). The rounds take
//! turns, so that a slow minute of the machine meets everybody. After each run the units that are
//! gone are compared with those that clients were promised.

#[path = "peers/bare.rs"]
mod bare;
#[path = "peers/client.rs"]
mod client;
#[path = "peers/protocol.rs"]
mod protocol;
#[path = "peers/servers.rs"]
mod servers;
#[path = "peers/spent.rs"]
mod spent;
#[path = "peers/workload.rs"]
mod workload;

use client::{Load, Measured};
use kirana_benches::report::{heading, median, resident_bytes, setting};
use protocol::Wire;
use servers::{Server, is_installed};
use spent::Spent;
use std::process::ExitCode;
use std::time::Duration;
use workload::{Mix, PRODUCTS, SCARCE_UNITS};

/// A row of the table.
#[derive(Clone, Copy)]
struct Peer {
    name: &'static str,
    wire: Wire,
    /// Orders that were answered and that a power cut takes.
    loses: &'static str,
    start: fn(Mix) -> Server,
}

const BARE: Peer = Peer {
    name: "bare axum JSON POST",
    wire: Wire::Http,
    loses: "everything: it keeps nothing",
    start: |_| Server::bare(),
};
const KIRANA: Peer =
    Peer { name: "Kirana", wire: Wire::Http, loses: "nothing", start: Server::kirana };
const PEERS: [Peer; 3] = [
    Peer {
        name: "Redis 7, Lua, appendfsync always",
        wire: Wire::Redis,
        loses: "nothing",
        start: |mix| Server::redis(mix, "always"),
    },
    Peer {
        name: "Redis 7, Lua, appendfsync everysec",
        wire: Wire::Redis,
        loses: "up to two seconds",
        start: |mix| Server::redis(mix, "everysec"),
    },
    Peer {
        name: "PostgreSQL 15, one procedure",
        wire: Wire::Postgres,
        loses: "nothing",
        start: Server::postgres,
    },
];

fn main() -> ExitCode {
    // This program is also its own servers and its own client.
    match std::env::args().nth(1).as_deref() {
        Some("serve" | "token") => return kirana_api::main(),
        Some("bare-server") => return bare::serve(),
        Some("client") => return client::run(),
        _ => (),
    }
    heading("Durable checkouts over the network, clients in a process of their own");
    let (connections, seconds) = (setting("CONNECTIONS", 64), setting("SECONDS", 3));
    let wants_peers = setting("PEERS", 1) > 0;
    let peers = PEERS.into_iter().filter(|peer| wants_peers && is_installed(peer.wire));
    let peers: Vec<Peer> = [KIRANA].into_iter().chain(peers).collect();
    let only = std::env::var("MIX").ok();
    let mixes = [Mix::Uniform, Mix::Hot, Mix::Real].into_iter();
    let mixes = mixes.filter(|mix| only.as_deref().is_none_or(|only| only == mix.name()));
    let load = |mix| Load { mix, connections, seconds, offered: 0.0 };
    let mut ours = 0.0;
    for mix in mixes {
        let rate = compare(&peers, load(mix));
        ours = if mix == Mix::Uniform { rate } else { ours };
    }
    if ours > 0.0 {
        at_half(load(Mix::Uniform), ours);
        cost_of_an_order(load(Mix::Uniform));
        syncs_of_a_group(load(Mix::Uniform));
    }
    scarce(&peers, load(Mix::Scarce));
    ExitCode::SUCCESS
}

/// Prints the rates of all, the median of several rounds in turn, and returns ours.
fn compare(peers: &[Peer], load: Load) -> f64 {
    let runs = setting("RUNS", 3);
    let rows: Vec<Peer> = [BARE].into_iter().chain(peers.iter().copied()).collect();
    let mut rates = vec![Vec::new(); rows.len()];
    let mut p99s = vec![Vec::new(); rows.len()];
    let mut wrong = vec![0; rows.len()];
    for _ in 0..runs {
        for (row, peer) in rows.iter().enumerate() {
            let (measured, unexplained) = one_run(*peer, load);
            rates[row].push(measured.rate);
            p99s[row].push(measured.latencies_ms[2].parse().expect("milliseconds"));
            wrong[row] += unexplained;
        }
    }
    let rates: Vec<f64> = rates.into_iter().map(median).collect();
    println!(
        "\n**{}**, {} connections, median of {runs} runs of {} s:\n",
        load.mix.name(),
        load.connections,
        load.seconds
    );
    println!(
        "| what | orders/s | Kirana is | of the bare POST | p99 ms | a power cut loses | units unexplained |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (row, peer) in rows.iter().enumerate() {
        let (rate, p99) = (rates[row], median(p99s[row].clone()));
        let (of_this, of_bare) = (rates[1] / rate, rate / rates[0]);
        let unexplained = if row == 0 { "-".to_owned() } else { wrong[row].to_string() };
        println!(
            "| {} | {rate:.0} | {of_this:.2} times | {of_bare:.2} | {p99:.1} | {} | {unexplained} |",
            peer.name, peer.loses
        );
    }
    rates[1]
}

/// Measures one server; returns, too, by how many units what is gone differs from what was sold.
fn one_run(peer: Peer, load: Load) -> (Measured, u64) {
    let server = (peer.start)(load.mix);
    if server.customers[0] == "none" {
        return (client::measure(&server, load), 0);
    }
    let before = server.units_left();
    let measured = client::measure(&server, load);
    let gone = before - server.units_left();
    let sold = i64::try_from(measured.units).expect("a count of units");
    (measured, gone.abs_diff(sold))
}

fn at_half(load: Load, ours: f64) {
    let server = Server::kirana(load.mix);
    let half = Load { seconds: 2 * load.seconds, offered: ours / 2.0, ..load };
    let half = client::measure(&server, half);
    println!(
        "\nKirana at half of its rate ({:.0}/s offered, {:.0}/s served), in ms from when a request was due:\n",
        ours / 2.0,
        half.rate
    );
    println!("| p50 | p90 | p99 | p99.9 | max |\n|---|---|---|---|---|");
    println!("| {} |", half.latencies_ms.join(" | "));
}

/// Prints what an order costs, by thread and by group of the log.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn cost_of_an_order(load: Load) {
    let server = Server::kirana(load.mix);
    let (before, groups) = (Spent::of(server.pid()), server.groups());
    let measured = client::measure(&server, load);
    let spent = Spent::of(server.pid()).since(&before);
    let (orders, groups) = (measured.orders as f64, (server.groups() - groups).max(1) as f64);
    println!(
        "\nOne order of them: {:.1} µs of processor time, {:.0} bytes written; {:.1} orders a group, {:.0} groups a second:\n",
        spent.cpu_us() as f64 / orders,
        spent.bytes as f64 / orders,
        orders / groups,
        groups / load.seconds as f64
    );
    let resident_mib = || resident_bytes(server.pid()) >> 20;
    let (resident, calm) = (resident_mib(), setting("CALM", 10));
    std::thread::sleep(Duration::from_secs(calm));
    println!(
        "Resident with {orders:.0} open orders: {resident} MiB, and {} MiB after {calm} s of calm.\n",
        resident_mib()
    );
    println!("| threads | processor time an order, µs | context switches a group |\n|---|---|---|");
    let mut threads: Vec<_> = spent.threads.iter().filter(|(_, spent)| spent.0 > 0).collect();
    threads.sort_by_key(|(_, (us, _))| std::cmp::Reverse(*us));
    for (name, (us, switches)) in threads {
        println!("| {name} | {:.2} | {:.2} |", *us as f64 / orders, *switches as f64 / groups);
    }
}

/// Prints how often a group waits for the disk. Traced, so slower than it is; the ratio stays.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn syncs_of_a_group(load: Load) {
    let server = Server::kirana(load.mix);
    let groups = server.groups();
    let Some(calls) = spent::count_syncs(server.pid(), || {
        client::measure(&server, Load { seconds: 2, ..load });
    }) else {
        println!("\nSyncs a group: not counted, strace is missing or may not look.");
        return;
    };
    let groups = (server.groups() - groups).max(1) as f64;
    let each: Vec<String> =
        calls.iter().map(|(name, calls)| format!("{:.2} {name}", *calls as f64 / groups)).collect();
    println!("\nSyncs a group (strace): {}", each.join(", "));
}

/// Prints what everybody sells of a product of which there are too few.
fn scarce(peers: &[Peer], load: Load) {
    println!("\nOne product, {SCARCE_UNITS} units, {} buyers who do not stop:\n", load.connections);
    println!("| what | orders | units gone | sold twice |\n|---|---|---|---|");
    for peer in peers {
        let server = (peer.start)(load.mix);
        let measured = client::measure(&server, Load { seconds: 1, ..load });
        let gone = i64::try_from(PRODUCTS * SCARCE_UNITS).expect("units") - server.units_left();
        let twice = measured.orders.saturating_sub(SCARCE_UNITS);
        println!("| {} | {} | {gone} | {twice} |", peer.name, measured.orders);
    }
}
