//! Ten million orders of a year, ten thousand of them open: how long does a restart take, how much
//! memory, and how long does it take to read an old order?
//!
//! `cargo bench -p kirana-benches --bench history`; `TOTAL` and `OPEN` change the counts, `DIR` keeps
//! the directory for the next run. Then `SOLD` orders are placed and cancelled as fast as it goes by
//! a process that ends in the middle of it, `SALES` times, a week apart: the worst moment for a
//! restart. The history is made by the engine itself with its checkpoints, on
//! a clock that lets a year go by, so that request keys are forgotten after two days as they are in
//! a shop. What is measured runs in a process of its own.

use hdrhistogram::Histogram;
use kirana_benches::report::{heading, rate, resident_bytes, setting, timed};
use kirana_benches::{CUSTOMERS, People, STORE, checkout, customer, kept_shop};
use kirana_domain::Status;
use kirana_engine::{
    Command, Config, Engine, ManualClock, OrderFilter, OrdersOf, Outcome, Progress, Request,
};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

const PRODUCTS: u64 = 1_000;
/// 2025-01-01T00:00:00Z.
const START_MS: i64 = 1_735_689_600_000;
const YEAR_MS: i64 = 365 * 24 * 3_600_000;
const WEEK_MS: i64 = 7 * 24 * 3_600_000;
const IN_FLIGHT: u64 = 1_024;
const READS: u64 = 2_000;

