//! How long does a restart take after a million orders, and what does an open order weigh?
//!
//! `cargo bench -p kirana-benches --bench replay`; `TOTAL` changes the count. The log is made by
//! the engine itself. The floor is reading the same file with nothing done to it. To see memory
//! without the traces of making the log, the replay runs in a process of its own.

use kirana_benches::report::{heading, rate, resident_bytes, setting, timed};
use kirana_benches::{People, checkout, shop};
use kirana_engine::{Config, Engine, Progress, SystemClock};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn main() {
    if let Some(dir) = std::env::args_os().skip_while(|arg| arg != "--replay").nth(1) {
        return replay(Path::new(&dir));
    }
    heading("Restart after a million open orders");
    let total = setting("TOTAL", 1_000_000);
    let dir = tempfile::tempdir_in(".").expect("a folder beside the project's");
    let each = make_log(dir.path(), total);
    println!(
        "resident growth while the last three quarters were placed: {each} bytes an open order"
    );
    println!(
        "| stopped | records | open, verify, replay: s | records/s | resident bytes an open order after it | read the file alone: s |"
    );
    println!("|---|---|---|---|---|---|");
    for how in ["cleanly", "by a kill"] {
        let floor = read_alone(&dir.path().join("log/db")).as_secs_f64();
        let exe = std::env::current_exe().expect("this program");
        let out = Command::new(exe).arg("--replay").arg(dir.path()).output().expect("it runs");
        let row = String::from_utf8_lossy(&out.stdout).trim().replace(' ', " | ");
        println!("| {how} | {row} | {floor:.2} |");
    }
}

/// Opens, prints, and ends like a killed process: without a clean stop.
fn replay(dir: &Path) {
    let runtime = runtime();
    let before = resident_bytes(std::process::id());
    let (engine, took) = timed(|| runtime.block_on(open(dir)));
    let stats = engine.stats();
    let each = (resident_bytes(std::process::id()) - before)
        / u64::try_from(stats.orders_open.max(1)).unwrap_or(1);
    println!("{} {:.3} {:.0} {each}", stats.lsn, took.as_secs_f64(), rate(stats.lsn.0, took));
    std::process::exit(0);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
}

async fn open(dir: &Path) -> Engine {
    Engine::open(dir, Config::default(), Arc::new(SystemClock), Progress::new())
        .await
        .expect("the log opens")
}

/// Places the orders. Answers how much memory an open one takes: the growth from a quarter on,
/// when the caches below are full.
fn make_log(dir: &Path, total: u64) -> u64 {
    runtime().block_on(async {
        let engine = shop(dir, 1_000).await;
        let next = Arc::new(AtomicU64::new(0));
        let people = Arc::new(People::new(1_000));
        place_until(&engine, &people, &next, total / 4).await;
        let before = resident_bytes(std::process::id());
        place_until(&engine, &people, &next, total).await;
        let each = (resident_bytes(std::process::id()) - before) / (total - total / 4).max(1);
        engine.stop().await.expect("the engine stops");
        each
    })
}

async fn place_until(engine: &Engine, people: &Arc<People>, next: &Arc<AtomicU64>, until: u64) {
    let caller = || {
        let (engine, next, people) = (engine.clone(), Arc::clone(next), Arc::clone(people));
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= until {
                    return;
                }
                let request = checkout(&people, n, &[n % 300, 300 + n % 299, 600 + n % 397]);
                engine.submit(request).await.expect("there is stock");
            }
        })
    };
    let callers: Vec<_> = (0..4_096).map(|_| caller()).collect();
    for caller in callers {
        caller.await.expect("a caller ends");
    }
    next.store(until, Ordering::Relaxed);
}

fn read_alone(file: &PathBuf) -> Duration {
    let (bytes, took) = timed(|| std::fs::read(file).expect("the log is there"));
    drop(bytes);
    took
}
