//! What does a durable append cost, by batch size, beside a bare file with fdatasync?
//!
//! `cargo bench -p kirana-benches --bench append`

use kirana_benches::floor::bare_append;
use kirana_benches::report::{heading, rate, timed};
use kirana_storage::{Batch, Journal, Lsn, Options, PushError, SledJournal};

const RECORD_BYTES: usize = 450;

fn main() {
    heading("Durable appends of 450-byte records, a group with one write and one fdatasync");
    println!(
        "| records a group | ours: records/s | µs a group | bare file: records/s | µs a group | ours of bare |"
    );
    println!("|---|---|---|---|---|---|");
    for (size, groups) in [(1, 2_000), (10, 2_000), (100, 1_000), (1_000, 400), (4_000, 100)] {
        let dir = tempfile::tempdir_in(".").expect("a folder beside the project's");
        let bare = bare_append(dir.path(), groups, usize_of(size) * RECORD_BYTES);
        let mut journal =
            SledJournal::open(&dir.path().join("log"), &Options::default()).expect("a log opens");
        let ((), ours) = timed(|| {
            for _ in 0..groups {
                let group = group(journal.end(), size);
                journal.append(&group).expect("the disk takes it");
            }
        });
        let (ours_rate, bare_rate) = (rate(size * groups, ours), rate(size * groups, bare));
        let each = |took: std::time::Duration| took.as_secs_f64() * 1e6 / rate(groups, SECOND);
        println!(
            "| {size} | {ours_rate:.0} | {:.0} | {bare_rate:.0} | {:.0} | {:.2} |",
            each(ours),
            each(bare),
            ours_rate / bare_rate
        );
    }
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

fn usize_of(n: u64) -> usize {
    usize::try_from(n).expect("a small number")
}

/// A group of records that follow `end`.
fn group(end: Lsn, size: u64) -> Vec<Batch> {
    let mut batches = vec![Batch::new(end.next())];
    for n in 0..size {
        let record = [n.to_le_bytes()[0]; RECORD_BYTES];
        let last = batches.last_mut().expect("there is one");
        if last.try_push(&record) == Err(PushError::BatchFull) {
            let mut next = Batch::new(last.last_lsn().next());
            next.try_push(&record).expect("an empty batch takes a record");
            batches.push(next);
        }
    }
    batches
}