fn main() {
    let of = |flag: &str| std::env::args_os().skip_while(|arg| arg != flag).nth(1);
    match (of("--open"), of("--sell")) {
        (Some(dir), _) => return measure(Path::new(&dir)),
        (None, Some(dir)) => return sell_and_die(Path::new(&dir), setting("SOLD", 350_000)),
        (None, None) => (),
    }
    heading("A year of orders, and a restart");
    let (total, open) = (setting("TOTAL", 1_000_000), setting("OPEN", 10_000));
    let own = std::env::var_os("DIR").map(PathBuf::from);
    let temporary = tempfile::tempdir_in(".").expect("a folder beside the project's");
    let dir = own.as_deref().unwrap_or(temporary.path());
    if !dir.join("FORMAT").exists() {
        let ((), took) = timed(|| make(dir, total, open));
        println!("made in {:.0} s: {total} orders, {open} of them open", took.as_secs_f64());
    }
    for of in ["log", "archive", "checkpoints", "history"] {
        println!("{of}: {} MiB", bytes_in(&dir.join(of)) >> 20);
    }
    let run = |flag, week: u64| {
        let exe = std::env::current_exe().expect("this program");
        let mut process = Process::new(exe);
        process.arg(flag).arg(dir).env("WEEK", week.to_string());
        let out = process.output().expect("it runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    };
    println!("after a clean stop: {}", run("--open", 0));
    println!("after a kill: {}", run("--open", 0));
    for week in 1..=setting("SALES", 3) {
        run("--sell", week);
        println!("log: {} MiB", bytes_in(&dir.join("log")) >> 20);
        println!("after a kill in the middle of a sale: {}", run("--open", week));
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts")
}

fn bytes_in(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let bytes = |entry: std::fs::DirEntry| match entry.metadata().ok()? {
        it if it.is_dir() => Some(bytes_in(&entry.path())),
        it => Some(it.len()),
    };
    entries.filter_map(bytes).sum()
}

fn make(dir: &Path, total: u64, open: u64) {
    runtime().block_on(async {
        let clock = Arc::new(ManualClock::at(START_MS));
        let own: Arc<ManualClock> = Arc::clone(&clock);
        let engine = kept_shop(dir, PRODUCTS, Config::default(), own).await;
        let step_ms = YEAR_MS / i64::try_from(total).expect("a small number");
        sell(&engine, 0..total, open, move || clock.advance_ms(step_ms)).await;
        while engine.checkpoint().await.expect("a checkpoint").is_some() {}
        engine.stop().await.expect("the engine stops");
    });
}

/// Places orders as fast as it goes and cancels all but the last `open`.
async fn sell(
    engine: &Engine,
    orders: Range<u64>,
    open: u64,
    tick: impl Fn() + Clone + Send + 'static,
) {
    let (next, people) = (Arc::new(AtomicU64::new(orders.start)), Arc::new(People::new(PRODUCTS)));
    let caller = || {
        let (engine, next) = (engine.clone(), Arc::clone(&next));
        let (people, tick) = (Arc::clone(&people), tick.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= orders.end {
                    return;
                }
                tick();
                let wanted = checkout(&people, n, &[n % 300, 300 + n % 299, 600 + n % 397]);
                let by = wanted.by;
                let placed = engine.submit(wanted).await.expect("there is stock").outcome;
                let Outcome::Order(order) = placed else { panic!("an order") };
                if n + open < orders.end {
                    let command = Command::cancel(order.placed.id, None);
                    let request = Request { by, key: None, command, deadline: None };
                    engine.submit(request).await.expect("it is cancelled");
                }
            }
        })
    };
    let callers: Vec<_> = (0..IN_FLIGHT).map(|_| caller()).collect();
    for caller in callers {
        caller.await.expect("a caller ends");
    }
}

/// So many weeks after the year.
fn now_ms() -> i64 {
    START_MS + YEAR_MS + WEEK_MS * i64::try_from(setting("WEEK", 0)).expect("a small number")
}

/// Opens, sells as fast as it goes, and ends like a killed process.
fn sell_and_die(dir: &Path, orders: u64) {
    runtime().block_on(async {
        let clock = Arc::new(ManualClock::at(now_ms()));
        let engine = Engine::open(dir, Config::default(), clock, Progress::new()).await;
        let engine = engine.expect("the log opens");
        let first = u64::try_from(engine.stats().orders).expect("a number");
        sell(&engine, first..first + orders, 0, || ()).await;
        std::process::exit(0);
    });
}

/// Opens, measures, prints, and ends like a killed process.
fn measure(dir: &Path) {
    let runtime = runtime();
    let clock = Arc::new(ManualClock::at(now_ms()));
    let open = Engine::open(dir, Config::default(), clock, Progress::new());
    let (engine, took) = timed(|| runtime.block_on(open).expect("the log opens"));
    let (stats, resident) = (engine.stats(), resident_bytes(std::process::id()));
    let reads = runtime.block_on(read_old_orders(&engine));
    let after = resident_bytes(std::process::id());
    println!(
        "ready in {:.2} s, {} MiB resident ({} MiB after the reads); {} orders, {} open, {} in \
         memory, {} request keys; {reads}",
        took.as_secs_f64(),
        resident >> 20,
        after >> 20,
        stats.orders,
        stats.orders_open,
        stats.orders_in_memory,
        stats.keys,
    );
    std::process::exit(0);
}

/// Reads orders of all ages, by number, whole; and pages of customers and of a state.
#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
async fn read_old_orders(engine: &Engine) -> String {
    let count = u64::try_from(engine.stats().orders).expect("a number");
    let mut times = Histogram::<u64>::new(3).expect("three digits");
    let mut pages = Histogram::<u64>::new(3).expect("three digits");
    let started = Instant::now();
    for n in 0..READS {
        let number = 1 + n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % count;
        let begun = Instant::now();
        let id = engine.order_of_number(STORE, number).await.expect("readable").expect("there");
        let order = engine.order(id).await.expect("readable").expect("there");
        times.record(micros(begun)).expect("any time fits");
        assert_eq!(order.placed.number, number);
        if n % 10 == 0 {
            let of = match n % 20 {
                0 => OrdersOf::Customer(customer(n % CUSTOMERS).person_id),
                _ => OrdersOf::Store(STORE),
            };
            let filter = OrderFilter { status: vec![Status::Cancelled], ..OrderFilter::default() };
            let begun = Instant::now();
            let (page, _) = engine.orders_page(of, filter, Some(id), 20).await.expect("readable");
            pages.record(micros(begun)).expect("any time fits");
            assert!(page.iter().all(|order| order.status == Status::Cancelled));
        }
    }
    let each = |quantile| times.value_at_quantile(quantile) as f64 / 1_000.0;
    let page = |quantile| pages.value_at_quantile(quantile) as f64 / 1_000.0;
    format!(
        "an old order by number: median {:.2} ms, p99 {:.2} ms, longest {:.2} ms; a page of 20: median \
         {:.2} ms, p99 {:.2} ms ({:.0} reads/s)",
        each(0.5),
        each(0.99),
        times.max() as f64 / 1_000.0,
        page(0.5),
        page(0.99),
        rate(READS, started.elapsed()),
    )
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
}
