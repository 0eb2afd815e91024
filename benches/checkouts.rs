//! How many durable three-line checkouts a second, in process?
//!
//! `cargo bench -p kirana-benches --bench checkouts`; `TOTAL`, `RUNS`, `FLIGHT` and `WORKERS`
//! change the count, the repetitions, the commands in flight and the threads of the runtime.
//! The floor is a bare file that takes the same bytes, a thousand records at a time, each group
//! with an fdatasync.

use kirana_benches::floor::bare_append;
use kirana_benches::report::{cpu_us, heading, median, rate, setting, timed};
use kirana_benches::{People, checkout, shop};
use kirana_engine::Engine;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Builder;

const PRODUCTS: u64 = 1_000;
/// Bytes that one of these checkouts takes in the log.
const RECORD_BYTES: usize = 549;

/// Which products a checkout has.
#[derive(Clone, Copy)]
enum Mix {
    Uniform,
    Hot,
}

fn main() {
    heading("In-process durable checkouts of three lines, cash on delivery, a key each");
    let (total, runs) = (setting("TOTAL", 300_000), setting("RUNS", 3));
    let floor = floor(total);
    println!("floor: bare append + fdatasync of 1,000-record groups {floor:.0} records/s");
    println!(
        "| products | in flight | checkouts/s (median of {runs}) | CPU µs each | of the floor |"
    );
    println!("|---|---|---|---|---|");
    for (mix, name) in [(Mix::Uniform, "uniform"), (Mix::Hot, "one hot")] {
        for in_flight in [64, 1_024, 4_096] {
            if ![in_flight, 0].contains(&setting("FLIGHT", 0)) {
                continue;
            }
            let (rates, cpus) = (0..runs).map(|_| one_run(mix, in_flight, total)).unzip();
            let (rate, cpu) = (median(rates), median(cpus));
            println!("| {name} | {in_flight} | {rate:.0} | {cpu:.1} | {:.2} |", rate / floor);
        }
    }
}

fn floor(total: u64) -> f64 {
    let dir = tempfile::tempdir_in(".").expect("a folder beside the project's");
    let groups = (total / 1_000).min(300);
    rate(groups * 1_000, bare_append(dir.path(), groups, 1_000 * RECORD_BYTES))
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn one_run(mix: Mix, in_flight: u64, total: u64) -> (f64, f64) {
    let workers = usize::try_from(setting("WORKERS", 2)).expect("a few threads");
    let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let dir = tempfile::tempdir_in(".").expect("a folder beside the project's");
        let engine = shop(dir.path(), PRODUCTS).await;
        let next = Arc::new(AtomicU64::new(0));
        let warm = total / 10;
        place_until(&engine, &next, in_flight, warm, mix).await;
        let cpu = cpu_us();
        let started = std::time::Instant::now();
        place_until(&engine, &next, in_flight, warm + total, mix).await;
        let rate = rate(total, started.elapsed());
        let cpu = (cpu_us() - cpu) as f64 / total as f64;
        let (stopped, _) = timed(|| engine.stop());
        stopped.await.expect("the engine stops");
        (rate, cpu)
    })
}

async fn place_until(engine: &Engine, next: &Arc<AtomicU64>, in_flight: u64, until: u64, mix: Mix) {
    let people = Arc::new(People::new(PRODUCTS));
    let one_caller = || {
        let (engine, next, people) = (engine.clone(), Arc::clone(next), Arc::clone(&people));
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= until {
                    return;
                }
                let request = checkout(&people, n, &products_of(n, mix));
                engine.submit(request).await.expect("there is stock");
            }
        })
    };
    let callers: Vec<_> = (0..in_flight).map(|_| one_caller()).collect();
    for caller in callers {
        caller.await.expect("a caller ends");
    }
    next.store(until, Ordering::Relaxed);
}

/// Three different products, the same for the same `n`.
fn products_of(n: u64, mix: Mix) -> [u64; 3] {
    let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let first = match mix {
        Mix::Uniform => random % 300,
        Mix::Hot => 0,
    };
    [first, 300 + random / 300 % 300, 600 + random / 90_000 % 400]
}
