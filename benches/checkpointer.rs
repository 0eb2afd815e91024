//! What does a checkpoint cost those who order meanwhile?
//!
//! `cargo bench -p kirana-benches --bench checkpointer`; `TOTAL`, `RUNS`, `FLIGHT`, `EVERY` and
//! `DATABASE_MIB` change the orders, the repetitions, the callers, the records from one checkpoint to
//! the next, and the size from which on the log goes on in a new database. Every order
//! is placed and then cancelled, so that what ends leaves memory. Runs with and without checkpoints
//! take turns; the ratio within a pair is what counts.

use hdrhistogram::Histogram;
use kirana_benches::report::{cpu_us, heading, median, rate, setting};
use kirana_benches::{People, checkout, kept_shop};
use kirana_engine::{Command, Config, Engine, Outcome, Request, SystemClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::runtime::Builder;

const PRODUCTS: u64 = 1_000;

/// What one run came to.
struct Run {
    rate: f64,
    cpu_us: f64,
    p99_ms: f64,
    max_ms: f64,
    checkpoints: u64,
}

fn main() {
    heading("Orders placed and cancelled, three lines, a key each, with and without checkpoints");
    let (total, runs) = (setting("TOTAL", 400_000), setting("RUNS", 3));
    let (in_flight, every) = (setting("FLIGHT", 1_024), setting("EVERY", 200_000));
    println!("{total} orders, {in_flight} callers, a checkpoint every {every} records");
    println!(
        "| pair | commands/s without | with | ratio | p99 ms without | with | longest ms without | with | CPU µs without | with | checkpoints |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut ratios = Vec::new();
    for pair in 1..=runs {
        let without = one_run(total, in_flight, u64::MAX / 4);
        let with = one_run(total, in_flight, every);
        ratios.push(with.rate / without.rate);
        println!(
            "| {pair} | {:.0} | {:.0} | {:.2} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {} |",
            without.rate,
            with.rate,
            with.rate / without.rate,
            without.p99_ms,
            with.p99_ms,
            without.max_ms,
            with.max_ms,
            without.cpu_us,
            with.cpu_us,
            with.checkpoints,
        );
    }
    println!("median ratio: {:.2}", median(ratios));
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn one_run(total: u64, in_flight: u64, every: u64) -> Run {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let dir = tempfile::tempdir_in(".").expect("a folder beside the project's");
        let database_bytes = setting("DATABASE_MIB", 32) << 20;
        let config = Config { checkpoint_records: every, database_bytes, ..Config::default() };
        let engine = kept_shop(dir.path(), PRODUCTS, config, Arc::new(SystemClock)).await;
        let (next, people) = (Arc::new(AtomicU64::new(0)), Arc::new(People::new(PRODUCTS)));
        let (cpu, started) = (cpu_us(), Instant::now());
        let callers: Vec<_> = (0..in_flight)
            .map(|_| {
                tokio::spawn(caller(engine.clone(), Arc::clone(&next), Arc::clone(&people), total))
            })
            .collect();
        let mut times = Histogram::<u64>::new(3).expect("three digits");
        for caller in callers {
            times.add(caller.await.expect("a caller ends")).expect("the same range");
        }
        let took = started.elapsed();
        let cpu_us = (cpu_us() - cpu) as f64 / (2 * total) as f64;
        let checkpoints = engine.stats().lsn.0 / every.min(engine.stats().lsn.0 + 1);
        engine.stop().await.expect("the engine stops");
        Run {
            rate: rate(2 * total, took),
            cpu_us,
            p99_ms: times.value_at_quantile(0.99) as f64 / 1_000.0,
            max_ms: times.max() as f64 / 1_000.0,
            checkpoints,
        }
    })
}

/// Places an order, cancels it, and so on.
async fn caller(
    engine: Engine,
    next: Arc<AtomicU64>,
    people: Arc<People>,
    until: u64,
) -> Histogram<u64> {
    let mut times = Histogram::new(3).expect("three digits");
    let mut submitted = async |request| {
        let started = Instant::now();
        let receipt = engine.submit(request).await.expect("it is taken");
        let us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        times.record(us.max(1)).expect("any time fits");
        receipt
    };
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= until {
            return times;
        }
        let request = checkout(&people, n, &[n % 300, 300 + n % 299, 600 + n % 397]);
        let by = request.by;
        let Outcome::Order(order) = submitted(request).await.outcome else { panic!("an order") };
        let command = Command::cancel(order.placed.id, None);
        submitted(Request { by, key: None, command, deadline: None }).await;
    }
}
