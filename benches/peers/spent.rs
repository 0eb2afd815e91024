//! What a server spent: processor time of each of its threads, switches, bytes and syncs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a process has used up to a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spent {
    /// Processor time in microseconds (of 10 ms each), and context switches, by name of thread.
    pub(crate) threads: BTreeMap<String, (u64, u64)>,
    /// Bytes that were handed to the disk.
    pub(crate) bytes: u64,
}

impl Spent {
    /// Reads what process `pid` has used so far. Threads that have ended are not in it.
    pub(crate) fn of(pid: u32) -> Self {
        let process = format!("/proc/{pid}");
        let mut threads = BTreeMap::<String, (u64, u64)>::new();
        for task in fs::read_dir(format!("{process}/task")).into_iter().flatten().flatten() {
            let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
            let (name, stat, status) = (read("comm"), read("stat"), read("status"));
            let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
            let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
            let switches = status.lines().filter(|line| line.contains("_ctxt_switches"));
            let thread = threads.entry(kind_of(name.trim())).or_default();
            thread.0 += ticks.sum::<u64>() * 10_000;
            thread.1 += switches.filter_map(number_of).sum::<u64>();
        }
        let io = fs::read_to_string(Path::new(&process).join("io")).unwrap_or_default();
        let bytes = io.lines().find(|line| line.starts_with("write_bytes"));
        Self { threads, bytes: bytes.and_then(number_of).unwrap_or(0) }
    }

    /// Returns what was used since `before`.
    pub(crate) fn since(mut self, before: &Self) -> Self {
        for (name, (us, switches)) in &mut self.threads {
            let (us_before, switches_before) = before.threads.get(name).copied().unwrap_or((0, 0));
            *us = us.saturating_sub(us_before);
            *switches = switches.saturating_sub(switches_before);
        }
        self.bytes -= before.bytes;
        self
    }

    /// Returns the processor time of all threads, in microseconds.
    pub(crate) fn cpu_us(&self) -> u64 {
        self.threads.values().map(|(us, _)| us).sum()
    }
}

/// Returns the name of a thread without its number.
fn kind_of(name: &str) -> String {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned()
}

fn number_of(line: &str) -> Option<u64> {
    line.split_whitespace().last()?.parse().ok()
}

/// Counts the calls with which a process waits for the disk while `work` is done, by name; `None`
/// without strace.
pub(crate) fn count_syncs(pid: u32, work: impl FnOnce()) -> Option<Vec<(String, u64)>> {
    let out = tempfile::NamedTempFile::new().ok()?;
    let mut strace = Command::new("strace")
        .args(["-f", "-c", "-e", "trace=fdatasync,fsync,sync_file_range,msync", "-p"])
        .arg(pid.to_string())
        .arg("-o")
        .arg(out.path())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It attaches to every thread before the work begins.
    std::thread::sleep(Duration::from_millis(500));
    work();
    Command::new("kill").args(["-INT", &strace.id().to_string()]).status().ok()?;
    strace.wait().ok()?;
    let table = fs::read_to_string(out.path()).ok()?;
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = words.last().filter(|name| name.contains("sync"))?;
        Some(((*name).to_owned(), words.get(3)?.parse().ok()?))
    };
    let calls: Vec<(String, u64)> = table.lines().filter_map(row).collect();
    (!calls.is_empty()).then_some(calls)
}
